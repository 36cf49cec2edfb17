"""JSON that leaves us: NaN and the infinities, for which JSON has no word, are null there, as `baml.json` has it.

Python reads and writes them as words of its own, and so do files that Python wrote. The journal, which nobody else
reads, keeps them: a stored answer is a value again.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

# What has no JSON is a date or a decimal of Parquet.
_ENCODE = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), default=str, allow_nan=False).encode
_SPACED = json.JSONEncoder(ensure_ascii=False, default=str, allow_nan=False).encode
_WORDS = ("NaN", "Infinity")


def compact(value: Any) -> str:
    try:
        return _ENCODE(value)
    except ValueError:
        return _ENCODE(without_nan(value))


def spaced(value: Any) -> str:
    """With a blank behind commas and colons, for people."""
    try:
        return _SPACED(value)
    except ValueError:
        return _SPACED(without_nan(value))


def strict_text(text: str) -> str:
    """Of JSON as the journal has it."""
    if any(word in text for word in _WORDS):  # which may be in a string, too
        return compact(json.loads(text))
    return text


def without_nan(value: Any) -> Any:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {key: without_nan(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [without_nan(item) for item in value]
    return value
