"""What holds for every text that a parser is fed: by cuts, by prefixes, by noise around it."""

from __future__ import annotations

import copy
import json
import random
from itertools import pairwise
from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st

from bamlet.sap import NOTHING, Limits, ParseFailure, PartialParser, PlainFactory, parse
from bamlet.sap.automaton import Automaton
from bamlet.sap.extractor import Extractor
from bamlet.sap.quotes import WINDOW
from bamlet.types import ty as types
from bamlet.types.schema import ClassSchema, EnumMember, EnumSchema, Field, Schemas
from bamlet.types.ty import AliasTy, AnnotatedTy, ClassTy, EnumTy, ListTy, MapTy, Ty, TypeAttributes
from tests.growth import breaks
from tests.strategies.answers import Answers

PLAIN = PlainFactory()
ANY = AliasTy("Any")
LEAF = ClassTy("Leaf")
SCHEMAS = Schemas(
    classes={
        "Leaf": ClassSchema(
            "Leaf",
            (
                Field("s", types.STRING),
                Field("n", types.INT),
                Field("f", types.optional(types.FLOAT)),
                Field("tags", ListTy(types.STRING)),
            ),
        ),
        "Root": ClassSchema(
            "Root",
            (
                Field("title", types.STRING),
                Field("leaf", types.optional(LEAF)),
                Field("leaves", ListTy(LEAF)),
                Field("by", MapTy(types.STRING, LEAF)),
                Field("mood", EnumTy("Mood")),
                Field("kind", types.union((types.literal("slow"), types.literal("fast")))),
                Field("either", types.union((types.INT, types.STRING))),
            ),
        ),
        "Marked": ClassSchema(
            "Marked",
            (
                Field("n", AnnotatedTy(types.INT, TypeAttributes(stream_not_null=True))),
                Field("s", AnnotatedTy(types.STRING, TypeAttributes(stream_with_state=True))),
                Field("tags", AnnotatedTy(ListTy(types.STRING), TypeAttributes(stream_done=True))),
            ),
        ),
        "Slow": ClassSchema("Slow", (Field("s", types.literal("slow")), Field("n", types.INT))),
        "Fast": ClassSchema("Fast", (Field("s", types.literal("fast")), Field("a", ClassTy("Leaf")))),
    },
    enums={"Mood": EnumSchema("Mood", (EnumMember("HAPPY"), EnumMember("SAD")))},
    aliases={
        "Any": types.union(
            (types.INT, types.FLOAT, types.BOOL, types.STRING, types.NULL, ListTy(ANY), MapTy(types.STRING, ANY))
        )
    },
)
ROOT = ClassTy("Root")
TARGETS: list[Ty] = [
    ROOT,
    ANY,
    types.STRING,
    types.INT,
    types.optional(LEAF),
    types.union((types.INT, types.STRING)),
    types.union((ClassTy("Slow"), ClassTy("Fast"), types.STRING)),
    ListTy(LEAF),
    ListTy(types.STRING),
    ListTy(ClassTy("Marked")),
    MapTy(types.STRING, types.INT),
]

integers = st.integers(-(10**12), 10**12)
floats = st.floats(-1e9, 1e9).filter(lambda number: number != int(number))
strings = st.text(max_size=12)
leaves = st.fixed_dictionaries(
    {"s": strings, "n": integers, "f": st.none() | floats, "tags": st.lists(strings, max_size=3)}
)
roots = st.fixed_dictionaries(
    {
        "title": strings,
        "leaf": st.none() | leaves,
        "leaves": st.lists(leaves, max_size=3),
        "by": st.dictionaries(st.text("abc", min_size=1, max_size=3), leaves, max_size=3),
        "mood": st.sampled_from(["HAPPY", "SAD"]),
        "kind": st.sampled_from(["slow", "fast"]),
        "either": integers | strings,
    }
)
json_values = st.recursive(
    st.none() | st.booleans() | integers | floats | strings,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(strings, inner, max_size=4),
    max_leaves=12,
)
layouts: st.SearchStrategy[dict[str, Any]] = st.sampled_from(
    [
        {},
        {"separators": (",", ":")},
        {"indent": 2},
        {"ensure_ascii": False},
        {"separators": (" ,\n", " :\t"), "ensure_ascii": False},
    ]
)
ODD_PIECES = [
    "{",
    "}",
    "[",
    "]",
    '"',
    "'",
    "`",
    ",",
    ":",
    "\\",
    "\n",
    " ",
    "#",
    "//",
    "/*",
    "*/",
    "```",
    "\\u00e9",
]
WORDS = [
    "a",
    "s",
    "n",
    "title",
    "leaves",
    "tags",
    "12",
    "1,",
    "-",
    "true",
    "null",
    "é",
    "<think>",
    "</think>",
    "=",
]
PHRASES = [
    '"s": ',
    '"n": 1',
    '"s": "slow"',
    '", ',
    '",',
    '"}',
    '"]',
    '"""',
    "=>",
    "1,234",
    "<",
    '{"n": 1}',
    '"a" "b"',
]
LINES = ["\n```json\n", "\n```\n", "\r\n", "\\ud83e", "\\udd9c", "\t", "None", "NaN", "("]
odd_texts = st.lists(st.sampled_from(ODD_PIECES + WORDS + PHRASES + LINES), max_size=40).map("".join)


@st.composite
def documents(draw: st.DrawFn) -> tuple[Any, str]:
    value = draw(roots)
    return value, json.dumps(value, **draw(layouts))


@given(odd_texts | documents().map(lambda pair: pair[1]), st.sampled_from(TARGETS), st.data())
@settings(max_examples=150, deadline=None)
def test_cuts_do_not_matter(text: str, ty: Ty, data: st.DataObject) -> None:
    by_character = snapshots(text, ty)
    parser = PartialParser(ty, SCHEMAS, PLAIN)
    at = 0
    while at < len(text):
        size = data.draw(st.integers(1, 9))
        parser.feed(text[at : at + size])
        at = min(len(text), at + size)
        assert parser.partial() == by_character[at]


@given(odd_texts, st.sampled_from(TARGETS))
@example("```{x", ROOT)  # half a fence is no prose before a brace
@settings(max_examples=150, deadline=None)
def test_whole_and_streamed_agree(text: str, ty: Ty) -> None:
    assert outcome(text, ty, 1) == outcome(text, ty, 5) == outcome(text, ty, len(text) + 1)


@given(documents())
@settings(deadline=None)
def test_the_last_partial_is_the_value(document: tuple[Any, str]) -> None:
    value, text = document
    parser = PartialParser(ROOT, SCHEMAS, PLAIN)
    parser.feed(text)
    last = parser.partial()
    assert last == parser.finish().value == value


@given(documents())
@settings(deadline=None)
def test_what_is_shown_only_grows(document: tuple[Any, str]) -> None:
    shown = [value for value in snapshots(document[1], ROOT) if value is not NOTHING]
    for earlier, later in pairwise(shown):
        assert_grows(earlier, later)


@given(documents())
@settings(deadline=None)
def test_numbers_enums_and_literals_are_final_when_shown(document: tuple[Any, str]) -> None:
    value, text = document
    for shown in snapshots(text, ROOT):
        assert shown["mood"] in (None, value["mood"])
        assert shown["kind"] in (None, value["kind"])
        for leaf, final in zip(shown["leaves"], value["leaves"], strict=False):
            assert leaf["n"] in (None, final["n"])
            assert leaf["f"] in (None, final["f"])


@given(st.lists(leaves, max_size=4), layouts)
@settings(deadline=None)
def test_finished_items_are_shared_and_snapshots_never_change(items: list[Any], layout: dict[str, Any]) -> None:
    parser = PartialParser(ListTy(LEAF), SCHEMAS, PLAIN)
    seen: list[tuple[Any, Any]] = []
    finished: list[Any] = []
    for char in json.dumps(items, **layout):
        parser.feed(char)
        shown: Any = parser.partial()
        for index, item in enumerate(finished):
            assert shown[index] is item
        # An item is finished once the next one has begun.
        finished.extend(shown[len(finished) : -1])
        seen.append((shown, copy.deepcopy(shown)))
    assert all(snapshot == copied for snapshot, copied in seen)


@given(st.lists(leaves, max_size=4), layouts)
@settings(deadline=None)
def test_done_items_come_whole(items: list[Any], layout: dict[str, Any]) -> None:
    ty = ListTy(AnnotatedTy(LEAF, TypeAttributes(stream_done=True)))
    for shown in snapshots(json.dumps(items, **layout), ty):
        assert shown == items[: len(shown)]


@given(json_values, layouts)
@settings(max_examples=200, deadline=None)
def test_json_is_read_as_json(value: Any, layout: dict[str, Any]) -> None:
    text = json.dumps(value, **layout)
    assert typed(parse(text, ANY, SCHEMAS, PLAIN).value) == typed(value)


@given(st.lists(json_values, min_size=1, max_size=4), layouts)
@settings(deadline=None)
def test_a_missing_last_bracket_changes_nothing(value: list[Any], layout: dict[str, Any]) -> None:
    text = json.dumps(value, **layout)[:-1]
    parsed = parse(text, ANY, SCHEMAS, PLAIN)
    assert typed(parsed.value) == typed(value)
    assert parsed.report.truncated


@given(
    documents(), st.sampled_from(["", "Sure, here it is:\n", "I'm done. ", "\n\n"]), st.booleans(), st.booleans()
)
@settings(deadline=None)
def test_noise_around_changes_nothing(document: tuple[Any, str], prose: str, fenced: bool, thought: bool) -> None:
    value, text = document
    if fenced:
        text = f"\n```json\n{text}\n```\n"
    if thought:
        text = f'<think>maybe {{"title": "no"}}?</think>{text}'
    assert parse(prose + text + "\nHope it helps!", ROOT, SCHEMAS, PLAIN).value == value


@given(odd_texts, st.sampled_from(TARGETS))
@settings(max_examples=150, deadline=None)
def test_a_value_read_again_is_the_same(text: str, ty: Ty) -> None:
    try:
        value = parse(text, ty, SCHEMAS, PLAIN).value
    except ParseFailure:
        return
    again = value if isinstance(value, str) and ty == types.STRING else json.dumps(value)
    assert typed(parse(again, ty, SCHEMAS, PLAIN).value) == typed(value)


@given(st.randoms(use_true_random=False))
@settings(max_examples=150, deadline=None)
def test_any_value_of_any_schema_in_any_writing(chance: random.Random) -> None:
    """Written loosely, in prose, cut anywhere: the value is the one of its JSON, and partials lead to it."""
    answers = Answers(chance)
    value = answers.value()
    text = answers.written(value)
    expected = parse(text if isinstance(value, str) else json.dumps(value), answers.ty, answers.schemas, PLAIN)
    parser = PartialParser(answers.ty, answers.schemas, PLAIN)
    shown = [parser.partial()]
    at = 0
    while at < len(text):
        size = chance.randint(1, 9)
        parser.feed(text[at : at + size])
        at += size
        shown.append(parser.partial())
    parsed = parser.finish()
    assert typed(parsed.value) == typed(expected.value)
    assert not parsed.report.losses
    assert list(breaks([*shown, parser.partial()])) == []
    assert parser.partial() == parsed.value


@given(st.randoms(use_true_random=False))
@settings(max_examples=150, deadline=None)
def test_a_skeleton_is_the_partial_value_that_nothing_hides(chance: random.Random) -> None:
    answers = Answers(chance)
    text = answers.written(answers.value())
    parser = PartialParser(answers.ty, answers.schemas, PLAIN)
    skeleton = PartialParser(answers.ty, answers.schemas, PLAIN, skeleton=True)
    for char in text:
        parser.feed(char)
        skeleton.feed(char)
        assert without_empty(skeleton.partial()) == without_empty(parser.partial())
    assert typed(skeleton.finish().value) == typed(parser.finish().value)


@given(st.randoms(use_true_random=False))
@settings(max_examples=150, deadline=None)
def test_every_key_of_the_text_is_in_the_value_or_in_the_report(chance: random.Random) -> None:
    answers = Answers(chance)
    marks: list[str] = []
    text = json.dumps(with_more_keys(answers.value(), marks, chance))
    parsed = parse(text, answers.ty, answers.schemas, PLAIN)
    told = json.dumps(parsed.value) + "".join(f"{entry.path} {entry.raw}" for entry in parsed.report.entries)
    assert [mark for mark in marks if mark not in told] == []


def with_more_keys(value: Any, marks: list[str], chance: random.Random) -> Any:
    """The value with keys in its objects that no schema knows."""
    if isinstance(value, list):
        return [with_more_keys(item, marks, chance) for item in value]
    if not isinstance(value, dict):
        return value
    more = {key: with_more_keys(item, marks, chance) for key, item in value.items()}
    if chance.random() < 0.5:
        marks.append(f"unknown{len(marks)}")
        more[marks[-1]] = chance.choice([1, "x", [1], {"y": 2}])
    return more


def without_empty(value: Any) -> Any:
    """What has begun: null, empty lists and empty objects are nothing yet."""
    if value is NOTHING:
        return None
    if isinstance(value, dict):
        kept = {key: without_empty(item) for key, item in value.items()}
        return {key: item for key, item in kept.items() if item is not None} or None
    return [without_empty(item) for item in value] or None if isinstance(value, list) else value


@given(
    st.sampled_from(ODD_PIECES + WORDS), st.sampled_from(ODD_PIECES), st.sampled_from(["", "{", '{"a": "', "[1"])
)
@settings(deadline=None)
def test_little_text_is_looked_at_twice(first: str, second: str, head: str) -> None:
    extractor = Extractor(Limits(), scalars_in_lists=True)
    text = head + (first + second) * 3_000
    for at in range(0, len(text), 7):
        extractor.feed(text[at : at + 7])
        assert extractor.waiting <= 4 * WINDOW


def test_a_string_is_looked_at_once() -> None:
    automaton = Automaton("{", 10)
    automaton.feed('{"a": "')
    for _ in range(1_000):
        automaton.feed("some words, ")
        assert automaton.waiting == 0


def snapshots(text: str, ty: Ty) -> list[Any]:
    """What is shown after each number of characters."""
    parser = PartialParser(ty, SCHEMAS, PLAIN)
    shown = [parser.partial()]
    for char in text:
        parser.feed(char)
        shown.append(parser.partial())
    return shown


def outcome(text: str, ty: Ty, size: int) -> Any:
    parser = PartialParser(ty, SCHEMAS, PLAIN)
    for at in range(0, len(text), size):
        parser.feed(text[at : at + size])
    try:
        return parser.finish().value
    except ParseFailure as failure:
        return failure.issues


def typed(value: Any) -> str:
    """A value as text in which `1`, `1.0` and `true` are apart."""
    return json.dumps(value, sort_keys=True)


def assert_grows(earlier: Any, later: Any) -> None:
    if earlier is None:
        return
    assert type(earlier) is type(later)
    if isinstance(earlier, str):
        assert later.startswith(earlier)
    elif isinstance(earlier, dict):
        assert list(earlier) == list(later)[: len(earlier)]
        for key, value in earlier.items():
            assert_grows(value, later[key])
    elif isinstance(earlier, list):
        assert len(earlier) <= len(later)
        for item, grown in zip(earlier, later, strict=False):
            assert_grows(item, grown)
    else:
        assert earlier == later
