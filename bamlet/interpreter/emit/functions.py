"""Functions of the program in emitted code: their names, calls of them, and the values that stand for them."""

from __future__ import annotations

import ast
from collections.abc import Iterable

from ..facts.code_names import arguments_name, function_name, plain_name, showing_name
from ..facts.interface import stream_entry
from ..facts.symbols import FunctionSymbol
from ..facts.typing_tables import FunctionUse, LocalUse, Types, Use
from .state import CONTEXT, Emitter, Unit, attribute, both, call, compare, load, read, store
from .type_tests import type_value


def value_name(name: str) -> str:
    return f"value {name}"


def function_value(e: Emitter, symbol: FunctionSymbol) -> ast.expr:
    """One object for each function, made once, so that a function equals itself."""
    e.unit.values[symbol.name] = symbol
    return load(value_name(symbol.name))


def bare_function(e: Emitter, use: Use) -> ast.expr:
    """The Python function itself: of a function, or what a variable holds."""
    match use:
        case FunctionUse(symbol=symbol):
            return load(function_name(symbol.name))
        case LocalUse(variable=variable):
            held = read(variable)
            return held if variable.place in e.bare else attribute(held, "code")
        case _:
            raise TypeError(f"no function: {use}")


def function_values(unit: Unit) -> Iterable[ast.stmt]:
    """How a value is called depends on what the function reaches, so it knows that of itself."""
    for symbol in unit.values.values():
        name = ast.Constant(symbol.name)
        if symbol.kind == "stub":
            made = call("$operation_value", name, ast.Constant(symbol.name in unit.effects.suspends))
        else:
            made = call("$FunctionValue", name, load(function_name(symbol.name)), *how_called(unit, symbol.name))
        yield ast.Assign([store(value_name(symbol.name))], made)


def how_called(unit: Unit, name: str) -> list[ast.expr]:
    """What a function value knows of its code: whether it suspends, needs the context, and is plain."""
    suspends, needs_context = name in unit.effects.suspends, name in unit.effects.needs_context
    return [ast.Constant(suspends), ast.Constant(needs_context), ast.Constant(unit.effects.is_plain(name))]


# What stands twice in the code, once for each way to call, and may itself hold such calls.
MOST_NODES_TWICE = 60


def call_unknown(first: ast.expr, again: ast.expr, arguments: list[ast.expr]) -> ast.expr:
    """A call of a function value of which nothing is known: where it is a plain one, a call as Python makes it.

    `first` is the value where it is read first, `again` where it is read later. A plain function cannot come back
    to who calls it, so that nobody need look whether the call was told to stop.
    """
    by_the_way = ast.Await(call("$call_value", load(CONTEXT), first, *arguments))
    if sum(1 for argument in arguments for _ in ast.walk(argument)) > MOST_NODES_TWICE:
        return by_the_way
    from copy import deepcopy

    by_the_way = ast.Await(call("$call_value", load(CONTEXT), again, *deepcopy(arguments)))
    return ast.IfExp(attribute(first, "plain"), ast.Call(attribute(again, "code"), arguments, []), by_the_way)


def operation(name: str, arguments: list[ast.expr]) -> ast.Call:
    """A native operation: the one way out of compiled code."""
    invoke = attribute(load(CONTEXT), "invoke")
    return ast.Call(invoke, [ast.Constant(name), load(CONTEXT), *arguments], [])


def call_function(e: Emitter, symbol: FunctionSymbol, arguments: list[ast.expr], types: Types = ()) -> ast.expr:
    made: ast.expr
    arguments = [*told(e, symbol, types), *arguments]
    if symbol.kind == "stub":
        made = operation(symbol.name, arguments)
    elif symbol.name in e.unit.effects.needs_context:
        made = call(function_name(symbol.name), load(CONTEXT), *arguments)
    else:
        made = call(function_name(symbol.name), *arguments)
    if symbol.name in e.unit.effects.suspends:
        made = ast.Await(made)
    return both(may_go_on(), made) if e.multiplies(symbol.name) else made


def call_twin(e: Emitter, symbol: FunctionSymbol, arguments: list[ast.expr], types: Types) -> ast.expr:
    """A call of the twin of a function, which never waits."""
    name = plain_name(symbol.name)
    context = [load(CONTEXT)] if name in e.unit.effects.needs_context else []
    made = call(name, *context, *told(e, symbol, types), *arguments)
    return both(may_go_on(), made) if e.multiplies(name) else made


def told(e: Emitter, symbol: FunctionSymbol, types: Types) -> list[ast.expr]:
    """What a function that looks at type parameters is told of them, before its arguments."""
    known = dict(types)
    return [type_value(e.unit, known[name]) for name in e.unit.effects.told.get(symbol.name, ())]


def call_showing(e: Emitter, symbol: FunctionSymbol, arguments: list[ast.expr], types: Types = ()) -> ast.expr:
    """The same where the value is what the stream of the caller shows. Whoever shows waits, and has a context."""
    if symbol.kind == "llm":
        return ast.Await(ask_model(e, symbol, stream_entry(symbol.llm), arguments))
    given = [*told(e, symbol, types), *arguments]
    made = ast.Await(call(showing_name(symbol.name), load(CONTEXT), *given))
    return both(may_go_on(), made) if e.multiplies(symbol.name) else made


def ask_model(e: Emitter, symbol: FunctionSymbol, entry: str, arguments: list[ast.expr]) -> ast.expr:
    """An LLM function hands its name and arguments to the orchestration, which is written in the language."""
    completed = e.unit.names.functions.get(arguments_name(symbol.name))
    named: ast.expr
    if completed is None:
        keys: list[ast.expr | None] = [ast.Constant(param.name) for param in symbol.params]
        named = ast.Dict(keys, arguments)
    else:
        named = call_function(e, completed, arguments)
    return call(function_name(entry), load(CONTEXT), ast.Constant(symbol.name), named)


def may_go_on() -> ast.expr:
    """True, unless the call was told to stop: then this raises."""
    calls = attribute(load(CONTEXT), "calls")
    return ast.BoolOp(ast.Or(), [compare(calls, ast.Is(), ast.Constant(None)), ast.Call(calls, [], [])])
