"""Calls that are begun before their turn, while a model still speaks: chunks of answers in, results of calls out.

    attempt 1   … find(7) is whole, and begins … the connection breaks
    attempt 2   … find(7) is whole, and is known … the answer ends
    its turn    the result of find(7), waited for if it is not there yet

What is begun belongs to the step of the agent and not to an attempt, so it outlives attempts that fail. The order
of the code follows from that. A call is in the table before its task takes its first step, and nothing is awaited
in between: of two attempts that speak at once one begins it. A result is in the table, and in the state that the
error of the run will have, before anybody hears that its task has ended: whoever goes on from there has it. A task
ends with the step: stopped when the answer does not ask for it, when the step fails, or with the call.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from ..interpreter.runtime.calling import call_back
from ..interpreter.runtime.context import Context as AnyContext
from ..interpreter.runtime.failures import Thrown
from ..interpreter.runtime.values import FunctionValue, Handle, Instance, Opaque
from ..providers import Brackets, StreamChunk, ToolCall, are_spoken
from .agent import tool_name_of
from .agent_arguments import SpokenReader, own_id
from .agent_calls import MAX_CALLS, CallReader, key, key_as_written
from .agent_events import tell_host
from .answers import answer_of
from .future import begin
from .host import Context
from .registry import sysop
from .running import Future
from .spawn import Group
from .voices import Aside

EARLY = "baml.agent.Early"
MAX_RUNS = 2  # of one call in a run: the third is told what the model was told before


class Early:
    """Of one step: what came of calls that were begun early, and those that still run. `run` runs one."""

    def __init__(self, context: Context, state: Any, tools: list[Any], run: FunctionValue | None) -> None:
        self.function_name: str = state.function_name
        self.steps: int = state.steps
        self.results: dict[str, Any] = dict(state.early or {})
        self.running: dict[str, Future] = {}
        self.is_taken = False
        self.alone: frozenset[str] = frozenset()
        self.tools = {tool_name_of(one): one.input.payload for one in tools}
        self._context = context
        self._run = run
        self._repeats: Mapping[str, int] = state.repeats
        self._places = Group(state.parallel, "")

    def begin(self, made: ToolCall) -> None:
        """Once, whoever asks for it how often. What cannot be run is told in its turn."""
        wanted = key_as_written(made.name, made.arguments)
        if wanted in self.results or wanted in self.running or self._repeats.get(wanted, 0) >= MAX_RUNS:
            return
        call: Any = CallReader(self._context, self.tools, is_cut=False, is_too_many=False).call(made)
        if call.error is None:
            self.running[wanted] = self._begun(wanted, call)

    def _begun(self, wanted: str, call: Any) -> Future:
        context, run = self._context, self._run
        assert run is not None, "nothing is begun where nobody listens"
        own = context.branch(context.host.branch())
        own.host.voice = Aside(context.host.voice.sink, context.host.voice)

        async def work(inner: AnyContext[Any]) -> Any:
            result = await call_back(inner, run, call)
            self._keep(wanted, result)
            return result

        body = FunctionValue(EARLY, work, suspends=True, needs_context=True)
        return begin(own, body, self._places, partial(context.branches.remove, own))

    def _keep(self, wanted: str, result: Any) -> None:
        self.results[wanted] = result
        host = self._context.host
        state = host.agent_state
        if state is None or state.function_name != self.function_name:
            return
        if state.steps in (self.steps, self.steps + 1):  # before and after the model has spoken
            host.agent_state = with_results(self._context, state, self.results)

    async def result_of(self, context: Context, wanted: str) -> Any:
        """None of what was not begun. Raises what its task has thrown."""
        future = self.running.get(wanted)
        if future is None:
            return self.results.get(wanted)
        if future.pending:
            await context.host.tasks.wait_for(future)
        return future.outcome()

    def keep_only(self, wanted: set[str]) -> None:
        """Stop and forget the others. A panic is never forgotten."""
        for name in [name for name in self.running if name not in wanted]:
            future = self.running.pop(name)
            if not future.cancel() and isinstance(future.failure, Thrown):
                future.observe()  # nobody has asked for it in the end
            elif future.failure is not None:
                future.outcome()
        self.results = {name: result for name, result in self.results.items() if name in wanted}

    @property
    def has_begun(self) -> bool:
        """Whether any call was."""
        return bool(self.running or self.results)

    @property
    def is_over(self) -> bool:
        return self.is_taken and not any(future.pending for future in self.running.values())

    def stop(self) -> None:
        """The step is over. What was not asked for is of no interest, and what was has been looked at."""
        for future in self.running.values():
            future.cancel()
            future.observe()


def with_results(context: Context, state: Any, results: Mapping[str, Any]) -> Instance:
    fields = {name: getattr(state, name) for name in state.__fields__}
    return context.space.instance("baml.agent.State", {**fields, "early": dict(results) or None})


class CallsHeard:
    """Of one answer: begins each call as soon as its arguments are whole, as long as none came that runs alone."""

    def __init__(self, early: Early, step: int, alone: frozenset[str]) -> None:
        self._early = early
        self._step = step
        self._alone = alone
        self._clear()

    def _clear(self) -> None:
        self._open: dict[int, _Open] = {}
        self._is_held = False

    def take(self, chunk: StreamChunk) -> list[Any]:
        slot = chunk.slot
        if slot is None:
            if chunk.type == "start":
                self._clear()  # the answer begins anew
        elif chunk.type == "tool_call_start":
            name = chunk.name or ""
            self._is_held = self._is_held or name in self._alone or slot >= MAX_CALLS
            if not self._is_held and name in self._early.tools:
                self._open[slot] = _Open(chunk.id or own_id(self._step, slot), name)
        elif (call := self._open.get(slot)) is not None:
            is_end = chunk.type == "tool_call_end"
            if is_end or call.takes(chunk.text):
                del self._open[slot]
                arguments = chunk.text if is_end else "".join(call.pieces)
                self._early.begin(ToolCall(chunk.id or call.id, chunk.name or call.name, arguments))
        return []


class _Open:
    """A call that the model is still writing."""

    def __init__(self, call_id: str, name: str) -> None:
        self.id = call_id
        self.name = name
        self.pieces: list[str] = []
        self._brackets = Brackets()

    def takes(self, piece: str) -> bool:
        """Whether the arguments end with this piece."""
        self.pieces.append(piece)
        return self._brackets.end_in(piece) is not None


# --- operations


@sysop("baml.agent.listen")
def listen(context: Context, state: Any, tools: list[Any], may_begin: list[Any], run: FunctionValue) -> Opaque:
    begun = context.host.begun_early
    # A program that makes its steps by itself may have left some.
    begun[:] = [one for one in begun if not one.is_over]
    early = _of(context, state)
    if early is None:
        early = Early(context, state, may_begin, run)
        begun.append(early)
    early.alone = frozenset(tool_name_of(one) for one in tools if one.alone)
    return Opaque(EARLY, early)


def _of(context: Context, state: Any) -> Early | None:
    begun: list[Early] = context.host.begun_early
    for early in reversed(begun):
        if not early.is_taken and (early.function_name, early.steps) == (state.function_name, state.steps):
            return early
    return None


@sysop("baml.agent.early_of")
def early_of(context: Context, state: Any) -> Opaque:
    """What was begun in the step of a state, which nobody else gets from now on."""
    early = _of(context, state)
    if early is None:
        return Opaque(EARLY, Early(context, state, [], None))
    early.is_taken = True
    return Opaque(EARLY, early)


@sysop("baml.agent.Early.hear")
def hear(context: Context, given: Opaque, answer: Handle | Opaque) -> None:
    early: Early = given.payload
    if early.tools:
        found = answer_of(context, answer)
        heard = CallsHeard(early, early.steps + 1, early.alone)
        take = SpokenReader(heard.take).take if are_spoken(found.client.options) else heard.take
        found.overhear(take, keeps=context.host.voice.sink.wants_agents)


@sysop("baml.agent.Early.result_of")
async def result_of(context: Context, given: Opaque, call: Any) -> Any:
    early: Early = given.payload
    result = await early.result_of(context, key(call)) if early.has_begun else None
    if result is None or result.id == call.id:
        return result
    fields = {name: getattr(result, name) for name in result.__fields__}
    own = context.space.instance("baml.agent.Result", {**fields, "id": call.id})
    # Under the other id the host has heard of it.
    await tell_host(context, "ToolEnded", early.steps + 1, own)
    return own


@sysop("baml.agent.Early.begun_first")
def begun_first(context: Context, given: Opaque, calls: list[Any]) -> list[Any]:
    running = given.payload.running
    return sorted(calls, key=lambda call: key(call) not in running) if running else calls


@sysop("baml.agent.Early.keep_only")
def keep_only(context: Context, given: Opaque, calls: list[Any]) -> None:
    early: Early = given.payload
    if early.has_begun:
        early.keep_only({key(call) for call in calls})


@sysop("baml.agent.Early.so_far")
def so_far(context: Context, given: Opaque) -> dict[str, Any] | None:
    return dict(given.payload.results) or None


@sysop("baml.agent.Early.settled")
async def settled(context: Context, given: Opaque) -> dict[str, Any] | None:
    early: Early = given.payload
    for wanted in list(early.running):
        await early.result_of(context, wanted)
    return so_far(context, given)


@sysop("baml.agent.within_step")
async def within_step(context: Context, step: FunctionValue) -> Any:
    begun = context.host.begun_early
    before = len(begun)
    try:
        return await call_back(context, step)
    finally:
        # Nothing of a step runs when it is over, however it ends; its tasks are waited for with the call's.
        for early in begun[before:]:
            early.stop()
        del begun[before:]
