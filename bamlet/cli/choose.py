"""Which function to call, with which arguments, from what the command line says and what the program holds."""

from __future__ import annotations

import argparse
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..embed import Program


@dataclass(frozen=True, slots=True)
class Choice:
    function: str
    arguments: dict[str, Any]


def choose(program: Program, arguments: argparse.Namespace) -> Choice:
    """Raises `ValueError` with a message for a person."""
    function = arguments.function or _default_function(program)
    given = _given_arguments(program, function, arguments)
    if not given and not arguments.args:
        given = _test_arguments(program, function)
    return Choice(function, given)


def _default_function(program: Program) -> str:
    names = [name for name in program.interface.functions if not name.startswith("baml.") and "." not in name]
    if "main" in names:
        return "main"
    if len(names) == 1:
        return names[0]
    if not names:
        raise ValueError("the program has no function to call")
    raise ValueError(f"which function? There are {', '.join(names)}")


def _given_arguments(program: Program, function: str, arguments: argparse.Namespace) -> dict[str, Any]:
    given: dict[str, Any] = {}
    if arguments.args:
        try:
            given = json.loads(arguments.args)
        except (ValueError, RecursionError) as error:
            raise ValueError(f"--args is not JSON: {error}") from None
        if not isinstance(given, dict):
            raise ValueError("--args must be a JSON object of arguments by name")
    for text in arguments.arg:
        name, equals, value = text.partition("=")
        if not equals:
            raise ValueError(f"--arg {text}: write NAME=VALUE")
        try:
            given[name] = _value(value, _takes_text(program, function, name))
        except (OSError, ValueError) as error:
            raise ValueError(f"--arg {name}: {error}") from None
    return given


def _value(text: str, takes_text: bool) -> Any:
    """Text for a string parameter, JSON for any other; what is no JSON is text."""
    if text.startswith("@"):
        text = Path(text[1:]).read_text("utf-8")
    if takes_text:
        return text
    try:
        return json.loads(text)
    except (json.JSONDecodeError, RecursionError):
        return text


def _takes_text(program: Program, function: str, name: str) -> bool:
    from ..types.ty import STRING, bare, is_optional, without_null_members

    info = program.interface.functions.get(function)
    param = next((p for p in info.params if p.name == name), None) if info else None
    if param is None:
        return False
    return bare(param.ty) == STRING or (is_optional(param.ty) and without_null_members(param.ty) == (STRING,))


def _test_arguments(program: Program, function: str) -> dict[str, Any]:
    """A program that carries an example of its own input needs no arguments."""
    info = program.interface.functions.get(function)
    if info is None or not info.params:
        return {}
    test = next((test for test in program.tests if test.function == function), None)
    return dict(test.arguments) if test else {}
