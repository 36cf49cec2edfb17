"""Rows in, answers out: what the feeder hands to an engine, and what an engine hands back."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import Any, Literal, NamedTuple, Protocol

OK, FAILED = 1, 2


class Refused(Exception):
    """What was asked for cannot be done; the text is for a person. Nothing was asked of a model."""


class Stopped(Exception):
    """A run cannot or need not go on in this process; the same command does. The text is for a person."""

    def __init__(
        self, message: str, reason: Literal["provider", "detached", "cancelled", "output"] = "provider"
    ) -> None:
        super().__init__(message)
        self.reason = reason


# Tuples, as are records of tables: some are made for each row, and frozen dataclasses take four times as long.
class Row(NamedTuple):
    """`number` counts the rows of the input from 0; `id` is the row's place in the journal."""

    number: int
    id: int
    arguments: dict[str, Any]


class Done(NamedTuple):
    """One row that has ended. `value` is JSON text; `error` is the JSON text of a dead letter, without its row.

    Tokens and cost are those of all attempts; None is what nobody said.
    """

    id: int
    status: int
    value: str | None = None
    error: str | None = None
    client: str | None = None
    attempts: int = 0
    input_tokens: int | None = None
    output_tokens: int | None = None
    cost: float | None = None
    ms: int = 0


class Engine(Protocol):
    @property
    def in_flight(self) -> int: ...

    @property
    def places(self) -> int:
        """How many may be in flight now."""
        ...

    async def run(self, rows: AsyncIterator[Row], done: Callable[[Done], None]) -> None:
        """Ask all rows, and return when each has ended. Cancelling it ends those that run."""
        ...
