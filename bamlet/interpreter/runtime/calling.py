"""Functions as values: native operations among them, and calls of which the kind is known at run time only."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..facts.code_names import HOLE, prompt_name
from .context import Context
from .failures import OF_PYTHON, as_panic
from .values import FunctionValue


class Omitted:
    """Stands for an argument that a call leaves out: the function puts its default value in."""


OMITTED = Omitted()


def operation_value(name: str, suspends: bool) -> FunctionValue:
    """A native operation used as a value."""

    def code(context: Context[Any], *arguments: Any) -> Any:
        return context.invoke(name, context, *arguments)

    return FunctionValue(name, code, suspends, needs_context=True)


def with_holes(context: Context[Any], function_name: str, args: Mapping[str, Any]) -> Mapping[str, Any]:
    """The arguments of a function of a model, and the values for those holes of its prompt that are code.

    Working them out never waits, as the compiler has seen to.
    """
    code = context.space.functions.get(prompt_name(function_name))
    if code is None:
        return args
    values = [args.get(param.name) for param in context.program.functions[function_name].params]
    found = code.code(context, *values) if code.needs_context else code.code(*values)
    return {**args, **{f"{HOLE}{number}": value for number, value in enumerate(found, 1)}}


def begin_value(context: Context[Any], function: FunctionValue, *arguments: Any) -> Any:
    """Call a function whose kind is known at run time only: what it gives is awaited if it `suspends`. What it may
    call in turn, nobody knows."""
    if context.calls is not None:
        context.calls()
    return function.code(context, *arguments) if function.needs_context else function.code(*arguments)


async def call_back(context: Context[Any], function: FunctionValue, *arguments: Any) -> Any:
    """`call_value` for an operation. A panic of the function is one for those above, and no failure of ours."""
    try:
        return await call_value(context, function, *arguments)
    except OF_PYTHON as failure:
        raise as_panic(failure) from failure


async def call_value(context: Context[Any], function: FunctionValue, *arguments: Any) -> Any:
    result = begin_value(context, function, *arguments)
    return await result if function.suspends else result
