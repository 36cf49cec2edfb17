"""A module of which the classes are made when they are first asked for.

Making a pydantic class takes half a millisecond, and programs have hundreds of them of which a process uses ten.
So the classes of a generated module stand in files beside it, its parts, each executed in the namespace of the
module itself: classes of different parts see each other, pickle finds them, and their `__module__` is the one that
users import from.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from .locks import ProcessLock

HELPERS = ("Check", "Checked", "StreamState", "all_succeeded", "get_checks")

# One for all modules: parts of two of them may need each other.
_LOADING = ProcessLock()


class Parts:
    """`names` has the names that each part declares, `needs` the parts that its annotations name; both as words.
    `spaces` are namespaces inside of the module's own, which are modules beside it.

    A part is loaded alone, for values are made without a look at annotations. Pydantic looks at them before it
    validates, and then for names in the namespace of the module only: so it has them `complete` before.
    """

    def __init__(self, module: str, names: Mapping[str, str], needs: Mapping[str, str], spaces: str = "") -> None:
        self._module = module
        self._needs = needs
        self._spaces = frozenset(spaces.split())
        self._part_of = {name: part for part, declared in names.items() for name in declared.split()}
        self._loaded: set[str] = set()
        self._completed: set[str] = set()

    def names(self) -> list[str]:
        """The module's `__dir__`."""
        return sorted({*vars(sys.modules[self._module]), *self._part_of, *self._spaces, *HELPERS})

    def get(self, name: str) -> Any:
        """The module's `__getattr__`: Python asks it for what is not there yet."""
        part = self._part_of.get(name)
        if part is None:
            if name in self._spaces:
                return import_module(f"{self._module}__{name}")
            if name in HELPERS:
                return getattr(import_module("bamlet.client.models"), name)
            raise AttributeError(f"module {self._module!r} has no attribute {name!r}")
        with _LOADING:
            self._load(part)
        return vars(sys.modules[self._module])[name]

    def complete(self, name: str) -> None:
        """Load whatever a class names, and what that names."""
        work = [self._part_of.get(name, "")]
        if work[0] in self._completed:
            return
        with _LOADING:
            while work:
                part = work.pop()
                if part and part not in self._completed:
                    self._load(part)
                    self._completed.add(part)
                    work += self._needs.get(part, "").split()

    def _load(self, part: str) -> None:
        if part in self._loaded:
            return
        spec = find_spec(f"{self._module.rpartition('.')[0]}.{part}")
        if spec is None:
            raise ImportError(f"{part} is missing from the generated package; run `bamlet generate`")
        exec(spec.loader.get_code(spec.name), vars(sys.modules[self._module]))  # type: ignore[union-attr]
        self._loaded.add(part)


def complete(cls: type) -> None:
    """Make all known that the annotations of a generated class, or of one below it, name."""
    for base in cls.__mro__:
        parts = getattr(sys.modules.get(base.__module__), "_PARTS", None)
        if isinstance(parts, Parts):
            parts.complete(base.__name__)
