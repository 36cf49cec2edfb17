"""Statements: each check tells whether control never comes out behind it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from ...diagnostics import catalogue, did_you_mean
from ...grammar import nodes as n
from ...types.partials import is_partial
from ...types.relate import widen_literals
from ...types.show import show
from ...types.ty import (
    ERROR,
    FLOAT,
    INT,
    NEVER,
    STRING,
    FunctionTy,
    ListTy,
    MapTy,
    NeverTy,
    Ty,
    UnknownTy,
    bare,
    is_optional,
    union,
)
from ..facts.builtins import FUNCTIONS
from ..facts.typing_tables import ConstantUse, LocalUse, Variable
from .disturb import leaves_loop, undisturbed
from .futures import warn_of_dropped
from .iterators import asks_iterator, over_iterator
from .lambdas import written_type
from .narrow import assume
from .operators import operator_hint, operator_result
from .optional import receiver
from .places import field_of, place_of, type_of_local
from .state import Checker, CheckStatement, Facts, Place, content, is_error, is_open


def _let(c: Checker, node: n.Let) -> bool:
    if node.type is None:
        return _inferred_let(c, node)
    ty = c.resolve(node.type)
    if isinstance(node.value, n.Lambda):
        return _named_lambda(c, node, ty)
    found = c.require(node.value, ty)
    variable = c.declare(node.name, ty, node)
    _learn(c, (variable,), found, ty)
    return found == NEVER


def _named_lambda(c: Checker, node: n.Let, ty: Ty) -> bool:
    """A lambda sees the variable that will hold it, so that it can call itself."""
    variable = c.declare(node.name, ty, node)
    if node.name.name not in c.reassigned:
        variable.function = c.next_closure
    found = c.require(node.value, ty)
    if isinstance(found, FunctionTy) and ty == widen_literals(found):
        c.facts[(variable,)] = found  # what it throws
    variable.is_reassigned = variable.is_captured
    return False


def _hold(c: Checker, variable: Variable, value: n.Expr) -> None:
    """A variable that never holds another function than its first: calls of it are calls of that."""
    if isinstance(value, n.Lambda) and variable.name not in c.reassigned:
        variable.function = c.tables.lambdas[id(value)].name


def _inferred_let(c: Checker, node: n.Let) -> bool:
    written = written_type(c, node.value)
    if written is not None:
        return _named_lambda(c, node, written)
    known = c.filled.get(id(node))
    found = c.infer(node.value) if known is None else c.require(node.value, known)
    ty = widen_literals(found)
    if known is None and is_open(ty):
        c.declare_open(node, ty)
        return False
    # Behind a value that never comes nothing can be wrong with the variable.
    variable = c.declare(node.name, ERROR if ty == NEVER else ty, node)
    _hold(c, variable, node.value)
    if isinstance(found, FunctionTy):
        c.facts[(variable,)] = found  # what it throws, as long as no other is assigned
    return ty == NEVER


def _learn(c: Checker, place: Place, found: Ty, declared: Ty) -> None:
    """What was just stored is known to be no more than it is. What is declared unknown stays so until tested."""
    if [member for member in c.relation.members(declared) if isinstance(member, UnknownTy)]:
        return
    stored = union(_stored(c, member, declared) for member in c.relation.members(widen_literals(found)))
    kept = c.relation.touched(declared, stored)
    if kept not in (NEVER, declared) and not is_error(found):
        c.facts[place] = kept


def _stored(c: Checker, found: Ty, declared: Ty) -> Ty:
    """An int in a float's place has become a float."""
    return FLOAT if found == INT and not c.relation.is_part(found, declared) else found


# --- assignment


def _assign(c: Checker, node: n.Assign) -> bool:
    if isinstance(node.target, n.OptionalChain):
        return _assign_behind(c, node, node.target)
    declared = _declared(c, node.target)
    if declared is None:
        c.infer(node.value)
        return False
    if node.op is None:
        found = _replaced(c, node, declared)
    else:
        found = _updated(c, node, declared)
    if isinstance(node.target, n.FieldAccess):
        c.forget_field(node.target.name.name)
    place = place_of(c, node.target)
    if place is not None:
        c.forget(place)
        if len(place) > 1:
            c.forget_field(str(place[-1]))
        _learn(c, place, found, declared)
    return found == NEVER


def _assign_behind(c: Checker, node: n.Assign, target: n.OptionalChain) -> bool:
    """`a?.b = e` does nothing if `a` is null, and then `e` is not evaluated."""
    before = receiver(c, target)
    inner = node.replaced(target=target.rest)
    c.tables.made.append(inner)
    c.tables.inner[id(node)] = inner
    c.check_statement(inner)
    c.receivers.pop()
    c.facts = c.merge(before, c.facts)
    return False


def _replaced(c: Checker, node: n.Assign, declared: Ty) -> Ty:
    """`x = value`. The first value of a variable that holds an empty collection tells what it is to hold."""
    holder = node.target.value if isinstance(node.target, n.Index) else node.target
    if c.open_variable(holder) is None:
        return c.require(node.value, declared)
    found = widen_literals(c.infer(node.value))
    if not isinstance(node.target, n.Index):
        c.fill(holder, found)
    elif isinstance(collection := c.tables.types[id(holder)], MapTy):
        c.fill(holder, MapTy(collection.key, found))
    else:
        c.fill(holder, ListTy(found))
    return found


def _declared(c: Checker, target: n.Expr) -> Ty | None:
    """What a place may hold, whatever is known of it here; None, and a message, when it is no place."""
    match target:
        case n.Path(parts=(name,)) if _is_undeclared(c, name.name):
            hint = did_you_mean(name.name, c.visible) or f"a variable begins with `let {name.name} = …`"
            c.wrong(target, catalogue.UNKNOWN_NAME, f"nothing here is called `{name.name}`", hint=hint)
            c.tables.types[id(target)] = ERROR
            return None
        case n.Path():
            c.infer(target)
            return _declared_path(c, target)
        case n.FieldAccess():
            c.infer(target)
            return _one_slot(c, target.name, c.tables.types[id(target.value)], target.name.name)
        case n.Index():
            c.infer(target)
            return _element(c, target)
        case _:
            c.infer(target)
            c.wrong(target, catalogue.NOT_ASSIGNABLE, "only a variable, a field or an element can be assigned")
            return None


def _is_undeclared(c: Checker, name: str) -> bool:
    names = c.names
    name = c.full(name) if c.find(name) is None else name
    known = (names.functions, names.constants, names.enums, names.broken, FUNCTIONS)
    return c.find(name) is None and names.named_type(name) is None and not any(name in kind for kind in known)


def _declared_path(c: Checker, target: n.Path) -> Ty | None:
    use = c.tables.uses.get(id(target))
    if isinstance(use, LocalUse) and not use.fields:
        c.reassign(use.variable)
    if not isinstance(use, LocalUse):
        if not is_error(c.tables.types[id(target)]):
            hint = "a constant keeps its value: give it to a variable" if isinstance(use, ConstantUse) else None
            c.wrong(target, catalogue.NOT_ASSIGNABLE, f"`{target.name}` cannot be assigned", hint=hint)
        return None
    if not use.fields:
        return use.variable.ty
    owner = type_of_local(c, use.variable, use.fields[:-1])
    return _one_slot(c, use.fields[-1], owner, use.fields[-1].name)


def _one_slot(c: Checker, node: n.Node, owner: Ty, name: str) -> Ty | None:
    """The type of a field as declared; of several classes it must be the same, or no value would fit all."""
    members = c.relation.members(owner)
    if any(map(is_partial, members)):
        message = f"`{name}` is a field of a value that is still coming, which nobody changes"
        c.wrong(node, catalogue.NOT_ASSIGNABLE, message, hint="make a value of your own from it")
        return None
    slots = {field and bare(field) for field in (field_of(c, member, name) for member in members)}
    if len(slots) > 1:
        message = f"`{name}` is not the same in every `{show(owner)}`"
        c.wrong(node, catalogue.NOT_ASSIGNABLE, message, hint="find out first which one it is, with `match`")
        return None
    return slots.pop()


def _element(c: Checker, target: n.Index) -> Ty | None:
    collections = c.relation.members(c.tables.types[id(target.value)])
    if STRING in map(widen_literals, collections):
        c.wrong(target, catalogue.NOT_ASSIGNABLE, "the characters of a string cannot be assigned")
        return None
    slots = {bare(held) for held in map(content, collections) if held is not None}
    if len(slots) > 1:
        message = f"no value fits every `{show(c.tables.types[id(target.value)])}`"
        c.wrong(target, catalogue.NOT_ASSIGNABLE, message, hint="find out first which one it is, with `match`")
        return None
    return slots.pop() if slots else None


def _updated(c: Checker, node: n.Assign, declared: Ty) -> Ty:
    assert node.op is not None
    before, value = c.tables.types[id(node.target)], c.infer(node.value)
    if is_error(before) or is_error(value):
        return ERROR
    result = operator_result(c, node.op, before, value)
    if result is None:
        message = f"`{node.op}=` does not work on `{show(before)}` and `{show(value)}`"
        c.wrong(node, catalogue.INVALID_OPERATOR, message, hint=operator_hint(c, node.op, before, value))
        return ERROR
    if not c.relation.is_part(result, declared):
        message = f"`{node.op}=` gives `{show(result)}`, but this holds `{show(declared)}`"
        c.wrong(node, catalogue.TYPE_MISMATCH, message)
        return ERROR
    return result


def _expr_statement(c: Checker, node: n.ExprStatement) -> bool:
    ty = c.infer(node.value)
    warn_of_dropped(c, node.value, ty)
    return ty == NEVER


def _assert(c: Checker, node: n.Assert) -> bool:
    c.infer(node.value)
    if c.edition == 2 and isinstance(node.value, n.Group):
        message = "`assert` is no function: this is a statement of the first edition"
        c.wrong(node, catalogue.OUTDATED_NAME, message, hint="write `assert.is_true(…)`")
    c.facts = assume(c, node.value, True)
    return isinstance(node.value, n.BoolLiteral) and not node.value.value


# --- loops


def _while(c: Checker, node: n.While) -> bool:
    c.wants_parentheses(node, node.condition, "condition", "while")
    _enter_loop(c, node)
    at_start = dict(c.facts)
    with c.nested(node):
        failed = _condition(c, node.condition)
        _loop_body(c, node.body)
    return _leave_loop(c, node.body, node.condition, at_start, failed)


def _elements_of(ty: Ty) -> str | None:
    if isinstance(ty, MapTy):
        return "go over its `keys()` or its `values()`"
    return "go over its `chars()`, or its `lines()`" if widen_literals(ty) == STRING else None


def _for_in(c: Checker, node: n.ForIn) -> bool:
    c.wants_parentheses(node, node.name, "header", "for")
    ty = c.relation.expand(c.infer(node.iterable))
    if asks_iterator(c, ty):
        return over_iterator(c, node, ty)
    item: Ty = ERROR
    lists = [member for member in c.relation.members(ty) if isinstance(member, ListTy)]
    if len(lists) == len(c.relation.members(ty)):
        item = lists[0].item if len(lists) == 1 else c.relation.join(one.item for one in lists)
    elif not is_error(ty) and not isinstance(ty, NeverTy):
        message = f"a `for` goes over a list, found `{show(ty)}`"
        hint = "the value may be null: test it first" if is_optional(ty) else _elements_of(ty)
        c.wrong(node.iterable, catalogue.TYPE_MISMATCH, message, hint=hint)
    _enter_loop(c, node.body)
    before = dict(c.facts)
    with c.scope(), c.nested(node):
        c.declare(node.name, item, node).in_loop = True
        _loop_body(c, node.body)
    c.facts = before
    return ty == NEVER


def _for(c: Checker, node: n.For) -> bool:
    with c.scope():
        if node.init is not None:
            c.check_statement(node.init)
            if isinstance(node.init, n.Let):
                c.tables.variables[id(node.init)].in_loop = True
        _enter_loop(c, node.condition, node.step, node.body)
        at_start = dict(c.facts)
        with c.nested(node):
            failed = at_start if node.condition is None else _condition(c, node.condition)
            in_body = dict(c.facts)
            _loop_body(c, node.body)
            c.facts = undisturbed(c, in_body, node.body)  # a `continue` comes from anywhere in it
            _step(c, node.step)
        return _leave_loop(c, node.body, node.condition, at_start, failed)


def _step(c: Checker, step: n.Assign | n.ExprStatement | None) -> None:
    if step is not None:
        with _loop_head(c):
            c.check_statement(step)


def _enter_loop(c: Checker, *parts: n.Node | None) -> None:
    """What a round changes is not known at its start, since there may have been one before."""
    c.tables.loops = True
    c.facts = undisturbed(c, c.facts, *parts)


@contextmanager
def _loop_head(c: Checker) -> Iterator[None]:
    """Where a `break` would belong neither to this loop nor to the one around it."""
    kept = c.loop_depth, c.in_loop_head
    c.loop_depth, c.in_loop_head = 0, True
    yield
    c.loop_depth, c.in_loop_head = kept


def _condition(c: Checker, condition: n.Expr) -> Facts:
    """Check it, take what it tells for the body, and return what holds when it fails."""
    with _loop_head(c):
        c.infer(condition)
    failed = assume(c, condition, False)
    c.facts = assume(c, condition, True)
    return failed


def _loop_body(c: Checker, body: n.Block) -> None:
    c.loop_depth += 1
    c.infer(body)
    c.loop_depth -= 1


def _leave_loop(c: Checker, body: n.Block, condition: n.Expr | None, at_start: Facts, failed: Facts) -> bool:
    """Behind the loop its condition failed, unless a `break` left it. True when nothing leaves it."""
    always = condition is None or (isinstance(condition, n.BoolLiteral) and condition.value)
    leaves = any(isinstance(way, n.Break) for way in leaves_loop(body))
    c.facts = c.merge(failed, at_start) if leaves else failed
    return always and not leaves


STATEMENTS: dict[type, CheckStatement] = {
    n.Let: _let,
    n.Assign: _assign,
    n.ExprStatement: _expr_statement,
    n.Assert: _assert,
    n.While: _while,
    n.ForIn: _for_in,
    n.For: _for,
}
