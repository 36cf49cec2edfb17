"""What a host gave to a runtime or a call, as what it must be; something else is answered with what to write."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from ..interpreter.facts.interface import FunctionInfo
from ..interpreter.program.link import Program
from ..types.ty import FutureTy
from .context import CallContext
from .errors import BamlInvalidArgumentError

NO_CONTEXT = CallContext()


class NotEntered:
    """What a plain `with` finds at a runtime that is entered by `async with`. Of type checkers it is hidden, which
    say so without help.
    """

    if not TYPE_CHECKING:

        def __enter__(self):
            raise BamlInvalidArgumentError("write `async with AsyncRuntime(...)`, or `with Runtime(...)` to block")

        def __exit__(self, *left): ...  # looked for before anything is entered


class NotAwaited:
    """The other way round."""

    if not TYPE_CHECKING:

        async def __aenter__(self):
            raise BamlInvalidArgumentError("write `with Runtime(...)`, or `async with AsyncRuntime(...)` to await")

        async def __aexit__(self, *left): ...


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


def check_named(info: FunctionInfo, arguments: object, named: Mapping[str, object]) -> None:
    """Arguments come in a mapping, as keywords, or in both if none is in both."""
    if arguments is None:
        return
    if not isinstance(arguments, dict | Mapping) or not all(isinstance(name, str) for name in arguments):
        names = ", ".join(f"{param.name}=..." for param in info.params)
        raise BamlInvalidArgumentError(f"arguments have names here: write call({info.name!r}, {names})")
    if named and (twice := arguments.keys() & named.keys()):
        told = f"`{min(twice)}` is given twice, in the mapping and as a keyword: leave one out"
        raise BamlInvalidArgumentError(f"Invalid argument: {info.name}: {told}")


def no_function(program: Program, name: str, hint: str | None) -> BamlInvalidArgumentError:
    """Why a host cannot call what it has named."""
    if types := program.unit.effects.told.get(name):
        listed = ", ".join(f"`{one}`" for one in types)
        way = f"call a function that calls `{name}<…>(…)`"
        return BamlInvalidArgumentError(f"`{name}` looks at its type {listed}, which a host cannot tell it: {way}")
    return BamlInvalidArgumentError(f"there is no function `{name}`" + (f"; {hint}" if hint else ""))


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
