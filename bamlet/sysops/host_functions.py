"""Functions of the host that a program has been handed as arguments: it calls them like its own."""

from __future__ import annotations

import asyncio
import inspect
from typing import Any

from ..interpreter.runtime.context import Context as AnyContext
from ..interpreter.runtime.failures import Panic
from ..interpreter.runtime.values import FunctionValue, Opaque
from .agent_events import ToolProgress
from .host import Context, Host
from .host_failure import HostFailure, in_thread
from .host_function import HostFunction, Refuse, ToolContext
from .registry import Failure, sysop
from .stream_events import Done


def function_value(function: HostFunction) -> FunctionValue:
    """As a program holds it: one that waits."""
    held = Opaque("baml.host.Callable", function)

    async def code(context: AnyContext[Any], *arguments: Any) -> Any:
        return await context.invoke("baml.host.call", context, held, list(arguments))

    return FunctionValue(function.name, code, suspends=True, needs_context=True)


@sysop("baml.host.call", throws=("HostCallable",), group="host")
async def call(context: Context, callable_: Opaque, arguments: list[Any]) -> Any:
    return await _called(context, callable_.payload, arguments)


@sysop("baml.host.call_declared", throws=("HostCallable",), group="host")
async def call_declared(context: Context, name: str, arguments: list[Any]) -> Any:
    function = context.host.services.functions.get(name)
    if function is None:
        message = f"this program wants `{name}` of its host, which gives no functions: Runtime(functions={{…}})"
        raise Panic(message, "AccessDenied")
    return await _called(context, function, arguments)


async def _called(context: Context, function: HostFunction, arguments: list[Any]) -> Any:
    """A plain `def` runs in a thread, so that it holds nobody up."""
    here = _tool_context(context.host)
    given = [here, *arguments] if function.wants_context else arguments
    try:
        if inspect.iscoroutinefunction(function.function):
            found = await function.function(*given)
        else:
            found = await in_thread(function.function, *given)
            if inspect.isawaitable(found):
                found = await found
        return function.read(found)
    except asyncio.CancelledError:
        here.cancelled = True
        raise
    except HostFailure:
        raise
    except Refuse as refusal:
        raise Failure("HostCallable", str(refusal), kind="Refuse") from refusal
    except Exception as failure:
        kind = type(failure).__name__
        raise Failure("HostCallable", f"`{function.name}` of the host: {kind}: {failure}", kind=kind) from failure


def _tool_context(host: Host) -> ToolContext:
    call = host.tool_call

    async def tell(value: Any) -> None:
        sink = host.voice.sink
        if call is not None and sink.wants_agents:
            at = host.services.clock.now()
            await sink.tell(Done(ToolProgress(host.agent_path(), call.step, at, call.id, call.name, value)))

    return ToolContext(
        call_id=call.id if call is not None else None,
        step=call.step if call is not None else None,
        tags=host.tags,
        deps=host.deps,
        _tell=tell,
    )


@sysop("baml.host.Callable.name")
def name(context: Context, callable_: Opaque) -> str:
    return str(callable_.payload.name)
