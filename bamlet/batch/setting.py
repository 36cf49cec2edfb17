"""What a run needs beside its rows, as plain data: a worker elsewhere makes the same runtime of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ..embed import MediaLimits
from ..embed.prices import Prices
from ..embed.runtime import AsyncRuntime, Group, Program
from ..records import dataclass, replace
from .budget import Rate
from .engines import Refused
from .money import client_limits
from .options import MapOptions
from .pace import Limits


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """`environ` is None for that of the process. `replay` is a cassette that answers; `offline` the seed of a
    model that is nowhere; `looks` is for who asks nobody, and needs no key. `functions` and `mcp` stay
    in this process."""

    program: Program
    environ: Mapping[str, str] | None = None
    deny: Sequence[Group] = ()
    allow: Sequence[Group] = ()
    lend_to: Sequence[str] = ()
    private_media: bool = False
    replay: str | None = None
    speed: float = 1.0
    offline: int | None = None
    faults: Sequence[str] = ()
    looks: bool = False
    functions: Mapping[str, Callable[..., Any]] | None = None
    mcp: Sequence[str] = ()

    def runtime(self) -> AsyncRuntime:
        """Raises `Refused`."""
        return AsyncRuntime(
            self.program,
            deny=self.deny,
            allow=self.allow,
            functions=self.functions,
            mcp=self.mcp,
            lend_to=self.lend_to,
            media=MediaLimits(private_addresses=self.private_media),
            **self._answers(),
        )

    def _answers(self) -> dict[str, Any]:
        from ..embed.cassettes import CassetteError, ReplayEnvironment, replay_transport

        if self.replay is not None:
            try:
                transport = replay_transport(self.replay, self.speed)
            except (OSError, UnicodeDecodeError, CassetteError) as failure:
                raise Refused(f"{self.replay}: {failure}") from None
            return {"transport": transport, "environ": ReplayEnvironment(self.environ)}
        if self.offline is not None:
            from ..embed.offline import OfflineTransport

            nobody = OfflineTransport(self.offline, faults=self.faults, pace=0)
            return {"transport": nobody, "environ": ReplayEnvironment(self.environ)}
        return {"environ": ReplayEnvironment(self.environ) if self.looks else self.environ}


@dataclass(frozen=True, slots=True)
class Work:
    """What one of `workers` does: a function, its limits, and `places` of the run's if their number is fixed."""

    setting: Setting
    function: str
    options: MapOptions
    prices: Mapping[str, Any]
    workers: int
    places: int | None

    def limits(self, client: str) -> Limits:
        return client_limits(self.setting.program, replace(self.options, concurrency=self.places), client)

    def rate(self, client: str) -> Rate:
        return self.limits(client).rate

    @property
    def price_table(self) -> Prices:
        return Prices(self.setting.program.interface, self.prices)


def shares(work: Work) -> list[Work]:
    """For each worker its part. There are no more workers than places."""
    total = work.options.concurrency
    if total is None:
        return [work] * work.workers
    count = min(work.workers, total)
    more = total % count
    return [replace(work, workers=count, places=total // count + (number < more)) for number in range(count)]
