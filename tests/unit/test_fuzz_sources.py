"""No text makes the compiler fail in a way of its own: whatever it is, there are diagnostics or a program.

Python, since the language cannot feed itself broken texts. `make fuzz` runs ten times as many examples.
"""

from __future__ import annotations

import os
import resource
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bamlet.embed import check_sources
from tests.strategies.programs import programs
from tests.support.spec_sections import sections

ROOT = Path(__file__).parent.parent.parent
MOST_MEMORY = 8 << 30  # bytes of addresses, of which one in ten is used when nothing is wrong
EXAMPLES = int(os.environ.get("BAMLET_FUZZ_EXAMPLES", "1700"))

# One second is the promise. The rest is for a machine that has other things to do.
fuzzed = settings(
    max_examples=EXAMPLES,
    deadline=timedelta(seconds=2),
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


def seeds() -> list[str]:
    """Texts of people: every program and every block of the reference in the repository."""
    files = [
        *ROOT.glob("examples/**/*.baml"),
        *ROOT.glob("tests/corpus/**/*.baml"),
        *ROOT.glob("bamlet/stdlib/**/*.baml"),
    ]
    texts = [path.read_text("utf-8") for path in sorted(files)]
    for path in sorted(ROOT.glob("tests/spec/*.md")):
        for section in sections(path.read_text("utf-8")):
            texts += [block.text for block in section.blocks if block.kind == "baml"]
    return [text[:6000] for text in texts]


SEEDS = seeds()
FRAGMENTS = [
    *('"', "#", '#"', '"#', "{", "}", "(", ")", "[", "]", "{{", "}}", "{%", "@", "@@", ";", ",", ":", "=", "=>"),
    *(
        "->",
        "|",
        "?",
        "`",
        "${",
        "??",
        "?.",
        " is ",
        "let ",
        " else ",
        "-> {",
        'test "t" {',
        "//",
        "/*",
        "{//",
        "//}",
        "\\",
        "\n",
        "\r",
        "\t",
        " ",
        "<",
        ">",
        "...",
        "-",
        "!",
        "1",
        "0.5",
    ),
    *("\x00", "\ufeff", "\u2028", "\xa0", "é", "\U0001f600", "\ud800", "9" * 40, "self", "env.X", "map<", "break"),
    *(
        "class ",
        "enum ",
        "function ",
        "client<llm> ",
        "test ",
        "type ",
        "let ",
        "match ",
        "catch ",
        "if ",
        "else ",
    ),
    *("return ", "throw ", "for (", "while ("),
    *("spawn {", "await ", "defer {", "if let ", "interface I {", "implements I {", "testset `s` {", "<T>"),
    "with ",
    *("${if ", "${else}", "${endif}", "${for let x in ", "${endfor}", "``", "\\`"),
    *(".as<", "$stream(", "baml.Partial<"),
]

Mutation = Callable[[str], str]


@st.composite
def mutations(draw: st.DrawFn) -> Mutation:
    """One edit: cut a range, double it, move it elsewhere, or put a fragment somewhere."""
    kind = draw(st.sampled_from(("cut", "double", "move", "insert", "insert", "insert")))
    at, length, to = draw(st.floats(0, 1)), draw(st.integers(1, 60)), draw(st.floats(0, 1))
    fragment = draw(st.sampled_from(FRAGMENTS))

    def apply(text: str) -> str:
        start = int(at * len(text))
        piece = text[start : start + length]
        rest = text[:start] + text[start + length :]
        target = int(to * len(rest))
        match kind:
            case "cut":
                return rest
            case "double":
                return text[:start] + piece + text[start:]
            case "move":
                return rest[:target] + piece + rest[target:]
            case _:
                return text[:start] + fragment + text[start:]

    return apply


@pytest.fixture(autouse=True, scope="module")
def memory_bound() -> Iterator[None]:
    """A text that is read for ever is to fail by its name, before it has filled the machine."""
    before = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_AS, before)


@pytest.fixture(autouse=True, scope="module")
def warm() -> None:
    """The deadline is that of a text: the parser's tables and the library are read before the first one."""
    check_sources({"main.baml": "function f() -> int { 1 }"})


@pytest.mark.timeout(1200)
@fuzzed
@given(st.sampled_from(SEEDS), st.lists(mutations(), min_size=1, max_size=6))
def test_broken_texts_give_diagnostics(text: str, edits: list[Mutation]) -> None:
    for edit in edits:
        text = edit(text)
    program, diagnostics = check_sources({"main.baml": text})
    assert (program is None) == any(diagnostic.severity == "error" for diagnostic in diagnostics)


@pytest.mark.timeout(1200)
@settings(fuzzed, max_examples=EXAMPLES // 5)  # each takes longer to draw than a text to break
@given(programs(max_items=2))
def test_generated_programs_give_diagnostics(text: str) -> None:
    program, diagnostics = check_sources({"main.baml": text})
    assert (program is None) == any(diagnostic.severity == "error" for diagnostic in diagnostics)
