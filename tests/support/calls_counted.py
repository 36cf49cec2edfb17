"""How much Python does between two pauses: calls are counted, not time."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any


def calls_between_pauses(work: Iterator[Any]) -> list[int]:
    """Calls of Python and of C, for each stretch of the work up to a pause or to its end."""
    counts: list[int] = []
    count = 0

    def profile(frame: object, event: str, argument: object) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    going = True
    while going:
        count = 0
        before = sys.getprofile()
        sys.setprofile(profile)
        try:
            next(work)
        except StopIteration:
            going = False
        finally:
            sys.setprofile(before)
        counts.append(count)
    return counts
