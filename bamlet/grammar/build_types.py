"""Reductions of types and attributes. Those of the last member of a union belong to the whole union."""

from __future__ import annotations

from typing import Any, cast

from . import nodes as n
from .children import (
    LITERALS,
    TEXT_KINDS,
    Children,
    Part,
    all_of,
    has_token,
    identifier,
    identifiers,
    part_named,
    types_of,
)
from .tokens import Token


def type_(c: Children) -> n.TypeNode:
    members = types_of(c)
    if len(members) == 1:
        return members[0]
    start, end, last = members[0].start, members[-1].end, members[-1]
    if not isinstance(last, n.AttributedType):
        return n.UnionType(start, end, members)
    # The attributes of the last member, unless parenthesised, belong to the whole union.
    union = n.UnionType(start, last.inner.end, (*members[:-1], last.inner))
    return n.AttributedType(start, end, union, last.attributes)


def type_member(c: Children) -> n.TypeNode:
    ty = suffixed(cast(n.TypeNode, c[0]), c[1:])
    attributes = all_of(c, n.Attribute)
    return n.AttributedType(ty.start, c[-1].end, ty, attributes) if attributes else ty


def suffixed(ty: n.TypeNode, suffixes: list[Any]) -> n.TypeNode:
    for suffix in suffixes:
        if isinstance(suffix, Part):
            ty = n.ListType(ty.start, suffix.end, ty)
        elif isinstance(suffix, Token):
            ty = n.OptionalType(ty.start, suffix.end, ty)
    return ty


def type_name(c: Children) -> n.TypeName:
    arguments = part_named(c, "type_arguments") or part_named(c, "tested_arguments")
    names = identifiers(c) or (n.Identifier(c[0].start, c[0].end, "null"),)
    given, bindings = type_arguments(arguments)
    return n.TypeName(c[0].start, c[-1].end, names, given, bindings)


def type_arguments(written: Part | None) -> tuple[tuple[n.TypeNode, ...] | None, tuple[n.TypeBinding, ...]]:
    """Those by position, None if nothing is written; and those by name."""
    if written is None:
        return None, ()
    return types_of(written.children), all_of(written.children, n.TypeBinding)


def type_binding(c: Children) -> n.TypeBinding:
    ty = types_of(c)[0]
    return n.TypeBinding(c[0].start, ty.end, identifier(c[0]), ty)


def literal_type(c: Children) -> n.LiteralType:
    value = LITERALS[c[-1].type](c[-1].value)
    return n.LiteralType(c[0].start, c[-1].end, -cast(int, value) if len(c) == 2 else cast(Any, value))


def parenthesised_type(c: Children) -> n.TypeNode:
    parts = [part for part in all_of(c, Part) if part.rule == "parameter_type"]
    params = [types_of(part.children)[0] for part in parts]
    start, end = c[0].start, c[-1].end
    if has_token(c, "ARROW"):
        throws = part_named(c, "throws")
        thrown = types_of(throws.children)[0] if throws else None
        return n.FunctionType(start, end, tuple(params), types_of(c)[-1], thrown)
    is_named = any(has_token(part.children, "COLON") for part in parts)
    if len(params) == 1 and not has_token(c, "COMMA") and not is_named:
        return n.GroupType(start, end, params[0])
    return n.TupleType(start, end, tuple(params))


# --- attributes


def attribute(c: Children) -> n.Attribute:
    arguments = part_named(c, "attribute_arguments")
    given = None if arguments is None else all_of(arguments.children, n.AttributeArgument)
    name = ".".join(name.name for name in identifiers(c))
    return n.Attribute(c[0].start, c[-1].end, name, given, c[0].type == "ATAT")


def attribute_argument(c: Children) -> n.AttributeArgument:
    return n.AttributeArgument(c[0].start, c[0].end, TEXT_KINDS[c[0].type], c[0].value)
