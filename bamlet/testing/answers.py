"""Where the answers of a run come from: the network, its cassette, a recording that is made, or an invention."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypeAlias

from ..embed.cassettes import CassetteError, ReplayEnvironment, replay_transport
from ..embed.constraints import TestInfo
from ..embed.files import text_of
from ..embed.sharing import SharedConnections
from ..embed.tapes import MissingTape, Tape
from ..records import dataclass
from .outcome import RunError, RunKey
from .places import CASSETTES, SCRIPTS, Places, below, cassette_name, safe_name

if TYPE_CHECKING:
    # Providers and invention are brought when a run asks nobody: many programs ask no model at all.
    from ..embed.offline import Reply
    from ..embed.runtime import Transport
    from ..wire.replay import ReplayTransport

Record: TypeAlias = Literal["none", "once", "all"]


@dataclass(frozen=True, slots=True)
class Settings:
    """`record` None is live, nothing written. `shared` is one cassette for all runs; `folder` has one for each, or
    without it the nearest folder `cassettes` between the test's file and the `root` of the program. With a seed
    for `offline` nobody is asked.
    """

    root: Path
    folder: Path | None = None
    record: Record | None = None
    shared: Path | None = None
    speed: float = 0.0
    environ: Mapping[str, str] | None = None
    offline: int | None = None
    faults: tuple[str, ...] = ()


class Undecided(Exception):
    """A run that has no answers to be judged by."""

    def __init__(self, error: RunError) -> None:
        super().__init__(error.message)
        self.error = error


@dataclass(frozen=True, slots=True)
class Means:
    """What one run goes by. `played_ms` is how long its answers took when they were recorded.

    `after` is told whether the run went well, and gives reasons to fail that only its end can tell.
    """

    transport: Transport
    environ: Mapping[str, str] | None
    cassette: Path | None = None
    played_ms: Callable[[], float | None] = lambda: None
    after: Callable[[bool], list[str]] = lambda _: []


class Answers:
    """Gives each run its means. Owns the connections, and a cassette that all runs share."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._connections = SharedConnections()
        self._shared: ReplayTransport | None = None
        self._places = Places(settings.root)
        if settings.shared is not None:
            self._shared = replay_transport(settings.shared, settings.speed)

    def means(self, key: RunKey, on_limited: Callable[[], None], *, several: bool) -> Means:
        """`several` tells that the test has other runs. Raises `Undecided`."""
        settings = self.settings
        if settings.offline is not None:
            return self._invented(key, settings.offline)
        if settings.record is None and self._shared is None:
            return Means(self._connections.lend(on_limited), settings.environ)
        folder = settings.folder or self._places.folder(key.case, CASSETTES)
        return self._from_cassette(folder / cassette_name(key, several=several), key, on_limited)

    def means_at(self, folder: Path, *names: str) -> Means:
        """The means of a test that is no `.baml` one, by the names of its cassette below a folder."""
        if self.settings.offline is not None:
            from ..embed.offline import OfflineTransport, offline_environment

            transport = OfflineTransport(self.settings.offline, faults=self.settings.faults, pace=0)
            return Means(transport, offline_environment(self.settings.environ))
        *above, last = map(safe_name, names)
        return self._from_cassette(Path(folder, *above, f"{last}.jsonl"), None, lambda: None)

    def _from_cassette(self, path: Path, key: RunKey | None, on_limited: Callable[[], None]) -> Means:
        settings = self.settings
        if self._shared is not None:
            return Means(self._shared, ReplayEnvironment(settings.environ), settings.shared)
        if settings.record in ("none", "once") and path.exists():
            return self._replayed(path)
        if settings.record == "none":
            from .script import script

            scripted = self._script(key) if key is not None else []
            why = _no_cassette(key) if key is not None else f"there is no cassette {path}"
            transport = script(*scripted) if scripted else MissingTape(why)
            return Means(transport, ReplayEnvironment(settings.environ))
        lent = self._connections.lend(on_limited)
        if settings.record is None:
            return Means(lent, settings.environ)
        tape = Tape(lent, settings.environ)
        return Means(tape.transport, settings.environ, path, after=lambda well: _saved(tape, path, well))

    def _invented(self, key: RunKey, seed: int) -> Means:
        """The first run has the seed itself, so that it says what `bamlet run` does."""
        from ..embed.offline import OfflineTransport, offline_environment, run_seed
        from .script import script

        environ = offline_environment(self.settings.environ)
        own = seed if key.number == 1 else run_seed(seed, key.number)
        if scripted := self._script(key):
            return Means(script(*scripted, faults=self.settings.faults, seed=own), environ)
        return Means(OfflineTransport(own, faults=self.settings.faults, pace=0), environ)

    def _script(self, key: RunKey) -> list[Reply]:
        """What the test's own property says, or a file beside the program. Raises `Undecided` for both."""
        from ..embed.offline import Reply
        from .script import replies_of, script_files

        place = self._places.folder(key.case, SCRIPTS) / below(key.case)
        files = script_files(place / f"{safe_name(key.case.name)}.txt")
        own = key.case.info.script if isinstance(key.case.info, TestInfo) else None
        if own is not None and files:
            raise Undecided(
                RunError("TwoScripts", f"{key.case.id} has a script, and so says {files[0]}; keep one")
            )
        if own is not None:
            return replies_of(own)
        try:
            return [Reply(text_of(file)) for file in files]
        except (OSError, ValueError) as failure:
            raise Undecided(RunError(type(failure).__name__, str(failure))) from failure

    def _replayed(self, path: Path) -> Means:
        try:
            transport = replay_transport(path, self.settings.speed)
        except (OSError, UnicodeDecodeError, CassetteError) as failure:
            raise Undecided(RunError(type(failure).__name__, f"{path}: {failure}")) from failure
        return Means(
            transport,
            ReplayEnvironment(self.settings.environ),
            path,
            lambda: transport.played_ms,
            lambda _: _unused(transport),
        )

    def unused(self) -> tuple[str, ...]:
        """What is left of a cassette that all runs share."""
        return tuple(_unused(self._shared)) if self._shared is not None else ()

    async def aclose(self) -> None:
        await self._connections.aclose()


def _saved(tape: Tape, path: Path, well: bool) -> list[str]:
    """A run that failed leaves what was there: a recording of a failure serves nobody."""
    try:
        if well:
            tape.save(path)
    except OSError as failure:
        return [f"{path}: the recording is not written: {failure.strerror or failure}"]
    return []


def _unused(transport: ReplayTransport) -> list[str]:
    left = transport.unused()
    if not left:
        return []
    count = len(left) + transport.played
    told = ", ".join(f"{one.request.method} {one.request.url}" for one in left[:3])
    more = f", and {len(left) - 3} more" if len(left) > 3 else ""
    return [f"{len(left)} of {count} recorded requests were not made: {told}{more}"]


def _no_cassette(key: RunKey) -> str:
    place = os.path.relpath(key.case.file) if os.path.exists(key.case.file) else key.case.file
    return f"no cassette for {key.case.id}; record it: bamlet test {place}::{key.case.id} --record once"
