"""What the generated classes inherit: one method for each way of calling, which all of theirs go through."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING, Any, Literal, Self, TypeAlias, TypeVar

from .options import context_of, merged

if TYPE_CHECKING:
    from ..embed import (
        AbortController,
        AsyncRuntime,
        AsyncStream,
        CallContext,
        ClientRegistry,
        Collector,
        FunctionLog,
        HTTPRequest,
        Report,
        Timeouts,
    )
    from ..embed.type_builder import DeclaredTypeBuilder
    from ..sync import Runtime
    from .options import Options
    from .package import Package
    from .streams import BamlStream, BamlSyncStream, _Feed

T = TypeVar("T")

More: TypeAlias = Mapping[str, Any]
NO_MORE: More = {}


class Caller:
    """A package, and the options that go with each call."""

    def __init__(self, package: Package, options: Mapping[str, Any] | None = None) -> None:
        self._package = package
        self._options = dict(options or {})
        self._parts: dict[str, Any] = {}

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self._package, self._options)

    def __repr__(self) -> str:
        names = f" with {', '.join(self._options)}" if self._options else ""
        return f"<{type(self).__name__} of {self._package.name}{names}>"

    def _part(self, module: str, kind: str) -> T:  # type: ignore[type-var]
        """The same object each time: tests replace methods of `b.stream`, too."""
        if kind not in self._parts:
            made = getattr(import_module(f".{module}", self._package.name), kind)
            self._parts[kind] = made(self._package, self._options)
        part: T = self._parts[kind]
        return part

    def _space(self, module: str, kind: str) -> T:  # type: ignore[type-var]
        """The functions of a namespace, called in the same way."""
        part: T = self._part(module, kind)
        return part

    def with_options(
        self,
        tb: DeclaredTypeBuilder | None = None,
        client_registry: ClientRegistry | None = None,
        client: str | None = None,
        collector: Collector | Sequence[Collector] | None = None,
        env: Mapping[str, str | None] | None = None,
        tags: Mapping[str, str] | None = None,
        on_tick: Callable[[str, FunctionLog], Any] | None = None,
        *,
        abort_controller: AbortController | None = None,
        timeouts: Timeouts | None = None,
        deadline: float | None = None,
        partials: Literal["latest", "every"] | None = None,
        strict: bool | None = None,
        on_partial: Callable[[Any], Any] | None = None,
        on_report: Callable[[Report], Any] | None = None,
    ) -> Self:
        """A client of the same kind whose calls all have these options; those of a call go over them."""
        given = {name: value for name, value in locals().items() if name != "self" and value is not None}
        return type(self)(self._package, merged(self._options, given))

    def _arguments(self, function: str, values: Sequence[Any], more: More) -> dict[str, Any]:
        return self._package.parameters(function).arguments(values, more)

    def _context(self, options: Options) -> CallContext | None:
        given = merged(self._options, options) if options else self._options
        tags = self._package.tags()
        if tags:
            given = {**given, "tags": {**tags, **given.get("tags", {})}}
        listened = self._package.listener is not None
        return context_of(given, listened=listened) if given or listened else None

    def _check_llm(self, function: str) -> None:
        from ..embed.errors import BamlInvalidArgumentError

        if self._package.function(function).llm is None:
            raise BamlInvalidArgumentError(
                f"`{function}` is no LLM function: it makes no request and reads no answer"
            )


class SyncCaller(Caller):
    @property
    def runtime(self) -> Runtime:
        """What makes the calls: reports, views and more of them than a generated client has."""
        return self._package.runtime

    def _call(self, function: str, values: Sequence[Any], options: Options, more: More = NO_MORE) -> T:  # type: ignore[type-var]
        package = self._package
        arguments = self._arguments(function, values, more)
        context = self._context(options)
        value = None
        try:
            value = package.runtime.call(function, arguments, context=context)
        finally:
            package.tell(context, value)
        made: T = package.final(function)(value)
        return made


class AsyncCaller(Caller):
    @property
    def runtime(self) -> AsyncRuntime:
        """What makes the calls: reports, views and more of them than a generated client has."""
        return self._package.asynchronous

    async def _call(self, function: str, values: Sequence[Any], options: Options, more: More = NO_MORE) -> T:
        package = self._package
        if not package.loops.know_running():
            await package.loops.close_with_running()
        arguments = self._arguments(function, values, more)
        context = self._context(options)
        value = None
        try:
            value = await package.asynchronous.call(function, arguments, context=context)
        finally:
            # Also of a call that was stopped: nothing is awaited here, so no cancellation comes between.
            package.tell(context, value)
        made: T = package.final(function)(value)
        return made


class Streamer(Caller):
    def _feed(self, function: str, values: Sequence[Any], options: Options, more: More) -> _Feed:
        from .growing import Growing
        from .streams import Mode, _Feed

        package = self._package
        arguments = self._arguments(function, values, more)
        given = merged(self._options, options)
        context = self._context(options)

        def start(mode: Mode) -> AsyncStream:
            return package.asynchronous.stream(function, arguments, context=context, partials=mode)

        shape = package.makers.shapes.partial(package.function(function).result)
        mode: Mode = given.get("partials", "latest")
        return _Feed(
            start,
            mode,
            Growing(package.makers).of(shape),
            package.final(function),
            package.makers.free,
            partial(package.tell, context),
        )


class SyncStreamer(Streamer):
    def _stream(
        self, function: str, values: Sequence[Any], options: Options, more: More = NO_MORE
    ) -> BamlSyncStream[Any, Any]:
        from .streams import BamlSyncStream

        return BamlSyncStream(self._feed(function, values, options, more))


class AsyncStreamer(Streamer):
    def _stream(
        self, function: str, values: Sequence[Any], options: Options, more: More = NO_MORE
    ) -> BamlStream[Any, Any]:
        from .streams import BamlStream

        return BamlStream(self._feed(function, values, options, more), self._package.loops)


class Requester(Caller):
    """`_streams`: the requests are those of streams."""

    _streams = False

    def _space(self, module: str, kind: str) -> T:  # type: ignore[type-var]
        part: Any = self._part(module, kind)
        part._streams = self._streams
        space: T = part
        return space


class SyncRequester(Requester):
    def _request(
        self, function: str, values: Sequence[Any], options: Options, more: More = NO_MORE
    ) -> HTTPRequest:
        self._check_llm(function)
        runtime = self._package.runtime
        request = runtime.stream_request if self._streams else runtime.request
        return request(function, self._arguments(function, values, more), context=self._context(options))


class AsyncRequester(Requester):
    async def _request(
        self, function: str, values: Sequence[Any], options: Options, more: More = NO_MORE
    ) -> HTTPRequest:
        self._check_llm(function)
        if not self._package.loops.know_running():
            await self._package.loops.close_with_running()
        runtime = self._package.asynchronous
        request = runtime.stream_request if self._streams else runtime.request
        return await request(function, self._arguments(function, values, more), context=self._context(options))


class Reader(Caller):
    """Reads answers that somebody else has got."""

    def _parse(self, function: str, text: str, options: Options) -> T:  # type: ignore[type-var]
        self._check_llm(function)
        value = self._package.runtime.parse(function, text, context=self._context(options))
        made: T = self._package.final(function)(value)
        return made

    def _parse_partial(self, function: str, text: str, options: Options) -> T:  # type: ignore[type-var]
        from ..embed.host_errors import validation_error
        from .objects import HELD

        self._check_llm(function)
        package = self._package
        value = package.runtime.parse_partial(function, text, context=self._context(options))
        made: Any = package.makers.partial(package.function(function).result)(value)
        if made is HELD:
            raise validation_error(
                "Failed to parse LLM response: there is nothing yet that could be shown", text, ()
            )
        shown: T = made
        return shown
