"""What a client's model costs: by its own `price`, by the file that `BAMLET_PRICES` names, or by
`genai-prices`."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..interpreter.facts.interface import Interface
from ..providers.prices import Price, cost, read_price
from ..records import dataclass, field
from .files import text_of

__all__ = ["Price", "Prices", "cost"]

VARIABLE = "BAMLET_PRICES"
_MANY = 1_000_000


@dataclass(slots=True)
class Prices:
    """Of the clients of a program. What nobody knows the price of is None, and never free."""

    interface: Interface
    table: Mapping[str, Any] = field(default_factory=dict)
    _found: dict[str, Price | None] = field(default_factory=dict)

    @classmethod
    def of(cls, interface: Interface, environ: Mapping[str, str] | None = None) -> Prices:
        """Raises `ValueError` for a table that is none."""
        return cls(interface, read_table(os.environ if environ is None else environ))

    def of_client(self, name: str) -> Price | None:
        """Raises `ValueError` for a price that is none."""
        if name not in self._found:
            self._found[name] = self._find(name)
        return self._found[name]

    def _find(self, name: str) -> Price | None:
        info = self.interface.clients.get(name)
        provider, _, model = name.partition("/")
        if info is not None:
            if "price" in info.options:
                return _read(f"client `{name}`", info.options["price"])
            provider, model = info.provider, str(info.options.get("model", ""))
        if not model:
            return None
        key = f"{provider}/{model}"
        if key in self.table:
            return _read(f"{VARIABLE}: `{key}`", self.table[key])
        return _from_package(provider, model)


def read_table(environ: Mapping[str, str]) -> Mapping[str, Any]:
    """Prices by `provider/model`; empty where no file is named. Raises `ValueError`, also for an entry that nobody
    asks for: who has written it wants it to count."""
    path = environ.get(VARIABLE)
    if not path:
        return {}
    try:
        table = json.loads(text_of(Path(path)))
    except (OSError, ValueError) as failure:
        raise ValueError(f"{VARIABLE}: {path} cannot be read: {failure}") from None
    if not isinstance(table, dict):
        raise ValueError(f"{VARIABLE}: {path} should be an object of prices by `provider/model`")
    for key, price in table.items():
        _read(f"{VARIABLE}: `{key}`", price)
    return table


def _read(where: str, value: object) -> Price:
    try:
        return read_price(value)
    except ValueError as failure:
        raise ValueError(f"{where}: {failure}") from None


def _from_package(provider: str, model: str) -> Price | None:
    """By the extra `prices`. Its updater is never called."""
    try:
        from genai_prices import Usage, calc_price
    except ImportError:
        return None
    try:
        found = calc_price(
            Usage(input_tokens=_MANY, output_tokens=_MANY), model_ref=model, provider_id=provider.partition("-")[0]
        )
    except LookupError:
        return None
    return Price(float(found.input_price), float(found.output_price))
