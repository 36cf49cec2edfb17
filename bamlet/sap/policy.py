"""Other ways to read the same text, for an answer that the usual reading does not explain."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Policy:
    """`odd_commas`: a comma after an odd number of inner quotes is content of the string, and
    `odd_brackets`: so is a bracket. `prose`: the opener with this number is prose.
    """

    odd_commas: bool = True
    odd_brackets: bool = False
    prose: int | None = None


USUAL: Final = Policy()
# Each costs one more pass over the text, so there are few.
OTHERS: Final = (Policy(odd_commas=False), Policy(odd_brackets=True))
