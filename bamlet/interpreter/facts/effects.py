"""What calling each function can come to: found out with the code, and kept with it."""

from __future__ import annotations

from collections.abc import Mapping

from ...records import dataclass, field


@dataclass(frozen=True, slots=True)
class Effects:
    """`outside` are the functions that loop, suspend or reach an operation, `shrinks` those that may take elements
    from a list.

    Work without a loop is unbounded only where calls multiply: `branching` has, by caller, the functions that may
    lead back to the caller, if it calls them in more than one place or in a loop. `heavy` are functions that lead
    to many calls all the same.

    `shows` are functions whose streams show what an LLM function answers; see `showing`.
    """

    suspends: frozenset[str]
    needs_context: frozenset[str]
    outside: frozenset[str]
    branching: Mapping[str, frozenset[str]] = field(default_factory=dict)
    # Of each function that looks at types at run time: the type parameters that a call must tell it, in order.
    told: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    heavy: frozenset[str] = frozenset()
    shrinks: frozenset[str] = frozenset()
    shows: frozenset[str] = frozenset()
