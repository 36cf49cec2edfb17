"""A function of the host as plain data: its name, what is called, and what reads what it gives."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..records import dataclass


@dataclass(frozen=True, slots=True)
class HostFunction:
    """`read` makes a value of the language of what it gives, and raises `ValueError` for what is none."""

    name: str
    function: Callable[..., Any]
    read: Callable[[Any], Any]
