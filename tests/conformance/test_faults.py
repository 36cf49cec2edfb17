"""Twenty faults against every dialect, called and streamed: how it ends, how often it is tried, and what is left.

The table is a golden, `snapshots/faults.txt`, since no program can see sockets or the framing of an answer. All
engines of the transport must give the same one. A cell is `ok`, or the cause of the last attempt, and how many
attempts there were.
"""

from __future__ import annotations

import asyncio
import contextlib
from functools import cache
from typing import Any

import pytest

import bamlet
from tests.servers.loopback import LoopbackServer
from tests.support.faults import DIALECTS, FAULTS, Dialect
from tests.support.golden import Goldens

TABLES: dict[str, dict[tuple[str, str], dict[str, str]]] = {"h11": {}, "httptools": {}, "httpx": {}}
LEAVE_SECONDS = 1.0
# A limit ends these. All others end by themselves, so none of the short limits can be met on a busy machine.
SILENT = frozenset({"silent before the head", "silent between events", "slow drip"})


@pytest.mark.parametrize("engine", TABLES)
@pytest.mark.parametrize("fault", FAULTS)
def test_no_fault_hangs_or_leaves_anything(fault: str, engine: Any) -> None:
    cells = asyncio.run(asyncio.wait_for(_row(fault, engine), 55))
    for (dialect, mode), cell in cells.items():
        TABLES[engine].setdefault((fault, mode), {})[dialect] = cell


async def _row(fault: str, engine: Any) -> dict[tuple[str, str], str]:
    """All dialects and both modes at once: most of the time is spent waiting for limits."""
    for dialect in DIALECTS:
        _program(dialect.source)  # before any clock runs
    pairs = [(dialect, mode) for dialect in DIALECTS for mode in ("call", "stream")]
    ready = asyncio.Barrier(len(pairs))
    found = await asyncio.gather(*(_cell(dialect, mode, fault, engine, ready) for dialect, mode in pairs))
    return {(dialect.provider, mode): cell for (dialect, mode), cell in zip(pairs, found, strict=True)}


async def _cell(dialect: Dialect, mode: str, fault: str, engine: Any, ready: asyncio.Barrier) -> str:
    with LoopbackServer() as server:
        server.default = FAULTS[fault](dialect.stream if mode == "stream" else dialect.whole)
        options = bamlet.HttpOptions(engine=engine)
        runtime = bamlet.AsyncRuntime(
            _program(dialect.source), environ={"BASE_URL": server.url}, transport=options
        )
        async with contextlib.aclosing(runtime):
            # To read the certificates of the machine holds the loop up: no clock runs before all have done so.
            await runtime.warm()
            await ready.wait()
            outcome = await _outcome(runtime, mode, dialect.text, "Hasty" if fault in SILENT else "Patient")
            assert runtime.handles.open_count == 0
        # Those that the server closed itself have nobody left to wait for.
        for connection in (found for found in server.connections if found.socket.fileno() != -1):
            await asyncio.to_thread(connection.wait_client_left, LEAVE_SECONDS)
    return outcome


@cache
def _program(source: str) -> bamlet.Program:
    return bamlet.compile_sources({"faults.baml": source})


async def _outcome(runtime: bamlet.AsyncRuntime, mode: str, text: str, client: str) -> str:
    context = bamlet.CallContext(client=client)
    try:
        if mode == "call":
            value = await runtime.call("Say", text="x", context=context)
        else:
            value = await runtime.stream("Say", text="x", context=context).final()
    except bamlet.BamlClientError as failure:
        return f"{_cause(failure)} {len(failure.attempts)}"
    assert value == text
    return "ok"


def _cause(failure: bamlet.BamlClientError) -> str:
    match failure:
        case bamlet.BamlTimeoutError():
            return f"timeout ({failure.timeout_type})"
        case bamlet.BamlClientHttpError() if not isinstance(failure, bamlet.BamlClientConnectionError):
            return f"status {failure.status_code}"
        case _:
            return failure.attempts[-1].cause


def test_all_engines_end_as_the_table_says(golden: Goldens) -> None:
    """To be read after the tests above, which fill the table."""
    assert all(len(table) == 2 * len(FAULTS) for table in TABLES.values()), "run the whole file"
    assert TABLES["h11"] == TABLES["httptools"] == TABLES["httpx"]
    golden("faults.txt", _shown(TABLES["httpx"]))


def _shown(table: dict[tuple[str, str], dict[str, str]]) -> str:
    """A line for each fault and mode; the dialects that differ from the most are named."""
    lines = []
    for (fault, mode), cells in sorted(table.items(), key=lambda row: (list(FAULTS).index(row[0][0]), row[0][1])):
        outcomes = list(cells.values())
        most = max(outcomes, key=outcomes.count)
        others = ", ".join(f"{dialect}: {cell}" for dialect, cell in cells.items() if cell != most)
        lines.append(f"{fault:24}{mode:8}{most:26}{others}".rstrip())
    return "\n".join(lines) + "\n"
