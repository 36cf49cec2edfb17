"""Class and enum schemas with their attributes: what prompts print and what model text is read against."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..records import dataclass, field
from .ty import Constraint, Ty


@dataclass(frozen=True, slots=True)
class Field:
    """`ty` carries the type's own attributes (`AnnotatedTy`); the rest describes the field. `doc` is for readers
    of code, not for models, here and below.
    """

    name: str
    ty: Ty
    alias: str | None = None
    description: str | None = None
    skip: bool = False
    doc: str | None = None


@dataclass(frozen=True, slots=True)
class ClassSchema:
    name: str
    fields: tuple[Field, ...]
    alias: str | None = None
    description: str | None = None
    dynamic: bool = False
    stream_done: bool = False
    constraints: tuple[Constraint, ...] = ()
    stream_not_null: bool = False
    stream_with_state: bool = False
    doc: str | None = None


@dataclass(frozen=True, slots=True)
class EnumMember:
    name: str
    alias: str | None = None
    description: str | None = None
    skip: bool = False
    doc: str | None = None


@dataclass(frozen=True, slots=True)
class EnumSchema:
    name: str
    members: tuple[EnumMember, ...]
    alias: str | None = None
    description: str | None = None
    dynamic: bool = False
    constraints: tuple[Constraint, ...] = ()
    doc: str | None = None


@dataclass(frozen=True, slots=True)
class Schemas:
    """Every class, enum and recursive alias that a type may name, in declaration order.

    `derived` keeps what readers work out from the schemas alone, each under a key of its own: an output format,
    a parsing target. It is made once, since schemas never change.
    """

    classes: Mapping[str, ClassSchema] = field(default_factory=dict)
    enums: Mapping[str, EnumSchema] = field(default_factory=dict)
    aliases: Mapping[str, Ty] = field(default_factory=dict)
    derived: dict[object, Any] = field(default_factory=dict, compare=False, repr=False)

    def with_types(self, types: Schemas) -> Schemas:
        """These and the other ones, which take the place of those with their names."""
        return Schemas(
            {**self.classes, **types.classes}, {**self.enums, **types.enums}, {**self.aliases, **types.aliases}
        )
