"""The part of a run that asks: rows go to an engine as there is room, and what comes back goes to the journal."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from itertools import islice
from typing import Any, BinaryIO

from ..records import dataclass
from .asking import is_cancelled
from .engines import FAILED, OK, Done, Engine, Row, Stopped
from .feed import Binder, NotBound
from .journal import JournalError
from .meter import Meter
from .options import MapOptions
from .output import NOT_BOUND, Join, Parts
from .pace import CEILING
from .plan import TAKEN, Plan, chosen_records
from .report import Progress
from .stopping import Stops
from .tables import JsonLines, Record
from .watched import CHANGED

LOOK_SECONDS = 1.0
ROWS_A_LOOK = 8  # read ahead of one look at their file: each is a call of the system
ENDED = frozenset({OK, FAILED})


@dataclass(slots=True, kw_only=True)
class Hooks:
    """What a host hears, and what it gives: progress each second, a text for a person, rows for a pipe, standard
    input, and what to call when a person interrupts."""

    on_progress: Callable[[Progress], object] | None = None
    say: Callable[[str], object] = lambda text: None
    write: Callable[[bytes], object] = lambda data: None
    stdin: BinaryIO | None = None
    on_start: Callable[[Callable[[], None]], object] = lambda interrupt: None


@dataclass(slots=True)
class _Open:
    """A row that is being asked."""

    position: int
    record: Record
    arguments: Mapping[str, Any]


class Session:
    def __init__(
        self,
        options: MapOptions,
        hooks: Hooks,
        binder: Binder,
        plan: Plan,
        meter: Meter,
        stops: Stops,
        join: Join,
        parts: Parts | None,
    ) -> None:
        self._options = options
        self._hooks = hooks
        self._binder = binder
        self._plan = plan
        self._meter = meter
        self._stops = stops
        self._join = join
        self._parts = parts
        self._open: dict[int, _Open] = {}
        self._lines = JsonLines()
        self._written = bytearray(len(plan.ids)) if options.is_pipe else bytearray()

    async def ask_all(self, engine: Engine) -> None:
        journal = self._join.journal
        journal.begin_run(self._options.concurrency or CEILING, self._meter.known)
        work = asyncio.create_task(engine.run(self._rows(), self._done))
        self._stops.cancels(work.cancel)
        self._hooks.on_start(self._stops.interrupt)
        looking = asyncio.create_task(self._look(engine))
        looking.add_done_callback(lambda _: work.cancel())  # by itself it ends only if the host has failed
        deadline = self._deadline()
        try:
            with contextlib.suppress(asyncio.CancelledError), self._stopped():
                await work
            if is_cancelled():
                raise asyncio.CancelledError
            if looking.done():
                looking.result()
        finally:
            if not work.done():  # we were cancelled ourselves: its sockets are closed before the journal is
                work.cancel()
                await asyncio.wait({work})
            looking.cancel()
            await asyncio.wait({looking})
            if deadline is not None:
                deadline.cancel()
            self._stops.close()
            # After the engine: the last answers are stored by it. After the others, which speak of an open run.
            self._end_run()

    @contextlib.contextmanager
    def _stopped(self) -> Iterator[None]:
        try:
            yield
        except Stopped as found:
            self._stops.stop(found.reason, str(found))

    def _end_run(self) -> None:
        """What was answered is on the disk before anything else is said, however the run ends."""
        try:
            self._join.journal.end_run(self._stops.reason or "done", self._meter.called)
        except OSError as failure:
            self._stops.stop("disk", str(failure))

    def _deadline(self) -> asyncio.TimerHandle | None:
        seconds = self._options.deadline
        if seconds is None:
            return None
        return asyncio.get_running_loop().call_later(seconds, self._stops.expire, f"{seconds:g} s have passed")

    # --- rows in

    async def _rows(self) -> AsyncIterator[Row]:
        plan, stops = self._plan, self._stops
        rows = enumerate(zip(chosen_records(self._join.table, plan.numbers), plan.ids, strict=True))
        while ahead := list(islice(rows, ROWS_A_LOOK)):
            # Behind the reading: what was read before the file became another may be asked.
            changed = self._changed({record.file for _, (record, id_) in ahead if self._is_to_ask(id_)})
            for position, (record, id_) in ahead:
                if not self._is_to_ask(id_):
                    continue
                arguments = self._arguments(record)
                if arguments is None or record.file in changed:
                    stops.stop("interrupted", f"{record.place}: {CHANGED}")
                    return
                self._look_at_journal()
                if not await stops.may_begin(id_, arguments):
                    return
                plan.statuses[id_] = TAKEN
                self._open[id_] = _Open(position, record, arguments)
                yield Row(record.number, id_, arguments)

    def _is_to_ask(self, id_: int) -> bool:
        return id_ != NOT_BOUND and not self._plan.statuses[id_]

    def _changed(self, files: set[str]) -> set[str]:
        return {name for name in files if self._join.watched.is_changed(name)}

    def _arguments(self, record: Record) -> dict[str, Any] | None:
        try:
            return self._binder.arguments(record)
        except NotBound:  # which it was before
            return None

    # --- answers out

    def _done(self, done: Done) -> None:
        self._join.journal.store(done)
        self._plan.statuses[done.id] = done.status
        asked = self._open.pop(done.id)
        self._meter.ended(done)
        self._stops.ended(done, asked.arguments)
        if self._options.is_pipe and done.value is not None:
            self._put(asked.position, asked.record, done.value)

    def _put(self, position: int, record: Record, answer: str) -> None:
        self._written[position] = 1
        try:
            self._hooks.write(self._join.layout.written(self._lines, record.values, answer))
        except OSError as failure:
            raise Stopped(str(failure), "output") from None

    def write_rest(self) -> None:
        """To a pipe: what was known before, and duplicates."""
        if not self._options.is_pipe:
            return
        try:
            with self._stopped():
                for position, (record, answer, _) in enumerate(self._join.rows()):
                    if not self._written[position] and answer is not None:
                        self._put(position, record, answer)
        except OSError as failure:
            self._stops.stop("output", str(failure))

    # --- meanwhile

    async def _look(self, engine: Engine) -> None:
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            self._look_at_journal()
            if self._hooks.on_progress is not None:
                self._hooks.on_progress(self._meter.look(loop.time(), engine.in_flight, engine.places))
            if self._parts is not None:
                self._write_parts(self._parts)

    def _look_at_journal(self) -> None:
        """Before each row: those that begin while nothing can be stored are paid twice."""
        if (failure := self._join.journal.failure) is not None:
            self._stops.stop("disk", failure)

    def _write_parts(self, parts: Parts) -> None:
        """Those of which every answer is on the disk."""
        try:
            parts.write_ended(self._join, lambda id_: id_ == NOT_BOUND or self._plan.statuses[id_] in ENDED)
        except (OSError, JournalError) as failure:
            self._stops.stop("output", str(failure))
