"""Functions that give what an LLM function gives: a checked tree in, the calls that a stream of it shows out.

A call counts that stands where the value is given, and whose type is the function's own: then what has come of the
answer is what has come of the value. These functions are emitted twice, plain and showing, so that a call of which
nobody wants a stream runs the code that it always ran.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ...grammar import nodes as n
from ...grammar.node import remembered
from ...grammar.walk import outside_lambdas, walk
from ...types.relate import Relation
from ..facts.symbols import FunctionSymbol
from ..facts.typing_tables import FunctionCall, Tables


@remembered
def given(body: n.Block) -> tuple[n.Expr, ...]:
    """The expressions of which one is, as it is, what a function with this body gives."""
    return tuple(_given(body))


def _given(body: n.Block) -> Iterator[n.Expr]:
    returns = (part.value for part in walk(body, below=outside_lambdas) if isinstance(part, n.Return))
    pending: list[n.Expr | None] = [body, *returns]
    while pending:
        match pending.pop():
            case n.Block(tail=tail):
                pending.append(tail)
            case n.If(then=then, otherwise=otherwise):
                pending += [then, otherwise]
            case n.Match(arms=arms):
                pending += [arm.body for arm in arms]
            case n.Catch(value=value, clauses=clauses):
                pending += [value, *(arm.body for clause in clauses for arm in clause.arms)]
            case n.Group(inner=inner):
                pending.append(inner)
            case None | n.Throw() | n.Return() | n.Break() | n.Continue():
                pass
            case node:
                yield node


def handed_on(symbol: FunctionSymbol, tables: Tables, relation: Relation) -> dict[int, str]:
    """Calls of which the value is the function's own, by the identity of their nodes: the functions called."""
    if symbol.kind != "code" or symbol.node is None or not isinstance(symbol.node.body, n.Block):
        return {}
    results = (symbol.result, *relation.members(symbol.result))
    found: dict[int, str] = {}
    for node in given(symbol.node.body):
        plan = tables.calls.get(id(node))
        if isinstance(plan, FunctionCall) and plan.symbol.result in results and id(node) not in tables.widened:
            found[id(node)] = plan.symbol.name
    return found


def given_whole(symbol: FunctionSymbol, shown: Iterable[int]) -> frozenset[int]:
    """What such a function may give that no stream has shown."""
    assert symbol.node is not None
    assert isinstance(symbol.node.body, n.Block)
    return frozenset(map(id, given(symbol.node.body))) - frozenset(shown)
