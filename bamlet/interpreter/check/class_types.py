"""Type arguments of a class that are not written: fields and place of a constructor tell them, and of a pattern
the value that it is tried on."""

from __future__ import annotations

from collections.abc import Iterable

from ...diagnostics import catalogue
from ...grammar import nodes as n
from ...types.partials import is_partial
from ...types.show import show
from ...types.ty import (
    ERROR,
    UNKNOWN,
    ClassTy,
    FunctionTy,
    FutureTy,
    InterfaceTy,
    ListTy,
    MapTy,
    ParameterTy,
    Ty,
    UnknownTy,
    VariableTy,
    union,
)
from ...types.variables import match_variables, parameters_in, parts_of, replaced
from ..facts.interface import Param
from ..facts.symbols import ClassSymbol, FunctionSymbol
from ..facts.typing_tables import PatternTest, TypeTest
from .generic_calls import Inference, check_bounds, infer_arguments, settle
from .state import Checker


def fields_of(symbol: ClassSymbol, ty: ClassTy) -> dict[str, Ty]:
    found = {param.name: arg for param, arg in zip(symbol.params, ty.args, strict=False)}
    return {field.name: replaced(field.ty, found) for field in symbol.schema.fields}


def class_of_constructor(c: Checker, node: n.Constructor, symbol: ClassSymbol, expected: Ty | None) -> ClassTy:
    known = _written(c, node, symbol) or _of_place(c, symbol, expected)
    work = Inference(
        _maker(symbol), known, {p.name: VariableTy(p.name) for p in symbol.params if p.name not in known}
    )
    if work.open:
        _look_at_fields(c, node, symbol, work)
    for param in symbol.params:
        check_bounds(c, node.path, param, work.found)
    return ClassTy(symbol.name, tuple(work.found.get(param.name, ERROR) for param in symbol.params))


def _maker(symbol: ClassSymbol) -> FunctionSymbol:
    """The constructor as a function of its fields."""
    params = tuple(Param(field.name, field.ty) for field in symbol.schema.fields)
    return FunctionSymbol(symbol.name, params, symbol.ty, None, "code", type_params=symbol.params)


def _written(c: Checker, node: n.Constructor, symbol: ClassSymbol) -> dict[str, Ty]:
    given = [c.resolve(argument) for argument in node.type_arguments or ()]
    if not given or len(given) == len(symbol.params):
        return {param.name: ty for param, ty in zip(symbol.params, given, strict=False)}
    takes = f"`<{', '.join(param.name for param in symbol.params)}>`" if symbol.params else "no type arguments"
    c.wrong(node.path, catalogue.TYPE_ARGUMENTS, f"`{symbol.name}` takes {takes}, found {len(given)}")
    return dict.fromkeys((param.name for param in symbol.params), ERROR)


def _of_place(c: Checker, symbol: ClassSymbol, expected: Ty | None) -> dict[str, Ty]:
    """What is wanted tells it, if that is one kind of this class."""
    wanted = [] if expected is None else c.relation.members(expected)
    alike = [member for member in wanted if isinstance(member, ClassTy) and member.name == symbol.name]
    if len(alike) != 1:
        return {}
    return {param.name: arg for param, arg in zip(symbol.params, alike[0].args, strict=False)}


def _look_at_fields(c: Checker, node: n.Constructor, symbol: ClassSymbol, work: Inference) -> None:
    fields = {field.name: field.ty for field in symbol.schema.fields}
    arguments: list[n.Expr] = []
    wanted: list[Ty] = []
    for entry in node.entries:
        if isinstance(entry, n.Spread):
            match_variables(c.relation, replaced(symbol.ty, work.open), c.infer(entry.value), work.found)
        elif entry.name.name in fields:
            arguments.append(entry.value)
            wanted.append(fields[entry.name.name])
    infer_arguments(c, work, arguments, wanted)
    settle(c, node.path, [entry.value for entry in node.entries], work)


def class_of_pattern(c: Checker, symbol: ClassSymbol, declared: Ty) -> ClassTy:
    """A test sees the class alone; which kind of it a value is, its static type says, or nobody."""
    if not symbol.params:
        return symbol.ty
    alike = [m for m in c.relation.members(declared) if isinstance(m, ClassTy) and m.name == symbol.name]
    if len(alike) == 1:
        return alike[0]
    args = (
        UNKNOWN if varies else nobody_knows(p.name) for p, varies in zip(symbol.params, symbol.varies, strict=True)
    )
    return ClassTy(symbol.name, tuple(args))


def tested_type(c: Checker, node: n.TypeNode, declared: Ty) -> Ty:
    """The type of a test, in which a class stands without type arguments."""
    if isinstance(node, n.UnionType):
        return union(tested_type(c, member, declared) for member in node.members)
    if isinstance(node, n.TypeName) and node.arguments is None and node.name not in c.scope_of_types:
        symbol = c.names.classes.get(c.full(node.name))
        if symbol is not None and symbol.params and node.parts[0].name not in c.names.broken:
            return class_of_pattern(c, symbol, declared)
    return c.resolve(node)


def note_tested(c: Checker, node: n.Node, ty: Ty, wanted: Ty) -> None:
    """Type arguments are gone at run time: say so where a test would need them."""
    for param in sorted(_looked_at(wanted), key=lambda one: one.name):
        if param.name in c.runtime_types:
            c.tables.wants_types.add(param.name)
            c.tables.walks = True
        elif not param.name.startswith("?"):
            message = f"what `{show(param)}` is here cannot be found out at run time"
            hint = "only a function's own type parameters can be looked at"
            c.wrong(node, catalogue.UNSUPPORTED, message, hint=hint)
    for kind in unsure_kinds(c, ty, wanted):
        if not _told_by_fields(c, kind):
            message = f"which `{kind.name}` a value is cannot be found out at run time"
            c.wrong(node, catalogue.UNSUPPORTED, message, hint=f"write `{kind.name}` alone")
    for member in c.relation.members(wanted):
        if is_partial(member) and parameters_in(member):
            message = f"what `{show(member)}` is here cannot be found out at run time"
            c.wrong(node, catalogue.UNSUPPORTED, message, hint="name the class that is still coming")


def unsure_kinds(c: Checker, ty: Ty, wanted: Ty) -> list[ClassTy]:
    """The classes among what is wanted of which a value of `ty` may be of another kind."""
    found: list[ClassTy] = []
    for member in c.relation.members(wanted):
        if not isinstance(member, ClassTy) or is_partial(member) or all(map(_says_nothing, member.args)):
            continue
        alike = (m for m in c.relation.members(ty) if not isinstance(m, ClassTy) or m.name == member.name)
        if any(_may_be(c, m, member) and not c.relation.is_part(m, member) for m in alike):
            found.append(member)
    return found


def _told_by_fields(c: Checker, ty: ClassTy) -> bool:
    """Whether the fields of a value tell of what kind it is, like the elements of a list."""
    symbol = c.names.classes[ty.name]
    spoken_of = frozenset[ParameterTy]().union(*(parameters_in(field.ty) for field in symbol.schema.fields))
    names = {param.name for param in spoken_of}
    return not symbol.opaque and all(p.name in names for p in symbol.params) and _can_be_seen(c, ty, set())


def refuse_alias(c: Checker, node: n.Node, test: PatternTest) -> None:
    """What was seen in a value that others may change does not hold for long: no variable has such a type."""
    if not isinstance(test, TypeTest) or test.by_tag:
        return
    for member in c.relation.members(test.ty):
        if isinstance(member, ClassTy) and member.args and not is_partial(member):
            if not (all(c.names.classes[member.name].varies) and all(is_settled(c, arg) for arg in member.args)):
                message = f"others may put something else into this `{member.name}` later"
                hint = f"write `{member.name} {{ … }}` for its fields, or test with `is`"
                c.wrong(node, catalogue.UNSUPPORTED, message, hint=hint)


def is_settled(c: Checker, ty: Ty) -> bool:
    """Whether a value that was seen to be of the type stays of it."""
    members = c.relation.members(ty)
    is_kind = any(isinstance(member, ClassTy) and member.args for member in members)
    return not is_kind and not any(
        isinstance(member, ListTy | MapTy | UnknownTy | FunctionTy) for member in members
    )


def _can_be_seen(c: Checker, ty: Ty, above: set[Ty]) -> bool:
    if isinstance(ty, FunctionTy | FutureTy | ParameterTy) or is_partial(ty):
        return False
    if isinstance(ty, InterfaceTy):
        return not ty.args and not ty.bindings
    parts: Iterable[Ty] = parts_of(ty)
    if isinstance(ty, ClassTy):
        if not ty.args or ty in above:
            return True
        parts = fields_of(c.names.classes[ty.name], ty).values()
    return all(_can_be_seen(c, part, above | {ty}) for part in parts)


def _may_be(c: Checker, ty: Ty, wanted: ClassTy) -> bool:
    return isinstance(ty, ClassTy | UnknownTy | ParameterTy) or (
        isinstance(ty, InterfaceTy) and c.relation.is_part(wanted, InterfaceTy(ty.name))
    )


def _says_nothing(ty: Ty) -> bool:
    return isinstance(ty, UnknownTy) or (isinstance(ty, ParameterTy) and ty.name.startswith("?"))


def _looked_at(ty: Ty) -> frozenset[ParameterTy]:
    """The type parameters whose meaning a test needs; those of a class among them it does not."""
    if isinstance(ty, ClassTy | InterfaceTy | FunctionTy | FutureTy):
        return frozenset()
    if isinstance(ty, ParameterTy):
        return frozenset((ty,))
    return frozenset[ParameterTy]().union(*map(_looked_at, parts_of(ty)))


def nobody_knows(name: str) -> ParameterTy:
    """A type argument of which nothing is known: what comes out is of it, and nothing else may go in."""
    return ParameterTy(f"?{name}")
