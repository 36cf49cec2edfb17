"""`a?.b` and `a ?? b`: what follows is evaluated on one of the two ways only, that of null or the other."""

from __future__ import annotations

from ...diagnostics import catalogue
from ...grammar import nodes as n
from ...types.relate import without_null
from ...types.show import show
from ...types.ty import NEVER, NULL, MapTy, ParameterTy, Ty, UnknownTy
from .narrow import present
from .state import Checker, Facts, Infer, is_error


def receiver(c: Checker, node: n.OptionalChain) -> Facts:
    """Go behind the `?.`, where the receiver is there. What is known where it is not comes back."""
    ty = c.infer(node.receiver)
    if not _may_be_null(c, ty):
        _never_null(c, node.receiver, ty, "`.` will do")
    skipped = c.facts
    c.facts = _without_null(c, node.receiver)
    c.receivers.append(without_null(c.relation.expand(ty)))
    return skipped


def _chain(c: Checker, node: n.OptionalChain, expected: Ty | None) -> Ty:
    skipped = receiver(c, node)
    rest = c.infer(node.rest)
    c.receivers.pop()
    ty = c.tables.types[id(node.receiver)]
    may_be_null = _may_be_null(c, ty)
    if may_be_null:
        c.facts = skipped if rest == NEVER else c.merge(skipped, c.facts)
    if ty == NEVER or is_error(ty):
        return ty
    return c.relation.join((rest, NULL)) if may_be_null else rest


def _receiver(c: Checker, node: n.Receiver, expected: Ty | None) -> Ty:
    return c.receivers[-1]


def _coalesce(c: Checker, node: n.Coalesce, expected: Ty | None) -> Ty:
    left = c.infer(node.left, expected)
    if not _may_be_null(c, left):
        _never_null(c, node.left, left, _of_what_is_there(c, node.left))
    present = _without_null(c, node.left)
    right = c.infer(node.right, expected)
    if isinstance(node.right, n.Binary) and isinstance(node.right.left, _NUMBERS):
        message = "`??` binds less than the operator behind it: this is all of its right side"
        hint = f"put the left of `{node.right.op}` in parentheses, `(… ?? …)`, or what is meant"
        c.wrong(node.right, catalogue.COALESCE_ARITHMETIC, message, hint=hint)
    c.facts = present if right == NEVER else c.merge(present, c.facts)
    if left == NEVER:
        return NEVER
    return c.relation.join((without_null(c.relation.expand(left)), right))


_NUMBERS = (n.IntLiteral, n.FloatLiteral)


def _of_what_is_there(c: Checker, left: n.Expr) -> str:
    held = c.relation.expand(c.tables.types[id(left.value)]) if isinstance(left, n.Index) else None
    if isinstance(held, MapTy):
        return "`m[k]` is a panic where there is no such key: `m.get(k) ?? …`"
    return "take the `??` and what follows away"


def _may_be_null(c: Checker, ty: Ty) -> bool:
    """Whether nothing rules it out; of what is wrong already nothing is said."""
    return c.relation.is_subtype(NULL, ty) or any(
        isinstance(member, UnknownTy | ParameterTy) or is_error(member) or member == NEVER
        for member in c.relation.members(ty)
    )


def _never_null(c: Checker, node: n.Expr, ty: Ty, hint: str) -> None:
    c.wrong(node, catalogue.NEVER_NULL, f"a value of type `{show(ty)}` is never null", hint=hint)


def _without_null(c: Checker, node: n.Expr) -> Facts:
    """What is known where the value is there: then what its chain begins with is there, too."""
    return {**c.facts, **present(c, node)}


OPTIONAL: dict[type, Infer] = {n.OptionalChain: _chain, n.Receiver: _receiver, n.Coalesce: _coalesce}
