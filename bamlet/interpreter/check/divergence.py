"""Which functions never come back: every way through them throws, panics or goes on for ever.

The answer is read off the trees before types are known, since types depend on it, and only off what stands as a
statement or as the value of a block. It errs towards coming back.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable

from ...deep import with_room
from ...grammar import nodes as n
from ...grammar.node import remembered
from ...grammar.walk import walk
from ..facts.cycles import finished
from ..facts.symbols import FunctionSymbol, Names
from .disturb import leaves_loop


def never_returning(
    functions: Iterable[FunctionSymbol], names: Names, others: frozenset[str] = frozenset()
) -> frozenset[str]:
    """All are taken for such until one way out is found; what called them is looked at again.
    `others` are known to be such."""
    bodies = {symbol.name: symbol for symbol in functions if symbol.node and symbol.kind == "code"}
    known = {*bodies, *others, "baml.sys.panic"}
    calls = {name: _called(symbol, names) for name, symbol in bodies.items()}
    callers: dict[str, list[str]] = {}
    for name, called in calls.items():
        for callee in called:
            callers.setdefault(callee, []).append(name)
    # Callees first: then only those that call each other are looked at more than once.
    pending = deque(finished({name: list(called) for name, called in calls.items()}))
    waiting = set(pending)
    while pending:
        name = pending.popleft()
        waiting.discard(name)
        if not _never_returns(bodies[name], known & calls[name].keys(), names):
            known.discard(name)
            again = [caller for caller in callers.get(name, ()) if caller in known and caller not in waiting]
            pending += again
            waiting.update(again)
    return frozenset(known)


def _called(symbol: FunctionSymbol, names: Names) -> dict[str, None]:
    """The functions that it may call by their names, in the order of the text; what it declares itself is none."""
    assert symbol.node is not None
    assert symbol.placed is not None
    return dict.fromkeys(names.full(name, symbol.placed.file.name) for name in _names_called(symbol.node))


def _never_returns(symbol: FunctionSymbol, known: set[str], names: Names) -> bool:
    """`known` are the functions that it calls and that never return, as far as is known."""
    assert symbol.node is not None
    assert symbol.placed is not None
    node, file = symbol.node, symbol.placed.file.name
    local = _locals(node)

    def never_returns(path: n.Path) -> bool:
        """Whether the function of this name, if it is no local, is known for it."""
        return names.full(path.name, file) in known and path.parts[0].name not in local

    try:
        diverges = with_room(lambda: _diverges(node.body, never_returns))
    except RecursionError:  # the checker will say that it is nested too deeply
        return False
    return diverges and not _returns(node)


def _diverges(node: n.Node | None, never_returns: Callable[[n.Path], bool]) -> bool:
    def some(*parts: n.Node | None) -> bool:
        return any(_diverges(part, never_returns) for part in parts)

    def every(parts: Iterable[n.Node]) -> bool:
        found = [_diverges(part, never_returns) for part in parts]
        return bool(found) and all(found)

    match node:
        case n.Throw() | n.Break() | n.Continue():
            return True
        case n.Block(statements=statements, tail=tail):
            return some(*statements, tail)
        case (
            n.ExprStatement(value=value)
            | n.Let(value=value)
            | n.LetPattern(value=value)
            | n.Assign(value=value)
            | n.Group(inner=value)
        ):
            return some(value)
        case n.If(otherwise=otherwise):
            return some(node.condition) or (some(node.then) and some(otherwise))
        case n.Match(arms=arms):
            return some(node.scrutinee) or every(arm.body for arm in arms)
        case n.Catch(clauses=clauses):
            return some(node.value) and every(arm.body for clause in clauses for arm in clause.arms)
        case n.While() | n.For():
            return _is_endless(node.condition, node.body)
        case n.Call(callee=n.Path() as path):
            return never_returns(path)
        case _:
            return False


def _is_endless(condition: n.Expr | None, body: n.Block) -> bool:
    always = condition is None or (isinstance(condition, n.BoolLiteral) and condition.value)
    return always and not any(isinstance(way, n.Break) for way in leaves_loop(body))


@remembered
def _names_called(node: n.FunctionDecl) -> tuple[str, ...]:
    """As they are written."""
    local = _locals(node)
    paths = (part.callee for part in walk(node.body) if isinstance(part, n.Call))
    return tuple(path.name for path in paths if isinstance(path, n.Path) and path.parts[0].name not in local)


@remembered
def _returns(node: n.FunctionDecl) -> bool:
    return any(isinstance(part, n.Return) for part in walk(node.body))


@remembered
def _locals(node: n.FunctionDecl) -> set[str]:
    """Every name that the function declares anywhere: a local of that name may hold another function."""
    names = {param.name.name for param in node.params}
    for part in walk(node.body):
        if isinstance(part, n.Let | n.ForIn | n.BindingPattern | n.Param):
            names.add(part.name.name)
        elif isinstance(part, n.CatchClause) and part.binder is not None:
            names.update(name.name for name in (part.binder, part.context) if name is not None)
        elif isinstance(part, n.PathPattern):
            names.add(part.path.name)
    return names
