"""A function over the rows of somebody's own Ray Data pipeline. A run of its own is `bamlet map --engine ray`.

ds.map_batches(RowWorker, fn_constructor_kwargs={"sources": sources, "function": "Extract"}, batch_size=256,
               compute=ray.data.ActorPoolStrategy(size=2, max_tasks_in_flight_per_actor=2), num_cpus=1)
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from . import BamlInvalidArgumentError, MappedRow, Runtime, compile_sources, to_plain
from .batch.beside import WorkerState
from .batch.engines import Refused
from .batch.mapping import RowMapping
from .batch.strict import spaced
from .sync import iterate

__all__ = ["RowWorker"]

RESULT, ERROR = "result", "error"


class RowWorker:
    """Adds the columns `result`, as JSON, and `error` to each batch. It never raises for a row."""

    def __init__(
        self,
        sources: Mapping[str, str],
        function: str,
        *,
        bind: Mapping[str, str] | None = None,
        concurrency: int = 256,
        environ: Mapping[str, str] | None = None,
        state: str | os.PathLike[str] | None = None,
    ) -> None:
        """`sources` are texts by the names of their files; `environ` is that of the worker if it is not given.
        `state` is a folder of the worker's machine that remembers answers, for all workers there."""
        self._runtime = Runtime(compile_sources(sources), environ=environ)
        self._function = function
        self._bind = bind or {}
        self._concurrency = concurrency
        try:
            self._state = None if state is None else WorkerState(Path(state))
        except Refused as failure:
            raise BamlInvalidArgumentError(str(failure)) from None

    def __call__(self, batch: Mapping[str, Sequence[Any]]) -> dict[str, Any]:
        names = list(batch)
        rows = [
            {name: _plain(value) for name, value in zip(names, values, strict=True)}
            for values in zip(*batch.values(), strict=True)
        ]
        places, bind = self._concurrency, self._bind
        mapping = RowMapping(
            self._runtime, self._function, rows, bind, places, None, None, None, self._state, "input", None
        )
        found = list(iterate(mapping.batches()))
        return {**batch, RESULT: [_result(row) for row in found], ERROR: [_error(row) for row in found]}

    def close(self) -> None:
        """For who uses it without Ray, which ends the process."""
        self._runtime.close()
        if self._state is not None:
            self._state.__exit__(None, None, None)


def _result(row: MappedRow) -> str | None:
    return None if row.error is not None else spaced(to_plain(row.value))


def _error(row: MappedRow) -> str | None:
    return None if row.error is None else str(row.error)


def _plain(value: Any) -> Any:
    """A cell of an array of NumPy as what Python has for it."""
    return value.item() if hasattr(value, "item") and not getattr(value, "shape", None) else value
