"""Calling a program: functions, streams, and the parts of an LLM call by themselves.

A `Runtime` owns everything that must be closed: connections, and the resources of calls that still run.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from importlib import import_module
from types import TracebackType
from typing import TYPE_CHECKING, Any, Literal, Self, TypeVar

from ..deep import make_room
from ..diagnostics import did_you_mean
from ..interpreter.facts.interface import FunctionInfo, stream_entry
from ..interpreter.program.link import Callee, Program
from ..interpreter.runtime.context import FoundTest
from ..interpreter.runtime.values import FunctionValue
from ..sysops.clock import Clock
from ..sysops.console import log_to_standard_error, to_standard_error
from ..sysops.env import process_environment
from ..sysops.handles import HandleTable
from ..sysops.host import ClockLike, MediaLimits, Services
from ..sysops.lent import Lent
from ..sysops.registry import Group, denied_groups, groups_in
from ..sysops.sink import Sink
from ..sysops.views import Skeleton, View
from ..types.ty import NULL
from ..wire.message import HttpOptions, Transport
from .arguments import bind_arguments
from .asking import asked
from .call import Call
from .compiling import callable_functions, with_types
from .context import Budget, CallContext
from .errors import BamlError
from .given import (
    NO_CONTEXT,
    NotEntered,
    check_entry,
    check_name,
    check_named,
    check_program,
    check_text,
    given_context,
    no_function,
)
from .logs import set_up_from_environment
from .media import media_value
from .observing import Observed
from .opening import (
    check_library,
    first_invoke,
    hear_unhandled,
    http_transport,
    load_templates,
    offline_transport,
)
from .request import HTTPBody, HTTPRequest, HTTPResponse
from .shortened import SHORTENED
from .sinks import sink_of
from .spending import prices_for, scope_of
from .stream import AsyncStream

if TYPE_CHECKING:
    from ..prompt import Prompt
    from ..sap import Parsed
    from ..sysops.host_function import HostFunction
    from ..sysops.spent import Spent
    from ..sysops.trace import Trace
    from .agents import AgentState
    from .collector import Usage
    from .discovery import BodyTest
    from .skeleton import SkeletonParser

F = TypeVar("F", bound=Callable[..., Any])

__all__ = [
    "AsyncRuntime",
    "ClockLike",
    "FunctionInfo",
    "Group",
    "HTTPRequest",
    "HTTPResponse",
    "HttpOptions",
    "MediaLimits",
    "Program",
    "Transport",
    "groups_in",
]


class AsyncRuntime(NotEntered):
    """The asyncio face. It may serve several event loops; closing it closes it for one, until it is entered again.

    `environ` replaces the process's environment, `clock` the time. `transport` carries the requests, or is the
    `HttpOptions` of ours. `media` says what may be fetched for a prompt. `deny` takes groups of native
    operations from the program: env, fs, net, host; what it has only by `allow` are process and sockets.
    `lend_to` names hosts that may have tokens of the clouds beside their own. `argv` is what
    `baml.sys.argv()` gives. `functions` are what
    the program declares with `$host`, `def` or `async def`, by name. `on_print` gets the lines of
    `print`, `on_log` level and text of what is logged; without them both go to standard error. `on_input`
    gives the lines of `baml.io.input`, each after its prompt, and None at their end. `on_unhandled_task` gets
    what a detached task has thrown that nobody waits for; without it that goes to standard error, too. A
    function that cannot wait, such as a loop over numbers, blocks the event loop while it runs, like any
    Python function. `trace` is given a line for everything that a call does.
    `mcp` has the servers that `baml.mcp` may reach, by name: a URL, the `mcp.StdioServerParameters` of a process,
    or a server in this one. Those that the program declares as `client<mcp>` are let in by a set of their names.
    `budget` bounds what all calls together spend on models; its `seconds` are for calls.
    """

    def __init__(
        self,
        program: Program,
        *,
        environ: Mapping[str, str] | None = None,
        transport: Transport | HttpOptions | None = None,
        clock: ClockLike | None = None,
        media: MediaLimits | None = None,
        deny: Iterable[Group] = (),
        allow: Iterable[Group] = (),
        lend_to: Iterable[str] = (),
        argv: Iterable[str] = (),
        functions: Mapping[str, Callable[..., Any]] | None = None,
        on_print: Callable[[str], object] | None = None,
        on_log: Callable[[str, str], object] | None = None,
        on_input: Callable[[str], str | None] | None = None,
        on_unhandled_task: Callable[[BamlError], object] | None = None,
        trace: Callable[[str], None] | None = None,
        budget: Budget | None = None,
        mcp: Mapping[str, Any] | Iterable[str] | None = None,
    ) -> None:
        check_program(program)
        denied = denied_groups(deny, allow)
        if _asks_models(program) and not _loop_runs():
            check_library()  # within a loop it is left to `warm`, or to the first operation
        make_room()
        set_up_from_environment()
        self.program = program
        self._services = Services(
            make_transport=partial(http_transport, transport if isinstance(transport, HttpOptions) else None),
            clock=clock or Clock(),
            environ=_environment(environ, transport),
            transport=None if isinstance(transport, HttpOptions) else transport,
            make_offline=offline_transport,
            make_media=media_value,
            media=media or MediaLimits(),
            print=on_print or to_standard_error,
            log=on_log or log_to_standard_error,
            input=on_input,
            functions=_functions_of(program, functions),
            mcp=_mcp_of(program, mcp),
            argv=tuple(argv),
            denied=denied,
            lent=Lent(lend_to),
            on_unhandled_task=partial(hear_unhandled, program, on_unhandled_task or to_standard_error),
        )
        self._services.budget = scope_of(budget, self._services.clock, None, keeps=False)
        self._trace: Trace | None = None
        self._invoke: Callable[..., Any] = first_invoke
        if trace is not None:
            self._invoke = self._traced(trace)

    def _traced(self, write: Callable[[str], None]) -> Callable[..., Any]:
        from ..sysops.trace import Trace

        check_library()
        found = Trace(write, self._services.clock.now)
        self._services.handles.watcher = self._trace = found
        return found.invoke

    def __repr__(self) -> str:
        return f"AsyncRuntime({self.program!r})"

    @property
    def handles(self) -> HandleTable:
        """The open resources of all calls; empty when none runs."""
        return self._services.handles

    @property
    def spent(self) -> Spent:
        """What the calls that have ended have cost."""
        return self._services.tally.spent(prices_for(self.program.interface, self._services))

    def function(self, given: F) -> F:
        """Gives a function that the program declares with `$host`, by its own name: `@runtime.function`."""
        from .declared_functions import added_function

        made = added_function(self.program, given)
        self._services.functions = {**self._services.functions, made.name: made}
        return given

    # --- calling

    async def call(
        self,
        function: str,
        arguments: Mapping[str, Any] | None = None,
        /,
        *,
        context: CallContext | None = None,
        **named: Any,
    ) -> Any:
        """Call a function and wait for its value."""
        with SHORTENED:
            return await self.prepare(function, arguments, named, context).run()

    def prepare(
        self,
        function: str,
        arguments: Mapping[str, Any] | None,
        named: Mapping[str, Any],
        context: CallContext | None,
    ) -> Call:
        """The call that `call` would make. Raises `BamlInvalidArgumentError`."""
        options = given_context(context)
        program = self._with_types(options)
        callee, values = self._bind(program, function, arguments, named)
        callee_name = callee.info.name
        if options.on_partial or options.on_delta or options.on_tick or options.on_event:
            callee, values = self._streaming(program, callee, values)
        observed = self._observed(callee_name, streams=False, options=options)
        sink = sink_of("none", False, options, now=self._services.clock.now)
        return self._call(callee, values, options, sink, program, observed)

    async def resume(
        self,
        state: AgentState,
        answers: Mapping[str, Any] | None = None,
        /,
        *,
        context: CallContext | None = None,
        changed: bool = False,
    ) -> Any:
        """Go on with an agent to its value. `answers` has one for each call that waits, by its id: True, False, a
        reason for no, or other arguments. What ran before does not run again. A state that was written down by
        another version of the function goes on with `changed` only."""
        with SHORTENED:
            return await self.prepare_resume(state, answers, context, changed=changed).run()

    def prepare_resume(
        self,
        state: AgentState,
        answers: Mapping[str, Any] | None,
        context: CallContext | None,
        *,
        changed: bool = False,
    ) -> Call:
        from .agents import resumption

        options = given_context(context)
        program = self._with_types(options)
        callee, values = resumption(program, state, answers, changed=changed)
        observed = self._observed(state.function, streams=False, options=options)
        sink = sink_of("none", False, options, now=self._services.clock.now)
        return self._call(callee, values, options, sink, program, observed)

    def stream(
        self,
        function: str,
        arguments: Mapping[str, Any] | None = None,
        /,
        *,
        context: CallContext | None = None,
        partials: Literal["latest", "every", "deltas", "all"] = "latest",
        view: Literal["partial", "skeleton"] = "partial",
        **named: Any,
    ) -> AsyncStream:
        """Call a function and show what comes on the way. Nothing is sent before somebody looks.

        `latest` gives a busy consumer the newest value when it comes back. `every` gives it each one, and the
        model's answer is read no faster than it is looked at. `deltas` gives the text as the model writes it, in
        pieces, and a `Reset` where what came before no longer counts. `all` has both for `events()`: the text, and
        a value whenever it has grown. The view `skeleton` shows a `Skeleton` in
        place of a partial value: a value that has all its fields from the start, and its state.
        """
        options = given_context(context)
        program = self._with_types(options)
        callee, values = self._bind(program, function, arguments, named)
        info = callee.info
        callee, values = self._streaming(program, callee, values)

        def start(ticks: bool, seen: View | None, agents: bool) -> Call:
            observed = self._observed(info.name, streams=True, options=options)
            sink = sink_of(partials, ticks, options, seen, agents=agents, now=self._services.clock.now)
            return self._call(callee, values, options, sink, program, observed)

        pending = Skeleton(_empty(program, info), "pending") if view == "skeleton" else None
        return AsyncStream(start, pending, deltas=partials == "deltas", now=self._services.clock.now)

    def skeleton(self, function: str) -> SkeletonParser:
        """What a stream with the view `skeleton` shows, of text that is streamed by other means."""
        from .reading import parser_of
        from .skeleton import SkeletonParser

        info = self._callee(function).info
        return SkeletonParser(lambda: parser_of(self.program, info, skeleton=True))

    def bind(
        self, function: str, arguments: Mapping[str, Any] | None, named: Mapping[str, Any]
    ) -> tuple[Callee, list[Any]]:
        """The function and its values. Raises `BamlInvalidArgumentError`."""
        return self._bind(self.program, function, arguments, named)

    def _bind(
        self, program: Program, function: str, arguments: Mapping[str, Any] | None, named: Mapping[str, Any]
    ) -> tuple[Callee, list[Any]]:
        callee = self._callee(function, program)
        check_entry(callee.info)
        check_named(callee.info, arguments, named)
        return callee, bind_arguments(callee.info, {**(arguments or {}), **named}, program.space)

    def _with_types(self, options: CallContext) -> Program:
        program = self.program if options.types is None else with_types(self.program, options.types)
        return program if options.type_builder is None else options.type_builder.applied_to(program)

    def _callee(self, function: str, program: Program | None = None) -> Callee:
        check_name(function)
        callee = (program or self.program).callee(function)
        if callee is None:
            hint = did_you_mean(function, callable_functions(self.program))
            raise no_function(self.program, function, hint)
        return callee

    def _streaming(self, program: Program, callee: Callee, values: list[Any]) -> tuple[Callee, list[Any]]:
        info = callee.info
        if info.llm is None:
            return program.showing(info.name) or callee, values
        return asked(program, stream_entry(info.llm), info, values)

    def _call(
        self,
        callee: Callee,
        values: list[Any],
        options: CallContext,
        sink: Sink,
        program: Program,
        observed: Observed,
    ) -> Call:
        return Call(program, self._services, callee, values, sink, options, self._invoke, observed)

    def _observed(self, name: str, *, streams: bool, options: CallContext) -> Observed:
        return Observed(self._services.clock, name, streams, options.collectors, options.tags)

    # --- tests with bodies

    async def discover(self) -> tuple[BodyTest, ...]:
        """The tests with bodies; testsets run for it.

        Raises `BamlInvalidArgumentError` for two of one name, and what a testset throws.
        """
        from .discovery import discover

        async def run(function: FunctionValue) -> list[FoundTest]:
            call = self.prepare_value(function)
            await call.run()
            return call.tests

        return await discover(self.program, run)

    async def run_body(self, test: BodyTest) -> None:
        """Run a test with a body to its end. Raises what it throws; an assertion that does not hold is a panic."""
        await self.prepare_value(test.body).run()

    def prepare_value(self, function: FunctionValue, context: CallContext | None = None) -> Call:
        """The call of a function without parameters that is no function of the interface."""
        info = FunctionInfo(function.name, (), NULL)
        callee = Callee(info, function.code, function.suspends, function.needs_context)
        options = given_context(context)
        observed = self._observed(function.name, streams=False, options=options)
        return self._call(callee, [], options, Sink(), self.program, observed)

    # --- the parts of an LLM call

    async def prompt(
        self,
        function: str,
        arguments: Mapping[str, Any] | None = None,
        /,
        *,
        context: CallContext | None = None,
        **named: Any,
    ) -> Prompt:
        """The messages that a call would send first, before a provider's form is given to them."""
        prompt: Prompt = (await self._first("baml.llm.first_prompt", function, arguments, named, context)).payload
        return prompt

    async def request(
        self,
        function: str,
        arguments: Mapping[str, Any] | None = None,
        /,
        *,
        context: CallContext | None = None,
        **named: Any,
    ) -> HTTPRequest:
        """The request that a call would send first, not sent."""
        return self._http_request(
            await self._first("baml.llm.first_request", function, arguments, named, context, False)
        )

    async def stream_request(
        self,
        function: str,
        arguments: Mapping[str, Any] | None = None,
        /,
        *,
        context: CallContext | None = None,
        **named: Any,
    ) -> HTTPRequest:
        """The request that a stream would send first, not sent."""
        return self._http_request(
            await self._first("baml.llm.first_request", function, arguments, named, context, True)
        )

    async def send(self, request: HTTPRequest, *, max_bytes: int | None = None) -> HTTPResponse:
        """Send a request over the runtime's transport, such as one that `request` gave and the host has changed.

        An answer of any status is given. Raises `BamlClientConnectionError`, also for an answer that is longer
        than `max_bytes` (32 MiB), and `BamlTimeoutError`.
        """
        from .sending import sent

        return await sent(self._services, request, max_bytes)

    async def read_answer(self, function: str, body: str, *, context: CallContext | None = None) -> Any:
        """The value of a whole answer that came another way, such as one of a batch: its body, as the provider of
        the client writes it that a call would ask first. Raises what a call raises for such an answer.
        """
        value, _ = await self.read_answer_with_usage(function, body, context=context)
        return value

    async def read_answer_with_usage(
        self, function: str, body: str, *, context: CallContext | None = None
    ) -> tuple[Any, Usage]:
        """The same, and the tokens that it says it took."""
        from .reading import read_body

        options = given_context(context)
        program = self._with_types(options)
        info = self._callee(function, program).info
        reader = self.program.callee("baml.llm.read_answer")
        assert reader is not None
        unseen = Observed(self._services.clock, function, False, (), options.tags)

        def call(given: list[Any]) -> Call:
            return self._call(reader, given, options, Sink(), program, unseen)

        return await read_body(call, info, body)

    def _http_request(self, made: Any) -> HTTPRequest:
        headers = dict(self._services.lent.exchanged(made.url, made.headers))
        return HTTPRequest(made.method, made.url, headers, HTTPBody(made.body.encode()))

    async def _first(
        self,
        planner: str,
        function: str,
        arguments: Mapping[str, Any] | None,
        named: Mapping[str, Any],
        options: CallContext | None,
        *more: bool,
    ) -> Any:
        options = given_context(options)
        program = self._with_types(options)
        callee, values = self._bind(program, function, arguments, named)
        found, given = asked(program, planner, callee.info, values, *more)
        # Nothing is sent, so there is nothing to collect.
        unseen = Observed(self._services.clock, function, False, (), options.tags)
        return await self._call(found, given, options, Sink(), program, unseen).run()

    def parse(
        self,
        function: str,
        text: str,
        *,
        strict: bool = False,
        finish_reason: str | None = None,
        context: CallContext | None = None,
    ) -> Any:
        """The value that a function would make of a model's whole answer. Raises `BamlValidationError`.

        With `strict` it raises also when the value would lose something of the answer. The finish reason `length`
        says that the answer was cut off.
        """
        return self.parse_with_report(
            function, text, strict=strict, finish_reason=finish_reason, context=context
        ).value

    def parse_with_report(
        self,
        function: str,
        text: str,
        *,
        strict: bool = False,
        finish_reason: str | None = None,
        context: CallContext | None = None,
    ) -> Parsed:
        """The same, as `value`, with a `report` of what it does not tell. A context may bring types."""
        from .reading import parse_answer

        check_text(text)
        options = context or NO_CONTEXT
        program = self._with_types(options)
        info = self._callee(function, program).info
        return parse_answer(program, info, text, strict=strict or options.strict, finish_reason=finish_reason)

    def parse_partial(self, function: str, text_so_far: str, *, context: CallContext | None = None) -> Any:
        """What a stream would show of the answer so far; None while there is nothing to show."""
        from .reading import parse_partial_answer

        check_text(text_so_far)
        program = self._with_types(context or NO_CONTEXT)
        return parse_partial_answer(program, self._callee(function, program).info, text_so_far)

    # --- beginning and closing

    async def warm(self) -> None:
        """Load what a first call needs, in a thread, while the event loop goes on. `async with` does it too."""
        in_thread = partial(asyncio.get_running_loop().run_in_executor, None)
        await in_thread(check_library)
        await in_thread(load_templates, self.program)
        if self._opens_connections():
            await in_thread(import_module, "bamlet.wire.http")
            # Here and not there: the transport belongs to this loop.
            if (load := getattr(self._services.transport_here(), "load", None)) is not None:
                await in_thread(load)

    def _opens_connections(self) -> bool:
        return self._services.transport is None and "net" not in self._services.denied

    async def aclose(self) -> None:
        await self._services.aclose()
        if self._trace is not None:
            self._trace.summary(self.handles)

    async def __aenter__(self) -> Self:
        self._services.open_here()
        # Not with a transport of the host, whose loop may keep a time of its own.
        if _asks_models(self.program) and self._opens_connections():
            await self.warm()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()


def _functions_of(program: Program, given: Mapping[str, Callable[..., Any]] | None) -> Mapping[str, HostFunction]:
    if given is None:
        return {}  # such as that of a command: what is not called is not missed
    from .declared_functions import declared_functions

    return declared_functions(program, given)


def _mcp_of(program: Program, given: Mapping[str, Any] | Iterable[str] | None) -> Mapping[str, Any]:
    if not given:
        return {}
    from .mcp_servers import let_in

    return let_in(program, given)


def _environment(given: Mapping[str, str] | None, transport: object) -> Callable[[], Mapping[str, str]]:
    """The process's own unless one is given. Where nobody is asked, keys that are not set have stand-ins."""
    if given is not None:
        return lambda: given
    if getattr(transport, "asks_nobody", False):
        from .cassettes import ReplayEnvironment

        return ReplayEnvironment
    return process_environment


def _asks_models(program: Program) -> bool:
    return bool(program.interface.clients) or any(f.llm for f in program.interface.functions.values())


def _loop_runs() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


def unix_time(runtime: AsyncRuntime) -> float:
    """Seconds since 1970, by the runtime's clock."""
    return runtime._services.clock.unix()


def _empty(program: Program, info: FunctionInfo) -> Any:
    """The value of a function before its model has said anything."""
    from .reading import parser_of

    return parser_of(program, info, skeleton=True).partial()
