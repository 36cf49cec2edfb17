"""The iterator that all loops of a call run over: what a look raises ends no loop behind it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import islice

import pytest

from bamlet.interpreter.runtime.loops import rounds


def each_looks(seen: list[int]) -> Iterator[bool]:
    def look() -> int:
        seen.append(len(seen))
        return 1

    return rounds(look)


def overflow(running: Iterator[bool]) -> None:
    next(running)
    overflow(running)


def overflow_in_c(running: Iterator[bool]) -> None:
    next(running)
    list(map(overflow_in_c, [running]))


@pytest.mark.parametrize("fall", [overflow, overflow_in_c])
def test_a_recursion_that_ends_where_a_look_is_due_leaves_the_rounds_as_they_were(
    fall: Callable[[Iterator[bool]], None],
) -> None:
    seen: list[int] = []
    running = each_looks(seen)
    for _ in range(5):
        with pytest.raises(RecursionError):
            fall(running)
        before = len(seen)
        assert all(islice(running, 100))
        assert len(seen) == before + 100


def test_what_stops_a_call_stops_each_of_its_loops() -> None:
    def look() -> int:
        raise KeyError

    running = rounds(look)
    for _ in range(3):
        with pytest.raises(KeyError):
            next(running)


@pytest.mark.parametrize("given", [1, 2, 5, 64])
def test_a_look_is_a_round_of_those_that_it_gives(given: int) -> None:
    looks = 0

    def look() -> int:
        nonlocal looks
        looks += 1
        return given

    for count, _ in enumerate(islice(rounds(look), 3 * given)):
        assert looks == count // given + 1


def test_a_look_may_give_more_or_fewer_than_the_one_before() -> None:
    gives = [3, 1, 4, 1]
    looks = 0

    def look() -> int:
        nonlocal looks
        looks += 1
        return gives[looks - 1]

    running = rounds(look)
    for count in range(9):
        assert next(running)
        assert looks == sum(count >= end for end in (0, 3, 4, 8))
