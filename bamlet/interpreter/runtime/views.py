"""What tests of types have to know of a program that its values do not tell."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ...records import dataclass, field
from ...types.ty import Ty
from ...types.variables import replaced


@dataclass(frozen=True, slots=True)
class Generic:
    """The type parameters of a class, and those of its fields that speak of them."""

    params: tuple[str, ...]
    fields: tuple[tuple[str, Ty], ...]

    def parts(self, value: Any, args: tuple[Ty, ...]) -> list[tuple[Any, Ty]]:
        found = dict(zip(self.params, args, strict=False))
        return [(getattr(value, name), replaced(ty, found)) for name, ty in self.fields]


@dataclass(frozen=True, slots=True)
class Views:
    """The kinds of the values that implement each interface, and the classes with type parameters."""

    kinds: Mapping[str, frozenset[Any]] = field(default_factory=dict)
    generic: Mapping[str, Generic] = field(default_factory=dict)


NO_VIEWS = Views()
