"""What a call may spend and has spent: options and services in, a budget and prices for its operations out."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from ..interpreter.facts.interface import Interface
from .context import Budget
from .errors import BamlInvalidArgumentError

if TYPE_CHECKING:
    from ..providers.prices import Price
    from ..sysops.attempts import Attempt
    from ..sysops.budget import Budget as Scope
    from ..sysops.host import Services
    from ..sysops.spent import Spent


def prices_for(interface: Interface, services: Services) -> Callable[[str], Price | None]:
    """What clients cost, looked up when it is first asked for. What cannot be read is what nobody knows."""
    return _Prices(interface, services)


class _Prices:
    __slots__ = ("_interface", "_known", "_services")

    def __init__(self, interface: Interface, services: Services) -> None:
        self._interface, self._services = interface, services
        self._known: dict[str, Price | None] | None = None

    def __call__(self, client_name: str) -> Price | None:
        if self._known is None:
            self._known = {}
        if client_name not in self._known:
            self._known[client_name] = _price(self._interface, self._services, client_name)
        return self._known[client_name]


def _price(interface: Interface, services: Services, client_name: str) -> Price | None:
    from .prices import Prices

    try:
        return Prices.of(interface, services.environ()).of_client(client_name)
    except ValueError:
        return None


def scope_of(
    budget: Budget | None, services: Services, above: Scope | None, *, keeps: bool = True
) -> Scope | None:
    """The budget of a call within that of its runtime. Raises `BamlInvalidArgumentError`."""
    if budget is None:
        return above
    if budget.usd is not None:
        _check_table(services.environ())
    from ..sysops.budget import Budget as Scope
    from ..sysops.budget import Limits

    if budget.seconds is not None and not keeps:
        raise BamlInvalidArgumentError("a runtime has no end in time: give `seconds` to its calls")
    ms = None if budget.seconds is None else round(budget.seconds * 1000)
    try:
        limits = Limits(
            usd=budget.usd,
            tokens=budget.tokens,
            output_tokens=budget.output_tokens,
            attempts=budget.attempts,
            steps=budget.steps,
            ms=ms,
        )
    except ValueError as failure:
        raise BamlInvalidArgumentError(str(failure)) from None
    return Scope(limits, services.clock, above, keeps=keeps)


def _check_table(environ: Mapping[str, str]) -> None:
    """Dollars are counted by it: what is wrong there would be a price that nobody knows."""
    from .prices import read_table

    try:
        read_table(environ)
    except ValueError as failure:
        raise BamlInvalidArgumentError(f"Invalid argument: {failure}") from None


def spent_so_far(attempts: Sequence[Attempt], price_of: Callable[[str], Price | None]) -> Spent:
    from ..sysops.spent import spent_on

    return spent_on(attempts, price_of)
