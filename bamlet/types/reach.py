"""What a type reaches through lists, maps, unions, aliases and the fields of classes: the constraints on it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from .schema import Schemas
from .ty import AliasTy, AnnotatedTy, ClassTy, Constraint, EnumTy, ListTy, MapTy, Ty, UnionTy


class Reached(NamedTuple):
    """A constraint, and the field or the declaration that it stands on; nothing for the type itself."""

    constraint: Constraint
    place: str | None


def constraints_of(ty: Ty, schemas: Schemas) -> Iterator[Reached]:
    """Every constraint that a value of the type may meet, each class looked into once."""
    seen: set[str] = set()
    pending: list[tuple[Ty, str | None]] = [(ty, None)]
    while pending:
        current, place = pending.pop()
        match current:
            case AnnotatedTy(inner=inner, attributes=attributes):
                yield from (Reached(constraint, place) for constraint in attributes.constraints)
                pending.append((inner, place))
            case ListTy(item=item):
                pending.append((item, place))
            case MapTy(key=key, value=value):
                pending += ((value, place), (key, place))
            case UnionTy(members=members):
                pending += ((member, place) for member in reversed(members))
            case AliasTy(name=name) | EnumTy(name=name) | ClassTy(name=name) if name not in seen:
                seen.add(name)
                if isinstance(current, AliasTy):
                    pending += ((alias, place) for alias in (schemas.aliases.get(name),) if alias is not None)
                    continue
                schema = schemas.classes.get(name) or schemas.enums.get(name)
                yield from (Reached(constraint, name) for constraint in (schema.constraints if schema else ()))
                fields = schemas.classes[name].fields if name in schemas.classes else ()
                pending += ((field.ty, f"{name}.{field.name}") for field in reversed(fields))
