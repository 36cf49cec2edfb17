"""One row to its end: a call of the function, and what came of it as plain text."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple, TypeVar

from ..embed import errors, to_plain
from ..embed.call import Call
from ..embed.hiding import hidden
from ..embed.prices import Prices, cost
from ..embed.runtime import AsyncRuntime
from .engines import FAILED, OK, Done, Row
from .pace import MAX_REFUSALS, REFUSED, ClientPaces

N = TypeVar("N", int, float)

MAX_RAW = 4 << 10  # bytes of what the model or the provider said
_written = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
_SAID = ("raw_output", "body")

# The classes of dead letters, the nearest first: a class stands before those above it.
_CLASSES: tuple[tuple[type[Exception], str], ...] = (
    (errors.BamlValidationError, "Validation"),
    (errors.BamlTimeoutError, "Timeout"),
    (errors.BamlClientConnectionError, "Io"),
    (errors.BamlClientHttpError, "HttpStatus"),
    (errors.BamlClientFinishReasonError, "FinishReason"),
    (errors.BamlClientError, "LlmClient"),
    (errors.BamlInvalidArgumentError, "InvalidArgument"),
    (errors.UnhandledThrow, "Throw"),
    (errors.BamlBudgetError, "Budget"),
    (errors.BamlAbortError, "Abort"),
)


class Spent(NamedTuple):
    """Of all attempts of one row. None is what nobody said, or what has no price."""

    attempts: int
    input_tokens: int | None
    output_tokens: int | None
    cost: float | None
    client: str | None


class Asker:
    """Calls one function of a program, at its pace. It never raises for a row."""

    def __init__(self, runtime: AsyncRuntime, function: str, prices: Prices, paces: ClientPaces) -> None:
        self._runtime = runtime
        self._function = function
        self._prices = prices
        self.paces = paces

    async def ask(self, row: Row) -> Done:
        done, _ = await self.answer(row)
        return done

    async def answer(self, row: Row) -> tuple[Done, Any]:
        """With the value itself, or the error."""
        now = asyncio.get_running_loop().time
        began = now()
        call: Call | None = None
        try:
            call = self._runtime.prepare(self._function, row.arguments, {}, None)
            call.keep_pace(self.paces)
            value = await call.run()
            if not call.waits:
                await asyncio.sleep(0)  # the others have their turn
            text = _written(to_plain(value))
        except Exception as failure:  # whatever it is: one bad row never stops the others
            text, value = None, failure
        except asyncio.CancelledError:
            # Nobody stops this row: a function of the host has raised it, and would end the others, too.
            if is_cancelled():
                raise
            text, value = None, errors.BamlAbortError()
        spent = self._spent(call)
        ms = round((now() - began) * 1000)
        error = None if text is not None else letter_of(value, row, call.hide if call is not None else str)
        fields = (spent.client, spent.attempts, spent.input_tokens, spent.output_tokens, spent.cost, ms)
        return Done(row.id, FAILED if text is None else OK, text, error, *fields), value

    def _spent(self, call: Call | None) -> Spent:
        attempts = call.record.attempts if call is not None else []
        if len(attempts) == 1 and (usage := attempts[0].usage) is not None:  # as most rows do
            (only,) = attempts
            paid = self._cost(only.client_name, usage)
            client = only.client_name if only.selected else None
            return Spent(1, usage.input_tokens, usage.output_tokens, paid, client)
        answered = [(attempt.client_name, usage) for attempt in attempts if (usage := attempt.usage) is not None]
        money = [self._cost(client, usage) for client, usage in answered]
        return Spent(
            len(attempts),
            _sum([usage.input_tokens for _, usage in answered]),
            _sum([usage.output_tokens for _, usage in answered]),
            None if None in money else _sum(money),
            next((attempt.client_name for attempt in reversed(attempts) if attempt.selected), None),
        )

    def _cost(self, client: str, usage: Any) -> float | None:
        price = self._prices.of_client(client)
        if price is None:
            return None
        return cost(price, usage.input_tokens or 0, usage.output_tokens or 0, usage.cached_input_tokens or 0)


def class_of(failure: Exception) -> str:
    if getattr(failure, "status_code", None) in REFUSED and len(getattr(failure, "attempts", ())) > MAX_REFUSALS:
        return "RateLimit"
    return next((name for kind, name in _CLASSES if isinstance(failure, kind)), type(failure).__name__)


def letter_of(failure: Exception, row: Row, hide: Callable[[str], str]) -> str:
    """What is told of a row that failed, without secrets."""
    raw = next((text for name in _SAID if (text := getattr(failure, name, None))), "")
    status = getattr(failure, "status_code", None)
    letter: dict[str, Any] = {
        "args": hidden(to_plain(row.arguments), hide),
        "class": class_of(failure),
        "message": hide(getattr(failure, "message", None) or str(failure)),
        "status": status,
        "attempts": [_attempt(attempt) for attempt in getattr(failure, "attempts", ())],
        "raw": hide(raw.encode()[:MAX_RAW].decode("utf-8", "ignore")),
    }
    return _written(letter)


def _attempt(attempt: errors.FailedAttempt) -> Mapping[str, Any]:
    return {
        "client": attempt.client_name,
        "cause": attempt.cause,
        "ms": attempt.elapsed_ms,
        "status": attempt.status_code,
    }


def _sum(numbers: Sequence[N | None]) -> N | None:
    known = [number for number in numbers if number is not None]
    return sum(known[1:], known[0]) if known else None


def is_cancelled() -> bool:
    """Whether somebody cancelled the running task, and not only what it waits for."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0
