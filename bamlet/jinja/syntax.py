"""jinja2's syntax with our meaning: tokens that know their column, and code that calls our operators."""

from __future__ import annotations

import re
from collections.abc import Iterator

from jinja2 import nodes
from jinja2.compiler import CodeGenerator, Frame
from jinja2.exceptions import TemplateSyntaxError
from jinja2.lexer import Lexer
from jinja2.nodes import EvalContext
from jinja2.runtime import exported

from ..patterns import pattern
from .errors import TemplateError

# jinja2 gives `self` a meaning of its own; for us it is a parameter like any other.
SELF = "self"
SELF_INSIDE = "baml_self"

# No template can write a filter name with a blank, so this one is ours.
LOOP_FILTER = "loop over"

SLICE_ALONE = "a slice stands alone in its brackets"

_ABSENT: dict[type[nodes.Node], str] = {
    nodes.Block: "block",
    nodes.Extends: "extends",
    nodes.FromImport: "from",
    nodes.Import: "import",
    nodes.Include: "include",
    nodes.ScopedEvalContextModifier: "autoescape",
}


class Line(int):
    """A line number that remembers its column. jinja2 hands it on from token to node to error."""

    column: int

    def __new__(cls, line: int, column: int) -> Line:
        self = super().__new__(cls, line)
        self.column = column
        return self


_ESCAPE = pattern(r"\\(.)", re.DOTALL)
_ESCAPED = "\n\\'\"abfnrtv01234567xNuU"


class PositionedLexer(Lexer):
    """jinja2's lexer, whose tokens carry a `Line`."""

    def tokeniter(
        self, source: str, name: str | None, filename: str | None = None, state: str | None = None
    ) -> Iterator[tuple[int, str, str]]:
        # jinja2 reads with `\n` for every line break and drops blank space only before and after tags, so
        # each token's text is found again where the last one ended.
        text = source.replace("\r\n", "\n").replace("\r", "\n")
        end = 0
        try:
            for _, kind, value in super().tokeniter(source, name, filename, state):
                start = max(text.find(value, end), end)
                end = start + len(value)
                yield line_at(text, start), kind, _plain_escapes(value) if kind == "string" else value
        except TemplateSyntaxError as error:
            message = (error.message or "").partition(" at ")[0]
            raise TemplateSyntaxError(message, line_at(text, end), name, filename) from None


def _plain_escapes(literal: str) -> str:
    """Double each backslash that escapes nothing: Python warns of them, and patterns are full of them."""
    return _ESCAPE.sub(lambda escape: escape[0] if escape[1] in _ESCAPED else "\\" + escape[0], literal)


def line_at(text: str, offset: int) -> Line:
    return Line(text.count("\n", 0, offset) + 1, offset - text.rfind("\n", 0, offset))


def place(lineno: int) -> tuple[int, int]:
    return int(lineno), getattr(lineno, "column", 1)


def prepare(tree: nodes.Template) -> None:
    """Refuse the statements that templates of ours do not have, and send loops through the budget."""
    for node in list(tree.find_all(nodes.Node)):
        absent = _ABSENT.get(type(node))
        if absent is not None:
            raise TemplateError(f"there is no statement `{absent}`", *place(node.lineno))
        if isinstance(node, nodes.Name) and node.name == SELF:
            node.name = SELF_INSIDE
        elif isinstance(node, nodes.For):
            fixed = sum(len(data.data) for child in node.body for data in child.find_all(nodes.TemplateData))
            size = nodes.Const(fixed, lineno=node.lineno)
            node.iter = nodes.Filter(node.iter, LOOP_FILTER, [size], [], None, None, lineno=node.lineno)


_IMPORTS = f"from jinja2.runtime import {', '.join(sorted(exported))}"


class Generator(CodeGenerator):
    """Python code that leaves every operator, look-up and method call to the environment."""

    def visit_Template(self, node: nodes.Template, frame: Frame | None = None) -> None:
        # What jinja2 writes, without what blocks and inheritance need. It looks for them six times over the whole
        # tree, which takes longer than to write a short expression.
        self.writeline(_IMPORTS)
        self.writeline(f"name = {self.name!r}")
        self.writeline("def root(context, missing=missing, environment=environment):", extra=1)
        self.indent()
        self.write_commons()
        root = Frame(EvalContext(self.environment, self.name))
        root.symbols.analyze_node(node)
        root.toplevel = root.rootlevel = True
        self.enter_frame(root)
        self.pull_dependencies(node.body)
        self.blockvisit(node.body, root)
        self.leave_frame(root, with_python_scope=True)
        self.outdent()
        self.writeline("blocks = {}", extra=1)
        self.writeline(f"debug_info = {'&'.join(f'{line}={code}' for line, code in self.debug_info)!r}")

    def write_commons(self) -> None:
        super().write_commons()
        # `x if y` without an `else`: jinja2 would put a value of its own there, which nothing of ours knows.
        self.writeline("cond_expr_undefined = undefined")

    def visit_Concat(self, node: nodes.Concat, frame: Frame) -> None:
        self._call("concatenate", node.nodes, frame)

    def visit_Compare(self, node: nodes.Compare, frame: Frame) -> None:
        # `a < b < c` asks both; b is read twice, which nothing can see.
        left, separator = node.expr, "("
        for operand in node.ops:
            self.write(f"{separator}environment.compare[{operand.op!r}](")
            self.visit(left, frame)
            self.write(", ")
            self.visit(operand.expr, frame)
            self.write(")")
            left, separator = operand.expr, " and "
        self.write(")")

    def visit_Call(self, node: nodes.Call, frame: Frame, forward_caller: bool = False) -> None:
        if not isinstance(node.node, nodes.Getattr):
            super().visit_Call(node, frame, forward_caller=forward_caller)
            return
        self.write("environment.call_method(context, ")
        self.visit(node.node.node, frame)
        self.write(f", {node.node.attr!r}")
        self.signature(node, frame, {"caller": "caller"} if forward_caller else None)
        self.write(")")

    def visit_Getitem(self, node: nodes.Getitem, frame: Frame) -> None:
        if not isinstance(node.arg, nodes.Slice):
            super().visit_Getitem(node, frame)
            return
        bounds = (node.arg.start, node.arg.stop, node.arg.step)
        none = nodes.Const(None)
        self._call("cut", [node.node, *(bound or none for bound in bounds)], frame)

    def visit_Slice(self, node: nodes.Slice, frame: Frame) -> None:
        raise TemplateError(SLICE_ALONE, *place(node.lineno))

    def visit_Tuple(self, node: nodes.Tuple, frame: Frame) -> None:
        if node.ctx == "load":
            self.visit_List(nodes.List(node.items), frame)
        else:
            super().visit_Tuple(node, frame)

    # In a soft frame a filter or test that nobody knows fails when it is used, not before.
    def visit_Filter(self, node: nodes.Filter, frame: Frame) -> None:
        super().visit_Filter(node, frame.soft())

    def visit_Test(self, node: nodes.Test, frame: Frame) -> None:
        super().visit_Test(node, frame.soft())

    def _call(self, function: str, arguments: list[nodes.Expr], frame: Frame) -> None:
        self.write(f"environment.{function}(")
        for argument in arguments:
            self.visit(argument, frame)
            self.write(", ")
        self.write(")")
