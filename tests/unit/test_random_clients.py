"""Clients of random programs: they import, their values are what annotations say, and they agree with `Runtime`.

A Python test, since the language cannot see what stands around it.
"""

from __future__ import annotations

import enum
import json
import os
import pickle
import subprocess
import sys
import typing
from collections.abc import Iterable
from importlib import import_module
from pathlib import Path
from random import Random
from types import ModuleType, NoneType, UnionType
from typing import Any

import pytest
from pydantic import BaseModel
from typing_extensions import TypeAliasType

import bamlet
from bamlet.cli.main import run
from bamlet.client.models import Checked, StreamState
from bamlet.interpreter.runtime.space import CHECKED, STREAM_STATE
from bamlet.interpreter.runtime.values import EnumValue, Instance
from bamlet.sap.dice import Dice
from bamlet.sap.invent import invent
from bamlet.sap.invent_depths import CannotInvent
from tests.servers.loopback import Answer, LoopbackServer, openai_chunks
from tests.strategies.client_programs import ClientProgram
from tests.support.generated import generated
from tests.support.user_project import said
from tests.unit.test_client_checkers import CACHE

PROGRAMS = int(os.environ.get("BAMLET_CLIENT_PROGRAMS", "5"))
TYPED = max(2, PROGRAMS // 20)  # with a checker of types, too
LONGEST = 3_000  # characters of an answer
TRIES = 3
CUTS = 8  # places at which an answer is read as far as it has come


class World:
    """A generated client, and the runtime beneath it as what it is compared with."""

    def __init__(self, package: ModuleType, server: LoopbackServer, chance: Random) -> None:
        self.package = package
        self.b = import_module(f"{package.__name__}.sync_client").b
        self.runtime: bamlet.Runtime = self.b.runtime
        self._server = server
        self._chance = chance

    def text(self, function: str) -> str | None:
        """An answer of the function's type that is not too long, if there is any."""
        interface = self.runtime.program.interface
        for _ in range(TRIES):
            try:
                value = invent(
                    interface.functions[function].result, interface.schemas, Dice(self._chance.random())
                )
            except CannotInvent:
                return None
            if len(text := json.dumps(value)) < LONGEST:
                return text
        return None

    def answer(self, text: str, *, stream: bool) -> None:
        size = self._chance.randint(1, 12)
        pieces = [text[at : at + size] for at in range(0, len(text), size)]
        self._server.answer(Answer(openai_chunks(pieces)) if stream else said(text))

    def cuts(self, text: str) -> list[str]:
        return [text[: self._chance.randint(0, len(text))] for _ in range(CUTS)]


@pytest.mark.parametrize("seed", range(PROGRAMS))
def test_a_client_says_what_the_runtime_says(
    seed: int, tmp_path: Path, loopback: LoopbackServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BASE_URL", loopback.url)
    monkeypatch.setenv("LOCAL_KEY", "none")
    program = ClientProgram(Random(seed))
    with generated(tmp_path, program.source) as package:
        world = World(package, loopback, Random(seed))
        check_style(Path(package.__path__[0]))
        check_classes(package)
        texts = {name: text for name in program.answered if (text := world.text(name)) is not None}
        for name, text in texts.items():
            check_reading(world, name, text)
        for name, givers in program.takers.items():
            if all(giver in texts for giver in givers):
                check_call(world, name, [(giver, texts[giver]) for giver in givers])


@pytest.mark.timeout(300)
def test_a_strict_checker_has_nothing_to_say(tmp_path: Path) -> None:
    """Of clients and of stubs. One run for all, since it reads pydantic first."""
    for seed in range(TYPED):
        sources = tmp_path / f"project_{seed}" / "baml_src"
        sources.mkdir(parents=True)
        (sources / "main.baml").write_text(ClientProgram(Random(seed)).source, "utf-8")
        (sources.parent / "__init__.py").touch()
        assert run(["generate", str(sources)]) == 0
        assert run(["generate", str(sources), "--stubs", str(sources.parent / "typed")]) == 0
    command = [sys.executable, "-m", "mypy", "--strict", "--no-pretty", "--cache-dir", str(CACHE)]
    packages = [f"project_{seed}" for seed in range(TYPED)]
    done = subprocess.run([*command, *packages], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def check_style(folder: Path) -> None:
    for arguments in (["check", "--select", "E,F,W,I,UP,B,C4,RUF"], ["format", "--check", "--diff"]):
        command = [sys.executable, "-m", "ruff", *arguments, "--isolated", "--line-length", "120", folder.name]
        done = subprocess.run(command, cwd=folder.parent, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout


def check_classes(package: ModuleType) -> None:
    """Every class is made, and pydantic can say what it is."""
    for module in (package.types, package.partial_types):
        for name in dir(module):
            found = getattr(module, name)
            if isinstance(found, type) and issubclass(found, BaseModel) and found.__module__ == module.__name__:
                found.model_rebuild()
                assert found.model_json_schema()


def check_reading(world: World, function: str, text: str) -> None:
    kept = outcome(world.runtime.parse, function, text)
    made = outcome(getattr(world.b.parse, function), text)
    check_same(made, kept, typing.get_type_hints(getattr(world.b.parse, function))["return"])
    if not isinstance(made, Exception):
        assert pickle.loads(pickle.dumps(made)) == made
    read = getattr(world.b.parse_stream, function)
    for cut in world.cuts(text):
        part = outcome(read, cut)
        if not isinstance(part, Exception):
            kept = world.runtime.parse_partial(function, cut)
            check_same(part, kept, typing.get_type_hints(read)["return"], whole=False)


def check_call(world: World, function: str, given: list[tuple[str, str]]) -> None:
    """With arguments as generated objects, as values of a runtime, and as plain data."""
    b, runtime = world.b, world.runtime
    names = [param.name for param in runtime.program.interface.functions[function].params]
    try:
        values = [runtime.parse(giver, text) for giver, text in given]
    except bamlet.BamlValidationError:
        return
    made = [getattr(b.parse, giver)(text) for giver, text in given]
    kept = dict(zip(names, values, strict=True))
    hints = typing.get_type_hints(getattr(b, function))
    if not function.startswith("Ask"):
        check_same(getattr(b, function)(*made), runtime.call(function, kept), hints["return"])
        return
    asked = getattr(b.request, function)(*made).body.json()
    assert asked == runtime.request(function, kept).body.json()
    if (text := world.text(function)) is None:
        return
    world.answer(text, stream=False)
    world.answer(text, stream=False)
    called = outcome(runtime.call, function, kept)
    check_same(outcome(getattr(b, function), *made), called, hints["return"])
    world.answer(text, stream=True)
    check_stream(world, function, made, called)


def check_stream(world: World, function: str, made: list[Any], called: Any) -> None:
    method = getattr(world.b.stream, function)
    shown, final = typing.get_args(typing.get_type_hints(method)["return"])
    stream = method(*made, baml_options={"partials": "every"})
    partials: list[Any] = []
    ended = outcome(partials.extend, stream)
    for partial in partials:
        assert is_as_said(partial, shown), (partial, shown)
    if isinstance(ended, Exception):
        check_same(ended, called, final)
        return
    check_same(stream.get_final_response(), called, final)
    if partials:
        check_same(partials[-1], called, shown, whole=False)


def outcome(work: Any, *arguments: Any) -> Any:
    try:
        return work(*arguments)
    except bamlet.BamlError as error:
        return error


def check_same(made: Any, kept: Any, annotation: Any, *, whole: bool = True) -> None:
    if isinstance(made, Exception) or isinstance(kept, Exception):
        assert (type(made), str(made)) == (type(kept), str(kept))
        return
    assert is_as_said(made, annotation), (made, annotation)
    assert agree(made, kept, whole), (made, kept)


def is_as_said(value: Any, annotation: Any) -> bool:
    """Whether it is what an annotation says, to the last field; pydantic would be kinder."""
    if isinstance(annotation, TypeAliasType):
        meant = annotation.__value__
        said = eval(meant, vars(sys.modules[str(annotation.__module__)])) if isinstance(meant, str) else meant
        return is_as_said(value, said)
    match typing.get_origin(annotation), typing.get_args(annotation):
        case origin, members if origin in (typing.Union, UnionType):
            return any(is_as_said(value, member) for member in members)
        case typing.Literal, choices:
            return any(type(value) is type(choice) and value == choice for choice in choices)
        case origin, (item,) if origin is list:
            return type(value) is list and all(is_as_said(one, item) for one in value)
        case origin, (key, item) if origin is dict:
            pairs: Iterable[tuple[Any, Any]] = value.items() if type(value) is dict else [(None, None)]
            return all(is_as_said(name, key) and is_as_said(one, item) for name, one in pairs)
    if annotation is typing.Any:
        return True
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        fields = annotation.model_fields
        return type(value) is annotation and all(
            is_as_said(getattr(value, name), field.annotation) for name, field in fields.items()
        )
    return type(value) is (NoneType if annotation is None else annotation)


def agree(made: Any, kept: Any, whole: bool) -> bool:
    """Whether an object has what the runtime's value has; of a partial one parts may be held back."""
    if isinstance(made, Checked | StreamState):
        return agree(made.value, kept.value if isinstance(kept, (CHECKED, STREAM_STATE)) else kept, whole)
    if isinstance(kept, (CHECKED, STREAM_STATE)):
        return agree(made, kept.value, whole)
    match made:
        case None | [] if not whole:
            return True
        case BaseModel():
            names = type(made).model_fields
            return (
                isinstance(kept, Instance)
                and (type(made).__name__, tuple(names)) == (kept.__class_name__, kept.__fields__)
                and all(agree(getattr(made, name), getattr(kept, name), whole) for name in names)
            )
        case enum.Enum():
            return isinstance(kept, EnumValue) and made.value == kept.name
        case list():
            left = iter(kept if isinstance(kept, list) else [])
            same = all(any(agree(one, other, whole) for other in left) for one in made)
            return same and (len(made) == len(kept) or not whole)
        case dict():
            others = kept if isinstance(kept, dict) else {}
            named = {key.name if isinstance(key, EnumValue) else key: value for key, value in others.items()}
            same = all(
                (name := getattr(key, "value", key)) in named and agree(one, named[name], whole)
                for key, one in made.items()
            )
            return same and (len(made) == len(named) or not whole)
        case str() if isinstance(kept, EnumValue):
            return made == kept.name
        case _:
            return type(made) is type(kept) and bool(made == kept)
