"""An LLM function and its values to a call of what the library does with it: a stream, a prompt, a request."""

from __future__ import annotations

from typing import Any

from ..interpreter.facts.code_names import arguments_name
from ..interpreter.facts.interface import FunctionInfo
from ..interpreter.program.link import Callee, Program
from ..interpreter.runtime.calling import call_value
from ..interpreter.runtime.context import Context
from ..records import replace
from .arguments import by_name


def asked(
    program: Program, entry: str, function: FunctionInfo, values: list[Any], *more: Any
) -> tuple[Callee, list[Any]]:
    """The call of `entry`. What the host has left out is worked out in that call, as in one of the function."""
    found = program.callee(entry)
    assert found is not None
    if not (function.llm and any(param.has_default for param in function.params)):
        return found, [function.name, by_name(function, values), *more]
    completed = program.function_value(arguments_name(function.name))
    library = program.function_value(entry)

    async def code(context: Context[Any], *given: Any) -> Any:
        arguments = await call_value(context, completed, *given)
        return await call_value(context, library, function.name, arguments, *more)

    return replace(found, code=code, suspends=True, needs_context=True), values
