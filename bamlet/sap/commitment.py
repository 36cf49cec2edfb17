"""Unions in a stream: which variant an open value must be, if that is certain already.

A variant is taken once: when it is the only one left that fits what was read, or the only one that
knows every key so far. Nothing is shown before, so what is shown never changes its type.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from .answer import early_node, growing_node
from .coerce import Coercer
from .nodes import ArrayNode, Container, Node, ObjectNode, TextNode
from .outcome import Failure, Outcome
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

EARLY_SIZE: Final = 64  # a longer answer is no single word or number

_NUMBER_START = "-+.$0123456789"
_KEYWORDS = ("true", "false", "null", "none")


class Hidden:
    """The type of `HIDDEN`: there is a value, but nothing of it may be shown yet."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "HIDDEN"


HIDDEN: Final = Hidden()


class Narrowing:
    """The variants an open object may still be, and how many of its keys each does not know.

    Keys and values are taken one by one, so the variant does not depend on when somebody looked.
    """

    __slots__ = ("_key_taken", "_next", "_unknown", "committed")

    def __init__(self, variants: Iterable[Target]) -> None:
        self._unknown = dict.fromkeys(variants, 0)
        self._next = 0
        self._key_taken = False
        self.committed = next(iter(self._unknown)) if len(self._unknown) == 1 else None

    def narrow(self, node: ObjectNode, coercer: Coercer) -> None:
        while self.committed is None and self._next < len(node.values):
            key, value = node.keys[self._next], node.values[self._next]
            if not self._key_taken:
                self._take_key(key)
                self._key_taken = True
            elif value.done:
                self._take_value(key, value, coercer)
                self._key_taken = False
                self._next += 1
            else:
                break

    def _take_key(self, key: str) -> None:
        for variant in self._unknown:
            if isinstance(variant, ClassTarget) and variant.find(key) is None:
                self._unknown[variant] += 1
        self._commit()

    def _take_value(self, key: str, value: Node, coercer: Coercer) -> None:
        for variant in tuple(self._unknown):
            wanted = _wanted(variant, key)
            if wanted is None or wanted.defaulted or len(self._unknown) == 1:
                continue
            if isinstance(coercer.coerce(value, wanted), Failure):
                del self._unknown[variant]
        self._commit()

    def _commit(self) -> None:
        knowing = [variant for variant, count in self._unknown.items() if count == 0]
        left = knowing if len(self._unknown) > 1 else list(self._unknown)
        if len(left) == 1:
            self.committed = left[0]


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
    node.cursor.narrow(node, coercer)
    return node.cursor.committed


def open_text(node: TextNode, target: Target) -> object:
    """An open scalar: only strings grow, everything else waits for its end."""
    if target.done:
        return HIDDEN
    if type(target) is ScalarTarget:
        if target.kind != "string":
            return HIDDEN
        return node.text() if node.quote else growing(node.text())
    if not isinstance(target, UnionTarget):
        return HIDDEN
    variants = flat(target)
    strings = [variant for variant in variants if _is_string(variant)]
    if not strings or strings[0].done:
        return HIDDEN
    words = [v.words for v in variants if isinstance(v, EnumTarget | LiteralTarget)]
    text = node.text()
    if any(group.may_become(text) for group in words):
        return HIDDEN
    return growing(text, node.quote)


def string_in(target: Target) -> Target:
    """What a text that grows is shown as."""
    if not isinstance(target, UnionTarget):
        return target
    return next(filter(_is_string, flat(target)))


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
    node = growing_node(text)
    if growing(node.text(), node.quote) is HIDDEN:
        return HIDDEN
    return open_text(TextNode('"', "".join(node.parts)), target)


def is_scalar(target: Target) -> bool:
    """Whether only a single word, number or keyword can be meant, never a growing text."""
    return all(
        isinstance(variant, EnumTarget | LiteralTarget | ScalarTarget) and not _is_string(variant)
        for variant in (flat(target) if isinstance(target, UnionTarget) else (target,))
    )


def early_value(text: str, target: Target, coercer: Coercer) -> object:
    """The value of an answer that may already be whole: a quoted word or number, or the one keyword it can be."""
    node = early_node(text)
    if node is None:
        return HIDDEN
    if node.is_null():
        return None if target.optional else HIDDEN
    if not is_scalar(target) or not (node.quote or target.name in ("bool", "bool?")):
        return HIDDEN
    result = coercer.coerce(node, target)
    return result.value if isinstance(result, Outcome) else HIDDEN


def flat(target: UnionTarget) -> tuple[Target, ...]:
    """The variants, also of unions within the union, in declared order."""
    if target.flat:
        return target.flat
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
    target.flat = tuple(variants)
    return target.flat


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


def _wanted(variant: Target, key: str) -> Target | None:
    if isinstance(variant, MapTarget):
        return variant.value
    assert isinstance(variant, ClassTarget)
    entry = variant.find(key)
    return entry.target if entry is not None else None
