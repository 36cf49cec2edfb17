"""Regular expressions that are compiled when they are first used: a process uses few of the hundreds there are."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

__all__ = ["pattern"]

if TYPE_CHECKING:
    from re import compile as pattern
else:

    class pattern:
        """What `re.compile` gives, a moment later. It is no `re.Pattern`, so functions of `re` do not take it."""

        __slots__ = ("__dict__", "_flags", "pattern")

        def __init__(self, text: str, flags: int = 0) -> None:
            self.pattern, self._flags = text, flags

        def __getattr__(self, name: str) -> Any:
            """Each method is looked up once; from then on it is an attribute of the instance."""
            found = getattr(re.compile(self.pattern, self._flags), name)
            setattr(self, name, found)
            return found
