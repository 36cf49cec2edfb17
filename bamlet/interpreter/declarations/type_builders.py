"""The `type_builder` of a test: new types, and more fields or values for types of the program that allow it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ...diagnostics import Note, catalogue, did_you_mean
from ...grammar import nodes as n
from ...records import replace
from ...types.schema import ClassSchema, EnumSchema, Schemas
from ..facts.report import Report
from ..facts.symbols import Names

ResolveTypes = Callable[[Sequence[n.Placed[n.Item]]], tuple[Names, Report]]


def read_type_builder(
    builder: n.TypeBuilder,
    placed: n.Placed[n.Item],
    names: Names,
    report: Report,
    resolve_types: ResolveTypes,
) -> Schemas:
    """The types that it adds; one that it extends is there as a whole."""
    for item in builder.items:
        if isinstance(item, n.DynamicDecl):
            _extension(item.item, placed, names, report)
        elif names.named_type(item.name.name) is not None:
            message = f"the program has a type called `{item.name.name}` already"
            hint = f"write `dynamic class {item.name.name}` to add to it, or choose another name"
            report.at(placed, item.name, catalogue.DUPLICATE_NAME, message, hint=hint)
    declared = [item.item if isinstance(item, n.DynamicDecl) else item for item in builder.items]
    added, inner = resolve_types([n.Placed(item, placed.file, placed.offset) for item in declared])
    report.diagnostics += inner.diagnostics
    extended = {item.item.name.name for item in builder.items if isinstance(item, n.DynamicDecl)}
    return Schemas(
        {name: _whole_class(names, name, symbol.schema, extended) for name, symbol in added.classes.items()},
        {name: _whole_enum(names, name, enum, extended) for name, enum in added.enums.items()},
        dict(added.recursive_aliases),
    )


def _whole_class(names: Names, name: str, added: ClassSchema, extended: set[str]) -> ClassSchema:
    if name not in extended or name not in names.classes:
        return added
    known = names.classes[name].schema
    return replace(known, fields=(*known.fields, *added.fields))


def _whole_enum(names: Names, name: str, added: EnumSchema, extended: set[str]) -> EnumSchema:
    known = names.enums.get(name) if name in extended else None
    return added if known is None else replace(known, members=(*known.members, *added.members))


def _extension(item: n.ClassDecl | n.EnumDecl, placed: n.Placed[n.Item], names: Names, report: Report) -> None:
    name, is_class = item.name.name, isinstance(item, n.ClassDecl)
    kind = "class" if is_class else "enum"
    known = names.classes if is_class else names.enums
    if name in names.broken:
        return
    if name not in known:
        hint = did_you_mean(name, known)
        message = f"no {kind} is called `{name}`"
        report.at(placed, item.name, catalogue.UNKNOWN_TYPE, message, hint=hint)
        return
    schema = names.classes[name].schema if is_class else names.enums[name]
    if not schema.dynamic:
        span = names.classes[name].span if is_class else None
        notes = (Note(span, "declared here"),) if span else ()
        hint = f"mark the {kind} with @@dynamic"
        report.at(placed, item.name, catalogue.NOT_DYNAMIC, f"`{name}` cannot be extended", *notes, hint=hint)
        return
    _check_members(item, placed, names, report)


def _check_members(item: n.ClassDecl | n.EnumDecl, placed: n.Placed[n.Item], names: Names, report: Report) -> None:
    name = item.name.name
    if isinstance(item, n.ClassDecl):
        fields = {field.name for field in names.classes[name].schema.fields}
        for field in item.fields:
            if field.name.name in fields:
                message = f"`{name}` has a field `{field.name.name}` already"
                report.at(placed, field.name, catalogue.DUPLICATE_FIELD, message, hint="take it away")
        return
    values = {member.name for member in names.enums[name].members}
    for value in item.values:
        if value.name.name in values:
            message = f"`{name}` has a value `{value.name.name}` already"
            report.at(placed, value.name, catalogue.DUPLICATE_VARIANT, message, hint="take it away")
