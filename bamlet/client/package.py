"""One generated package in this process: its sources, and what is made of them when the first call needs it.

Nothing is made at import. Two packages share nothing, also if they come from the same sources.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Mapping
from functools import cached_property, partial
from importlib import import_module
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from .locks import ProcessLock

if TYPE_CHECKING:
    from asyncio import AbstractEventLoop

    from ..embed import AsyncRuntime, CallContext, Program
    from ..embed.project import Edition
    from ..embed.runtime import FunctionInfo
    from ..sync import Runtime
    from .shapes import Shape
    from .values import Maker, Makers

GLOBALS = "DO_NOT_USE_DIRECTLY_UNLESS_YOU_KNOW_WHAT_YOURE_DOING_RUNTIME"


class Package:
    """The `…RUNTIME` of the module `globals`."""

    def __init__(self, name: str, edition: Edition | None = None) -> None:
        self.name = name
        self._edition = edition
        self._making = ProcessLock()
        self._runtime: Runtime | None = None
        self._loops: WeakKeyDictionary[AbstractEventLoop, AsyncGenerator[None, None]] = WeakKeyDictionary()
        self._finals: dict[str, Maker] = {}
        self._parameters: dict[str, Mapping[str, Shape | None]] = {}
        self.tags: Callable[[], Mapping[str, str]] = dict
        self.listener: Callable[[Any], None] | None = None

    def __reduce__(self) -> tuple[Any, ...]:
        return package_called, (self.name,)

    def __repr__(self) -> str:
        return f"<the bamlet client {self.name}>"

    @property
    def sources(self) -> Mapping[str, str]:
        files: Mapping[str, str] = import_module(".inlinedbaml", self.name).get_baml_files()
        return files

    @property
    def runtime(self) -> Runtime:
        """After a fork its connections are made anew; that is its own business."""
        if self._runtime is None:
            from ..embed.by_environment import answers_named_by_environment
            from ..embed.compiling import load_sources
            from ..sync import Runtime, close_at_exit

            with self._making:
                if self._runtime is None:
                    sources = {f"baml_src/{name}": text for name, text in self.sources.items()}
                    program = load_sources(sources, self._edition)
                    self._runtime = Runtime(program, **answers_named_by_environment())
                    close_at_exit(self._runtime)
        return self._runtime

    @property
    def has_begun(self) -> bool:
        """Whether a call was made, so that there may be something to close."""
        return self._runtime is not None

    @property
    def asynchronous(self) -> AsyncRuntime:
        return self.runtime.asynchronous

    async def close_with_loop(self) -> None:
        """Have the connections of the running loop closed when it ends: `asyncio.run` closes generators last."""
        from asyncio import get_running_loop

        loop = get_running_loop()
        if loop not in self._loops:
            # In the table before the first step, which awaits nothing: two calls at once register one.
            closing = self._loops[loop] = _closing(self.asynchronous)
            await anext(closing)

    @property
    def program(self) -> Program:
        return self.runtime.program

    def function(self, name: str) -> FunctionInfo:
        return self.program.interface.functions[name]

    def parameters(self, function: str) -> Mapping[str, Shape | None]:
        """The shapes of those that may hold mappings. Those with a default come last, as in a generated method."""
        known = self._parameters.get(function)
        if known is None:
            shapes = self.makers.shapes
            params = sorted(self.function(function).params, key=lambda param: param.has_default)
            known = self._parameters[function] = {p.name: _unless_leaf(shapes.final(p.ty)) for p in params}
        return known

    @cached_property
    def makers(self) -> Makers:
        from .values import Makers

        return Makers(self.name, self.program.interface.schemas)

    def final(self, function: str) -> Maker:
        """What makes the value of a function an object of the package's types."""
        made = self._finals.get(function)
        if made is None:
            made = self._finals[function] = self.makers.final(self.function(function).result)
        return made

    def tell(self, context: CallContext | None, value: Any) -> None:
        """A call is over: whoever listens hears of each LLM function that it has called."""
        listener = self.listener
        log = context.collectors[0].last if context is not None and context.collectors else None
        if listener is None or log is None:
            return
        from .events import events_of

        for event in events_of(log, value, partial(self.runtime.parse, context=context)):
            listener(event)

    def reset(self, environment: Mapping[str, str] | None = None) -> None:
        """Variables are read at each call, so there is nothing to take over."""

    def drain_stats(self) -> SimpleNamespace:
        """No service of ours is told of calls, so nothing was sent and nothing is lost."""
        return SimpleNamespace(**dict.fromkeys(("started", "finalized", "submitted", "sent", "done", "failed"), 0))

    def flush(self) -> None:
        """Whoever listens has been called when a call ends, so there is nothing to wait for."""


def _unless_leaf(shape: Shape) -> Shape | None:
    from .shapes import Choice, Enum, Leaf, Maybe

    inner = shape.inner if isinstance(shape, Maybe) else shape
    return None if isinstance(inner, Leaf | Choice | Enum) else shape


async def _closing(runtime: AsyncRuntime) -> AsyncGenerator[None, None]:
    try:
        yield
    finally:
        await runtime.aclose()


def package_called(name: str) -> Package:
    """For unpickling: that of the process."""
    found: Package = getattr(import_module(".globals", name), GLOBALS)
    return found
