"""One function over many rows: each asked once, whatever is killed when, and the answers written as a whole."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .library import MappedRow as MappedRow
    from .library import amap as amap
    from .library import map as map
    from .library import map_file as map_file
    from .report import MapReport as MapReport

_HOMES = {
    "amap": "library",
    "map": "library",
    "map_file": "library",
    "MappedRow": "library",
    "MapReport": "report",
}

__all__ = ["MapReport", "MappedRow", "amap", "map", "map_file"]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f".{_HOMES[name]}", __name__), name)
