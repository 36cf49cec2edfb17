"""The examples of `docs/streaming.md` run, each in a scope with the program that the page begins with."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

import bamlet
from tests.support.scripted import ScriptedTransport, streamed

PAGE = (Path(__file__).parent.parent.parent / "docs" / "streaming.md").read_text("utf-8")
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)
CLIENT = """
client<llm> Fast {
  provider openai-generic
  options {
    base_url "http://test"
    model "A"
  }
}
"""
ANSWER = '{"id": 7, "note": "so", "lines": [{"name": "nut", "count": 2}, {"name": "bolt", "count": 3}]}'
EXAMPLES = [text for language, text in BLOCKS if language == "python"]


@pytest.mark.parametrize("example", EXAMPLES)
def test_an_example(example: str) -> None:
    program = bamlet.compile_sources(
        {"main.baml": CLIENT + "".join(text for language, text in BLOCKS if language == "baml")}
    )
    said: list[Any] = []

    def saying(*values: Any, **named: Any) -> None:
        said.append(values)

    transport = ScriptedTransport({"A": streamed(*ANSWER)})
    with bamlet.Runtime(program, environ={}, transport=transport) as rt:
        scope = dict.fromkeys(["draw", "book", "send", "send_patch", "print"], saying)
        exec(example, {**scope, "rt": rt, "scan": "it", "seen": said, "bamlet": bamlet})
    assert said or "assert" in example or "report" in example
