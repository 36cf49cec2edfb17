"""A finished reading as a value of a type: node and target in, an outcome or a failure out.

Each pair of node and target is coerced once and remembered, so what is shared in the text is one object in
every value made from it. A lossless reading of a type beats a lossy one; see `unions` for the order.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, Protocol, TypeAlias

from ..types.ty import Constraint
from .nodes import ArrayNode, Node, ObjectNode, TextNode, describe, display, keyword
from .report import Failure, Note, Outcome, Step, first_issue
from .scalars import bool_in_text, number_in_text, whole_number
from .targets import (
    ClassTarget,
    EnumTarget,
    ListTarget,
    LiteralTarget,
    MapTarget,
    MediaTarget,
    NullTarget,
    ScalarTarget,
    Target,
    UnionTarget,
)
from .words import Match, Tie, Words

# How a value came about, apart from its points.
INEXACT = 1  # not the kind of the type as it stands
WRAPPED = 2  # one value made a list
EMPTIED = 4  # a list of which nothing was left
FROM_TEXT = 8  # a bare string poured into the one field of a class
ALL_DEFAULTS = 16  # a class of which the text gave nothing
POURED = 32  # an object or a list shown as a string
FIRST_OF_LIST = 64  # one element of a list

State: TypeAlias = Literal["Pending", "Incomplete", "Complete"]
Holds: TypeAlias = Callable[[str, object], bool]
Result: TypeAlias = Outcome | Failure

# A pair that is needed to make itself. Only a result takes its place in the memo.
_LOOP = Failure("the value would have to contain itself")
# Deeper readings are coerced from their leaves upwards: the host's stack is not ours to use up.
_RECURSION_HEIGHT = 24


@dataclass(frozen=True, slots=True)
class Check:
    """How one `@check` went; `error` says why it could not be evaluated."""

    name: str
    expression: str
    status: Literal["succeeded", "failed"]
    error: str | None = None


class Factory(Protocol):
    """Makes the host's values. The dictionaries handed in belong to the factory."""

    def instance(self, class_name: str, fields: dict[str, object]) -> object: ...
    def partial(self, class_name: str, fields: dict[str, object]) -> object: ...
    def enum_value(self, enum_name: str, member_name: str) -> object: ...
    def with_state(self, value: object, state: State) -> object: ...
    def checked(self, value: object, checks: dict[str, Check]) -> object: ...


class Coercer:
    """`streaming` makes partial classes and wraps states; types that are done come from the final coercer."""

    def __init__(self, factory: Factory, holds: Holds | None, final: Coercer | None = None) -> None:
        self._factory = factory
        self._holds = holds
        self._final = final
        self._make_class = factory.instance if final is None else factory.partial
        self._memo: dict[tuple[Node, Target], Result] = {}

    def coerce(self, node: Node, target: Target) -> Result:
        key = (node, target)
        known = self._memo.get(key)
        if known is not None:
            return known
        if self._final is not None and target.done:
            return self._final.coerce(node, target)
        if type(node) is not TextNode and node.height > _RECURSION_HEIGHT:
            self._coerce_leaves_first(node, target)
        self._memo[key] = _LOOP
        result = _COERCE[type(target)](self, target, node)
        if target.constraints and self._holds is not None and type(result) is Outcome:
            result = self._constrained(target, result, self._holds)
        self._memo[key] = result
        return result

    def _coerce_leaves_first(self, node: Node, target: Target) -> None:
        pairs: dict[tuple[Node, Target], None] = {}
        work = [(node, target)]
        while work:
            pair = work.pop()
            if pair not in pairs and pair not in self._memo:
                pairs[pair] = None
                work += _parts(*pair)
        ordered = sorted(pairs, key=lambda pair: 0 if type(pair[0]) is TextNode else pair[0].height)
        for part in ordered:
            if type(part[0]) is not TextNode and part[0] is not node:
                self.coerce(*part)

    def _constrained(self, target: Target, outcome: Outcome, holds: Holds) -> Result:
        """Constraints see the coerced value. There is nothing to say about null."""
        checks: dict[str, Check] = {}
        for constraint in target.constraints:
            if outcome.value is None:
                continue
            check = _evaluate(constraint, outcome.value, holds)
            if constraint.kind == "check":
                checks[check.name] = check
            elif check.status == "failed":
                reason = f": {check.error}" if check.error else ""
                return Failure(f"the assertion `{check.name}` does not hold{reason}", asserted=True)
        if not has_checks(target):
            return outcome
        value = self._factory.checked(outcome.value, checks)
        return Outcome(value, outcome.points, outcome.lost, outcome.flags, outcome.notes)

    def wraps(self, target: Target) -> bool:
        """Whether values of this type come with their checks."""
        return bool(target.constraints) and self._holds is not None and has_checks(target)

    def _scalar(self, target: ScalarTarget, node: Node) -> Result:
        if target.kind == "string":
            return _string(node)
        if type(node) is ArrayNode:
            return self._first_of_list(target, node)
        if type(node) is not TextNode:
            return _mismatch(target, node)
        return _SCALARS[target.kind](target, node)

    def _first_of_list(self, target: Target, node: ArrayNode) -> Result:
        for index, item in enumerate(node.values):
            result = self.coerce(item, target)
            if type(result) is Outcome:
                others = len(node.values) - 1
                notes = _notes(index, result)
                if others:
                    notes = [*(notes or ()), (None, Note("dropped", "other elements of the list", display(node)))]
                return Outcome(
                    result.value, result.points + 1, result.lost + others, INEXACT | FIRST_OF_LIST | (result.flags & FROM_TEXT), notes
                )
        return _mismatch(target, node)

    def _media(self, target: MediaTarget, node: Node) -> Result:
        return Failure(f"a model cannot answer with {target.name}")

    def _null(self, target: NullTarget, node: Node) -> Result:
        if type(node) is TextNode and node.is_null():
            return Outcome(None)
        return Outcome(None, 110, 1, INEXACT, [(None, Note("dropped", "expected null", display(node)))])

    def _enum(self, target: EnumTarget, node: Node) -> Result:
        found = _word(target, target.words, node)
        if type(found) is Failure:
            return found
        assert type(found) is Outcome
        found.value = self._factory.enum_value(target.enum, str(found.value))
        return found

    def _literal(self, target: LiteralTarget, node: Node) -> Result:
        wanted = target.value
        if type(node) is ObjectNode and len(node.values) == 1 and type(node.values[0]) is TextNode:
            inner = self.coerce(node.values[0], target)
            if type(inner) is Failure:
                return inner
            assert type(inner) is Outcome
            return Outcome(wanted, inner.points + 2, inner.lost, INEXACT, _notes(node.keys[0], inner))
        if isinstance(wanted, str):
            return _word(target, target.words, node)
        if type(node) is ArrayNode:
            return self._first_of_list(target, node)
        if type(node) is not TextNode:
            return _mismatch(target, node)
        result = _SCALARS["bool" if isinstance(wanted, bool) else "int"](target, node)
        if type(result) is Outcome and result.value != wanted:
            return _mismatch(target, node)
        return result

    def _list(self, target: ListTarget, node: Node) -> Result:
        if type(node) is not ArrayNode:
            return self._wrapped(target, node)
        coerce, item_target = self.coerce, target.item
        values: list[object] = []
        points = lost = flags = 0
        notes: list[tuple[Step | None, Note | Outcome]] | None = None
        for index, item in enumerate(node.values):
            result = coerce(item, item_target)
            if type(result) is Outcome:
                values.append(result.value)
                points += result.points
                lost += result.lost
                flags |= result.flags & INEXACT
                if result.notes:
                    notes = notes if notes is not None else []
                    notes.append((index, result))
            else:
                points += 1 + index
                lost += 1
                flags |= INEXACT
                notes = notes if notes is not None else []
                notes.append((index, _dropped(result, item)))
        if node.values and not values:
            flags |= EMPTIED
        return Outcome(values, points, lost, flags, notes)

    def _wrapped(self, target: ListTarget, node: Node) -> Result:
        result = self.coerce(node, target.item)
        if type(result) is Outcome:
            return Outcome(
                [result.value], result.points + 1, result.lost, INEXACT | WRAPPED, _notes(0, result)
            )
        notes: list[tuple[Step | None, Note | Outcome]] = [(None, _dropped(result, node))]
        return Outcome([], 2, 1, INEXACT | WRAPPED | EMPTIED, notes)

    def _map(self, target: MapTarget, node: Node) -> Result:
        if type(node) is not ObjectNode:
            return _mismatch(target, node)
        values: dict[object, object] = {}
        points, lost, flags = 1, 0, 0
        notes: list[tuple[Step | None, Note | Outcome]] = []
        for key, item in zip(node.keys, node.values, strict=False):
            name = self.map_key(target, key)
            result = self.coerce(item, target.value) if type(name) is Outcome else name
            if type(name) is Outcome and type(result) is Outcome:
                values[name.value] = result.value
                points += result.points
                lost += result.lost
                flags |= result.flags & INEXACT
                if result.notes:
                    notes.append((key, result))
            else:
                points += 1
                lost += 1
                flags |= INEXACT
                notes.append((key, _dropped(result, item)))
        return Outcome(values, points, lost, flags, notes or None)

    def map_key(self, target: MapTarget, key: str) -> Result:
        """A key as the map's key type: enum and literal keys are normalised."""
        if type(target.key) is ScalarTarget:
            return Outcome(key)
        return self.coerce(TextNode('"', key, done=True), target.key)

    def _class(self, target: ClassTarget, node: Node) -> Result:
        if type(node) is ObjectNode:
            result = self._class_of_object(target, node)
            if result is not None:
                return result
        candidates: list[Outcome] = []
        failure: Failure = _missing_all(target) if type(node) is ObjectNode else _mismatch(target, node)
        if len(target.fields) == 1:
            implied = self._implied(target, node)
            if type(implied) is Outcome:
                candidates.append(implied)
            elif type(node) is not ObjectNode:
                failure = implied
        if type(node) is ArrayNode:
            element = self._first_of_list(target, node) if node.values else None
            if type(element) is Outcome:
                candidates.append(element)
            elif type(element) is Failure and len(node.values) == 1:
                failure = element
        if candidates:
            return min(candidates, key=rank)
        if all(entry.target.defaulted for entry in target.fields):
            return self._all_defaults(target, node)
        return failure

    def _implied(self, target: ClassTarget, node: Node) -> Result:
        """The whole value as the one field of the class."""
        entry = target.fields[0]
        result = self.coerce(node, entry.target)
        if type(result) is Failure:
            return Failure("", ((entry.name, result),))
        assert type(result) is Outcome
        if type(node) is ObjectNode and result.flags & (POURED | EMPTIED):
            return _missing_all(target)
        if type(node) is TextNode and node.is_null() or result.value is None:
            return _mismatch(target, node)
        from_text = FROM_TEXT if type(node) is TextNode and node.is_word() else result.flags & FROM_TEXT
        value = self._make_class(target.schema, {entry.name: self.complete(entry.target, result.value)})
        return Outcome(
            value, result.points + 2, result.lost, INEXACT | from_text, _notes(entry.name, result)
        )

    def _all_defaults(self, target: ClassTarget, node: Node) -> Outcome:
        fields = {entry.name: self.absent(entry.target) for entry in target.fields}
        notes: list[tuple[Step | None, Note | Outcome]] = []
        if type(node) is not ObjectNode or node.values:
            notes.append((None, Note("dropped", _mismatch(target, node).reason, display(node))))
        return Outcome(
            self._make_class(target.schema, fields),
            2 * len(fields),
            1,
            INEXACT | ALL_DEFAULTS,
            notes or None,
        )

    def _class_of_object(self, target: ClassTarget, node: ObjectNode) -> Result | None:
        """Nothing when no key of the object belongs to the class and the class wants some."""
        found: dict[str, tuple[Result, Node]] = {}
        points = lost = flags = 0
        notes: list[tuple[Step | None, Note | Outcome]] = [
            (key, Note("ignored", "a key without a value", "")) for key in node.orphans
        ]
        for key, item in zip(node.keys, node.values, strict=False):
            entry = target.find(key)
            if entry is None or entry.name in found:
                reason = "no such field" if entry is None else "the key was there before"
                notes.append((key, Note("ignored", reason, display(item))))
                points += 1
                flags |= INEXACT
            else:
                found[entry.name] = self.coerce(item, entry.target), item
        if not found and target.fields and (len(target.fields) == 1 or notes):
            return None
        fields: dict[str, object] = {}
        causes: list[tuple[Step | None, Failure]] = []
        for entry in target.fields:
            name, wanted = entry.name, entry.target
            pair = found.get(name)
            if pair is None:
                if wanted.defaulted:
                    fields[name] = self.absent(wanted)
                    points += 1
                else:
                    causes.append((name, Failure(f"expected {wanted.name}, got nothing")))
                continue
            result, item = pair
            if type(result) is Outcome:
                fields[name] = self.complete(wanted, result.value)
                points += result.points
                lost += result.lost
                flags |= result.flags & INEXACT
                if result.notes:
                    notes.append((name, result))
            elif type(result) is Failure and wanted.defaulted and (wanted.optional or not result.asserted):
                fields[name] = self.complete(wanted, wanted.empty())
                points += 2
                flags |= INEXACT
                if not (type(item) is TextNode and item.is_null()):
                    lost += 1
                    notes.append((name, _dropped(result, item)))
            else:
                assert type(result) is Failure
                causes.append((name, result))
        if causes:
            return Failure(f"expected {target.name}", tuple(causes))
        value = self._make_class(target.schema, fields)
        return Outcome(value, points, lost, flags, notes or None)

    def complete(self, target: Target, value: object) -> object:
        """A field's value with its state, where a partial asks for it."""
        if target.with_state and self._final is not None:
            return self._factory.with_state(value, "Complete")
        return value

    def absent(self, target: Target) -> object:
        if target.with_state and self._final is not None:
            return self._factory.with_state(target.empty(), "Pending")
        return target.empty()

    def _union(self, target: UnionTarget, node: Node) -> Result:
        if target.optional and type(node) is TextNode and node.is_null():
            return Outcome(None)
        exact: list[Outcome] = []
        fitting: list[Outcome] = []
        failures: list[Failure] = []
        for variant in target.variants:
            result = self.coerce(node, variant)
            if type(result) is not Outcome:
                failures.append(result if type(result) is Failure else _LOOP)
            elif result.flags & INEXACT:
                fitting.append(result)
            elif result.points == 0:
                return result
            else:
                exact.append(result)
        if exact:
            return min(exact, key=_points)
        if fitting:
            best = min(fitting, key=rank)
            if not (target.optional and best.flags & WRAPPED and best.flags & EMPTIED):
                return best
        if target.optional:
            reason = f"expected {target.name}, got {describe(node)}" if len(failures) != 1 else first_issue(failures[0])
            return Outcome(None, 110, 1, INEXACT, [(None, Note("dropped", reason, display(node)))])
        if len(failures) == 1:
            return failures[0]
        tried = "; ".join(
            f"{variant.name}: {first_issue(failure)}"
            for variant, failure in zip(target.variants, failures, strict=True)
        )
        return Failure(f"expected {target.name}, got {describe(node)} ({tried})")


def rank(outcome: Outcome) -> tuple[int, ...]:
    """Lower is better: what keeps most of the text first, then the shape, then the points."""
    flags = outcome.flags
    return (
        outcome.lost,
        flags & FROM_TEXT,
        flags & ALL_DEFAULTS,
        flags & (POURED | FIRST_OF_LIST),
        flags & EMPTIED,
        outcome.points,
    )


def has_checks(target: Target) -> bool:
    return any(constraint.kind == "check" for constraint in target.constraints)


def _points(outcome: Outcome) -> int:
    return outcome.points


def _evaluate(constraint: Constraint, value: object, holds: Holds) -> Check:
    name = constraint.name or constraint.expression
    try:
        succeeded = holds(constraint.expression, value)
    except ValueError as problem:
        return Check(name, constraint.expression, "failed", str(problem))
    return Check(name, constraint.expression, "succeeded" if succeeded else "failed")


def _string(node: Node) -> Result:
    if type(node) is not TextNode:
        note = Note("ignored", "shown as text", display(node))
        return Outcome(note.raw, 2, 1, INEXACT | POURED, [(None, note)])
    text = node.text()
    if node.quote:
        return Outcome(text)
    if text == "null":
        return Failure("expected string, got null")
    return Outcome(text) if node.is_word() else Outcome(text, 1, 0, INEXACT)


def _int(target: Target, node: TextNode) -> Result:
    number = number_in_text(node.text())
    value = whole_number(number.value) if number else None
    if number is None or value is None or node.is_null():
        return _mismatch(target, node)
    if number.partial:
        return _partial_text(value, node)
    if isinstance(number.value, int):
        return Outcome(value, 1, 0, INEXACT) if node.quote else Outcome(value)
    if value == number.value:
        return Outcome(value, 1, 0, INEXACT)
    return Outcome(value, 1, 1, INEXACT, [(None, Note("dropped", f"rounded to {value}", node.text()))])


def _float(target: Target, node: TextNode) -> Result:
    number = number_in_text(node.text())
    if number is None or node.is_null():
        return _mismatch(target, node)
    try:
        value = float(number.value)
    except OverflowError:
        value = float("inf") if number.value > 0 else float("-inf")
    if number.partial:
        return _partial_text(value, node)
    return Outcome(value, 1 if node.is_word() else 0, 0, INEXACT if node.is_word() else 0)


def _bool(target: Target, node: TextNode) -> Result:
    text = node.text()
    if not node.is_word():
        value = None if node.is_null() or text not in ("true", "True", "false", "False") else keyword(text)
        return Outcome(value) if value is not None else _mismatch(target, node)
    said = bool_in_text(text)
    if said is None:
        return _mismatch(target, node)
    return Outcome(said, 1, 0, INEXACT) if len(text.strip()) <= 5 else _partial_text(said, node)


def _partial_text(value: object, node: TextNode) -> Outcome:
    return Outcome(value, 1, 1, INEXACT, [(None, Note("ignored", f"text around {value}", node.text()))])


def _word(target: Target, words: Words, node: Node) -> Result:
    if type(node) is TextNode and node.is_null():
        return _mismatch(target, node)
    text = node.text() if type(node) is TextNode else display(node)
    found = words.find(text)
    if type(found) is Match:
        lost = 1 if found.partial else 0
        flags = INEXACT if found.points else 0
        if type(node) is not TextNode:
            found = Match(found.name, found.points + 2, found.partial)
            flags = INEXACT | POURED
        notes: list[tuple[Step | None, Note | Outcome]] | None = None
        if found.partial:
            notes = [(None, Note("ignored", f"text around {found.name}", text))]
        return Outcome(found.name, found.points, lost, flags, notes)
    if type(found) is Tie:
        hits = ", ".join(f"{name} ({count} times)" for name, count in found.hits)
        return Failure(f"expected one {target.name}, got {hits}")
    return _mismatch(target, node)


def _mismatch(target: Target, node: Node) -> Failure:
    return Failure(f"expected {target.name}, got {describe(node)}")


def _missing_all(target: ClassTarget) -> Failure:
    return Failure(
        f"expected {target.name}",
        tuple(
            (entry.name, Failure(f"expected {entry.target.name}, got nothing"))
            for entry in target.fields
            if not entry.target.defaulted
        ),
    )


def _dropped(result: Result, node: Node) -> Note:
    assert type(result) is Failure
    return Note("dropped", first_issue(result), display(node))


def _notes(step: Step | None, outcome: Outcome) -> list[tuple[Step | None, Note | Outcome]] | None:
    return [(step, outcome)] if outcome.notes else None


def _parts(node: Node, target: Target) -> list[tuple[Node, Target]]:
    """What coercing the pair may ask for."""
    if type(target) is UnionTarget:
        return [(node, variant) for variant in target.variants]
    if type(target) is ListTarget:
        if type(node) is ArrayNode:
            return [(item, target.item) for item in node.values]
        return [(node, target.item)]
    if type(target) is MapTarget:
        return [(item, target.value) for item in node.values] if type(node) is ObjectNode else []
    parts: list[tuple[Node, Target]] = []
    if type(node) is ArrayNode:
        parts += [(item, target) for item in node.values]
    if type(target) is ClassTarget:
        if type(node) is ObjectNode:
            matched = [(item, target.find(key)) for key, item in zip(node.keys, node.values, strict=False)]
            parts += [(item, entry.target) for item, entry in matched if entry is not None]
        if len(target.fields) == 1:
            parts.append((node, target.fields[0].target))
    return parts


_SCALARS: dict[str, Callable[[Target, TextNode], Result]] = {"int": _int, "float": _float, "bool": _bool}

_COERCE: dict[type, Callable[[Coercer, Any, Node], Result]] = {
    ScalarTarget: Coercer._scalar,
    MediaTarget: Coercer._media,
    NullTarget: Coercer._null,
    EnumTarget: Coercer._enum,
    LiteralTarget: Coercer._literal,
    ListTarget: Coercer._list,
    MapTarget: Coercer._map,
    ClassTarget: Coercer._class,
    UnionTarget: Coercer._union,
}
