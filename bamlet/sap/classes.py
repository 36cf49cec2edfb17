"""A finished reading as a class: by its keys, as the one field it has, or as nothing but defaults."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .leaves import mismatch
from .nodes import ArrayNode, Node, ObjectNode, TextNode, display
from .outcome import (
    ALL_DEFAULTS,
    EMPTIED,
    FROM_TEXT,
    INEXACT,
    POURED,
    Failure,
    Note,
    Notes,
    Outcome,
    Result,
    Step,
    dropped,
    notes_below,
    rank,
)
from .targets import ClassTarget

if TYPE_CHECKING:
    from .coerce import Coercer


def class_of(coercer: Coercer, target: ClassTarget, node: Node) -> Result:
    if isinstance(node, ObjectNode):
        result = _class_of_object(coercer, target, node)
        if result is not None:
            return result
    candidates: list[Outcome] = []
    failure: Failure = _missing_all(target) if isinstance(node, ObjectNode) else mismatch(target, node)
    if len(target.fields) == 1:
        implied = _implied(coercer, target, node)
        if isinstance(implied, Outcome):
            candidates.append(implied)
        elif not isinstance(node, ObjectNode):
            failure = implied
    if isinstance(node, ArrayNode):
        element = coercer.first_of_list(target, node) if node.values else None
        if isinstance(element, Outcome):
            candidates.append(element)
        elif isinstance(element, Failure) and len(node.values) == 1:
            failure = element
    if candidates:
        return min(candidates, key=rank)
    if all(entry.target.defaulted for entry in target.fields):
        return _all_defaults(coercer, target, node)
    return failure


def _implied(coercer: Coercer, target: ClassTarget, node: Node) -> Result:
    """The whole value as the one field of the class."""
    entry = target.fields[0]
    result = coercer.coerce(node, entry.target)
    if isinstance(result, Failure):
        return Failure("", ((entry.name, result),))
    if isinstance(node, ObjectNode) and result.flags & (POURED | EMPTIED):
        return _missing_all(target)
    if (isinstance(node, TextNode) and node.is_null()) or result.value is None:
        return mismatch(target, node)
    from_text = FROM_TEXT if isinstance(node, TextNode) and node.is_word() else result.flags & FROM_TEXT
    value = coercer.make_class(target.schema, {entry.name: coercer.complete(entry.target, result.value)})
    return Outcome(value, result.points + 2, result.lost, INEXACT | from_text, notes_below(entry.name, result))


def _all_defaults(coercer: Coercer, target: ClassTarget, node: Node) -> Outcome:
    fields = {entry.name: coercer.absent(entry.target) for entry in target.fields}
    notes: Notes = []
    if not isinstance(node, ObjectNode) or node.values:
        notes.append((None, Note("dropped", mismatch(target, node).reason, display(node))))
    return Outcome(
        coercer.make_class(target.schema, fields),
        2 * len(fields),
        1,
        INEXACT | ALL_DEFAULTS,
        notes or None,
    )


def _class_of_object(coercer: Coercer, target: ClassTarget, node: ObjectNode) -> Result | None:
    """Nothing when no key of the object belongs to the class and the class wants some."""
    found: dict[str, tuple[Result, Node]] = {}
    points = lost = flags = 0
    notes: Notes = [(key, Note("ignored", "a key without a value", "")) for key in node.orphans]
    for key, item in zip(node.keys, node.values, strict=False):
        entry = target.find(key)
        if entry is None or entry.name in found:
            reason = "no such field" if entry is None else "the key was there before"
            notes.append((key, Note("ignored", reason, display(item))))
            points += 1
            flags |= INEXACT
        else:
            found[entry.name] = coercer.coerce(item, entry.target), item
    if not found and target.fields and (len(target.fields) == 1 or notes):
        return None
    fields: dict[str, object] = {}
    causes: list[tuple[Step | None, Failure]] = []
    for entry in target.fields:
        name, wanted = entry.name, entry.target
        pair = found.get(name)
        if pair is None:
            if wanted.defaulted:
                fields[name] = coercer.absent(wanted)
                points += 1
            else:
                causes.append((name, Failure(f"expected {wanted.name}, got nothing")))
            continue
        result, item = pair
        if isinstance(result, Outcome):
            fields[name] = coercer.complete(wanted, result.value)
            points += result.points
            lost += result.lost
            flags |= result.flags & INEXACT
            if result.notes:
                notes.append((name, result))
        elif isinstance(result, Failure) and wanted.defaulted and (wanted.optional or not result.asserted):
            fields[name] = coercer.complete(wanted, wanted.empty())
            points += 2
            flags |= INEXACT
            if not (isinstance(item, TextNode) and item.is_null()):
                lost += 1
                notes.append((name, dropped(result, item)))
        else:
            causes.append((name, result))
    if causes:
        return Failure(f"expected {target.name}", tuple(causes))
    value = coercer.make_class(target.schema, fields)
    return Outcome(value, points, lost, flags, notes or None)


def _missing_all(target: ClassTarget) -> Failure:
    return Failure(
        f"expected {target.name}",
        tuple(
            (entry.name, Failure(f"expected {entry.target.name}, got nothing"))
            for entry in target.fields
            if not entry.target.defaulted
        ),
    )
