"""A type as the programmer would write it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from .ty import (
    NULL,
    AliasTy,
    AnnotatedTy,
    ClassTy,
    EnumTy,
    ErrorTy,
    FunctionTy,
    FutureTy,
    InterfaceTy,
    ListTy,
    LiteralTy,
    MapTy,
    MediaTy,
    NeverTy,
    ParameterTy,
    PrimitiveTy,
    Ty,
    UnionTy,
    UnknownTy,
    VariableTy,
    VariantTy,
)


def show(ty: Ty) -> str:
    """`(int | string)[]?` and the like; attributes are left out."""
    return _SHOW[type(ty)](ty)


def _show_union(ty: UnionTy) -> str:
    rest = [member for member in ty.members if member != NULL]
    if len(rest) == 1 and len(ty.members) == 2:
        return f"{_operand(rest[0])}?"
    return " | ".join(show(member) for member in ty.members)


def _operand(ty: Ty) -> str:
    text = show(ty)
    return f"({text})" if isinstance(ty, UnionTy | FunctionTy) else text


def _show_function(ty: FunctionTy) -> str:
    return f"({', '.join(map(show, ty.params))}) -> {show(ty.result)}"


def _shown_args(args: Sequence[Ty], bindings: Sequence[tuple[str, Ty]] = ()) -> str:
    """What never comes need not be told."""
    named = [f"{name} = {show(ty)}" for name, ty in bindings if not isinstance(ty, NeverTy)]
    shown = ", ".join([*map(show, args), *named])
    return f"<{shown}>" if shown else ""


def _literal(value: object) -> str:
    import json  # for messages, and most programs have none

    return json.dumps(value, ensure_ascii=False)


_SHOW: dict[type, Callable[[Any], str]] = {
    PrimitiveTy: lambda ty: ty.name,
    MediaTy: lambda ty: ty.kind,
    UnknownTy: lambda ty: "unknown",
    NeverTy: lambda ty: "never",
    ErrorTy: lambda ty: "<error>",
    LiteralTy: lambda ty: _literal(ty.value),
    EnumTy: lambda ty: ty.name,
    VariantTy: lambda ty: f"{ty.enum}.{ty.name}",
    ClassTy: lambda ty: ty.name + _shown_args(ty.args),
    InterfaceTy: lambda ty: ty.name + _shown_args(ty.args, ty.bindings),
    ParameterTy: lambda ty: ty.name.removeprefix("Self."),
    AliasTy: lambda ty: ty.name,
    ListTy: lambda ty: f"{_operand(ty.item)}[]",
    MapTy: lambda ty: f"map<{show(ty.key)}, {show(ty.value)}>",
    UnionTy: _show_union,
    FunctionTy: _show_function,
    FutureTy: lambda ty: f"baml.future.Future<{show(ty.value)}, {show(ty.error)}>",
    VariableTy: lambda ty: ty.name,
    AnnotatedTy: lambda ty: show(ty.inner),
}
