"""Statements, and the expressions that become statements: blocks, branches, match, catch and what leaves them."""

from __future__ import annotations

import ast
from collections.abc import Callable, Sequence
from functools import partial

from ...grammar import nodes as n
from ...grammar.walk import walk
from ...records import replace
from ...types.ty import UNKNOWN, ParameterTy, UnknownTy
from ..facts.panics import is_panic
from ..facts.typing_tables import LocalUse, Variable
from .counting import count, counter
from .deferred import deferred
from .effects import may_shrink
from .expressions import has_keys
from .lengths import keeps_lengths
from .operators import arithmetic, index_of, truth
from .optional import behind
from .patterns import Subject, bind, binding, binds_apart, pattern_test
from .state import (
    CONTEXT,
    DISCARD,
    EmitInto,
    EmitStatement,
    Emitter,
    Into,
    Target,
    attribute,
    both,
    call,
    first_value,
    load,
    read,
    store,
    way_to,
)
from .type_tests import one_of_each

# --- expressions with statements in them


def _block(e: Emitter, node: n.Block, target: Target) -> None:
    _rest_of_block(e, node, 0, target)


def _rest_of_block(e: Emitter, node: n.Block, at: int, target: Target) -> None:
    for place in range(at, len(node.statements)):
        statement = node.statements[place]
        if isinstance(statement, n.Defer):
            deferred(e, statement, partial(_rest_of_block, e, node, place + 1, target))
            return
        e.statement(statement)
    if node.tail is not None:
        e.into(node.tail, target)
    elif isinstance(target, Into):
        e.finish(ast.Constant(None), target, node)


def _if(e: Emitter, node: n.If, target: Target) -> None:
    test = truth(e, node.condition)
    then = e.body(lambda: e.into(node.then, target))
    otherwise: list[ast.stmt] = []
    if node.otherwise is not None:
        branch = node.otherwise
        otherwise = e.body(lambda: e.into(branch, target))
    elif isinstance(target, Into):
        otherwise = e.body(lambda: e.finish(ast.Constant(None), target, node))
    e.add(ast.If(test, then, otherwise), node)


def _match(e: Emitter, node: n.Match, target: Target) -> None:
    scrutinee = e.stored(e.expr(node.scrutinee), node.scrutinee)

    def unmatched() -> None:
        e.add(ast.Expr(call("$unmatched")), node)

    _arms(e, node.arms, Subject(scrutinee, one_of_each(e.members_of(node.scrutinee))), target, unmatched)


def _arms(
    e: Emitter,
    arms: Sequence[n.MatchArm],
    subject: Subject,
    target: Target,
    otherwise: Callable[[], None],
) -> None:
    """A chain of `if` and `else`, put together from its end: a match may have hundreds of arms."""
    links = [e.link(partial(_arm, e, arm, subject, target)) for arm in arms]
    chain = e.body(otherwise)
    for arm, (before, test, body) in zip(reversed(arms), reversed(links), strict=True):
        if isinstance(test, ast.Constant) and test.value is True:
            chain = [*before, *body]
        else:
            chain = [*before, e.locate(ast.If(test, body, chain), arm)]
    e.out += chain


def _arm(e: Emitter, arm: n.MatchArm, subject: Subject, target: Target) -> tuple[ast.expr, list[ast.stmt]]:
    """The arm's test, after the statements that it needs, and its body."""
    value = subject.value
    test = e.tables.patterns[id(arm.pattern)]
    condition = e.locate(pattern_test(e, test, subject), arm.pattern)
    binds = binds_apart(test)
    if arm.guard is not None and not e.is_inline(arm.guard):
        return load(_guarded(e, arm, arm.guard, condition, value)), e.body(lambda: e.into(arm.body, target))
    if arm.guard is not None:
        bound = [e.locate(binding(test, value), arm.pattern)] if binds else []
        condition = e.locate(both(condition, *bound, truth(e, arm.guard)), arm)

    def taken() -> None:
        if binds and arm.guard is None:
            bind(e, test, value, arm.pattern)
        e.into(arm.body, target)

    return condition, e.body(taken)


def _guarded(e: Emitter, arm: n.MatchArm, guard: n.Expr, condition: ast.expr, value: ast.expr) -> str:
    """The guard's own statements run after the pattern fits; a flag tells whether it held."""
    flag = e.temporary()
    e.add(ast.Assign([store(flag)], ast.Constant(False)), arm)

    def fits() -> None:
        if binds_apart(e.tables.patterns[id(arm.pattern)]):
            bind(e, e.tables.patterns[id(arm.pattern)], value, arm.pattern)
        e.add(ast.Assign([store(flag)], truth(e, guard)), guard)

    e.add(ast.If(condition, e.body(fits), []), arm)
    return flag


def _catch(e: Emitter, node: n.Catch, target: Target) -> None:
    """Where no arm names a panic, only thrown values are looked at; else `_` must let panics pass."""
    guarded = e.body(lambda: e.into(node.value, target))
    failure, value = e.temporary(), e.temporary()
    panics = id(node) in e.tables.panic_catches

    def arms() -> None:
        found = call("$caught", load(failure)) if panics else attribute(load(failure), "value")
        e.add(ast.Assign([store(value)], found), node)
        subject = Subject(load(value), (UNKNOWN,))
        if panics:
            subject = replace(subject, anything=lambda: call("$isinstance", load(failure), load("$Thrown")))
        _clauses(e, node.clauses, subject, failure, target)

    taken = ast.ExceptHandler(load("$Catchable" if panics else "$Thrown"), failure, e.body(arms))
    e.add(ast.Try(guarded, [taken], [], []), node)


def _clauses(e: Emitter, clauses: Sequence[n.CatchClause], subject: Subject, failure: str, target: Target) -> None:
    """What no arm of any clause takes travels on unchanged."""
    if not clauses:
        e.out.append(e.locate_at(ast.Raise(None, None), 0, 0))
        return
    clause, rest = clauses[0], clauses[1:]
    variable = e.tables.variables.get(id(clause))
    offered = subject
    if variable is not None:
        e.add(ast.Assign([store(variable.python)], first_value(variable, subject.value)), clause)
        offered = replace(subject, value=read(variable))
    if clause.context is not None:
        context = e.tables.variables[id(clause.context)]
        e.add(
            ast.Assign([store(context.python)], first_value(context, call("$error_context", load(failure)))),
            clause,
        )
    if clause.with_panics:
        offered = replace(offered, anything=lambda: ast.Constant(True))
    _arms(e, clause.arms, offered, target, lambda: _clauses(e, rest, subject, failure, target))


def _throw(e: Emitter, node: n.Throw, target: Target) -> None:
    may_be_panic = any(isinstance(ty, UnknownTy | ParameterTy) or is_panic(ty) for ty in e.members_of(node.value))
    e.add(ast.Raise(call("$thrown" if may_be_panic else "$Thrown", e.expr(node.value)), None), node)
    _unreachable(e, node, target)


def _return(e: Emitter, node: n.Return, target: Target) -> None:
    value = ast.Constant(None) if node.value is None else e.expr(node.value)
    e.add(ast.Return(value), node)
    _unreachable(e, node, target)


def _break(e: Emitter, node: n.Break, target: Target) -> None:
    e.add(ast.Break(), node)
    _unreachable(e, node, target)


def _continue(e: Emitter, node: n.Continue, target: Target) -> None:
    e.steps[-1]()
    e.add(ast.Continue(), node)
    _unreachable(e, node, target)


def _unreachable(e: Emitter, node: n.Node, target: Target) -> None:
    """Whoever reads the value stands behind a jump, but Python wants the name to exist."""
    if isinstance(target, Into):
        e.finish(ast.Constant(None), target, node)


def _group(e: Emitter, node: n.Group, target: Target) -> None:
    e.into(node.inner, target)


INTO_STATEMENTS: dict[type, EmitInto] = {
    n.Block: _block,
    n.If: _if,
    n.Match: _match,
    n.Catch: _catch,
    n.Throw: _throw,
    n.Return: _return,
    n.Break: _break,
    n.Continue: _continue,
    n.Group: _group,
}


# --- statements


def _let(e: Emitter, node: n.Let) -> None:
    variable = e.tables.variables[id(node)]
    if variable.is_boxed:
        # Made before its value, which may be a lambda that calls itself.
        e.add(ast.Assign([store(variable.python)], first_value(variable, ast.Constant(None))), node)
    e.into_variable(node.value, variable)


def _assign(e: Emitter, node: n.Assign) -> None:
    target = node.target
    if isinstance(target, n.OptionalChain):
        inner = e.tables.inner[id(node)]
        behind(e, target, lambda: _assign(e, inner))
        return
    if isinstance(target, n.Path):
        use = e.tables.uses[id(target)]
        assert isinstance(use, LocalUse)
        if not use.fields:
            _assign_variable(e, node, use)
            return
        value: ast.expr = read(use.variable)
        for field in use.fields[:-1]:
            value = ast.Attribute(value, field.name, ast.Load())
        _assign_field(e, node, value, use.fields[-1].name)
    elif isinstance(target, n.FieldAccess):
        _assign_field(e, node, e.expr(target.value), target.name.name)
    else:
        assert isinstance(target, n.Index)
        _assign_element(e, node, target)


def _assign_variable(e: Emitter, node: n.Assign, use: LocalUse) -> None:
    if node.op is None:
        e.into_variable(node.value, use.variable)
        return
    before: ast.expr = e.locate(read(use.variable), node.target)
    if not e.is_inline(node.value):
        before = e.spill(before, node.target)
    e.assign(use.variable, _updated(e, node, before), node)


def _assign_field(e: Emitter, node: n.Assign, owner: ast.expr, name: str) -> None:
    """The owner is evaluated first, then the value, then it is stored; Python would evaluate the value first."""
    owner = e.locate(owner, node.target)
    if _may_become_another(e, owner, node):
        owner = e.spill(owner, node.target)
    before = e.locate(ast.Attribute(owner, name, ast.Load()), node.target)
    value = _new_value(e, node, before)
    e.add(ast.Assign([ast.Attribute(owner, name, ast.Store())], value), node)


def _assign_element(e: Emitter, node: n.Assign, target: n.Index) -> None:
    owner, index = e.operands((target.value, target.index))
    owner = e.spill(owner, target.value) if _may_become_another(e, owner, node) else owner
    if not has_keys(e, target.value):
        owner = e.stored(owner, target.value) if way_to(owner) is None else owner
        index = index_of(e, owner, index)
    index = e.locate(index, target.index)
    index = e.spill(index, target.index) if _may_become_another(e, index, node) else index
    e.note_subscript(target, owner, index)
    e.note_subscript(node, owner, index)
    before = e.locate(ast.Subscript(owner, index, ast.Load()), target)
    value = _new_value(e, node, before)
    e.add(ast.Assign([ast.Subscript(owner, index, ast.Store())], value), node)


def _may_become_another(e: Emitter, place: ast.expr, node: n.Assign) -> bool:
    """Whether what is assigned into, or its index, could be another one once the value has been evaluated."""
    if not isinstance(place, ast.Name) or not e.is_inline(node.value):
        return True
    named = (variable for variable in e.tables.variables.values() if variable.python == place.id)
    return any(variable.is_captured and variable.is_reassigned for variable in named)


def _new_value(e: Emitter, node: n.Assign, before: ast.expr) -> ast.expr:
    if node.op is None:
        return e.expr(node.value)
    if not e.is_inline(node.value):
        before = e.spill(before, node.target)
    return _updated(e, node, before)


def _updated(e: Emitter, node: n.Assign, before: ast.expr) -> ast.expr:
    """`x op= e` reads x, evaluates e, then writes."""
    assert node.op is not None
    value = e.expr(node.value)
    made = arithmetic(e, node.op, before, value, e.members_of(node.target), e.members_of(node.value))
    located: ast.expr = e.locate(made, node)
    return located


def _expr_statement(e: Emitter, node: n.ExprStatement) -> None:
    e.into(node.value, DISCARD)


def _assert(e: Emitter, node: n.Assert) -> None:
    failed = ast.UnaryOp(ast.Not(), truth(e, node.value))
    e.add(ast.If(failed, [ast.Raise(call("$AssertionFailed"), None)], []), node)


# --- loops


def _while(e: Emitter, node: n.While) -> None:
    _loop(e, node, node.condition, node.body, lambda: None)


def _for(e: Emitter, node: n.For) -> None:
    variable = counter(e, node)
    if variable is not None:
        numbers = call("$compress", count(e, node), attribute(load(CONTEXT), "rounds"))
        _over(e, node, variable, numbers, node.body)
        return
    if node.init is not None:
        e.statement(node.init)

    def step() -> None:
        variable = e.tables.variables.get(id(node.init))
        if variable is not None and variable.is_boxed:  # a lambda of this round keeps this round's value
            e.add(ast.Assign([store(variable.python)], first_value(variable, read(variable))), node)
        if node.step is not None:
            e.statement(node.step)

    _loop(e, node, node.condition, node.body, step)


def _loop(
    e: Emitter,
    node: n.Node,
    condition: n.Expr | None,
    body: n.Block,
    step: Callable[[], None],
    target: Target = DISCARD,
) -> None:
    """A Python `for` over an endless iterator that also watches for cancellation; see `runtime.loops.rounds`.

    Once told to stop, that iterator is at its end, and stays there for every loop of the call.
    """

    def round() -> None:
        always = condition is None or (isinstance(condition, n.BoolLiteral) and condition.value)
        if not always:
            assert condition is not None
            ends = ast.UnaryOp(ast.Not(), truth(e, condition))
            e.add(ast.If(ends, [ast.Break()], []), condition)
        e.into(body, target)
        step()

    e.steps.append(step)
    rounds = e.body(round)
    e.steps.pop()
    stopped: list[ast.stmt] = [ast.Raise(load("$Cancelled"), None)]
    e.add(ast.For(store("$round"), attribute(load(CONTEXT), "rounds"), rounds, stopped), node)


def _for_in(e: Emitter, node: n.ForIn) -> None:
    for_in(e, node, DISCARD)


def for_in(e: Emitter, node: n.ForIn, target: Target) -> None:
    if id(node) in e.tables.walks_of:
        *before, loop = e.tables.walks_of[id(node)].statements
        assert isinstance(loop, n.While)
        for statement in before:
            e.statement(statement)
        _loop(e, loop, loop.condition, loop.body, lambda: None, target)
        return
    elements = call(_each(e, node.body), attribute(load(CONTEXT), "rounds"), e.expr(node.iterable))
    _over(e, node, e.tables.variables[id(node)], elements, node.body, target)


def _each(e: Emitter, body: n.Block) -> str:
    """How a loop runs over a list, by what may become of the list meanwhile."""
    if keeps_lengths(body, e.tables):
        return "$each_kept"
    calls = e.tables.calls
    plans = (calls[id(part)] for part in walk(body) if id(part) in calls)
    return "$each_still" if may_shrink(e.unit.effects, plans) else "$each"


def _over(
    e: Emitter, node: n.Node, variable: Variable, values: ast.expr, body: n.Block, target: Target = DISCARD
) -> None:
    e.steps.append(lambda: None)
    name = e.temporary() if variable.is_boxed else variable.python

    def round() -> None:
        if variable.is_boxed:
            e.add(ast.Assign([store(variable.python)], first_value(variable, load(name))), node)
        e.into(body, target)

    rounds = e.body(round)
    e.steps.pop()
    e.add(ast.For(store(name), values, rounds, []), node)


STATEMENTS: dict[type, EmitStatement] = {
    n.Let: _let,
    n.Assign: _assign,
    n.ExprStatement: _expr_statement,
    n.Assert: _assert,
    n.While: _while,
    n.For: _for,
    n.ForIn: _for_in,
}
