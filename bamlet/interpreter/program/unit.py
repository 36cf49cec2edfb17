"""What is kept between processes: whoever reads it needs none of the stages that made it."""

from __future__ import annotations

from ...records import dataclass
from ..facts.edition import Edition
from ..facts.effects import Effects
from ..facts.pieces import Code
from ..facts.symbols import Names


@dataclass(frozen=True, slots=True)
class Unit:
    """What compiling some files gives: data and code, no live values. It can be stored."""

    names: Names
    effects: Effects
    code: Code
    edition: Edition = 1
