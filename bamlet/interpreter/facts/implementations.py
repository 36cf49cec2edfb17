"""Interfaces, who implements them, and what that means for types: a class is one only if it says so."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ...records import dataclass, field
from ...source import Span
from ...types.relate import Relation, Views, widen_literals
from ...types.schema import Field
from ...types.ty import (
    UNKNOWN,
    ClassTy,
    EnumTy,
    FunctionTy,
    FutureTy,
    InterfaceTy,
    ListTy,
    MapTy,
    MediaTy,
    ParameterTy,
    PrimitiveTy,
    Ty,
    VariableTy,
    bare,
)
from ...types.variables import match_variables, replaced
from .code_names import FUTURE

TO_STRING = "baml.ToString"  # which holes of templates and `string.from` ask


@dataclass(frozen=True, slots=True)
class InterfaceSymbol:
    """`methods` are full names by short ones: those with a body are functions, the others demands.

    `associated` are the types that each implementation names, with what they are if it does not. `varies` are
    those of which a value with less may stand where one with more is wanted.
    """

    name: str
    params: tuple[ParameterTy, ...]
    associated: Mapping[str, Ty | None]
    requires: tuple[InterfaceTy, ...] = ()
    methods: Mapping[str, str] = field(default_factory=dict)
    fields: tuple[Field, ...] = ()
    varies: frozenset[str] = frozenset()
    span: Span | None = field(default=None, compare=False, repr=False)

    def seen_as(self, view: InterfaceTy) -> dict[str, Ty]:
        """What the parameters and types of the interface are in one view of it."""
        found: dict[str, Ty] = dict(zip((param.name for param in self.params), view.args, strict=False))
        return found | {f"Self.{name}": ty for name, ty in view.bindings}


@dataclass(frozen=True, slots=True)
class Implementation:
    """`methods` are the full names of all methods of the interface for this target, inherited ones among them;
    `links` the fields of the class that stand for those of the interface under another name.
    """

    interface: InterfaceTy
    target: Ty
    params: tuple[ParameterTy, ...]
    methods: Mapping[str, str]
    links: Mapping[str, str]
    span: Span | None = field(default=None, compare=False, repr=False)

    @property
    def key(self) -> tuple[str, str]:
        return self.interface.name, head_of(self.target) or ""


def head_of(ty: Ty) -> str | None:
    """What can be seen of a value's type at run time, type arguments not among it: the key of implementations."""
    match bare(ty):
        case PrimitiveTy(name=name) | ClassTy(name=name) | EnumTy(name=name) | MediaTy(kind=name):
            return name
        case ListTy():
            return "[]"
        case MapTy():
            return "map"
        case FunctionTy():
            return "->"
        case FutureTy():
            return FUTURE
        case _:
            return None


def shows_itself(implementations: Mapping[tuple[str, str], Implementation], relation: Relation, ty: Ty) -> bool:
    """Whether a value of the type may be one of which the program itself says how it is shown."""
    heads = (head_of(widen_literals(member)) for member in relation.members(ty))
    return any((TO_STRING, head) in implementations for head in heads if head is not None)


@dataclass(frozen=True, slots=True)
class ProgramViews(Views):
    interfaces: Mapping[str, InterfaceSymbol]
    implementations: Mapping[tuple[str, str], Implementation]
    varying: Mapping[str, tuple[bool, ...]]

    def of(self, relation: Relation, ty: Ty, name: str) -> InterfaceTy | None:
        if isinstance(ty, InterfaceTy):
            views = (relation.as_interface(base, name) for base in self.demanded(ty))
            return next(filter(None, views), None)
        found = self.implementations.get((name, head_of(ty) or ""))
        if found is None:
            return None
        params = target_parameters(relation, found, ty)
        fits = all(
            relation.is_usable(params[param.name], replaced(bound, params))
            for param in found.params
            for bound in param.bounds
        )
        return replaced_interface(found.interface, params) if fits else None

    def demanded(self, ty: InterfaceTy) -> Iterator[InterfaceTy]:
        """The interfaces that whoever implements this one implements as well."""
        symbol = self.interfaces.get(ty.name)
        if symbol is not None:
            found = symbol.seen_as(ty)
            missing = dict.fromkeys((f"Self.{name}" for name in symbol.associated), UNKNOWN)
            for base in symbol.requires:
                yield replaced_interface(base, {**missing, "Self": ty, **found})

    def varies(self, name: str) -> tuple[bool, ...]:
        return self.varying.get(name, ())

    def varies_by(self, interface: str) -> frozenset[str]:
        symbol = self.interfaces.get(interface)
        return symbol.varies if symbol else frozenset()


def target_parameters(relation: Relation, implementation: Implementation, ty: Ty) -> dict[str, Ty]:
    """What the type parameters of an implementation are for a value of this type."""
    names = {param.name for param in implementation.params}
    found: dict[str, Ty] = {}
    match_variables(
        relation, replaced(implementation.target, {name: VariableTy(name) for name in names}), ty, found
    )
    return {name: found.get(name, UNKNOWN) for name in names}


def replaced_interface(ty: InterfaceTy, found: Mapping[str, Ty]) -> InterfaceTy:
    made = replaced(ty, found)
    assert isinstance(made, InterfaceTy)
    return made
