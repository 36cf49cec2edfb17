"""`NOTHING`: there is no value to show or to use, not even null."""

from __future__ import annotations

from typing import Final, final


@final
class Nothing:
    __slots__ = ()

    def __repr__(self) -> str:
        return "NOTHING"


NOTHING: Final = Nothing()
