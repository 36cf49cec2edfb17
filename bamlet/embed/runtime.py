"""Calling a program: functions, streams, and the parts of an LLM call by themselves.

A `Runtime` owns everything that must be closed: connections, and the resources of calls that still run.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from types import TracebackType
from typing import Any, Literal, Self

from ..diagnostics import did_you_mean
from ..interpreter.abi import CATCHABLE, Cancelled, Context, InternalError
from ..interpreter.interface import FunctionInfo
from ..interpreter.program import Callee, Program
from ..sysops.clock import Clock
from ..sysops.env import process_environment
from ..sysops.handles import HandleTable
from ..sysops.host import ClockLike, Host, Services
from ..sysops.registry import HostFailure, invoke, mismatches
from ..sysops.stream import Sink
from ..types.ty import ClassTy, Ty, members
from ..wire.message import Transport
from .arguments import bind_arguments
from .context import CallContext
from .errors import BamlAbortError, BamlInvalidArgumentError, BamlTimeoutError, host_error
from .load import library
from .stream import AsyncStream

__all__ = ["AsyncRuntime", "ClockLike", "HTTPBody", "HTTPRequest", "Program", "Transport"]

STREAM_FUNCTION = "baml.llm.stream_llm_function"
_NO_CONTEXT = CallContext()


@dataclass(frozen=True, slots=True)
class HTTPBody:
    """The bytes that would be sent."""

    _raw: bytes

    def raw(self) -> bytes:
        return self._raw

    def text(self) -> str:
        return self._raw.decode("utf-8")

    def json(self) -> Any:
        return json.loads(self._raw)


@dataclass(frozen=True, slots=True)
class HTTPRequest:
    """A request as it would be sent."""

    method: str
    url: str
    headers: dict[str, str]
    body: HTTPBody

    def __repr__(self) -> str:
        """Without headers: they hold keys."""
        return f"HTTPRequest({self.method} {self.url}, {len(self.body.raw())} bytes)"


@dataclass(slots=True)
class Stop:
    """Asks a call to stop. Compiled code looks at it now and then, also in a loop that never waits."""

    requested: bool = False
    ends_at: float | None = None
    now: Callable[[], float] | None = None

    def poll(self) -> None:
        if self.requested:
            raise Cancelled
        if self.ends_at is not None and self.now is not None and self.now() >= self.ends_at:
            raise TimeoutError


class AsyncRuntime:
    """The asyncio face. It belongs to the loop that first sends a request with it.

    `environ` replaces the process's environment, `transport` what carries requests, `clock` the time.
    """

    def __init__(
        self,
        program: Program,
        *,
        environ: Mapping[str, str] | None = None,
        transport: Transport | None = None,
        clock: ClockLike | None = None,
    ) -> None:
        _check_library()
        self.program = program
        self._services = Services(
            make_transport=_http_transport if transport is None else lambda: transport,
            clock=clock or Clock(),
            environ=process_environment if environ is None else lambda: environ,
        )

    @property
    def handles(self) -> HandleTable:
        """The open resources of all calls; empty when none runs."""
        return self._services.handles

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
        options = context or _NO_CONTEXT
        callee, values = self.bind(function, arguments, named)
        streams = options.on_partial is not None or options.on_tick is not None
        sink = Sink(on_partial=options.on_partial, on_tick=options.on_tick)
        if streams and callee.info.llm is not None:
            callee, values = self._streaming(callee.info, values)
        return await self.run(callee, values, sink, options, Stop())

    def stream(
        self,
        function: str,
        arguments: Mapping[str, Any] | None = None,
        /,
        *,
        context: CallContext | None = None,
        partials: Literal["latest", "every"] = "latest",
        **named: Any,
    ) -> AsyncStream:
        """Call a function and show what comes on the way. Nothing is sent before somebody looks.

        `latest` gives a busy consumer the newest value when it comes back. `every` gives it each one, and the
        model's answer is read no faster than it is looked at.
        """
        options = context or _NO_CONTEXT
        callee, values = self.bind(function, arguments, named)
        if callee.info.llm is not None:
            callee, values = self._streaming(callee.info, values)

        def start(ticks: bool) -> tuple[Sink, Stop, asyncio.Task[Any]]:
            sink = Sink(partials, ticks=ticks, on_partial=options.on_partial, on_tick=options.on_tick)
            stop = Stop()
            return sink, stop, asyncio.create_task(self._produce(callee, values, sink, options, stop))

        return AsyncStream(start)

    async def _produce(
        self, callee: Callee, values: list[Any], sink: Sink, options: CallContext, stop: Stop
    ) -> Any:
        try:
            return await self.run(callee, values, sink, options, stop)
        finally:
            sink.close()

    def bind(
        self, function: str, arguments: Mapping[str, Any] | None, named: Mapping[str, Any]
    ) -> tuple[Callee, list[Any]]:
        """The function and its values. Raises `BamlInvalidArgumentError`."""
        callee = self._callee(function)
        given = {**(arguments or {}), **named}
        return callee, bind_arguments(callee.info, given, self.program.space)

    def _callee(self, function: str) -> Callee:
        callee = self.program.callee(function)
        if callee is None:
            hint = did_you_mean(function, self._own_functions())
            raise BamlInvalidArgumentError(f"there is no function `{function}`" + (f"; {hint}" if hint else ""))
        return callee

    def _own_functions(self) -> list[str]:
        return [name for name in self.program.interface.functions if not name.startswith("baml.")]

    def _streaming(self, info: FunctionInfo, values: list[Any]) -> tuple[Callee, list[Any]]:
        orchestration = self.program.callee(STREAM_FUNCTION)
        assert orchestration is not None
        names = [param.name for param in info.params]
        return orchestration, [info.name, dict(zip(names, values, strict=True))]

    # --- running

    async def run(self, callee: Callee, values: list[Any], sink: Sink, options: CallContext, stop: Stop) -> Any:
        """Run compiled code to its end, in a scope that closes what it opened."""
        if options.cancel is None:
            return await self._limited(callee, values, sink, options, stop)
        if options.cancel.aborted:
            raise BamlAbortError
        return await self._abortable(callee, values, sink, options, stop)

    async def _abortable(
        self, callee: Callee, values: list[Any], sink: Sink, options: CallContext, stop: Stop
    ) -> Any:
        assert options.cancel is not None
        loop = asyncio.get_running_loop()
        task = asyncio.create_task(self._limited(callee, values, sink, options, stop))

        def abort() -> None:
            stop.requested = True
            loop.call_soon_threadsafe(task.cancel)

        forget = options.cancel.listen(abort)
        try:
            return await task
        except asyncio.CancelledError:
            if options.cancel.aborted and task.cancelled():
                raise BamlAbortError from None
            raise
        finally:
            forget()

    async def _limited(
        self, callee: Callee, values: list[Any], sink: Sink, options: CallContext, stop: Stop
    ) -> Any:
        if options.deadline is None:
            return await self._execute(callee, values, sink, options, stop)
        clock = self._services.clock
        begun = clock.now()
        stop.ends_at, stop.now = begun + options.deadline, clock.now
        try:
            async with asyncio.timeout(options.deadline):
                return await self._execute(callee, values, sink, options, stop)
        except TimeoutError:
            limit = round(options.deadline * 1000)
            raise BamlTimeoutError(
                f"the call took longer than its deadline of {limit} ms",
                timeout_type="deadline",
                configured_value_ms=limit,
                elapsed_ms=round((clock.now() - begun) * 1000),
            ) from None

    async def _execute(
        self, callee: Callee, values: list[Any], sink: Sink, options: CallContext, stop: Stop
    ) -> Any:
        scope = self._services.handles.scope()
        host = Host(self._services, scope, sink, options.env, options.tags, options.client)
        context = Context(invoke, self.program.interface, self.program.space, host, stop.poll)
        try:
            result = callee.code(context, *values) if callee.needs_context else callee.code(*values)
            return await result if callee.suspends else result
        except HostFailure as failure:
            raise (failure.__cause__ or failure) from None
        except CATCHABLE as failure:
            raise host_error(failure) from failure
        except Cancelled:
            raise BamlAbortError from None
        finally:
            await scope.aclose()

    # --- the parts of an LLM call

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
        return await self._request(function, {**(arguments or {}), **named}, context, "build_request")

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
        return await self._request(function, {**(arguments or {}), **named}, context, "build_request_stream")

    async def _request(
        self, function: str, given: Mapping[str, Any], options: CallContext | None, build: str
    ) -> HTTPRequest:
        callee, values = self.bind(function, given, {})
        planner = self.program.callee("baml.llm.first_request")
        assert planner is not None
        names = [param.name for param in callee.info.params]
        arguments = [function, dict(zip(names, values, strict=True)), build == "build_request_stream"]
        made = await self.run(planner, arguments, Sink(), options or _NO_CONTEXT, Stop())
        return HTTPRequest(made.method, made.url, dict(made.headers), HTTPBody(made.body.encode()))

    def parse(self, function: str, text: str) -> Any:
        """The value that a function would make of a model's whole answer. Raises `BamlValidationError`."""
        from .reading import parse_answer

        return parse_answer(self.program, self._callee(function).info, text)

    def parse_partial(self, function: str, text_so_far: str) -> Any:
        """What a stream would show of the answer so far; None while there is nothing to show."""
        from .reading import parse_partial_answer

        return parse_partial_answer(self.program, self._callee(function).info, text_so_far)

    # --- closing

    async def aclose(self) -> None:
        await self._services.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()


def _http_transport() -> Transport:
    from ..wire.http import HttpTransport  # brings httpx, which takes 70 ms

    return HttpTransport()


@cache
def _check_library() -> None:
    """The library's stubs and the registered operations must be the same."""
    import_module("bamlet.sysops.all")  # registers them, and brings the rooms that they need
    stubs = {
        symbol.name: (len(symbol.params), symbol.suspends, _thrown(symbol.throws))
        for symbol in library().unit.names.functions.values()
        if symbol.kind == "stub"
    }
    if problems := mismatches(stubs):
        raise InternalError("the library and its operations differ:\n" + "\n".join(problems))


def _thrown(ty: Ty | None) -> frozenset[str]:
    parts = () if ty is None else members(ty)
    return frozenset(member.name for member in parts if isinstance(member, ClassTy))
