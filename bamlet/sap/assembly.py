"""Lists, maps and objects put together of their coerced parts: at once, or slice by slice where they are long."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import Any, Final, Protocol, TypeAlias

from .escapes import TORN
from .nodes import ArrayNode, Container, Node, ObjectNode, TextNode
from .outcome import REPEATED, Failure, Note, Notes, Outcome, Result, Tally
from .parts import exact_variants
from .targets import ClassTarget, ListTarget, MapTarget, Target, UnionTarget

SLICE: Final = 512  # parts that are put together between two pauses


class Assembly(Tally):
    """What the parts gave, and cost: the items, the entries, or for a class the node of each field.

    `taken` are the nodes whose values are the entries of a map.
    """

    __slots__ = ("taken", "values")
    values: Any
    taken: dict[object, Node]


class Parts(Protocol):
    """What putting together asks of a coercer."""

    def coerce(self, node: Node, target: Target) -> Result: ...
    def complete(self, target: Target, value: object) -> object: ...
    def map_key(self, target: MapTarget, key: str) -> Result: ...


def items_of(node: ArrayNode) -> Assembly:
    made = Assembly()
    made.values = []
    return made


def add_items(coercer: Parts, target: ListTarget, made: Assembly, items: Iterable[tuple[int, Node]]) -> None:
    wanted, values = target.item, made.values
    for index, item in items:
        result = coercer.coerce(item, wanted)
        if isinstance(result, Outcome):
            values.append(coercer.complete(wanted, result.value))
            made.take(index, result)
        else:
            made.drop(index, result, item, points=1 + index)


def entries_of(node: ObjectNode) -> Assembly:
    made = Assembly(points=1)
    made.values, made.taken = {}, {}
    if node.orphans:
        _note_orphans(made, node)
    return made


def add_entries(coercer: Parts, target: MapTarget, made: Assembly, parts: Iterable[tuple[str, Node]]) -> None:
    values, taken = made.values, made.taken
    for key, item in parts:
        name = coercer.map_key(target, key)
        if isinstance(name, Failure):
            made.drop(key, name, item, points=1)
            continue
        result = coercer.coerce(item, target.value)
        if isinstance(result, Failure):
            made.drop(key, result, item, points=1)
            continue
        if name.value in taken:
            made.drop(key, REPEATED, taken[name.value], points=1)
        taken[name.value] = item
        values[name.value] = coercer.complete(target.value, result.value)
        made.take(key, result)


def fields_of(node: ObjectNode) -> Assembly:
    made = Assembly()
    made.values = {}
    if node.orphans:
        _note_orphans(made, node)
    return made


def add_fields(_: object, target: ClassTarget, made: Assembly, parts: Iterable[tuple[str, Node]]) -> None:
    """The first value of each field; every other key is ignored, with a note."""
    found = made.values
    for key, item in parts:
        entry = target.find(key)
        if entry is None:
            made.ignore(key, "no such field", item)
        elif entry.name in found:
            made.ignore(key, "the key was there before", item)
        else:
            found[entry.name] = item


def _note_orphans(made: Assembly, node: ObjectNode) -> None:
    for step, note in orphan_notes(node):
        made.note(step, note)


def orphan_notes(node: Node) -> Notes:
    """Keys without values, values without keys, and keys that are not as they were meant."""
    notes: Notes = []
    for orphan in (isinstance(node, ObjectNode) and node.orphans) or ():
        if isinstance(orphan, TextNode) and orphan.torn:
            notes.append((orphan.text(), Note("coerced", TORN, orphan, lossy=True)))
        elif isinstance(orphan, TextNode):
            notes.append((orphan.text(), Note("ignored", "a key without a value", orphan)))
        else:
            notes.append((None, Note("ignored", "a value without a key", orphan)))
    return notes


_Begin: TypeAlias = Callable[[Any], Assembly]
_Add: TypeAlias = Callable[[Any, Any, Assembly, Iterable[Any]], None]
_ASSEMBLING: dict[type[Target], tuple[type[Container], _Begin, _Add]] = {
    ListTarget: (ArrayNode, items_of, add_items),
    MapTarget: (ObjectNode, entries_of, add_entries),
    ClassTarget: (ObjectNode, fields_of, add_fields),
}


def assembling(
    coercer: Parts, node: Node, target: Target, made: dict[tuple[Node, Target], Assembly]
) -> Iterator[None]:
    """What the pair, and each variant of it, is put together of, with pauses."""
    if isinstance(node, TextNode) or len(node.values) <= SLICE:
        return
    for variant in _variants(node, target):
        kind, begin, add = _ASSEMBLING[type(variant)]
        if not isinstance(node, kind):
            continue
        assembly = begin(node)
        parts = parts_of(node)
        while some := list(islice(parts, SLICE)):
            add(coercer, variant, assembly, some)
            yield
        made[node, variant] = assembly


def parts_of(node: Container) -> Iterator[tuple[Any, Node]]:
    """Each with its index or its key."""
    return enumerate(node.values) if isinstance(node, ArrayNode) else zip(node.keys, node.values, strict=False)


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
