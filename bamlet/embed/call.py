"""One call of a function: compiled code is run to its end, in a scope that closes what it opened."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from types import MappingProxyType, TracebackType
from typing import TYPE_CHECKING, Any

from ..interpreter.program.link import Callee, Program
from ..interpreter.program.sources import show_lines
from ..interpreter.runtime.context import Context, FoundTest
from ..interpreter.runtime.failures import CATCHABLE, Cancelled, Overspent
from ..interpreter.runtime.values import Instance
from ..sysops.attempts import Asking, Record
from ..sysops.host import Host, Services
from ..sysops.host_failure import HostFailure
from ..sysops.pace import Pace
from ..sysops.running import Tasks, Unawaited
from ..sysops.sink import Sink
from ..sysops.voices import Voice
from .abort import tell
from .context import CallContext
from .errors import BamlAbortError, BamlError, BamlInvalidArgumentError
from .host_errors import host_error, traced, unawaited_error
from .observing import Observed
from .spending import prices_for, scope_of, spent_so_far
from .stop import Stop

if TYPE_CHECKING:
    from ..sysops.spent import Spent


_NO_LIMITS: Mapping[str, float] = MappingProxyType({})


def closed_error() -> BamlInvalidArgumentError:
    return BamlInvalidArgumentError("this runtime is closed: make another one, or call inside of its `with`")


class Call:
    """A function, its values and its options, ready to run once: by `run`, or by `compute` if it never waits."""

    __slots__ = (
        "_budget",
        "_callee",
        "_context",
        "_error",
        "_host",
        "_namespace",
        "_observed",
        "_options",
        "_price_of",
        "_program",
        "_scope",
        "_services",
        "_tasks",
        "_texts",
        "_values",
        "hide",
        "sink",
        "stop",
        "waits",
    )

    def __init__(
        self,
        program: Program,
        services: Services,
        callee: Callee,
        values: list[Any],
        sink: Sink,
        options: CallContext,
        invoke: Callable[..., Any],
        observed: Observed,
    ) -> None:
        self.sink = sink
        budget = scope_of(options.budget, services, services.budget)
        # That of the runtime has no time.
        self._budget = None if options.budget is None else budget
        self.stop = Stop(services.clock, options.deadline, options.max_steps, options.cancel, self._budget)
        self.waits = callee.suspends
        self._program = program
        self._namespace = program.namespace
        self._services = services
        self._error: BamlError | None = None
        self._texts = program.sources.texts
        self._callee = callee
        self._values = values
        self._options = options
        self._scope = services.handles.scope()
        self._observed = observed
        secrets: set[str] = set()
        voice = Voice(sink)
        self._tasks = Tasks(self._scope, voice)
        interface = program.interface
        if options.registry is not None:
            interface = options.registry.over(interface)
        self._price_of = prices_for(interface, services)
        host = Host(
            services=services,
            scope=self._scope,
            voice=voice,
            tasks=self._tasks,
            asking=Asking(observed.record, secrets),
            secrets=secrets,
            env=options.env,
            tags=options.tags,
            client=options.client or (options.registry.primary if options.registry is not None else None),
            limits=options.timeouts.given() if options.timeouts is not None else _NO_LIMITS,
            strict=options.strict,
            on_report=options.on_report,
            budget=budget,
            price_of=self._price_of,
            on_approval=options.on_approval,
            deps=options.deps,
        )
        self._context = Context(invoke, interface, program.space, host, self.stop.look)
        self.hide = host.hide
        self._host = host

    def keep_pace(self, pace: Pace) -> None:
        """Before it runs. Of the call and not of the runtime: two may map over one at the same time."""
        self._host.pace = pace

    @property
    def record(self) -> Record:
        """The attempts of the call, so far or in all."""
        return self._observed.record

    @property
    def spent(self) -> Spent:
        """What the call has cost, so far or in all."""
        return spent_so_far(self.record.attempts, self._price_of)

    @property
    def tests(self) -> list[FoundTest]:
        """What a testset has declared."""
        return self._context.tests

    async def run(self) -> Any:
        """The value. Raises a `BamlError`, or what a callback of the host has raised."""
        if self._host.services.is_closed_here():
            raise closed_error()
        cancel = self._options.cancel
        if cancel is None:
            # As most calls: what has no limits waits within none.
            is_free = self._options.deadline is None and self._budget is None
            return await (self._execute() if is_free else self._limited())
        loop = asyncio.get_running_loop()
        # A task of its own, so that `abort` stops the call and not its caller, who is to get an error of ours.
        task = asyncio.create_task(self._limited())

        def abort() -> None:
            # First the word that compiled code hears: a loop that never waits would keep the second from running.
            self.stop.request()
            # And nothing may be raised here, such as by a loop that was given up: the calls that are told after
            # this one would go on.
            tell(loop, task.cancel)

        left = cancel.begin()
        # The controller itself says stop, so that it says so to whoever asks it when the error arrives.
        timer = loop.call_later(left, cancel.abort) if left is not None else None
        # After the task, since it calls back at once if it was aborted before.
        forget = cancel.listen(abort)
        try:
            # Not shielded: whoever cancels us cancels the call, and hears of it when its sockets are closed.
            return await task
        except asyncio.CancelledError:
            if task.cancelled() and not _is_cancelled():
                raise self._stated(BamlAbortError()) from None
            raise
        finally:
            forget()
            if timer is not None:
                timer.cancel()

    def compute(self, finish: Callable[[Coroutine[Any, Any, None]], None]) -> Any:
        """The value of a function that never waits, without an event loop. `finish` runs what closing needs."""
        cancel = self._options.cancel
        if cancel is not None:
            cancel.begin()
        forget = cancel.listen(self.stop.request) if cancel is not None else None
        try:
            with self._observed, _HostErrors(self):
                return self._begin()
        finally:
            # First, so that a request from another thread finds nothing to stop from here on.
            self.stop.leave()
            self._settle()
            if forget is not None:
                forget()
            if self._scope.resources:
                finish(self._scope.aclose())

    async def _limited(self) -> Any:
        """For what waits; `Stop` keeps the same limits for code that lets the loop look at no timer."""
        deadline = self._options.deadline
        if deadline is None:
            return await self._within_budget()
        try:
            async with asyncio.timeout(deadline) as limit:
                return await self._within_budget()
        except TimeoutError:
            if not limit.expired():
                raise  # not ours: a callback of the host has raised it
            raise self._stated(self.stop.error()) from None

    async def _within_budget(self) -> Any:
        if self._budget is None:
            return await self._execute()
        try:
            async with self._budget.clock():
                return await self._execute()
        except Overspent as failure:
            raise self._stated(host_error(failure, self._namespace)) from None

    async def _execute(self) -> Any:
        try:
            # Inside of the closing: an error is made of values whose handles are still open.
            with self._observed, _HostErrors(self):
                result = self._begin()
                return await self._with_its_tasks(result) if self.waits else result
        finally:
            # Before the first await: the word of another thread finds no context of a call that is over.
            self.stop.leave()
            await self._scope.aclose()
            self._settle()

    async def _with_its_tasks(self, main: Awaitable[Any]) -> Any:
        """The value, when all tasks that the program has started have ended."""
        try:
            value = await main
            await self._tasks.finish()
        except BaseException:
            await self._tasks.stop()
            raise
        return value

    def _begin(self) -> Any:
        # Watched before it is checked: a request from another thread between the two is seen by the check, one
        # before both by either.
        self.stop.watch(self._context)
        self.stop.check()
        callee = self._callee
        return callee.code(self._context, *self._values) if callee.needs_context else callee.code(*self._values)

    def told(self, failure: BaseException) -> Exception | None:
        """What the host hears of what came out of compiled code; nothing, if it is for nobody to change."""
        match failure:
            case HostFailure():
                return _told(failure.failure)
            case Unawaited():
                show_lines(self._texts)
                return self._stated(unawaited_error(failure.failures, self._namespace))
            case _ if isinstance(failure, CATCHABLE):
                show_lines(self._texts)
                return self._stated(host_error(failure, self._namespace))
            case Cancelled():
                show_lines(self._texts)
                return self._stated(traced(self.stop.error(), failure))
        return None

    def _settle(self) -> None:
        """What was spent is known: nothing is asked any more, and nothing is said."""
        self._host.voice.rest()
        if self.record.attempts:
            self._services.settle(self.record.attempts)
            if self._error is not None:
                self._error.spent = self.spent
        if (hear := self._options.on_spent) is not None:
            hear(self.spent)

    def _stated(self, error: BamlError) -> BamlError:
        """With where the agent stood that runs, if one does, and what the call has cost."""
        if self.record.attempts:
            error.spent = self.spent
        # It may be made before the sockets of what it has stopped are closed: `_settle` says it again.
        self._error = error
        state = self._host.agent_state
        if isinstance(state, Instance) and error.state is None:
            from .agents import AgentState

            error.state = AgentState.of(state)
        if error.state is not None:
            error.state = error.state.made_by(self._program)
        return error


class _HostErrors:
    """For `with`: what compiled code raises leaves it as an error of the host's. No generator, for there is one in
    each stream that waits."""

    __slots__ = ("_call",)

    def __init__(self, call: Call) -> None:
        self._call = call

    def __enter__(self) -> None: ...

    def __exit__(
        self, kind: type[BaseException] | None, failure: BaseException | None, trace: TracebackType | None
    ) -> None:
        if failure is not None and (told := self._call.told(failure)) is not None:
            # The failure stays at hand as the context. As a cause it would be drawn, and frames of ours with it.
            raise told from None


def _told(failure: Exception) -> Exception:
    """What a callback raised is the host's own; that a recording lacks a request is told like a wrong argument."""
    from ..wire.replay import NotRecorded

    return BamlInvalidArgumentError(str(failure)) if isinstance(failure, NotRecorded) else failure


def _is_cancelled() -> bool:
    """Whether somebody cancelled the running task itself, and not only what it waits for."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0
