"""An expression to its value, and to the values of those parts of it that decided: where each stands, and what it was.

jinja2's nodes know where they begin and not where they end, so a parser of ours notes the first token of each
expression and the token behind it. Each part that is to be shown is put into a filter that keeps its value.
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
from .syntax import KEEP_FILTER, place
from .values import kind_of


@dataclass(frozen=True, slots=True)
class Step:
    """A part of an expression, from `start` to `end` of its text, and its value."""

    start: int
    end: int
    source: str
    value: object


@dataclass(frozen=True, slots=True)
class Explanation:
    """`value` as `evaluate` gives it. With a `problem` there is none, and the steps are what was known before."""

    value: object
    steps: tuple[Step, ...]
    problem: TemplateError | None = None


def explain(expression: str, variables: Mapping[str, Any]) -> Explanation:
    """Evaluate an expression, in the order of its text. Raises `TemplateError` only if it does not parse."""
    compiled, places = _parsed(expression)
    kept: dict[int, object] = {}
    value: object = None
    problem: TemplateError | None = None
    try:
        value = _plain(compiled.value(variables, kept))
    except TemplateError as failure:
        problem = failure
    found = [Step(*places[at], expression[slice(*places[at])], _plain(kept[at])) for at in kept]
    found.sort(key=lambda step: (step.start, -step.end))
    return Explanation(value, tuple(found), problem)


def _plain(value: object) -> object:
    return None if kind_of(value) == "undefined" else value


@lru_cache(maxsize=256)
def _parsed(text: str) -> tuple[Compiled, tuple[tuple[int, int], ...]]:
    noted: list[_NotingParser] = []

    def make(environment: Any, source: str) -> Parser:
        noted.append(_NotingParser(environment, source))
        return noted[-1]

    tree, expression = expression_tree(text, make)
    known = noted[0].places
    shown = [node for node in _deciding(expression) if id(node) in known]
    numbers = {id(node): number for number, node in reversed(list(enumerate(shown)))}
    _keep(tree, numbers)
    return Compiled.of_expression(tree), tuple(known[id(node)] for node in shown)


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
        made = self._whole(lambda: super(_NotingParser, self).parse_primary(with_namespace))
        return made  # type: ignore[no-any-return]

    def parse_subscript(self, node: nodes.Expr) -> nodes.Getattr | nodes.Getitem:
        return self._continued(node, super().parse_subscript)  # type: ignore[no-any-return]

    def parse_call(self, node: nodes.Expr) -> nodes.Call:
        return self._continued(node, super().parse_call)  # type: ignore[no-any-return]

    def parse_filter(self, node: nodes.Expr | None, start_inline: bool = False) -> nodes.Expr | None:
        made = self._continued(node, lambda given: super(_NotingParser, self).parse_filter(given, start_inline))
        return made  # type: ignore[no-any-return]

    def parse_test(self, node: nodes.Expr) -> nodes.Expr:
        return self._continued(node, super().parse_test)  # type: ignore[no-any-return]


def _deciding(node: nodes.Expr) -> Iterator[nodes.Expr]:
    """The parts of a condition that are worth a line: what is compared and tested, on each side of `and` and `or`."""
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
        case nodes.Compare() | nodes.Test() | nodes.Not() | nodes.And() | nodes.Or():
            yield from _deciding(node)
        case _:
            return


def _keep(node: nodes.Node, numbers: Mapping[int, int]) -> None:
    """Put each part that has a number into the filter that keeps its value, the inner ones first."""
    for child in list(node.iter_child_nodes()):
        _keep(child, numbers)
    for name, value in list(node.iter_fields()):
        if isinstance(value, list):
            setattr(node, name, [_kept(item, numbers) for item in value])
        else:
            setattr(node, name, _kept(value, numbers))


def _kept(part: Any, numbers: Mapping[int, int]) -> Any:
    number = numbers.get(id(part))
    if number is None:
        return part
    keep = nodes.Filter(part, KEEP_FILTER, [nodes.Const(number)], [], None, None, lineno=part.lineno)
    keep.set_environment(part.environment)
    return keep
