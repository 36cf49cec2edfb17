"""Mapping from Python: rows of any iterable, answers as they come; or a file, as the command does it.

for row in bamlet.map(program, "Extract", rows, bind={"text": "body"}):
    print(row.number, row.value if row.error is None else row.error)
"""

from __future__ import annotations

import os
from collections.abc import AsyncGenerator, Callable, Iterator, Mapping
from contextlib import AsyncExitStack
from typing import Any

from ..embed import BamlInvalidArgumentError
from ..embed.runtime import Program
from ..sync import iterate, wait_for
from .engines import Refused
from .mapping import Mappable, MappedRow, Order, Places, RowMapping, Rows, runtime_of
from .options import MapOptions, MaxErrors
from .report import MapReport, Progress
from .run import run_map
from .session import Hooks
from .setting import Setting

__all__ = ["MappedRow", "amap", "map", "map_file"]


def map(
    program: Mappable,
    function: str,
    rows: Rows,
    *,
    bind: Mapping[str, str] | None = None,
    concurrency: Places = "auto",
    rpm: float | None = None,
    tpm: float | None = None,
    max_cost: float | None = None,
    state: str | os.PathLike[str] | None = None,
    order: Order = "done",
    on_progress: Callable[[Progress], object] | None = None,
) -> Iterator[MappedRow]:
    """The blocking twin of `amap`. `rows` are read by the thread that makes the calls."""
    mapping = RowMapping(
        program, function, rows, bind or {}, concurrency, rpm, tpm, max_cost, state, order, on_progress
    )
    return iterate(mapping.batches())


async def amap(
    program: Mappable,
    function: str,
    rows: Rows,
    *,
    bind: Mapping[str, str] | None = None,
    concurrency: Places = "auto",
    rpm: float | None = None,
    tpm: float | None = None,
    max_cost: float | None = None,
    state: str | os.PathLike[str] | None = None,
    order: Order = "done",
    on_progress: Callable[[Progress], object] | None = None,
) -> AsyncGenerator[MappedRow, None]:
    """Call a function for each row, and give each as it ends, or with `order="input"` in their order.

    A row that cannot be bound or whose call fails has an `error` and stops nothing. What `rows` or `on_progress`
    raise ends the run; so does leaving the loop, after which nothing runs. `state` is a folder that remembers
    answers. When `max_cost` is reached, the rows in flight are given, and then a `BamlError` is raised.
    """
    mapping = RowMapping(
        program, function, rows, bind or {}, concurrency, rpm, tpm, max_cost, state, order, on_progress
    )
    batches = mapping.batches()
    try:
        async for batch in batches:
            for row in batch:
                yield row
    finally:
        await batches.aclose()


def map_file(
    program: Mappable,
    function: str,
    *,
    input: str | os.PathLike[str],
    output: str | os.PathLike[str],
    on_progress: Callable[[Progress], object] | None = None,
    max_errors: int | str | None = None,
    bind: Mapping[str, str] | None = None,
    **options: Any,
) -> MapReport:
    """What `bamlet map` does, with its flags as keywords. Raises `BamlInvalidArgumentError` before the first
    call."""
    columns = tuple(f"{name}={column}" for name, column in (bind or {}).items())
    try:
        given = MapOptions(
            input=os.fspath(input),
            output=os.fspath(output),
            bind=columns,
            max_errors=MaxErrors.read(max_errors),
            **options,
        )
        return wait_for(_map_file(program, function, given, Hooks(on_progress=on_progress)))
    except (Refused, TypeError) as failure:
        raise BamlInvalidArgumentError(str(failure)) from None


async def _map_file(program: Mappable, function: str, options: MapOptions, hooks: Hooks) -> MapReport:
    setting = Setting(program=program) if isinstance(program, Program) else None
    async with AsyncExitStack() as stack:
        return await run_map(await runtime_of(program, stack), function, options, hooks, setting=setting)
