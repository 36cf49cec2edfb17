"""What parsing tells besides the value: each thing dropped or ignored, each reason of a failure, by path."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from .outcome import EntryKind, Failure, Note, Outcome, join_path


@dataclass(frozen=True, slots=True)
class Entry:
    """`dropped`: a value that was meant but could not be used. `ignored`: text that no field asked for."""

    kind: EntryKind
    path: str
    reason: str
    raw: str = ""


@dataclass(frozen=True, slots=True)
class Report:
    """`truncated`: the text ended before the value did. `reread`: only another way to read the text gave the
    value, so it need not continue what was shown while it arrived.
    """

    entries: tuple[Entry, ...] = ()
    truncated: bool = False
    reread: bool = False

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


def entries_of(outcome: Outcome) -> list[Entry]:
    entries: list[Entry] = []
    work: list[tuple[str, Note | Outcome]] = [("$", outcome)]
    while work:
        path, item = work.pop()
        if isinstance(item, Note):
            entries.append(Entry(item.kind, path, item.reason, item.raw))
        elif item.notes:
            work += [(join_path(path, step), part) for step, part in reversed(item.notes)]
    return entries


def issues_of(failure: Failure) -> list[Issue]:
    issues: list[Issue] = []
    work = [("$", failure)]
    while work:
        path, item = work.pop()
        if item.causes:
            work += [(join_path(path, step), cause) for step, cause in reversed(item.causes)]
        else:
            issues.append(Issue(path, item.reason))
    return issues
