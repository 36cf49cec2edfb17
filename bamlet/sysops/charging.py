"""What is about to be done, charged to the budgets around it before it is done."""

from __future__ import annotations

from ..providers.prices import max_tokens_of, tokens_in
from .budget import Charge
from .host import Host


def charge_for(host: Host, client_name: str | None) -> Charge | None:
    """For a request that is about to be sent to a model; None without a budget. Raises `Overspent`."""
    if host.budget is None or client_name is None:
        return None
    scopes = tuple(host.budget.chain())
    price = None
    limited = next((scope for scope in scopes if scope.limits.usd is not None), None)
    if limited is not None:
        price = host.price_of(client_name)
        if price is None:
            hint = "write `price { input 0.15, output 0.6 }` into its options, or name a table with BAMLET_PRICES"
            raise limited.spent_up("usd", f"a budget in dollars: nobody knows what `{client_name}` costs; {hint}")
    known = host.services.clients.get(client_name)
    longest = max_tokens_of(known[1].payload.options.body) if known is not None else None
    charge = Charge(scopes, price)
    charge.reserve(tokens_in(len(str(host.asking.prompt or ""))), longest or 0)
    return charge


def take_step(host: Host) -> None:
    """One more step of an agent. Raises `Overspent`."""
    scopes = tuple(host.budget.chain()) if host.budget is not None else ()
    for scope in scopes:
        scope.check({"steps": 1})
    for scope in scopes:
        scope.taken["steps"] += 1
