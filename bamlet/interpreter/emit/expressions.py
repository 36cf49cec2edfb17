"""Expressions to Python expressions."""

from __future__ import annotations

import ast
from collections.abc import Sequence

from ...grammar import nodes as n
from ...types.ty import MapTy
from ..facts.code_names import class_name, constant_name, enum_value_name
from ..facts.left_out import left_out
from ..facts.symbols import ConstantSymbol
from ..facts.typing_tables import ConstantUse, EnvUse, FunctionUse, LocalUse, Use, VariantUse, python_name
from .functions import bare_function, function_value, operation
from .operators import element, truth, unfolded
from .state import CONTEXT, Emit, Emitter, attribute, call, load, read
from .type_tests import type_test

# --- names


def _path(e: Emitter, node: n.Path) -> ast.expr:
    use = e.tables.uses[id(node)]
    return bare_function(e, use) if id(node) in e.wanted_bare else _used(e, use)


def _used(e: Emitter, use: Use) -> ast.expr:
    match use:
        case LocalUse(variable=variable, fields=fields):
            return _fields(read(variable), fields)
        case ConstantUse(symbol=symbol, fields=fields):
            return _fields(_constant(e, symbol), fields)
        case VariantUse(enum=enum, name=name):
            return load(enum_value_name(enum, name))
        case EnvUse(name=name):
            return operation("env.get_or_panic", [ast.Constant(name)])
        case FunctionUse(symbol=symbol):
            return function_value(e, symbol)


def _constant(e: Emitter, symbol: ConstantSymbol) -> ast.expr:
    name = constant_name(symbol.name)
    return call(name, load(CONTEXT)) if name in e.unit.effects.needs_context else call(name)


def _fields(value: ast.expr, fields: Sequence[n.Identifier]) -> ast.expr:
    for field in fields:
        value = attribute(value, field.name)
    return value


# --- values


def _index(e: Emitter, node: n.Index) -> ast.expr:
    value, index = e.operands((node.value, node.index))
    if has_keys(e, node.value):
        return ast.Subscript(value, index, ast.Load())
    return element(e, node, value, index)


def has_keys(e: Emitter, node: n.Expr) -> bool:
    """Whether what is indexed is a map; the checker has seen to it that it is not now a map and now a list."""
    return any(isinstance(member, MapTy) for member in e.members_of(node))


def _constructor(e: Emitter, node: n.Constructor) -> ast.expr:
    symbol = e.tables.constructors[id(node)]
    values = e.operands([entry.value for entry in node.entries])
    if any(isinstance(entry, n.Spread) for entry in node.entries):
        pairs: list[ast.expr] = []
        for entry, value in zip(node.entries, values, strict=True):
            name = entry.name.name if isinstance(entry, n.FieldInit) else ""
            pairs.append(ast.Tuple([ast.Constant(name), value], ast.Load()))
        return call("$spread", load(class_name(symbol.name)), *pairs)
    names = [entry.name.name for entry in node.entries if isinstance(entry, n.FieldInit)]
    declared = [field.name for field in symbol.schema.fields]
    lacking = [field for field in symbol.schema.fields if field.name not in names]
    empty = {one.name: found for one in lacking if (found := left_out(symbol.name, one)) is not None}
    if names == declared[: len(names)] and not empty:
        return call(class_name(symbol.name), *values)
    keywords = [ast.keyword(python_name(name), value) for name, value in zip(names, values, strict=True)]
    keywords += [ast.keyword(python_name(name), _empty(found)) for name, found in empty.items()]
    return ast.Call(load(class_name(symbol.name)), [], keywords)


def _empty(value: object) -> ast.expr:
    """A list and a map are new each time."""
    return ast.parse(repr(value), mode="eval").body


def _map_literal(e: Emitter, node: n.MapLiteral) -> ast.expr:
    values = e.operands([entry.value for entry in node.entries])
    return ast.Dict([_key(e, entry.key) for entry in node.entries], values)


def _key(e: Emitter, key: n.StringLiteral) -> ast.expr:
    use = e.tables.uses.get(id(key))
    return ast.Constant(key.value) if use is None else _used(e, use)


def _if(e: Emitter, node: n.If) -> ast.expr:
    otherwise = ast.Constant(None) if node.otherwise is None else e.expr(node.otherwise)
    return ast.IfExp(truth(e, node.condition), e.expr(node.then), otherwise)


def _block(e: Emitter, node: n.Block) -> ast.expr:
    return ast.Constant(None) if node.tail is None else e.expr(node.tail)


def _instance_of(e: Emitter, node: n.InstanceOf) -> ast.expr:
    first, again = e.twice(unfolded(e, e.expr(node.value)))
    return type_test(e.unit, first, again, e.tables.tests[id(node)])


EXPRESSIONS: dict[type, Emit] = {
    n.IntLiteral: lambda e, node: ast.Constant(node.value),
    n.FloatLiteral: lambda e, node: ast.Constant(node.value),
    n.StringLiteral: lambda e, node: ast.Constant(node.value),
    n.BoolLiteral: lambda e, node: ast.Constant(node.value),
    n.NullLiteral: lambda e, node: ast.Constant(None),
    n.Path: _path,
    n.Group: lambda e, node: e.expr(node.inner),
    n.FieldAccess: lambda e, node: attribute(e.expr(node.value), node.name.name),
    n.AsInterface: lambda e, node: e.expr(node.value),
    n.Index: _index,
    n.InstanceOf: _instance_of,
    n.ListLiteral: lambda e, node: ast.List(e.operands(node.items), ast.Load()),
    n.MapLiteral: _map_literal,
    n.Constructor: _constructor,
    n.Block: _block,
    n.If: _if,
}
