"""The operations behind `baml.budget`: a function under a budget, and what is left and spent."""

from __future__ import annotations

from typing import Any

from ..interpreter.runtime.calling import call_back
from ..interpreter.runtime.failures import Overspent
from ..interpreter.runtime.space import ValueSpace
from ..interpreter.runtime.values import FunctionValue, Instance
from ..records import asdict
from .budget import Budget, Limits, left_of, spent_in
from .charging import take_step
from .host import Context
from .registry import Failure, sysop
from .spent import Spent, spent_on


@sysop("baml.budget.within", throws=("Budget", "InvalidArgument"))
async def within(context: Context, limits: Any, f: FunctionValue) -> Any:
    host = context.host
    try:
        given = Limits(**{name: getattr(limits, name) for name in Limits.__slots__})
    except ValueError as failure:
        raise Failure("InvalidArgument", str(failure)) from None
    outer, budget = host.scope, Budget(given, host.services.clock, host.budget)
    scope = host.scope = outer.inner()
    host.budget = budget
    try:
        async with budget.clock():
            value = await call_back(context, f)
    except BaseException as failure:
        # What is stopped by a panic closes nothing by itself, and no socket is held until the call ends.
        await scope.aclose()
        if isinstance(failure, Overspent) and failure.scope is budget:
            raise _failure(context, budget, failure) from None
        raise
    finally:
        host.scope, host.budget = outer, budget.above
    scope.hand_over()
    return value


def _failure(context: Context, budget: Budget, over: Overspent) -> Failure:
    spent = spent_value(context.space, spent_in(budget, context.host.price_of))
    return Failure("Budget", str(over), what=over.what, limit=over.limit, spent=spent)


@sysop("baml.budget.left")
def left(context: Context) -> Instance:
    return context.space.instance("baml.budget.Limits", left_of(context.host.budget))


@sysop("baml.budget.spent")
def spent(context: Context) -> Instance:
    host = context.host
    found = (
        spent_on(host.asking.record.attempts, host.price_of)
        if host.budget is None
        else spent_in(host.budget, host.price_of)
    )
    return spent_value(context.space, found)


@sysop("baml.budget.take_step")
def step(context: Context) -> None:
    take_step(context.host)


def spent_value(space: ValueSpace, spent: Spent) -> Instance:
    attempts = [space.instance("baml.llm.AttemptCost", asdict(one)) for one in spent.attempts]
    fields = {"usd": spent.usd, "input_tokens": spent.input_tokens, "output_tokens": spent.output_tokens}
    return space.instance("baml.llm.Spent", {**fields, "source": spent.source, "attempts": attempts})
