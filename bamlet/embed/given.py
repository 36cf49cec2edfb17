"""What a host gave to a runtime or a call, as what it must be; something else is answered with what to write."""

from __future__ import annotations

from collections.abc import Mapping

from ..interpreter.facts.interface import FunctionInfo
from ..interpreter.program.link import Program
from ..types.ty import FutureTy
from .context import CallContext
from .errors import BamlInvalidArgumentError

NO_CONTEXT = CallContext()


def check_program(given: object) -> None:
    if not isinstance(given, Program):
        path = repr(given) if isinstance(given, str) else "..."
        kind = type(given).__name__
        raise BamlInvalidArgumentError(
            f"a runtime takes a program, not {kind}: write Runtime(bamlet.load({path}))"
        )


def check_name(given: object) -> None:
    if not isinstance(given, str):
        raise BamlInvalidArgumentError(
            f'a function is given by its name: call("Name", ...), not as {type(given).__name__}'
        )


def check_text(given: object) -> None:
    if not isinstance(given, str):
        raise BamlInvalidArgumentError(f"the text of an answer is a str, not {type(given).__name__}")


def check_named(info: FunctionInfo, arguments: object) -> None:
    if arguments is not None and type(arguments) is not dict and not isinstance(arguments, Mapping):
        names = ", ".join(f"{param.name}=..." for param in info.params)
        raise BamlInvalidArgumentError(f"arguments have names here: write call({info.name!r}, {names})")


def check_entry(info: FunctionInfo) -> None:
    """A task ends with the call that started it: no host could wait for one."""
    if isinstance(info.result, FutureTy):
        what = f"`{info.name}` gives a future, which ends with the call"
        raise BamlInvalidArgumentError(f"{what}: call a function that awaits it, as in `await {info.name}(…)`")


def given_context(context: object) -> CallContext:
    if context is None:
        return NO_CONTEXT
    if not isinstance(context, CallContext):
        kind = type(context).__name__
        raise BamlInvalidArgumentError(f"`context` is a CallContext, not {kind}: write CallContext(deadline=...)")
    return context
