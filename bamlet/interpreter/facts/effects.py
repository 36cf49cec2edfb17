"""What calling each function can come to: found out with the code, and kept with it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

from ...records import dataclass, field
from ...types.ty import Ty

# What is handed over as an argument: a function or lambda by its name, a parameter of the caller by its place, or
# nobody knows.
Given: TypeAlias = str | int | None


@dataclass(frozen=True, slots=True)
class Hand:
    """A call with functions as arguments: of which function, and what is given for which of its parameters."""

    callee: str
    given: tuple[tuple[int, Given], ...]


@dataclass(frozen=True, slots=True)
class Calls:
    """What one function, constant or lambda does to others, as far as the graph of calls wants to know.

    `counts` says how often it calls each by its name, methods of interfaces under the name of their table,
    `handed` what types it hands to functions with type parameters. `values` are functions that it uses as
    values, `hands_on` those whose value is its own.

    `called` are the values that it calls: its parameters by their places, None for any other. Those of `takes` are
    only called and handed on. `hands` are calls with functions as arguments, `by_hand` the functions that it
    reaches in no other way.
    """

    reaches: frozenset[str]
    counts: tuple[tuple[str, int], ...]
    handed: tuple[tuple[str, tuple[tuple[str, Ty], ...]], ...]
    values: tuple[str, ...]
    hands_on: frozenset[str]
    lambdas: tuple[str, ...]
    wants_types: frozenset[str]
    called: frozenset[int | None]
    takes: frozenset[int]
    hands: frozenset[Hand]
    by_hand: frozenset[str]
    loops: bool
    uses_context: bool
    walks: bool
    shrinks: bool


@dataclass(frozen=True, slots=True)
class Served:
    """Which calls go to twins: what each twin takes, and the functions that it must not be handed."""

    takes: Mapping[str, frozenset[int]]
    unfit: frozenset[str] = frozenset()

    def serves(
        self, hand: Hand, own: frozenset[int] = frozenset(), renamed: Mapping[str, str] | None = None
    ) -> bool:
        """Whether a call goes to the twin. `own` are the parameters of the caller that hold Python functions."""
        taken = self.takes.get(hand.callee)
        return taken is not None and all(
            place in taken if given in own else place not in taken or self._fits(given, renamed or {})
            for place, given in hand.given
        )

    def _fits(self, given: Given, renamed: Mapping[str, str]) -> bool:
        return isinstance(given, str) and renamed.get(given, given) not in self.unfit


@dataclass(frozen=True, slots=True)
class Effects:
    """`outside` are the functions that loop, suspend or reach an operation, `shrinks` those that may take elements
    from a list.

    Work without a loop is unbounded only where calls multiply: `branching` has, by caller, the functions that may
    lead back to the caller, if it calls them in more than one place or in a loop. `heavy` are functions that lead
    to many calls all the same.

    `shows` are functions whose streams show what an LLM function answers; see `showing`.

    `served` are the calls that go to twins; `to_twins` are functions that lead to one. See `twins`.
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
    served: Served = field(default_factory=lambda: Served({}))
    to_twins: frozenset[str] = frozenset()

    def is_plain(self, name: str) -> bool:
        """Whether its code is called as it is, and surely comes back: it never waits, needs no context, and calls
        nothing but functions of which this is known."""
        return not (name in self.needs_context or name in self.suspends or name in self.to_twins)
