"""Unions in a stream: which variant an open value must be, if that is certain already.

A variant is taken once: when it is the only one left that fits what was read, or the only one that
knows every key so far. Nothing is shown before, so what is shown never changes its type.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from .coerce import Coercer
from .nodes import ArrayNode, Container, Node, ObjectNode, TextNode
from .outcome import Failure
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

_NUMBER_START = "-+.$0123456789"
_KEYWORDS = ("true", "false", "null", "none")


class Hidden:
    """The type of `HIDDEN`: there is a value, but nothing of it may be shown yet."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "HIDDEN"


HIDDEN: Final = Hidden()


class Narrowing:
    """The variants an open object may still be, and how many of its keys each does not know."""

    __slots__ = ("_next", "_unknown")

    def __init__(self, variants: Iterable[Target]) -> None:
        self._unknown = dict.fromkeys(variants, 0)
        self._next = 0

    def narrow(self, node: ObjectNode, coercer: Coercer) -> Target | None:
        values = node.values
        while self._next < len(values) and values[self._next].done:
            self._take(node.keys[self._next], values[self._next], coercer)
            self._next += 1
        unknown = self._unknown
        if self._next < len(values):
            key = node.keys[self._next]
            unknown = {variant: count + _misses(variant, key) for variant, count in unknown.items()}
        if len(unknown) == 1:
            return next(iter(unknown))
        if not values:
            return None
        knowing = [variant for variant, count in unknown.items() if count == 0]
        return knowing[0] if len(knowing) == 1 else None

    def _take(self, key: str, value: Node, coercer: Coercer) -> None:
        for variant in tuple(self._unknown):
            self._unknown[variant] += _misses(variant, key)
            wanted = _wanted(variant, key)
            if wanted is None or wanted.defaulted:
                continue
            if type(coercer.coerce(value, wanted)) is Failure and len(self._unknown) > 1:
                del self._unknown[variant]


def commit(node: Container, target: Target, coercer: Coercer) -> Target | None:
    """The one variant that an open object or list must be."""
    if not isinstance(target, UnionTarget):
        return target
    if isinstance(node, ArrayNode):
        lists = [variant for variant in flat(target) if isinstance(variant, ListTarget)]
        return lists[0] if len(lists) == 1 else None
    assert isinstance(node, ObjectNode)
    if not isinstance(node.cursor, Narrowing):
        node.cursor = Narrowing(v for v in flat(target) if isinstance(v, ClassTarget | MapTarget))
    return node.cursor.narrow(node, coercer)


def open_text(node: TextNode, target: Target) -> object:
    """An open scalar: only strings grow, everything else waits for its end."""
    if target.done:
        return HIDDEN
    if not isinstance(target, UnionTarget):
        return growing(node.text(), node.quote) if _is_string(target) else HIDDEN
    variants = flat(target)
    strings = [variant for variant in variants if _is_string(variant)]
    if not strings or strings[0].done:
        return HIDDEN
    words = [v.words for v in variants if isinstance(v, EnumTarget | LiteralTarget)]
    text = node.text()
    if any(group.may_become(text) for group in words):
        return HIDDEN
    return growing(text, node.quote)


def is_scalar_or_string(target: Target) -> bool:
    """A union of scalars with a string among them: at the root, its text grows."""
    if not isinstance(target, UnionTarget):
        return False
    variants = flat(target)
    return any(map(_is_string, variants)) and not any(
        isinstance(variant, ClassTarget | ListTarget | MapTarget) for variant in variants
    )


def growing_answer(text: str, target: Target) -> object:
    """What of an answer without brackets may be shown."""
    # A quoted answer ends up without its quotes, a fenced one without its fence.
    if text.lstrip()[:1] in ('"', "`", "<") or growing(text) is HIDDEN:
        return HIDDEN
    return open_text(TextNode('"', text), target)


def flat(target: UnionTarget) -> list[Target]:
    """The variants, also of unions within the union, in declared order."""
    variants: dict[Target, None] = {}
    work: list[Target] = [target]
    seen: set[Target] = set()
    while work:
        here = work.pop()
        if not isinstance(here, UnionTarget):
            variants[here] = None
        elif here not in seen:
            seen.add(here)
            work += reversed(here.variants)
    return list(variants)


def growing(text: str, quote: str = "") -> object:
    """The text so far, unless it is bare and may still turn out to be a number or a keyword."""
    if quote:
        return text
    start = text.lstrip()[:8].lower()
    if not start or start[0] in _NUMBER_START or any(word.startswith(start) for word in _KEYWORDS):
        return HIDDEN
    return text


def _is_string(target: Target) -> bool:
    return isinstance(target, ScalarTarget) and target.kind == "string"


def _misses(variant: Target, key: str) -> int:
    return 1 if isinstance(variant, ClassTarget) and variant.find(key) is None else 0


def _wanted(variant: Target, key: str) -> Target | None:
    if isinstance(variant, MapTarget):
        return variant.value
    assert isinstance(variant, ClassTarget)
    entry = variant.find(key)
    return entry.target if entry is not None else None
