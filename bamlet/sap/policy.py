"""Other ways to read the same text, for an answer that the usual reading does not explain."""

from __future__ import annotations

from typing import Final

from ..records import dataclass


@dataclass(frozen=True, slots=True)
class Policy:
    """`odd_commas`: a comma after an odd number of inner quotes is content of the string, and
    `odd_brackets`: so is a bracket. `prose`: the opener with this number is prose.
    `exact`: the text is JSON, for a schema holds the model to it, so a quote that is not escaped ends its string.
    """

    odd_commas: bool = True
    odd_brackets: bool = False
    prose: int | None = None
    exact: bool = False


USUAL: Final = Policy()
EXACT: Final = Policy(exact=True)
# Each costs one more pass over the text, so there are few.
OTHERS: Final = (Policy(odd_commas=False), Policy(odd_brackets=True))
