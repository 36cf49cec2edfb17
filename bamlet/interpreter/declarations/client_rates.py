"""What a client says that it may be asked a minute: its `rate` block against what can be kept."""

from __future__ import annotations

from ...diagnostics import catalogue
from ...grammar import nodes as n
from ..facts.interface import Setting
from .blocks import Block, Shape
from .settings import comma_after, setting

_SHAPE = Shape(
    what="a rate",
    keys=("rpm", "tpm"),
    unknown=catalogue.CLIENT_RATE,
    missing=catalogue.CLIENT_RATE.for_lack(),
)
_WHAT = {"rpm": "requests", "tpm": "tokens"}
_EXAMPLES = {"rpm": "rpm 500", "tpm": "tpm 200000"}


def check_rate(block: Block, entry: n.ConfigEntry) -> None:
    if not isinstance(entry.value, n.Config):
        message = "`rate` is a block of requests and tokens a minute"
        block.wrong(entry.value, catalogue.CLIENT_RATE, message, "write rate { rpm 500, tpm 200000 }, for example")
        return
    for name, amount in block.check(entry.key, entry.value.entries, _SHAPE).items():
        value = setting(amount.value)
        if isinstance(value, bool) or not isinstance(value, int | float) or value <= 0:
            message = f"`{name}` is a number of {_WHAT[name]} a minute, above 0"
            hint = comma_after(value) or _written_out(name, value)
            block.wrong(amount.value, catalogue.CLIENT_RATE, message, hint)


def _written_out(name: str, value: Setting) -> str:
    if isinstance(value, str) and value.isdecimal() and value.isascii() and int(value):
        return f"write {name} {int(value)}"
    if value == 0:
        return "take it away, if there is no limit"
    return f"write {_EXAMPLES[name]}, for example"
