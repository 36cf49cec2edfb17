"""What a client says that its model costs: its `price` block against what can be reckoned with."""

from __future__ import annotations

from ...diagnostics import catalogue
from ...grammar import nodes as n
from ...records import replace
from ..facts.interface import Setting
from .blocks import Block, Shape
from .settings import comma_after, setting

_SHAPE = Shape(
    what="a price",
    keys=("input", "output", "cached"),
    unknown=catalogue.CLIENT_PRICE,
    missing=catalogue.CLIENT_PRICE.for_lack(),
    examples={"input": "input 0.15", "output": "output 0.6"},
)


def check_price(block: Block, entry: n.ConfigEntry) -> None:
    if not isinstance(entry.value, n.Config):
        message = "`price` is a block of dollars for a million tokens"
        block.wrong(
            entry.value, catalogue.CLIENT_PRICE, message, "write price { input 0.15, output 0.6 }, for example"
        )
        return
    amounts = entry.value.entries
    # Who has left out a comma has not left out what stands behind it.
    ran_on = any(comma_after(setting(amount.value)) for amount in amounts)
    given = block.check(entry.key, amounts, replace(_SHAPE, examples={}) if ran_on else _SHAPE)
    for name, amount in given.items():
        value = setting(amount.value)
        if isinstance(value, bool) or not isinstance(value, int | float) or value < 0:
            message = f"the price of `{name}` is a number of dollars for a million tokens"
            hint = comma_after(value) or _written_out(name, value)
            block.wrong(amount.value, catalogue.CLIENT_PRICE, message, hint)


def _written_out(name: str, value: Setting) -> str:
    try:
        number = float(value) if isinstance(value, str) else -1.0
    except ValueError:
        number = -1.0
    if 0 <= number < float("inf"):
        return f"write {name} {number:f}".rstrip("0").rstrip(".")
    return f"write {name} 0.15, for example"
