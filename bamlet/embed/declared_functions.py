"""What a program declares with `$host`, and what its host gives for it: keywords in, checked values out."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any

from ..diagnostics import did_you_mean
from ..interpreter.facts.interface import FunctionInfo
from ..interpreter.program.link import Program
from ..sysops.host_function import HostFunction
from .errors import BamlInvalidArgumentError

Given = Mapping[str, Callable[..., Any]]


def declared_functions(program: Program, given: Given) -> dict[str, HostFunction]:
    """Raises `BamlInvalidArgumentError` with all that lacks and all that does not fit."""
    wanted = {name: info for name, info in program.interface.functions.items() if info.is_of_host}
    missing = [name for name in wanted if name not in given]
    problems = [f"the program wants {_listed(missing)} of its host: functions={{…}}"] if missing else []
    for name in given:
        if name not in wanted:
            hint = did_you_mean(name, wanted) or "only functions with the body { $host } are given"
            problems.append(f"the program does not want `{name}`; {hint}")
    found = {
        name: _function(program, info, given[name], problems) for name, info in wanted.items() if name in given
    }
    if problems:
        raise BamlInvalidArgumentError("; ".join(problems))
    return found


def _listed(names: list[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _function(
    program: Program, info: FunctionInfo, function: Callable[..., Any], problems: list[str]
) -> HostFunction:
    names = [param.name for param in info.params]
    passed = _passed(info.name, function, names, problems)

    def read(value: Any) -> Any:
        from .arguments import as_value

        return as_value(value, info.result, program.space)

    def keywords(arguments: tuple[Any, ...]) -> dict[str, Any]:
        return {name: value for name, value in zip(names, arguments, strict=True) if name in passed}

    async def waits(*arguments: Any) -> Any:
        return await function(**keywords(arguments))

    def runs(*arguments: Any) -> Any:
        return function(**keywords(arguments))

    return HostFunction(info.name, waits if inspect.iscoroutinefunction(function) else runs, read)


def _passed(name: str, function: Callable[..., Any], names: list[str], problems: list[str]) -> set[str]:
    """The parameters of the declaration that the host's function takes; it need not take all."""
    try:
        own = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return set(names)  # one that says nothing of itself is believed
    if any(param.kind is param.VAR_KEYWORD for param in own):
        return set(names)
    for param in own:
        if param.kind in (param.VAR_POSITIONAL, param.VAR_KEYWORD):
            continue
        if param.name not in names and param.default is param.empty:
            hint = did_you_mean(param.name, names)
            problems.append(f"no such parameter `{param.name}` in `{name}`" + (f"; {hint}" if hint else ""))
    return {param.name for param in own} & set(names)
