"""Types with others in place of their variables and parameters, and what these must be for a use to fit."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from operator import is_

from .partials import PARTIAL, partial_of
from .relate import Relation
from .ty import (
    AnnotatedTy,
    ClassTy,
    FunctionTy,
    FutureTy,
    InterfaceTy,
    ListTy,
    MapTy,
    ParameterTy,
    Ty,
    UnionTy,
    VariableTy,
    bare,
    members,
    union,
)


def mapped(ty: Ty, change: Callable[[Ty], Ty]) -> Ty:
    """The type with each of its parts changed. Where none becomes another, as in most, it is the same one."""
    match ty:
        case ListTy(item=item):
            made = change(item)
            return ty if made is item else ListTy(made)
        case MapTy(key=key, value=value):
            made_key, made = change(key), change(value)
            return ty if made_key is key and made is value else MapTy(made_key, made)
        case UnionTy(members=parts):
            changed = [change(part) for part in parts]
            return ty if all(map(is_, changed, parts)) else union(changed)
        case FunctionTy(params=params, result=result, throws=throws):
            return FunctionTy(tuple(map(change, params)), change(result), change(throws))
        case FutureTy(value=value, error=error):
            return FutureTy(change(value), change(error))
        case ClassTy(name=name, args=(whole,)) if name == PARTIAL:
            return partial_of(change(whole))
        case ClassTy(name=name, args=args) if args:
            return ClassTy(name, tuple(map(change, args)))
        case InterfaceTy(name=name, args=args, bindings=bindings) if args or bindings:
            named = tuple((key, change(value)) for key, value in bindings)
            return InterfaceTy(name, tuple(map(change, args)), named)
        case AnnotatedTy(inner=inner, attributes=attributes):
            return AnnotatedTy(change(inner), attributes)
        case _:
            return ty


def parts_of(ty: Ty) -> tuple[Ty, ...]:
    found: list[Ty] = []

    def note(part: Ty) -> Ty:
        found.append(part)
        return part

    mapped(ty, note)
    return tuple(found)


def holds_variable(ty: Ty) -> bool:
    """Whether there is something in it that a call has to find out. What is thrown is no part of the question."""
    if isinstance(ty, FunctionTy):
        return any(map(holds_variable, (*ty.params, ty.result)))
    return isinstance(ty, VariableTy) or any(map(holds_variable, parts_of(ty)))


def parameters_in(ty: Ty) -> frozenset[ParameterTy]:
    """The type parameters that a type speaks of."""
    if isinstance(ty, ParameterTy):
        return frozenset((ty,))
    return frozenset[ParameterTy]().union(*map(parameters_in, parts_of(ty)))


def replaced(ty: Ty, found: Mapping[str, Ty]) -> Ty:
    """The type with what is found in place of its parameters; others stay."""
    if not found:
        return ty
    if isinstance(ty, ParameterTy):
        return found.get(ty.name, ty)
    return mapped(ty, lambda part: replaced(part, found))


def filled(ty: Ty, found: Mapping[str, Ty]) -> Ty:
    """The type with what a call has found out in place of its variables; others stay."""
    if isinstance(ty, VariableTy):
        return found.get(ty.name, ty)
    return mapped(ty, lambda part: filled(part, found))


def match_variables(relation: Relation, wanted: Ty, given: Ty, found: dict[str, Ty]) -> None:
    """Add to `found` what the variables of `wanted` must be for a `given` to fit; else nothing."""
    plain = bare(relation.expand(given))
    match wanted:
        case VariableTy(name=name):
            found[name] = relation.join((found[name], plain)) if name in found else plain
        case AnnotatedTy(inner=inner):
            match_variables(relation, inner, plain, found)
        case ListTy(item=item) if isinstance(plain, ListTy):
            match_variables(relation, item, plain.item, found)
        case MapTy(value=value) if isinstance(plain, MapTy):
            match_variables(relation, value, plain.value, found)
        case FunctionTy() if isinstance(plain, FunctionTy):
            _match_function(relation, wanted, plain, found)
        case FutureTy(value=value, error=error) if isinstance(plain, FutureTy):
            match_variables(relation, value, plain.value, found)
            match_variables(relation, error, plain.error, found)
        case ClassTy(name=name, args=args) if isinstance(plain, ClassTy) and plain.name == name:
            for ours, theirs in zip(args, plain.args, strict=False):
                match_variables(relation, ours, theirs, found)
        case InterfaceTy(args=args, bindings=bindings):
            if (view := relation.as_interface(plain, wanted.name)) is not None:
                for ours, theirs in zip(args, view.args, strict=False):
                    match_variables(relation, ours, theirs, found)
                known = dict(view.bindings)
                for key, ours in bindings:
                    if key in known:
                        match_variables(relation, ours, known[key], found)
        case UnionTy(members=parts):
            _match_union(relation, parts, plain, found)
        case _:
            pass


def _match_function(relation: Relation, wanted: FunctionTy, given: FunctionTy, found: dict[str, Ty]) -> None:
    """What it takes tells a variable only if nothing else does: more may be handed to it than it demands."""
    told: dict[str, Ty] = {}
    for ours, theirs in zip(wanted.params, given.params, strict=False):
        match_variables(relation, ours, theirs, told)
    for name, ty in told.items():
        found.setdefault(name, ty)
    match_variables(relation, wanted.result, given.result, found)
    match_variables(relation, wanted.throws, given.throws, found)


def _match_union(relation: Relation, parts: tuple[Ty, ...], given: Ty, found: dict[str, Ty]) -> None:
    """What the other members of the union take is no matter of the variables among them.

    A member with a variable inside takes what is of its shape; a bare variable takes what is left.
    """
    plain = [part for part in parts if not holds_variable(part)]
    rest = [one for one in members(given) if not any(relation.is_part(one, part) for part in plain)]
    for part in parts:
        if holds_variable(part) and not isinstance(part, VariableTy):
            rest = [one for one in rest if not _match_member(relation, part, one, found)]
    if rest:
        for part in parts:
            if isinstance(part, VariableTy):
                match_variables(relation, part, union(rest), found)


def _match_member(relation: Relation, part: Ty, given: Ty, found: dict[str, Ty]) -> bool:
    told: dict[str, Ty] = {}
    match_variables(relation, part, given, told)
    for name, ty in told.items():
        found[name] = relation.join((found[name], ty)) if name in found else ty
    return bool(told)
