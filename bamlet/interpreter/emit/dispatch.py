"""Methods of interfaces: one table for each, by the Python class of the value, and calls through it."""

from __future__ import annotations

import ast
from collections.abc import Iterable

from ...types.ty import EnumTy, MediaTy, Ty
from ..facts.code_names import class_name, dispatch_name, function_name, implementors_name
from ..facts.implementations import Implementation, head_of
from ..facts.symbols import FunctionSymbol
from ..facts.typing_tables import Types
from .functions import told
from .state import CONTEXT, Emitter, Unit, call, load, store


def call_method(e: Emitter, symbol: FunctionSymbol, arguments: list[ast.expr], types: Types) -> ast.expr:
    """`table[type(v)](v, …)`: all functions of a table are called alike."""
    name = dispatch_name(symbol.name)
    if e.unit.is_library:
        return ast.Await(call("$call_method", load(CONTEXT), ast.Constant(name), *arguments))
    e.unit.dispatched[symbol.name] = symbol
    first, again = e.twice(arguments[0])
    function = ast.Subscript(load(name), call("$type", first), ast.Load())
    context = [load(CONTEXT)] if name in e.unit.effects.needs_context else []
    given = [*context, *told(e, symbol, types)]
    made = ast.Call(function, [*given, again, *arguments[1:]], [])
    return ast.Await(made) if name in e.unit.effects.suspends else made


def dispatch_tables(unit: Unit) -> Iterable[ast.stmt]:
    """The tables of what is called here, and the sets of what is tested."""
    for symbol in unit.dispatched.values():
        yield ast.Assign([store(dispatch_name(symbol.name))], _table(unit, symbol))
    for interface in sorted(unit.implementors):
        kinds = [_kind(unit, found.target) for found in _of(unit, interface)]
        yield ast.Assign([store(implementors_name(interface))], call("$frozenset", ast.List(kinds, ast.Load())))


def _of(unit: Unit, interface: str | None) -> list[Implementation]:
    return [found for (name, _), found in unit.names.implementations.items() if name == interface]


def _table(unit: Unit, symbol: FunctionSymbol) -> ast.expr:
    word = symbol.name.rpartition(".")[2]
    keys: list[ast.expr | None] = []
    values: list[ast.expr] = []
    for found in _of(unit, symbol.owner):
        keys.append(_kind(unit, found.target))
        values.append(_entry(unit, found.methods[word], dispatch_name(symbol.name)))
    effects = unit.effects
    before = (dispatch_name(symbol.name) in effects.needs_context) + len(effects.told.get(symbol.name, ()))
    return call("$dispatching", ast.Dict(keys, values), ast.Constant(before))


def _entry(unit: Unit, function: str, table: str) -> ast.expr:
    """A function that needs less than the others of its table is given what they need all the same."""
    effects, code = unit.effects, load(function_name(function))
    has = (function in effects.needs_context, function in effects.suspends)
    wants = (table in effects.needs_context, table in effects.suspends)
    if has == wants:
        return code
    return call("$adapted", code, *(ast.Constant(a is not b) for a, b in zip(has, wants, strict=True)))


_PYTHON = {"int": "$int", "float": "$float", "string": "$str", "bool": "$bool", "[]": "$list", "map": "$dict"}


def _kind(unit: Unit, target: Ty) -> ast.expr:
    """The Python class of the values, or a name where one class serves many kinds of the language."""
    head = head_of(target) or ""
    match target:
        case EnumTy() | MediaTy():
            return ast.Constant(head)
        case _ if head in _PYTHON:
            return load(_PYTHON[head])
        case _ if head == "null":
            return call("$type", ast.Constant(None))
        case _ if head == "->":
            return load("$FunctionValue")
        case _:
            opaque = head not in unit.names.classes or unit.names.classes[head].opaque
            return ast.Constant(head) if opaque else load(class_name(head))
