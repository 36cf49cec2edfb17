"""A place in a template that names something."""

from __future__ import annotations

from ..records import dataclass

GLOBAL_NAMES = frozenset({"debug", "dict", "loop", "namespace", "range"})
"""Functions that every template has, and the loop's own name."""


@dataclass(frozen=True, slots=True)
class Arguments:
    """How many stand by their place, and the names of the others."""

    positional: int
    named: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class NameUse:
    """`path` is what is read from the name: `("client", "name")` for `ctx.client.name`.

    `line` and `column` count from 1 in the template's text; `call` is there if the name itself is called;
    `looped` says that a `for` goes over it; `element_of` is what the `for` that binds the name goes over.
    """

    name: str
    path: tuple[str, ...]
    line: int
    column: int
    call: Arguments | None = None
    looped: bool = False
    element_of: NameUse | None = None
