"""Functions of the host that a program has been handed as arguments: it calls them like its own."""

from __future__ import annotations

import asyncio
import inspect
from typing import Any

from ..interpreter.runtime.context import Context as AnyContext
from ..interpreter.runtime.failures import Panic
from ..interpreter.runtime.values import FunctionValue, Opaque
from .host import Context
from .host_function import HostFunction
from .registry import Failure, sysop


def function_value(function: HostFunction) -> FunctionValue:
    """As a program holds it: one that waits."""
    held = Opaque("baml.host.Callable", function)

    async def code(context: AnyContext[Any], *arguments: Any) -> Any:
        return await context.invoke("baml.host.call", context, held, list(arguments))

    return FunctionValue(function.name, code, suspends=True, needs_context=True)


@sysop("baml.host.call", throws=("HostCallable",), group="host")
async def call(context: Context, callable_: Opaque, arguments: list[Any]) -> Any:
    return await _called(callable_.payload, arguments)


@sysop("baml.host.call_declared", throws=("HostCallable",), group="host")
async def call_declared(context: Context, name: str, arguments: list[Any]) -> Any:
    function = context.host.services.functions.get(name)
    if function is None:
        message = f"this program wants `{name}` of its host, which gives no functions: Runtime(functions={{…}})"
        raise Panic(message, "AccessDenied")
    return await _called(function, arguments)


async def _called(function: HostFunction, arguments: list[Any]) -> Any:
    """A plain `def` runs in a thread, so that it holds nobody up."""
    try:
        if inspect.iscoroutinefunction(function.function):
            found = await function.function(*arguments)
        else:
            found = await asyncio.to_thread(function.function, *arguments)
            if inspect.isawaitable(found):
                found = await found
        return function.read(found)
    except Exception as failure:
        message = f"`{function.name}` of the host: {type(failure).__name__}: {failure}"
        raise Failure("HostCallable", message) from failure


@sysop("baml.host.Callable.name")
def name(context: Context, callable_: Opaque) -> str:
    return str(callable_.payload.name)
