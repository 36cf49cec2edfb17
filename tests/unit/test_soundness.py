"""What checks never fails as only Python can, whichever form it is emitted in, and means what it says.

A Python test, since it makes the programs itself and compares with an evaluator of its own.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

import bamlet
from bamlet.deep import make_room
from bamlet.diagnostics import render
from bamlet.embed.library import library, library_unit
from bamlet.grammar import Parsed, Parser
from bamlet.interpreter.facts.typing_tables import looks_inside
from bamlet.interpreter.program.analyse import Analysis, analyse
from bamlet.interpreter.program.compile import compile_unit
from bamlet.interpreter.program.link import link
from bamlet.interpreter.runtime.values import EnumValue, FunctionValue, Instance
from bamlet.source import SourceFile
from tests.strategies.modern_programs import ModernWriter
from tests.strategies.typed_programs import Writer
from tests.support.reference_evaluator import Closure, Evaluator, Object, Panicked, Thrown, Variant

PARSER = Parser(None)  # its tables take a second to make
make_room()  # running a program raises Python's limit, and hypothesis wants to be the only one who does
EXAMPLES = int(os.environ.get("BAMLET_TYPED_EXAMPLES", "60"))
pytestmark = pytest.mark.timeout(900)  # on a machine that does much else, and on which nothing is kept yet
SETTINGS = settings(
    max_examples=EXAMPLES,
    deadline=None,
    suppress_health_check=[HealthCheck.filter_too_much, HealthCheck.too_slow, HealthCheck.data_too_large],
)


@dataclass(frozen=True)
class Outcome:
    """`how` is value, throws or the class of a panic."""

    how: str
    value: Any = None


def _written(seed: int, *, reckless: bool, writer: type[Writer] = Writer) -> tuple[Parsed, Analysis]:
    parsed = PARSER.parse(SourceFile("main.baml", writer(Random(seed), reckless).program()))
    return parsed, analyse([parsed], library_unit())


@SETTINGS
@given(st.integers(0, 2**32))
def test_a_checked_program_means_what_the_reference_evaluator_says(seed: int) -> None:
    parsed, analysis = _written(seed, reckless=False)
    assume(not analysis.has_errors())
    _judge(parsed, analysis)


@SETTINGS
@given(st.integers(0, 2**32))
def test_what_a_reckless_writer_gets_past_the_checker_is_sound_too(seed: int) -> None:
    parsed, analysis = _written(seed, reckless=True)
    assume(not analysis.has_errors())
    _judge(parsed, analysis)


@settings(SETTINGS, max_examples=max(EXAMPLES // 2, 1))
@given(st.integers(0, 2**32), st.booleans())
def test_interfaces_type_parameters_and_patterns_are_sound(seed: int, reckless: bool) -> None:
    """Programs of the second edition."""
    parsed, analysis = _written(seed, reckless=reckless, writer=ModernWriter)
    assume(not analysis.has_errors())
    _judge(parsed, analysis)


@pytest.mark.parametrize("writer", [Writer, ModernWriter])
def test_most_of_what_a_careful_writer_writes_checks(writer: type[Writer]) -> None:
    """Else the properties above would hold for want of programs."""
    found = [_written(seed, reckless=False, writer=writer)[1] for seed in range(60)]
    assert sum(not analysis.has_errors() for analysis in found) > 30, "\n".join(
        render(analysis.diagnostics[0]) for analysis in found if analysis.has_errors()
    )


def _judge(parsed: Parsed, analysis: Analysis) -> None:
    wanted = _evaluated(analysis, parsed)
    for all_async in (False, True):
        found = _run(parsed, all_async)
        text = parsed.items[0].file.text
        assert found.how == wanted.how, f"{found} is not {wanted}\n{text}"
        assert _agree(found.value, wanted.value, set()), f"{found} is not {wanted}\n{text}"


def _evaluated(analysis: Analysis, parsed: Parsed) -> Outcome:
    tests = {key: test for tables in analysis.checked.tables.values() for key, test in tables.patterns.items()}
    evaluator = Evaluator(
        (placed.node for placed in parsed.items),
        lambda pattern: looks_inside(tests[id(pattern)]),
        analysis.edition.edition,
    )
    try:
        return Outcome("value", evaluator.call("main"))
    except Thrown as thrown:
        return Outcome("throws", thrown.value)
    except Panicked as panic:
        return Outcome(f"baml.panics.{panic.kind}")


def _run(parsed: Parsed, all_async: bool) -> Outcome:
    """Any other exception than a throw of the language fails the test."""
    unit, _ = compile_unit([parsed], library_unit(), all_async=all_async)
    assert unit is not None
    with bamlet.Runtime(link(unit, library())) as runtime:
        try:
            return Outcome("value", runtime.call("main"))
        except bamlet.UnhandledThrow as thrown:
            if str(thrown).startswith("panic: "):
                return Outcome(thrown.value.__class_name__)
            return Outcome("throws", thrown.value)


def _agree(found: Any, wanted: Any, seen: set[tuple[int, int]]) -> bool:
    """By content; what lies in a circle was compared when it was first met."""
    if (id(found), id(wanted)) in seen:
        return True
    seen.add((id(found), id(wanted)))
    match found, wanted:
        case EnumValue(), Variant():
            return (found.enum, found.name) == (wanted.enum, wanted.name)
        case Instance(), Object():
            return found.__class_name__ == wanted.cls and all(
                _agree(getattr(found, name), wanted.fields[name], seen) for name in found.__fields__
            )
        case list(), list():
            return len(found) == len(wanted) and all(
                _agree(a, b, seen) for a, b in zip(found, wanted, strict=True)
            )
        case dict(), dict():
            return list(found) == list(wanted) and all(_agree(found[key], wanted[key], seen) for key in found)
        case FunctionValue(), Closure():
            return True
        case float(), float() if found != found:
            return wanted != wanted
        case _:
            return type(found) is type(wanted) and bool(found == wanted)
