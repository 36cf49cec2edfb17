"""What a consumer sees of a value that is still coming: itself, its skeleton, its changes or its finished items.

A view is asked when somebody looks, and says what is new since it was last asked.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import TYPE_CHECKING, Any, ClassVar, Literal, TypeAlias

from ..interpreter.runtime.space import CHECKED, STREAM_STATE
from ..interpreter.runtime.values import Instance
from ..records import dataclass
from ..types.nothing import NOTHING
from .changes import Change, changes_between

if TYPE_CHECKING:
    from ..sap import Report

SkeletonState: TypeAlias = Literal["pending", "partial", "complete"]


class Source:
    """What can show a value as far as it has come; `NOTHING` when there is nothing to show yet."""

    __slots__ = ()

    def snapshot(self) -> Any:
        raise NotImplementedError

    @property
    def era(self) -> int:
        """How often a snapshot did not continue the one before it."""
        return 0

    @property
    def is_behind(self) -> bool:
        """Whether much text came since the last look."""
        return False

    def catching_up(self, *, is_watched: bool) -> Generator[None, None, None]:
        """Take that text in, with pauses."""
        yield from ()

    @property
    def state(self) -> SkeletonState:
        return "complete"

    def finished(self, path: tuple[str, ...]) -> int | None:
        """How many items of the list at a path are finished; None when all that it has are."""
        return None

    @property
    def reasoning(self) -> str:
        """What the text says in a block of its own, and is no part of the value."""
        return ""

    def report(self) -> Report | None:
        """What the value does not tell, if it was read from text."""
        return None


@dataclass(frozen=True, slots=True)
class Skeleton:
    """A value with every field from the start, and how far it is."""

    value: Any
    state: SkeletonState


class View:
    """By itself it shows whole values: each that is not the one shown last."""

    __slots__ = ("_era", "_last", "replaced")

    skeleton: ClassVar[bool] = False
    """Whether values have all their fields from the start."""

    def __init__(self) -> None:
        self._last: Any = NOTHING
        self._era = 0
        self.replaced = False
        """Whether what was shown last does not continue what was shown before it."""

    def look(self, source: Source) -> Any:
        """What to show, or `NOTHING` when nothing is new."""
        value, last = source.snapshot(), self._last
        if value is last or (type(value) is type(last) and type(value) in _SCALARS and value == last):
            return NOTHING
        if value is not NOTHING:
            era = source.era
            self.replaced = era != self._era and self._last is not NOTHING
            self._last, self._era = value, era
        return value

    @property
    def has_given(self) -> bool:
        return self._last is not NOTHING

    def forget(self) -> None:
        """What was shown no longer counts."""
        self._last = NOTHING
        self._era = 0
        self.replaced = False


class SkeletonView(View):
    __slots__ = ("_state",)

    skeleton = True

    def __init__(self) -> None:
        super().__init__()
        self._state: SkeletonState = "pending"

    def look(self, source: Source) -> Any:
        if super().look(source) is NOTHING and source.state == self._state:
            return NOTHING
        self._state = source.state
        # The pending skeleton was shown before the call began.
        return NOTHING if self._state == "pending" else Skeleton(self._last, self._state)


class ChangesView(View):
    __slots__ = ()

    def look(self, source: Source) -> Any:
        before = self._last
        value = super().look(source)
        if value is NOTHING:
            return NOTHING
        if before is NOTHING or self.replaced:
            return [Change("add" if before is NOTHING else "replace", (), value)]
        return changes_between(before, value) or NOTHING


class ItemsView(View):
    """The items of one list, each when it is finished: what is shown are the new ones."""

    __slots__ = ("_given", "_path")

    def __init__(self, path: tuple[str, ...]) -> None:
        super().__init__()
        self._path = path
        self._given = 0

    def look(self, source: Source) -> Any:
        value = super().look(source)
        items = NOTHING if value is NOTHING else _at(value, self._path)
        if not isinstance(items, list):
            return NOTHING
        finished = source.finished(self._path)
        new = items[self._given : finished]
        self._given += len(new)
        return new or NOTHING

    def forget(self) -> None:
        super().forget()
        self._given = 0


def _at(value: Any, path: tuple[str, ...]) -> Any:
    """The value at a path, without the states and checks around it; `NOTHING` when it is not there."""
    for step in (*path, None):
        while isinstance(value, (STREAM_STATE, CHECKED)):
            value = value.value
        if step is None:
            return value
        if isinstance(value, Instance) and step in value.__fields__:
            value = getattr(value, step)
        elif isinstance(value, dict):
            value = value.get(step, NOTHING)
        else:
            return NOTHING
    return value


_SCALARS = frozenset((str, int, float, bool, type(None)))
