"""What a run will do, before anything is asked: every row bound once, its key looked up, duplicates told apart."""

from __future__ import annotations

import hashlib
import heapq
from array import array
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from .._version import __version__
from ..records import dataclass
from .engines import FAILED, OK, Refused
from .feed import Binder, NotBound
from .journal import Journal
from .options import MapOptions
from .output import NOT_BOUND
from .remembered import Remembered
from .tables import Record, Table

SHOWN_PROBLEMS = 20
TAKEN = 9  # the status of a row that this run has begun to ask


@dataclass(slots=True)
class Plan:
    """`numbers` are the rows that were chosen, `ids` their rows in the journal, side by side. `statuses` is by id,
    and kept up to date while the run goes on."""

    numbers: Sequence[int]
    ids: array[int]
    problems: dict[int, str]
    statuses: bytearray
    duplicates: int = 0

    def __post_init__(self) -> None:
        # A byte for each row of the journal: a set of a million numbers would be as large as all the rest.
        seen = bytearray(len(self.statuses))
        for id_ in self.ids:
            self.duplicates += seen[id_] and id_ != NOT_BOUND
            seen[id_] = 1

    def count(self, status: int) -> int:
        """Rows of the input with this status, duplicates each by itself."""
        return sum(self.statuses[id_] == status for id_ in self.ids if id_ != NOT_BOUND)

    @property
    def known(self) -> int:
        return self.count(OK) + self.count(FAILED)

    def rows_to_ask(self, table: Table, binder: Binder) -> Iterator[Mapping[str, Any]]:
        """The arguments of each, in order."""
        seen = bytearray(self.statuses)
        for record, id_ in zip(chosen_records(table, self.numbers), self.ids, strict=True):
            if id_ != NOT_BOUND and not seen[id_]:
                seen[id_] = TAKEN
                yield binder.arguments(record)

    @property
    def unknown(self) -> int:
        """Rows to ask, each once."""
        left = bytearray(len(self.statuses))
        for id_ in self.ids:
            if id_ != NOT_BOUND and not self.statuses[id_]:
                left[id_] = 1
        return sum(left)


def make_plan(table: Table, binder: Binder, journal: Journal, options: MapOptions) -> Plan:
    """Raises `Refused` for rows that do not bind, unless some may fail."""
    sample = _sampled(table, options)
    problems: dict[int, str] = {}
    may_fail = options.max_errors is not None and options.max_errors.allows_some

    def bind() -> tuple[array[int], bool]:
        records = table.records(options.rows) if sample is None else chosen_records(table, sample)
        found = journal.ids(_keys(records, binder, options, problems, may_fail=may_fail))
        return found, not problems and not binder.reads_files

    chosen = (options.rows, options.sample, options.seed, options.dup == "each")
    told = f"{__version__} {table.format} {chosen} ".encode() + binder.told
    ids = Remembered(options.state_folder, journal, table, told).ids(bind)
    if problems and not may_fail:
        more = "\n…" if len(problems) == SHOWN_PROBLEMS else ""
        raise Refused("these rows cannot be bound, so nothing was asked:\n" + "\n".join(problems.values()) + more)
    numbers = range(len(ids) + len(problems)) if sample is None else sample
    if problems:
        good = iter(ids)
        ids = array("q", (NOT_BOUND if number in problems else next(good) for number in numbers))
    if options.retry_errors is not None:
        journal.forget_failures(options.retry_errors or None)
    plan = Plan(numbers, ids, problems, journal.statuses())
    if options.dup == "error" and plan.duplicates:
        raise Refused(_first_duplicate(plan))
    return plan


def _sampled(table: Table, options: MapOptions) -> Sequence[int] | None:
    """The rows that chance has chosen; None for all, or the first."""
    if options.sample is None:
        return None
    if options.rows is not None:
        raise Refused("either --rows or --sample")
    count = sum(1 for _ in table.records())
    return sorted(heapq.nsmallest(options.sample, range(count), key=lambda n: _draw(options.seed, n)))


def _draw(seed: int, number: int) -> bytes:
    return hashlib.blake2b(f"{seed} {number}".encode(), digest_size=8).digest()


def chosen_records(table: Table, numbers: Sequence[int]) -> Iterator[Record]:
    if isinstance(numbers, range):
        return table.records(len(numbers))
    wanted = set(numbers)
    return (record for record in table.records() if record.number in wanted)


def _keys(
    records: Iterator[Record],
    binder: Binder,
    options: MapOptions,
    problems: dict[int, str],
    *,
    may_fail: bool,
) -> Iterator[bytes]:
    """Of the rows that bind; the others become problems, and the first twenty end it unless some may fail."""
    occurrences: Counter[bytes] = Counter()
    for record in records:
        try:
            arguments = binder.arguments(record)
            key = binder.key(arguments)
            if options.dup == "each":
                occurrences[key] += 1
                key = binder.key(arguments, occurrences[key] - 1)
        except NotBound as problem:
            problems[record.number] = f"{record.place}: {problem}"
            if not may_fail and len(problems) == SHOWN_PROBLEMS:
                return
            continue
        yield key


def _first_duplicate(plan: Plan) -> str:
    seen: dict[int, int] = {}
    for number, id_ in zip(plan.numbers, plan.ids, strict=True):
        if id_ in seen and id_ != NOT_BOUND:
            return f"rows {seen[id_]} and {number} (counted from 0) ask the same, and --dup error allows none"
        seen[id_] = number
    raise AssertionError("there is a duplicate")
