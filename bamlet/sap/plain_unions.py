"""A union as a reader of plain JSON, where no more than one of its variants can take a value exactly."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .factory import Factory
from .plain_objects import Make, NotPlain, Reader, Unsupported, once
from .targets import ClassTarget, LiteralTarget, Target, UnionTarget
from .words import fold_accents, fold_key


def union_of(target: UnionTarget, make: Make) -> Reader:
    """Only unions of which no more than one variant can take a value exactly, whatever comes first."""
    variants = target.variants
    if len(variants) == 1:
        read = make(variants[0])
    elif all(isinstance(variant, LiteralTarget) and isinstance(variant.value, str) for variant in variants):
        read = _words(variants)
    else:
        read = _classes(variants, make)
    if not target.optional:
        return read
    return lambda value, factory: None if value is None else read(value, factory)


def _words(variants: tuple[Any, ...]) -> Reader:
    texts = frozenset(variant.value for variant in variants)
    if len({_folded(text) for text in texts}) < len(variants) or any(map(_has_constraints, variants)):
        raise Unsupported

    def read(value: Any, factory: Factory) -> object:
        if type(value) is not str or value not in texts:
            raise NotPlain
        return value

    return read


def _folded(text: str) -> str:
    """What two words must differ in that no reading of one is the other's as well."""
    return fold_accents(text.strip())


def _has_constraints(target: Target) -> bool:
    return bool(target.constraints)


def _classes(variants: tuple[Target, ...], make: Make) -> Reader:
    classes = [variant for variant in variants if isinstance(variant, ClassTarget)]
    apart = all(_told_apart(one, other) for one in classes for other in classes if one is not other)
    if len(classes) < len(variants) or not apart:
        raise Unsupported
    readers = [(_Marks(target), make(target)) for target in classes]

    def read(value: Any, factory: Factory) -> object:
        fields = once(value)
        for marks, variant in readers:
            if marks.fit(fields):
                return variant(value, factory)
        raise NotPlain

    return read


def _told_apart(one: ClassTarget, other: ClassTarget) -> bool:
    """Whether no object that has exactly the keys and words of `one` can be an exact `other`."""
    keys = {fold_key(entry.key) for entry in one.fields}
    if any(not entry.defaulted and fold_key(entry.key) not in keys for entry in other.fields):
        return True
    words = _Marks(one).words
    return any(key in words and _folded(words[key]) != _folded(word) for key, word in _Marks(other).words.items())


class _Marks:
    """What an object must show to be of a class: its keys, and fields of which each is one word."""

    __slots__ = ("known", "needed", "words")

    def __init__(self, target: ClassTarget) -> None:
        self.needed = frozenset(entry.key for entry in target.fields if not entry.defaulted)
        self.known = frozenset(entry.key for entry in target.fields)
        self.words = {
            entry.key: entry.target.value
            for entry in target.fields
            if isinstance(entry.target, LiteralTarget) and isinstance(entry.target.value, str)
        }

    def fit(self, fields: Mapping[str, object]) -> bool:
        return (
            all(fields.get(key) == word for key, word in self.words.items())
            and self.needed <= fields.keys() <= self.known
        )
