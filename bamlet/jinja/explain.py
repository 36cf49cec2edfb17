"""An expression to its value, and to the values of those of its parts that decided.

jinja2's nodes know where they begin and not where they end, so a parser of ours notes the first token of each
expression and the token behind it. Each part that is to be shown is put into a call that keeps its value.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from jinja2 import nodes
from jinja2.lexer import TokenStream
from jinja2.parser import Parser

from ..source import SourceFile
from .compiled import Compiled, expression_tree
from .errors import TemplateError
from .operators import COMPARE
from .syntax import keeping, place
from .values import kind_of


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
    kept: dict[int, object] = {}
    value: object = None
    problem: TemplateError | None = None
    try:
        value = _plain(marked.compiled.value(variables, kept))
    except TemplateError as failure:
        problem = failure
    known = {
        number: Step(*marked.places[number], expression[slice(*marked.places[number])], _plain(found))
        for number, found in kept.items()
    }
    steps = sorted(
        (step for number, step in known.items() if number in marked.shown),
        key=lambda step: (step.start, -step.end),
    )
    # After a failure the last pair may be what failed.
    pairs = marked.compared if problem is None else ()
    refused = tuple(
        Comparison(operator, known[left], known[right], *_between(expression, known[left], known[right]))
        for left, operator, right in pairs
        if left in known and right in known and not COMPARE[operator](kept[left], kept[right])
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
    """An expression whose parts keep their values, by number; literals that are compared are not `shown`."""

    compiled: Compiled
    places: tuple[tuple[int, int], ...]
    shown: frozenset[int]
    compared: tuple[tuple[int, str, int], ...]


@lru_cache(maxsize=1_024)
def _parsed(text: str) -> _Marked:
    noted: list[_NotingParser] = []

    def make(environment: Any, source: str) -> Parser:
        noted.append(_NotingParser(environment, source))
        return noted[-1]

    tree, expression = expression_tree(text, make)
    places = noted[0].places
    shown = [node for node in _deciding(expression) if id(node) in places]
    pairs = [pair for pair in _compared(tree) if id(pair[0]) in places and id(pair[2]) in places]
    marked = {id(node): node for node in (*shown, *(end for pair in pairs for end in (pair[0], pair[2])))}
    numbers = {key: number for number, key in enumerate(marked)}
    compared = tuple((numbers[id(left)], operator, numbers[id(right)]) for left, operator, right in pairs)
    places_of = tuple(places[key] for key in marked)
    _keep(tree, numbers)
    compiled = Compiled.of_expression(tree)
    return _Marked(compiled, places_of, frozenset(numbers[id(node)] for node in shown), compared)


def _compared(tree: nodes.Template) -> Iterator[tuple[nodes.Expr, str, nodes.Expr]]:
    for node in tree.find_all(nodes.Compare):
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


def _keep(node: nodes.Node, numbers: Mapping[int, int]) -> None:
    """Put each part that has a number into a call that keeps its value, the inner ones first."""
    for child in list(node.iter_child_nodes()):
        _keep(child, numbers)
    for name, value in list(node.iter_fields()):
        if isinstance(value, list):
            setattr(node, name, [_kept(item, numbers) for item in value])
        else:
            setattr(node, name, _kept(value, numbers))


def _kept(part: Any, numbers: Mapping[int, int]) -> Any:
    number = numbers.get(id(part))
    return part if number is None else keeping(part, number)
