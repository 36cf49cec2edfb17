"""The engine that a run was told to use."""

from __future__ import annotations

from functools import partial

from ..embed.prices import Prices
from ..embed.runtime import AsyncRuntime
from .asking import Asker
from .engines import Engine, Refused
from .journal import Journal
from .local import LocalEngine
from .money import client_limits, clients_of
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
    if options.cancel and options.engine != "provider-batch":
        raise Refused("--cancel: there are batches with --engine provider-batch only")
    if options.engine != "ray" and options.procs == 1:
        paces = ClientPaces(partial(client_limits, runtime.program, options), options.concurrency)
        local = LocalEngine(Asker(runtime, function, prices, paces).ask, paces)
        if options.engine == "local":
            return local
        return _at_provider(runtime, function, options, prices, journal, local)
    if options.engine == "provider-batch":
        raise Refused("--procs: a provider's batches are sent by one process")
    if setting is None:
        raise Refused("workers make runtimes of their own: give a program, and no runtime")
    work = Work(setting, function, options, prices.table, options.procs, options.concurrency)
    if options.engine == "ray":
        from .ray_engine import ray_engine

        return ray_engine(work, journal, options.ray_address, options.workers)
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


def _at_provider(
    runtime: AsyncRuntime, function: str, options: MapOptions, prices: Prices, journal: Journal, live: Engine
) -> Engine:
    from .provider_batches import BATCHES
    from .provider_jobs import ProviderJobs

    info = runtime.program.interface.functions[function]
    if info.llm is None:
        raise Refused(f"--engine provider-batch: `{function}` is no function of a model")
    client = clients_of(runtime.program, function)[0]
    declared = runtime.program.interface.clients.get(client)
    provider = declared.provider if declared is not None else client.partition("/")[0]
    if provider not in BATCHES:
        raise Refused(
            f"--engine provider-batch: {provider} has no batch interface here; {', '.join(BATCHES)} have"
        )
    return ProviderJobs(
        runtime,
        function,
        client,
        partial(BATCHES[provider], runtime),
        live,
        journal,
        options.state_folder,
        prices.of_client(client),
        options.leftovers,
        detach=options.detach,
        cancel=options.cancel,
    )
