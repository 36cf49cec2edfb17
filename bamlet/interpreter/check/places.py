"""Places: a variable, or a field of a field of one; which an expression names, and its type at this point."""

from __future__ import annotations

from collections.abc import Iterable

from ...diagnostics import catalogue, did_you_mean
from ...grammar import nodes as n
from ...types.partials import is_partial, partial_field
from ...types.relate import widen_literals
from ...types.show import show
from ...types.ty import ERROR, NEVER, NULL, ClassTy, ErrorTy, InterfaceTy, ParameterTy, Ty
from ...types.variables import replaced
from ..facts.builtins import method
from ..facts.implementations import ProgramViews
from ..facts.typing_tables import LocalUse, Variable
from .state import Checker, Place, ungrouped


def place_of(c: Checker, node: n.Expr) -> Place | None:
    use = c.tables.uses.get(id(ungrouped(node)))
    if isinstance(use, LocalUse):
        return (use.variable, *(part.name for part in use.fields))
    return None


def type_of_local(
    c: Checker, variable: Variable, fields: tuple[n.Identifier, ...], node: n.Path | None = None
) -> Ty:
    """The type of `x.a.b`, with what is known of `x`, `x.a` and `x.a.b` at this point."""
    ty = c.known((variable,), variable.ty)
    for at, part in enumerate(fields):
        place: Place = (variable, *(name.name for name in fields[: at + 1]))
        ty = c.known(place, field_type(c, ty, part))
    return ty


def type_of_path(c: Checker, ty: Ty, fields: Iterable[n.Identifier]) -> Ty:
    for part in fields:
        ty = field_type(c, ty, part)
    return ty


def field_type(c: Checker, ty: Ty, name: n.Identifier) -> Ty:
    """The type of a field; of a union of classes when each has it."""
    members = c.relation.members(ty)
    if NEVER in members or any(isinstance(member, ErrorTy) for member in members):
        return NEVER if members == (NEVER,) else ERROR
    found: list[Ty] = []
    for member in members:
        field = field_of(c, member, name.name)
        if field is None:
            _no_field(c, ty, member, name)
            return ERROR
        found.append(field)
    return found[0] if len(found) == 1 else c.relation.join(dict.fromkeys(found))


def field_of(c: Checker, ty: Ty, name: str) -> Ty | None:
    match ty:
        case ClassTy(args=(whole,)) if is_partial(ty):
            of_whole = field_of(c, whole, name)
            return None if of_whole is None else partial_field(of_whole)
        case ClassTy(name=owner, args=args):
            fields = c.fields.get(owner)
            if fields is None:
                declared = c.names.classes[owner].schema.fields
                fields = c.fields[owner] = {one.name: one.ty for one in reversed(declared)}
            found = fields.get(name)
            if found is None or not args:
                return found
            params = c.names.classes[owner].params
            return replaced(found, {param.name: arg for param, arg in zip(params, args, strict=True)})
        case InterfaceTy(name=owner):
            interface = c.names.interfaces[owner]
            found = next((field.ty for field in interface.fields if field.name == name), None)
            if found is not None:
                unknown: dict[str, Ty] = {f"Self.{one}": ParameterTy(f"?{one}") for one in interface.associated}
                return replaced(found, unknown | interface.seen_as(ty))
            views = c.relation.views
            bases = views.demanded(ty) if isinstance(views, ProgramViews) else ()
            return _first(field_of(c, base, name) for base in bases)
        case ParameterTy(bounds=bounds):
            return _first(field_of(c, bound, name) for bound in bounds)
        case _:
            return None


def _first(found: Iterable[Ty | None]) -> Ty | None:
    return next((ty for ty in found if ty is not None), None)


def _no_field(c: Checker, whole: Ty, member: Ty, name: n.Identifier) -> None:
    fields = [f.name for f in c.names.classes[member.name].schema.fields] if isinstance(member, ClassTy) else []
    methods = list(c.names.classes[member.name].methods) if isinstance(member, ClassTy) else []
    if name.name in methods or method(widen_literals(member), name.name, c.edition) is not None:
        hint: str | None = f"`{name.name}` is a method: write `{name.name}(…)`"
    elif member == NULL:
        hint = c.may_be_null(f"?.{name.name}")
    elif any(field_of(c, one, name.name) for one in c.relation.members(whole)):
        hint = "find out first which one it is, with `match`"
    elif hyphened := [field for field in fields if field.startswith(name.name + "-")]:
        word = hyphened[0].replace("-", "_")
        hint = f'in an expression `-` subtracts: call the field `{word} @alias("{hyphened[0]}")`'
    else:
        hint = did_you_mean(name.name, [*fields, *methods])
    c.wrong(name, catalogue.UNKNOWN_FIELD, f"`{show(whole)}` has no field `{name.name}`", hint=hint)
