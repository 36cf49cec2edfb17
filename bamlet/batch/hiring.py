"""The engine that a run was told to use."""

from __future__ import annotations

from functools import partial

from ..embed.prices import Prices
from ..embed.runtime import AsyncRuntime
from .asking import Asker
from .engines import Engine, Refused
from .journal import Journal
from .local import LocalEngine
from .money import client_limits
from .options import MapOptions
from .pace import ClientPaces
from .setting import Setting, Work, shares

MOST_IN_HAND = 256  # rows of one worker


def engine_for(
    runtime: AsyncRuntime,
    setting: Setting | None,
    function: str,
    options: MapOptions,
    prices: Prices,
    journal: Journal,
) -> Engine:
    """Raises `Refused`. Without a setting nothing can be told to workers elsewhere."""
    if options.engine == "local" and options.procs == 1:
        paces = ClientPaces(partial(client_limits, runtime.program, options), options.concurrency)
        return LocalEngine(Asker(runtime, function, prices, paces).ask, paces)
    if setting is None:
        raise Refused("workers make runtimes of their own: give a program, and no runtime")
    work = Work(setting, function, options, prices.table, options.procs, options.concurrency)
    return _processes(work, journal)


def _processes(work: Work, journal: Journal) -> Engine:
    from .budget import Owner
    from .crew import Crew, Terms
    from .processes import ProcessWorker

    works = shares(work)
    owner = Owner(work.rate)
    # Twice the places, so that none is empty while answers and rows are on their way.
    in_hand = MOST_IN_HAND if work.places is None else min(MOST_IN_HAND, 2 * (works[0].places or 1))
    terms = Terms(least=1, most=max(1, in_hand // 4), in_hand=in_hand)
    return Crew([ProcessWorker(part, owner) for part in works], terms, work.places, journal.lost)
