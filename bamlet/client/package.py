"""One generated package in this process: its sources, and what is made of them when the first call needs it.

Nothing is made at import. Two packages share nothing, also if they come from the same sources.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property, partial
from importlib import import_module
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from .locks import ProcessLock

if TYPE_CHECKING:
    from ..embed import AsyncRuntime, CallContext, Program
    from ..embed.project import Edition
    from ..embed.runtime import FunctionInfo
    from ..sync import Runtime
    from .arguments import Parameters
    from .loops import Loops
    from .objects import Maker
    from .values import Makers

GLOBALS = "DO_NOT_USE_DIRECTLY_UNLESS_YOU_KNOW_WHAT_YOURE_DOING_RUNTIME"


class Package:
    """The `…RUNTIME` of the module `globals`."""

    def __init__(self, name: str, edition: Edition | None = None) -> None:
        self.name = name
        self._edition = edition
        self._making = ProcessLock()
        self._runtime: Runtime | None = None
        self._loops: Loops | None = None
        self._finals: dict[str, Maker] = {}
        self._parameters: dict[str, Parameters] = {}
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

    @property
    def loops(self) -> Loops:
        if self._loops is None:
            from .loops import Loops

            with self._making:
                if self._loops is None:
                    self._loops = Loops(self.asynchronous)
        return self._loops

    @property
    def program(self) -> Program:
        return self.runtime.program

    def function(self, name: str) -> FunctionInfo:
        return self.program.interface.functions[name]

    def parameters(self, function: str) -> Parameters:
        known = self._parameters.get(function)
        if known is None:
            from .arguments import parameters

            known = self._parameters[function] = parameters(self.function(function), self.makers.shapes)
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


def package_called(name: str) -> Package:
    """For unpickling: that of the process."""
    found: Package = getattr(import_module(".globals", name), GLOBALS)
    return found
