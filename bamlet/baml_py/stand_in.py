"""`import baml_py` where no distribution has it: after a generated client, bamlet's own names are found there."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Sequence
from importlib import import_module
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from importlib.abc import Loader

_NAME = "baml_py"


class _Finder:
    """Not below the classes of `importlib.abc`, which would bring thirty modules to each import of a client.

    Asked last, so an installed package goes first. It finds the modules of `bamlet.baml_py` themselves.

    Once it serves the package it is asked first for what is in it: Python would find the files of those modules,
    and run them a second time under other names.
    """

    def find_spec(self, name: str, path: Sequence[str] | None, target: Any = None) -> ModuleSpec | None:
        if name != _NAME and not name.startswith(f"{_NAME}."):
            return None
        return ModuleSpec(name, cast("Loader", self), is_package=name == _NAME)

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        try:
            module = import_module(f"bamlet.{spec.name}")
        except ModuleNotFoundError as missing:
            raise ModuleNotFoundError(f"No module named {spec.name!r}", name=spec.name) from missing
        spec.loader_state = module.__spec__
        return module

    def exec_module(self, module: ModuleType) -> None:
        """It has run already; what the import under another name has put into it is taken back."""
        assert module.__spec__ is not None
        module.__spec__ = module.__spec__.loader_state
        if sys.meta_path[0] is not self:
            sys.meta_path.remove(self)
            sys.meta_path.insert(0, self)


_FINDER = _Finder()


def stand_in() -> None:
    """Called when a generated client is imported."""
    installed = sys.modules.get(_NAME)
    if installed is not None and not installed.__name__.startswith("bamlet") and not hasattr(installed, "_served"):
        warnings.warn(
            "the native baml_py is imported beside a client of bamlet: `except baml_py.errors.…` catches none of "
            "its errors; import them from bamlet, or install bamlet-baml-py in its place",
            UserWarning,
            stacklevel=3,
        )
    if _FINDER not in sys.meta_path:
        sys.meta_path.append(_FINDER)
