"""What attempts have cost, as far as that is known: attempts in, tokens and money out, each with its source."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from ..records import dataclass
from .attempts import Attempt

if TYPE_CHECKING:
    from ..providers.prices import Price

Source: TypeAlias = Literal["exact", "partial", "estimated", "unknown"]
Outcome: TypeAlias = Literal["finished", "cut", "failed", "stopped", "lost", "running"]
PriceOf: TypeAlias = "Callable[[str], Price | None]"

_FROM_BEST: tuple[Source, ...] = ("exact", "partial", "estimated", "unknown")
_REFUSALS = range(400, 500)  # the server has said no before a model was asked


@dataclass(frozen=True, slots=True)
class AttemptCost:
    """Of one request. `outcome` is how it ended: `finished`, `cut` in its answer, `failed` before there was any,
    `stopped` by us, or `lost` to another one of the same call. None is what nobody knows."""

    client_name: str
    outcome: Outcome
    cause: str | None
    elapsed_ms: int | None
    input_tokens: int | None
    output_tokens: int | None
    usd: float | None
    source: Source


@dataclass(frozen=True, slots=True)
class Spent:
    """`source` says how the tokens are known, by the worst of the attempts: `exact` as the providers have counted
    them, `partial` where only the input is counted, `estimated` by characters, `unknown` where some are in none of
    the numbers. `usd` is None where tokens have no price, and no number is 0 for what is not known."""

    usd: float | None
    input_tokens: int | None
    output_tokens: int | None
    source: Source
    attempts: tuple[AttemptCost, ...] = ()

    @property
    def tokens(self) -> int | None:
        known = [count for count in (self.input_tokens, self.output_tokens) if count is not None]
        return sum(known) if known else None


NOTHING_SPENT = Spent(0.0, 0, 0, "exact")


def spent_on(attempts: Sequence[Attempt], price_of: PriceOf) -> Spent:
    """Looked at from another thread, too: what is under way counts as far as it has come."""
    won = {attempt.run for attempt in attempts if attempt.selected}
    return summed([cost_of(attempt, price_of, is_answered=attempt.run in won) for attempt in list(attempts)])


class Tally:
    """What a runtime has spent: sums by client, as it may live long."""

    def __init__(self) -> None:
        self._tokens: dict[str, tuple[int, int, int]] = {}
        self._source: Source = "exact"

    def add(self, attempts: Sequence[Attempt]) -> None:
        for attempt in attempts:
            read, written, source = tokens_of(attempt, outcome_of(attempt))
            if source != self._source:
                self._source = max(self._source, source, key=_FROM_BEST.index)
            if read is None or written is None:
                continue
            usage = attempt.usage
            cached = (usage.cached_input_tokens if usage is not None else None) or 0
            before = self._tokens.get(attempt.client_name, (0, 0, 0))
            self._tokens[attempt.client_name] = (before[0] + read, before[1] + written, before[2] + cached)

    def spent(self, price_of: PriceOf) -> Spent:
        from ..providers.prices import cost

        if not self._tokens:
            return NOTHING_SPENT if self._source == "exact" else Spent(None, None, None, self._source)
        read, written, _ = map(sum, zip(*self._tokens.values(), strict=True))
        paid = {name: price_of(name) for name, tokens in self._tokens.items() if any(tokens)}
        amounts = [cost(price, *self._tokens[name]) for name, price in paid.items() if price is not None]
        return Spent(sum(amounts) if len(amounts) == len(paid) else None, read, written, self._source)


def summed(costs: Sequence[AttemptCost]) -> Spent:
    if not costs:
        return NOTHING_SPENT
    counted = [one for one in costs if one.input_tokens is not None]
    has_price = bool(counted) and all(one.usd is not None for one in counted)
    return Spent(
        usd=sum(one.usd or 0.0 for one in counted) if has_price else None,
        input_tokens=_sum(one.input_tokens for one in costs),
        output_tokens=_sum(one.output_tokens for one in costs),
        source=max((one.source for one in costs), key=_FROM_BEST.index),
        attempts=tuple(costs),
    )


def cost_of(attempt: Attempt, price_of: PriceOf, *, is_answered: bool = False) -> AttemptCost:
    """`is_answered`: the call has its value, of this attempt or of another."""
    from ..providers.prices import cost  # here and below: it brings every provider

    outcome = outcome_of(attempt, is_answered)
    read, written, source = tokens_of(attempt, outcome)
    usd = None
    if read is not None and written is not None:
        usage = attempt.usage
        cached = (usage.cached_input_tokens if usage is not None else None) or 0
        price = price_of(attempt.client_name)
        # What costs no tokens costs nothing, whatever its price.
        usd = 0.0 if read == written == 0 else None if price is None else cost(price, read, written, cached)
    elapsed = None if attempt.ended is None else round(attempt.ended * 1000)
    return AttemptCost(attempt.client_name, outcome, attempt.cause, elapsed, read, written, usd, source)


def tokens_of(attempt: Attempt, outcome: Outcome) -> tuple[int | None, int | None, Source]:
    """Input, output, and how they are known."""
    if not attempt.was_sent or (attempt.status in _REFUSALS and attempt.said is None):
        return 0, 0, "exact"
    usage = attempt.usage
    read = usage.whole_input_tokens if usage is not None else None
    written = usage.whole_output_tokens if usage is not None else None
    if outcome == "finished" and read is not None and written is not None:
        return read, written, "exact"
    if outcome == "failed":
        return None, None, "unknown"
    from ..providers.prices import tokens_in

    heard = attempt.said.characters if attempt.said is not None else 0
    about = max(written or 0, tokens_in(heard))
    if read is not None:
        return read, about, "partial"
    return tokens_in(attempt.prompt_characters), about, "estimated"


def outcome_of(attempt: Attempt, is_answered: bool = False) -> Outcome:
    said: Any = attempt.said
    if attempt.selected or (said is not None and (said.finish_reason is not None or not attempt.streams)):
        return "finished"
    if attempt.cause is not None:
        return "cut" if said is not None and (said.characters or said.usage is not None) else "failed"
    if attempt.ended is None:
        return "running"
    return "lost" if is_answered else "stopped"


def _sum(numbers: Iterable[int | None]) -> int | None:
    known = [number for number in numbers if number is not None]
    return sum(known) if known else None
