"""Regular expressions: what is kept of them. What they match is tried as the filter `regex_match`, in test_jinja.

Memory is nothing that a template could see.
"""

from __future__ import annotations

import tracemalloc

import pytest

from bamlet.regex import compiled
from bamlet.regex.kept import MAX_KEPT_STATES, Kept
from bamlet.regex.program import A_STEP, MAX_PROGRAM, MAX_REMEMBERED

ROOM = 40_000
MANY_CHARACTERS = "".join(map(chr, range(0x4E00, 0x4E00 + 300)))
BYTES_OF_A_STATE = 100  # the most that one takes here, by a wide margin


def kept_states(kept: Kept) -> int:
    return sum(program.size for program in kept.programs())


def bytes_of_expressions() -> int:
    """What the room `regex` has allocated since the trace began: not what another thread of the process has."""
    ours = tracemalloc.take_snapshot().filter_traces([tracemalloc.Filter(True, "*/bamlet/regex/*")])
    return sum(trace.size for trace in ours.traces)


@pytest.mark.parametrize("pattern", ["zz{}", "(.|.|.|.)*zz{}", ".{{50}}zz{}"], ids=["plain", "wide", "long"])
def test_what_is_kept_of_regular_expressions_is_bounded_by_their_states(pattern: str) -> None:
    kept = Kept(ROOM)
    tracemalloc.start()
    try:
        for number in range(25):
            assert not kept.program(pattern.format(number)).search(MANY_CHARACTERS)
            assert kept_states(kept) <= ROOM
        assert bytes_of_expressions() < ROOM * BYTES_OF_A_STATE
    finally:
        tracemalloc.stop()
    assert kept_states(kept) > ROOM // 4, "room that nothing takes is no use"


def test_all_that_is_kept_fits_the_states_of_several_expressions() -> None:
    assert MAX_PROGRAM + MAX_REMEMBERED <= MAX_KEPT_STATES // 2


def test_an_expression_that_is_used_is_not_forgotten_among_many_that_are_not() -> None:
    kept = Kept(ROOM)
    used = kept.program("used")
    for number in range(4_000):
        kept.program(f"seldom {number}")
        assert kept.program("used") is used
    assert len(kept.programs()) < 4_000


def test_an_expression_as_large_as_the_room_is_not_kept_and_drives_nothing_out() -> None:
    kept = Kept(ROOM)
    small = kept.program("small")
    large = f"[{'x' * ROOM}]"
    assert kept.program(large).search("x")
    assert kept.programs() == [small]


def test_one_expression_remembers_only_so_much_and_goes_on() -> None:
    program = compiled("y$")
    text = "".join(map(chr, range(0x4E00, 0x4E00 + 2 * MAX_REMEMBERED // A_STEP)))
    assert program.search(text + "y")
    assert MAX_REMEMBERED - A_STEP <= program.remembered <= MAX_REMEMBERED


@pytest.mark.timeout(10)
@pytest.mark.parametrize(
    "pattern", ["((((){1000}){1000}){1000}){1000}b", "(((((a{0}){1000}){1000}){1000}){1000})*b"]
)
def test_a_repetition_of_nothing_is_made_once(pattern: str) -> None:
    assert compiled(pattern).search("ab")
    assert not compiled(pattern).search("a")
