"""Regular expressions in the syntax of Rust's `regex`, without backtracking."""

from .program import compiled
from .syntax import BadPattern, Unsupported

__all__ = ["BadPattern", "Unsupported", "compiled"]
