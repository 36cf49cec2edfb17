"""Lambdas: the types of their parameters, what their bodies may take for granted, what they take from outside."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from ...diagnostics import catalogue
from ...grammar import nodes as n
from ...grammar.node import remembered
from ...grammar.walk import outside_lambdas, walk
from ...records import replace
from ...types.relate import widen_literals
from ...types.show import show
from ...types.ty import ERROR, NEVER, NULL, FunctionTy, Ty
from ...types.variables import holds_variable
from ..facts.typing_tables import Closure
from .state import Checker, Infer


def _lambda(c: Checker, node: n.Lambda, expected: Ty | None) -> Ty:
    """What is expected tells the types that are not written: of parameters, and of the result."""
    wanted = c.only_member(expected, FunctionTy)
    params = _params(c, node, wanted)
    result = _result(c, node, wanted)
    with _inside(c, node):
        for at, (param, ty) in enumerate(zip(node.params, params, strict=True)):
            if any(param.name == other.name for other in node.params[:at]):
                c.wrong(param, catalogue.DUPLICATE_NAME, f"there are two parameters called `{param.name.name}`")
            if param.default is not None:
                message = "a parameter of a lambda has no default value"
                c.wrong(param.default, catalogue.UNSUPPORTED, message, hint="declare a function")
            c.declare(param.name, ty, param)
        if result is None:
            result = _inferred_result(c, node.body)
        else:
            c.result, c.returned = result, None
            _give(c, node.body, result)
        thrown = c.relation.join(c.thrown)
        if node.throws is not None:
            thrown = _contract(c, node.throws, thrown)
    return FunctionTy(tuple(params), result, thrown)


def _contract(c: Checker, node: n.TypeNode, thrown: Ty) -> Ty:
    """What its `throws` says it throws, which must be all."""
    declared = c.resolve(node)
    missing = [
        one for one in c.relation.members(thrown) if one != NEVER and not c.relation.is_usable(one, declared)
    ]
    if missing:
        types = ", ".join(f"`{show(one)}`" for one in missing)
        message = f"this lambda may throw {types}, which its `throws` does not name"
        c.wrong(node, catalogue.UNDECLARED_THROW, message, hint="name it, or take the `throws` away")
    return declared


def _params(c: Checker, node: n.Lambda, wanted: FunctionTy | None) -> list[Ty]:
    hints: Sequence[Ty] = wanted.params if wanted else ()
    found: list[Ty] = []
    for at, param in enumerate(node.params):
        if param.type is not None:
            found.append(c.resolve(param.type))
        elif at < len(hints) and not holds_variable(hints[at]):
            found.append(hints[at])
        else:
            found.append(ERROR)
            if wanted is None or len(hints) == len(node.params):
                _untyped(c, param)
    return found


def _untyped(c: Checker, param: n.Param) -> None:
    message = f"nothing here says what `{param.name.name}` is"
    hint = f"write its type, such as `({param.name.name}: int) => …`"
    c.wrong(param, catalogue.UNTYPED_PARAMETER, message, hint=hint)


def _result(c: Checker, node: n.Lambda, wanted: FunctionTy | None) -> Ty | None:
    """None if only the body tells."""
    if node.result is not None:
        return c.resolve(node.result)
    return None if wanted is None or holds_variable(wanted.result) else wanted.result


def _inferred_result(c: Checker, body: n.Expr) -> Ty:
    c.result, c.returned = ERROR, []
    found = c.infer(body)
    return widen_literals(c.relation.join((found, *c.returned)))


def _give(c: Checker, body: n.Expr, result: Ty) -> None:
    if not isinstance(body, n.Block) or body.tail is not None:
        c.require(body, result)
    elif c.infer(body) != NEVER and not c.relation.is_subtype(NULL, result):
        message = f"this lambda ends without the `{show(result)}` it promises"
        hint = "end with the value, without a semicolon, or with `return`"
        c.wrong(n.Node(body.end - 1, body.end), catalogue.MISSING_VALUE, message, hint=hint)


@contextmanager
def _inside(c: Checker, node: n.Lambda) -> Iterator[None]:
    """A function of its own: it runs at another time, and what it reaches, only its callers reach."""
    outer = c.tables, c.result, c.returned, c.facts, c.thrown, c.loop_depth, c.in_loop_head, c.blocks
    name = c.next_closure
    c.tables = replace(
        c.tables, reaches=set(), called=set(), hands=set(), loops=False, uses_context=False, walks=False
    )
    closure = c.tables.lambdas[id(node)] = Closure(name, c.tables, c.deferring)
    c.deferring = False
    c.facts = {place: ty for place, ty in c.facts.items() if len(place) == 1 and not c.is_reassigned(place)}
    c.thrown = {}
    c.loop_depth, c.in_loop_head, c.blocks = 0, False, 0
    c.closures.append(closure)
    try:
        with c.scope():
            yield
    finally:
        c.closures.pop()
        c.tables, c.result, c.returned, c.facts, c.thrown, c.loop_depth, c.in_loop_head, c.blocks = outer


def written_type(c: Checker, node: n.Expr) -> FunctionTy | None:
    """The type of a lambda that is written out, so that the lambda may call itself by its variable's name."""
    if not isinstance(node, n.Lambda) or node.result is None:
        return None
    types = [param.type for param in node.params if param.type is not None]
    if len(types) < len(node.params):
        return None
    said = len(c.report.diagnostics)
    found = FunctionTy(tuple(map(c.resolve, types)), c.resolve(node.result))
    del c.report.diagnostics[said:]  # said again when the lambda is checked
    return found


@remembered
def reassigned(body: n.Node) -> tuple[frozenset[str], frozenset[str]]:
    """The variables that a body assigns after their declaration, by name; and those that its lambdas assign."""
    outside, inside = _assigned(body)
    return frozenset(outside | inside), frozenset(inside)


def _assigned(body: n.Node) -> tuple[set[str], set[str]]:
    """What is assigned in the body itself, and what the lambdas in it assign that is not their own."""
    outside: set[str] = set()
    inside: set[str] = set()
    for node in walk(body, below=outside_lambdas):
        if isinstance(node, n.Lambda):
            own, deeper = _assigned(node.body)
            inside |= (own | deeper) - _declared(node)
        elif isinstance(node, n.Assign) and isinstance(node.target, n.Path) and len(node.target.parts) == 1:
            outside.add(node.target.name)
    return outside, inside


def _declared(node: n.Lambda) -> set[str]:
    """What a lambda declares itself, not counting the lambdas in it."""
    names = {param.name.name for param in node.params}
    for part in walk(node.body, below=outside_lambdas):
        if isinstance(part, n.Let | n.ForIn | n.BindingPattern):
            names.add(part.name.name)
    return names


LAMBDAS: dict[type, Infer] = {n.Lambda: _lambda}
