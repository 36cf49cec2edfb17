"""The blocking twin of `AsyncRuntime`. A function that cannot wait runs in the thread of its caller."""

from __future__ import annotations

import atexit
import os
import sys
import weakref
from collections.abc import Callable, Iterable, Mapping
from types import TracebackType
from typing import TYPE_CHECKING, Any, Literal, Self, TypeVar

from ..embed.call import closed_error
from ..embed.context import Budget, CallContext
from ..embed.errors import BamlError
from ..embed.given import NotAwaited
from ..embed.runtime import (
    AsyncRuntime,
    ClockLike,
    Group,
    HttpOptions,
    HTTPRequest,
    HTTPResponse,
    MediaLimits,
    Program,
    Transport,
    groups_in,
)
from ..embed.shortened import SHORTENED
from .background import BACKGROUND, wait_for
from .stream import Stream

if TYPE_CHECKING:
    from ..embed import Spent
    from ..embed.agents import AgentState
    from ..embed.collector import Usage
    from ..embed.discovery import BodyTest
    from ..embed.skeleton import SkeletonParser
    from ..prompt import Prompt
    from ..sap import Parsed


F = TypeVar("F", bound=Callable[..., Any])


class Runtime(NotAwaited):
    """The blocking twin of `AsyncRuntime`; the arguments are the same, and a test holds that."""

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
        self.program = program
        self._options: dict[str, Any] = {
            "environ": environ,
            "transport": transport,
            "clock": clock,
            "media": media,
            "deny": groups_in("deny", deny),
            "allow": groups_in("allow", allow),
            "lend_to": tuple(lend_to),
            "argv": tuple(argv),
            "functions": functions,
            "on_print": on_print,
            "on_log": on_log,
            "on_input": on_input,
            "on_unhandled_task": on_unhandled_task,
            "trace": trace,
            "budget": budget,
            "mcp": mcp,
        }
        self._inner = AsyncRuntime(program, **self._options)
        self._process = os.getpid()
        self._is_closed = False

    def __repr__(self) -> str:
        return f"Runtime({self.program!r})"

    @property
    def _is_of_parent(self) -> bool:
        """Whether this process was forked from the one whose connections it has, and has made none yet."""
        return self._process != os.getpid()

    @property
    def asynchronous(self) -> AsyncRuntime:
        """The runtime behind this one. After a fork it is a new one: sockets are not shared with the parent."""
        # The runtime before the number: a thread that comes between the two makes one more, and takes none of the
        # parent's.
        if self._is_of_parent:
            self._inner = AsyncRuntime(self.program, **self._options)
            self._process = os.getpid()
        return self._inner

    @property
    def spent(self) -> Spent:
        """What the calls that have ended have cost."""
        return self.asynchronous.spent

    def function(self, given: F) -> F:
        """Gives a function that the program declares with `$host`, by its own name: `@runtime.function`."""
        return self.asynchronous.function(given)

    def call(
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
            call = self.asynchronous.prepare(function, arguments, named, context)
            if self._is_closed:
                raise closed_error()
            if not call.waits:
                return call.compute(wait_for)
            return wait_for(call.run(), call.stop.request)

    def resume(
        self,
        state: AgentState,
        answers: Mapping[str, Any] | None = None,
        /,
        *,
        context: CallContext | None = None,
        changed: bool = False,
    ) -> Any:
        """Go on with an agent to its value, with an answer for each call that waits."""
        with SHORTENED:
            call = self.asynchronous.prepare_resume(state, answers, context, changed=changed)
            return wait_for(call.run(), call.stop.request)

    def discover(self) -> tuple[BodyTest, ...]:
        """The tests with bodies; testsets run for it.

        Raises `BamlInvalidArgumentError` for two of one name, and what a testset throws.
        """
        if not self.program.interface.bodies:
            return ()
        return wait_for(self.asynchronous.discover())

    def run_body(self, test: BodyTest) -> None:
        """Run a test with a body to its end. Raises what it throws; an assertion that does not hold is a panic."""
        call = self.asynchronous.prepare_value(test.body)
        wait_for(call.run(), call.stop.request)

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
    ) -> Stream:
        """Call a function and show what comes on the way. Nothing is sent before somebody looks."""
        return Stream(
            self.asynchronous.stream(function, arguments, context=context, partials=partials, view=view, **named)
        )

    def prompt(
        self,
        function: str,
        arguments: Mapping[str, Any] | None = None,
        /,
        *,
        context: CallContext | None = None,
        **named: Any,
    ) -> Prompt:
        """The messages that a call would send first, before a provider's form is given to them."""
        return wait_for(self.asynchronous.prompt(function, arguments, context=context, **named))

    def request(
        self,
        function: str,
        arguments: Mapping[str, Any] | None = None,
        /,
        *,
        context: CallContext | None = None,
        **named: Any,
    ) -> HTTPRequest:
        """The request that a call would send first, not sent."""
        return wait_for(self.asynchronous.request(function, arguments, context=context, **named))

    def stream_request(
        self,
        function: str,
        arguments: Mapping[str, Any] | None = None,
        /,
        *,
        context: CallContext | None = None,
        **named: Any,
    ) -> HTTPRequest:
        """The request that a stream would send first, not sent."""
        work = self.asynchronous.stream_request(function, arguments, context=context, **named)
        return wait_for(work)

    def send(self, request: HTTPRequest, *, max_bytes: int | None = None) -> HTTPResponse:
        """Send a request over the runtime's transport, and wait for the answer, of whatever status."""
        return wait_for(self.asynchronous.send(request, max_bytes=max_bytes))

    def read_answer(self, function: str, body: str, *, context: CallContext | None = None) -> Any:
        """The value of a whole answer that came another way than by a call: its body, as a provider writes it."""
        return wait_for(self.asynchronous.read_answer(function, body, context=context))

    def read_answer_with_usage(
        self, function: str, body: str, *, context: CallContext | None = None
    ) -> tuple[Any, Usage]:
        """The same, and the tokens that it says it took."""
        return wait_for(self.asynchronous.read_answer_with_usage(function, body, context=context))

    def parse(
        self,
        function: str,
        text: str,
        *,
        strict: bool = False,
        finish_reason: str | None = None,
        context: CallContext | None = None,
    ) -> Any:
        """The value that a function would make of a model's whole answer; with `strict`, of all that it says."""
        with SHORTENED:
            return self.asynchronous.parse(
                function, text, strict=strict, finish_reason=finish_reason, context=context
            )

    def parse_with_report(
        self,
        function: str,
        text: str,
        *,
        strict: bool = False,
        finish_reason: str | None = None,
        context: CallContext | None = None,
    ) -> Parsed:
        """The same, as `value`, with a `report` of what it does not tell."""
        return self.asynchronous.parse_with_report(
            function, text, strict=strict, finish_reason=finish_reason, context=context
        )

    def skeleton(self, function: str) -> SkeletonParser:
        """What a stream with the view `skeleton` shows, of text that is streamed by other means."""
        return self.asynchronous.skeleton(function)

    def parse_partial(self, function: str, text_so_far: str, *, context: CallContext | None = None) -> Any:
        """What a stream would show of the answer so far; None while there is nothing to show."""
        return self.asynchronous.parse_partial(function, text_so_far, context=context)

    def warm(self) -> None:
        """Load what a first call needs."""
        wait_for(self.asynchronous.warm())

    def close(self) -> None:
        if not sys.is_finalizing():  # else the sockets go with the process
            self._is_closed = True
            wait_for(self.asynchronous.aclose())

    def __enter__(self) -> Self:
        if self._is_closed:
            wait_for(self.asynchronous.__aenter__())
            self._is_closed = False
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def close_at_exit(runtime: Runtime) -> None:
    """For a runtime that nobody closes, since it belongs to the whole process: what is open later is told of by
    asyncio, at a time when nobody can close it."""
    there = weakref.ref(runtime)

    def close() -> None:
        if (found := there()) is not None and not found._is_of_parent:
            BACKGROUND.run_at_exit(found.asynchronous.aclose)

    atexit.register(close)
