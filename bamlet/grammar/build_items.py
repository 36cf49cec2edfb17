"""Reductions of configuration and of items."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise
from typing import Any

from . import nodes as n
from .children import (
    TEXT_KINDS,
    Children,
    all_of,
    doc_of,
    exprs_of,
    first_name,
    has_token,
    identifier,
    part_named,
    types_of,
)
from .tokens import Token

# --- configuration


def config_text(c: Children) -> n.ConfigText | n.Template:
    if isinstance(c[0], n.Template):
        text = c[0].text
        return c[0] if text is None else n.ConfigText(c[0].start, c[0].end, "template", text)
    return n.ConfigText(c[0].start, c[0].end, TEXT_KINDS[c[0].type], c[0].value)


def config_list(c: Children) -> n.ConfigList:
    return n.ConfigList(c[0].start, c[-1].end, _values(c))


def config_call(c: Children) -> n.ConfigCall:
    return n.ConfigCall(c[0].start, c[-1].end, c[0].value[:-1], _values(c))


def config_entry(c: Children) -> n.ConfigEntry:
    value = _values(c)[0]
    return n.ConfigEntry(c[0].start, value.end, identifier(c[0]), value)


def _values(children: Iterable[Any]) -> tuple[n.ConfigValue, ...]:
    return tuple(c for c in children if isinstance(c, n.ConfigValue))


def config(c: Children) -> n.Config:
    return n.Config(
        c[0].start, c[-1].end, all_of(c, n.ConfigEntry), all_of(c, n.Attribute), all_of(c, n.TypeBuilder)
    )


def type_builder(c: Children) -> n.TypeBuilder:
    items = tuple(i for i in c if isinstance(i, n.TypeBuilderItem))
    return n.TypeBuilder(c[0].start, c[-1].end, items)


# --- items


def class_decl(c: Children) -> n.ClassDecl:
    start, end, name, fields, attributes, methods, doc = _members(c, n.FieldDecl)
    blocks = all_of(c, n.Implements)
    return n.ClassDecl(start, end, name, type_params(c), fields, attributes, methods, blocks, doc)


def type_params(c: Children) -> tuple[n.TypeParam, ...]:
    declared = part_named(c, "type_params")
    return all_of(declared.children, n.TypeParam) if declared else ()


def type_param(c: Children) -> n.TypeParam:
    return n.TypeParam(c[0].start, c[-1].end, identifier(c[0]), types_of(c))


def interface_decl(c: Children) -> n.InterfaceDecl:
    start, end, name, fields, attributes, methods, doc = _members(c, n.FieldDecl)
    associated = all_of(c, n.AssociatedType)
    return n.InterfaceDecl(
        start, end, name, type_params(c), types_of(c), fields, attributes, methods, associated, doc
    )


def associated_type(c: Children) -> n.AssociatedType:
    types = list(types_of(c))
    bound = types.pop(0) if has_token(c, "EXTENDS") else None
    return n.AssociatedType(c[0].start, c[-1].end, first_name(c), bound, types[0] if types else None, c[0].doc)


def field_link(c: Children) -> n.FieldLink:
    return n.FieldLink(c[0].start, c[2].end, identifier(c[0]), identifier(c[2]))


def implements(c: Children) -> n.Implements:
    return n.Implements(c[0].start, c[-1].end, types_of(c)[0], *_implemented(c))


def _implemented(c: Children) -> tuple[Any, ...]:
    return all_of(c, n.FunctionDecl), all_of(c, n.AssociatedType), all_of(c, n.FieldLink)


def implements_decl(c: Children) -> n.ImplementsDecl:
    """Its name has a blank in it, so that nothing of the language can be called so."""
    interface, target = types_of(c)
    name = n.Identifier(c[0].start, target.end, f"implements {shown_type(interface)} for {shown_type(target)}")
    block = n.Implements(c[0].start, c[-1].end, interface, *_implemented(c))
    return n.ImplementsDecl(c[0].start, c[-1].end, name, type_params(c), target, block, doc_of(c))


def shown_type(node: n.TypeNode) -> str:
    """Enough of a type to tell it from others of one file."""
    match node:
        case n.TypeName(arguments=arguments):
            inside = ", ".join(map(shown_type, arguments or ()))
            return f"{node.name}<{inside}>" if inside else node.name
        case n.ListType(item=item):
            return f"{shown_type(item)}[]"
        case n.OptionalType(inner=inner) | n.GroupType(inner=inner) | n.AttributedType(inner=inner):
            return shown_type(inner)
        case _:
            return type(node).__name__


def method_signature(c: Children) -> n.FunctionDecl:
    body = next((part for part in c if isinstance(part, n.Block)), None)
    return _function(c, body)


def field_decl(c: Children) -> n.FieldDecl:
    ty = types_of(c)[0]
    return n.FieldDecl(c[0].start, ty.end, identifier(c[0]), ty, c[0].doc)


def enum_decl(c: Children) -> n.EnumDecl:
    return n.EnumDecl(*_members(c, n.EnumValueDecl))


def _members(c: Children, kind: type[n.Node]) -> tuple[Any, ...]:
    """The parts of a class or an enum, in the order in which both nodes list them."""
    methods = all_of(c, n.FunctionDecl)
    return c[0].start, c[-1].end, first_name(c), all_of(c, kind), all_of(c, n.Attribute), methods, doc_of(c)


def enum_value_decl(c: Children) -> n.EnumValueDecl:
    attributes = all_of(c, n.Attribute)
    end = attributes[-1].end if attributes else c[0].end
    return n.EnumValueDecl(c[0].start, end, identifier(c[0]), attributes, c[0].doc)


def alias_decl(c: Children) -> n.AliasDecl:
    return n.AliasDecl(c[0].start, c[-1].end, first_name(c), types_of(c)[0], doc_of(c))


def param(c: Children) -> n.Param:
    types = types_of(c)
    defaults = exprs_of(c)
    default = defaults[0] if defaults else None
    return n.Param(c[0].start, c[-1].end, identifier(c[0]), types[0] if types else None, default)


def function_decl(c: Children) -> n.FunctionDecl:
    return _function(c, c[-1])


def _function(c: Children, body: Any) -> n.FunctionDecl:
    params, result, throws = part_named(c, "params"), part_named(c, "result"), part_named(c, "throws")
    assert params is not None
    if result and isinstance(body, n.Block) and _is_void(types_of(result.children)[0]):
        body = without_value(body)
    return n.FunctionDecl(
        c[0].start,
        c[-1].end,
        first_name(c),
        type_params(c),
        all_of(params.children, n.Param),
        types_of(result.children)[0] if result else None,
        types_of(throws.children)[0] if throws else None,
        body,
        doc_of(c),
    )


def _is_void(ty: n.TypeNode) -> bool:
    return isinstance(ty, n.TypeName) and ty.name == "void"


def without_value(body: n.Block) -> n.Block:
    """The same block with its value dropped: nobody wants it."""
    if body.tail is None:
        return body
    last = n.ExprStatement(body.tail.start, body.tail.end, body.tail)
    return body.replaced(statements=(*body.statements, last), tail=None)


def llm_body(c: Children) -> n.LlmBody:
    return n.LlmBody(c[0].start, c[-1].end, all_of(c, n.ConfigEntry))


def sysop_stub(c: Children) -> n.SysopStub | n.HostStub:
    if c[1].value == "$host":
        return n.HostStub(c[0].start, c[-1].end)
    return n.SysopStub(c[0].start, c[-1].end, c[1].value == "$sysop_async")


def client_decl(c: Children) -> n.ClientDecl:
    kind = part_named(c, "client_kind")
    name = kind.children[1].value if kind else None
    return n.ClientDecl(c[0].start, c[-1].end, first_name(c), name, c[-1], doc_of(c))


def client_value_decl(c: Children) -> n.ClientValueDecl:
    value = exprs_of(c)[0]
    return n.ClientValueDecl(c[0].start, value.end, first_name(c), value, doc_of(c))


def retry_policy_decl(c: Children) -> n.RetryPolicyDecl:
    return n.RetryPolicyDecl(c[0].start, c[-1].end, first_name(c), c[-1], doc_of(c))


def generator_decl(c: Children) -> n.GeneratorDecl:
    return n.GeneratorDecl(c[0].start, c[-1].end, first_name(c), c[-1], doc_of(c))


def test_decl(c: Children) -> n.TestDecl:
    return n.TestDecl(c[0].start, c[-1].end, identifier(c[1]), c[-1], doc_of(c))


def test_body_decl(c: Children) -> n.TestBody:
    body = _run_with("run_with", c, _test_function(c[-1]))
    return n.TestBody(c[0].start, c[-1].end, _test_name(c), c[1], body, doc_of(c))


def testset_decl(c: Children) -> n.TestSet:
    body = _run_with("run_set_with", c, _test_function(c[-1]))
    return n.TestSet(c[0].start, c[-1].end, _test_name(c), c[1], body, has_token(c, "WITH"), doc_of(c))


def _run_with(function: str, c: Children, body: n.Lambda) -> n.Lambda:
    """A test with runners calls a function of the library, which hands its own function to them."""
    runners = tuple(part for before, part in pairwise(c) if isinstance(before, Token) and before.type == "WITH")
    if not runners:
        return body
    start, end = runners[0].start, runners[-1].end
    callee = n.Path(start, end, tuple(n.Identifier(start, end, name) for name in ("testing", function)))
    call = n.Call(start, body.end, callee, (), (n.ListLiteral(start, end, runners), body), ())
    block = n.Block(start, body.end, (n.ExprStatement(start, body.end, call),), None)
    return n.Lambda(start, body.end, (), None, None, block, True)


def _test_name(c: Children) -> n.Identifier:
    """No name of the language has a blank in it, so that a test is called by nobody."""
    label = c[1]
    written = (
        label.value
        if isinstance(label, n.StringLiteral)
        else label.text
        if isinstance(label, n.Template)
        else None
    )
    return n.Identifier(label.start, label.end, f"{c[0].value} {written or ''}")


def _test_function(body: n.Block) -> n.Lambda:
    return n.Lambda(body.start, body.end, (), None, None, without_value(body), True)


def template_string_decl(c: Children) -> n.TemplateStringDecl:
    params = part_named(c, "params")
    given = all_of(params.children, n.Param) if params else ()
    return n.TemplateStringDecl(c[0].start, c[-1].end, first_name(c), given, config_text(c[-1:]), doc_of(c))


def let_decl(c: Children) -> n.LetDecl:
    types = types_of(c)
    value = exprs_of(c)[0]
    return n.LetDecl(c[0].start, value.end, first_name(c), types[0] if types else None, value, doc_of(c))


def dynamic_decl(c: Children) -> n.DynamicDecl:
    return n.DynamicDecl(c[0].start, c[-1].end, c[1])
