"""Calls: what the callee is, whether the arguments fit, what comes back."""

from __future__ import annotations

from collections.abc import Sequence

from ...diagnostics import catalogue, did_you_mean
from ...grammar import nodes as n
from ...types.relate import widen_literals, without_null
from ...types.show import show
from ...types.ty import ERROR, ClassTy, FunctionTy, ListTy, NeverTy, Ty, bare, is_optional, members
from ..builtins import FUNCTIONS, SAME_AS_ARGUMENT, Builtin, method, method_names
from ..symbols import FunctionSymbol
from ..typing_tables import BuiltinCall, FunctionCall, LocalUse, ValueCall
from .state import INFER, Checker, is_error


def _call(c: Checker, node: n.Call, expected: Ty | None) -> Ty:
    result = _dispatch(c, node)
    c.forget_fields()
    return result


def _dispatch(c: Checker, node: n.Call) -> Ty:
    callee = node.callee
    if isinstance(callee, n.Path):
        return _path_call(c, node, callee)
    if isinstance(callee, n.FieldAccess):
        return _method_call(c, node, callee.value, callee.name)
    return _value_call(c, node)


def _path_call(c: Checker, node: n.Call, path: n.Path) -> Ty:
    name, head = path.name, path.parts[0].name
    if c.find(head) is None and head not in c.names.constants:
        if name in c.names.functions:
            return _function_call(c, node, c.names.functions[name], None)
        if name in FUNCTIONS:
            return _builtin_function(c, node, name, FUNCTIONS[name])
        if not _is_value(c, path):
            return _no_function(c, node, path)
    if len(path.parts) == 1:
        return _value_call(c, node)
    receiver = n.Path(path.start, path.parts[-2].end, path.parts[:-1])
    c.tables.made.append(receiver)
    return _method_call(c, node, receiver, path.parts[-1])


def _is_value(c: Checker, path: n.Path) -> bool:
    """Whether the path without its last part is an enum value, the only global with methods."""
    return ".".join(part.name for part in path.parts[:-2]) in c.names.enums


def _no_function(c: Checker, node: n.Call, path: n.Path) -> Ty:
    for argument in node.arguments:
        c.infer(argument)
    name = path.name
    if name in c.names.classes:
        message, hint = f"`{name}` is a class, not a function", f"write `{name} {{ field: value }}`"
        c.wrong(path, catalogue.NOT_CALLABLE, message, hint=hint)
        return ERROR
    candidates = [*c.names.functions, *FUNCTIONS, *c.visible]
    c.wrong(path, catalogue.UNKNOWN_NAME, f"no function is called `{name}`", hint=did_you_mean(name, candidates))
    return ERROR


def _function_call(c: Checker, node: n.Call, symbol: FunctionSymbol, receiver: n.Expr | None) -> Ty:
    c.tables.calls[id(node)] = FunctionCall(symbol, receiver)
    c.tables.reaches.add(symbol.name)
    params = [param.ty for param in symbol.params[1 if receiver is not None else 0 :]]
    _arguments(c, node, symbol.name, params)
    return symbol.result


def _builtin_function(c: Checker, node: n.Call, name: str, builtin: Builtin) -> Ty:
    c.tables.calls[id(node)] = BuiltinCall(builtin.name, None)
    types = _arguments(c, node, name, builtin.params)
    if builtin.name == "reveal" and types:
        message = f"the type is `{show(types[0])}`"
        c.wrong(node.arguments[0], catalogue.REVEALED, message)
    return types[0] if builtin.name in SAME_AS_ARGUMENT and types else builtin.result


def _arguments(c: Checker, node: n.Call, name: str, params: Sequence[Ty]) -> list[Ty]:
    if len(params) != len(node.arguments):
        for argument in node.arguments:
            c.infer(argument)
        wanted = f"{len(params)} argument{'s' if len(params) != 1 else ''}"
        message = f"`{name}` takes {wanted}, found {len(node.arguments)}"
        c.wrong(node, catalogue.ARGUMENT_COUNT, message)
        return []
    return [c.require(argument, ty) for argument, ty in zip(node.arguments, params, strict=True)]


def _method_call(c: Checker, node: n.Call, receiver: n.Expr, name: n.Identifier) -> Ty:
    ty = c.infer(receiver)
    whole = widen_literals(c.relation.expand(ty))
    if is_error(whole) or isinstance(whole, NeverTy):
        for argument in node.arguments:
            c.infer(argument)
        return ERROR
    if isinstance(whole, ClassTy):
        symbol = c.names.classes[whole.name]
        if name.name in symbol.methods:
            return _function_call(c, node, c.names.functions[symbol.methods[name.name]], receiver)
        if any(field.name == name.name for field in symbol.schema.fields):
            return _value_call(c, node)
    builtin = method(whole, name.name)
    if builtin is None:
        return _no_method(c, node, whole, name)
    _fill_hole(c, node, receiver, whole, name.name)
    builtin = method(widen_literals(c.relation.expand(c.tables.types[id(receiver)])), name.name)
    assert builtin is not None
    c.tables.calls[id(node)] = BuiltinCall(builtin.name, receiver)
    _arguments(c, node, name.name, builtin.params)
    return builtin.result


def _fill_hole(c: Checker, node: n.Call, receiver: n.Expr, ty: Ty, name: str) -> None:
    """`let a = []` has no element type until the first `push` gives it one."""
    use = c.tables.uses.get(id(receiver))
    if not (name in ("push", "concat") and isinstance(ty, ListTy) and isinstance(ty.item, NeverTy)):
        return
    if isinstance(use, LocalUse) and not use.fields and len(node.arguments) == 1:
        given = widen_literals(c.infer(node.arguments[0]))
        filled = ListTy(given) if name == "push" else given
        use.variable.ty = filled
        c.forget((use.variable,))
        c.tables.types[id(receiver)] = filled


def _no_method(c: Checker, node: n.Call, ty: Ty, name: n.Identifier) -> Ty:
    for argument in node.arguments:
        c.infer(argument)
    known = method_names(ty)
    if isinstance(ty, ClassTy):
        known += [*c.names.classes[ty.name].methods]
    hint = did_you_mean(name.name, known)
    if is_optional(ty) and any(_has_method(c, m, name.name) for m in members(without_null(ty))):
        hint = "the value may be null: test it first"
    c.wrong(name, catalogue.UNKNOWN_FIELD, f"`{show(ty)}` has no method `{name.name}`", hint=hint)
    return ERROR


def _has_method(c: Checker, ty: Ty, name: str) -> bool:
    plain = bare(ty)
    return method(plain, name) is not None or (
        isinstance(plain, ClassTy) and name in c.names.classes[plain.name].methods
    )


def _value_call(c: Checker, node: n.Call) -> Ty:
    callee = node.callee
    ty = c.relation.expand(c.infer(callee))
    if isinstance(ty, FunctionTy):
        c.tables.calls[id(node)] = ValueCall()
        c.tables.calls_values = True
        _arguments(c, node, "this function", ty.params)
        return ty.result
    for argument in node.arguments:
        c.infer(argument)
    if not is_error(ty):
        c.wrong(callee, catalogue.NOT_CALLABLE, f"a `{show(ty)}` cannot be called")
    return ERROR


INFER[n.Call] = _call
