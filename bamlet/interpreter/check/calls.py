"""Calls: what the callee is, whether the arguments fit, what comes back."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ...diagnostics import catalogue, did_you_mean
from ...grammar import nodes as n
from ...records import replace
from ...types.relate import widen_literals, without_null
from ...types.show import show
from ...types.ty import (
    ERROR,
    INT,
    NEVER,
    NULL,
    STRING,
    ClassTy,
    FunctionTy,
    FutureTy,
    InterfaceTy,
    ListTy,
    NeverTy,
    ParameterTy,
    Ty,
    bare,
    is_optional,
    members,
)
from ...types.variables import replaced
from ..facts.builtins import BY_POSITION, FUNCTIONS, METHODS, PRINT, SAME_FUNCTION, Builtin, method, method_names
from ..facts.code_names import FUTURE, dispatch_name
from ..facts.interface import Param
from ..facts.symbols import FunctionSymbol
from ..facts.typing_tables import (
    BuiltinCall,
    DeadCall,
    FunctionCall,
    InterfaceCall,
    LocalUse,
    UnionCall,
    ValueCall,
)
from .arguments import check_arguments, refuse_names, written
from .builtin_calls import builtin_call
from .disturb import changes_no_field
from .elsewhere import (
    FUNCTIONS_ELSEWHERE,
    FUNCTIONS_LATER,
    METHODS_ELSEWHERE,
    NOT_YET,
    OUTDATED_CONVERSIONS,
    OUTDATED_FUNCTIONS,
    OUTDATED_METHODS,
)
from .expressions import unknown_content
from .futures import awaited_first
from .generic_calls import generic_call
from .handing import note_reach
from .methods import Method, forgotten, has_common_methods, method_of
from .own_order import has_own_order, sort_by_own_order
from .places import field_of
from .state import Checker, Infer, is_error, is_open
from .tasks import is_task_call, task_result
from .throws import may_throw, thrown_by_call
from .typed_calls import OF_A_TYPE, call_of_a_type, companion, companion_call


def _call(c: Checker, node: n.Call, expected: Ty | None) -> Ty:
    result = _dispatch(c, node, expected)
    may_throw(c, thrown_by_call(c, node, c.tables.calls.get(id(node))), node)
    if not changes_no_field(c.tables.calls.get(id(node), ValueCall())):
        c.forget_fields()
    return NEVER if c.cut_short(written(node)) else result


def _dispatch(c: Checker, node: n.Call, expected: Ty | None) -> Ty:
    callee = node.callee
    if isinstance(callee, n.Path):
        return _path_call(c, node, callee, expected)
    if isinstance(callee, n.FieldAccess):
        return _method_call(c, node, callee.value, callee.name, expected)
    return _value_call(c, node)


def _path_call(c: Checker, node: n.Call, path: n.Path, expected: Ty | None) -> Ty:
    head = path.parts[0].name
    name = path.name if c.find(head) is not None else c.full(path.name)
    asked = companion(name) if c.find(head) is None else None
    if c.find(head) is None and (head in c.names.broken or (asked and asked[0] in c.names.broken)):
        for argument in written(node):
            c.look(argument)
        return ERROR
    if c.find(head) is None and c.full(head) not in c.names.constants:
        if name not in c.names.functions:
            name = SAME_FUNCTION.get(path.name, name)
        if name in OF_A_TYPE:
            return call_of_a_type(c, node, name)
        if name in c.names.functions:
            return _function_call(c, node, Method(c.names.functions[c.called(name)], {}), None, expected)
        if asked:
            return companion_call(c, node, path, c.names.functions.get(asked[0]), asked[1])
        if name in FUNCTIONS:
            return _builtin_function(c, node, name, FUNCTIONS[name])
        if name in METHODS and node.arguments:
            return _method_as_function(c, node, path, name)
        if not _is_value(c, path):
            return _no_function(c, node, path)
    if len(path.parts) == 1:
        return _value_call(c, node)
    receiver = n.Path(path.start, path.parts[-2].end, path.parts[:-1])
    c.tables.made.append(receiver)
    return _method_call(c, node, receiver, path.parts[-1], expected)


def _is_value(c: Checker, path: n.Path) -> bool:
    """Whether the path without its last part is an enum value, the only global with methods."""
    return c.full(".".join(part.name for part in path.parts[:-2])) in c.names.enums


def _no_function(c: Checker, node: n.Call, path: n.Path) -> Ty:
    for argument in written(node):
        c.look(argument)
    name = path.name
    if c.full(name) in c.names.classes:
        message, instead = f"`{name}` is a class, not a function", f"write `{name} {{ field: value }}`"
        c.wrong(path, catalogue.NOT_CALLABLE, message, hint=instead)
        return ERROR
    if name in c.names.templates:
        message = f"`{name}` is a template string, not a function"
        instead = f'call it in a prompt like #"{{{{ {name}(…) }}}}"#; elsewhere a function gives a text'
        c.wrong(path, catalogue.NOT_CALLABLE, message, hint=instead)
        return ERROR
    candidates = [*c.names.functions, *FUNCTIONS, *METHODS, *OF_A_TYPE, *c.visible]
    elsewhere = FUNCTIONS_ELSEWHERE if c.edition == 1 else FUNCTIONS_LATER
    meant = _INSTEAD.get(name) or c.from_root(name) or elsewhere.get(name) or _not_yet(path)
    meant = meant or did_you_mean(name, candidates)
    c.wrong(path, catalogue.UNKNOWN_NAME, f"no function is called `{name}`", hint=meant)
    return ERROR


def _not_yet(path: n.Path) -> str | None:
    package, *words = (part.name for part in path.parts)
    if words and (package == "ai" or (package == "baml" and words[0] in NOT_YET)):
        space = package if package == "ai" else f"{package}.{words[0]}"
        return f"BAML has `{space}`, and bamlet has not yet"
    return None


# What other languages and libraries of tests have.
_INSTEAD = {
    "assert.true": "write `assert.is_true(…)`",
    "assert.false": "write `assert.is_true(!…)`",
    "assert.same": "write `assert.equal(actual, expected)`",
    "assert.equals": "write `assert.equal(actual, expected)`",
    "assert.not_equal": "write `assert.is_true(a != b)`",
    "assert.throws": "catch into a value, and look at that: `let e = f() catch (e) { _ => e };`",
    "Promise.all": "calls wait by themselves; `spawn { … }` runs beside, and `baml.future.all` waits for several",
    "spawn": "write `spawn { … }`",
}


def _function_call(c: Checker, node: n.Call, method: Method, receiver: n.Expr | None, expected: Ty | None) -> Ty:
    symbol = method.symbol
    c.tables.calls[id(node)] = FunctionCall(symbol, receiver)
    params = symbol.params[1 if receiver is not None else 0 :]
    if symbol.type_params:
        made = generic_call(c, node, symbol, params, method.known, expected)
        c.tables.calls[id(node)] = FunctionCall(symbol, receiver, made.slots, made.types)
        note_reach(c, node, symbol, receiver, made.slots)
        return NEVER if symbol.name in c.endless else made.result
    _no_type_arguments(c, node, f"`{symbol.name}`")
    if is_task_call(symbol):
        c.tables.reaches.add(symbol.name)
        types, _ = check_arguments(c, node, f"`{symbol.name}`", params, c.require_as_is)
        return task_result(c, symbol, types)
    _, slots = check_arguments(c, node, f"`{symbol.name}`", params, by_position=symbol.name in BY_POSITION)
    if slots is not None:
        c.tables.calls[id(node)] = FunctionCall(symbol, receiver, slots)
    note_reach(c, node, symbol, receiver, slots)
    return NEVER if symbol.name in c.endless else symbol.result


def _interface_call(c: Checker, node: n.Call, method: Method, receiver: n.Expr, expected: Ty | None) -> Ty:
    symbol = method.symbol
    for name in forgotten(method, c.relation):
        for argument in written(node):
            c.look(argument)
        word = symbol.name.rpartition(".")[2]
        if name == "Self":
            message = (
                f"`{word}` takes another value of the same type, and two of an interface may differ in theirs"
            )
            hint = f"write it for one type: `<T extends {symbol.owner}>(a: T, b: T)`"
        else:
            message = f"`{word}` takes a `{name.removeprefix('Self.')}`, and nothing here says what that is"
            hint = f"write `{symbol.owner}<{name.removeprefix('Self.')} = …>` for the type"
        c.wrong(node, catalogue.CANNOT_INFER, message, hint=hint)
        return ERROR
    c.tables.reaches.add(dispatch_name(symbol.name))
    c.tables.calls[id(node)] = InterfaceCall(symbol, receiver)
    made = generic_call(c, node, symbol, symbol.params[1:], method.known, expected)
    c.tables.calls[id(node)] = InterfaceCall(symbol, receiver, made.slots, made.types)
    return made.result


def _no_type_arguments(c: Checker, node: n.Call, name: str) -> None:
    for argument in node.type_arguments:
        c.resolve(argument)
    if node.type_arguments:
        message = f"{name} takes no type arguments"
        c.wrong(node.type_arguments[0], catalogue.ARGUMENT_COUNT, message)


def _builtin_function(c: Checker, node: n.Call, name: str, builtin: Builtin) -> Ty:
    c.tables.calls[id(node)] = BuiltinCall(builtin.name, node.arguments)
    if c.edition == 2 and name in OUTDATED_FUNCTIONS:
        later = OUTDATED_FUNCTIONS[name]
        c.wrong(
            node.callee, catalogue.OUTDATED_NAME, f"the second edition has `{later}`", hint=f"write `{later}(…)`"
        )
    if refuse_names(c, node, f"`{name}`"):
        return ERROR
    result = builtin_call(c, node, node.arguments, name, builtin)
    if builtin.name == "print":
        c.tables.reaches.add(PRINT)
    if builtin.name == "reveal" and node.arguments:
        message = f"the type is `{show(c.tables.types[id(node.arguments[0])])}`"
        c.wrong(node.arguments[0], catalogue.REVEALED, message)
    return result


def _arguments(
    c: Checker,
    node: n.Call,
    arguments: Sequence[n.Expr],
    name: str,
    params: Sequence[Ty],
    require: Callable[[n.Expr, Ty], Ty] | None = None,
) -> list[Ty]:
    if len(params) != len(arguments):
        for argument in arguments:
            c.look(argument)
        wanted = f"{len(params)} argument{'s' if len(params) != 1 else ''}"
        message = f"{name} takes {wanted}, found {len(arguments)}"
        listed = ", ".join(map(show, params))
        c.wrong(node, catalogue.ARGUMENT_COUNT, message, hint=f"it takes `({listed})`" if params else None)
        return []
    require = require or c.require
    return [require(argument, ty) for argument, ty in zip(arguments, params, strict=True)]


def _dead_call(c: Checker, node: n.Call, first: n.Expr, ty: Ty) -> Ty:
    """Nothing to say about a call behind a value that is wrong already, or that never comes."""
    for argument in written(node):
        c.look(argument)
    c.tables.calls[id(node)] = DeadCall(first)
    return NEVER if isinstance(ty, NeverTy) else ERROR


# --- methods


def _method_call(c: Checker, node: n.Call, receiver: n.Expr, name: n.Identifier, expected: Ty | None = None) -> Ty:
    ty = c.infer(receiver)
    whole = widen_literals(c.relation.expand(ty))
    if is_error(whole) or isinstance(whole, NeverTy):
        return _dead_call(c, node, receiver, whole)
    if isinstance(whole, ClassTy) and name.name in c.names.classes[whole.name].ambiguous:
        return _ambiguous(c, node, whole, name)
    builtin = method(whole, name.name, c.edition)
    # What the program itself says of a kind of values comes before what all of them can.
    gives_way = builtin is not None and builtin.name.startswith(("string_from", "int.", "float."))
    if builtin is None or gives_way:
        found = method_of(c, whole, name.name)
        if found is not None and found.symbol.static:
            return _static_method(c, node, found.symbol, name)
        if found is not None and found.dispatched:
            return _interface_call(c, node, found, receiver, expected)
        if found is not None:
            return _function_call(c, node, found, receiver, expected)
        if isinstance(whole, ClassTy | InterfaceTy | ParameterTy) and field_of(c, whole, name.name) is not None:
            return _value_call(c, node)
    if has_common_methods(c, whole, name.name):
        return _union_call(c, node, receiver, whole, name)
    if builtin is None:
        return _no_method(c, node, whole, name)
    if c.edition == 2:
        _warn_of_outdated(c, whole, name)
    return _builtin_method(c, node, receiver, node.arguments, name.name)


def _warn_of_outdated(c: Checker, ty: Ty, name: n.Identifier) -> None:
    if later := OUTDATED_METHODS.get(name.name):
        message, hint = f"the second edition calls this `{later}`", f"write `{later}`"
    elif (conversion := OUTDATED_CONVERSIONS.get(name.name)) and ty == STRING:
        message, hint = f"the second edition has no `{name.name}`", conversion
    else:
        return
    c.wrong(name, catalogue.OUTDATED_NAME, message, hint=hint)


def _ambiguous(c: Checker, node: n.Call, ty: ClassTy, name: n.Identifier) -> Ty:
    for argument in written(node):
        c.look(argument)
    givers = [
        found.interface.name
        for (_, head), found in c.names.implementations.items()
        if head == ty.name and name.name in found.methods
    ]
    listed = " and ".join(f"`{giver}`" for giver in givers)
    message = f"`{name.name}` is a method of {listed}, and `{show(ty)}` has both"
    hint = f"say by which it is meant: `value.as<{givers[0]}>.{name.name}(…)`"
    c.wrong(name, catalogue.AMBIGUOUS_METHOD, message, hint=hint)
    return ERROR


def _as_interface(c: Checker, node: n.AsInterface, expected: Ty | None) -> Ty:
    ty = c.resolve(node.type)
    found = c.infer(node.value)
    if is_error(ty) or found == NEVER:
        return ERROR if is_error(ty) else NEVER
    view = c.relation.as_interface(c.relation.expand(found), ty.name) if isinstance(ty, InterfaceTy) else None
    if not isinstance(ty, InterfaceTy):
        c.wrong(node.type, catalogue.NOT_AN_INTERFACE, f"`{show(ty)}` is no interface")
        return ERROR
    if view is None or not c.relation.is_usable(view, ty):
        c.accept(node.value, found, ty)
        return ty
    return view


def _union_call(c: Checker, node: n.Call, receiver: n.Expr, ty: Ty, name: n.Identifier) -> Ty:
    """A method that every class has. What it takes must be the same, or no argument would fit all."""
    methods = [
        (m.name, one)
        for m in c.relation.members(ty)
        if isinstance(m, ClassTy) and (one := method_of(c, m, name.name)) is not None
    ]
    found = [(cls, method.symbol) for cls, method in methods]
    for _, symbol in found:
        if symbol.static:
            return _static_method(c, node, symbol, name)
    takes = {
        tuple(replace(param, ty=bare(replaced(param.ty, method.known))) for param in method.symbol.params[1:])
        for _, method in methods
    }
    if any(len(symbol.type_params) > symbol.outer for _, symbol in found):
        takes.add(())  # what each is called with has to be found out for each
        takes.add((Param("", ERROR),))
    if len(takes) > 1:
        for argument in written(node):
            c.look(argument)
        message = f"`{name.name}` does not take the same in every `{show(ty)}`"
        c.wrong(name, catalogue.UNKNOWN_FIELD, message, hint=_WITH_MATCH)
        return ERROR
    thrown = c.relation.join(
        replaced(c.names.functions[method.symbol.name].thrown, method.known) for _, method in methods
    )
    c.tables.calls[id(node)] = UnionCall(tuple(found), receiver, thrown=thrown)
    c.tables.reaches.update(symbol.name for _, symbol in found)
    _no_type_arguments(c, node, f"`{name.name}`")
    _, slots = check_arguments(c, node, f"`{name.name}`", takes.pop())
    if slots is not None:
        c.tables.calls[id(node)] = UnionCall(tuple(found), receiver, slots, thrown)
    results = (
        NEVER if method.symbol.name in c.endless else replaced(method.symbol.result, method.known)
        for _, method in methods
    )
    return c.relation.join(results)


_WITH_MATCH = "find out first which one it is, with `match`"


def _method_as_function(c: Checker, node: n.Call, path: n.Path, name: str) -> Ty:
    """`baml.Array.length(xs)` is `xs.length()`."""
    receiver, rest = node.arguments[0], node.arguments[1:]
    whole = widen_literals(c.relation.expand(c.infer(receiver)))
    builtin = method(whole, path.parts[-1].name, c.edition)
    if builtin is None or METHODS.get(name) not in (builtin.name, builtin.name.removesuffix("2")):
        if is_error(whole) or isinstance(whole, NeverTy):
            return _dead_call(c, node, receiver, whole)
        for argument in rest:
            c.look(argument)
        message = f"`{path.name}` works on another type, found `{show(whole)}`"
        c.wrong(receiver, catalogue.TYPE_MISMATCH, message)
        return ERROR
    return _builtin_method(c, node, receiver, rest, path.parts[-1].name)


def _builtin_method(c: Checker, node: n.Call, receiver: n.Expr, arguments: tuple[n.Expr, ...], name: str) -> Ty:
    if is_open(c.tables.types[id(receiver)]) and name in ("push", "concat") and len(arguments) == 1:
        return _first_use(c, node, receiver, arguments[0], name)
    builtin = method(widen_literals(c.relation.expand(c.tables.types[id(receiver)])), name, c.edition)
    assert builtin is not None
    if builtin.name == "list.sort2" and not arguments and not node.named and has_own_order(c, receiver):
        sort_by_own_order(c, node, receiver)
        return builtin.result
    c.tables.calls[id(node)] = BuiltinCall(builtin.name, (receiver, *arguments))
    if refuse_names(c, node, f"`{name}`"):
        return ERROR
    result = builtin_call(c, node, arguments, name, builtin, receiver)
    if builtin.name == "list.at" and arguments and isinstance(builtin.result, NeverTy):
        return unknown_content(c, receiver)
    return result


def _first_use(c: Checker, node: n.Call, receiver: n.Expr, argument: n.Expr, name: str) -> Ty:
    """An empty list has no element type until something is put into it."""
    counts = c.edition == 2 and name == "push"
    c.tables.calls[id(node)] = BuiltinCall("list.push2" if counts else f"list.{name}", (receiver, argument))
    given = widen_literals(c.infer(argument))
    filled = ListTy(given) if name == "push" else given
    if not isinstance(filled, ListTy):
        return ERROR if is_error(filled) else c.require(argument, c.tables.types[id(receiver)])
    if c.open_variable(receiver) is not None and not is_open(filled):
        c.fill(receiver, filled)
    return filled if name == "concat" else INT if counts else NULL


def _static_method(c: Checker, node: n.Call, function: FunctionSymbol, name: n.Identifier) -> Ty:
    for argument in written(node):
        c.look(argument)
    message = f"`{name.name}` has no `self`: it is called on the class"
    c.wrong(name, catalogue.UNKNOWN_FIELD, message, hint=f"write `{function.name}(…)`")
    return ERROR


def _no_method(c: Checker, node: n.Call, ty: Ty, name: n.Identifier) -> Ty:
    for argument in written(node):
        c.look(argument)
    known = method_names(ty)
    if c.edition == 2:
        known = [one for one in known if one not in OUTDATED_METHODS]
    if isinstance(ty, ClassTy):
        known += [*c.names.classes[ty.name].methods]
    if isinstance(ty, InterfaceTy):
        known += [*c.names.interfaces[ty.name].methods]
    if isinstance(ty, FutureTy):
        known += [*c.names.classes[FUTURE].methods]
    hint = did_you_mean(name.name, known) or awaited_first(c, ty)
    if is_optional(ty) and any(_has_method(c, m, name.name) for m in members(without_null(ty))):
        hint = c.may_be_null(f"?.{name.name}(…)")
    elif any(_has_method(c, m, name.name) for m in c.relation.members(ty)):
        hint = _WITH_MATCH
    elif (ours := _ours(c, name.name)) in known:
        hint = f"write `{ours}(…)`" if ours != "length" else "write `length()`"
    c.wrong(name, catalogue.UNKNOWN_FIELD, f"`{show(ty)}` has no method `{name.name}`", hint=hint)
    return ERROR


def _ours(c: Checker, name: str) -> str | None:
    ours = METHODS_ELSEWHERE.get(name)
    return OUTDATED_METHODS.get(ours, ours) if ours and c.edition == 2 else ours


def _has_method(c: Checker, ty: Ty, name: str) -> bool:
    plain = bare(ty)
    return method(plain, name, c.edition) is not None or method_of(c, plain, name) is not None


def _value_call(c: Checker, node: n.Call) -> Ty:
    callee = node.callee
    ty = c.relation.expand(c.infer(callee))
    if isinstance(ty, FunctionTy):
        use = c.tables.uses.get(id(callee))
        known = use.variable.function if isinstance(use, LocalUse) and not use.fields else None
        c.tables.calls[id(node)] = ValueCall(known, in_lambda=bool(c.closures))
        if known is None:
            c.note_called(callee)
        else:
            c.tables.reaches.add(known)
            c.tables.uses_context |= bool(c.closures)
        _no_type_arguments(c, node, "this function")
        if refuse_names(c, node, "a function value"):
            return ty.result
        _arguments(c, node, node.arguments, "this function", ty.params)
        return ty.result
    if is_error(ty) or isinstance(ty, NeverTy):
        return _dead_call(c, node, callee, ty)
    for argument in written(node):
        c.look(argument)
    hint = "the value may be null: test it first" if is_optional(ty) else None
    c.wrong(callee, catalogue.NOT_CALLABLE, f"a value of type `{show(ty)}` cannot be called", hint=hint)
    return ERROR


CALLS: dict[type, Infer] = {n.Call: _call, n.AsInterface: _as_interface}
