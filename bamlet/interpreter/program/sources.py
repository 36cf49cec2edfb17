"""The texts that a program was made of, for those few who want to read them again."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from ...records import dataclass, field

if TYPE_CHECKING:
    from ...grammar import Parser  # a program that was kept runs without


def _without_tables() -> Parser:
    from ...grammar import Parser

    return Parser(None)


@dataclass(frozen=True, slots=True)
class Sources:
    """The texts of a program by the names of their files, and what parses them again."""

    texts: Mapping[str, str] = field(default_factory=dict, repr=False)
    parser: Callable[[], Parser] = field(default=_without_tables, repr=False)


NO_SOURCES = Sources()
