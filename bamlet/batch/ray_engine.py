"""Workers that are actors of a Ray cluster. The journal stays with the driver: actors stream back what has ended.

Ray restarts actors, and never a batch: it would pay for all of it again. Whatever an actor that died had not given
back is put back into the queue by `Crew`.
"""

from __future__ import annotations

import asyncio
import os
import secrets
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any

from .._version import __version__
from ..embed.wanted_variables import environ_of_clients
from ..records import replace
from .budget import Grant, Owner
from .crew import Crew, Terms, WorkerDied
from .engines import Done, Engine, Refused, Row
from .hands import Hands
from .journal import Journal
from .setting import Work, shares

BATCH, AT_ONCE = 128, 2
IN_HAND = BATCH * AT_ONCE
PING_SECONDS = 0.2  # between two
OBJECT_STORE_BYTES = 200 << 20  # rows and answers are small
START_SECONDS = 120.0
NAMESPACE = "bamlet"


class RayHands:
    """What runs in an actor. Plain arguments only: with references to objects an actor cannot be begun again."""

    def __init__(self, work: Work, limiter: str) -> None:
        self._work = work
        self._limiter_name = limiter
        self._limiter: Any = None
        self._hands: Hands | None = None

    async def ping(self) -> tuple[str, str]:
        """Its version, and why it cannot work."""
        if self._hands is None:
            try:
                self._hands = await Hands(self._work, self._lease).__aenter__()
            except Refused as failure:
                return __version__, str(failure)
        return __version__, ""

    async def run(self, rows: list[Row]) -> AsyncIterator[list[Done]]:
        await self.ping()
        assert self._hands is not None
        async for found in self._hands.run(rows):
            yield found

    async def _lease(self, client: str, tokens: Sequence[float], owed: float) -> Grant:
        ray = _ray()
        try:
            if self._limiter is None:
                self._limiter = ray.get_actor(self._limiter_name, namespace=NAMESPACE)
            grant: Grant = await self._limiter.lease.remote(client, list(tokens), owed)
        except (ray.exceptions.RayError, ValueError) as failure:
            raise ConnectionError(str(failure)) from None
        return grant


class Limiter:
    """The owner of all limits, on the driver's node. One that was begun again gives no more than there is."""

    def __init__(self, work: Work) -> None:
        self._owner = Owner(work.rate)

    async def lease(self, client: str, tokens: list[float], owed: float) -> Grant:
        return self._owner.lease(client, tokens, owed, asyncio.get_running_loop().time())


class RayWorker:
    """The driver's side of one actor."""

    def __init__(self, work: Work, limiter: str) -> None:
        self._work = work
        self._limiter = limiter
        self.actor: Any = None

    async def start(self) -> None:
        ray = _ray()
        if self.actor is None:
            options = {"num_cpus": 1, "max_restarts": -1, "max_task_retries": 0, "max_concurrency": AT_ONCE + 2}
            self.actor = ray.remote(**options)(RayHands).remote(self._work, self._limiter)
        try:
            async with asyncio.timeout(START_SECONDS):
                version, problem = await self._pinged()
        except (ray.exceptions.RayError, TimeoutError) as failure:
            raise WorkerDied(f"a Ray actor could not begin: {_first_line(failure)}") from None
        if version != __version__:
            raise Refused(f"the workers have bamlet {version}, and this is {__version__}; both must be the same")
        if problem:
            raise Refused(problem)

    async def _pinged(self) -> tuple[str, str]:
        while True:
            try:
                found: tuple[str, str] = await self.actor.ping.remote()
            except _ray().exceptions.ActorUnavailableError:  # Ray is beginning it again
                await asyncio.sleep(PING_SECONDS)
            else:
                return found

    async def run(self, rows: Sequence[Row]) -> AsyncIterator[list[Done]]:
        ray = _ray()
        left = len(rows)
        try:
            async for found in self.actor.run.options(num_returns="streaming").remote(list(rows)):
                ended: list[Done] = await found
                left -= len(ended)
                yield ended
        except ray.exceptions.RayError as failure:
            raise WorkerDied(_first_line(failure)) from None
        if left:
            raise WorkerDied("a Ray actor gave back less than it was given")

    async def close(self) -> None:
        actor, self.actor = self.actor, None
        if actor is not None:
            _ray().kill(actor, no_restart=True)


class RayCrew:
    """A crew on a cluster, which is joined for the run and left behind it."""

    def __init__(self, work: Work, journal: Journal, address: str | None, count: int | None) -> None:
        ray = _ray()
        self._began_ray = not ray.is_initialized()
        if self._began_ray:
            local = {} if address else {"include_dashboard": False, "object_store_memory": OBJECT_STORE_BYTES}
            try:
                ray.init(
                    address=address,
                    namespace=NAMESPACE,
                    log_to_driver=False,
                    logging_level="ERROR",
                    **local,
                )
            except (ConnectionError, ValueError) as failure:
                raise Refused(f"--ray-address {address}: {failure}") from None
        workers = count or max(1, int(ray.cluster_resources().get("CPU", 1)))
        name = f"bamlet-limiter-{secrets.token_hex(4)}"
        here = ray.util.scheduling_strategies.NodeAffinitySchedulingStrategy(
            ray.get_runtime_context().get_node_id(), soft=False
        )
        limiter = ray.remote(num_cpus=0, max_restarts=-1, max_task_retries=-1, scheduling_strategy=here)(Limiter)
        works = shares(replace(work, workers=workers))
        self._limiter = limiter.options(name=name, namespace=NAMESPACE).remote(work)
        self.workers = [RayWorker(part, name) for part in works]
        in_hand = _in_hand(works)
        # Whole batches, so that none waits inside an actor for another to end.
        terms = Terms(least=in_hand // AT_ONCE, most=in_hand // AT_ONCE, in_hand=in_hand)
        self._crew = Crew(self.workers, terms, work.places, journal.lost)

    @property
    def in_flight(self) -> int:
        return self._crew.in_flight

    @property
    def places(self) -> int:
        return self._crew.places

    async def run(self, rows: AsyncIterator[Row], done: Callable[[Done], None]) -> None:
        ray = _ray()
        try:
            await self._crew.run(rows, done)
        finally:
            ray.kill(self._limiter, no_restart=True)
            if self._began_ray:
                await asyncio.to_thread(ray.shutdown)


def ray_engine(work: Work, journal: Journal, address: str | None, workers: int | None) -> Engine:
    """Raises `Refused`. What clients read of the environment goes with the actors: `runtime_env` is shown on Ray's
    dashboard."""
    setting = work.setting
    environ = setting.environ if setting.environ is not None else os.environ
    needed = replace(setting, environ=environ_of_clients(setting.program.interface, environ))
    return RayCrew(replace(work, setting=needed), journal, address, workers)


def _in_hand(works: Sequence[Work]) -> int:
    places = works[0].places
    return IN_HAND if places is None else min(IN_HAND, AT_ONCE * places)


def _ray() -> Any:
    # Read when it is imported; whoever runs over rows is no subject of statistics.
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    try:
        import ray
        import ray.util.scheduling_strategies
    except ImportError:
        raise Refused("--engine ray needs the extra `ray`: pip install 'bamlet[ray]'") from None
    return ray


def _first_line(failure: Exception) -> str:
    return next((line for line in str(failure).splitlines() if line.strip()), type(failure).__name__)
