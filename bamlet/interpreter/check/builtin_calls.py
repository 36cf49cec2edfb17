"""Calls of builtins: their types have variables, which the receiver and the arguments tell."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import nullcontext

from ...diagnostics import catalogue
from ...grammar import nodes as n
from ...types.relate import widen_literals, without_null
from ...types.show import show
from ...types.ty import ERROR, FLOAT, INT, NULL, STRING, UNKNOWN, FunctionTy, ListTy, Ty, union
from ...types.variables import filled, holds_variable, match_variables
from ..facts.builtins import WALKING, Builtin
from ..facts.typing_tables import FunctionUse, LocalUse
from .state import Checker, ungrouped


def builtin_call(
    c: Checker,
    node: n.Call,
    arguments: Sequence[n.Expr],
    name: str,
    builtin: Builtin,
    receiver: n.Expr | None = None,
) -> Ty:
    if not builtin.required <= len(arguments) <= len(builtin.params):
        return _wrong_count(c, node, arguments, name, builtin)
    found: dict[str, Ty] = {}
    with c.nested(node) if builtin.calls_back else nullcontext():
        # What a lambda takes may be told by an argument behind it: `reduce((sum, x) => …, 0)`.
        for comes_last in (False, True):
            for argument, param in zip(arguments, builtin.params, strict=False):
                if isinstance(param, FunctionTy) is comes_last:
                    _argument(c, argument, param, found, builtin.name)
    if builtin.calls_back:
        c.tables.loops = True
        for argument, param in zip(arguments, builtin.params, strict=False):
            if isinstance(param, FunctionTy):
                _calls(c, argument)
    c.tables.walks |= builtin.name in WALKING
    _check_need(c, node, name, builtin, found, receiver)
    if builtin.name == "list.filter_map" and "U" in found:
        found["U"] = without_null(c.relation.expand(found["U"]))
    return filled(builtin.result, found)


def _wrong_count(c: Checker, node: n.Call, arguments: Sequence[n.Expr], name: str, builtin: Builtin) -> Ty:
    for argument in arguments:
        c.look(argument)
    most = len(builtin.params)
    wanted = f"{most} argument{'s' if most != 1 else ''}"
    if builtin.required < most:
        wanted = f"{builtin.required} or {wanted}"
    c.wrong(node, catalogue.ARGUMENT_COUNT, f"`{name}` takes {wanted}, found {len(arguments)}")
    return ERROR if holds_variable(builtin.result) else builtin.result


def _argument(c: Checker, argument: n.Expr, param: Ty, found: dict[str, Ty], name: str) -> None:
    # Only a function is bound by what others have told; of `min(1, 2.5)` both arguments tell.
    wanted = filled(param, found) if isinstance(param, FunctionTy) else param
    if name in _ORDERS and isinstance(argument, n.Lambda) and len(argument.params) == _ORDERS[name][0]:
        c.look(argument)
        message, hint = _ORDERS[name][1:]
        c.wrong(argument, catalogue.TYPE_MISMATCH, message, hint=hint)
        found["U"] = ERROR
        return
    if not holds_variable(wanted):
        c.require(argument, wanted)
        return
    given = c.infer(argument, wanted)
    match_variables(c.relation, wanted, widen_literals(given), found)
    if isinstance(param, FunctionTy):
        # A part that is still open fits anything.
        c.accept(argument, given, filled(wanted, {**dict.fromkeys("TUKVN", UNKNOWN), **found}))


# Of how many parameters a lambda is meant for the other edition.
_ORDERS = {
    "list.sort_by": (
        2,
        "in the first edition `sort_by` takes a key",
        "write `sort_by_key(x => …)` with what to compare",
    ),
    "list.sort_by2": (
        1,
        "in the second edition `sort_by` compares two",
        "write `sort_by_key(…)`, which takes a key",
    ),
}


def _calls(c: Checker, argument: n.Expr) -> None:
    """What a builtin calls back is reached from here."""
    node = ungrouped(argument)
    use = c.tables.uses.get(id(node))
    if isinstance(node, n.Lambda):
        c.tables.reaches.add(c.tables.lambdas[id(node)].name)
    elif isinstance(use, LocalUse) and not use.fields and use.variable.function is not None:
        c.tables.reaches.add(use.variable.function)
    elif not isinstance(use, FunctionUse):  # its mention is a reach already
        c.note_called(node)


_NUMBERS = union((INT, FLOAT))


def _check_need(
    c: Checker, node: n.Call, name: str, builtin: Builtin, found: dict[str, Ty], receiver: n.Expr | None
) -> None:
    if builtin.needs == "numbers":
        given = found.get("N", ERROR) if receiver is None else builtin.result
        if not c.relation.is_part(given, _NUMBERS):
            message = f"`{name}` works on numbers, found `{show(given)}`"
            c.wrong(receiver or node.arguments[0], catalogue.TYPE_MISMATCH, message)
        return
    if builtin.needs is None or receiver is None:
        return
    whole = c.relation.expand(c.tables.types[id(receiver)])
    item = found.get("U", ERROR) if builtin.calls_back else whole.item if isinstance(whole, ListTy) else ERROR
    if builtin.needs == "strings" and not c.relation.is_part(item, STRING):
        message = f"`{name}` works on a list of strings, found `{show(whole)}`"
        to_strings = "make strings of them first: `.map(x => baml.unstable.string(x))`"
        c.wrong(receiver, catalogue.TYPE_MISMATCH, message, hint=to_strings)
    elif builtin.needs == "ordered" and not any(c.relation.is_part(item, kind) for kind in (_NUMBERS, STRING)):
        by_key = "sort_by(x => …)" if c.edition == 1 else "sort_by_key((x) -> { … })"
        by_what = None if builtin.calls_back else f"say by what, with `{by_key}`"
        may_be_null = c.relation.is_part(NULL, item)
        message = f"`{name}` puts numbers or strings in order, found `{show(item)}`"
        hint = "the value may be null: test it first" if may_be_null else by_what
        c.wrong(node, catalogue.TYPE_MISMATCH, message, hint=hint)
