"""Tokens and a price in, money out. Where a price comes from is not known here."""

from __future__ import annotations

import math
from collections.abc import Mapping

from ..records import dataclass

PER = 1_000_000
CHARACTERS_PER_TOKEN = 3.6  # where nobody has counted
LENGTHS = ("max_tokens", "max_completion_tokens", "max_output_tokens")


def tokens_in(characters: int) -> int:
    """About so many."""
    return math.ceil(characters / CHARACTERS_PER_TOKEN)


def max_tokens_of(options: Mapping[str, object]) -> int | None:
    """How long an answer may be, by the options of a client."""
    given = (options.get(name) for name in LENGTHS)
    return next((value for value in given if isinstance(value, int) and not isinstance(value, bool)), None)


@dataclass(frozen=True, slots=True)
class Price:
    """Dollars for a million tokens. `cached` is for input that the provider had kept; without it, as other
    input."""

    input: float
    output: float
    cached: float | None = None


def cost(price: Price, input_tokens: int, output_tokens: int, cached_tokens: int = 0) -> float:
    """`input_tokens` are all, the cached ones among them."""
    cached = min(cached_tokens, input_tokens)
    rate = price.input if price.cached is None else price.cached
    return ((input_tokens - cached) * price.input + cached * rate + output_tokens * price.output) / PER


def read_price(value: object) -> Price:
    """Of a client's `price` block or an entry of a table. Raises `ValueError`."""
    if not isinstance(value, Mapping):
        raise ValueError("a price is a block with `input` and `output`, in dollars for a million tokens")
    numbers = {str(name): _amount(str(name), amount) for name, amount in value.items()}
    if unknown := sorted(numbers.keys() - {"input", "output", "cached"}):
        raise ValueError(f"a price has `input`, `output` and `cached`, and no `{unknown[0]}`")
    if missing := [name for name in ("input", "output") if name not in numbers]:
        raise ValueError(f"the price lacks `{missing[0]}`")
    return Price(numbers["input"], numbers["output"], numbers.get("cached"))


def _amount(name: str, value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < float("inf"):
        raise ValueError(f"the price of `{name}` is a number of dollars for a million tokens, not {value!r}")
    return float(value)
