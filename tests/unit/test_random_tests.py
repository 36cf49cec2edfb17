"""T18: random test blocks over invented answers. The runner takes what comes; the language cannot look at it."""

from __future__ import annotations

import asyncio
import os
import random
from pathlib import Path

import pytest

import bamlet
from bamlet.testing.answers import Answers, Settings
from bamlet.testing.draw import Look, failure_text
from bamlet.testing.machines import json_text, junit, summary_data
from bamlet.testing.outcome import STATUSES, Ended, RunResult, Summary
from bamlet.testing.runner import Plan, run
from bamlet.testing.selection import cases_of

BLOCKS = int(os.environ.get("BAMLET_TEST_BLOCKS", "400"))
A_PROGRAM = 50  # blocks of one
DEADLINE = 600  # seconds for what takes a half on a quiet machine: the first one compiles the library, too

TYPES = (
    "int",
    "float",
    "string",
    "bool",
    "Item",
    "Item?",
    "Item[]",
    "Mood",
    "int | Item",
    "map<string, int>",
    '"a" | "b"',
)
ARGUMENTS = ('"x"', '""', '"{{ this }}"', '"\\"quoted\\"\\n"', '"ü 🙂 \\\\"', "7", "null", "[1, 2]", "{ a 1 }")
PARTS = (
    "this",
    "this.name",
    "this.tags",
    "this.gone",
    "this|length",
    "this.tags|first",
    "_.latency_ms",
    "_.client",
)
OPERATORS = ("==", "!=", "<", ">=", "in", "not in", "and", "or", "+", "~", "%", "|default(0) ==")
OTHERS = ("1", "0", '"a"', "none", "true", "[1, 2]", '{"a": 1}', "this", "this.count", "1.5", "''", "range(3)")
REPLIES = (
    '"5"',
    '"nonsense {"',
    '"{ name: a, tags: [x, y], count: 3 }"',
    "{ status 429, retry_after 0 }",
    '"Good"',
)
MORE = (
    '{ refuse "no" }',
    '{ text "[1,", cut_at 0.5 }',
    '{ text "7", finish "length" }',
    "{ status 500 }",
    '""',
    '"[]"',
)
FAULTS = ("any:0.4", "malformed:0.5", "cut@40%:0.5", "missing=name:0.5", "wrong-type=count:0.5", "empty:0.3")

PROGRAM = """
enum Mood { Good Bad }
class Item { name string tags string[] count int? @check(few, {{ this == none or this < 99 }}) }
retry_policy Once {
  max_retries 1
  strategy {
    type constant_delay
    delay_ms 1
  }
}
client<llm> A {
  provider openai
  retry_policy Once
  options { model "a" }
}
"""


def block(dice: random.Random, number: int) -> str:
    """A function and a test of it."""
    constraints = "\n".join(
        f"  @@{dice.choice(['check(c', 'assert(a'])}{n}, {{{{ {expression(dice)} }}}})"
        for n in range(dice.randrange(4))
    )
    replies = [dice.choice(REPLIES + MORE) for _ in range(dice.randrange(1, 3))]
    script = f"  script [ {', '.join(replies)} ]\n" if dice.random() < 0.4 else ""
    return f"""
function F{number}(text: unknown) -> {dice.choice(TYPES)} {{
  client A
  prompt #"{{{{ text }}}} {{{{ ctx.output_format }}}}"#
}}
test T{number} {{
  functions [F{number}]
  args {{
    text {dice.choice(ARGUMENTS)}
  }}
{script}{constraints}
}}
"""


def expression(dice: random.Random) -> str:
    told = f"{dice.choice(PARTS)} {dice.choice(OPERATORS)} {dice.choice(OTHERS)}"
    if dice.random() < 0.3:
        told = f"{told} {dice.choice(['and', 'or'])} ({expression(dice)})"
    return f"not ({told})" if dice.random() < 0.2 else told


def summary_of(program: bamlet.Program, seed: int, faults: tuple[str, ...]) -> Summary:
    async def body() -> Summary:
        answers = Answers(Settings(Path(), offline=seed, faults=faults))
        async for event in run(program, Plan(cases=cases_of(program)), answers):
            if isinstance(event, Ended):
                return event.summary
        raise AssertionError("a run ends with its summary")

    return asyncio.run(asyncio.wait_for(body(), DEADLINE))


def has_reason(result: RunResult) -> bool:
    return bool(result.error or result.problems or [c for c in result.constraints if c.status != "passed"])


@pytest.mark.timeout(2 * DEADLINE)
@pytest.mark.parametrize("seed", range(max(1, BLOCKS // A_PROGRAM)))
def test_t18_every_outcome_has_a_status_and_a_reason(seed: int) -> None:
    dice = random.Random(f"tests {seed}")
    text = PROGRAM + "".join(block(dice, number) for number in range(A_PROGRAM))
    program = bamlet.compile_sources({"random.baml": text})
    faults = tuple(dice.sample(FAULTS, dice.randrange(3)))
    summary = summary_of(program, seed, faults)
    runs = [result for test in summary.tests for result in test.runs]
    assert len(runs) == A_PROGRAM
    assert {result.status for result in runs} <= set(STATUSES)
    for result in runs:
        assert result.status == "passed" or has_reason(result), result
        assert result.status == "passed" or len(failure_text(result, 1, Look()).splitlines()) > 1
    assert json_text(summary_data(summary))
    assert junit(summary).startswith("<?xml")
