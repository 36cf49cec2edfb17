"""What parsing tells besides the value: each thing that was lost or changed, each reason of a failure, by path.

Paths name fields as the program does. Where nothing in the program has a name, they name what the text says.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator

from ..records import dataclass
from .nodes import Node
from .outcome import STRICT, EntryKind, Failure, Note, Outcome, Step, join_path


@dataclass(frozen=True, slots=True)
class Entry:
    """Something that the value does not tell.

    `dropped`: meant for this place, but of no use there. `truncated`: cut off by the end of the text. `coerced`:
    changed to fit. `ignored`: nothing asked for it. `limit`: not looked at.

    `raw` is the text from `start` to `end`, as the model wrote it. `lossy` tells that the value is poorer for it;
    that is what `strict` refuses.
    """

    kind: EntryKind
    path: str
    reason: str
    raw: str = ""
    start: int = 0
    end: int = 0
    lossy: bool = False

    def __str__(self) -> str:
        return f"{self.kind} {self.path}: {self.reason}"


@dataclass(frozen=True, slots=True)
class Report:
    """Everything that one answer said and its value does not.

    `truncated`: the answer ended before the value did, or the model stopped at its length limit. `reread`: only
    another way to read the text gave the value, so it need not continue what was shown while it arrived.
    `preamble` is the text before the value, `reasoning` what the model thought in it.
    """

    entries: tuple[Entry, ...] = ()
    truncated: bool = False
    reread: bool = False
    preamble: str = ""
    reasoning: str = ""

    @property
    def dropped(self) -> tuple[Entry, ...]:
        return self._of("dropped")

    @property
    def ignored(self) -> tuple[Entry, ...]:
        return self._of("ignored")

    @property
    def coerced(self) -> tuple[Entry, ...]:
        return self._of("coerced")

    @property
    def cut(self) -> tuple[Entry, ...]:
        """The values in which the text ended."""
        return self._of("truncated")

    @property
    def losses(self) -> tuple[Entry, ...]:
        """The entries that `strict` refuses."""
        return tuple(entry for entry in self.entries if entry.lossy)

    def _of(self, kind: EntryKind) -> tuple[Entry, ...]:
        return tuple(entry for entry in self.entries if entry.kind == kind)


@dataclass(frozen=True, slots=True)
class Issue:
    """One reason why there is no value, with the text at fault if there is one."""

    path: str
    reason: str
    raw: str = ""
    start: int = 0
    end: int = 0

    def __str__(self) -> str:
        return f"{self.path}: {self.reason}"


TOLD = 20
ENTRIES = 256  # of a report, made between two pauses


class ParseFailure(Exception):
    """The text does not hold a value of the type. `raw` is the whole text, `issues` say why, by path. The message
    tells the first of them.
    """

    def __init__(self, issues: Iterable[Issue], raw: str) -> None:
        self.issues = tuple(issues)
        self.raw = raw
        super().__init__(self._each(str))

    @property
    def told(self) -> str:
        """As the host hears of it, with the place of what is at fault."""
        return f"Failed to parse LLM response: Failed to coerce value: {self._each(self._with_place)}"

    def _each(self, shown: Callable[[Issue], str]) -> str:
        told = [shown(issue) for issue in self.issues[:TOLD]]
        if len(self.issues) > TOLD:
            told.append(f"and {len(self.issues) - TOLD} more")
        return "\n".join(told)

    def _with_place(self, issue: Issue) -> str:
        if not issue.raw:
            return str(issue)
        before = self.raw[: issue.start]
        line, column = before.count("\n") + 1, issue.start - before.rfind("\n")
        return f"{issue} (line {line}, column {column} of the answer)"


@dataclass(frozen=True, slots=True)
class Parsed:
    value: object
    report: Report


@dataclass(frozen=True, slots=True)
class Found:
    """An entry, and whether it lies in a type of which nothing may be lost."""

    entry: Entry
    strict: bool


def finding(outcome: Outcome, text: str) -> Generator[None, None, list[Found]]:
    """What was found, in the order of the text, with pauses: an answer may lose something at each place."""
    found: list[Found] = []
    for item in _found_in(outcome, text):
        found.append(item)
        if len(found) % ENTRIES == 0:
            yield
    found.sort(key=lambda item: item.entry.start)
    return found


def _found_in(outcome: Outcome, text: str) -> Iterator[Found]:
    work: list[tuple[str, bool, Iterator[tuple[Step | None, Note | Outcome]]]] = [
        ("$", False, iter([(None, outcome)]))
    ]
    while work:
        above, strict, parts = work[-1]
        for step, item in parts:
            path = join_path(above, step)
            if isinstance(item, Note):
                raw, start, end = source(item.node, text)
                entry = Entry(item.kind, path, item.reason, raw, start, end, item.lossy)
                yield Found(entry, strict or item.strict)
            elif item.notes:
                work.append((path, strict or bool(item.flags & STRICT), iter(item.notes)))
                break
        else:
            work.pop()


def issues_of(failure: Failure, text: str) -> list[Issue]:
    issues: list[Issue] = []
    work: list[tuple[str, str, Failure]] = [("$", "", failure)]
    while work:
        path, alias, item = work.pop()
        for step, cause in reversed(item.causes):
            # The items of a list were asked for as the list was.
            asked_as = cause.asked_as or ("" if isinstance(step, str) else alias)
            work.append((join_path(path, step), asked_as, cause))
        if not item.causes:
            reason = f'{item.reason} for the alias "{alias}"' if alias else item.reason
            issues.append(Issue(path, reason, *(source(item.node, text) if item.node else ())))
    return issues


def refused(found: Iterable[Found]) -> list[Issue]:
    """What strictness makes of losses."""
    return [
        Issue(entry.path, f"{entry.reason} (strict)", entry.raw, entry.start, entry.end)
        for entry in (item.entry for item in found)
        if entry.lossy
    ]


def source(node: Node, text: str) -> tuple[str, int, int]:
    """What the model wrote for a node, without the blanks around it."""
    end = len(text) if node.end is None else node.end
    raw = text[node.start : end]
    start = node.start + len(raw) - len(raw.lstrip())
    raw = raw.strip()
    return raw, start, start + len(raw)
