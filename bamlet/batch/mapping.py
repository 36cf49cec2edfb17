"""Rows of an iterable to answers as they end: what `map` and `amap` are made of."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Callable, Iterable, Mapping
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path
from typing import Any, Literal, TypeAlias

from ..embed import BamlError, BamlInvalidArgumentError, Usage
from ..embed.arguments import as_value
from ..embed.prices import Prices
from ..embed.runtime import AsyncRuntime, Program
from ..records import dataclass, field
from ..sync import Runtime
from .asking import Asker
from .engines import OK, Done, Refused, Row
from .feed import Binder, NotBound, given_for
from .journal import Journal
from .local import LocalEngine
from .meter import Meter
from .money import check_prices, client_limits, reserve_for
from .options import MapOptions
from .pace import CEILING, ClientPaces
from .report import Progress
from .session import LOOK_SECONDS
from .state import State
from .stopping import Stops
from .tables import Record

AHEAD, HELD_BACK = 2, 4  # times the places: rows read and not yet looked at, the latter with order="input"
Order: TypeAlias = Literal["done", "input"]
Places: TypeAlias = int | Literal["auto"]
Rows: TypeAlias = Iterable[Mapping[str, Any]] | AsyncIterable[Mapping[str, Any]]
Mappable: TypeAlias = Program | Runtime | AsyncRuntime


@dataclass(frozen=True, slots=True)
class MappedRow:
    """One row that has ended, with a value or an error and never both. `known` was answered by an earlier run."""

    number: int
    input: Mapping[str, Any]
    value: Any
    error: Exception | None
    usage: Usage
    cost: float | None
    known: bool


async def runtime_of(program: Mappable, stack: AsyncExitStack) -> AsyncRuntime:
    """One that is given stays open."""
    if isinstance(program, Runtime):
        return program.asynchronous
    if isinstance(program, AsyncRuntime):
        return program
    return await stack.enter_async_context(AsyncRuntime(program))


@dataclass(slots=True)
class _Asked:
    number: int
    input: Mapping[str, Any]
    arguments: Mapping[str, Any]
    outcome: Any = None


@dataclass(slots=True)
class RowMapping:
    """One run over one iterable, in the words of `amap`."""

    program: Mappable
    function: str
    rows: Rows
    bind: Mapping[str, str]
    concurrency: Places
    rpm: float | None
    tpm: float | None
    max_cost: float | None
    state: str | os.PathLike[str] | State | None
    order: Order
    on_progress: Callable[[Progress], object] | None
    _asked: dict[int, _Asked] = field(default_factory=dict)
    _ready: list[MappedRow] = field(default_factory=list)
    _held: dict[int, MappedRow] = field(default_factory=dict)
    _next: int = 0
    _handed: int = 0
    # Set when anything above has changed. Each of its waiters looks, clears and waits, with nothing awaited
    # between: a change comes before the look or after the clearing, and is seen either way. Several may wait at
    # once, since what one clears has woken all the others already.
    _changed: asyncio.Event = field(default_factory=asyncio.Event)

    async def batches(self) -> AsyncGenerator[list[MappedRow], None]:
        """Rows that have ended since somebody looked last; never an empty list."""
        async with AsyncExitStack() as stack:
            runtime = await runtime_of(self.program, stack)
            journal = self._journal(stack, runtime)
            work = asyncio.create_task(self._work(runtime, journal))
            # Last in, first out: whoever leaves this loop stops the rows before the journal that they write to,
            # and before the runtime whose connections they hold.
            stack.push_async_callback(_ended, work)
            work.add_done_callback(lambda _: self._changed.set())
            while True:
                if batch := self._take():
                    self._handed = len(batch)
                    yield batch
                    self._handed = 0
                    self._changed.set()  # there is room to read on
                elif work.done():
                    break
                else:
                    self._changed.clear()
                    await self._changed.wait()
            await work

    def _take(self) -> list[MappedRow]:
        if self.order == "done":
            batch, self._ready = self._ready, []
        else:
            self._held.update((row.number, row) for row in self._ready)
            self._ready = []
            batch = []
            while (row := self._held.pop(self._next, None)) is not None:
                batch.append(row)
                self._next += 1
        return batch

    def _journal(self, stack: AsyncExitStack, runtime: AsyncRuntime) -> Journal | None:
        if self.state is None:
            return None
        try:
            given = self.state
            # One that is given stays open.
            state = given if isinstance(given, State) else stack.enter_context(State(Path(given)))
            state.check_fingerprint(runtime.program.fingerprint(self.function))
        except Refused as failure:
            raise BamlInvalidArgumentError(str(failure)) from None
        return state.journal

    async def _work(self, runtime: AsyncRuntime, journal: Journal | None) -> None:
        options = MapOptions(
            input="",
            output="",
            concurrency=self._places,
            rpm=self.rpm,
            tpm=self.tpm,
            max_cost=self.max_cost,
            canary=False,
        )
        try:
            prices = Prices.of(runtime.program.interface)
            if self.max_cost is not None:
                check_prices(runtime.program, self.function, prices)
            binder = self._binder(runtime)
        except (Refused, ValueError) as failure:
            raise BamlInvalidArgumentError(str(failure)) from None
        reserve = await reserve_for(runtime, self.function, prices, None)
        stops = Stops(options, journal.spent() if journal is not None else 0.0, 0, reserve)
        paces = ClientPaces(partial(client_limits, runtime.program, options), self._places)
        asker = Asker(runtime, self.function, prices, paces)
        meter = Meter(0, 0, 0, asyncio.get_running_loop().time(), self.rpm)

        async def ask(row: Row) -> Done:
            done, self._asked[row.id].outcome = await asker.answer(row)
            return done

        def done(found: Done) -> None:
            asked = self._asked.pop(found.id)
            meter.ended(found)
            stops.ended(found, asked.arguments)
            if journal is not None:
                journal.store(found)
            self._give(_row(asked, found, known=False))

        if journal is not None:
            journal.begin_run(self._places or CEILING, 0)
        engine = LocalEngine(ask, paces)
        looking = asyncio.create_task(self._look(meter, engine, paces))
        try:
            await _first_failure(
                engine.run(self._feed(runtime, binder, journal, stops, paces, meter), done), looking
            )
        finally:
            # After the engine, whose last answers are stored while it ends.
            if journal is not None:
                journal.end_run(stops.reason or "done", meter.called)
        if stops.reason is not None:
            raise BamlError(f"stopped by max_cost: {stops.message}")

    @property
    def _places(self) -> int | None:
        return None if self.concurrency == "auto" else self.concurrency

    def _binder(self, runtime: AsyncRuntime) -> Binder:
        if runtime.program.callee(self.function) is None:
            raise Refused(f"there is no function `{self.function}`")
        bind = [f"{name}={column}" for name, column in self.bind.items()]
        given = given_for(runtime, self.function, None, bind, {})
        fingerprint = runtime.program.fingerprint(self.function) if self.state is not None else ""
        return Binder(runtime, self.function, fingerprint, given, textual=False)

    def _give(self, row: MappedRow) -> None:
        self._ready.append(row)
        self._changed.set()

    async def _feed(
        self,
        runtime: AsyncRuntime,
        binder: Binder,
        journal: Journal | None,
        stops: Stops,
        paces: ClientPaces,
        meter: Meter,
    ) -> AsyncIterator[Row]:
        number = -1
        async for values in _each(self.rows):
            number += 1
            meter.rows = number + 1
            await self._room(paces)
            try:
                arguments = binder.arguments(Record(number, "row", number, values))
                key = binder.key(arguments) if journal is not None else b""
            except NotBound as problem:
                self._give(
                    MappedRow(number, values, None, BamlInvalidArgumentError(str(problem)), Usage(), None, False)
                )
                continue
            id_ = number
            if journal is not None:
                (id_,) = journal.ids([key])
                if (found := journal.known(id_, key)) is not None:
                    self._give(_known(runtime, self.function, number, values, found))
                    continue
                if id_ in self._asked:
                    # The same row is under way, and one place in the journal holds one answer. Only reading stops:
                    # the rows that run go on and end, this one among them, so that the wait is sure to end.
                    await self._until_ended(id_)
            if not await stops.may_begin(id_, arguments):
                return
            self._asked[id_] = _Asked(number, values, arguments)
            yield Row(number, id_, arguments)

    async def _until_ended(self, id_: int) -> None:
        while id_ in self._asked:
            self._changed.clear()
            await self._changed.wait()

    async def _room(self, paces: ClientPaces) -> None:
        """Rows are read no further ahead than somebody looks."""
        times = AHEAD if self.order == "done" else HELD_BACK
        while len(self._asked) + len(self._ready) + len(self._held) + self._handed >= times * paces.limit:
            self._changed.clear()
            await self._changed.wait()

    async def _look(self, meter: Meter, engine: LocalEngine, paces: ClientPaces) -> None:
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            if self.on_progress is not None:
                now = asyncio.get_running_loop().time()
                self.on_progress(meter.look(now, engine.in_flight, paces.limit))


def _row(asked: _Asked, done: Done, *, known: bool) -> MappedRow:
    usage = Usage(done.input_tokens, done.output_tokens)
    failed = done.status != OK
    return MappedRow(
        asked.number,
        asked.input,
        None if failed else asked.outcome,
        asked.outcome if failed else None,
        usage,
        done.cost,
        known,
    )


def _known(runtime: AsyncRuntime, function: str, number: int, values: Mapping[str, Any], done: Done) -> MappedRow:
    program = runtime.program
    assert done.value is not None
    value = as_value(json.loads(done.value), program.interface.functions[function].result, program.space)
    usage = Usage(done.input_tokens, done.output_tokens)
    return MappedRow(number, values, value, None, usage, done.cost, True)


async def _each(rows: Rows) -> AsyncIterator[Mapping[str, Any]]:
    if isinstance(rows, AsyncIterable):
        async for row in rows:
            yield row
        return
    for row in rows:
        yield row
        # One that is never asked gives way, too, for others to be.
        await asyncio.sleep(0)


async def _ended(*tasks: asyncio.Task[None]) -> None:
    """Stop them, and come back when they have closed what they hold.

    Whatever they raise was raised where it was waited for, or nobody waits any more: it is taken from them here,
    for the loop would call it lost.
    """
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def _first_failure(main: Any, beside: asyncio.Task[None]) -> None:
    """Run to the end of `main`; what `beside` raises ends it."""
    work = asyncio.ensure_future(main)
    try:
        ended, _ = await asyncio.wait({work, beside}, return_when=asyncio.FIRST_COMPLETED)
        for task in ended:
            task.result()
    finally:
        await _ended(work, beside)
