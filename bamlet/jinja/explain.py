"""An expression to its value, and to the values of those of its parts that decided.

jinja2's nodes know where they begin and not where they end, so a parser of ours notes the first token of each
expression and the token behind it. A walk over the nodes keeps the values of those that are to be shown.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from typing import Any

from jinja2 import nodes
from jinja2.lexer import TokenStream
from jinja2.parser import Parser

from ..records import dataclass
from ..source import SourceFile
from .compiled import parse_expression, sandbox
from .errors import TemplateError
from .operators import COMPARE
from .syntax import place
from .values import kind_of
from .walk import Walk


@dataclass(frozen=True, slots=True)
class Step:
    """A part of an expression, from `start` to `end` of its text, and its value."""

    start: int
    end: int
    source: str
    value: object


@dataclass(frozen=True, slots=True)
class Comparison:
    """A pair that was compared and did not agree: `operator` is jinja2's name for `==`, `<` or `in`, which stands
    from `start` to `end`.
    """

    operator: str
    left: Step
    right: Step
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Explanation:
    """`value` as `evaluate` gives it. With a `problem` there is none, and the rest is what was known before.

    `steps` leave literals out. `refused` are the comparisons that came out as false.
    """

    value: object
    steps: tuple[Step, ...]
    refused: tuple[Comparison, ...] = ()
    problem: TemplateError | None = None


def explain(expression: str, variables: Mapping[str, Any]) -> Explanation:
    """Evaluate an expression, in the order of its text. Raises `TemplateError` only if it does not parse."""
    marked = _parsed(expression)
    walk = Walk(variables, marked.places)
    value: object = None
    problem: TemplateError | None = None
    try:
        value = _plain(walk.whole(marked.expression))
    except TemplateError as failure:
        problem = failure
    known = {
        key: Step(*marked.places[key], expression[slice(*marked.places[key])], _plain(found))
        for key, found in walk.kept.items()
    }
    steps = sorted(
        (step for key, step in known.items() if key in marked.shown),
        key=lambda step: (step.start, -step.end),
    )
    # After a failure the last pair may be what failed.
    pairs = marked.compared if problem is None else ()
    refused = tuple(
        Comparison(operator, known[left], known[right], *_between(expression, known[left], known[right]))
        for left, operator, right in pairs
        if left in known and right in known and not COMPARE[operator](walk.kept[left], walk.kept[right])
    )
    return Explanation(value, tuple(steps), refused, problem)


def _between(text: str, left: Step, right: Step) -> tuple[int, int]:
    gap = text[left.end : right.start]
    start = left.end + len(gap) - len(gap.lstrip())
    return start, start + len(gap.strip())


def _plain(value: object) -> object:
    return None if kind_of(value) == "undefined" else value


@dataclass(frozen=True, slots=True)
class _Marked:
    """An expression, and the places of those of its parts whose values are kept, by the identity of their nodes.

    Literals that are compared are not `shown`.
    """

    expression: nodes.Expr
    places: dict[int, tuple[int, int]]
    shown: frozenset[int]
    compared: tuple[tuple[int, str, int], ...]


@lru_cache(maxsize=1_024)
def _parsed(text: str) -> _Marked:
    parser, expression = parse_expression(lambda: _NotingParser(sandbox(), text))
    places = parser.places
    shown = frozenset(id(node) for node in _deciding(expression) if id(node) in places)
    compared = tuple(
        (id(left), operator, id(right))
        for left, operator, right in _compared(expression)
        if id(left) in places and id(right) in places
    )
    wanted = shown.union(end for left, _, right in compared for end in (left, right))
    return _Marked(expression, {key: places[key] for key in wanted}, shown, compared)


def _compared(expression: nodes.Expr) -> Iterator[tuple[nodes.Expr, str, nodes.Expr]]:
    inside = expression.find_all(nodes.Compare)
    for node in (expression, *inside) if isinstance(expression, nodes.Compare) else inside:
        left = node.expr
        for operand in node.ops:
            yield left, operand.op, operand.expr
            left = operand.expr


class _NotingParser(Parser):
    """jinja2's parser, which notes the place of each expression that it makes."""

    def __init__(self, environment: Any, source: str) -> None:
        self._source = source
        self._starts = SourceFile("", source).line_starts
        self.places: dict[int, tuple[int, int]] = {}
        super().__init__(environment, source, state="variable")

    def _offset(self) -> int:
        stream: TokenStream = self.stream
        if stream.eos:
            return len(self._source)
        line, column = place(stream.current.lineno)
        return self._starts[line - 1] + column - 1

    def _noted(self, start: int, node: Any) -> Any:
        if isinstance(node, nodes.Expr):
            end = start + len(self._source[start : self._offset()].rstrip())
            self.places[id(node)] = start, end
        return node

    def _whole(self, parse: Callable[[], Any]) -> Any:
        start = self._offset()
        return self._noted(start, parse())

    def _continued(self, node: Any, parse: Callable[[Any], Any]) -> Any:
        start = self.places[id(node)][0] if id(node) in self.places else self._offset()
        return self._noted(start, parse(node))

    def parse_condexpr(self) -> nodes.Expr:
        return self._whole(super().parse_condexpr)  # type: ignore[no-any-return]

    def parse_or(self) -> nodes.Expr:
        return self._whole(super().parse_or)  # type: ignore[no-any-return]

    def parse_and(self) -> nodes.Expr:
        return self._whole(super().parse_and)  # type: ignore[no-any-return]

    def parse_not(self) -> nodes.Expr:
        return self._whole(super().parse_not)  # type: ignore[no-any-return]

    def parse_compare(self) -> nodes.Expr:
        return self._whole(super().parse_compare)  # type: ignore[no-any-return]

    def parse_math1(self) -> nodes.Expr:
        return self._whole(super().parse_math1)  # type: ignore[no-any-return]

    def parse_concat(self) -> nodes.Expr:
        return self._whole(super().parse_concat)  # type: ignore[no-any-return]

    def parse_math2(self) -> nodes.Expr:
        return self._whole(super().parse_math2)  # type: ignore[no-any-return]

    def parse_pow(self) -> nodes.Expr:
        return self._whole(super().parse_pow)  # type: ignore[no-any-return]

    def parse_unary(self, with_filter: bool = True) -> nodes.Expr:
        return self._whole(lambda: super(_NotingParser, self).parse_unary(with_filter))  # type: ignore[no-any-return]

    def parse_primary(self, with_namespace: bool = False) -> nodes.Expr:
        return self._whole(lambda: super(_NotingParser, self).parse_primary(with_namespace))  # type: ignore[no-any-return]

    def parse_subscript(self, node: nodes.Expr) -> nodes.Getattr | nodes.Getitem:
        return self._continued(node, super().parse_subscript)  # type: ignore[no-any-return]

    def parse_call(self, node: nodes.Expr) -> nodes.Call:
        return self._continued(node, super().parse_call)  # type: ignore[no-any-return]

    def parse_filter(self, node: nodes.Expr | None, start_inline: bool = False) -> nodes.Expr | None:
        return self._continued(  # type: ignore[no-any-return]
            node, lambda given: super(_NotingParser, self).parse_filter(given, start_inline)
        )

    def parse_test(self, node: nodes.Expr) -> nodes.Expr:
        return self._continued(node, super().parse_test)  # type: ignore[no-any-return]


def _deciding(node: nodes.Expr) -> Iterator[nodes.Expr]:
    """What is compared and tested, on each side of `and` and `or`."""
    match node:
        case nodes.And() | nodes.Or():
            yield from _deciding(node.left)
            yield from _deciding(node.right)
        case nodes.Not():
            yield from _deciding(node.node)
        case nodes.CondExpr():
            for part in (node.test, node.expr1, node.expr2):
                if part is not None:
                    yield from _deciding(part)
        case nodes.Compare():
            yield from _operand(node.expr)
            for operand in node.ops:
                yield from _operand(operand.expr)
        case nodes.Test():
            for part in (node.node, *(node.args or ())):
                yield from _operand(part)
        case _:
            yield from _operand(node)


def _operand(node: nodes.Node) -> Iterator[nodes.Expr]:
    """A value, and what it was made of. A chain of attributes is one."""
    match node:
        case nodes.Name() | nodes.Getattr() | nodes.Getitem() | nodes.CondExpr():
            yield node
        case nodes.Filter() if node.node is not None:
            yield node
            yield from _operand(node.node)
        case nodes.Call():
            yield node
            if isinstance(node.node, nodes.Getattr):
                yield from _operand(node.node.node)
        case nodes.BinExpr():
            yield node
            yield from _operand(node.left)
            yield from _operand(node.right)
        case nodes.Concat():
            yield node
            for part in node.nodes:
                yield from _operand(part)
        case nodes.Neg() | nodes.Pos():
            yield from _operand(node.node)
        case nodes.List() | nodes.Tuple():
            for item in node.items:
                yield from _operand(item)
        case nodes.Dict():
            for pair in node.items:
                yield from _operand(pair.value)
        case nodes.Compare() | nodes.Test() | nodes.Not() | nodes.And() | nodes.Or():
            yield from _deciding(node)
        case _:
            return
