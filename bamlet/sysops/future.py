"""Tasks that a program starts with `spawn` and waits for with `await`, and what it can do with several of them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from typing import Any

from ..interpreter.runtime.calling import begin_value, call_value
from ..interpreter.runtime.context import Context as AnyContext
from ..interpreter.runtime.failures import Cancelled, Thrown
from ..interpreter.runtime.values import FunctionValue, Opaque
from ..records import replace
from .host import Context, Host
from .registry import sysop
from .running import Future, nothing
from .sink import Sink
from .spawn import Group, Token
from .voices import Voice

FUTURE = "baml.future.Future"
UNLOOKED = 1_000_000  # rounds of loops between two looks of a task that no call can stop


@sysop("baml.future.start")
def start(context: Context, body: FunctionValue, name: str | None, options: list[Any]) -> Opaque:
    group, tokens, is_detached = _bound_to(options) if options else _BOUND_TO_NOTHING
    if is_detached:
        future = begin(_detached(context), body, group, nothing, name)
    else:
        own = _inside(context)
        future = begin(own, body, group, partial(context.branches.remove, own), name)
    # Last, since a token that is cancelled stops it at once, which takes all that is in place by now.
    for token in tokens:
        token.bind(future)
    return Opaque(FUTURE, future)


def begin(
    own: Context, body: FunctionValue, group: Group | None, then: Callable[[], None], name: str | None = None
) -> Future:
    """A function in a task and a context of its own; `then` is called when it has ended."""
    host = own.host
    future = host.tasks.future(host.future)
    host.future = future
    # It takes its first step in a later turn of the loop, when all of this is in place.
    task = asyncio.create_task(_run(own, body, future, group), name=name)
    future.stop = partial(_stop, host, task)
    future.task = task
    host.tasks.run(task, future, then)
    return future


_BOUND_TO_NOTHING: tuple[None, list[Token], bool] = (None, [], False)


def _bound_to(options: list[Any]) -> tuple[Group | None, list[Token], bool]:
    """Of several sets of options: the last group, every token, and the last word of whether it is detached."""
    groups = [given.group.payload for given in options if given.group is not None]
    tokens = [given.cancel.payload for given in options if given.cancel is not None]
    detached = [given.detach for given in options if given.detach is not None]
    return (groups[-1] if groups else None), tokens, bool(detached and detached[-1])


def _inside(context: Context) -> Context:
    # Not of the voice of the one that has started it, which may have ended when this one begins to speak.
    return context.branch(context.host.branch(context.host.tasks.voice))


def _detached(context: Context) -> Context:
    """A context that no call ends: its task is the runtime's, and shows nothing."""
    host = replace(
        context.host,
        scope=context.host.services.handles.scope(),
        voice=Voice(Sink()),
        asking=context.host.asking.branch(),
        tasks=context.host.services.detached_here(),
        future=None,
        stopping=None,
        begun_early=[],
    )
    made: Context = AnyContext(context.invoke, context.program, context.space, host, lambda: UNLOOKED)
    made.constants = context.constants
    return made


def _stop(host: Host, task: asyncio.Task[None]) -> None:
    # The word before the deed: whoever finds itself cancelled asks by whom.
    host.stopping = task
    task.cancel()


async def _run(context: Context, body: FunctionValue, future: Future, group: Group | None) -> None:
    host = context.host
    try:
        if group is None:
            value = begin_value(context, body)
            if body.suspends:
                value = await value
        else:
            async with group.turn(host.tasks, future):
                value = await call_value(context, body)
        # What the value holds before the value: whoever gets it may use its handles at once.
        if host.scope.resources or host.voice.has_spoken:
            await _keep(host, future)
        future.give(value)
    except asyncio.CancelledError:
        future.cancel()
        raise
    except (Exception, Cancelled) as failure:
        # Before anything is closed, which may take its time: what it threw is not lost if it is cancelled there.
        future.fail(failure)
    finally:
        host.voice.fall_silent()
        if host.scope.resources:
            await host.scope.aclose()


async def _keep(host: Host, future: Future) -> None:
    """What the task left open belongs to the call: the value may hold it."""
    owner = host.tasks.scope
    if owner is None or not future.pending:
        return
    # The scope first, which awaits nothing: see `Branch.take`.
    host.scope.hand_over(owner)
    await host.voice.hand_over()


@sysop("baml.future.wait")
async def wait(context: Context, future: Opaque) -> Any:
    awaited: Future = future.payload
    if awaited.pending:
        await context.host.tasks.wait_for(awaited)
    return awaited.outcome()


# --- what a future tells


@sysop("baml.future.Future.cancel")
def cancel(context: Context, future: Opaque) -> bool:
    return bool(future.payload.cancel())


@sysop("baml.future.Future.is_settled")
def is_settled(context: Context, future: Opaque) -> bool:
    return not future.payload.pending


@sysop("baml.future.Future.is_cancelled")
def is_cancelled(context: Context, future: Opaque) -> bool:
    return bool(future.payload.state == "Cancelled")


@sysop("baml.future.Future.is_result")
def is_result(context: Context, future: Opaque) -> bool:
    return bool(future.payload.state == "Ready")


@sysop("baml.future.Future.is_error")
def is_error(context: Context, future: Opaque) -> bool:
    return _seen(future) == "Error"


@sysop("baml.future.Future.state")
def state(context: Context, future: Opaque) -> Any:
    return context.space.enum_value("baml.future.FutureState", _seen(future))


def _seen(future: Opaque) -> str:
    asked: Future = future.payload
    if asked.ends_the_call:
        asked.outcome()
    if not asked.pending:
        asked.observe()
    return asked.state


# --- several


class Together:
    """Futures of which another one is made. What they throw is its business from then on."""

    def __init__(self, context: Context, futures: list[Opaque]) -> None:
        self.inputs: list[Future] = [future.payload for future in futures]
        self.outcome = context.host.tasks.future()
        self.outcome.inputs = tuple(self.inputs)

    def each(self, heard: Callable[[Future], None]) -> Opaque:
        """Call back for each that has an outcome, as long as there is none of the whole."""

        def listener(future: Future) -> None:
            if future.state == "Error":
                future.observe()
            if self.outcome.pending:
                heard(future)
            if future.tasks is not self.outcome.tasks:
                # A task of somebody else's was what could go on. If the outcome is still open, ours are alone now.
                self.outcome.tasks.suspect_deadlock()

        for future in self.inputs:
            future.listen(partial(listener, future))
        return Opaque(FUTURE, self.outcome)

    def end_like(self, model: Future) -> None:
        """This is the outcome. The others are stopped, and nobody waits for them here."""
        for future in self.inputs:
            future.cancel()
        _end_like(self.outcome, model)

    def after_the_others(self, then: Callable[[], None]) -> None:
        """Stop those that still run, and go on when they have let go."""
        leaving = {future.task for future in self.inputs if future.cancel() and future.task is not None}

        def left(task: asyncio.Task[None]) -> None:
            leaving.discard(task)
            if not leaving:
                then()

        for task in list(leaving):
            task.add_done_callback(left)
        if not leaving:
            then()


def _end_like(outcome: Future, model: Future) -> None:
    if model.state == "Cancelled":
        outcome.cancel()
    elif model.failure is not None:
        outcome.fail(model.failure)
    else:
        outcome.give(model.value)


def _all(context: Context, futures: list[Opaque], stops_others: bool) -> Opaque:
    together = Together(context, futures)
    failing = False

    def heard(_: Future) -> None:
        nonlocal failing
        failed = [future for future in together.inputs if future.state in ("Error", "Cancelled")]
        if failed and not failing:
            failing = True
            fail = partial(_end_like, together.outcome, failed[0])
            together.after_the_others(fail) if stops_others else fail()
        elif not failing and all(future.state == "Ready" for future in together.inputs):
            together.outcome.give([future.value for future in together.inputs])

    if not together.inputs:
        together.outcome.give([])
    return together.each(heard)


@sysop("baml.future.all")
def all_values(context: Context, futures: list[Opaque]) -> Opaque:
    return _all(context, futures, stops_others=True)


@sysop("baml.future.all_complete")
def all_complete(context: Context, futures: list[Opaque]) -> Opaque:
    return _all(context, futures, stops_others=False)


@sysop("baml.future.all_settled")
def all_settled(context: Context, futures: list[Opaque]) -> Opaque:
    together = Together(context, futures)

    lost: list[Future] = []

    def heard(future: Future) -> None:
        if future.ends_the_call and not lost:
            lost.append(future)  # before the others are stopped, of which each is heard here
            together.end_like(future)
        elif not lost and not any(other.pending for other in together.inputs):
            together.outcome.give(list(futures))

    if not futures:
        together.outcome.give([])
    return together.each(heard)


@sysop("baml.future.race")
def race(context: Context, futures: list[Opaque]) -> Opaque:
    together = Together(context, futures)
    winners: list[Future] = []

    def heard(future: Future) -> None:
        if not winners:
            winners.append(future)
            together.end_like(future)

    return together.each(heard)


@sysop("baml.future.any")
def any_value(context: Context, futures: list[Opaque]) -> Opaque:
    together = Together(context, futures)
    decided: list[Future] = []

    def heard(future: Future) -> None:
        if decided:
            return
        is_panic = future.failure is not None and not isinstance(future.failure, Thrown)
        if future.state == "Ready" or is_panic:
            decided.append(future)
            together.end_like(future)
        elif not any(other.pending for other in together.inputs):
            together.outcome.fail(_all_failed(context, together.inputs))

    if not together.inputs:
        together.outcome.fail(_all_failed(context, []))
    return together.each(heard)


def _all_failed(context: Context, inputs: list[Future]) -> Thrown:
    errors = [future.failure.value for future in inputs if isinstance(future.failure, Thrown)]
    message = f"none of {len(inputs)} tasks gave a value"
    return Thrown(context.space.instance("baml.future.AllFailed", {"message": message, "errors": errors}))
