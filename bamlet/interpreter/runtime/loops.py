"""Loops that can be stopped: every loop of a call runs over one iterator that looks now and then."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import chain, compress, cycle, islice
from typing import Any, cast

from .failures import Panic

POLL_EVERY = 4096  # rounds between two looks, at most; a look costs 60 ns, so the loop does not notice
SHORT = 16  # elements of a list over which a loop is one round
_ROUNDS = (True,) * (POLL_EVERY - 1)  # of nearly all looks; one tuple for all calls


def rounds(look: Callable[[], int]) -> Iterator[bool]:
    """True for ever, and a look between: all loops of a call run over one such iterator.

    All rounds but those with a look run in C: cheaper than a `while` with a test of its own.

    What a look raises leaves the iterator as it was. A program may go on behind it: the recursion that ends just
    where a look is due is caught, and the loops behind it must not end for that. So the look is in what `chain`
    runs over. Where `chain` is given the next to run over, it would let go of all at a failure, and there even a
    call into C can be one too deep: all is made before, and only its iterators are asked for.
    """
    unlooked: list[tuple[bool, ...]] = [()]
    looks: Any = _Look(look, unlooked)
    return cast(Iterator[bool], chain.from_iterable(chain.from_iterable(cycle(((looks,), unlooked)))))


class _Look:
    """Run over, it looks and is one round; as many as may pass until the next look are then in `unlooked`."""

    __slots__ = ("_look", "_unlooked")

    def __init__(self, look: Callable[[], int], unlooked: list[tuple[bool, ...]]) -> None:
        self._look = look
        self._unlooked = unlooked

    def __getitem__(self, index: int) -> bool:
        """Not `__iter__`, which would be called where a failure ends the chain."""
        if index:
            raise IndexError
        given = self._look() - 1
        if given != len(self._unlooked[0]):
            self._unlooked[0] = _ROUNDS[:given]
        return True


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


def each_kept(rounds: Iterator[bool], items: list[Any]) -> Iterable[Any]:
    """The same where the body changes no length."""
    if len(items) > SHORT:
        return compress(items, rounds)
    next(rounds, None)
    return items


def each_still(rounds: Iterator[bool], items: list[Any]) -> Iterator[Any]:
    """The same where the body may take elements away, which is a panic. A short loop takes twice the time."""
    reading = iter(items)
    return chain(each(rounds, items, reading), _none_missing(reading, len(items)))


def _none_missing(reading: Iterator[Any], count: int) -> Iterator[Any]:
    """Yields nothing. An iterator that has tried to read behind the end of its list has let go of it."""
    if count and len(cast(tuple[Any, ...], reading.__reduce__())) < 3:
        raise Panic("index out of bounds: the list became shorter in a loop over it", "IndexOutOfBounds")
    yield from ()
