"""What a pair of reading and target is made of: the pairs below it that coercing it will ask for."""

from __future__ import annotations

from collections.abc import Callable, Iterator
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


def parts_below(node: Node, target: Target, result_of: Callable[[Node, Target], Result]) -> Iterator[Pair]:
    """The pairs of other nodes that a pair needs, in an order in which each may be coerced by itself.

    `result_of` is asked for pairs that were given before. Which variants of a union are needed is a guess that may
    only cost time.
    """
    targets = {target: None}
    work = [target]
    while work:
        target = work.pop()
        if type(target) is UnionTarget:
            yield from _below_exact_variants(node, target, result_of)
            if _has_exact_variant(node, target, result_of):
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
) -> Iterator[Pair]:
    for variant in exact_variants(target, node):
        yield from _parts(node, variant)
        if _is_exact(node, variant, result_of):
            return


def _has_exact_variant(node: Node, target: UnionTarget, result_of: Callable[[Node, Target], Result]) -> bool:
    return any(_is_exact(node, variant, result_of) for variant in exact_variants(target, node))


def _is_exact(node: Node, target: Target, result_of: Callable[[Node, Target], Result]) -> bool:
    """Whether all parts fit exactly, and nothing is missing or unknown."""
    if target.constraints or isinstance(node, TextNode) or isinstance(target, UnionTarget):
        return False
    parts = _parts(node, target)
    if len(parts) != len(node.values) or (type(target) is ClassTarget and len(parts) != len(target.fields)):
        return False
    results = (result_of(*part) for part in parts)
    return all(isinstance(result, Outcome) and not result.flags & INEXACT for result in results)


def _parts(node: Node, target: Target) -> list[Pair]:
    """The pairs of the node's own parts."""
    if isinstance(node, TextNode):
        return []
    if isinstance(node, ArrayNode):
        if type(target) is ListTarget:
            return [(item, target.item) for item in node.values]
        if _is_shown_as_text(target) or isinstance(target, MapTarget | UnionTarget):
            return []
        return [(item, target) for item in node.values]
    if type(target) is MapTarget:
        return [(item, target.value) for item in node.values]
    if type(target) is ClassTarget:
        matched = ((item, target.find(key)) for key, item in zip(node.keys, node.values, strict=False))
        return [(item, entry.target) for item, entry in matched if entry is not None]
    return []


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
