"""What was found when answers were attacked: values that vanish, time that runs away, partials taken back.

Work is counted where it can be; the event loop and its deadlines are asked for real.
"""

from __future__ import annotations

import asyncio
import gc
import random
import time
from collections.abc import Coroutine
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import bamlet
from bamlet.providers.structured_answer import Unwrapping
from bamlet.sap import NOTHING, ParseFailure, PartialParser, PlainFactory, parse
from bamlet.sap.coerce import Coercer
from bamlet.sap.growing import LONG_TEXT, Lists, Maps, Texts
from bamlet.sysops.changes import changes_between
from bamlet.sysops.turns import in_turns
from bamlet.types import ty as types
from bamlet.types.schema import ClassSchema, EnumMember, EnumSchema, Field, Schemas
from bamlet.types.ty import AliasTy, ClassTy, EnumTy, ListTy, MapTy, Ty
from tests.growth import breaks
from tests.strategies.answers import Answers
from tests.support.scripted import HurriedClock, Reply, ScriptedTransport, said, streamed

PLAIN = PlainFactory()
ANY = AliasTy("Any")
NESTED = AliasTy("Nested")
POINT = ClassTy("Point")
SCHEMAS = Schemas(
    {
        "Point": ClassSchema("Point", (Field("x", types.INT), Field("y", types.INT))),
        "Box": ClassSchema("Box", (Field("point", POINT), Field("n", types.INT))),
        "Bare": ClassSchema("Bare", (Field("k", types.STRING), Field("m", types.INT))),
        "Left": ClassSchema("Left", (Field("kid", AliasTy("Side")), Field("l", types.INT))),
        "Right": ClassSchema("Right", (Field("kid", AliasTy("Side")), Field("r", types.INT))),
    },
    {"City": EnumSchema("City", (EnumMember("A", alias="Gießen"), EnumMember("B", alias="Ærø")))},
    {
        "Any": types.union(
            (types.INT, types.FLOAT, types.BOOL, types.STRING, types.NULL, ListTy(ANY), MapTy(types.STRING, ANY))
        ),
        "Nested": types.union((types.INT, types.STRING, ListTy(NESTED))),
        "Side": types.union((ClassTy("Left"), ClassTy("Right"))),
    },
)
PROGRAM = """
client<llm> A {
  provider openai-generic
  options {
    base_url "http://test"
    model "A"
  }
}
type Nested = int | string | Nested[]
function Nest() -> Nested {
  client A
  prompt #"go"#
}
function Count() -> map<string, int> {
  client A
  prompt #"go"#
}
"""
SECONDS = 60
LONG = "[" + ",".join(["[" * 90 + "1" + "]" * 90] * 2_500) + "]"  # takes seconds to read


# --- A5: the deadline is kept while an answer is read


def with_deadline(reply: Reply, *, stream: bool) -> tuple[int, float]:
    """How often another task had its turn until the deadline had ended the call, and after how many seconds."""
    program = bamlet.compile_sources({"main.baml": PROGRAM})
    turns = 0

    async def beat() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0.001)

    async def work() -> float:
        # A first call, since what it imports would take the time that is measured.
        transport = ScriptedTransport({"A": [streamed("[1]") if stream else said("[1]"), reply]})
        async with bamlet.AsyncRuntime(program, environ={}, transport=transport) as runtime:
            no_deadline = bamlet.CallContext()
            await (looked_at(runtime, no_deadline) if stream else runtime.call("Nest", context=no_deadline))
            context = bamlet.CallContext(deadline=0.3)
            other = asyncio.create_task(beat())
            began = time.monotonic()
            call = looked_at(runtime, context) if stream else runtime.call("Nest", context=context)
            with pytest.raises(bamlet.BamlTimeoutError, match="deadline of 300 ms"):
                await call
            other.cancel()
            assert runtime.handles.open_count == 0
            return time.monotonic() - began

    return (taken := asyncio.run(limited(work())), turns)[1], taken


async def looked_at(runtime: bamlet.AsyncRuntime, context: bamlet.CallContext) -> None:
    async for _ in runtime.stream("Nest", context=context):
        pass


def limited(work: Coroutine[Any, Any, Any]) -> Coroutine[Any, Any, Any]:
    return asyncio.wait_for(work, SECONDS)


@pytest.mark.parametrize("stream", [False, True], ids=["call", "stream"])
def test_a_deadline_ends_the_reading_of_a_long_answer(stream: bool) -> None:
    turns, taken = with_deadline(streamed(LONG) if stream else said(LONG), stream=stream)
    assert turns > 2  # without pauses none is left to the other task
    assert taken < 4  # reading all of it takes three times as long where this takes a third of a second


def test_a_call_that_is_cancelled_stops_reading() -> None:
    program = bamlet.compile_sources({"main.baml": PROGRAM})

    async def work() -> float:
        transport = ScriptedTransport({"A": said(LONG)})
        async with bamlet.AsyncRuntime(program, environ={}, transport=transport) as runtime:
            call = asyncio.ensure_future(runtime.call("Nest"))
            await asyncio.sleep(0.2)
            assert not call.done()
            began = time.monotonic()
            call.cancel()
            with pytest.raises(asyncio.CancelledError):
                await call
            return time.monotonic() - began

    assert asyncio.run(limited(work())) < 1


def test_pauses_come_at_short_distances() -> None:
    """Counted: between two pauses lies the coercion of some thousand characters, whatever is left for the end."""
    text = "[" + ",".join(['[[1, [2]], "a", {}]'] * 4_000) + "]"
    parser = PartialParser(ANY, SCHEMAS, PLAIN)
    pieces = [len(list(parser.feeding(text)))]
    memo = parser._read().final._memo
    known = [0, *(len(memo) for _ in parser.finishing())]
    counts = [after - before for before, after in pairwise(known)]
    assert parser.partial() == parse(text, ANY, SCHEMAS, PLAIN).value
    assert pieces[0] > len(text) / 4_096
    assert len(counts) > len(text) / 8_192
    assert max(counts) < 8_192


@pytest.mark.parametrize(
    ("text", "ty"),
    [
        ("[" + ",".join(["1"] * 4_000) + "]", ListTy(types.INT)),
        ("[" + ",".join(['{"x": 1, "y": [2, "a"]}'] * 200) + "]", ListTy(ANY)),
        ("{" + ",".join(f'"k{at}": 1' for at in range(4_000)) + "}", MapTy(types.STRING, types.INT)),
    ],
    ids=["many short values", "a wide union", "a map"],
)
def test_pauses_count_what_is_done_and_not_what_is_long(text: str, ty: Ty) -> None:
    parser = PartialParser(ty, SCHEMAS, PLAIN)
    for _ in parser.feeding(text):
        pass
    memo = parser._read().final._memo
    known = [0, *(len(memo) for _ in parser.finishing()), len(memo)]
    assert max(after - before for before, after in pairwise(known)) < 1_024


def test_a_report_of_many_losses_is_made_with_pauses() -> None:
    text = "{" + ",".join('"k": 1' for _ in range(4_000)) + "}"
    parser = PartialParser(MapTy(types.STRING, types.INT), SCHEMAS, PLAIN)
    for _ in parser.feeding(text):
        pass
    pauses = parser.finishing()
    settled = sum(1 for _ in pauses if parser._read().final.pairs > 4_000)
    assert len(parser.report().entries) == 3_999
    assert settled > 10


def test_pauses_change_nothing() -> None:
    async def in_pauses(text: str, answers: Answers) -> Any:
        parser = PartialParser(answers.ty, answers.schemas, PLAIN)
        await in_turns(parser.feeding(text), HurriedClock())
        try:
            return await in_turns(parser.finishing(), HurriedClock())
        except ParseFailure as failure:
            return failure.issues

    for seed in range(60):
        answers = Answers(random.Random(seed))
        text = "\n\n".join(answers.broken() for _ in range(40))
        try:
            expected: Any = parse(text, answers.ty, answers.schemas, PLAIN)
        except ParseFailure as failure:
            expected = failure.issues
        assert asyncio.run(limited(in_pauses(text, answers))) == expected


RECURSIVE = [
    "[" * 90 + "]" * 90,
    "[1," * 90 + "2" + "]" * 90,
    '["a",' * 90 + '"b"' + "]" * 90,
    "[null," * 90 + "null" + "]" * 90,
    '{"a":' * 90 + "1" + "}" * 90,
]


@pytest.mark.parametrize("unit", RECURSIVE, ids=lambda unit: unit[:8])
@pytest.mark.parametrize("ty", [ANY, NESTED], ids=["any", "nested"])
def test_nesting_does_not_multiply_the_work(unit: str, ty: Ty) -> None:
    """Twice the answer is twice the work, and a node is looked at as each type once."""
    counts = [coercions("[" + ",".join([unit] * copies) + "]", ty) for copies in (10, 20)]
    assert counts[1] < 2.1 * counts[0]
    assert counts[0] < 16 * 10 * len(unit)


def coercions(text: str, ty: Ty) -> int:
    count = 0
    coerce_now = Coercer._coerce_now

    def counted(self: Coercer, node: Any, target: Any) -> Any:
        nonlocal count
        count += 1
        return coerce_now(self, node, target)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Coercer, "_coerce_now", counted)
        parse(text, ty, SCHEMAS, PLAIN)
    return count


def test_the_reason_of_a_failure_does_not_double_with_each_level() -> None:
    with pytest.raises(ParseFailure) as caught:
        parse('{"kid":' * 60 + "1" + "}" * 60, AliasTy("Side"), SCHEMAS, PLAIN)
    assert len(str(caught.value)) < 4_000


# --- A6: nothing without a report

LOST: list[tuple[str, Ty, Any, str]] = [
    ('{"x": 1, "y": 2}\nCorrection: {"x": 3, "y": 4}', POINT, {"x": 1, "y": 2}, "another value"),
    ('```json\n{"x": 1, "y": 2}\n```\n```json\n{"x": 3, "y": 4}\n```', POINT, {"x": 1, "y": 2}, "another value"),
    ("[1, 2] and [3]", ListTy(types.INT), [1, 2], "another value"),
    ('[{"x": 1, "y": 2}] {"x": 3, "y": 4}', ListTy(POINT), [{"x": 1, "y": 2}], "another value"),
    ('{"a": 1, "b": 2, "a": 3}', MapTy(types.STRING, types.INT), {"a": 3, "b": 2}, "the key comes again"),
    ("1e400", types.FLOAT, float("inf"), "too large for a float"),
    ("[-1e400]", ListTy(types.FLOAT), [float("-inf")], "too large for a float"),
    ("1e-400", types.FLOAT, 0.0, "too small for a float"),
    ("9007199254740993", types.FLOAT, 9007199254740992.0, "more digits than a float has"),
    ("12345678901234567890.6", types.INT, 12345678901234567891, "rounded to"),
    ("about 2.6", types.INT, 3, "rounded to 3"),
    ('{"n": "1,2,3"}', MapTy(types.STRING, types.INT), {"n": 123}, "commas that group no thousands"),
    ('["1,2,3"]', ListTy(types.INT), [123], "commas that group no thousands"),
    ('["[1,2]"]', ListTy(types.INT), [12], "commas that group no thousands"),
    ("it is 3,14", types.FLOAT, 314.0, "commas that group no thousands"),
    ("0,123", types.FLOAT, 123.0, "commas that group no thousands"),
    ("1234,567", types.INT, 1234567, "commas that group no thousands"),
    ("$1.5k", types.FLOAT, 1.5, "times k"),
    ("about 3 million people", types.INT, 3, "times million"),
    ("$" + "9" * 400, types.FLOAT, float("inf"), "too large for a float"),
    ('["a\\ud83d", "b"]', ListTy(types.STRING), ["a�", "b"], "half of a surrogate pair"),
    ('["\\ude00\\ud83d"]', ListTy(types.STRING), ["��"], "half of a surrogate pair"),
    ('{"k\\ud83d": 1}', MapTy(types.STRING, types.INT), {"k�": 1}, "half of a surrogate pair"),
    ('"half \\ud83d"', types.union((types.STRING, types.INT)), "half �", "half of a surrogate pair"),
]


@pytest.mark.parametrize(("text", "ty", "value", "reason"), LOST, ids=[text[:20] for text, *_ in LOST])
def test_what_is_lost_is_told_and_strict_refuses_it(text: str, ty: Ty, value: Any, reason: str) -> None:
    parsed = parse(text, ty, SCHEMAS, PLAIN)
    assert parsed.value == value
    losses = [entry for entry in parsed.report.losses if entry.reason.startswith(reason)]
    assert losses
    assert all(text[entry.start : entry.end] == entry.raw != "" for entry in losses)
    with pytest.raises(ParseFailure, match=reason):
        parse(text, ty, SCHEMAS, PLAIN, strict=True)


EXACT: list[tuple[str, Ty, Any]] = [
    ("9007199254740993.0", types.INT, 9007199254740993),
    ("[9007199254740993.0]", ListTy(types.INT), [9007199254740993]),
    ("1e23", types.INT, 10**23),
    ("123456789012345678901234567890/3", types.INT, 41152263004115226300411522630),
    ("0e-400", types.FLOAT, 0.0),
    ('{"x": 1, "y": 2} {"x": 3, "y": 4}', ListTy(POINT), [{"x": 1, "y": 2}, {"x": 3, "y": 4}]),
    ("$1,234,567.8", types.FLOAT, 1234567.8),
    ("1,23,45,678", types.INT, 12345678),
    ("7 kB", types.INT, 7),
    ('["\\ud83d\\ude00 \\ufffd"]', ListTy(types.STRING), ["😀 �"]),
    ('"\\ud83d\\ude00 \\ufffd"', types.union((types.STRING, types.INT)), "😀 �"),
]


@pytest.mark.parametrize(("text", "ty", "value"), EXACT, ids=[text[:20] for text, *_ in EXACT])
def test_what_is_exact_is_no_loss(text: str, ty: Ty, value: Any) -> None:
    assert parse(text, ty, SCHEMAS, PLAIN, strict=True).value == value


def test_half_of_a_pair_is_told_alike_however_the_text_was_cut() -> None:
    text = '{"k\\ud83d": ["a\\ud83d\\ude00", "\\ud83d\\ud83d\\ude00", "\\ude00"], "z": ["\\ud83d", "\\ud83d'
    ty = MapTy(types.STRING, ListTy(types.STRING))
    whole = parse(text, ty, SCHEMAS, PLAIN)
    assert whole.value == {"k�": ["a😀", "�😀", "�"], "z": ["�", "�"]}
    torn = [entry.path for entry in whole.report.coerced]
    assert torn == ['$["k�"]', '$["k�"][1]', '$["k�"][2]', "$.z[0]", "$.z[1]"]
    slowly = PartialParser(ty, SCHEMAS, PLAIN)
    for cut in range(1, len(text)):
        slowly.feed(text[cut - 1])
        parser = PartialParser(ty, SCHEMAS, PLAIN)
        parser.feed(text[:cut])
        assert parser.report() == slowly.report()
        parser.feed(text[cut:])
        assert parser.finish() == whole


def test_half_of_a_pair_in_a_key_without_a_value_is_told_as_such() -> None:
    report = parse('{"k\\ud83d"}', MapTy(types.STRING, types.INT), SCHEMAS, PLAIN).report
    assert [str(entry) for entry in report.entries] == ['ignored $["k�"]: a key without a value']


def test_a_value_before_the_taken_one_is_in_the_report() -> None:
    report = parse('Not {"x": 1}, but {"x": 1, "y": 2}', POINT, SCHEMAS, PLAIN, strict=True).report
    assert [(entry.kind, entry.raw) for entry in report.entries] == [("ignored", '{"x": 1}')]


def test_null_for_what_was_said_is_the_last_resort() -> None:
    ty = types.optional(MapTy(types.STRING, types.INT))
    assert parse('So: {"a": 1, "b": "x", "c": "y"}.', ty, SCHEMAS, PLAIN).value == {"a": 1}


# --- A8: partials that are taken back are marked


@given(st.randoms(use_true_random=False))
@settings(max_examples=300, deadline=None)
def test_every_partial_continues_the_one_before_or_is_marked(chance: random.Random) -> None:
    answers = Answers(chance, attributes=chance.random() < 0.5)
    text = answers.broken() if chance.random() < 0.8 else answers.written(answers.value())
    parser = PartialParser(answers.ty, answers.schemas, PLAIN, skeleton=chance.random() < 0.2)
    size = chance.choice([1, 1, 3, 9])
    shown = [(parser.partial(), parser.era)]
    for at in range(0, len(text), size):
        parser.feed(text[at : at + size])
        shown.append((parser.partial(), parser.era))
        assert parser.replaced or shown[-1][1] == shown[-2][1]
    try:
        parser.finish()
        shown.append((parser.partial(), parser.era))
    except ParseFailure:
        pass
    seen = [(value, era) for value, era in shown if value is not NOTHING]
    for (earlier, era), (later, new_era) in pairwise(seen):
        if era == new_era:
            assert list(breaks([earlier, later])) == []


TAKEN_BACK: list[tuple[str, Ty]] = [
    ('[{"x": 1, "y": 2}, {"x": 3, "y": "no"}, ', ListTy(POINT)),
    ('{"a": {"x": 1}, ', MapTy(types.STRING, POINT)),
    ('{"a": "one", "a": "two", ', MapTy(types.STRING, types.STRING)),
]


@pytest.mark.parametrize(("text", "ty"), TAKEN_BACK, ids=["item", "entry", "repeated key"])
def test_what_vanishes_at_its_end_is_marked_once(text: str, ty: Ty) -> None:
    parser = PartialParser(ty, SCHEMAS, PLAIN)
    marks = 0
    for char in text:
        parser.feed(char)
        parser.partial()
        marks = parser.era
    assert marks == 1


# What was looked at, and what came then, which nobody looked at before the end.
TAKEN_BACK_AT_THE_END: list[tuple[str, str, Ty, Any, Any]] = [
    ("00.{]", "", types.union((types.FLOAT, POINT)), {"x": None, "y": None}, 0.0),
    ('```{"', "", types.union((POINT, types.STRING)), {"x": None, "y": None}, '```{"'),
    ("{}'", "", ListTy(ANY), [{}], ["{}'"]),
    ('{"k": ["a"], ', "k: [", MapTy(types.STRING, ANY), {"k": ["a"]}, {"k": []}),
]


@pytest.mark.parametrize(("text", "rest", "ty", "shown", "value"), TAKEN_BACK_AT_THE_END)
def test_what_the_end_of_the_text_takes_back_is_marked(
    text: str, rest: str, ty: Ty, shown: Any, value: Any
) -> None:
    parser = PartialParser(ty, SCHEMAS, PLAIN)
    parser.feed(text)
    assert parser.partial() == shown
    era = parser.era
    parser.feed(rest)
    assert parser.finish().value == value
    assert (parser.partial(), parser.replaced, parser.era) == (value, True, era + 1)


def test_what_goes_on_at_the_end_of_the_text_is_not_marked() -> None:
    parser = PartialParser(MapTy(types.STRING, types.INT), SCHEMAS, PLAIN)
    parser.feed('{"k": 1, "k": [')  # no number: the first entry stays
    assert parser.partial() == {"k": 1}
    assert parser.finish().value == {"k": 1}
    assert (parser.partial(), parser.replaced) == ({"k": 1}, False)


# --- A12: linear


def test_blanks_before_a_structured_answer_are_passed_on() -> None:
    """Whoever counts blanks sees them, and they are not looked at again."""
    unwrapping = Unwrapping()
    assert "".join(unwrapping.feed(" ") for _ in range(5_000)) == " " * 5_000
    assert unwrapping._begun == ""
    assert unwrapping.feed('{"baml_answer": [1]') == "[1]"
    assert unwrapping.feed("}") == ""
    assert "".join(unwrapping.feed("\n") for _ in range(5_000)) == "\n" * 5_000


def test_blanks_within_the_head_are_not_kept_for_ever() -> None:
    unwrapping = Unwrapping()
    shown = [unwrapping.feed(piece) for piece in ["{", *[" "] * 5_000]]
    assert "".join(shown) == "{" + " " * 5_000
    assert shown[-1] == " "


def copied_items(count: int, held: int) -> int:
    """How many items are put into copies of a growing map and list, of which some are held for a while."""
    queue: list[Any] = []
    maps, lists, copied = Maps(), Lists(), 0
    growing_map: dict[object, object] = {}
    growing_list: list[object] = []
    for number in range(count):
        growing_map[number] = number
        growing_list.append(number)
        before = {id(copy): size for copy, size in [*maps._kept, *lists._kept]}
        for copy in (maps.copy_of(growing_map, 0), lists.copy_of(growing_list)):
            assert len(copy) == number + 1
            copied += number + 1 - before.get(id(copy), 0)
            queue.append(copy)
        if len(queue) > 2 * held:
            queue.clear()
    return copied


@pytest.mark.parametrize("held", [1, 64], ids=["latest", "every"])
def test_snapshots_of_a_long_list_or_map_cost_what_is_new(held: int) -> None:
    assert copied_items(4_000, held) < 2.6 * copied_items(2_000, held)


@pytest.mark.parametrize("held", [1, 64], ids=["latest", "every"])
def test_snapshots_of_a_long_text_are_extended_and_not_copied(held: int) -> None:
    texts, copies = Texts(), 0
    text = "x" * LONG_TEXT
    queue: list[str] = []
    for number in range(2_000):
        before = len(texts._kept)
        text = texts.grown(text, chr(97 + number % 26))
        copies += len(texts._kept) > before
        queue.append(text)
        if len(queue) > held:
            assert len(set(map(len, queue))) == len(queue)
            queue.clear()
    assert text == "x" * LONG_TEXT + "".join(chr(97 + number % 26) for number in range(2_000))
    assert copies <= held + 3


def test_a_text_that_somebody_holds_never_changes() -> None:
    parser = PartialParser(MapTy(types.STRING, types.STRING), SCHEMAS, PLAIN)
    parser.feed('{"a": "' + "é" * LONG_TEXT)
    chance = random.Random(3)
    held: list[tuple[Any, int]] = []
    for number in range(600):
        parser.feed("日x")
        shown: Any = parser.partial()
        if chance.random() < 0.3:
            held.append((shown, number + 1))
        if chance.random() < 0.02:
            held.clear()
        for value, pieces in held[-3:]:
            assert value["a"] == "é" * LONG_TEXT + "日x" * pieces
    parser.feed('"}')
    assert parser.finish().value == {"a": "é" * LONG_TEXT + "日x" * 600}


def test_a_map_that_somebody_holds_never_changes() -> None:
    parser = PartialParser(MapTy(types.STRING, types.INT), SCHEMAS, PLAIN)
    parser.feed("{")
    chance = random.Random(1)
    held: list[tuple[Any, dict[str, int]]] = []
    expected: dict[str, int] = {}
    for number in range(600):
        key = f"k{chance.randrange(number + 1) if number % 50 == 49 else number}"
        expected[key] = number
        parser.feed(f'"{key}": {number},\n')
        shown: Any = parser.partial()
        assert shown == expected
        if chance.random() < 0.2:
            held.append((shown, dict(expected)))
        del shown
        if chance.random() < 0.05:
            held.clear()
    assert all(snapshot == copy for snapshot, copy in held)


class _Counted(dict[str, int]):
    looked = 0

    def __contains__(self, key: object) -> bool:
        _Counted.looked += 1
        return super().__contains__(key)

    def __getitem__(self, key: str) -> int:
        _Counted.looked += 1
        return super().__getitem__(key)


def test_changes_of_a_long_map_cost_what_is_new() -> None:
    before = _Counted((f"k{number}", number) for number in range(5_000))
    after = _Counted({**before, "new": 1, "newer": 2})
    _Counted.looked = 0
    changes = changes_between(before, after)
    assert [(change.op, change.path) for change in changes] == [("add", ("new",)), ("add", ("newer",))]
    assert _Counted.looked < 16


@pytest.mark.parametrize("view", ["partial", "changes", "skeleton"])
def test_every_partial_of_a_long_map_in_each_view(view: str) -> None:
    """All of them arrive, and the time of four times as many is about four times as long."""
    program = bamlet.compile_sources({"main.baml": PROGRAM})

    def seconds(count: int) -> float:
        pieces = ["{", *(f'"k{number}": {number},\n' for number in range(count)), "}"]

        async def work() -> float:
            transport = ScriptedTransport({"A": streamed(*pieces)})
            async with bamlet.AsyncRuntime(program, environ={}, transport=transport) as runtime:
                kind: Any = "skeleton" if view == "skeleton" else "partial"
                stream = runtime.stream("Count", partials="every", view=kind)
                began = time.process_time()
                shown = 0
                async for _ in stream.changes() if view == "changes" else stream:
                    shown += 1
                assert len(await stream.final()) == count
                assert shown >= count - 1
                return time.process_time() - began

        taken: float = asyncio.run(limited(work()))
        return taken

    # What other tests have left in this process takes the collector longer than what is measured.
    gc.disable()
    try:
        assert min(seconds(6_000) for _ in range(2)) < 9 * min(seconds(1_500) for _ in range(3))
    finally:
        gc.enable()


# --- B12: as BAML does


def shown_after(text: str, ty: Ty) -> Any:
    parser = PartialParser(ty, SCHEMAS, PLAIN)
    parser.feed(text)
    return parser.partial()


def test_a_closed_class_with_a_null_field_stays_in_partials() -> None:
    assert shown_after('{"point": {"x": null, "y": 2}, ', ClassTy("Box")) == {
        "point": {"x": None, "y": 2},
        "n": None,
    }
    assert shown_after('[{"x": null, "y": 2}, ', ListTy(POINT)) == [{"x": None, "y": 2}]


@pytest.mark.parametrize("value", ["f(a, b)", "rows[0, 1] of it", "f(a, g(b, c), d)"])
def test_brackets_in_a_bare_value_do_not_end_it_at_a_comma(value: str) -> None:
    assert parse(f"{{k: {value}, m: 2}}", ClassTy("Bare"), SCHEMAS, PLAIN).value == {"k": value, "m": 2}


def test_a_bracket_that_nothing_closes_does_not_take_the_next_key() -> None:
    assert parse('{k: so sad :(, "m": 2}', ClassTy("Bare"), SCHEMAS, PLAIN).value == {"k": "so sad :(", "m": 2}


@pytest.mark.parametrize(("text", "name"), [("giessen", "A"), ("GIESSEN", "A"), ("aero", "B")])
def test_ligatures_match_their_letters(text: str, name: str) -> None:
    assert parse(text, EnumTy("City"), SCHEMAS, PLAIN).value == name


def test_an_item_is_shown_at_its_first_key() -> None:
    assert shown_after('[{"x"', ListTy(POINT)) == []
    assert shown_after('[{"x":', ListTy(POINT)) == [{"x": None, "y": None}]
    assert shown_after('[{"unknown":', ListTy(POINT)) == []
