"""Is a value of a type? What must be looked at when the program runs, and what is known by then."""

from __future__ import annotations

from ...diagnostics import catalogue
from ...grammar import nodes as n
from ...types.ty import (
    BOOL,
    NEVER,
    FunctionTy,
    ListTy,
    MapTy,
    ParameterTy,
    Ty,
    UnknownTy,
)
from ..facts.typing_tables import TypeTest, Variable
from .class_types import note_tested, tested_type, unsure_kinds
from .state import Checker, Infer


def _instance_of(c: Checker, node: n.InstanceOf, expected: Ty | None) -> Ty:
    ty = c.infer(node.value)
    c.tables.tests[id(node)] = type_test(c, node, ty, tested_type(c, node.type, ty), None)
    return NEVER if ty == NEVER else BOOL


def type_test(c: Checker, node: n.Node, ty: Ty, wanted: Ty, variable: Variable | None) -> TypeTest:
    """How a value of `ty` is found to be a `wanted`: by its tag alone where types say what it contains."""
    note_tested(c, node, ty, wanted)
    containers = (ListTy, MapTy, FunctionTy, ParameterTy)
    tested = [member for member in c.relation.members(wanted) if isinstance(member, containers)]
    if unsure_kinds(c, ty, wanted):
        c.tables.walks = True
        return TypeTest(wanted, False, variable)
    if not tested:
        return TypeTest(wanted, True, variable)
    if any(isinstance(member, ParameterTy) for member in tested):
        return TypeTest(wanted, False, variable)
    unsure = [
        member
        for member in c.relation.members(ty)
        if any(isinstance(member, UnknownTy | ParameterTy | type(other)) for other in tested)
        and not c.relation.is_part(member, wanted)
    ]
    if unsure and any(isinstance(member, FunctionTy) for member in tested):
        message = "what a function takes and returns cannot be found out at run time"
        c.wrong(node, catalogue.UNSUPPORTED, message)
    c.tables.walks |= bool(unsure)
    return TypeTest(wanted, not unsure, variable)


TYPE_TESTS: dict[type, Infer] = {n.InstanceOf: _instance_of}
