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
    """`names` has the names that each part declares, `needs` the parts whose names it uses; both as words."""

    def __init__(self, module: str, names: Mapping[str, str], needs: Mapping[str, str]) -> None:
        self._module = module
        self._needs = needs
        self._part_of = {name: part for part, declared in names.items() for name in declared.split()}
        self._begun: set[str] = set()

    def names(self) -> list[str]:
        """The module's `__dir__`."""
        return sorted({*vars(sys.modules[self._module]), *self._part_of, *HELPERS})

    def get(self, name: str) -> Any:
        """The module's `__getattr__`: Python asks it for what is not there yet."""
        part = self._part_of.get(name)
        if part is None:
            if name in HELPERS:
                return getattr(import_module("bamlet.client.models"), name)
            raise AttributeError(f"module {self._module!r} has no attribute {name!r}")
        namespace = vars(sys.modules[self._module])
        with _LOADING:
            self._load(part, namespace)
        return namespace[name]

    def _load(self, part: str, namespace: dict[str, Any]) -> None:
        """A part behind all that it needs: pydantic looks for the names of annotations in the namespace alone."""
        if part in self._begun:
            return
        self._begun.add(part)
        try:
            for needed in self._needs.get(part, "").split():
                self._load(needed, namespace)
            spec = find_spec(f"{self._module.rpartition('.')[0]}.{part}")
            if spec is None:
                raise ImportError(f"{part} is missing from the generated package; run `bamlet generate`")
            exec(spec.loader.get_code(spec.name), namespace)  # type: ignore[union-attr]
        except BaseException:
            self._begun.discard(part)
            raise
