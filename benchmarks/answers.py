"""Reading an answer's text as it arrives, without a network: growth, odd texts and schemas, and other readers."""

from __future__ import annotations

import gc
import json
from collections.abc import Callable, Iterator
from itertools import pairwise
from time import process_time
from typing import Any

import jiter

from bamlet.sap import ParseFailure, PartialParser, PlainFactory, parse
from bamlet.types import ty as types
from bamlet.types.schema import ClassSchema, Field, Schemas
from bamlet.types.ty import AliasTy, ClassTy, ListTy, MapTy, Ty

from .loopback import CHUNK, items
from .measure import Row, Timing, measure

ROUNDS, WHOLE_ROUNDS = 3, 25
SIZES = (100, 200, 400, 800, 1_600, 3_200, 6_400)
FEW, MANY, LARGE = 200, 400, 88_000  # items
WORDS, CALLS, DEPTH = 200_000, 1_000, 8
ODD_LENGTH, BRACKETS = 100_000, 1_000_000
LOOK_EACH = 40_000  # characters, as many as are read in 50 ms: by a clock the machine would say how often
USUAL = 1_600  # items; where there are more, the collector of garbage has more to walk through
MOST_GROWTH, MOST_GROWTH_OF_MANY = 2.3, 2.5
ANY = AliasTy("Any")
ACTIONS = [f"Action{number}" for number in range(20)]
SCHEMAS = Schemas(
    {
        "Item": ClassSchema(
            "Item",
            (
                Field("name", types.STRING),
                Field("quantity", types.INT),
                Field("price", types.FLOAT),
                Field("note", types.STRING),
            ),
        ),
        "Note": ClassSchema("Note", (Field("text", types.STRING),)),
        "Tree": ClassSchema("Tree", (Field("v", types.INT), Field("kids", ListTy(ClassTy("Tree"))))),
        **{
            name: ClassSchema(name, (Field("action", types.literal(name)), Field("value", types.INT)))
            for name in ACTIONS
        },
    },
    aliases={"Any": types.union((types.INT, types.FLOAT, types.STRING, ListTy(ANY), MapTy(types.STRING, ANY)))},
)
ITEMS: Ty = ListTy(ClassTy("Item"))
ODD = {
    "quotes": '"',
    "brackets": "[",
    "objects": '{"a":',
    "commas": '", "',
    "blanks": '"' + " " * 300,
    "fences": "\n```\n",
    "braces in prose": "{b} ",
    "escapes": "\\",
}
Work = Callable[[], object]


def rows() -> Iterator[Row]:
    yield from _growth()
    yield from _other_readers()
    yield from _large()
    yield from _schemas()
    yield from _odd()


def read(text: str, ty: Ty, size: int = CHUNK, look_each: int = 0) -> None:
    """Feed the text in pieces, and look at the value after each, or when so many characters have come."""
    parser = PartialParser(ty, SCHEMAS, PlainFactory())
    looked = 0
    for at in range(0, len(text), size):
        if parser.feed(text[at : at + size]) and at - looked >= look_each:
            parser.partial()
            looked = at
    try:
        parser.finish()
    except ParseFailure:
        assert not text.startswith("[{"), "a list of items can be read"


def _growth() -> Iterator[Row]:
    """A list beside one of half its length that is read twice: a full collection of garbage comes once in five
    thousand items or so, and is to fall on both or on neither."""
    texts = {n: json.dumps(items(n)) for n in SIZES}
    for which, look in (("every", 0), (f"one each {LOOK_EACH:,} characters", LOOK_EACH)):
        for half, n in pairwise(SIZES):
            works: dict[str, Work] = {
                "once": lambda text=texts[n], look=look: read(text, ITEMS, look_each=look),
                "twice": lambda text=texts[half], look=look: [read(text, ITEMS, look_each=look) for _ in range(2)],
            }
            timings = measure(works, ROUNDS, process_time, gc.collect)
            ours, floor = timings["once"], timings["twice"].per(2)
            most = MOST_GROWTH if n <= USUAL else MOST_GROWTH_OF_MANY
            yield Row(f"{n:,} items / {half:,}, {which} partial, CPU", ours, floor, most_ratio=most)


def _other_readers() -> Iterator[Row]:
    text = json.dumps(items(MANY))
    encoded = text.encode()

    def again() -> None:
        for end in range(CHUNK, len(encoded) + CHUNK, CHUNK):
            jiter.from_json(encoded[:end], partial_mode="trailing-strings")

    timings = measure({"ours": lambda: read(text, ITEMS), "jiter": again}, ROUNDS, process_time)
    yield Row(f"{MANY} items, every partial / jiter's partial mode", timings["ours"], timings["jiter"])
    yield from _at_once(text)


def _at_once(text: str) -> Iterator[Row]:
    """As it should be, in a fence, and with a comma too many, which no JSON has."""
    texts = {
        "plain": (text, 2.5),
        "in a fence": (f"Here are the items:\n\n```json\n{text}\n```\n", 3.5),
        "with a comma too many": (f"{text[:-1]},]", None),
    }
    for how, (written, most) in texts.items():
        works: dict[str, Work] = {
            "ours": lambda written=written: parse(written, ITEMS, SCHEMAS, PlainFactory()),
            "json": lambda: json.loads(text),
        }
        whole = measure(works, WHOLE_ROUNDS, process_time)
        yield Row(f"{MANY} items at once, {how} / json.loads", whole["ours"], whole["json"], most_ratio=most)


def _large() -> Iterator[Row]:
    text = json.dumps(items(LARGE))[:9_999_999]
    text = text[: text.rindex("}") + 1] + "]"
    timings = measure(
        {"ours": lambda: read(text, ITEMS, 4096, LOOK_EACH), "json": lambda: json.loads(text)}, 1, process_time
    )
    yield Row(f"{len(text) / 1e6:.1f} MB of items / json.loads", timings["ours"], timings["json"])
    words = json.dumps({"text": "word " * WORDS})
    works: dict[str, Work] = {
        "half": lambda: read(words[: len(words) // 2], ClassTy("Note"), look_each=LOOK_EACH),
        "whole": lambda: read(words, ClassTy("Note"), look_each=LOOK_EACH),
    }
    timings = measure(works, ROUNDS, process_time)
    yield Row("a string of 1 MB / of 0.5 MB", timings["whole"], timings["half"], most_ratio=2.2)


def _schemas() -> Iterator[Row]:
    actions = ListTy(types.union(ClassTy(name) for name in ACTIONS))
    tree: Any = {"v": 0, "kids": []}
    for _ in range(DEPTH):
        tree = {"v": 1, "kids": [tree, tree]}
    texts: dict[str, tuple[str, Ty]] = {
        "a union of 20 classes": (_calls(CALLS), actions),
        "a recursive class": (json.dumps(tree), ClassTy("Tree")),
        "anything, by a recursive alias": (json.dumps(items(FEW)), ANY),
    }
    for name, (text, ty) in texts.items():
        timings = measure({"ours": lambda text=text, ty=ty: read(text, ty)}, ROUNDS, process_time)
        yield Row(f"{name}, every partial", timings["ours"], note=_speed(text, timings["ours"]))


def _calls(count: int) -> str:
    return json.dumps([{"action": ACTIONS[n % len(ACTIONS)], "value": n} for n in range(count)])


def _odd() -> Iterator[Row]:
    for name, unit in ODD.items():
        text = '{"text": ' + unit * (ODD_LENGTH // len(unit))
        timings = measure({"ours": lambda text=text: read(text, ClassTy("Note"), 7)}, ROUNDS, process_time)
        yield Row(f"100 kB of {name}, 7 at a time", timings["ours"], note=_speed(text, timings["ours"]))
    brackets = "[" * BRACKETS
    timings = measure({"ours": lambda: read(brackets, ANY, 4096)}, ROUNDS, process_time)
    yield Row("1 MB of brackets", timings["ours"], most_seconds=1.0)


def _speed(text: str, timing: Timing) -> str:
    return f"{timing.median / len(text) * 1e6:.2f} us a character"
