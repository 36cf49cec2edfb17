"""What a runtime is made of before its first call, all loaded late: connections, the library, its operations."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping
from functools import cache, partial
from importlib import import_module
from typing import TYPE_CHECKING, Any

from ..interpreter.program.link import Program
from ..interpreter.program.sources import show_lines
from ..interpreter.runtime.failures import CATCHABLE, InternalError
from ..sysops.console import to_standard_error
from ..sysops.env import process_environment
from ..sysops.host import Context, Services
from ..sysops.registry import invoke, mismatches
from ..types.ty import ClassTy, Ty, members
from ..uncollected import uncollected
from ..wire.message import HttpOptions, Transport
from .host_errors import host_error
from .library import library

if TYPE_CHECKING:
    from ..sysops.host_function import HostFunction
    from ..sysops.trace import Trace


# --- what a host gives


def environment_of(given: Mapping[str, str] | None, transport: object) -> Callable[[], Mapping[str, str]]:
    """The process's own unless one is given. Where nobody is asked, keys that are not set have stand-ins."""
    if given is not None:
        return lambda: given
    if getattr(transport, "asks_nobody", False):
        from .cassettes import ReplayEnvironment

        return ReplayEnvironment
    return process_environment


def functions_of(program: Program, given: Mapping[str, Callable[..., Any]] | None) -> Mapping[str, HostFunction]:
    if given is None:
        return {}  # such as that of a command: what is not called is not missed
    from .declared_functions import declared_functions

    return declared_functions(program, given)


def servers_of(program: Program, given: Mapping[str, Any] | Iterable[str] | None) -> Mapping[str, Any]:
    if not given:
        return {}
    from .mcp_servers import let_in

    return let_in(program, given)


def hear_unhandled(program: Program, hear: Callable[[Any], object], failure: BaseException) -> None:
    if not isinstance(failure, CATCHABLE):
        raise failure
    show_lines(program.sources.texts)
    error = host_error(failure, program.namespace)
    hear(f"a detached task has failed: {error}\n{error.trace_text}" if hear is to_standard_error else error)


# --- connections


def opens_connections(services: Services) -> bool:
    return services.transport is None and "net" not in services.denied


def http_transport(options: HttpOptions | None) -> Transport:
    from ..wire.http import HttpTransport  # brings httpx, which takes 70 ms

    return HttpTransport(options)


def offline_transport() -> Transport:
    from .offline import OfflineTransport

    return OfflineTransport(pace=0)


# --- what a first call needs


def asks_models(program: Program) -> bool:
    return bool(program.interface.clients) or any(f.llm for f in program.interface.functions.values())


async def load_ahead(program: Program, services: Services) -> None:
    """In a thread, while the event loop goes on."""
    in_thread = partial(asyncio.get_running_loop().run_in_executor, None)
    await in_thread(check_library)
    await in_thread(_load_templates, program)
    if opens_connections(services):
        await in_thread(import_module, "bamlet.wire.http")
        # Here and not there: the transport belongs to this loop.
        if (load := getattr(services.transport_here(), "load", None)) is not None:
            await in_thread(load)


def _load_templates(program: Program) -> None:
    """The template engine, if its prompts take it: a program that was kept has not needed it before."""
    from ..prompt.plain import is_plain

    functions = program.interface.functions.values()
    if not all(is_plain(info.llm.template) for info in functions if info.llm is not None):
        from ..jinja.compiled import sandbox

        sandbox()


# --- operations


def traced(services: Services, write: Callable[[str], None]) -> Trace:
    """Whose `invoke` writes a line for everything that a call does."""
    from ..sysops.trace import Trace

    check_library()
    services.handles.watcher = found = Trace(write, services.clock.now)
    return found


def first_invoke(name: str, context: Context, *arguments: Any) -> Any:
    """A program that needs no operation does not load them: they bring providers, prompts and the parser."""
    check_library()
    context.invoke = invoke
    return invoke(name, context, *arguments)


def check_library_ahead(program: Program) -> None:
    """Within a loop it is left to `load_ahead`, or to the first operation."""
    if asks_models(program) and not _loop_runs():
        check_library()


def _loop_runs() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


@cache
def check_library() -> None:
    """The library's stubs and the registered operations must be the same."""
    with uncollected():
        import_module("bamlet.sysops.all")  # registers them, and brings the rooms that they need
    stubs = {
        symbol.name: (len(symbol.params), symbol.suspends, _thrown(symbol.throws))
        for symbol in library().unit.names.functions.values()
        if symbol.kind == "stub"
    }
    if problems := mismatches(stubs):
        raise InternalError("the library and its operations differ:\n" + "\n".join(problems))


def load_for_calls() -> None:
    """What the first call would load: for who forks, or has time before that call comes."""
    check_library()
    with uncollected():
        import_module("bamlet.wire.http")


def _thrown(ty: Ty | None) -> frozenset[str]:
    parts = () if ty is None else members(ty)
    return frozenset(member.name for member in parts if isinstance(member, ClassTy))
