"""What a stream has shown last of a value, and whether what it shows next goes on with that."""

from __future__ import annotations

from typing import TypeAlias

from ..types.nothing import NOTHING
from .commitment import HIDDEN
from .factory import Factory, State
from .nodes import Node
from .targets import Target

# A partial value, its state, and the reading that it is taken from, once that says something.
Showing: TypeAlias = tuple[object, State, Node | None]


class Shown:
    """`value` is the snapshot, `root` the reading that it is taken from. `replaced` tells that it does not go on
    with the one before it, `era` how often that was so. `speaks` is for a text or a word that stands by itself.
    """

    __slots__ = (
        "_bare",
        "_blank",
        "_factory",
        "_repeated",
        "_said",
        "_skeleton",
        "_target",
        "era",
        "replaced",
        "root",
        "speaks",
        "value",
    )

    def __init__(self, target: Target, factory: Factory, *, skeleton: bool) -> None:
        self._target = target
        self._factory = factory
        self._skeleton = skeleton
        self._said: object = HIDDEN
        self._blank: object = HIDDEN
        self._repeated = 0
        self._bare: tuple[object, State] = (NOTHING, "Pending")
        self.value: object = NOTHING
        self.root: Node | None = None
        self.speaks = False
        self.replaced = False
        self.era = 0

    def text(self, text: str) -> None:
        """What `take` does for a text, which only grows."""
        self.replaced = False
        self.value = self._blank = text
        self._bare = text, "Incomplete" if text else "Pending"

    def grown(self, value: object, repeated: int) -> None:
        """More of the reading that is on show. `repeated` counts the keys of maps that came again."""
        self.replaced = False
        if repeated != self._repeated:
            self._repeated = repeated
            self.replaced = True
            self.era += 1
        self._bare = (value, "Incomplete")  # what is open is made anew each time
        self.value = self._factory.with_state(value, "Incomplete") if self._target.with_state else value

    def take(self, new: Showing, repeated: int, *, taken_back: bool) -> None:
        """Keep what is to be shown; the same value in the same state stays the same object."""
        value, state, root = new
        if repeated != self._repeated:
            self._repeated = repeated
            taken_back = True
        if root is None or root is not self.root:
            taken_back = self._comes_instead(value, root) or taken_back
            self.root = root
        self.replaced = taken_back
        self.era += taken_back
        if value is not self._bare[0] or state != self._bare[1]:
            self._bare = (value, state)
            if value is HIDDEN:
                self.value = None if self._skeleton else NOTHING
            else:
                self.value = self._factory.with_state(value, state) if self._target.with_state else value

    def _comes_instead(self, value: object, root: Node | None) -> bool:
        """Whether it is not what goes on with what was shown before: another reading, or another word."""
        taken_back = self.root is not None and root is not self.root
        said = self._said
        if said is not HIDDEN and (value is not HIDDEN or self._skeleton) and not _continues(said, value):
            taken_back = True
        if not (value is None or value is HIDDEN or self._blank is HIDDEN):
            # What stood for a class that had not begun says that it will be one.
            taken_back = taken_back or type(value) is not type(self._blank)
        if value is not HIDDEN or self._skeleton:
            # A text or a word of its own. What was shown counts as shown while nothing else is.
            self._said = value if root is None and self.speaks else HIDDEN
            self._blank = HIDDEN if root is not None or self.speaks or value is None else value
        return taken_back


def _continues(said: object, value: object) -> bool:
    """Whether a text only grew, and any other word of its own stayed. Null is nothing yet."""
    if isinstance(said, str):
        return isinstance(value, str) and value.startswith(said)
    return said is None or said == value
