"""Calls of functions with type parameters: what these are, the receiver tells first, then the arguments, and last
the place where the result is wanted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ...diagnostics import catalogue
from ...grammar import nodes as n
from ...records import dataclass, field
from ...types.relate import Relation, widen_literals
from ...types.show import show
from ...types.ty import (
    ERROR,
    NEVER,
    UNKNOWN,
    ErrorTy,
    FunctionTy,
    InterfaceTy,
    ParameterTy,
    Ty,
    VariableTy,
    members,
    union,
)
from ...types.variables import filled, holds_variable, match_variables, parts_of, replaced
from ..facts.builtins import BY_POSITION
from ..facts.implementations import ProgramViews, head_of
from ..facts.interface import Param, in_call_order
from ..facts.symbols import FunctionSymbol
from ..facts.typing_tables import Types
from ..facts.variance import is_taken
from .arguments import Slots, slots_of, written
from .state import Checker, ungrouped


@dataclass(frozen=True, slots=True)
class Instance:
    """A function as one call sees it: what its type parameters are, its result, and where the arguments go."""

    types: Types
    result: Ty
    slots: Slots | None


@dataclass(slots=True)
class Inference:
    """What is known of the type parameters of a function, and which of them arguments and place have to tell."""

    symbol: FunctionSymbol
    found: dict[str, Ty] = field(default_factory=dict)
    open: dict[str, Ty] = field(default_factory=dict)

    def wanted(self, ty: Ty) -> Ty:
        """A type of the signature with what is known by now; the rest is to be found out."""
        return replaced(ty, {**self.open, **self.found})

    @property
    def fixed(self) -> dict[str, Ty]:
        """What was known before any argument told something."""
        return {name: ty for name, ty in self.found.items() if name not in self.open}


def generic_call(
    c: Checker,
    node: n.Call,
    symbol: FunctionSymbol,
    params: Sequence[Param],
    known: Mapping[str, Ty],
    expected: Ty | None,
) -> Instance:
    """`known` is what the receiver has told; `params` are those behind it."""
    own = symbol.type_params[symbol.outer :] if symbol.outer and known else symbol.type_params
    work = Inference(symbol, dict(known), {p.name: VariableTy(p.name) for p in own if p.name not in known})
    work.found |= _written(c, node, symbol)
    for name in work.found:
        work.open.pop(name, None)
    slots = slots_of(c, node, f"`{symbol.name}`", params, symbol.name in BY_POSITION)
    if slots is None:
        for argument in written(node):
            c.look(argument)
        return Instance(
            (), ERROR if _speaks_of(symbol.result, work.open) else replaced(symbol.result, known), None
        )
    wanted = {slot: param.ty for slot, param in zip(slots, params, strict=True) if slot is not None}
    infer_arguments(c, work, written(node), [wanted[at] for at in sorted(wanted)])
    from_place(c, work, expected)
    settle(c, node.callee, written(node), work)
    for param in own:
        check_bounds(c, node.callee, param, work.found)
    types = tuple((param.name, work.found[param.name]) for param in symbol.type_params if param.name in work.found)
    owned = tuple((name, ty) for name, ty in work.found.items() if "." in name)
    is_plain = slots == tuple(range(len(params))) and in_call_order(params) == list(range(len(params)))
    result = replaced(symbol.result, work.found)
    return Instance((*types, *owned), result, None if is_plain else slots)


def _written(c: Checker, node: n.Call, symbol: FunctionSymbol) -> dict[str, Ty]:
    own = symbol.type_params[symbol.outer :]
    given = [c.resolve(argument) for argument in node.type_arguments]
    if not given or len(given) == len(own):
        return {param.name: ty for param, ty in zip(own, given, strict=False)}
    listed = ", ".join(param.name for param in own)
    takes = f"`<{listed}>`" if own else "no type arguments"
    c.wrong(node.type_arguments[0], catalogue.TYPE_ARGUMENTS, f"`{symbol.name}` takes {takes}, found {len(given)}")
    return dict.fromkeys((param.name for param in own), ERROR)


def infer_arguments(c: Checker, work: Inference, arguments: Sequence[n.Expr], wanted: Sequence[Ty]) -> None:
    """Functions that are written in the call come last: what they take, the others tell."""
    given: dict[int, Ty] = {}
    for lambdas in (False, True):
        for at, argument in enumerate(arguments):
            if isinstance(ungrouped(argument), n.Lambda) is not lambdas:
                continue
            param = work.wanted(wanted[at]) if lambdas else replaced(wanted[at], {**work.open, **work.fixed})
            if not holds_variable(param) and not _throws_variable(param):
                given[at] = c.require(argument, param)
                continue
            given[at] = c.infer(argument, param if lambdas else None)
            match_variables(
                c.relation, replaced(wanted[at], {**work.open, **work.fixed}), _widened(given[at]), work.found
            )
    for at, argument in enumerate(arguments):
        if not isinstance(given[at], ErrorTy):
            c.accept(argument, given[at], _closed(work.wanted(wanted[at])))


def _throws_variable(ty: Ty) -> bool:
    return isinstance(ty, FunctionTy) and holds_variable(ty.throws)


def _closed(ty: Ty) -> Ty:
    """The type with all that nobody has told taken for anything."""
    return filled(ty, dict.fromkeys((part.name for part in _variables(ty)), UNKNOWN))


def _variables(ty: Ty) -> set[VariableTy]:
    if isinstance(ty, VariableTy):
        return {ty}
    return set().union(*map(_variables, parts_of(ty)))


def _speaks_of(ty: Ty, names: Mapping[str, Ty]) -> bool:
    if isinstance(ty, ParameterTy | VariableTy):
        return ty.name in names
    return any(_speaks_of(part, names) for part in parts_of(ty))


def _widened(ty: Ty) -> Ty:
    """Literals become what they are one of; functions keep what they throw."""
    return union(part if isinstance(part, FunctionTy) else widen_literals(part) for part in members(ty))


def from_place(c: Checker, work: Inference, expected: Ty | None) -> None:
    """What the arguments have not told, the place where the result goes may tell."""
    if expected is None or all(name in work.found for name in work.open):
        return
    told: dict[str, Ty] = {}
    match_variables(c.relation, replaced(work.symbol.result, work.open), expected, told)
    for name, ty in told.items():
        work.found.setdefault(name, ty)


def settle(c: Checker, place: n.Node, arguments: Sequence[n.Expr], work: Inference) -> None:
    """What is only thrown, nobody throws; anything else must have been told."""
    for name in work.open:
        if name in work.found:
            continue
        if _is_only_thrown(work.symbol, name):
            work.found[name] = NEVER
            continue
        work.found[name] = ERROR
        if not any(isinstance(c.tables.types.get(id(argument)), ErrorTy) for argument in arguments):
            message = f"nothing here says what `{name}` of `{work.symbol.name}` is"
            own = work.symbol.type_params[work.symbol.outer :]
            listed = ", ".join("…" for _ in own)
            hint = f"write `<{listed}>` before the arguments, or the type of what the result goes into"
            c.wrong(place, catalogue.CANNOT_INFER, message, hint=hint)
    for param in list(work.found):
        work.found |= _owned(c, work, param)


def function_by_place(c: Checker, node: n.Path, symbol: FunctionSymbol, expected: Ty | None) -> Ty:
    """A function as a value is of one type: what it is wanted for tells its type parameters."""
    wanted = c.only_member(expected, FunctionTy)
    work = Inference(symbol, {}, {param.name: VariableTy(param.name) for param in symbol.type_params})
    opened = replaced(symbol.ty, work.open)
    assert isinstance(opened, FunctionTy)
    if wanted is not None:
        for ours, theirs in zip((*opened.params, opened.result), (*wanted.params, wanted.result), strict=False):
            if not holds_variable(theirs):
                match_variables(c.relation, ours, theirs, work.found)
    settle(c, node, (), work)
    return replaced(symbol.ty, work.found)


def _is_only_thrown(symbol: FunctionSymbol, name: str) -> bool:
    """Whether a parameter stands nowhere but in what functions throw."""

    def speaks(ty: Ty) -> bool:
        if isinstance(ty, ParameterTy):
            return ty.name == name
        if isinstance(ty, FunctionTy):
            return any(map(speaks, (*ty.params, ty.result)))
        return any(map(speaks, parts_of(ty)))

    return not any(map(speaks, (symbol.result, *(param.ty for param in symbol.params))))


def _owned(c: Checker, work: Inference, name: str) -> dict[str, Ty]:
    """The types that belong to a type parameter, `T.Item`, once it is known what T is."""
    param = next((one for one in work.symbol.type_params if one.name == name), None)
    owned: dict[str, Ty] = {}
    for bound in param.bounds if param else ():
        if not isinstance(bound, InterfaceTy):
            continue
        view = c.relation.as_interface(c.relation.expand(work.found[name]), bound.name)
        for key, ty in bound.bindings:
            if isinstance(ty, ParameterTy) and "." in ty.name and ty.name not in work.found:
                owned[ty.name] = dict(view.bindings).get(key, UNKNOWN) if view else ERROR
    return owned


def check_bounds(c: Checker, node: n.Node, param: ParameterTy, found: Mapping[str, Ty]) -> None:
    """What a type parameter extends, its argument must be."""
    given = found.get(param.name, ERROR)
    for bound in param.bounds:
        wanted = replaced(bound, found)
        if not c.relation.is_usable(given, wanted):
            message = f"`{param.name}` is `{show(given)}` here, which is no `{show(wanted)}`"
            hint = f"add `implements {show(wanted)} {{ … }}` to it" if isinstance(wanted, InterfaceTy) else None
            c.wrong(node, catalogue.UNMET_BOUND, message, hint=hint)
        elif isinstance(wanted, InterfaceTy) and may_differ(c.relation, given):
            if (method := _takes_its_own(c, wanted)) is not None:
                message = (
                    f"`{param.name}` is `{show(given)}` here: `{method}` takes another value of the same type, "
                    "and two of these may differ in theirs"
                )
                c.wrong(node, catalogue.UNMET_BOUND, message, hint="call it with values of one type")


def may_differ(relation: Relation, ty: Ty) -> bool:
    """Whether two values of the type may have an interface each by another implementation."""
    kinds = {head_of(widen_literals(member)) for member in relation.members(ty)}
    return len(kinds) > 1 or isinstance(relation.expand(ty), InterfaceTy)


def _takes_its_own(c: Checker, ty: InterfaceTy) -> str | None:
    """The method of an interface, or of one that it requires, that takes a value of its receiver's type."""
    for name, full in c.names.interfaces[ty.name].methods.items():
        if any(is_taken(param.ty, "Self", c.relation.views) for param in c.names.method(full).params[1:]):
            return name
    views = c.relation.views
    assert isinstance(views, ProgramViews)
    return next(filter(None, (_takes_its_own(c, base) for base in views.demanded(ty))), None)
