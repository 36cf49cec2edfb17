"""Tags that go with the calls of a package, and functions of the host that are traced by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextvars import ContextVar
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from .package import Package

F = TypeVar("F", bound=Callable[..., Any])


class Context:
    """The `…CTX` of the module `globals`. Tags belong to the thread or task that sets them, and what it starts."""

    def __init__(self, package: Package) -> None:
        self._package = package
        self._tags: ContextVar[Mapping[str, str]] = ContextVar(
            f"tags of {package.name}", default=MappingProxyType({})
        )
        package.tags = self._tags.get

    def upsert_tags(self, **tags: str) -> None:
        """Add to the tags that later calls have."""
        self._tags.set({**self._tags.get(), **tags})

    def get(self) -> Context:
        return self

    def trace_fn(self, function: F) -> F:
        """The function as it is: calls inside of it carry its tags by themselves."""
        return function

    def flush(self) -> None:
        """Listeners have been called when a call ends, so there is nothing to wait for."""

    def on_log_event(self, listener: Callable[[Any], None] | None) -> None:
        """Call `listener` after each call that asks a model; None takes it away."""
        self._package.listener = listener
