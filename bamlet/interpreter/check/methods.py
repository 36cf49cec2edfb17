"""Methods by the type of their receiver: of its class, of its interfaces, of what is implemented for its kind."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeAlias

from ...records import dataclass
from ...types.relate import Relation
from ...types.ty import UNKNOWN, ClassTy, FutureTy, InterfaceTy, ParameterTy, Ty
from ..facts.code_names import FUTURE
from ..facts.implementations import ProgramViews, head_of, target_parameters
from ..facts.symbols import FunctionSymbol, Names
from ..facts.variance import is_taken
from .state import Checker

Known: TypeAlias = "dict[str, Ty]"


@dataclass(frozen=True, slots=True)
class Method:
    """A method, and what the receiver tells of its type parameters. `dispatched`: the value tells which it is."""

    symbol: FunctionSymbol
    known: Known
    dispatched: bool = False


def method_of(c: Checker, ty: Ty, name: str) -> Method | None:
    match ty:
        case ClassTy() | FutureTy():
            symbol = c.names.classes[FUTURE if isinstance(ty, FutureTy) else ty.name]
            full = symbol.methods.get(name)
            return (
                None if full is None else Method(c.names.functions[full], _known(c, c.names.functions[full], ty))
            )
        case InterfaceTy():
            return _of_interface(c, ty, ty, name)
        case ParameterTy(bounds=bounds):
            found = (_of_bound(c, ty, bound, name) for bound in bounds)
            return next(filter(None, found), None)
        case _:
            return _of_kind(c, ty, name)


def _of_bound(c: Checker, ty: ParameterTy, bound: Ty, name: str) -> Method | None:
    return _of_interface(c, ty, bound, name) if isinstance(bound, InterfaceTy) else method_of(c, bound, name)


def _of_interface(c: Checker, ty: Ty, view: InterfaceTy, name: str) -> Method | None:
    """Of the interface itself, or of one that it requires."""
    symbol = c.names.interfaces[view.name]
    if name in symbol.methods:
        unknown: Known = dict.fromkeys((f"Self.{one}" for one in symbol.associated), UNKNOWN)
        known = {**unknown, **symbol.seen_as(view), "Self": ty}
        return Method(c.names.method(symbol.methods[name]), known, dispatched=True)
    views = c.relation.views
    assert isinstance(views, ProgramViews)
    bases = (_of_interface(c, ty, base, name) for base in views.demanded(view))
    return next(filter(None, bases), None)


def _of_kind(c: Checker, ty: Ty, name: str) -> Method | None:
    """What is implemented for all values of a kind, such as `int` or lists."""
    head = head_of(ty)
    for (_, kind), found in c.names.implementations.items():
        if kind == head and name in found.methods:
            symbol = c.names.functions.get(found.methods[name])
            return None if symbol is None else Method(symbol, _known(c, symbol, ty))
    return None


def _known(c: Checker, symbol: FunctionSymbol, ty: Ty) -> Known:
    """What a receiver of this type says of the type parameters around the method."""
    if not symbol.outer or symbol.owner is None:
        return {}
    if symbol.owner in c.names.interfaces:
        view = c.relation.as_interface(ty, symbol.owner)
        seen = c.names.interfaces[symbol.owner].seen_as(view) if view else {}
        return {**seen, "Self": ty}
    implementation = next(
        (
            found
            for (_, head), found in c.names.implementations.items()
            if head == head_of(ty) and symbol.name in found.methods.values()
        ),
        None,
    )
    if implementation is not None:
        return target_parameters(c.relation, implementation, ty)
    if isinstance(ty, ClassTy):
        return class_parameters(c.names, ty)
    return {}


def class_parameters(names: Names, ty: ClassTy) -> Known:
    return {param.name: arg for param, arg in zip(names.classes[ty.name].params, ty.args, strict=False)}


def has_common_methods(c: Checker, ty: Ty, name: str) -> bool:
    """Whether the type is a union of classes that all have such a method."""
    found = c.relation.members(ty)
    return len(found) > 1 and all(
        isinstance(m, ClassTy) and name in c.names.classes[m.name].methods for m in found
    )


def forgotten(method: Method, relation: Relation) -> Iterator[str]:
    """The types of an interface that an argument would have to be of, though the receiver does not tell them.

    A second `Self` is one of them: two values that have the same interface need not be of one type.
    """
    if not method.dispatched or isinstance(method.known["Self"], ParameterTy):
        return
    names = [name for name, ty in method.known.items() if ty == UNKNOWN or name == "Self"]
    for name in names:
        if any(is_taken(param.ty, name, relation.views) for param in method.symbol.params[1:]):
            yield name
