"""What a body may throw: gathered while it is checked, held against its `throws`, and seen by its callers.

Panics are no part of it.
"""

from __future__ import annotations

from collections.abc import Iterator

from ...diagnostics import Note, catalogue
from ...grammar import nodes as n
from ...types.relate import Relation, literal_bases
from ...types.show import show
from ...types.ty import NEVER, UNKNOWN, ClassTy, FunctionTy, Ty, UnknownTy
from ...types.variables import parameters_in, replaced
from ..facts.builtins import CALLING_BACK, THROWING
from ..facts.panics import is_panic
from ..facts.symbols import FunctionSymbol, Names
from ..facts.typing_tables import (
    BuiltinCall,
    CallPlan,
    FunctionCall,
    InterfaceCall,
    TypedCall,
    UnionCall,
    ValueCall,
)
from .state import Checker


def may_throw(c: Checker, thrown: Ty, node: n.Node) -> None:
    """Note what the node throws. Of a literal only its base counts."""
    for member in c.relation.members(literal_bases(thrown)):
        if member not in c.thrown and member != NEVER and not is_panic(member):
            c.thrown[member] = node


def thrown_by_call(c: Checker, node: n.Call, plan: CallPlan | None) -> Ty:
    match plan:
        case FunctionCall(symbol=symbol, types=types):
            return replaced(c.names.functions[symbol.name].thrown, dict(types))
        case InterfaceCall(symbol=symbol, types=types):
            return replaced(thrown_by_interface(c.names, c.relation, symbol), dict(types))
        case TypedCall(symbol=symbol):
            return symbol.thrown
        case UnionCall(thrown=thrown):
            return thrown
        case ValueCall():
            return _of_function(c, node.callee)
        case BuiltinCall(name=name) if name in THROWING:
            return ClassTy(THROWING[name])
        case BuiltinCall(name=name, operands=operands) if name in CALLING_BACK:
            return c.relation.join(_of_function(c, operand) for operand in operands)
        case _:
            return NEVER


def thrown_by_interface(names: Names, relation: Relation, symbol: FunctionSymbol) -> Ty:
    """What is declared; else what those throw that can be called, as far as it is known."""
    if symbol.throws is not None:
        return symbol.throws
    word = symbol.name.rpartition(".")[2]
    called = {
        found.methods[word]
        for (interface, _), found in names.implementations.items()
        if interface == symbol.owner and word in found.methods
    }
    thrown = (names.functions[full].thrown for full in sorted(called) if full in names.functions)
    return relation.join(UNKNOWN if parameters_in(one) else one for one in thrown)


def _of_function(c: Checker, node: n.Expr) -> Ty:
    types = c.relation.members(c.tables.types[id(node)])
    return c.relation.join(ty.throws for ty in types if isinstance(ty, FunctionTy))


def check_contract(c: Checker, symbol: FunctionSymbol) -> None:
    """What is thrown must be named; what is named should be thrown."""
    node, declared = symbol.node, symbol.throws
    if node is None or declared is None:
        return
    place = node.throws or node.name  # what an interface demands is not written here
    missing = [fact for fact in c.thrown if not c.relation.is_usable(fact, declared)]
    if missing:
        types = ", ".join(f"`{show(fact)}`" for fact in missing)
        message = f"`{node.name.name}` may throw {types}, which its `throws` does not name"
        notes = [Note(c.placed.span(c.thrown[fact]), f"`{show(fact)}` comes from here") for fact in missing[:3]]
        hint = f"catch it, or write `throws {show(c.relation.join((declared, *missing)))}`"
        c.wrong(place, catalogue.UNDECLARED_THROW, message, *notes, hint=hint)
        return
    if node.throws is None:
        return
    superfluous = list(_never_thrown(c, declared))
    if superfluous:
        types = ", ".join(f"`{show(ty)}`" for ty in superfluous)
        message = f"`throws` names {types}, which `{node.name.name}` never throws"
        c.wrong(node.throws, catalogue.SUPERFLUOUS_THROWS, message, hint="take it out of `throws`")


def _never_thrown(c: Checker, declared: Ty) -> Iterator[Ty]:
    found = c.relation.join(c.thrown)
    for member in c.relation.members(declared):
        is_thrown = found != NEVER if isinstance(member, UnknownTy) else c.relation.overlap(found, member) != NEVER
        if not is_thrown and member != NEVER:
            yield member
