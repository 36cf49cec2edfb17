"""What coercing a reading gives: a value and what it cost, or the reason why there is none."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, Literal, TypeAlias

from .nodes import Node

Step: TypeAlias = str | int
EntryKind: TypeAlias = Literal["dropped", "truncated", "coerced", "ignored", "limit"]

# How a value came about, apart from its points.
INEXACT = 1  # not the kind of the type as it stands
WRAPPED = 2  # one value made a list
EMPTIED = 4  # a list of which nothing was left
FROM_TEXT = 8  # a bare string poured into the one field of a class
ALL_DEFAULTS = 16  # a class of which the text gave nothing
POURED = 32  # an object or a list shown as a string
FIRST_OF_LIST = 64  # one element of a list
IMPLIED = 256  # read as the one field of a class
STRICT = 128  # of a type of which nothing may be lost
MADE_UP = IMPLIED | ALL_DEFAULTS  # a class of which the text had no key


class Note:
    """An entry that does not know its path yet. `lossy`: the value does not hold all that `node` said."""

    __slots__ = ("kind", "lossy", "node", "reason", "strict")

    def __init__(
        self, kind: EntryKind, reason: str, node: Node, *, lossy: bool = False, strict: bool = False
    ) -> None:
        self.kind: EntryKind = kind
        self.reason = reason
        self.node = node
        self.lossy = lossy or kind in ("dropped", "truncated")
        self.strict = strict


class Outcome:
    """A coerced value with what it cost.

    `points` are penalties, `lost` counts values and parts of values that the result does not hold,
    `flags` say how it came about, and `notes` hang on the step that leads to them.
    """

    __slots__ = ("flags", "lost", "notes", "points", "value")

    def __init__(
        self,
        value: object,
        points: int = 0,
        lost: int = 0,
        flags: int = 0,
        notes: list[tuple[Step | None, Note | Outcome]] | None = None,
    ) -> None:
        self.value = value
        self.points = points
        self.lost = lost
        self.flags = flags
        self.notes = notes

    def copied(self) -> Outcome:
        return Outcome(self.value, self.points, self.lost, self.flags, self.notes)


class Failure:
    """Why a reading is not of a type; `causes` lead to the parts at fault, `asserted` marks a false `@assert`,
    `strict` a type that nothing may stand in for. `asked_as` is the alias of a field: the model was asked for it,
    and the path has its name.
    """

    __slots__ = ("asked_as", "asserted", "causes", "node", "reason", "strict")

    def __init__(
        self,
        reason: str,
        causes: tuple[tuple[Step | None, Failure], ...] = (),
        *,
        node: Node | None = None,
        asserted: bool = False,
        strict: bool = False,
        asked_as: str = "",
    ) -> None:
        self.reason = reason
        self.causes = causes
        self.asked_as = asked_as
        self.node = node
        self.asserted = asserted
        self.strict: bool = strict or (bool(causes) and any(cause.strict for _, cause in causes))

    def under(self, alias: str) -> Failure:
        return Failure(
            self.reason,
            self.causes,
            node=self.node,
            asserted=self.asserted,
            strict=self.strict,
            asked_as=alias,
        )


REPEATED: Final = Failure("the key comes again, and its last value counts")

Result: TypeAlias = Outcome | Failure
Notes: TypeAlias = list[tuple[Step | None, Note | Outcome]]


class Tally:
    """What the parts of a container cost together."""

    __slots__ = ("flags", "lost", "notes", "points")

    def __init__(self, points: int = 0) -> None:
        self.points = points
        self.lost = 0
        self.flags = 0
        self.notes: Notes | None = None

    def take(self, step: Step, part: Outcome) -> None:
        self.points += part.points
        self.lost += part.lost
        self.flags |= part.flags & INEXACT
        if part.notes:
            self.note(step, part)

    def drop(self, step: Step, failure: Failure, node: Node, points: int) -> None:
        self.points += points
        self.lost += 1
        self.flags |= INEXACT
        self.note(step, dropped(failure, node))

    def ignore(self, step: Step, reason: str, node: Node) -> None:
        self.points += 1
        self.flags |= INEXACT
        self.note(step, Note("ignored", reason, node))

    def note(self, step: Step | None, note: Note | Outcome) -> None:
        if self.notes is None:
            self.notes = []
        self.notes.append((step, note))

    def outcome(self, value: object, flags: int = 0) -> Outcome:
        return Outcome(value, self.points, self.lost, self.flags | flags, self.notes)


def rank(outcome: Outcome) -> tuple[int, ...]:
    """Lower is better: what keeps most of the text first, then the shape, then the points."""
    flags = outcome.flags
    return (
        outcome.lost,
        flags & FROM_TEXT,
        flags & ALL_DEFAULTS,
        flags & (POURED | FIRST_OF_LIST),
        flags & EMPTIED,
        outcome.points,
    )


def first_issue(failure: Failure) -> str:
    """The first reason, with the path below the failed value if there is one."""
    path = ""
    while failure.causes:
        step, failure = failure.causes[0]
        path = join_path(path, step)
    return f"{path.lstrip('.')}: {failure.reason}" if path else failure.reason


def dropped(failure: Failure, node: Node) -> Note:
    return Note("dropped", first_issue(failure), node, strict=failure.strict)


def with_notes(outcome: Outcome, notes: Iterable[Note]) -> Outcome:
    """The outcome may already be shared with another type, so it is copied."""
    made = outcome.copied()
    made.notes = [*(outcome.notes or ()), *((None, note) for note in notes)]
    return made


def notes_below(step: Step | None, outcome: Outcome) -> Notes | None:
    return [(step, outcome)] if outcome.notes else None


def join_path(path: str, step: Step | None) -> str:
    if step is None:
        return path
    if isinstance(step, int):
        return f"{path}[{step}]"
    return f"{path}.{step}" if step.isidentifier() else f'{path}["{step}"]'
