"""Regular expressions in the syntax of Rust's `regex`, without backtracking."""

from .kept import compiled
from .syntax import BadPattern, Unsupported

__all__ = ["BadPattern", "Unsupported", "compiled"]
