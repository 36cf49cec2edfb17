"""An expression to its value, node by node, and to the values of those of its parts that somebody wants to see.

What is asked once, as the constraint of a test is, has its value before `compiled` would have written the code for
it. What operators, look-ups and calls mean stands in the sandbox, which both ask.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any

from jinja2 import nodes

from .compiled import failures, run_context, sandbox
from .errors import TemplateError
from .limits import Budget, spending
from .syntax import SELF, SELF_INSIDE, SLICE_ALONE, place


class Walk:
    """One evaluation. `kept` has the values of the `wanted` nodes, by identity, as far as it came."""

    def __init__(self, variables: Mapping[str, Any], wanted: Collection[int]) -> None:
        self._environment = sandbox()
        self._budget = Budget()
        self._context = run_context(variables, self._budget, {})
        self._wanted = wanted
        self.kept: dict[int, object] = {}

    def whole(self, expression: nodes.Expr) -> Any:
        """Raises `TemplateError`."""
        # The line is that of the one statement which `compiled` makes of an expression.
        with spending(self._budget), failures(lambda _: 1):
            return self.value(expression)

    def value(self, node: nodes.Node) -> Any:
        found = _VALUES[type(node)](self, node)
        if id(node) in self._wanted:
            self.kept[id(node)] = found
        return found

    def values(self, several: list[nodes.Expr]) -> list[Any]:
        return [self.value(node) for node in several]

    # --- names and literals

    def name(self, node: nodes.Name) -> Any:
        return self._context.resolve(SELF_INSIDE if node.name == SELF else node.name)

    def constant(self, node: nodes.Const) -> Any:
        return node.value

    def items(self, node: nodes.List | nodes.Tuple) -> Any:
        return self.values(node.items)

    def entries(self, node: nodes.Dict) -> Any:
        return {self.value(pair.key): self.value(pair.value) for pair in node.items}

    # --- what decides which of its parts are looked at

    def both(self, node: nodes.And) -> Any:
        return self.value(node.left) and self.value(node.right)

    def either(self, node: nodes.Or) -> Any:
        return self.value(node.left) or self.value(node.right)

    def opposite(self, node: nodes.Not) -> Any:
        return not self.value(node.node)

    def chosen(self, node: nodes.CondExpr) -> Any:
        if self.value(node.test):
            return self.value(node.expr1)
        if node.expr2 is not None:
            return self.value(node.expr2)
        line = int(node.lineno)
        return self._environment.undefined(
            f"the inline if-expression on line {line} evaluated to false and no else section was defined."
        )

    def compared(self, node: nodes.Compare) -> Any:
        left, agree = self.value(node.expr), True
        for operand in node.ops:
            right = self.value(operand.expr)
            agree = self._environment.compare[operand.op](left, right)
            if not agree:
                break
            left = right
        return agree

    # --- operators

    def binary(self, node: nodes.BinExpr) -> Any:
        left = self.value(node.left)
        return self._environment.call_binop(self._context, node.operator, left, self.value(node.right))

    def negative(self, node: nodes.Neg) -> Any:
        return -self.value(node.node)

    def positive(self, node: nodes.Pos) -> Any:
        return +self.value(node.node)

    def joined(self, node: nodes.Concat) -> Any:
        return self._environment.concatenate(*self.values(node.nodes))

    # --- look-ups, calls, filters and tests

    def attribute(self, node: nodes.Getattr) -> Any:
        return self._environment.getattr(self.value(node.node), node.attr)

    def item(self, node: nodes.Getitem) -> Any:
        value = self.value(node.node)
        if not isinstance(node.arg, nodes.Slice):
            return self._environment.getitem(value, self.value(node.arg))
        bounds = (node.arg.start, node.arg.stop, node.arg.step)
        return self._environment.cut(value, *(None if bound is None else self.value(bound) for bound in bounds))

    def slice(self, node: nodes.Slice) -> Any:
        raise TemplateError(SLICE_ALONE, *place(node.lineno))

    def called(self, node: nodes.Call) -> Any:
        if isinstance(node.node, nodes.Getattr):
            value = self.value(node.node.node)
            arguments, keywords = self._arguments(node)
            return self._environment.call_method(self._context, value, node.node.attr, *arguments, **keywords)
        function = self.value(node.node)
        arguments, keywords = self._arguments(node)
        return self._environment.call(self._context, function, *arguments, **keywords)

    def filtered(self, node: nodes.Filter) -> Any:
        assert node.node is not None  # only a `filter` block has none
        value = self.value(node.node)
        arguments, keywords = self._arguments(node)
        apply = _known("filter", self._environment.filters, node.name)
        return apply(self._context, value, *arguments, **keywords)

    def tested(self, node: nodes.Test) -> Any:
        value = self.value(node.node)
        arguments, keywords = self._arguments(node)
        return _known("test", self._environment.tests, node.name)(value, *arguments, **keywords)

    def _arguments(self, node: nodes.Call | nodes.Filter | nodes.Test) -> tuple[list[Any], dict[str, Any]]:
        arguments = self.values(node.args or [])
        keywords = {str(pair.key): self.value(pair.value) for pair in node.kwargs or []}
        if node.dyn_args is not None:
            arguments += self.value(node.dyn_args)
        if node.dyn_kwargs is not None:
            keywords |= self.value(node.dyn_kwargs)
        return arguments, keywords


def _known(kind: str, table: Mapping[str, Any], name: str) -> Callable[..., Any]:
    """Looked for when it is called, behind all that its arguments may have wrong."""
    if name not in table:
        raise TemplateError(f"No {kind} named {name!r} found.")
    found: Callable[..., Any] = table[name]
    return found


_VALUES: dict[type[nodes.Node], Callable[[Walk, Any], Any]] = {
    nodes.Name: Walk.name,
    nodes.Const: Walk.constant,
    nodes.List: Walk.items,
    nodes.Tuple: Walk.items,
    nodes.Dict: Walk.entries,
    nodes.And: Walk.both,
    nodes.Or: Walk.either,
    nodes.Not: Walk.opposite,
    nodes.CondExpr: Walk.chosen,
    nodes.Compare: Walk.compared,
    nodes.Add: Walk.binary,
    nodes.Sub: Walk.binary,
    nodes.Mul: Walk.binary,
    nodes.Div: Walk.binary,
    nodes.FloorDiv: Walk.binary,
    nodes.Mod: Walk.binary,
    nodes.Pow: Walk.binary,
    nodes.Neg: Walk.negative,
    nodes.Pos: Walk.positive,
    nodes.Concat: Walk.joined,
    nodes.Getattr: Walk.attribute,
    nodes.Getitem: Walk.item,
    nodes.Slice: Walk.slice,
    nodes.Call: Walk.called,
    nodes.Filter: Walk.filtered,
    nodes.Test: Walk.tested,
}
"""What the parser makes of an expression."""
