"""Tests of programs: which there are, running them, and what became of each.

`run_test` is the blocking one, for a single block. `runner.run` runs many at once, and says what happens as
events: the command line, the pytest plugin and whoever else shows tests draw from those alone. Importing this
imports nothing more, since pytest does so in every project.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .blocking import Outcome as Outcome
    from .blocking import run_test as run_test

_HOME_OF = {"Outcome": ".blocking", "run_test": ".blocking"}

__all__ = ["Outcome", "run_test"]


def __getattr__(name: str) -> Any:
    home = _HOME_OF.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(home, __name__), name)
