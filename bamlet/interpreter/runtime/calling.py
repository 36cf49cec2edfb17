"""Functions as values: native operations among them, and calls of which the kind is known at run time only."""

from __future__ import annotations

from typing import Any

from .context import Context
from .values import FunctionValue


def operation_value(name: str, suspends: bool) -> FunctionValue:
    """A native operation used as a value."""

    def code(context: Context[Any], *arguments: Any) -> Any:
        return context.invoke(name, context, *arguments)

    return FunctionValue(name, code, suspends, needs_context=True)


async def call_value(context: Context[Any], function: FunctionValue, *arguments: Any) -> Any:
    """Call a function whose kind is known at run time only. What it may call in turn, nobody knows."""
    if context.calls is not None:
        context.calls()
    result = function.code(context, *arguments) if function.needs_context else function.code(*arguments)
    return await result if function.suspends else result
