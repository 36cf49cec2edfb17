"""Expressions to Python expressions."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Sequence

from ...grammar import nodes as n
from ...types.ty import MapTy
from ..symbols import ConstantSymbol, FunctionSymbol
from ..typing_tables import (
    BuiltinCall,
    ConstantUse,
    DeadCall,
    EnvUse,
    FunctionCall,
    FunctionUse,
    LocalUse,
    Use,
    ValueCall,
    VariantUse,
    python_name,
)
from .operators import index_of, truth, unfolded
from .state import CONTEXT, EMIT, Emitter, Unit, attribute, both, call, compare, load, read, store
from .type_tests import class_name, type_test

# --- names


def function_name(name: str) -> str:
    """The global under which emitted code finds a function; no local can be called so."""
    return f"fn {name}"


def value_name(name: str) -> str:
    return f"value {name}"


def _path(e: Emitter, node: n.Path) -> ast.expr:
    return _used(e, e.tables.uses[id(node)])


def _used(e: Emitter, use: Use) -> ast.expr:
    match use:
        case LocalUse(variable=variable, fields=fields):
            return _fields(read(variable), fields)
        case ConstantUse(symbol=symbol, fields=fields):
            return _fields(_constant(e, symbol), fields)
        case VariantUse(enum=enum, name=name):
            return load(f"enum {enum}.{name}")
        case EnvUse(name=name):
            return _operation(e, "env.get_or_panic", [ast.Constant(name)])
        case FunctionUse(symbol=symbol):
            return _function_value(e, symbol)


def _constant(e: Emitter, symbol: ConstantSymbol) -> ast.expr:
    name = f"let {symbol.name}"
    return call(name, load(CONTEXT)) if name in e.unit.effects.needs_context else call(name)


def _fields(value: ast.expr, fields: Sequence[n.Identifier]) -> ast.expr:
    for field in fields:
        value = attribute(value, field.name)
    return value


def _function_value(e: Emitter, symbol: FunctionSymbol) -> ast.expr:
    """One object for each function, made once, so that a function equals itself."""
    e.unit.values[symbol.name] = symbol
    return load(value_name(symbol.name))


def function_values(unit: Unit) -> Iterable[ast.stmt]:
    """How a value is called depends on what the function reaches, so it knows that of itself."""
    for symbol in unit.values.values():
        name, suspends = ast.Constant(symbol.name), ast.Constant(symbol.name in unit.effects.suspends)
        if symbol.kind == "stub":
            made = call("$operation_value", name, suspends)
        else:
            needs_context = ast.Constant(symbol.name in unit.effects.needs_context)
            made = call("$FunctionValue", name, load(function_name(symbol.name)), suspends, needs_context)
        yield ast.Assign([store(value_name(symbol.name))], made)


def _operation(e: Emitter, name: str, arguments: list[ast.expr]) -> ast.Call:
    """A native operation: the one way out of compiled code."""
    invoke = attribute(load(CONTEXT), "invoke")
    return ast.Call(invoke, [ast.Constant(name), load(CONTEXT), *arguments], [])


# --- calls


def _call(e: Emitter, node: n.Call) -> ast.expr:
    plan = e.tables.calls[id(node)]
    match plan:
        case FunctionCall(symbol=symbol, receiver=receiver):
            nodes = node.arguments if receiver is None else (receiver, *node.arguments)
            return call_function(e, symbol, e.operands(nodes))
        case BuiltinCall(name=name, operands=operands):
            return BUILTINS[name](e, e.operands(operands))
        case ValueCall():
            values = e.operands((node.callee, *node.arguments))
            return ast.Await(call("$call_value", load(CONTEXT), *values))
        case DeadCall(first=first):
            nodes = (first, *(argument for argument in node.arguments if argument is not first))
            return call("$unreachable", *e.operands(nodes))


def call_function(e: Emitter, symbol: FunctionSymbol, arguments: list[ast.expr]) -> ast.expr:
    made: ast.expr
    if symbol.kind == "stub":
        made = _operation(e, symbol.name, arguments)
    elif symbol.name in e.unit.effects.needs_context:
        made = call(function_name(symbol.name), load(CONTEXT), *arguments)
    else:
        made = call(function_name(symbol.name), *arguments)
    if symbol.name in e.unit.effects.suspends:
        made = ast.Await(made)
    return both(may_go_on(), made) if e.multiplies(symbol.name) else made


def may_go_on() -> ast.expr:
    """True, unless the call was told to stop: then this raises."""
    calls = attribute(load(CONTEXT), "calls")
    return ast.BoolOp(ast.Or(), [compare(calls, ast.Is(), ast.Constant(None)), ast.Call(calls, [], [])])


Builtin = Callable[[Emitter, list[ast.expr]], ast.expr]


def _helper(name: str) -> Builtin:
    return lambda e, values: call(name, *values)


def _method(name: str) -> Builtin:
    return lambda e, values: ast.Call(attribute(values[0], name), values[1:], [])


def _field(name: str) -> Builtin:
    return lambda e, values: attribute(values[0], name)


def _contains(e: Emitter, values: list[ast.expr]) -> ast.expr:
    """`in` is four times as fast as a method, but reads what is looked for first."""
    container, part = values
    if all(isinstance(value, ast.Name | ast.Constant) for value in values):
        return compare(part, ast.In(), container)
    return ast.Call(attribute(container, "__contains__"), [part], [])


BUILTINS: dict[str, Builtin] = {
    "list.length": _helper("$len"),
    "list.push": _method("append"),
    "list.at": lambda e, values: ast.Subscript(values[0], index_of(e, values[1]), ast.Load()),
    "list.concat": lambda e, values: ast.BinOp(values[0], ast.Add(), values[1]),
    "map.length": _helper("$len"),
    "map.has": _contains,
    "string.length": _helper("$len"),
    "string.toLowerCase": _method("lower"),
    "string.toUpperCase": _method("upper"),
    "string.trim": _method("strip"),
    "string.includes": _contains,
    "string.startsWith": _method("startswith"),
    "string.endsWith": _method("endswith"),
    "string.split": _helper("$string_split"),
    "string.substring": _helper("$substring"),
    "string.replace": lambda e, values: ast.Call(
        attribute(values[0], "replace"), [*values[1:], ast.Constant(1)], []
    ),
    "media.as_url": _field("url"),
    "media.as_base64": _field("base64"),
    "media.as_file": _field("file"),
    "media.mime_type": _field("media_type"),
    "deep_copy": _helper("$deep_copy"),
    "deep_equals": _helper("$deep_equals"),
    "unstable_string": _helper("$unstable_string"),
    "trunc": _helper("$trunc"),
    "panic": _helper("$panic"),
    "reveal": lambda e, values: values[0],
}


# --- values


def _index(e: Emitter, node: n.Index) -> ast.expr:
    value, index = e.operands((node.value, node.index))
    return ast.Subscript(value, index if has_keys(e, node.value) else index_of(e, index), ast.Load())


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
    if names == declared[: len(names)]:
        return call(class_name(symbol.name), *values)
    keywords = [ast.keyword(python_name(name), value) for name, value in zip(names, values, strict=True)]
    return ast.Call(load(class_name(symbol.name)), [], keywords)


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


EMIT.update(
    {
        n.IntLiteral: lambda e, node: ast.Constant(node.value),
        n.FloatLiteral: lambda e, node: ast.Constant(node.value),
        n.StringLiteral: lambda e, node: ast.Constant(node.value),
        n.BoolLiteral: lambda e, node: ast.Constant(node.value),
        n.NullLiteral: lambda e, node: ast.Constant(None),
        n.Path: _path,
        n.Group: lambda e, node: e.expr(node.inner),
        n.FieldAccess: lambda e, node: attribute(e.expr(node.value), node.name.name),
        n.Index: _index,
        n.Call: _call,
        n.InstanceOf: _instance_of,
        n.ListLiteral: lambda e, node: ast.List(e.operands(node.items), ast.Load()),
        n.MapLiteral: _map_literal,
        n.Constructor: _constructor,
        n.Block: _block,
        n.If: _if,
    }
)
