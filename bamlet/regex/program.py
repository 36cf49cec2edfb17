"""Whether a regular expression matches somewhere in a text, in time linear in the text.

Python's `re` backtracks: one bad pattern over what a model wrote could stop the process. Here all ways
through the pattern are followed at once, and each step is remembered by state and character.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..records import dataclass, field
from .syntax import Assertion, Char, Choice, Matcher, Node, Repeat, Sequence, is_word, parse

MAX_PROGRAM = 20_000
MAX_REMEMBERED = 50_000

A_STEP = 8
"""What a step that is remembered takes beside the states that it leads to, in the memory of so many states."""


def program_for(pattern: str, grows: Callable[[int], None]) -> Program:
    """`grows` is told of the states that the program remembers later. Raises `BadPattern` and `Unsupported`."""
    program = Program(grows)
    _emit(program, parse(pattern))
    program.add(None)
    program.size = len(pattern) + len(program.code)
    return program


@dataclass(frozen=True, slots=True)
class _Split:
    ways: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class _Step:
    matches: Matcher


@dataclass(frozen=True, slots=True)
class _Check:
    name: str


_States = frozenset[int]
_Key = tuple[_States, str, str]
_Instruction = _Split | _Step | _Check | None


@dataclass(slots=True)
class Program:
    """Instructions for a set of threads; None is the match. `seen` remembers what a step led to.

    `size` is counted in states: the characters of the pattern, the instructions, and what is remembered.
    """

    grows: Callable[[int], None]
    size: int = 0
    code: list[_Instruction] = field(default_factory=list)
    remembered: int = 0
    seen: dict[_Key, _States | None] = field(default_factory=dict)

    def search(self, text: str) -> bool:
        states: _States = frozenset()
        before = ""
        for char in text:
            key = (states, _side(before), char)
            if key in self.seen:
                following = self.seen[key]
            else:
                following = self._step(states, before, char)
                self._remember(key, following)
            if following is None:
                return True
            states, before = following, char
        return self._step(states, before, "") is None

    def _step(self, states: _States, before: str, char: str) -> _States | None:
        """The states after `char`, None if a match is complete before it. A new try starts at every place."""
        following, visited, pending = set(), set(), [0, *states]
        while pending:
            position = pending.pop()
            if position in visited:
                continue
            visited.add(position)
            instruction = self.code[position]
            if instruction is None:
                return None
            if isinstance(instruction, _Split):
                pending += instruction.ways
            elif isinstance(instruction, _Check):
                if _holds(instruction.name, before, char):
                    pending.append(position + 1)
            elif char and instruction.matches(char):
                following.add(position + 1)
        return frozenset(following)

    def _remember(self, key: _Key, following: _States | None) -> None:
        states = A_STEP + len(following or ())
        if self.remembered + states <= MAX_REMEMBERED:
            self.seen[key] = following
            self.remembered += states
            self.size += states
            self.grows(states)

    def add(self, instruction: _Instruction) -> int:
        if len(self.code) >= MAX_PROGRAM:
            raise ValueError("the regular expression is too large")
        self.code.append(instruction)
        return len(self.code) - 1


def _side(char: str) -> str:
    """All that an assertion needs to know of the character before it."""
    if char in ("", "\n"):
        return char
    return "a" if is_word(char) else "."


def _holds(name: str, before: str, after: str) -> bool:
    if name == "start":
        return before == ""
    if name == "end":
        return after == ""
    if name == "line_start":
        return before in ("", "\n")
    if name == "line_end":
        return after in ("", "\n")
    at_edge = (before != "" and is_word(before)) != (after != "" and is_word(after))
    return at_edge == (name == "word")


def _emit(program: Program, node: Node) -> None:
    _EMIT[type(node)](program, node)


def _emit_char(program: Program, node: Char) -> None:
    program.add(_Step(node.matches))


def _emit_assertion(program: Program, node: Assertion) -> None:
    program.add(_Check(node.name))


def _emit_sequence(program: Program, node: Sequence) -> None:
    for part in node.parts:
        _emit(program, part)


def _emit_choice(program: Program, node: Choice) -> None:
    fork = program.add(_Split(()))
    starts, ends = [], []
    for option in node.options:
        starts.append(len(program.code))
        _emit(program, option)
        ends.append(program.add(_Split(())))
    program.code[fork] = _Split(tuple(starts))
    for end in ends:
        program.code[end] = _Split((len(program.code),))


def _emit_repeat(program: Program, node: Repeat) -> None:
    for _ in range(node.least):
        start = len(program.code)
        _emit(program, node.body)
        if len(program.code) == start:
            break  # nothing, however often: a repetition of it in repetitions would never come to the limit
    if node.most is None:
        fork = program.add(_Split(()))
        _emit(program, node.body)
        program.add(_Split((fork,)))
        program.code[fork] = _Split((fork + 1, len(program.code)))
        return
    forks = []
    for _ in range(node.most - node.least):
        forks.append(program.add(_Split(())))
        _emit(program, node.body)
    for fork in forks:
        program.code[fork] = _Split((fork + 1, len(program.code)))


_EMIT: dict[type, Callable[[Program, Any], None]] = {
    Char: _emit_char,
    Assertion: _emit_assertion,
    Sequence: _emit_sequence,
    Choice: _emit_choice,
    Repeat: _emit_repeat,
}
