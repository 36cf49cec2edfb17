"""What became of a test: plain frozen data that the runner makes and every output draws from."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Literal, TypeAlias

from ..embed import FailedAttempt, Report
from ..embed.constraints import ShownValue, TestInfo
from ..embed.discovery import BETWEEN, BodyTest
from ..records import dataclass
from ..source import Span
from .differences import Difference

Status: TypeAlias = Literal["passed", "flaky", "failed", "errored", "cancelled"]
STATUSES: tuple[Status, ...] = ("passed", "flaky", "failed", "errored", "cancelled")


@dataclass(frozen=True, slots=True, eq=False)
class Case:
    """One test of a program, which is itself only.

    `function` is what a declared test calls; a test that calls none has a path of sets in its place.
    """

    info: TestInfo | BodyTest

    @property
    def name(self) -> str:
        return self.info.name if isinstance(self.info, TestInfo) else self.info.name.rpartition(BETWEEN)[2]

    @property
    def function(self) -> str | None:
        return self.info.function if isinstance(self.info, TestInfo) else None

    @property
    def set(self) -> str | None:
        """The sets around a test with a body; empty for one outside of all."""
        return None if isinstance(self.info, TestInfo) else self.path

    @property
    def path(self) -> str:
        return self.info.function if isinstance(self.info, TestInfo) else self.info.name.rpartition(BETWEEN)[0]

    @property
    def id(self) -> str:
        return f"{self.path}::{self.name}"

    @property
    def file(self) -> str:
        return self.info.span.file.name

    @property
    def line(self) -> int:
        return self.info.span.file.line_and_column(self.info.span.start)[0]


@dataclass(frozen=True, slots=True)
class RunKey:
    """One run: a test, with a client or its own, and the number of the run."""

    case: Case
    client: str | None = None
    number: int = 1


@dataclass(frozen=True, slots=True)
class JudgedConstraint:
    """`error` is a constraint that could not be evaluated, or gave neither true nor false.

    `marks` are the operators of comparisons that came out as false, as places in the expression.
    """

    kind: Literal["check", "assert"]
    name: str | None
    expression: str
    status: Literal["passed", "failed", "error"]
    span: Span
    problem: str = ""
    values: tuple[ShownValue, ...] = ()
    differences: tuple[Difference, ...] = ()
    marks: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True, slots=True)
class RunError:
    """Why a run could not be decided, or did not fit: an error of the call, or what a source of answers says."""

    type: str
    message: str
    attempts: tuple[FailedAttempt, ...] = ()
    trace: str = ""
    answer: str | None = None  # what the model wrote, when it did not fit
    hint: str | None = None


@dataclass(frozen=True, slots=True)
class Usage:
    input_tokens: int = 0
    output_tokens: int = 0


@dataclass(frozen=True, slots=True)
class RunResult:
    """`problems` are reasons to fail that are no constraint: unused recordings, losses under `--strict`.

    `asked` and `said` are the last request's body and the model's words, where somebody wants to see them.
    """

    key: RunKey
    status: Status
    ms: float = 0.0
    first_token_ms: float | None = None
    usage: Usage | None = None
    has_value: bool = False
    value: Any = None
    report: Report | None = None
    constraints: tuple[JudgedConstraint, ...] = ()
    problems: tuple[str, ...] = ()
    error: RunError | None = None
    cassette: str | None = None
    asked: str | None = None
    said: str | None = None


@dataclass(frozen=True, slots=True)
class Cell:
    """All runs of one test with one client."""

    client: str | None
    runs: tuple[RunResult, ...]
    pass_rate: float

    @property
    def passed(self) -> int:
        return sum(run.status == "passed" for run in self.runs)

    @property
    def status(self) -> Status:
        # A rounding error must not ask for one run more: 0.6 of 5 is 3.
        if self.passed >= math.ceil(self.pass_rate * len(self.runs) - 1e-9):
            return "passed" if self.passed == len(self.runs) else "flaky"
        return _worst(run.status for run in self.runs)


@dataclass(frozen=True, slots=True)
class TestResult:
    case: Case
    cells: tuple[Cell, ...]

    @property
    def status(self) -> Status:
        return _worst(cell.status for cell in self.cells)

    @property
    def runs(self) -> tuple[RunResult, ...]:
        return tuple(run for cell in self.cells for run in cell.runs)

    @property
    def pass_rate(self) -> float:
        return sum(cell.passed for cell in self.cells) / max(1, len(self.runs))


_BY_WEIGHT: tuple[Status, ...] = ("failed", "errored", "cancelled", "flaky")


def _worst(statuses: Any) -> Status:
    """A failure says more than a test that nobody could decide, and that more than one that was stopped."""
    found = set(statuses)
    return next((status for status in _BY_WEIGHT if status in found), "passed")


# --- events


@dataclass(frozen=True, slots=True)
class Started:
    tests: int
    runs: int


@dataclass(frozen=True, slots=True)
class RunStarted:
    key: RunKey


@dataclass(frozen=True, slots=True)
class Progress:
    """An answer that arrives: how much of it, and where its value grew last."""

    key: RunKey
    characters: int
    place: str


@dataclass(frozen=True, slots=True)
class RunEnded:
    result: RunResult


@dataclass(frozen=True, slots=True)
class TestEnded:
    result: TestResult


@dataclass(frozen=True, slots=True)
class Summary:
    """Everything, in order of declaration. `notes` are for a person: what the run found out on its way."""

    tests: tuple[TestResult, ...]
    seconds: float
    notes: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()

    @property
    def counts(self) -> Mapping[Status, int]:
        return {status: sum(test.status == status for test in self.tests) for status in STATUSES}

    @property
    def ok(self) -> bool:
        return not self.problems and all(test.status in ("passed", "flaky") for test in self.tests)


@dataclass(frozen=True, slots=True)
class Ended:
    summary: Summary


Event: TypeAlias = Started | RunStarted | Progress | RunEnded | TestEnded | Ended
