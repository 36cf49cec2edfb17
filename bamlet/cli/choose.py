"""Which function to call, with which arguments, from what the command line says and what the program holds."""

from __future__ import annotations

import argparse
import json
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..embed import BamlInvalidArgumentError, Program
from ..embed.files import text_of
from ..embed.media import CLASSES, local
from ..embed.test_arguments import arguments_of_test
from ..records import dataclass

if TYPE_CHECKING:
    from ..types.ty import Ty


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
    names = [name for name in program.interface.functions if "." not in name]
    if "main" in names:
        return "main"
    if len(names) == 1:
        return names[0]
    if not names:
        raise ValueError("the program has no function to call")
    raise ValueError(f"which function? There are {', '.join(names)}")


def _given_arguments(program: Program, function: str, arguments: argparse.Namespace) -> dict[str, Any]:
    given = _all_arguments(arguments.args) if arguments.args else {}
    names: set[str] = set()
    for text in arguments.arg:
        name, equals, value = text.partition("=")
        if not equals:
            raise ValueError(f"--arg {text}: write NAME=VALUE")
        if name in names:
            raise ValueError(f"--arg {name}: given twice; which one counts?")
        names.add(name)
        try:
            given[name] = _value(value, _parameter_type(program, function, name))
        except (OSError, ValueError, BamlInvalidArgumentError) as error:
            raise ValueError(f"--arg {name}: {error}") from None
    return given


def _all_arguments(text: str) -> dict[str, Any]:
    """`--args`: an object in JSON, or a file that holds one; media that it names are looked for beside it."""
    file = Path(text[1:]) if text.startswith("@") else None
    try:
        written = text if file is None else text_of(file).removeprefix("\ufeff")
    except (OSError, ValueError) as error:
        raise ValueError(f"--args {text}: {error}") from None
    try:
        given = json.loads(written, object_pairs_hook=_each_once)
    except json.JSONDecodeError as error:
        where = (
            f"line {error.lineno}, column {error.colno}"
            if file is None
            else f"{file}:{error.lineno}:{error.colno}"
        )
        raise ValueError(f"--args is not JSON: {where}: {error.msg}") from None
    except _GivenTwice as error:
        raise ValueError(f"--args: {error}") from None
    except (ValueError, RecursionError) as error:
        raise ValueError(f"--args is not JSON: {error}") from None
    if not isinstance(given, dict):
        raise ValueError("--args must be a JSON object of arguments by name")
    return dict(local(given, file.parent if file is not None else Path()))


class _GivenTwice(ValueError):
    """A key that an object has twice."""


def _each_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object of which each key is said once, as `--arg` is."""
    found = dict(pairs)
    if len(found) < len(pairs):
        twice = next(key for key, count in Counter(key for key, _ in pairs).items() if count > 1)
        raise _GivenTwice(f"`{twice}` is given twice; which one counts?")
    return found


def _value(text: str, ty: Ty | None) -> Any:
    """Text for a string parameter, a file or URL for media, JSON for any other; what is no JSON is text."""
    from ..types.ty import STRING, MediaTy, without_null_members

    accepted = without_null_members(ty) if ty is not None else ()
    media = next((member for member in accepted if isinstance(member, MediaTy)), None)
    if text.startswith("@@"):
        text = text[1:]
    elif text.startswith("@"):
        if media is not None:
            return CLASSES[media.kind].from_file(text[1:])
        text = text_of(Path(text[1:]))
    if accepted == (STRING,):
        return text
    try:
        return local(json.loads(text), Path())
    except (json.JSONDecodeError, RecursionError):
        return CLASSES[media.kind].from_url(text) if media is not None else text


def _parameter_type(program: Program, function: str, name: str) -> Ty | None:
    info = program.interface.functions.get(function)
    return next((param.ty for param in info.params if param.name == name), None) if info else None


def _test_arguments(program: Program, function: str) -> dict[str, Any]:
    """A program that carries an example of its own input needs no arguments."""
    info = program.interface.functions.get(function)
    if info is None or not info.params:
        return {}
    test = next((test for test in program.tests if test.function == function), None)
    return arguments_of_test(program, test) if test else {}
