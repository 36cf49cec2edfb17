"""Loops that can be stopped: every loop of a call runs over one iterator that looks now and then."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from itertools import chain, compress, islice, repeat
from typing import Any, cast

from .failures import Panic

POLL_EVERY = 4096  # rounds between two looks, at most; a look costs 60 ns, so the loop does not notice
SHORT = 16  # elements of a list over which a loop is one round


def rounds(look: Callable[[], int]) -> Iterator[bool]:
    """True for ever, and a look between: all loops of a call run over one such iterator.

    All rounds but those with a look run in C: cheaper than a `while` with a test of its own.
    """
    return chain.from_iterable(map(_TRUE, iter(look, None)))


_TRUE = partial(repeat, True)


def each(rounds: Iterator[bool], items: list[Any], reading: Iterable[Any] | None = None) -> Iterator[Any]:
    """The elements that the list has now; what the body appends is not visited.

    Each takes a round, but those of a short list take one together: most lists are short, and counting dear.
    `reading` is an iterator of the list, for who asks it something when the loop is over.
    """
    count = len(items)
    found = islice(items if reading is None else reading, count)
    if count > SHORT:
        return compress(found, rounds)
    next(rounds, None)
    return found


def each_still(rounds: Iterator[bool], items: list[Any]) -> Iterator[Any]:
    """The same where the body may take elements away, which is a panic. A short loop takes twice the time."""
    reading = iter(items)
    return chain(each(rounds, items, reading), _none_missing(reading, len(items)))


def _none_missing(reading: Iterator[Any], count: int) -> Iterator[Any]:
    """Yields nothing. An iterator that has tried to read behind the end of its list has let go of it."""
    if count and len(cast(tuple[Any, ...], reading.__reduce__())) < 3:
        raise Panic("index out of bounds: the list became shorter in a loop over it", "IndexOutOfBounds")
    yield from ()
