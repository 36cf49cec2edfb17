"""What one server serves: a program in a runtime, the runs of it, and what callers may do."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Sequence
from contextlib import asynccontextmanager
from typing import Any

from starlette.requests import Request

from ..diagnostics import did_you_mean
from ..embed import AsyncRuntime, CallContext, Program
from ..embed.compiling import callable_functions
from ..records import dataclass, field
from .errors import refused
from .guard import Guard
from .limits import OPTIONS, Limits, OnDisconnect
from .metrics import Metrics
from .peers import Peers
from .runs import Desk, Run, Store


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What stands fixed while a server runs."""

    guard: Guard = field(default_factory=Guard)
    limits: Limits = field(default_factory=Limits)
    on_disconnect: OnDisconnect = "grace"
    allowed_options: Collection[str] = OPTIONS
    exposed: Sequence[str] = ()
    hidden: Sequence[str] = ()
    shows_answers: bool = False
    metrics: bool = True
    context: Callable[[Request], Awaitable[CallContext]] | None = None
    on_start: Callable[[Run], object] | None = None
    on_end: Callable[[Run], object] | None = None
    on_access: Callable[[dict[str, Any]], object] | None = None


class Service:
    """The program may be exchanged while runs of the one before go on. While there is none, `broken` says why."""

    def __init__(
        self,
        settings: Settings,
        program: Program | None = None,
        runtime: AsyncRuntime | None = None,
        *,
        make_runtime: Callable[[Program], AsyncRuntime] = AsyncRuntime,
        store: Store | None = None,
        peers: Peers | None = None,
    ) -> None:
        self.settings = settings
        self.peers = peers
        self.metrics = Metrics()
        self.broken: str | None = None
        self._make_runtime = make_runtime
        self._runtime = runtime
        self._owns_runtime = runtime is None
        if runtime is None and program is not None:
            self._runtime = make_runtime(program)
        self._closing: set[asyncio.Task[None]] = set()
        # Who has a runtime for something that is no run, and what tells when it is given back.
        self._lent: dict[asyncio.Future[None], AsyncRuntime] = {}
        self.desk = Desk(
            settings.limits,
            store,
            shows_answers=settings.shows_answers,
            on_start=settings.on_start,
            on_end=self._run_ended,
            process=peers.number if peers is not None else 1,
            on_key_free=peers.release if peers is not None else None,
        )

    @property
    def has_program(self) -> bool:
        return self._runtime is not None

    @property
    def open_handles(self) -> int:
        return self._runtime.handles.open_count if self._runtime is not None else 0

    @property
    def runtime(self) -> AsyncRuntime:
        """Raises `Refused` while there is no program."""
        if self.broken is not None or self._runtime is None:
            told = "the program does not compile; it is served again when it does"
            raise refused(503, "not_compiled", told, details=self.broken)
        return self._runtime

    @asynccontextmanager
    async def lend(self) -> AsyncIterator[AsyncRuntime]:
        """The runtime, for what is no run and waits: an exchange does not close it under whoever has it."""
        over = asyncio.get_running_loop().create_future()
        self._lent[over] = runtime = self.runtime
        try:
            yield runtime
        finally:
            # Out of the table before the word: who waits for it goes on in a later turn, and finds it gone.
            del self._lent[over]
            over.set_result(None)

    @property
    def program(self) -> Program:
        return self.runtime.program

    def exchange(self, program: Program) -> None:
        """New runs are of this program. The runtime of the old one is closed when its runs have ended, unless a
        host gave it: that is the host's to close, who may still call it."""
        old, closes_old = self._runtime, self._owns_runtime
        self._runtime, self._owns_runtime, self.broken = self._make_runtime(program), True, None
        if old is not None and closes_old:
            closing = asyncio.create_task(self._close_old(old))
            self._closing.add(closing)
            closing.add_done_callback(self._closing.discard)

    async def _close_old(self, runtime: AsyncRuntime) -> None:
        # One look at each is enough: a run is handed its runtime and is active in one step, and from the exchange
        # on it is handed the new one. So it is with what is lent.
        lent = [over for over, held in self._lent.items() if held is runtime]
        for run in self.desk.active:
            if run.runtime is runtime:
                await run.wait_end()
        if lent:
            await asyncio.wait(lent)
        await runtime.aclose()

    def _run_ended(self, run: Run) -> None:
        self.metrics.run_ended(run)
        if self.settings.on_end is not None:
            self.settings.on_end(run)

    @property
    def functions(self) -> list[str]:
        """The names that may be called, as they are declared."""
        shown, hidden = self.settings.exposed, self.settings.hidden
        names = callable_functions(self.program)
        return [name for name in names if (not shown or name in shown) and name not in hidden]

    def function(self, name: str) -> str:
        """Raises `Refused`."""
        names = self.functions
        if name in names:
            return name
        hint = did_you_mean(name, names)
        raise refused(404, "not_found", f"there is no function `{name}`" + (f"; {hint}" if hint else ""))

    async def close(self) -> None:
        """Cancel what goes on, and close the connections.

        The runs come first: each of them is asked of a runtime, and one that closed under it would turn its end
        from "cancelled" into an error of ours. Then the old runtimes, whose closing waits for those same runs, and
        for what is lent, which has the limits of a request."""
        await self.desk.drain(0)
        self.desk.close()
        if self._closing:
            await asyncio.wait(self._closing)
        if self._owns_runtime and self._runtime is not None:
            await self._runtime.aclose()
