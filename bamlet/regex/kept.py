"""Patterns to programs, of which those used last are kept, as long as all their states together are not too many.

What is counted is what takes memory: the pattern, its instructions, and the states to which a step is known to
lead. A number of patterns would say nothing, since one of them may be a thousand times as large as another.
"""

from __future__ import annotations

from typing import Final

from .program import Program, program_for

MAX_KEPT_STATES: Final = 200_000


class Kept:
    """Two generations: what is asked for is young. When half of the room is taken, the young become the old, and
    what was old is forgotten. A program that fills half of the room before it has run is not kept.

    There is no lock, so that a process may be forked at any moment: each step is one of a dictionary, and whole.
    Threads that meet may make a program twice or lose a count; the next generation starts to count anew.
    """

    def __init__(self, room: int) -> None:
        self._half = room // 2
        self._young: dict[str, Program] = {}
        self._old: dict[str, Program] = {}
        self._states = 0

    def program(self, pattern: str) -> Program:
        """Raises `BadPattern` and `Unsupported`."""
        found = self._young.get(pattern)
        if found is None:
            found = self._old.pop(pattern, None)
            if found is None:
                found = program_for(pattern, self._count)
                if found.size > self._half:
                    return found
            # First in, then counted: if it is one too many, it is the last of the old.
            self._young[pattern] = found
            self._count(found.size)
        return found

    def programs(self) -> list[Program]:
        return [*self._young.values(), *self._old.values()]

    def _count(self, states: int) -> None:
        """Of a program that comes in, and of each step that one remembers, while it runs."""
        self._states += states
        if self._states > self._half:
            self._old, self._young, self._states = self._young, {}, 0


_KEPT = Kept(MAX_KEPT_STATES)


def compiled(pattern: str) -> Program:
    """Raises `BadPattern` and `Unsupported`."""
    return _KEPT.program(pattern)
