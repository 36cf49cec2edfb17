"""`@assert` on what a function takes: a value and its type in, the first assertion that does not hold out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from ..interpreter.runtime.conforms import is_of_type
from ..interpreter.runtime.values import EnumValue, Instance
from ..types.reach import constraints_of
from ..types.schema import Schemas
from ..types.ty import AliasTy, AnnotatedTy, ClassTy, Constraint, EnumTy, ListTy, MapTy, PrimitiveTy, Ty, UnionTy
from .template_values import holds


def broken_assertion(arguments: Iterable[tuple[str, Ty, Any]], schemas: Schemas) -> str | None:
    """What is wrong with the first argument that does not fulfil what is asserted of it."""
    for name, ty, value in arguments:
        if _is_asserted(ty, schemas):
            for path, constraint, part in _asserted(value, ty, name, schemas):
                if problem := _problem(constraint, part, schemas):
                    return f"`{path}`: {problem}"
    return None


def _is_asserted(ty: Ty, schemas: Schemas) -> bool:
    if type(ty) is PrimitiveTy:
        return False
    key = ("is asserted", ty)
    known: bool | None = schemas.derived.get(key)
    if known is None:
        reached = constraints_of(ty, schemas)
        known = schemas.derived[key] = any(found.constraint.kind == "assert" for found in reached)
    return known


def _problem(constraint: Constraint, value: Any, schemas: Schemas) -> str | None:
    name = constraint.name or constraint.expression
    try:
        return None if holds(constraint.expression, value, schemas) else f"the assertion `{name}` does not hold"
    except ValueError as failure:
        return f"the assertion `{name}` does not hold: {failure}"


def _asserted(value: Any, ty: Ty, path: str, schemas: Schemas) -> Iterator[tuple[str, Constraint, Any]]:
    """Each assertion with the value that it speaks of. What occurs twice in the value is looked at once."""
    seen: set[tuple[int, Ty]] = set()
    pending: list[tuple[str, Any, Ty]] = [(path, value, ty)]
    while pending:
        path, part, wanted = pending.pop()
        if part is None or (id(part), wanted) in seen:
            continue
        seen.add((id(part), wanted))
        for constraint in _constraints(wanted, schemas):
            if constraint.kind == "assert":
                yield path, constraint, part
        pending += reversed(list(_parts(path, part, wanted, schemas)))


def _constraints(ty: Ty, schemas: Schemas) -> tuple[Constraint, ...]:
    match ty:
        case AnnotatedTy(attributes=attributes):
            return attributes.constraints
        case ClassTy(name=name) if name in schemas.classes:
            return schemas.classes[name].constraints
        case EnumTy(name=name) if name in schemas.enums:
            return schemas.enums[name].constraints
        case _:
            return ()


def _parts(path: str, value: Any, ty: Ty, schemas: Schemas) -> Iterator[tuple[str, Any, Ty]]:
    match ty:
        case AnnotatedTy(inner=inner):
            yield path, value, inner
        case AliasTy(name=name):
            yield path, value, schemas.aliases[name]
        case UnionTy(members=members):
            fitting = (member for member in members if is_of_type(value, member, schemas))
            yield from ((path, value, member) for member in fitting)
        case ListTy(item=item) if isinstance(value, list):
            yield from ((f"{path}[{at}]", part, item) for at, part in enumerate(value))
        case MapTy(value=item) if isinstance(value, dict):
            yield from ((f"{path}[{_key(key)}]", part, item) for key, part in value.items())
        case ClassTy(name=name) if isinstance(value, Instance) and name in schemas.classes:
            for field in schemas.classes[name].fields:
                yield f"{path}.{field.name}", getattr(value, field.name, None), field.ty


def _key(key: Any) -> str:
    return key.name if isinstance(key, EnumValue) else repr(key)
