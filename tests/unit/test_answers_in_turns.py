"""A long answer is read in short turns, also where one step of it is long: nobody else on the loop waits for it.

The language cannot see how long others wait, so this is Python. Work is counted, not timed.
"""

from __future__ import annotations

import asyncio
import gc
import json
import random
from collections.abc import Iterator
from typing import Any

import pytest

import bamlet
from bamlet.sap import EXACT, USUAL, PartialParser, Pauses, PlainFactory, parse, strictness
from bamlet.sap.pieces import without_pauses
from bamlet.sysops.collecting import LONGEST_SECONDS, full_ones_put_off
from bamlet.sysops.turns import in_turns
from bamlet.types import ty as types
from bamlet.types.schema import ClassSchema, Field, Schemas
from bamlet.types.ty import AliasTy, ClassTy, ListTy, MapTy, Ty
from tests.support.calls_counted import calls_between_pauses
from tests.support.scripted import HurriedClock, ScriptedTransport, streamed

PLAIN = PlainFactory()
ANY = AliasTy("Any")
POINT = ClassTy("Point")
WIDTH = 40
SCHEMAS = Schemas(
    {
        "Point": ClassSchema("Point", (Field("x", types.INT), Field("y", types.optional(types.INT)))),
        **{
            f"V{at}": ClassSchema(f"V{at}", (Field(f"a{at}", types.INT), Field("b", types.INT)))
            for at in range(WIDTH)
        },
    },
    {},
    {
        "Any": types.union(
            (types.INT, types.FLOAT, types.BOOL, types.STRING, types.NULL, ListTy(ANY), MapTy(types.STRING, ANY))
        ),
        "Wide": types.union(tuple(ClassTy(f"V{at}") for at in range(WIDTH))),
    },
)
COUNTS = MapTy(types.STRING, types.INT)
SECONDS = 60

# Each with one step that costs its whole length, unless that is done in slices.
LONG: dict[str, tuple[Ty, str]] = {
    "a list": (ListTy(types.INT), "[" + ",".join(str(at) for at in range(12_000)) + "]"),
    "a list that is refused": (ListTy(types.INT), "[" + ",".join(['"x"'] * 12_000) + "]"),
    "a map": (COUNTS, "{" + ",".join(f'"k{at}": {at}' for at in range(12_000)) + "}"),
    "a map of one key": (COUNTS, "{" + ",".join(f'"k": {at}' for at in range(12_000)) + "}"),
    "a map in a union": (
        types.union((types.INT, COUNTS, ListTy(POINT))),
        "{" + ",".join(f'"k{at}": {at}' for at in range(12_000)) + "}",
    ),
    "keys that no class knows": (
        POINT,
        '{"x": 1,' + ",".join(f'"k{at}": {at}' for at in range(12_000)) + "}",
    ),
    "such keys in a union": (
        AliasTy("Wide"),
        '{"a7": 1, "b": 2,' + ",".join(f'"k{at}": {at}' for at in range(1_000)) + "}",
    ),
    "anything": (ANY, "[" + ",".join(['{"a": [1, null]}'] * 1_500) + "]"),
}


def reading(parser: PartialParser, text: str) -> Iterator[None]:
    """As a watched stream reads what came in one piece, up to its final value."""
    for _ in parser.feeding(text, is_watched=True):
        yield from parser.settling()
        parser.partial()
        yield
    yield from parser.finishing()
    yield from parser.settling()


@pytest.mark.parametrize("name", LONG)
@pytest.mark.parametrize("exact", [False, True], ids=["text", "structured"])
def test_no_step_of_a_long_answer_holds_up_the_others(name: str, exact: bool) -> None:
    ty, text = LONG[name]
    parser = PartialParser(ty, SCHEMAS, PLAIN, policy=EXACT if exact else USUAL)
    assert max(calls_between_pauses(reading(parser, text))) < 40_000
    assert parser.partial() == parse(text, ty, SCHEMAS, PLAIN).value


def test_what_is_put_together_in_slices_is_what_it_is_at_once() -> None:
    for name, (ty, text) in LONG.items():
        parser = PartialParser(ty, SCHEMAS, PLAIN)
        for _ in reading(parser, text):
            pass
        whole = PartialParser(ty, SCHEMAS, PLAIN)
        whole.feed(text)
        parsed = whole.finish()
        assert (parser.partial(), parser.report()) == (parsed.value, parsed.report), name


def test_events_that_came_together_are_read_in_turns() -> None:
    """Each of them is short, and takes a while by its type; a consumer wants every partial."""
    variants = [f"class V{at} {{\n  a{at} int\n  b int\n}}" for at in range(WIDTH)]
    program = bamlet.compile_sources(
        {
            "main.baml": "\n".join(
                [
                    "client<llm> A {\n provider openai-generic",
                    'options {\n base_url "http://test"\n model "A"\n }\n}',
                    *variants,
                    f"type Wide = {' | '.join(f'V{at}' for at in range(WIDTH))}",
                    'function All() -> Wide[] {\n client A\n prompt #"go"#\n}',
                ]
            )
        }
    )
    deltas = ["[", *[json.dumps([{"q": at}] * 100)[1:-1] + ",\n" for at in range(12)], "]"]
    turns = 0

    async def beat() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    async def work() -> int:
        transport = ScriptedTransport({"A": streamed(*deltas)})
        async with bamlet.AsyncRuntime(program, environ={}, transport=transport) as runtime:
            stream = runtime.stream("All", partials="every")
            other: asyncio.Task[None] | None = None
            shown = 0
            async for _ in stream:
                if other is None:
                    other = asyncio.create_task(beat())
                shown += 1
            assert other is not None
            other.cancel()
            return shown

    assert asyncio.run(asyncio.wait_for(work(), SECONDS)) > 1
    assert turns > len(deltas)


# --- whether a structured answer is JSON


def _value(chance: random.Random, depth: int = 0) -> Any:
    kind = chance.random()
    if depth > 3 or kind < 0.35:
        return chance.choice([1, -2.5, "a", "x,y]", '{"q": [1', None, True, "", "a\nb"])
    if kind < 0.7:
        return [_value(chance, depth + 1) for _ in range(chance.randrange(6))]
    keys = chance.sample(["a", "b]", "c,", "d:", "e}"], chance.randrange(6))
    return {key: _value(chance, depth + 1) for key in keys}


def _broken_here_and_there(chance: random.Random) -> str:
    separators = chance.choice([(",", ":"), (", ", ": "), (" , ", " : ")])
    text = json.dumps(_value(chance), indent=chance.choice([None, 1]), separators=separators)
    for _ in range(chance.choice([0, 0, 1, 2])):
        at = chance.randrange(len(text) + 1)
        text = text[:at] + chance.choice(["", *',[]{}":1 \n']) + text[at + chance.randrange(2) :]
    return text


def test_json_is_known_piece_by_piece_as_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    looked_at = 0
    for seed in range(3_000):
        chance = random.Random(seed)
        monkeypatch.setattr(strictness, "READ_AT_ONCE", chance.choice([0, 1, 3, 8, 20]))
        text = _broken_here_and_there(chance)
        parser = PartialParser(ANY, SCHEMAS, PLAIN)
        parser.feed(text)
        without_pauses(parser._read().extractor.finishing())
        for candidate in parser._read().extractor.candidates:
            looked_at += 1
            root = candidate.root
            try:
                json.loads(text[root.start : root.end], strict=False)
                expected = True
            except ValueError:
                expected = False
            assert without_pauses(strictness.is_json(root, text)) == expected, text
    assert looked_at > 1_500


# --- collections that are put off


@pytest.fixture
def thresholds() -> Iterator[tuple[int, int, int]]:
    before = gc.get_threshold()
    gc.set_threshold(700, 10, 10)
    yield gc.get_threshold()
    gc.set_threshold(*before)


def test_full_collections_wait_until_the_last_reading_ends(thresholds: tuple[int, int, int]) -> None:
    first, second = full_ones_put_off(0.0), full_ones_put_off(1.0)
    first.__enter__()
    second.__enter__()
    assert gc.get_threshold()[:2] == thresholds[:2]
    assert gc.get_threshold()[2] > 1_000_000
    first.__exit__(None, None, None)
    assert gc.get_threshold()[2] > 1_000_000
    second.__exit__(None, None, None)
    assert gc.get_threshold() == thresholds


def test_they_are_not_put_off_for_ever(thresholds: tuple[int, int, int]) -> None:
    readings = [full_ones_put_off(at) for at in (0.0, LONGEST_SECONDS / 2, LONGEST_SECONDS + 1)]
    for reading_on in readings:
        reading_on.__enter__()
    assert gc.get_threshold() == thresholds
    for reading_on in readings:
        reading_on.__exit__(None, None, None)
    with full_ones_put_off(LONGEST_SECONDS + 2):
        assert gc.get_threshold() != thresholds
    assert gc.get_threshold() == thresholds


def test_thresholds_that_a_host_sets_meanwhile_stay(thresholds: tuple[int, int, int]) -> None:
    with full_ones_put_off(0.0):
        gc.set_threshold(5_000, 20, 20)
    assert gc.get_threshold() == (5_000, 20, 20)


def test_a_long_answer_that_is_stopped_leaves_them_as_they_were(thresholds: tuple[int, int, int]) -> None:
    async def stopped() -> None:
        has_begun = asyncio.Event()
        seen: list[int] = []

        def endless() -> Pauses[None]:
            while True:
                seen.append(gc.get_threshold()[2])
                if len(seen) == 3:
                    has_begun.set()
                yield

        task = asyncio.ensure_future(in_turns(endless(), HurriedClock()))
        await has_begun.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert max(seen) > 1_000_000

    asyncio.run(asyncio.wait_for(stopped(), SECONDS))
    assert gc.get_threshold() == thresholds
