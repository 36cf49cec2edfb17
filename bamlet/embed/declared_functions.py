"""What a program declares with `$host`, and what its host gives for it: keywords in, checked values out."""

from __future__ import annotations

import importlib.util
import inspect
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from ..diagnostics import did_you_mean
from ..interpreter.facts.interface import FunctionInfo
from ..interpreter.program.link import Program
from ..sysops.host_function import HostFunction
from .errors import BamlInvalidArgumentError

CONTEXT = "context"
"""The parameter that gets a `ToolContext`, unless the declaration has one of that name."""

Given = Mapping[str, Callable[..., Any]]


class Offered(dict[str, Callable[..., Any]]):
    """What a module has: the program takes of it what it wants."""


def functions_in(path: Path) -> Offered:
    """Those of a file of Python, which is run for it. Raises `OSError` and `BamlInvalidArgumentError`."""
    path.stat()
    spec = importlib.util.spec_from_file_location(path.stem, path)
    if spec is None or spec.loader is None:
        raise BamlInvalidArgumentError(f"{path} is no module of Python: name a file that ends in .py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return Offered({name: value for name, value in vars(module).items() if inspect.isfunction(value)})


def declared_functions(program: Program, given: Given) -> dict[str, HostFunction]:
    """Raises `BamlInvalidArgumentError` with all that lacks and all that does not fit."""
    wanted = {name: info for name, info in program.interface.functions.items() if info.is_of_host}
    missing = [name for name in wanted if name not in given]
    problems = [f"the program wants {_listed(missing)} of its host: functions={{…}}"] if missing else []
    for name in given:
        if name not in wanted and not isinstance(given, Offered):
            hint = did_you_mean(name, wanted) or "only functions with the body { $host } are given"
            problems.append(f"the program does not want `{name}`; {hint}")
    found = {
        name: _function(program, info, given[name], problems) for name, info in wanted.items() if name in given
    }
    if problems:
        raise BamlInvalidArgumentError("; ".join(problems))
    return found


def added_function(program: Program, function: Callable[..., Any]) -> HostFunction:
    """One that is given by its own name. Raises `BamlInvalidArgumentError`."""
    name = getattr(function, "__name__", "")
    info = program.interface.functions.get(name)
    if info is None or not info.is_of_host:
        wanted = [known for known, found in program.interface.functions.items() if found.is_of_host]
        hint = did_you_mean(name, wanted) or "only functions with the body { $host } are given"
        raise BamlInvalidArgumentError(f"the program does not want `{name}`; {hint}")
    problems: list[str] = []
    made = _function(program, info, function, problems)
    if problems:
        raise BamlInvalidArgumentError("; ".join(problems))
    return made


def _listed(names: list[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _function(
    program: Program, info: FunctionInfo, function: Callable[..., Any], problems: list[str]
) -> HostFunction:
    names = [param.name for param in info.params]
    wants_context = CONTEXT not in names and _takes(function, CONTEXT)
    passed = _passed(info.name, function, names, problems)

    def read(value: Any) -> Any:
        from .arguments import as_value

        return as_value(value, info.result, program.space)

    def keywords(arguments: tuple[Any, ...]) -> dict[str, Any]:
        return {name: value for name, value in zip(names, arguments, strict=True) if name in passed}

    def given(arguments: tuple[Any, ...]) -> dict[str, Any]:
        if not wants_context:
            return keywords(arguments)
        context, *rest = arguments
        return {CONTEXT: context, **keywords(tuple(rest))}

    async def waits(*arguments: Any) -> Any:
        return await function(**given(arguments))

    def runs(*arguments: Any) -> Any:
        return function(**given(arguments))

    called = waits if inspect.iscoroutinefunction(function) else runs
    return HostFunction(info.name, called, read, wants_context)


def _takes(function: Callable[..., Any], name: str) -> bool:
    try:
        return name in inspect.signature(function).parameters
    except (TypeError, ValueError):
        return False


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
        if param.name not in (*names, CONTEXT) and param.default is param.empty:
            hint = did_you_mean(param.name, names)
            problems.append(f"no such parameter `{param.name}` in `{name}`" + (f"; {hint}" if hint else ""))
    return {param.name for param in own} & set(names)
