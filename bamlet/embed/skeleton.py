"""A value with all its fields from the start, filled from text that somebody else streams."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ..interpreter.runtime.values import to_plain
from ..sap import ParseFailure
from ..sysops.views import SkeletonState
from .host_errors import validation_error

if TYPE_CHECKING:
    from ..sap import PartialParser


class SkeletonParser:
    """Made by `Runtime.skeleton`. `value` and `state` at any time; the shape of the value never changes."""

    def __init__(self, new_parser: Callable[[], PartialParser]) -> None:
        self._new_parser = new_parser
        self._parser = new_parser()
        self._text = ""

    @property
    def value(self) -> Any:
        """Null is what has not come yet."""
        return self._parser.partial()

    @property
    def state(self) -> SkeletonState:
        return self._parser.state

    def append(self, delta: str) -> None:
        """Take in text that is new."""
        self._text += delta
        self._parser.feed(delta)

    def update(self, text: str, is_final: bool = False) -> None:
        """Take in the whole text so far. A text that does not continue the last one starts anew."""
        if text.startswith(self._text):
            self.append(text[len(self._text) :])
        else:
            self._parser = self._new_parser()
            self._text = ""
            self.append(text)
        if is_final:
            self.finish()

    def finish(self) -> Any:
        """The final value. Raises `BamlValidationError`, and then the last value stays."""
        self._parser.partial()  # stays, if there is no final value
        try:
            return self._parser.finish().value
        except ParseFailure as failure:
            raise validation_error(failure.told, failure.raw, failure.issues) from failure

    def to_dict(self) -> dict[str, Any]:
        return {"value": to_plain(self.value), "state": self.state}
