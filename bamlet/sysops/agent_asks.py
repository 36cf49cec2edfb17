"""What waits for a person: the state of a run with answers, given by a host that has kept it or asked at once."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AsyncExitStack
from typing import Any

from ..interpreter.runtime.values import Instance, to_plain
from ..records import dataclass
from .host import Context
from .host_failure import HostFailure
from .registry import Failure, sysop


@dataclass(frozen=True, slots=True)
class Ask:
    """A call of a tool that waits for a person. `arguments` are plain data; with `once` it must not be done
    twice."""

    id: str
    tool: str
    arguments: Mapping[str, Any]
    once: bool = False


@sysop("baml.agent.agreed", throws=("InvalidArgument",))
async def agreed(context: Context, state: Any) -> Instance | None:
    hear = context.host.on_approval
    if hear is None:
        return None
    answers = {}
    async with AsyncExitStack() as clocks:
        # A person takes the time that it takes: no budget pays for it.
        for budget in context.host.budget.chain() if context.host.budget is not None else ():
            await clocks.enter_async_context(budget.stopped())
        for ask in state.asks:
            try:
                answers[ask.id] = await hear(Ask(ask.id, ask.tool, to_plain(ask.arguments), ask.once))
            except Exception as failure:
                raise HostFailure(failure) from failure
    return answered(context, state, answers)


@sysop("baml.agent.answered", throws=("InvalidArgument",))
def answered(context: Context, state: Any, answers: Mapping[str, Any]) -> Instance:
    asked = {ask.id: ask for ask in state.asks if ask.answer is None}
    if unknown := [name for name in answers if name not in asked]:
        raise Failure("InvalidArgument", f"nothing asks for `{unknown[0]}`; {_ids(asked)}")
    if missing := [name for name in asked if answers.get(name) is None]:
        raise Failure(
            "InvalidArgument", f"there is no answer for `{missing[0]}` (tool `{asked[missing[0]].tool}`)"
        )
    for name, answer in answers.items():
        if not isinstance(answer, bool | str | dict):
            message = f"the answer for `{name}` is true, false, a reason for no or other arguments, not {answer!r}"
            raise Failure("InvalidArgument", message)
    space = context.space
    asks = [
        space.instance("baml.agent.Ask", {**_fields(ask), "answer": answers.get(ask.id, ask.answer)})
        for ask in state.asks
    ]
    status = space.enum_value("baml.agent.Status", "Running") if state.asks else state.status
    return space.instance("baml.agent.State", {**_fields(state), "asks": asks, "status": status})


def _ids(asked: Mapping[str, Any]) -> str:
    return f"there are {', '.join(f'`{name}`' for name in asked)}" if asked else "nothing waits for an answer"


def _fields(value: Any) -> dict[str, Any]:
    return {name: getattr(value, name) for name in value.__fields__}


@sysop("baml.agent.remember")
def remember(context: Context, state: Any) -> None:
    context.host.agent_state = None if state.status == "Done" else state
