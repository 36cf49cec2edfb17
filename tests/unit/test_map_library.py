"""Mapping from Python: `bamlet.map`, `bamlet.amap` and `bamlet.map_file`, which a program cannot see."""

from __future__ import annotations

import asyncio
import hashlib
import inspect
import json
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

import bamlet
from bamlet.batch.feed import Binder, given_for
from tests.servers.rows import Behaviour, RowServer
from tests.support.canary import KEY
from tests.support.mapped import DEADLINE, source, texts

PURE = """
class Twice { value int }
function Double(n: int) -> Twice throws string {
  if (n == 3) { throw "three" }
  Twice { value: n * 2 }
}
"""


def numbers(count: int) -> list[dict[str, int]]:
    return [{"n": number} for number in range(count)]


@asynccontextmanager
async def serving(latency: float) -> AsyncIterator[tuple[bamlet.AsyncRuntime, RowServer]]:
    server = RowServer(Behaviour(latency))
    async with asyncio.timeout(DEADLINE), await server.serve(0) as listening:
        environ = {"BASE_URL": f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}", "ROWS_KEY": KEY}
        program = bamlet.compile_sources({"map.baml": source()})
        async with bamlet.AsyncRuntime(program, environ=environ) as runtime:
            yield runtime, server


def test_a_row_has_a_value_or_an_error() -> None:
    program = bamlet.compile_sources({"pure.baml": PURE})
    found = sorted(bamlet.map(program, "Double", numbers(5)), key=lambda row: row.number)
    assert [row.value.value if row.error is None else str(row.error) for row in found] == [
        *(0, 2, 4),
        "the program threw three",
        8,
    ]
    assert [row.input for row in found] == numbers(5)


def test_a_key_is_made_of_the_arguments_as_canonical_json() -> None:
    """A state is known by it for ever."""
    names = "function Say(z: string, a: int, m: map<string, float>, l: string[]) -> string { z }"
    row = {"z": 'é\u2028"\\\n\x00\ud800', "a": 2**53 + 1, "m": {"y": 0.1, "x": -0.0}, "l": ["", "ü"]}

    async def body() -> bytes:
        async with bamlet.AsyncRuntime(bamlet.compile_sources({"keys.baml": names})) as runtime:
            given = given_for(runtime, "Say", None, (), {})
            return Binder(runtime, "Say", "print", given, textual=False).key(row)

    written = json.dumps(row, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    told = f"bamlet-map-1\0print\0{written}".encode("utf-8", "surrogatepass")
    assert asyncio.run(body()) == hashlib.blake2b(told, digest_size=16).digest()


def test_rows_that_cannot_be_bound_are_errors_and_stop_nothing() -> None:
    program = bamlet.compile_sources({"pure.baml": PURE})
    rows: list[dict[str, Any]] = [{"n": "many"}, {"n": 1}]
    first, second = bamlet.map(program, "Double", rows, order="input")
    assert isinstance(first.error, bamlet.BamlInvalidArgumentError)
    assert second.value.value == 2


def test_a_function_of_the_host_that_says_it_was_cancelled_fails_its_row_alone() -> None:
    async def half(n: int) -> int:
        if n == 3:
            raise asyncio.CancelledError
        return n // 2

    async def body() -> list[str | None]:
        program = bamlet.compile_sources({"host.baml": "function half(n: int) -> int { $host }"})
        async with asyncio.timeout(DEADLINE), bamlet.AsyncRuntime(program, functions={"half": half}) as runtime:
            rows = bamlet.amap(runtime, "half", numbers(6), order="input", concurrency=2)
            return [type(row.error).__name__ if row.error else None async for row in rows]

    assert asyncio.run(body()) == [None, None, None, "BamlAbortError", None, None]


def test_the_order_of_the_input_is_kept_on_demand() -> None:
    async def body() -> list[int]:
        async with serving(20) as (runtime, _):
            rows = bamlet.amap(runtime, "Classify", texts(range(40)), order="input", concurrency=8)
            return [row.number async for row in rows]

    assert asyncio.run(body()) == list(range(40))


def test_rows_are_read_no_further_ahead_than_twice_the_places() -> None:
    read = 0

    def counted() -> Iterator[Mapping[str, Any]]:
        nonlocal read
        for row in texts(range(100)):
            read += 1
            yield row

    async def body() -> None:
        async with serving(1) as (runtime, _):
            rows = bamlet.amap(runtime, "Classify", counted(), concurrency=3)
            await anext(rows)
            await asyncio.sleep(0.2)  # nobody looks
            await rows.aclose()

    asyncio.run(body())
    assert read <= 1 + 2 * 3 + 1


def test_leaving_the_loop_ends_what_runs() -> None:
    async def body() -> int:
        async with serving(50) as (runtime, server):
            rows = bamlet.amap(runtime, "Classify", texts(range(100)), concurrency=4)
            async for _ in rows:
                break
            await rows.aclose()
            asked = server.counts.asked.total()
            await asyncio.sleep(0.1)
            assert server.counts.asked.total() == asked
            assert runtime.handles.open_count == 0
            return asked

    assert asyncio.run(body()) < 20


def test_what_the_rows_raise_ends_the_run() -> None:
    def broken() -> Iterator[Mapping[str, Any]]:
        yield {"n": 1}
        raise LookupError("no more rows")

    program = bamlet.compile_sources({"pure.baml": PURE})
    with pytest.raises(LookupError, match="no more rows"):
        list(bamlet.map(program, "Double", broken()))


def test_a_state_remembers_and_gives_values_of_the_class(tmp_path: Path) -> None:
    async def body() -> tuple[list[bamlet.MappedRow], int]:
        async with serving(1) as (runtime, server):
            for _ in range(2):
                rows = bamlet.amap(runtime, "Classify", texts("abc"), state=tmp_path / "state", order="input")
                found = [row async for row in rows]
            return found, server.counts.asked.total()

    found, asked = asyncio.run(body())
    assert asked == 3
    assert [(row.value.label, row.known) for row in found] == [("a", True), ("b", True), ("c", True)]


def test_a_file_is_mapped_as_the_command_does_it(tmp_path: Path) -> None:
    (tmp_path / "in.jsonl").write_text('{"n": 1}\n{"n": 3}\n', "utf-8")
    program = bamlet.compile_sources({"pure.baml": PURE})
    reports = [
        bamlet.map_file(program, "Double", input=tmp_path / "in.jsonl", output=tmp_path / "out.jsonl")
        for _ in range(2)
    ]
    assert [(report.ok, report.failed, report.called) for report in reports] == [(1, 1, 2), (1, 1, 0)]
    with pytest.raises(bamlet.BamlInvalidArgumentError, match="there is no such file"):
        bamlet.map_file(program, "Double", input="nowhere.jsonl", output=tmp_path / "out.jsonl")


def test_both_maps_take_the_same() -> None:
    assert inspect.signature(bamlet.map).parameters == inspect.signature(bamlet.amap).parameters
