"""A field as a class declares it."""

from __future__ import annotations

from types import MemberDescriptorType
from typing import Any

NOTHING: Any = object()  # a default that nobody gives


class Field:
    """One field as it was declared; `name` and `type` are known when its class is."""

    __slots__ = ("compare", "default", "factory", "hash", "init", "kw_only", "name", "repr", "type")

    def __init__(
        self,
        *,
        default: Any = NOTHING,
        default_factory: Any = NOTHING,
        init: bool = True,
        repr: bool = True,
        compare: bool = True,
        hash: bool | None = None,
        kw_only: bool | None = None,
    ) -> None:
        self.name = self.type = ""
        self.default, self.factory = default, default_factory
        self.init, self.repr, self.compare, self.kw_only = init, repr, compare, kw_only
        self.hash = compare if hash is None else hash

    @property
    def has_default(self) -> bool:
        return self.default is not NOTHING or self.factory is not NOTHING


def is_in_class(cls: Any, each: Field) -> bool:
    """Whether the class itself has the default of a field that nobody gives."""
    return not each.init and each.name in cls.__dict__ and not is_slot(cls, each.name)


def is_slot(cls: Any, name: str) -> bool:
    return isinstance(getattr(cls, name, None), MemberDescriptorType)
