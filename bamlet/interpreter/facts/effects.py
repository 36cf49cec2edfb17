"""What calling each function can come to: found out with the code, and kept with it."""

from __future__ import annotations

from collections.abc import Mapping

from ...records import dataclass, field
from ...types.ty import Ty


@dataclass(frozen=True, slots=True)
class Calls:
    """What one function, constant or lambda does to others, as far as the graph of calls wants to know.

    `counts` says how often it calls each by its name, methods of interfaces under the name of their table,
    `handed` what types it hands to functions with type parameters. `values` are functions that it uses as
    values, `hands_on` those whose value is its own.
    """

    reaches: frozenset[str]
    counts: tuple[tuple[str, int], ...]
    handed: tuple[tuple[str, tuple[tuple[str, Ty], ...]], ...]
    values: tuple[str, ...]
    hands_on: frozenset[str]
    lambdas: tuple[str, ...]
    wants_types: frozenset[str]
    calls_values: bool
    loops: bool
    uses_context: bool
    walks: bool
    shrinks: bool


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
