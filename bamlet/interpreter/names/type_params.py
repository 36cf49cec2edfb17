"""Type parameters and what they are called inside of what declares them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import TypeAlias

from ...diagnostics import catalogue
from ...grammar import nodes as n
from ...types.ty import ClassTy, ErrorTy, InterfaceTy, ParameterTy, Ty
from ..facts.report import Report
from .resolve_types import BUILTIN_TYPES, TypeResolver

Scope: TypeAlias = "Mapping[str, Ty]"
EMPTY: Scope = MappingProxyType({})
# A resolver of types for an item, in which the names of a scope can be used.
Types: TypeAlias = "Callable[[Scope], TypeResolver]"


def plain_params(nodes: Iterable[n.TypeParam]) -> tuple[ParameterTy, ...]:
    """The parameters without their bounds, which may speak of them."""
    return tuple(ParameterTy(node.name.name) for node in nodes)


def declared_params(
    nodes: tuple[n.TypeParam, ...], outer: Scope, types: Types, placed: n.Placed[n.Item], report: Report
) -> tuple[ParameterTy, ...]:
    names = [node.name.name for node in nodes]
    for at, node in enumerate(nodes):
        if node.name.name in names[:at] or node.name.name in outer or node.name.name in BUILTIN_TYPES:
            message = f"the name `{node.name.name}` is taken: it is a type here already"
            report.at(placed, node.name, catalogue.DUPLICATE_NAME, message, hint="choose another name")
    resolver = types({**outer, **{param.name: param for param in plain_params(nodes)}})
    return tuple(_bounded(node, resolver, placed, report) for node in nodes)


def _bounded(node: n.TypeParam, types: TypeResolver, placed: n.Placed[n.Item], report: Report) -> ParameterTy:
    found: list[Ty] = []
    for bound in node.bounds:
        types.as_written = True
        found.append(types.resolve(bound))
    types.as_written = False
    for bound, ty in zip(node.bounds, found, strict=True):
        if not isinstance(ty, InterfaceTy | ClassTy | ErrorTy):
            message = "what a type parameter extends is an interface"
            report.at(
                placed, bound, catalogue.NOT_AN_INTERFACE, message, hint="take it away, or name an interface"
            )
    made = ParameterTy(node.name.name, tuple(found))
    return ParameterTy(made.name, tuple(_with_own_types(made, bound, types) for bound in found))


def _with_own_types(param: ParameterTy, bound: Ty, types: TypeResolver) -> Ty:
    """Of `T extends I` the types that T names by I are its own: `T.Item`, unless they are said to be others."""
    symbol = types.names.interfaces.get(bound.name) if isinstance(bound, InterfaceTy) else None
    if symbol is None or not isinstance(bound, InterfaceTy):
        return bound
    said = dict(bound.bindings)
    own: dict[str, Ty] = {name: said.get(name, ParameterTy(f"{param.name}.{name}")) for name in symbol.associated}
    return InterfaceTy(bound.name, bound.args, tuple(sorted(own.items())))
