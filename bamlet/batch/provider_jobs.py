"""The engine that works at the provider: rows go there as batches, for half the price, and come back in its time.

A batch is written down before it is sent. Killed at any moment, the next run finds it again by what was written.
"""

from __future__ import annotations

import asyncio
import json
import secrets
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterable
from pathlib import Path
from typing import Any

from ..embed import BamlError, to_plain
from ..embed.errors import BamlClientHttpError
from ..embed.prices import Price, cost
from ..embed.request import HTTPRequest
from ..embed.runtime import AsyncRuntime
from ..wire.redact import hide, sent_secrets
from .asking import letter_of
from .engines import FAILED, OK, Done, Engine, Row, Stopped
from .jobs import ENDED, FORGOTTEN, Job
from .journal import CHUNK, GROUP_SECONDS, Journal
from .options import Leftovers
from .provider_batches import Batches, BatchRefused, Line
from .state import SPOOL

FIRST_LOOK, LONGEST_LOOK, GROWTH = 30.0, 600.0, 1.5  # seconds between two looks at a batch
HALF = 0.5  # of the price of a live answer
MOST_BATCHES = 3  # for one row, with `--leftovers batch`
_AGAIN = frozenset({408, 409, 429}) | frozenset(range(500, 600))


class _Spool:
    """The lines of one job, on the disk until they are sent."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.rows: list[Row] = []
        self.size = 0
        self._file = path.open("wb")

    def add(self, row: Row, line: bytes) -> None:
        self._file.write(line)
        self.rows.append(row)
        self.size += len(line)

    def close(self) -> None:
        self._file.close()
        self.path.unlink(missing_ok=True)

    def lines(self) -> bytes:
        self._file.flush()
        return self.path.read_bytes()


class ProviderJobs:
    """`live` asks what is left over. `make` gives the interface at the provider for a request of a live call."""

    def __init__(
        self,
        runtime: AsyncRuntime,
        function: str,
        client: str,
        make: Callable[[Any], Batches],
        live: Engine,
        journal: Journal,
        folder: Path,
        price: Price | None,
        leftovers: Leftovers,
        *,
        detach: bool,
        cancel: bool,
    ) -> None:
        self._runtime = runtime
        self._function = function
        self._client = client
        self._make = make
        self._live = live
        self._journal = journal
        self._folder = folder
        self._price = price
        self._leftovers = leftovers
        self._detach = detach
        self._cancel = cancel
        self._rows: dict[int, Row] = {}  # asked for, and without an end
        self._left: deque[Row] = deque()
        self._asked_live: set[int] = set()
        self._sent_often: dict[int, int] = {}
        self._batches: Batches | None = None
        self._secrets: frozenset[str] = frozenset()

    @property
    def in_flight(self) -> int:
        return len(self._rows)

    @property
    def places(self) -> int:
        return max(len(self._rows), self._live.places)

    async def run(self, rows: AsyncIterator[Row], done: Callable[[Done], None]) -> None:
        if self._cancel:
            raise Stopped(await self._cancelled(rows), "cancelled")
        known = {id_ for job in self._journal.jobs.open() for id_ in self._journal.jobs.rows(job.id).values()}
        await self._send_all(self._kept(rows), known, done)
        await self._adopt()
        if self._detach and (jobs := self._journal.jobs.open()):
            count = sum(job.rows for job in jobs)
            raise Stopped(f"the provider has {count} rows in {len(jobs)} batches", "detached")
        read: list[Job] = []
        while jobs := [job for job in self._journal.jobs.open() if job not in read]:
            for job in jobs:
                if await self._read(job, done):
                    read.append(job)
            if self._leftovers == "batch" and self._left:
                self._close(read)
                again = [self._left.popleft() for _ in range(len(self._left))]
                await self._send_all(_each(again), set(), done)
        if self._left:
            await self._live.run(self._take_left(), done)
            await self._stored(self._asked_live)
        # Behind what was left over: whoever dies before it reads the job again, and asks no other batch for it.
        self._close(read)

    async def _cancelled(self, rows: AsyncIterator[Row]) -> str:
        """How many, for a person. The jobs stay open: what they had answered is read by a later run."""
        async for row in rows:
            self._rows[row.id] = row
            break
        jobs = [job for job in self._journal.jobs.open() if job.files]
        batches = await self._at_provider()
        try:
            for job in jobs:
                assert batches is not None, "a batch that is open has a row that is wanted"
                await batches.cancel(job.files)
        except (BatchRefused, OSError, BamlError) as failure:
            raise Stopped(f"a batch could not be cancelled: {failure}") from None
        return f"the provider was told to cancel {len(jobs)} batches"

    def _close(self, jobs: list[Job]) -> None:
        while jobs:
            self._journal.jobs.close(jobs.pop().id, ENDED)

    async def _kept(self, rows: AsyncIterator[Row]) -> AsyncIterator[Row]:
        async for row in rows:
            self._rows[row.id] = row
            yield row

    async def _take_left(self) -> AsyncIterator[Row]:
        while self._left:
            row = self._left.popleft()
            self._rows.pop(row.id, None)
            self._asked_live.add(row.id)
            yield row

    # --- out

    async def _send_all(self, rows: AsyncIterator[Row], known: set[int], done: Callable[[Done], None]) -> None:
        spool: _Spool | None = None
        try:
            async for row in rows:
                if row.id in known:
                    continue
                try:
                    request = await self._runtime.request(self._function, row.arguments)
                except BamlError as failure:
                    del self._rows[row.id]
                    done(Done(row.id, FAILED, error=letter_of(failure, row, self._hide)))
                    continue
                batches = self._batches = self._batches or self._for(request)
                (key,) = self._journal.jobs.keys([row.id])
                line = batches.line(key.hex(), request)
                if spool is not None and not _has_room(spool, batches, len(line)):
                    full, spool = spool, None
                    await self._send(full)
                spool = spool or _Spool(self._folder / SPOOL)
                spool.add(row, line)
            if spool is not None:
                await self._send(spool)
        finally:
            if spool is not None:
                spool.close()

    async def _send(self, spool: _Spool) -> None:
        assert self._batches is not None
        try:
            keys = self._journal.jobs.keys([row.id for row in spool.rows])
            job = self._journal.jobs.intend(secrets.token_hex(8), self._client, keys)
            await self._give(job, spool.lines())
        finally:
            spool.close()

    async def _give(self, job: Job, lines: bytes) -> None:
        assert self._batches is not None
        try:
            files = await self._batches.send(job.id, lines)
        except BatchRefused as refusal:
            self._journal.jobs.close(job.id, FORGOTTEN)
            raise Stopped(str(refusal)) from None
        except (OSError, BamlError) as failure:
            # Nobody knows whether it arrived: the next run looks for it.
            raise Stopped(f"a batch could not be sent: {failure}") from None
        self._journal.jobs.sent(job.id, files)

    # --- what an earlier run has sent

    async def _adopt(self) -> None:
        """Jobs of which an earlier run died before it knew what they are called."""
        lost = [job for job in self._journal.jobs.open() if not job.files]
        for job in lost:
            batches = await self._at_provider()
            taken = [found.files["batch"] for found in self._journal.jobs.open() if found.files]
            try:
                files = None if batches is None else await batches.find(job.id, job.intent, job.rows, taken)
            except (BatchRefused, OSError, BamlError) as failure:
                raise Stopped(f"the batches of the provider cannot be listed: {failure}") from None
            if files is not None:
                self._journal.jobs.sent(job.id, files)
            else:
                await self._send_again(job)

    async def _send_again(self, job: Job) -> None:
        """It may have arrived, though nobody finds it: its rows may be paid for twice."""
        self._journal.jobs.close(job.id, FORGOTTEN)
        self._journal.lost(job.rows)
        rows = [self._rows[id_] for id_ in self._journal.jobs.rows(job.id).values() if id_ in self._rows]
        await self._send_all(_each(rows), set(), lambda done: None)

    async def _at_provider(self) -> Batches | None:
        """The interface, for which any row that is wanted gives the address."""
        if self._batches is None:
            row = next(iter(self._rows.values()), None)
            if row is None:
                return None
            self._batches = self._for(await self._runtime.request(self._function, row.arguments))
        return self._batches

    # --- back

    async def _read(self, job: Job, done: Callable[[Done], None]) -> bool:
        """Whether it is done with; else it was given up."""
        batches = await self._at_provider()
        if batches is None:
            # All its rows have an end, or are no rows of this input any more.
            self._journal.jobs.close(job.id, FORGOTTEN)
            return False
        files = await self._when_ended(batches, job)
        ids = self._journal.jobs.rows(job.id)
        lines = await self._lines(batches, files)
        if not any(line.custom_id in ids for line in lines) and lines:
            self._journal.jobs.close(job.id, FORGOTTEN)  # taken for ours, and somebody else's
            await self._send_all(_each(self._rows[i] for i in ids.values() if i in self._rows), set(), done)
            return False
        said = {ids[line.custom_id]: line for line in lines if line.custom_id in ids}
        ended: set[int] = set()
        for id_ in ids.values():
            found = await self._found(id_, said.get(id_) or Line("", None, "", "the provider's results lack it"))
            if found is None:
                continue
            ended.add(id_)
            if self._rows.pop(id_, None) is not None:
                done(found)
            else:
                self._journal.store(found)  # of a row that is not in the input any more, and was paid for
        await self._stored(ended)
        return True

    async def _stored(self, ids: set[int]) -> None:
        """Until all that came of them is on the disk: a job that is closed is read by nobody again."""
        left = list(ids)
        while left:
            left = [id_ for id_ in left[:CHUNK] if not self._journal.answers([id_])] + left[CHUNK:]
            if self._journal.failure is not None:
                raise Stopped(f"the journal cannot be written: {self._journal.failure}")
            if left:
                await asyncio.sleep(GROUP_SECONDS)

    async def _when_ended(self, batches: Batches, job: Job) -> dict[str, str]:
        pause = FIRST_LOOK
        while True:
            wait: float | None = None
            try:
                state = await batches.state(job.files)
                if state.has_ended:
                    return dict(state.files)
                wait = state.wait
            except BatchRefused as refusal:
                self._journal.jobs.close(job.id, FORGOTTEN)
                raise Stopped(str(refusal)) from None
            except (OSError, BamlError):
                pass  # the network may be gone for hours while the provider works on
            await asyncio.sleep(pause if wait is None else wait)
            pause = min(pause * GROWTH, LONGEST_LOOK)

    async def _lines(self, batches: Batches, files: dict[str, str]) -> list[Line]:
        try:
            return [line async for line in batches.results(files)]
        except (BatchRefused, OSError, BamlError, ValueError, KeyError) as failure:
            raise Stopped(f"the results of a batch cannot be read: {failure}") from None

    async def _found(self, id_: int, line: Line) -> Done | None:
        """What came of a row; nothing if it is left over, and will be asked another way."""
        if line.status != 200:
            told = line.problem or f"the provider answered with status {line.status}"
            refused = BamlClientHttpError(self._client, told, line.status or 0, body=line.body)
            return self._failed(id_, refused, is_final=line.status is not None and line.status not in _AGAIN)
        try:
            value, usage = await self._runtime.read_answer_with_usage(self._function, line.body)
        except BamlError as failure:
            return self._failed(id_, failure, is_final=False)
        text = json.dumps(to_plain(value), ensure_ascii=False, separators=(",", ":"))
        tokens = (usage.input_tokens, usage.output_tokens)
        money = self._money(*tokens, usage.cached_input_tokens)
        return Done(id_, OK, text, None, self._client, 1, *tokens, money)

    def _failed(self, id_: int, failure: BamlError, *, is_final: bool) -> Done | None:
        row = self._rows.get(id_)
        if row is None:
            return None
        often = self._sent_often[id_] = self._sent_often.get(id_, 0) + 1
        is_enough = self._leftovers == "error" or (self._leftovers == "batch" and often >= MOST_BATCHES)
        if is_final or is_enough:
            return Done(id_, FAILED, error=letter_of(failure, row, self._hide))
        self._left.append(row)
        return None

    def _for(self, request: HTTPRequest) -> Batches:
        """The interface to which a request goes, whose keys no letter may show."""
        self._secrets = frozenset(sent_secrets(request.url, request.headers))
        return self._make(request)

    def _hide(self, text: str) -> str:
        return hide(text, self._secrets)

    def _money(self, *tokens: int | None) -> float | None:
        return None if self._price is None else HALF * cost(self._price, *(count or 0 for count in tokens))


def _has_room(spool: _Spool, batches: Batches, more: int) -> bool:
    return len(spool.rows) < batches.most_rows and spool.size + more <= batches.most_bytes


async def _each(rows: Iterable[Row]) -> AsyncIterator[Row]:
    for row in rows:
        yield row
