"""What a runtime is made of before its first call, all loaded late: connections, the library, its operations."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from importlib import import_module
from typing import Any

from ..interpreter.program.link import Program
from ..interpreter.program.sources import show_lines
from ..interpreter.runtime.failures import CATCHABLE, InternalError
from ..sysops.console import to_standard_error
from ..sysops.host import Context
from ..sysops.registry import invoke, mismatches
from ..types.ty import ClassTy, Ty, members
from ..wire.message import HttpOptions, Transport
from .compiling import library
from .host_errors import host_error
from .uncollected import uncollected


def hear_unhandled(program: Program, hear: Callable[[Any], object], failure: BaseException) -> None:
    if not isinstance(failure, CATCHABLE):
        raise failure
    show_lines(program.sources.texts)
    error = host_error(failure, program.namespace)
    hear(f"a detached task has failed: {error}\n{error.trace_text}" if hear is to_standard_error else error)


def http_transport(options: HttpOptions | None) -> Transport:
    from ..wire.http import HttpTransport  # brings httpx, which takes 70 ms

    return HttpTransport(options)


def offline_transport() -> Transport:
    from .offline import OfflineTransport

    return OfflineTransport(pace=0)


def load_templates(program: Program) -> None:
    """The template engine, if its prompts take it: a program that was kept has not needed it before."""
    from ..prompt.plain import is_plain

    functions = program.interface.functions.values()
    if not all(is_plain(info.llm.template) for info in functions if info.llm is not None):
        from ..jinja.compiled import sandbox

        sandbox()


def first_invoke(name: str, context: Context, *arguments: Any) -> Any:
    """A program that needs no operation does not load them: they bring providers, prompts and the parser."""
    check_library()
    context.invoke = invoke
    return invoke(name, context, *arguments)


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


def _thrown(ty: Ty | None) -> frozenset[str]:
    parts = () if ty is None else members(ty)
    return frozenset(member.name for member in parts if isinstance(member, ClassTy))
