"""`spawn` and `await`: a task has the type of what its block gives, and throws where it is awaited."""

from __future__ import annotations

from ...diagnostics import catalogue
from ...grammar import nodes as n
from ...types.show import show
from ...types.ty import NEVER, NULL, STRING, ClassTy, FunctionTy, FutureTy, ListTy, Ty
from ..facts.builtins import START, WAIT
from ..facts.typing_tables import BuiltinCall
from .state import Checker, Infer, is_error
from .throws import may_throw

_OPTIONS = ClassTy("baml.spawn.Options")


def _spawn(c: Checker, node: n.Spawn, expected: Ty | None) -> Ty:
    if node.name is not None:
        c.require(node.name, STRING)
    for option in node.options:
        c.require(option, _OPTIONS)
    wanted = c.only_member(expected, FutureTy)
    body = c.infer(node.body, None if wanted is None else FunctionTy((), wanted.value))
    assert isinstance(body, FunctionTy)
    c.tables.reaches.add(START)
    c.forget_fields()
    return FutureTy(body.result, body.throws)


def _await(c: Checker, node: n.Await, expected: Ty | None) -> Ty:
    ty = c.infer(node.value)
    c.tables.reaches.add(WAIT)
    c.forget_fields()
    if ty == NEVER or is_error(ty):
        return ty
    members = c.relation.members(ty)
    futures = [member for member in members if isinstance(member, FutureTy)]
    if len(futures) < len(members):
        message = f"only a future can be awaited, found `{show(ty)}`"
        c.wrong(node.value, catalogue.TYPE_MISMATCH, message, hint=_instead(c, node.value, ty, bool(futures)))
    may_throw(c, c.relation.join(future.error for future in futures), node)
    return c.relation.join(future.value for future in futures)


def _instead(c: Checker, value: n.Expr, ty: Ty, may_be: bool) -> str:
    if may_be and c.relation.is_subtype(NULL, ty):
        return "the value may be null: test it first"
    inside = c.relation.expand(ty)
    if isinstance(inside, ListTy) and isinstance(c.relation.expand(inside.item), FutureTy):
        return "write `await baml.future.all(…)`"
    if isinstance(inside, FunctionTy):
        return "call it, or start it with `spawn { … }`"
    if isinstance(value, n.Call):
        return "a call waits by itself: leave `await` out, or start it with `spawn { … }`"
    return "leave `await` out"


def awaited_first(c: Checker, *types: Ty) -> str | None:
    """A hint, where the value of a future is wanted in its place."""
    found = any(isinstance(member, FutureTy) for ty in types for member in c.relation.members(ty))
    return "this is a future: `await` it first" if found else None


def warn_of_dropped(c: Checker, node: n.Expr, ty: Ty) -> None:
    is_reveal = isinstance(c.tables.calls.get(id(node)), BuiltinCall)
    if isinstance(c.relation.expand(ty), FutureTy) and not is_reveal:
        message = "nobody can wait for this future"
        hint = "await it, or write `let _ =` before it: then what it throws comes out of the call"
        c.wrong(node, catalogue.DROPPED_FUTURE, message, hint=hint)


FUTURES: dict[type, Infer] = {n.Spawn: _spawn, n.Await: _await}
