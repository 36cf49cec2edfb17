"""How null prints in a prompt: lists of the program and those of a template differ, as in the native renderer."""

from __future__ import annotations

import pytest

import bamlet

SOURCE = """\
client<llm> C {{
  provider openai-generic
  options {{ model "m", base_url "http://localhost:1/v1" }}
}}
class Pt {{ x int?, l (int | null)[] }}
function F(a: (int | null)[], deep: (int | null)[][], m: map<string, (int | null)[]>, p: Pt, o: int?) -> string {{
  client C
  prompt #"<{{{{ {expression} }}}}>"#
}}
"""
ARGUMENTS = {"a": [None, 1], "deep": [[None]], "m": {"k": [None]}, "p": {"x": None, "l": [None]}, "o": None}


@pytest.mark.parametrize(
    ("expression", "shown"),
    [
        ("o", "null"),
        ("a", "[null, 1]"),
        ("deep", "[[null]]"),
        ("m", '{"k": [null]}'),
        ("p", '{\n    "x": null,\n    "l": [\n        null,\n    ],\n}'),
        ("a ~ ''", "[null, 1]"),
        ("[a, none]", "[[null, 1], none]"),
        ("a|list", "[none, 1]"),
        ("a[:1]", "[none]"),
        ("a + a", "[none, 1, none, 1]"),
        ("[none]", "[none]"),
        ("a|pprint", "[\n    null,\n    1,\n]"),
        ("a|tojson", "[null,1]"),
    ],
)
def test_null_prints_as_the_program_or_the_template_has_it(expression: str, shown: str) -> None:
    program = bamlet.compile_sources({"main.baml": SOURCE.format(expression=expression)})
    with bamlet.Runtime(program) as runtime:
        request = runtime.request("F", ARGUMENTS)
    assert request.body.json()["messages"][0]["content"] == f"<{shown}>"
