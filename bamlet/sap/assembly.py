"""Lists, maps and objects put together of their coerced parts: at once, or slice by slice where they are long."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final, Protocol, TypeAlias

from .nodes import ArrayNode, Container, Node, ObjectNode, TextNode
from .outcome import REPEATED, Failure, Note, Notes, Outcome, Result, Tally
from .parts import exact_variants
from .targets import ClassTarget, ListTarget, MapTarget, Target, UnionTarget

SLICE: Final = 512  # parts that are put together between two pauses


class Assembly:
    """What the first `next` parts gave: the items, the entries, or for a class the node of each field.

    `taken` are the nodes whose values are the entries of a map.
    """

    __slots__ = ("next", "taken", "tally", "values")
    taken: dict[object, Node]

    def __init__(self, values: Any, points: int = 0) -> None:
        self.values = values
        self.tally = Tally(points)
        self.next = 0


class Parts(Protocol):
    """What putting together asks of a coercer."""

    def coerce(self, node: Node, target: Target) -> Result: ...
    def complete(self, target: Target, value: object) -> object: ...
    def map_key(self, target: MapTarget, key: str) -> Result: ...


def items_of(node: ArrayNode) -> Assembly:
    return Assembly([])


def add_items(coercer: Parts, target: ListTarget, node: ArrayNode, made: Assembly, end: int | None) -> None:
    wanted, values, tally = target.item, made.values, made.tally
    for index, item in enumerate(node.values[made.next : end], made.next):
        result = coercer.coerce(item, wanted)
        if isinstance(result, Outcome):
            values.append(coercer.complete(wanted, result.value))
            tally.take(index, result)
        else:
            tally.drop(index, result, item, points=1 + index)


def entries_of(node: ObjectNode) -> Assembly:
    made = Assembly({}, points=1)
    made.taken = {}
    for step, note in orphan_notes(node):
        made.tally.note(step, note)
    return made


def add_entries(coercer: Parts, target: MapTarget, node: ObjectNode, made: Assembly, end: int | None) -> None:
    values, tally, taken = made.values, made.tally, made.taken
    for key, item in zip(node.keys[made.next : end], node.values[made.next : end], strict=False):
        name = coercer.map_key(target, key)
        if isinstance(name, Failure):
            tally.drop(key, name, item, points=1)
            continue
        result = coercer.coerce(item, target.value)
        if isinstance(result, Failure):
            tally.drop(key, result, item, points=1)
            continue
        if name.value in taken:
            tally.drop(key, REPEATED, taken[name.value], points=1)
        taken[name.value] = item
        values[name.value] = coercer.complete(target.value, result.value)
        tally.take(key, result)


def fields_of(node: ObjectNode) -> Assembly:
    made = Assembly({})
    if node.orphans:
        for step, note in orphan_notes(node):
            made.tally.note(step, note)
    return made


def add_fields(coercer: object, target: ClassTarget, node: ObjectNode, made: Assembly, end: int | None) -> None:
    """The first value of each field; every other key is ignored, with a note."""
    found, tally = made.values, made.tally
    for key, item in zip(node.keys[made.next : end], node.values[made.next : end], strict=False):
        entry = target.find(key)
        if entry is None:
            tally.ignore(key, "no such field", item)
        elif entry.name in found:
            tally.ignore(key, "the key was there before", item)
        else:
            found[entry.name] = item


def orphan_notes(node: Node) -> Notes:
    """Keys without values, and values without keys."""
    notes: Notes = []
    for orphan in (isinstance(node, ObjectNode) and node.orphans) or ():
        if isinstance(orphan, TextNode):
            notes.append((orphan.text(), Note("ignored", "a key without a value", orphan)))
        else:
            notes.append((None, Note("ignored", "a value without a key", orphan)))
    return notes


_Begin: TypeAlias = Callable[[Any], Assembly]
_Add: TypeAlias = Callable[[Any, Any, Any, Assembly, "int | None"], None]
_ASSEMBLING: dict[type[Target], tuple[type[Container], _Begin, _Add]] = {
    ListTarget: (ArrayNode, items_of, add_items),
    MapTarget: (ObjectNode, entries_of, add_entries),
    ClassTarget: (ObjectNode, fields_of, add_fields),
}


def assembling(
    coercer: Parts, node: Node, target: Target, begun: dict[tuple[Node, Target], Assembly]
) -> Iterator[None]:
    """What the pair, and each variant of it, is put together of, with pauses."""
    if isinstance(node, TextNode) or len(node.values) <= SLICE:
        return
    for variant in _variants(node, target):
        kind, begin, add = _ASSEMBLING[type(variant)]
        if not isinstance(node, kind):
            continue
        made = begun[node, variant] = begin(node)
        for end in range(SLICE, len(node.values) + SLICE, SLICE):
            add(coercer, variant, node, made, end)
            made.next = end
            yield


def _variants(node: Container, target: Target) -> Iterator[Target]:
    seen: set[Target] = set()
    work = [target]
    while work:
        target = work.pop()
        if target not in seen:
            seen.add(target)
            if isinstance(target, UnionTarget):
                work += reversed(exact_variants(target, node))
            elif type(target) in _ASSEMBLING:
                yield target
