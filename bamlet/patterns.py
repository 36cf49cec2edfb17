"""Regular expressions that are compiled when they are first used: a process uses few of the hundreds there are."""

from __future__ import annotations

import re
import sys
from typing import TYPE_CHECKING, Any

__all__ = ["pattern"]

if TYPE_CHECKING:
    from re import compile as pattern
else:

    class pattern:
        """What `re.compile` gives, a moment later. It is no `re.Pattern`, so functions of `re` do not take it."""

        __slots__ = ("__dict__", "_flags", "_globals", "pattern")

        def __init__(self, text: str, flags: int = 0) -> None:
            self.pattern, self._flags = text, flags
            self._globals = sys._getframe(1).f_globals

        def __getattr__(self, name: str) -> Any:
            """From the first use on, a constant of the module is the compiled one, which the interpreter calls
            faster. Wherever else this one is held, each method is looked up once."""
            compiled = re.compile(self.pattern, self._flags)
            for constant, value in list(self._globals.items()):
                if value is self:
                    self._globals[constant] = compiled
            found = getattr(compiled, name)
            setattr(self, name, found)
            return found
