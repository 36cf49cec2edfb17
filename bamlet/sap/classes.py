"""A finished reading as a class: by its keys, as the one field it has, or as nothing but defaults."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from .assembly import SLICE, Assembly, add_fields, fields_of
from .leaves import mismatch
from .nodes import ArrayNode, Node, ObjectNode, TextNode, describe
from .outcome import (
    ALL_DEFAULTS,
    EMPTIED,
    FROM_TEXT,
    IMPLIED,
    INEXACT,
    MADE_UP,
    POURED,
    Failure,
    Note,
    Notes,
    Outcome,
    Result,
    Step,
    Tally,
    notes_below,
    rank,
)
from .targets import ClassTarget, FieldTarget, Target


class PartCoercer(Protocol):
    """What a class asks of the coercer that meets one: the values of its fields, and what is made of them."""

    @property
    def is_for_partials(self) -> bool: ...
    @property
    def make_class(self) -> Callable[[str, dict[str, object]], object]: ...
    def coerce(self, node: Node, target: Target) -> Result: ...
    def first_of_list(self, target: Target, node: ArrayNode) -> Result: ...
    def complete(self, target: Target, value: object) -> object: ...
    def absent(self, target: Target) -> object: ...
    def assembly(self, node: Node, target: Target) -> Assembly | None: ...


def class_of(coercer: PartCoercer, target: ClassTarget, node: Node) -> Result:
    if isinstance(node, ObjectNode):
        result = _class_of_object(coercer, target, node)
        if result is not None:
            return result
    candidates: list[Outcome] = []
    failure: Failure = _missing_all(target) if isinstance(node, ObjectNode) else mismatch(target, node)
    element: Result | None = None
    if isinstance(node, ArrayNode) and node.values:
        element = coercer.first_of_list(target, node)
    if len(target.fields) == 1:
        implied = _implied(coercer, target, node, element)
        if isinstance(implied, Outcome):
            candidates.append(implied)
        elif not isinstance(node, ObjectNode):
            failure = implied
    if isinstance(element, Outcome):
        candidates.append(element)
    elif isinstance(node, ArrayNode) and len(node.values) == 1 and element is not None:
        failure = element
    if candidates:
        return min(candidates, key=rank)
    if all(entry.defaulted for entry in target.fields):
        return _all_defaults(coercer, target, node)
    return failure


def _implied(coercer: PartCoercer, target: ClassTarget, node: Node, element: Result | None) -> Result:
    """The whole value as the one field of the class.

    A list is not that field if it has an `element` that is of the class by its keys, and holds no less.
    """
    entry = target.fields[0]
    result = coercer.coerce(node, entry.target)
    if isinstance(result, Failure):
        return Failure("", ((entry.name, result),))
    if isinstance(node, ObjectNode) and result.flags & (POURED | EMPTIED):
        return _missing_all(target)
    if isinstance(element, Outcome) and not element.flags & MADE_UP:
        if result.flags & POURED or result.lost >= element.lost:
            return mismatch(target, node)
    if (isinstance(node, TextNode) and node.is_null()) or result.value is None:
        return mismatch(target, node)
    from_text = FROM_TEXT if isinstance(node, TextNode) and node.is_word() else result.flags & FROM_TEXT
    value = coercer.make_class(target.schema, {entry.name: coercer.complete(entry.target, result.value)})
    notes: Notes = [(None, Note("coerced", f"{describe(node)} read as {target.name}.{entry.name}", node))]
    notes += notes_below(entry.name, result) or ()
    flags = INEXACT | IMPLIED | from_text | (result.flags & POURED)
    return Outcome(value, result.points + 2, result.lost, flags, notes)


def _all_defaults(coercer: PartCoercer, target: ClassTarget, node: Node) -> Outcome:
    fields = {entry.name: coercer.absent(entry.target) for entry in target.fields}
    notes: Notes = []
    if not isinstance(node, ObjectNode) or node.values:
        notes.append((None, Note("dropped", mismatch(target, node).reason, node)))
    return Outcome(
        coercer.make_class(target.schema, fields),
        2 * len(fields),
        1,
        INEXACT | ALL_DEFAULTS,
        notes or None,
    )


def _class_of_object(coercer: PartCoercer, target: ClassTarget, node: ObjectNode) -> Result | None:
    """Nothing when no key of the object belongs to the class and the class wants some."""
    tally = coercer.assembly(node, target) if len(node.values) > SLICE else None
    if tally is None:
        tally = fields_of(node)
        add_fields(coercer, target, tally, zip(node.keys, node.values, strict=False))
    found: dict[str, Node] = tally.values
    if not found and target.fields and (len(target.fields) == 1 or tally.notes):
        return None
    fields: dict[str, object] = {}
    causes: list[tuple[Step | None, Failure]] = []
    for entry in target.fields:
        name, wanted = entry.name, entry.target
        item = found.get(name)
        if item is None:
            if entry.defaulted:
                fields[name] = coercer.absent(wanted)
                tally.points += 1
            else:
                causes.append((name, _missing(entry)))
            continue
        result = coercer.coerce(item, wanted)
        if isinstance(result, Outcome):
            fields[name] = coercer.complete(wanted, result.value)
            tally.take(name, result)
        elif _has_stand_in(wanted, result):
            fields[name] = coercer.complete(wanted, wanted.empty())
            _stand_in(name, result, item, tally)
        elif coercer.is_for_partials and not wanted.not_null and _is_null(item):
            fields[name] = coercer.complete(wanted, None)
            tally.drop(name, result, item, points=2)
        else:
            causes.append((name, result if entry.key == name else result.under(entry.key)))
    if causes:
        return Failure(f"expected {target.name}", tuple(causes))
    return tally.outcome(coercer.make_class(target.schema, fields))


def _has_stand_in(target: Target, failure: Failure) -> bool:
    """Null or an empty container stands for what cannot be used, but not for a list that was refused."""
    return target.defaulted and (target.optional or not failure.asserted)


def _is_null(node: Node) -> bool:
    """In a partial any field may be null; a class is not taken back because the text says so."""
    return isinstance(node, TextNode) and node.is_null()


def _stand_in(name: str, failure: Failure, item: Node, tally: Tally) -> None:
    if _is_null(item):
        tally.points += 2
        tally.flags |= INEXACT
    else:
        tally.drop(name, failure, item, points=2)


def _missing(entry: FieldTarget) -> Failure:
    asked_as = "" if entry.key == entry.name else entry.key
    return Failure(f"expected {entry.target.name}, got nothing", asked_as=asked_as)


def _missing_all(target: ClassTarget) -> Failure:
    return Failure(
        f"expected {target.name}",
        tuple((entry.name, _missing(entry)) for entry in target.fields if not entry.defaulted),
    )
