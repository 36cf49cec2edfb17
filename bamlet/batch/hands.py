"""One worker: batches of rows in, those that have ended out, every 50 ms. It owns nothing that must outlive it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from types import TracebackType
from typing import Self

from ..embed.runtime import AsyncRuntime
from ..records import dataclass, field
from .asking import Asker
from .budget import Budget, Lease, Leased, Rate
from .engines import Done, Row
from .local import LocalEngine
from .pace import ClientPaces
from .setting import Work

GATHER_SECONDS = 0.05


@dataclass(slots=True)
class _Mailbox:
    """Of one batch."""

    ended: list[Done] = field(default_factory=list)
    heard: asyncio.Event = field(default_factory=asyncio.Event)


class Hands:
    """Several batches may run at a time; they share the connections and the pace."""

    def __init__(self, work: Work, lease: Lease) -> None:
        self._work = work
        self._lease = lease
        self._runtime: AsyncRuntime = work.setting.runtime()
        self._budgets: list[Leased] = []
        paces = ClientPaces(work.limits, work.places, self._leased)
        asker = Asker(self._runtime, work.function, work.price_table, paces)
        self._engine = LocalEngine(asker.ask, paces)
        self._rows: asyncio.Queue[Row] = asyncio.Queue()
        self._mailboxes: dict[int, _Mailbox] = {}

    def _leased(self, client: str, rate: Rate, heard: object) -> Budget:
        budget = Leased(client, self._lease, rate.shared(self._work.workers), heard)  # type: ignore[arg-type]
        self._budgets.append(budget)
        return budget

    async def __aenter__(self) -> Self:
        await self._runtime.__aenter__()
        self._working = asyncio.create_task(self._engine.run(self._feed(), self._ended))
        self._working.add_done_callback(self._over)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # The rows before the connections that they use.
        self._working.cancel()
        await asyncio.wait({self._working})
        for budget in self._budgets:
            budget.close()
        await self._runtime.__aexit__(kind, error, trace)

    async def run(self, rows: Sequence[Row]) -> AsyncGenerator[list[Done], None]:
        box = _Mailbox()
        for row in rows:
            self._mailboxes[row.id] = box
            self._rows.put_nowait(row)
        left = len(rows)
        while left:
            await box.heard.wait()
            if self._working.done():
                self._working.result()
            await asyncio.sleep(GATHER_SECONDS)
            box.heard.clear()
            found, box.ended = box.ended, []
            left -= len(found)
            yield found

    async def _feed(self) -> AsyncIterator[Row]:
        while True:
            yield await self._rows.get()

    def _ended(self, done: Done) -> None:
        box = self._mailboxes.pop(done.id)
        box.ended.append(done)
        box.heard.set()

    def _over(self, working: asyncio.Task[None]) -> None:
        for box in self._mailboxes.values():
            box.heard.set()
