"""What a pair of reading and target is made of: the pairs below it that coercing it will ask for."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator
from typing import TypeAlias

from .nodes import ArrayNode, Node, ObjectNode, TextNode
from .outcome import INEXACT, Outcome, Result
from .targets import (
    ClassTarget,
    EnumTarget,
    ListTarget,
    LiteralTarget,
    MapTarget,
    ScalarTarget,
    Target,
    UnionTarget,
)

Pair: TypeAlias = tuple[Node, Target]

_EXACT: dict[type, tuple[type[Target], ...]] = {
    TextNode: (ScalarTarget, EnumTarget, LiteralTarget, UnionTarget),
    ArrayNode: (ListTarget, UnionTarget),
    ObjectNode: (ClassTarget, MapTarget, UnionTarget),
}


def exact_variants(target: UnionTarget, node: Node) -> tuple[Target, ...]:
    """The variants whose kind is that of the node: others can be read from it, but never exactly."""
    kind = type(node)
    known = target.exact.get(kind)
    if known is None:
        kinds = _EXACT[kind]
        known = target.exact[kind] = tuple(variant for variant in target.variants if isinstance(variant, kinds))
    return known


def widest_below(target: Target) -> int:
    """How many variants the widest union has that may be needed to read the target."""
    seen = {target}
    work = [target]
    widest = 1
    while work:
        target = work.pop()
        below: tuple[Target, ...] = ()
        if type(target) is UnionTarget:
            below = target.variants
            widest = max(widest, len(below))
        elif type(target) is ClassTarget:
            below = tuple(field.target for field in target.fields)
        elif type(target) is ListTarget:
            below = (target.item,)
        elif type(target) is MapTarget:
            below = (target.value,)
        new = [other for other in below if other not in seen]
        seen.update(new)
        work += new
    return widest


def parts_below(node: Node, target: Target, result_of: Callable[[Node, Target], Result]) -> Iterator[Pair | None]:
    """The pairs of other nodes that a pair needs, in an order in which each may be coerced by itself.

    None stands for a part that nothing is needed of: there may be many in a row. `result_of` is asked for pairs
    that were given before. Which variants of a union are needed is a guess that may
    only cost time.
    """
    targets = {target: None}
    work = [target]
    while work:
        target = work.pop()
        if type(target) is UnionTarget:
            if (yield from _below_exact_variants(node, target, result_of)):
                continue
            more: list[Target] = list(target.variants)
        else:
            yield from _parts(node, target)
            more = _same_node(node, target)
        for other in reversed(more):
            if other not in targets:
                targets[other] = None
                work.append(other)


def _below_exact_variants(
    node: Node, target: UnionTarget, result_of: Callable[[Node, Target], Result]
) -> Generator[Pair | None, None, bool]:
    """The parts of the variants up to one that is exact: whether there is one."""
    for variant in exact_variants(target, node):
        exact = _may_be_exact(node, variant)
        for part in _parts(node, variant):
            yield part
            if exact:
                exact = part is not None and _is_exact(result_of(*part))
        if exact:
            return True
    return False


def _is_exact(result: Result) -> bool:
    return isinstance(result, Outcome) and not result.flags & INEXACT


def _may_be_exact(node: Node, target: Target) -> bool:
    """Whether the pair fits exactly if all parts of the node do."""
    if target.constraints:
        return False
    if isinstance(node, ArrayNode):
        return type(target) is ListTarget
    if type(target) is ClassTarget:
        return isinstance(node, ObjectNode) and len(node.values) == len(target.fields)
    return isinstance(node, ObjectNode) and type(target) is MapTarget


def _parts(node: Node, target: Target) -> Iterable[Pair | None]:
    """The pairs of the node's own parts."""
    if isinstance(node, TextNode):
        return ()
    if isinstance(node, ArrayNode):
        if type(target) is ListTarget:
            return ((item, target.item) for item in node.values)
        if _is_shown_as_text(target) or isinstance(target, MapTarget | UnionTarget):
            return ()
        return ((item, target) for item in node.values)
    if type(target) is MapTarget:
        return ((item, target.value) for item in node.values)
    if type(target) is ClassTarget:
        return _fields(node, target)
    return ()


def _fields(node: ObjectNode, target: ClassTarget) -> Iterator[Pair | None]:
    for key, item in zip(node.keys, node.values, strict=False):
        entry = target.find(key)
        yield None if entry is None else (item, entry.target)


def _same_node(node: Node, target: Target) -> list[Target]:
    """What else the node itself may be read as on the way to a target."""
    if type(target) is ListTarget and not isinstance(node, ArrayNode):
        return [target.item]
    if type(target) is ClassTarget and len(target.fields) == 1:
        return [target.fields[0].target]
    return []


def _is_shown_as_text(target: Target) -> bool:
    """Whether brackets that should be of this type are looked at as one text."""
    if isinstance(target, LiteralTarget):
        return isinstance(target.value, str)
    return isinstance(target, EnumTarget) or (isinstance(target, ScalarTarget) and target.kind == "string")
