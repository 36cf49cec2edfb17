"""Calling a program: functions, streams, and the parts of an LLM call by themselves.

A `Runtime` owns everything that must be closed: connections, and the resources of calls that still run.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from types import TracebackType
from typing import TYPE_CHECKING, Any, Literal, Self, TypeVar

from ..deep import make_room
from ..interpreter.facts.interface import FunctionInfo
from ..interpreter.program.link import Callee, Program
from ..interpreter.program.sources import show_lines
from ..interpreter.runtime.context import FoundTest
from ..interpreter.runtime.values import FunctionValue
from ..sysops.clock import Clock
from ..sysops.console import log_to_standard_error, to_standard_error
from ..sysops.handles import HandleTable
from ..sysops.host import ClockLike, MediaLimits, Services
from ..sysops.lent import Lent
from ..sysops.registry import Group, denied_groups, groups_in
from ..wire.message import HttpOptions, Transport
from .call import Call
from .context import Budget, CallContext
from .errors import BamlError
from .given import NO_CONTEXT, NotEntered, check_program, check_text
from .logs import set_up_from_environment
from .media import media_value
from .opening import (
    asks_models,
    check_library_ahead,
    environment_of,
    first_invoke,
    functions_of,
    hear_unhandled,
    http_transport,
    load_ahead,
    offline_transport,
    opens_connections,
    servers_of,
    traced,
)
from .preparing import Calls
from .request import HTTPBody, HTTPRequest, HTTPResponse
from .shortened import SHORTENED
from .spending import prices_for, scope_of
from .stream import AsyncStream

if TYPE_CHECKING:
    from ..prompt import Prompt
    from ..sap import Parsed
    from ..sysops.spent import Spent
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
        check_library_ahead(program)
        make_room()
        set_up_from_environment()
        self.program = program
        show_lines(program.sources.texts)
        self._services = Services(
            make_transport=partial(http_transport, transport if isinstance(transport, HttpOptions) else None),
            clock=clock or Clock(),
            environ=environment_of(environ, transport),
            transport=None if isinstance(transport, HttpOptions) else transport,
            make_offline=offline_transport,
            make_media=media_value,
            media=media or MediaLimits(),
            print=on_print or to_standard_error,
            log=on_log or log_to_standard_error,
            input=on_input,
            functions=functions_of(program, functions),
            mcp=servers_of(program, mcp),
            argv=tuple(argv),
            denied=denied,
            lent=Lent(lend_to),
            on_unhandled_task=partial(hear_unhandled, program, on_unhandled_task or to_standard_error),
        )
        self._services.budget = scope_of(budget, self._services, None, keeps=False)
        self._trace = None if trace is None else traced(self._services, trace)
        invoke = first_invoke if self._trace is None else self._trace.invoke
        self._calls = Calls(program, self._services, invoke)

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
        return self._calls.of(function, arguments, named, context)

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
        return self._calls.resuming(state, answers, context, changed=changed)

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
        skeleton = view == "skeleton"
        return self._calls.stream(function, arguments, named, context, partials=partials, skeleton=skeleton)

    def skeleton(self, function: str) -> SkeletonParser:
        """What a stream with the view `skeleton` shows, of text that is streamed by other means."""
        from .reading import parser_of
        from .skeleton import SkeletonParser

        info = self._calls.callee(self.program, function).info
        return SkeletonParser(lambda: parser_of(self.program, info, skeleton=True))

    def bind(
        self, function: str, arguments: Mapping[str, Any] | None, named: Mapping[str, Any]
    ) -> tuple[Callee, list[Any]]:
        """The function and its values. Raises `BamlInvalidArgumentError`."""
        return self._calls.bound(self.program, function, arguments, named)

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
        return self._calls.of_value(function, context)

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
        call = self._calls.planning("baml.llm.first_prompt", function, arguments, named, context)
        prompt: Prompt = (await call.run()).payload
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
        return await self._first_request(function, arguments, named, context, streams=False)

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
        return await self._first_request(function, arguments, named, context, streams=True)

    async def _first_request(
        self,
        function: str,
        arguments: Mapping[str, Any] | None,
        named: Mapping[str, Any],
        context: CallContext | None,
        *,
        streams: bool,
    ) -> HTTPRequest:
        planner = "baml.llm.first_request"
        made = await self._calls.planning(planner, function, arguments, named, context, streams).run()
        headers = dict(self._services.lent.exchanged(made.url, made.headers))
        return HTTPRequest(made.method, made.url, headers, HTTPBody(made.body.encode()))

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

        info, call = self._calls.reading(function, context)
        return await read_body(call, info, body)

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
        program, info = self._calls.typed(function, options)
        return parse_answer(program, info, text, strict=strict or options.strict, finish_reason=finish_reason)

    def parse_partial(self, function: str, text_so_far: str, *, context: CallContext | None = None) -> Any:
        """What a stream would show of the answer so far; None while there is nothing to show."""
        from .reading import parse_partial_answer

        check_text(text_so_far)
        program, info = self._calls.typed(function, context or NO_CONTEXT)
        return parse_partial_answer(program, info, text_so_far)

    # --- beginning and closing

    async def warm(self) -> None:
        """Load what a first call needs, in a thread, while the event loop goes on. `async with` does it too."""
        await load_ahead(self.program, self._services)

    async def aclose(self) -> None:
        await self._services.aclose()
        if self._trace is not None:
            self._trace.summary(self.handles)

    async def __aenter__(self) -> Self:
        self._services.open_here()
        # Not with a transport of the host, whose loop may keep a time of its own.
        if asks_models(self.program) and opens_connections(self._services):
            await self.warm()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()


def unix_time(runtime: AsyncRuntime) -> float:
    """Seconds since 1970, by the runtime's clock."""
    return runtime._services.clock.unix()
