"""Decoders take time in the length of what they are fed: four times as much takes about four times as long.

How long something takes cannot be seen from the language, so this is Python.
"""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Iterable

import pytest

from bamlet.prompt import ANSWER_NAME
from bamlet.providers import SpokenCalls
from bamlet.providers.structured_answer import MAX_HELD, Unwrapping
from bamlet.wire.framing import AnswerDecoder, LineDecoder, ValueDecoder

pytestmark = pytest.mark.timeout(120)

WHOLE: dict[str, tuple[Callable[[], object], Callable[[int], Iterable[bytes]]]] = {
    "bare JSON whose lines all end in }": (AnswerDecoder, lambda n: [b"{\n", *[b'"a": {"b": 1}\n'] * n]),
    "bare JSON in strings of }": (AnswerDecoder, lambda n: [b"{\n", *[b'"\\"}}}}",}\n'] * n]),
    "bare JSON that begins again": (AnswerDecoder, lambda n: [b'{"a": [1,}\n'] * n),
    "comments": (AnswerDecoder, lambda n: [b": }\n"] * n),
    "lines in pieces": (LineDecoder, lambda n: [b'{"a": 1', *[b" "] * n, b"}\n"]),
    "a value in pieces": (ValueDecoder, lambda n: [b'{"a": "', *[b"\\\\}]"] * n, b'"}']),
    "closing brackets": (ValueDecoder, lambda n: [b"}]"] * n),
}


def seconds(make: Callable[[], object], pieces: Iterable[bytes] | Iterable[str]) -> float:
    decoder = make()
    began = time.process_time()
    for piece in pieces:
        decoder.feed(piece)  # type: ignore[attr-defined]
    return time.process_time() - began


def ratio(measure: Callable[[int], float], size: int) -> float:
    """Of the fastest of some runs; the collector would go through what other tests have left in this process."""
    gc.disable()
    try:
        return min(measure(4 * size) for _ in range(3)) / min(measure(size) for _ in range(5))
    finally:
        gc.enable()


@pytest.mark.parametrize("name", WHOLE)
def test_a_decoder_is_linear(name: str) -> None:
    make, body = WHOLE[name]
    assert ratio(lambda n: seconds(make, body(n)), 20_000) < 9


@pytest.mark.parametrize(
    ("pieces", "size"),
    [
        (lambda n: ['{"tool": "f"', *[" "] * n], 5_000),
        (lambda n: ['{"tool":"f"}' * n + '{"tool":"f", "a": "' + "x" * 500 * n], 400),
    ],
    ids=["blanks before the arguments", "calls before much that came at once"],
)
def test_calls_in_words_are_read_once(pieces: Callable[[int], Iterable[str]], size: int) -> None:
    assert ratio(lambda n: seconds(SpokenCalls, pieces(n)), size) < 9


@pytest.mark.parametrize("blanks", [" ", "\n", "\t "])
def test_blanks_before_a_wrapped_value_are_read_once(blanks: str) -> None:
    def measure(n: int) -> float:
        unwrapping = Unwrapping()
        began = time.process_time()
        for _ in range(n):
            assert unwrapping.feed(blanks) == blanks
        took = time.process_time() - began
        assert unwrapping.feed(f'{{"{ANSWER_NAME}": 7}}') == "7"
        return took

    assert ratio(measure, 5_000) < 9


def test_blanks_without_an_end_are_given_out_to_be_counted() -> None:
    unwrapping = Unwrapping()
    assert unwrapping.feed("{") == ""
    out = [unwrapping.feed(" ") for _ in range(MAX_HELD + 10)]
    assert "".join(out) == "{" + " " * (MAX_HELD + 10)


def test_bare_json_of_many_lines_is_an_event() -> None:
    decoder = AnswerDecoder()
    lines = ['{"error": {', '  "message": "} ] {",', '  "details": [{}', "  ]", "}", "}"]
    (event,) = decoder.feed("\n".join([*lines, ""]).encode())
    assert event.data == "\n".join(lines)
    assert decoder.feed(b'{"a": }\n{"b": 1}\n')[0].data == '{"b": 1}'
