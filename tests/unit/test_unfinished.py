"""How a value that is still arriving is drawn: what is not finished is dimmed, on terminals that have colours.

A program cannot see its terminal.
"""

from __future__ import annotations

import io
import json
import os
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bamlet.cli.live_value import DIM, UNDIM, LiveValue
from bamlet.cli.unfinished import lines
from tests.support.terminal import run_in_terminal

ROOT = Path(__file__).parents[2]
SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5)
VALUES = st.recursive(SCALARS, lambda inner: st.lists(inner) | st.dictionaries(st.text(max_size=3), inner))


@given(VALUES)
def test_the_lines_are_those_of_json(value: Any) -> None:
    expected = json.dumps(value, ensure_ascii=False, indent=2)
    assert "\n".join(line.text for line in lines(value)) == expected


@given(st.dictionaries(st.sampled_from("abcd"), SCALARS | st.lists(SCALARS)))
def test_a_number_is_never_dimmed_and_of_texts_the_last_one_alone(value: dict[str, Any]) -> None:
    dimmed = [json.loads(text.rpartition('": ')[2]) for text in unfinished(value)]
    assert not any(isinstance(part, (bool, int, float)) for part in dimmed)
    assert sum(isinstance(part, str) and part != "" for part in dimmed) <= 1


def unfinished(value: Any) -> list[str]:
    return [line.text.strip().rstrip(",") for line in lines(value) if line.is_unfinished]


@pytest.mark.parametrize(
    ("value", "dimmed"),
    [
        ({"vendor": None, "items": [], "total": None}, ['"vendor": null', '"items": []', '"total": null']),
        ({"vendor": "Kio", "items": [], "total": None}, ['"vendor": "Kio"', '"items": []', '"total": null']),
        (
            {"vendor": "Kiosk", "items": [{"name": "nut", "note": None}, {"name": "bo", "note": None}]},
            ['"name": "bo"', '"note": null'],
        ),
        ({"vendor": "Kiosk", "items": [{"name": "nut", "price": 2}], "total": None}, ['"total": null']),
        ({"total": 3, "items": []}, ['"items": []']),
        ([1, "a", "b"], ['"b"']),
        ("a whole text", []),
        (7, []),
        (None, []),
    ],
)
def test_what_the_model_is_not_done_with(value: Any, dimmed: list[str]) -> None:
    assert unfinished(value) == dimmed


class _Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True

    def fileno(self) -> int:
        raise OSError


@pytest.mark.parametrize(("variables", "dims"), [({}, True), ({"NO_COLOR": "1"}, False)])
def test_colours_are_asked_for(variables: dict[str, str], dims: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("NO_COLOR", "FORCE_COLOR", "TERM"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    stream = _Terminal()
    live = LiveValue(stream)
    live.draw({"name": "nu", "price": None})
    drawn = stream.getvalue()
    assert (f'{DIM}  "name": "nu",{UNDIM}' in drawn) == dims
    assert dims or "\x1b" not in drawn
    live.leave({"name": "nu"}, "incomplete")
    assert stream.getvalue().endswith('{\n  "name": "nu"\n}\n… incomplete\n')


@pytest.mark.timeout(300)
@pytest.mark.parametrize("columns", [20, 80])
def test_a_streamed_receipt_is_dimmed_and_no_line_is_too_long(columns: int) -> None:
    environ = {name: value for name, value in os.environ.items() if name not in ("NO_COLOR", "FORCE_COLOR")}
    command = [sys.executable, "-m", "bamlet", "run", "examples/receipt"]
    replay = ["--replay", "examples/receipt/receipt.cassette.jsonl"]
    code, out, screen, written = run_in_terminal(
        [*command, *replay], columns, 24, environ | {"TERM": "xterm-256color"}, str(ROOT)
    )
    assert code == 0
    assert json.loads(out)["total_cost"] == 141.65
    assert max(len(line) for frame in screen.frames for line in frame.splitlines()) < columns
    assert DIM in written
    assert written.count(DIM) == written.count(UNDIM)
