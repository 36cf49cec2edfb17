"""What can be shown of a reading that is still open: finished parts shared, only the open path built anew.

The open nodes of a reading are a chain: the last child of each may be open, nothing else. Each has a cursor
that keeps what its finished children gave. A snapshot walks down the chain, moves each cursor over what
was finished since, and builds fresh containers on the way back up.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeAlias

from .assembly import orphan_notes
from .coerce import Coercer
from .commitment import HIDDEN, commit, open_text, string_in
from .factory import Factory
from .growing import Lists, Maps
from .nodes import ArrayNode, Container, Node, ObjectNode, TextNode
from .outcome import REPEATED, Failure, Note, Notes, Outcome, Result, Step, dropped
from .targets import ClassTarget, FieldTarget, ListTarget, MapTarget, Target


class ClassCursor:
    __slots__ = (
        "_base",
        "_coercer",
        "_entry",
        "_factory",
        "_next",
        "_required",
        "_seen",
        "node",
        "notes",
        "target",
    )

    def __init__(
        self,
        node: ObjectNode,
        target: ClassTarget,
        required: tuple[FieldTarget, ...],
        coercer: Coercer,
        factory: Factory,
        *,
        skeleton: bool,
    ) -> None:
        self.node = node
        self.target = target
        self._coercer = coercer
        self._factory = factory
        self._base = {entry.name: None if skeleton else coercer.absent(entry.target) for entry in target.fields}
        self._required = required
        self._next = 0
        self._seen: set[str] = set()
        self._entry: FieldTarget | None = None
        self.notes: Notes = []

    @property
    def open_step(self) -> Step | None:
        return self._entry.name if self._entry is not None else None

    @property
    def begun(self) -> bool:
        """Whether a key was met that the class knows: the first one, or one that has a value."""
        if self._seen or self._entry is not None:
            return True
        first = self.node.first_key
        return first is not None and self.target.find(first) is not None

    def advance(self) -> tuple[Node, Target] | None:
        """Take in what was finished; the child that is open, if one is."""
        node = self.node
        values = node.values
        index, count = self._next, len(values)
        self._entry = None
        while index < count:
            key = node.keys[index]
            entry = self.target.find(key)
            reason = "no such field"
            if entry is not None and entry.name in self._seen:
                entry = None
                reason = "the key was there before"
            child = values[index]
            if not child.done:
                self._next = index
                self._entry = entry
                return None if entry is None else (child, entry.target)
            if entry is not None:
                self._settle(entry, child)
            else:
                self.notes.append((key, Note("ignored", reason, child)))
            index += 1
        self._next = index
        return None

    def _settle(self, entry: FieldTarget, child: Node) -> None:
        self._seen.add(entry.name)
        result = self._coercer.coerce(child, entry.target)
        keep_notes(self.notes, entry.name, result, child)
        value = result.value if isinstance(result, Outcome) else entry.target.empty()
        self._base[entry.name] = self._coercer.complete(entry.target, value)

    def snapshot(self, inner: object) -> object:
        fields = self._base.copy()
        entry = self._entry
        if entry is not None:
            if not entry.target.with_state:  # of nearly all
                if inner is not HIDDEN:
                    fields[entry.name] = inner
            elif inner is not HIDDEN:
                fields[entry.name] = self._coercer.incomplete(entry.target, inner)
            else:
                fields[entry.name] = self._coercer.incomplete(entry.target, entry.target.empty())
        if self._required and not self._is_complete(inner):
            return HIDDEN
        return self._factory.partial(self.target.schema, fields)

    def _is_complete(self, inner: object) -> bool:
        for entry in self._required:
            if entry is self._entry:
                if inner is HIDDEN:
                    return False
            elif entry.name not in self._seen or self._base[entry.name] is None:
                return False
        return True


class ListCursor:
    __slots__ = ("_coercer", "_items", "_next", "_open", "_snapshots", "node", "notes", "target")

    begun = True

    def __init__(self, node: ArrayNode, target: ListTarget, coercer: Coercer) -> None:
        self.node = node
        self.target = target
        self._coercer = coercer
        self._items: list[object] = []
        self._snapshots = Lists()
        self._next = 0
        self._open = False
        self.notes: Notes = []

    @property
    def open_step(self) -> Step | None:
        return self._next if self._open else None

    @property
    def count(self) -> int:
        return len(self._items)

    def advance(self) -> tuple[Node, Target] | None:
        values = self.node.values
        item = self.target.item
        index, count = self._next, len(values)
        self._open = False
        while index < count:
            child = values[index]
            if not child.done:
                self._open = True
                break
            result = self._coercer.coerce(child, item)
            if not isinstance(child, TextNode):
                child.cursor = None  # nobody goes down there any more, and there are many
            keep_notes(self.notes, index, result, child)
            if isinstance(result, Outcome):
                self._items.append(self._coercer.complete(item, result.value))
            index += 1
        self._next = index
        return (values[index], item) if self._open else None

    def snapshot(self, inner: object) -> object:
        items = self._snapshots.copy_of(self._items)
        if self._open and inner is not HIDDEN:
            item = self.target.item
            items.append(self._coercer.incomplete(item, inner) if item.with_state else inner)
        return items


class MapCursor:
    __slots__ = (
        "_again",
        "_coercer",
        "_key",
        "_next",
        "_open",
        "_repeated",
        "_snapshots",
        "_taken",
        "_values",
        "node",
        "notes",
        "target",
    )

    begun = True

    def __init__(self, node: ObjectNode, target: MapTarget, coercer: Coercer) -> None:
        self.node = node
        self.target = target
        self._coercer = coercer
        self._values: dict[object, object] = {}
        self._snapshots = Maps()
        self._taken: dict[object, Node] = {}
        self._next = 0
        self._open = False
        self._key: object = None
        self._again = -1
        self._repeated = 0
        self.notes: Notes = []

    @property
    def open_step(self) -> Step | None:
        return self.node.keys[self._next] if self._open else None

    def advance(self) -> tuple[Node, Target] | None:
        node, target = self.node, self.target
        values = node.values
        index, count = self._next, len(values)
        self._open = False
        while index < count:
            key = self._coercer.map_key(target, node.keys[index])
            child = values[index]
            if not child.done:
                self._next = index
                if not isinstance(key, Outcome):
                    return None
                self._open = True
                self._key = key.value
                return child, target.value
            result = self._coercer.coerce(child, target.value)
            keep_notes(self.notes, node.keys[index], result if isinstance(key, Outcome) else key, child)
            if isinstance(key, Outcome) and isinstance(result, Outcome):
                if key.value in self._taken:
                    self._comes_again(index)
                    self.notes.append((node.keys[index], dropped(REPEATED, self._taken[key.value])))
                self._taken[key.value] = child
                self._values[key.value] = self._coercer.complete(target.value, result.value)
            index += 1
        self._next = index
        return None

    @property
    def is_overwritten(self) -> bool:
        """Whether the open entry, of which nothing was shown, takes the place of an earlier one at its end."""
        if not self._open or self._key not in self._taken or self._next == self._again:
            return False
        return isinstance(self._coercer.coerce(self.node.values[self._next], self.target.value), Outcome)

    def _comes_again(self, index: int) -> None:
        if index != self._again:
            self._again = index
            self._coercer.repeated += 1
            self._repeated += 1

    def snapshot(self, inner: object) -> object:
        if not self._open or inner is HIDDEN:
            return self._snapshots.copy_of(self._values, self._repeated)
        if self._key in self._taken:
            self._comes_again(self._next)
            values = self._values.copy()
        else:
            values = self._snapshots.copy_of(self._values, self._repeated)
        values[self._key] = self._coercer.incomplete(self.target.value, inner)
        return values


def keep_notes(notes: Notes, step: Step, result: Result, child: Node) -> None:
    if isinstance(result, Failure):
        notes.append((step, dropped(result, child)))
    elif result.notes:
        notes.append((step, result))


Cursor: TypeAlias = ClassCursor | ListCursor | MapCursor
Level: TypeAlias = tuple[Cursor, Target]


class Spine:
    """With `skeleton`, whatever has not begun is null, lists and maps too.

    Of the last snapshot that showed something it keeps what was open: the first `_visible` ones of `_levels`, from
    the root downwards, the `_inner`most reading and what it is `_wanted` as, and its `_text`, if that was shown.
    """

    def __init__(self, coercer: Coercer, factory: Factory, *, skeleton: bool = False) -> None:
        self._coercer = coercer
        self._factory = factory
        self._skeleton = skeleton
        self._levels: list[Level] = []
        self._visible = 0
        self._inner: Node | None = None
        self._wanted: Target = _NOTHING_WANTED
        self._text: object = None
        self._required: dict[ClassTarget, tuple[FieldTarget, ...]] = {}

    @property
    def is_open(self) -> bool:
        """Whether all that the last snapshot showed as open still is."""
        return self._inner is not None and not self._inner.done

    def is_taken_back(self, *, ended: bool) -> bool:
        """Whether something of the last snapshot did not become what it was shown as, now that it is finished.

        A root that is no value of its type stays on show. With `ended`, what is open is finished as well.
        """
        node, target = self._inner, self._wanted
        if node is None:
            return False
        # What is open lies around the innermost reading: while that is open, all are.
        if not (ended or node.done):
            return False
        for number in range(self._visible):
            cursor, wanted = self._levels[number]
            if ended or cursor.node.done:
                if type(cursor) is MapCursor:
                    cursor.advance()
                    if ended and cursor.is_overwritten:
                        return True
                if not self._is_as_shown(cursor.node, wanted, cursor.target, is_root=number == 0):
                    return True
        if not isinstance(self._text, str) or self._visible < len(self._levels):
            return False
        assert isinstance(node, TextNode)
        if not node.text().startswith(self._text):
            return True
        return not self._is_as_shown(node, target, string_in(target), is_root=not self._levels)

    def _is_as_shown(self, node: Node, target: Target, shown: Target, *, is_root: bool) -> bool:
        result = self._coercer.coerce(node, target)
        if isinstance(result, Failure):
            return is_root
        as_shown = result if shown is target else self._coercer.coerce(node, shown)
        return isinstance(as_shown, Outcome) and as_shown.value is result.value

    def show(self, node: Node, target: Target) -> object:
        """The value as far as it goes, or `HIDDEN`."""
        if node.done:
            result = self._coercer.coerce(node, target)
            if isinstance(result, Failure):
                return HIDDEN
            self._inner = None
            return result.value
        return self.show_open(node, target)

    def show_open(self, root: Node, target: Target) -> object:
        """The same, as if the node itself were not finished yet."""
        levels, node, wanted = self._levels, self._inner, self._wanted
        # While a text is open, so is all around it, and nothing comes behind it: the way to it is the last one.
        is_known = type(node) is TextNode and not node.done and levels and levels[0][0].node is root
        if node is None or not is_known or levels[0][1] is not target:
            levels, node, wanted = self._walk(root, target)
        value: object = HIDDEN
        text: object = None
        visible = len(levels)
        if type(node) is TextNode:
            value = text = open_text(node, wanted)
            if wanted.constraints:
                value = self.unchecked(wanted, value)
        elif visible > 1 and not levels[-1][0].begun and type(levels[-2][0]) is ListCursor:
            visible -= 1  # an item shows itself with its first key
        number = visible
        for cursor, shown_as in reversed(levels if visible == len(levels) else levels[:visible]):
            number -= 1
            value = cursor.snapshot(value)
            if shown_as.constraints:
                value = self.unchecked(shown_as, value)
            if value is HIDDEN:
                visible = number
        if value is not HIDDEN:
            self._levels, self._visible, self._text = levels, visible, text
            self._inner, self._wanted = node, wanted
        return value

    def _walk(self, node: Node, target: Target) -> tuple[list[Level], Node, Target]:
        """Down to the innermost open reading: the cursors on the way, the reading, and what it is to be."""
        levels: list[Level] = []
        while not isinstance(node, TextNode):
            cursor = node.cursor if type(node.cursor) in _CURSORS else self._begin(node, target)
            if cursor is None:
                break
            levels.append((cursor, target))
            child = cursor.advance()
            if child is None:
                break
            node, target = child
        return levels, node, target

    def notes(self, node: Node, target: Target) -> Outcome:
        """What was noted so far about a value, as if it were finished."""
        if node.done:
            result = self._coercer.coerce(node, target)
            return result if isinstance(result, Outcome) else Outcome(None, notes=[(None, dropped(result, node))])
        cursors: list[Cursor] = []
        here: Node | None = node
        while isinstance(here, ObjectNode | ArrayNode) and isinstance(here.cursor, _CURSORS):
            cursors.append(here.cursor)
            here = here.values[-1] if here.cursor.open_step is not None else None
        inner: Outcome | None = None
        for cursor in reversed(cursors):
            notes = [*cursor.notes, *orphan_notes(cursor.node)]
            if inner is not None and inner.notes:
                notes.append((cursor.open_step, inner))
            inner = Outcome(None, notes=notes)
        return inner or Outcome(None)

    def finished(self, node: Node, path: Iterable[str]) -> int | None:
        """How many items of the list at a path are finished; None when the list is, or is not open yet."""
        for step in path:
            if not isinstance(node, ObjectNode) or not isinstance(node.cursor, ClassCursor | MapCursor):
                return None
            if node.done or node.cursor.open_step != step:
                return None
            node = node.values[-1]
        if isinstance(node, ArrayNode) and not node.done and isinstance(node.cursor, ListCursor):
            return node.cursor.count
        return None

    def unchecked(self, target: Target, value: object) -> object:
        """Checks are made when the value is complete; until then it has none."""
        if value is HIDDEN or not self._coercer.wraps(target):
            return value
        return self._factory.checked(value, {})

    def _begin(self, node: Container, target: Target) -> Cursor | None:
        """A cursor for the one type that the node can be, once that is known."""
        if target.done:
            return None
        chosen = commit(node, target, self._coercer)
        if chosen is None or chosen.done:
            return None
        cursor: Cursor
        if type(chosen) is ClassTarget and isinstance(node, ObjectNode):
            required = self._required_of(chosen)
            cursor = ClassCursor(node, chosen, required, self._coercer, self._factory, skeleton=self._skeleton)
        elif type(chosen) is MapTarget and isinstance(node, ObjectNode):
            cursor = MapCursor(node, chosen, self._coercer)
        elif type(chosen) is ListTarget and isinstance(node, ArrayNode):
            cursor = ListCursor(node, chosen, self._coercer)
        else:
            return None
        node.cursor = cursor
        return cursor

    def _required_of(self, target: ClassTarget) -> tuple[FieldTarget, ...]:
        known = self._required.get(target)
        if known is None:
            known = tuple(entry for entry in target.fields if is_required(entry.target))
            self._required[target] = known
        return known


def begun(node: Container) -> bool:
    """Whether an open value has something of its own to show."""
    return node.done or (type(node.cursor) in _CURSORS and node.cursor.begun)


def is_required(target: Target) -> bool:
    """`@stream.not_null` means something only where null could be."""
    return target.not_null and not target.optional and type(target) not in (ListTarget, MapTarget)


_NOTHING_WANTED = Target(name="")
_CURSORS = (ClassCursor, ListCursor, MapCursor)
