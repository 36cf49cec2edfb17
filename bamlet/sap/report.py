"""What parsing tells besides the value: each thing dropped or ignored, each reason of a failure, by path."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, TypeAlias

Step: TypeAlias = str | int
EntryKind: TypeAlias = Literal["dropped", "ignored", "limit"]


@dataclass(frozen=True, slots=True)
class Entry:
    """`dropped`: a value that was meant but could not be used. `ignored`: text that no field asked for."""

    kind: EntryKind
    path: str
    reason: str
    raw: str = ""


@dataclass(frozen=True, slots=True)
class Report:
    """`truncated`: the text ended before the value did."""

    entries: tuple[Entry, ...] = ()
    truncated: bool = False

    @property
    def dropped(self) -> tuple[Entry, ...]:
        return tuple(entry for entry in self.entries if entry.kind == "dropped")

    @property
    def ignored(self) -> tuple[Entry, ...]:
        return tuple(entry for entry in self.entries if entry.kind == "ignored")


@dataclass(frozen=True, slots=True)
class Issue:
    path: str
    reason: str

    def __str__(self) -> str:
        return f"{self.path}: {self.reason}"


class ParseFailure(Exception):
    """The text does not hold a value of the type. `raw` is the whole text, `issues` say why, by path."""

    def __init__(self, issues: Iterable[Issue], raw: str) -> None:
        self.issues = tuple(issues)
        self.raw = raw
        super().__init__("\n".join(map(str, self.issues)))


@dataclass(frozen=True, slots=True)
class Parsed:
    value: object
    report: Report


class Note:
    """An entry that does not know its path yet."""

    __slots__ = ("kind", "raw", "reason")

    def __init__(self, kind: EntryKind, reason: str, raw: str) -> None:
        self.kind: EntryKind = kind
        self.reason = reason
        self.raw = raw


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


class Failure:
    """Why a reading is not of a type; `causes` lead to the parts at fault, `asserted` marks a false `@assert`."""

    __slots__ = ("asserted", "causes", "reason")

    def __init__(
        self, reason: str, causes: tuple[tuple[Step | None, Failure], ...] = (), *, asserted: bool = False
    ) -> None:
        self.reason = reason
        self.causes = causes
        self.asserted = asserted


def entries_of(outcome: Outcome) -> list[Entry]:
    entries: list[Entry] = []
    work: list[tuple[str, Note | Outcome]] = [("$", outcome)]
    while work:
        path, item = work.pop()
        if isinstance(item, Note):
            entries.append(Entry(item.kind, path, item.reason, item.raw))
        elif item.notes:
            work += [(_join(path, step), part) for step, part in reversed(item.notes)]
    return entries


def issues_of(failure: Failure) -> list[Issue]:
    issues: list[Issue] = []
    work = [("$", failure)]
    while work:
        path, item = work.pop()
        if item.causes:
            work += [(_join(path, step), cause) for step, cause in reversed(item.causes)]
        else:
            issues.append(Issue(path, item.reason))
    return issues


def first_issue(failure: Failure) -> str:
    """The first reason, with the path below the failed value if there is one."""
    path = ""
    while failure.causes:
        step, failure = failure.causes[0]
        path = _join(path, step)
    return f"{path.lstrip('.')}: {failure.reason}" if path else failure.reason


def _join(path: str, step: Step | None) -> str:
    if step is None:
        return path
    if isinstance(step, int):
        return f"{path}[{step}]"
    return f"{path}.{step}" if step.isidentifier() else f'{path}["{step}"]'
