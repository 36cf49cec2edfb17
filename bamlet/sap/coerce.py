"""A finished reading as a value of a type: node and target in, an outcome or a failure out.

Each pair of node and target is coerced once and remembered, so what is shared in the text is one object in
every value made from it. A lossless reading of a type beats a lossy one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from .assembly import Assembly, add_entries, add_items, assembling, entries_of, items_of
from .classes import class_of
from .constraints import Check, Holds, evaluate, has_checks
from .extractor import PIECE
from .factory import Factory
from .leaves import SCALARS, Shown, mismatch, string_of, word_of
from .nodes import ArrayNode, Node, ObjectNode, TextNode, describe, is_cut
from .outcome import (
    EMPTIED,
    FIRST_OF_LIST,
    FROM_TEXT,
    INEXACT,
    MADE_UP,
    POURED,
    STRICT,
    WRAPPED,
    Failure,
    Note,
    Notes,
    Outcome,
    Result,
    dropped,
    first_issue,
    notes_below,
    rank,
    with_notes,
)
from .parts import exact_variants, parts_below, widest_below
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

# A pair that is needed to make itself. Only a result takes its place in the memo.
_LOOP = Failure("the value would have to contain itself")
# Of the reason why a variant does not fit, in which the variants below it tell theirs: without an end to it, each
# level would double the message.
MAX_CAUSE = 200
MIN_PIECE = 64  # characters: to go down any further costs more than it spares
# Deeper readings are coerced from their leaves upwards: the host's stack is not ours to use up.
_RECURSION_HEIGHT = 24


class Coercer:
    """Without `final` it makes the values of whole answers. With it, those of partials: partial classes and
    states, but scalars, and types that are `@stream.done`, as `final` makes them.
    """

    def __init__(self, factory: Factory, holds: Holds | None, final: Coercer | None = None) -> None:
        self._factory = factory
        self._holds = holds
        self._final = final
        self.make_class = factory.instance if final is None else factory.partial
        # What became of each pair, but of most scalars: those know it themselves, since there are so many.
        self._memo: dict[tuple[Node, Target], Result] = {}
        self._scalars = 0
        self.checks: dict[tuple[Node, Target], dict[str, Check]] = {}
        self._keys: dict[tuple[str, MapTarget], Result] = {}
        self._texts: dict[Node, str] = {}
        # How many keys of maps came again in what was shown: their earlier values no longer are.
        self.repeated = 0
        self._pieces: dict[Target, int] = {}
        self._assemblies: dict[tuple[Node, Target], Assembly] = {}

    @property
    def pairs(self) -> int:
        """How many pairs of a reading and a target it has coerced."""
        return len(self._memo) + self._scalars + (0 if self._final is None else self._final.pairs)

    def longest_piece(self, target: Target) -> int:
        """How many characters it reads as the target in a moment: fewer for a union, which tries each variant."""
        known = self._pieces.get(target)
        if known is None:
            known = self._pieces[target] = max(MIN_PIECE, PIECE // widest_below(target))
        return known

    def coerce(self, node: Node, target: Target) -> Result:
        if type(node) is TextNode and node.asked is target:
            answer: Result = node.answer
            return answer
        if self._final is not None and (target.done or type(target) in _LEAVES):
            return self._final.coerce(node, target)
        known = self._memo.get((node, target))
        if known is not None:
            return known
        if node.height > _RECURSION_HEIGHT:
            self._coerce_leaves_first(node, target)
        return self._coerce_now(node, target)

    @property
    def is_for_partials(self) -> bool:
        return self._final is not None

    def knows(self, node: Node, target: Target) -> bool:
        """Whether the pair was coerced before."""
        if self._final is not None and (target.done or type(target) in _LEAVES):
            return self._final.knows(node, target)
        return (type(node) is TextNode and node.asked is target) or (node, target) in self._memo

    def assembling(self, node: Node, target: Target) -> Iterator[None]:
        """Put together, with pauses, what coercing the pair takes when its parts are coerced."""
        if self._final is not None and target.done:
            return self._final.assembling(node, target)
        return assembling(self, node, target, self._assemblies)

    def assembly(self, node: Node, target: Target) -> Assembly | None:
        """What was put together of the pair, if it was: many parts."""
        return self._assemblies.pop((node, target), None) if self._assemblies else None

    def _coerce_now(self, node: Node, target: Target) -> Result:
        is_leaf = type(target) in _LEAVES
        if not is_leaf:
            self._memo[node, target] = _LOOP
        result = _COERCE[type(target)](self, target, node)
        if isinstance(result, Outcome):
            if is_leaf and result.flags & INEXACT and not result.notes:
                note = Note("coerced", f"{describe(node)} read as {target.name}", node)
                result = with_notes(result, [note])
            if not node.done and is_cut(node):
                result = with_notes(result, [Note("truncated", "the text ends before the value does", node)])
            if target.constraints and self._holds is not None:
                result = self._constrained(target, node, result, self._holds)
        if target.strict:
            result = _as_strict(result)
        if is_leaf and type(node) is TextNode and node.asked is None:
            node.asked, node.answer = target, result
            self._scalars += 1
        else:
            self._memo[node, target] = result
        return result

    def _coerce_leaves_first(self, node: Node, target: Target) -> None:
        """All that the pair needs, so that coercing it does not go down any further."""
        work = [((node, target), parts_below(node, target, self.coerce))]
        begun = {(node, target)}
        while work:
            pair, parts = work[-1]
            for part in parts:
                if part is None:
                    continue
                if part[0].height > _RECURSION_HEIGHT:
                    if part not in begun and not self.knows(*part):
                        begun.add(part)
                        work.append((part, parts_below(*part, self.coerce)))
                        break
                elif part[0].height:
                    self.coerce(*part)
            else:
                work.pop()
                if work and not self.knows(*pair):
                    self._coerce_now(*pair)

    def _constrained(self, target: Target, node: Node, outcome: Outcome, holds: Holds) -> Result:
        """Constraints see the coerced value. There is nothing to say about null.

        They are evaluated once, on the value without the states and the partial classes of a stream.
        """
        if self._final is not None:
            final = self._final.coerce(node, target)
            if isinstance(final, Failure) or not has_checks(target):
                return final if isinstance(final, Failure) else outcome
            return self._checked(outcome, self._final.checks[node, target])
        checks: dict[str, Check] = {}
        for constraint in target.constraints:
            if outcome.value is None:
                continue
            check = evaluate(constraint, outcome.value, holds)
            if constraint.kind == "check":
                checks[check.name] = check
            elif check.status == "failed":
                reason = f": {check.error}" if check.error else ""
                return Failure(f"the assertion `{check.name}` does not hold{reason}", node=node, asserted=True)
        if not has_checks(target):
            return outcome
        self.checks[node, target] = checks
        return self._checked(outcome, checks)

    def _checked(self, outcome: Outcome, checks: dict[str, Check]) -> Outcome:
        value = self._factory.checked(outcome.value, checks)
        return Outcome(value, outcome.points, outcome.lost, outcome.flags, outcome.notes)

    def wraps(self, target: Target) -> bool:
        """Whether values of this type come with their checks."""
        return bool(target.constraints) and self._holds is not None and has_checks(target)

    def _scalar(self, target: ScalarTarget, node: Node) -> Result:
        if target.kind == "string":
            return string_of(node) if isinstance(node, TextNode) else Shown(node, self._texts)
        if isinstance(node, ArrayNode):
            return self.first_of_list(target, node)
        if not isinstance(node, TextNode):
            return mismatch(target, node)
        return SCALARS[target.kind](target, node)

    def first_of_list(self, target: Target, node: ArrayNode) -> Result:
        """The first element that is of the type; of a class, the first that is one by its keys."""
        found: tuple[int, Outcome] | None = None
        for index, item in enumerate(node.values):
            if found is not None and isinstance(item, TextNode):
                continue  # it has no keys
            result = self.coerce(item, target)
            if isinstance(result, Outcome):
                if not result.flags & MADE_UP:
                    return _first_of(node, index, result)
                found = found or (index, result)
        return _first_of(node, *found) if found else mismatch(target, node)

    def _media(self, target: MediaTarget, node: Node) -> Result:
        return Failure(f"a model cannot answer with {target.name}", node=node)

    def _null(self, target: NullTarget, node: Node) -> Result:
        if isinstance(node, TextNode) and node.is_null():
            return Outcome(None)
        return Outcome(None, 110, 1, INEXACT, [(None, Note("dropped", "expected null", node))])

    def _enum(self, target: EnumTarget, node: Node) -> Result:
        found = word_of(target, target.words, node, self._texts)
        if isinstance(found, Failure):
            return found
        found.value = self._factory.enum_value(target.enum, str(found.value))
        return found

    def _literal(self, target: LiteralTarget, node: Node) -> Result:
        wanted = target.value
        if isinstance(node, ObjectNode) and len(node.values) == 1 and type(node.values[0]) is TextNode:
            inner = self.coerce(node.values[0], target)
            if isinstance(inner, Failure):
                return inner
            return Outcome(wanted, inner.points + 2, inner.lost, INEXACT, notes_below(node.keys[0], inner))
        if isinstance(wanted, str):
            return word_of(target, target.words, node, self._texts)
        if isinstance(node, ArrayNode):
            return self.first_of_list(target, node)
        if not isinstance(node, TextNode):
            return mismatch(target, node)
        result = SCALARS["bool" if isinstance(wanted, bool) else "int"](target, node)
        if isinstance(result, Outcome) and result.value != wanted:
            return mismatch(target, node)
        return result

    def _list(self, target: ListTarget, node: Node) -> Result:
        if not isinstance(node, ArrayNode):
            return self._wrapped(target, node)
        made = self.assembly(node, target)
        if made is None:
            made = items_of(node)
            add_items(self, target, made, enumerate(node.values))
        return made.outcome(made.values, EMPTIED if node.values and not made.values else 0)

    def _wrapped(self, target: ListTarget, node: Node) -> Result:
        result = self.coerce(node, target.item)
        if isinstance(result, Outcome):
            notes: Notes = [(None, Note("coerced", f"{describe(node)} made a list", node))]
            notes += notes_below(0, result) or ()
            return Outcome([result.value], result.points + 1, result.lost, INEXACT | WRAPPED, notes)
        return Outcome([], 2, 1, INEXACT | WRAPPED | EMPTIED, [(None, dropped(result, node))])

    def _map(self, target: MapTarget, node: Node) -> Result:
        if not isinstance(node, ObjectNode):
            return mismatch(target, node)
        made = self.assembly(node, target)
        if made is None:
            made = entries_of(node)
            add_entries(self, target, made, zip(node.keys, node.values, strict=False))
        return made.outcome(made.values)

    def map_key(self, target: MapTarget, key: str) -> Result:
        """A key as the map's key type: enum and literal keys are normalised."""
        if type(target.key) is ScalarTarget:
            return Outcome(key)
        known = self._keys.get((key, target))
        if known is None:
            known = _COERCE[type(target.key)](self, target.key, TextNode('"', key, done=True))
            self._keys[key, target] = known
        return known

    def complete(self, target: Target, value: object) -> object:
        """A finished value with its state, where a partial asks for it."""
        if target.with_state and self._final is not None:
            return self._factory.with_state(value, "Complete")
        return value

    def incomplete(self, target: Target, value: object) -> object:
        """The same of a value that is still open."""
        return self._factory.with_state(value, "Incomplete") if target.with_state else value

    def absent(self, target: Target) -> object:
        """What stands for a field of which there is no text."""
        if target.with_state and self._final is not None:
            return self._factory.with_state(target.empty(), "Pending")
        return target.empty()

    def _union(self, target: UnionTarget, node: Node) -> Result:
        if target.optional and isinstance(node, TextNode) and node.is_null():
            return Outcome(None)
        # Python's `True` is a truth value only where anything is welcome; else a text comes first.
        is_text = isinstance(node, TextNode) and node.is_python_bool() and not target.takes_anything
        exact: list[Outcome] = []
        for variant in exact_variants(target, node):
            result = self.coerce(node, variant)
            if isinstance(result, Failure):
                continue
            if is_text and type(variant) is ScalarTarget:
                if variant.kind == "string":
                    exact.append(result)
            elif not result.flags & INEXACT:
                if result.points == 0:
                    return result
                exact.append(result)
        return min(exact, key=_points) if exact else self._inexact(target, node)

    def _inexact(self, target: UnionTarget, node: Node) -> Result:
        """The best of a union of which no variant is exact, now that all have to be tried."""
        results = [self.coerce(node, variant) for variant in target.variants]
        failures = [result for result in results if isinstance(result, Failure)]
        if len(failures) < len(results):
            best = min(_apart_from_text(target, node, results), key=rank)
            if not (target.optional and best.flags & WRAPPED and best.flags & EMPTIED):
                return best
        if target.optional:
            failure = failures[0] if len(failures) == 1 else mismatch(target, node)
            return Outcome(None, 110, 1, INEXACT, [(None, dropped(failure, node))])
        if len(failures) == 1:
            return failures[0]
        tried = "; ".join(
            f"{variant.name}: {first_issue(failure)[:MAX_CAUSE]}"
            for variant, failure in zip(target.variants, failures, strict=True)
        )
        reason = f"expected {target.name}, got {describe(node)} ({tried})"
        return Failure(reason, node=node, strict=any(failure.strict for failure in failures))


def _first_of(node: ArrayNode, index: int, element: Outcome) -> Outcome:
    others = len(node.values) - 1
    notes = notes_below(index, element)
    if others:
        notes = [*(notes or ()), (None, Note("dropped", "other elements of the list", node))]
    flags = INEXACT | FIRST_OF_LIST | (element.flags & (FROM_TEXT | MADE_UP))
    return Outcome(element.value, element.points + 1, element.lost + others, flags, notes)


def _apart_from_text(target: UnionTarget, node: Node, results: list[Result]) -> list[Outcome]:
    """A list is no text where it is that of a variant, or has an object that is of one by its keys."""
    found = [result for result in results if isinstance(result, Outcome)]
    pairs = zip(target.variants, results, strict=True)
    if isinstance(node, ArrayNode) and any(_is_by_structure(node, *pair) for pair in pairs):
        return [outcome for outcome in found if not outcome.flags & POURED]
    return found


def _is_by_structure(node: ArrayNode, target: Target, result: Result) -> bool:
    if isinstance(result, Failure):
        return False
    if isinstance(target, ListTarget):
        return isinstance(result.value, list) and len(result.value) == len(node.values)
    return isinstance(target, ClassTarget) and result.flags & (FIRST_OF_LIST | MADE_UP) == FIRST_OF_LIST


def _points(outcome: Outcome) -> int:
    return outcome.points


def _as_strict(result: Result) -> Result:
    if isinstance(result, Failure):
        return Failure(result.reason, result.causes, node=result.node, asserted=result.asserted, strict=True)
    made = result.copied()
    made.flags |= STRICT
    return made


_LEAVES = (ScalarTarget, EnumTarget, LiteralTarget)

_COERCE: dict[type, Callable[[Coercer, Any, Node], Result]] = {
    ScalarTarget: Coercer._scalar,
    MediaTarget: Coercer._media,
    NullTarget: Coercer._null,
    EnumTarget: Coercer._enum,
    LiteralTarget: Coercer._literal,
    ListTarget: Coercer._list,
    MapTarget: Coercer._map,
    ClassTarget: class_of,
    UnionTarget: Coercer._union,
}
