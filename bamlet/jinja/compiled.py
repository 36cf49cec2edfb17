"""Template text to code, and code to text: the one place where jinja2's failures become ours."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from types import TracebackType
from typing import Any, TypeVar

import jinja2
from jinja2 import nodes
from jinja2.exceptions import TemplateError as JinjaError
from jinja2.exceptions import TemplateSyntaxError
from jinja2.parser import Parser
from jinja2.utils import internal_code

from ..patterns import pattern
from .environment import RunContext, Sandbox
from .errors import TemplateError, UnclosedTag
from .limits import MAX_TEXT, Budget, spending
from .names import free_names
from .syntax import LOOP_FILTER, SELF, SELF_INSIDE, line_at, place, prepare
from .uses import NameUse
from .wording import open_tag, reworded

_RESULT = "baml_result"
# Python names the function behind a filter when it is called with what it does not take.
_OWN_FUNCTION = pattern(r"^(?:\w+\.)*(?:<lambda>|\w+)\(\) ")
P = TypeVar("P", bound=Parser)
_FAILURES = (JinjaError, TypeError, ValueError, LookupError, ArithmeticError)


class Compiled:
    """A template ready to run, and what it takes from outside."""

    def __init__(
        self, tree: nodes.Template, names: tuple[NameUse, ...] = (), unknown: tuple[NameUse, ...] = ()
    ) -> None:
        self.names = names
        self.unknown = unknown
        environment = sandbox()
        code = environment.compile(tree)
        self._template = jinja2.Template.from_code(environment, code, environment.make_globals(None))
        self._environment = environment

    def render(self, variables: Mapping[str, Any], budget: Budget) -> str:
        parts, size = [], 0
        context = self._context(variables, budget)
        with spending(budget), failures(self._line):
            for part in self._template.root_render_func(context):
                size += len(part)
                if size > MAX_TEXT:
                    raise TemplateError(f"the template writes more than {MAX_TEXT:,} characters")
                parts.append(part)
        return "".join(parts)

    def value(self, variables: Mapping[str, Any]) -> Any:
        """What the expression evaluates to."""
        budget = Budget()
        context = self._context(variables, budget)
        with spending(budget), failures(self._line):
            for _ in self._template.root_render_func(context):
                pass
        return context.vars[_RESULT]

    def _context(self, variables: Mapping[str, Any], budget: Budget) -> RunContext:
        return run_context(variables, budget, self._template.blocks)

    def _line(self, traceback: TracebackType | None) -> int | None:
        """The template's line of the innermost frame that runs it."""
        line = None
        while traceback is not None:
            frame = traceback.tb_frame
            ours = frame.f_globals.get("__jinja_template__") is self._template
            # Code that jinja2 puts in for its own use has no line of the template.
            if ours and frame.f_code not in internal_code:
                line = self._template.get_corresponding_lineno(traceback.tb_lineno)
            traceback = traceback.tb_next
        return line


def run_context(variables: Mapping[str, Any], budget: Budget, blocks: Mapping[str, Any]) -> RunContext:
    given = dict(variables)
    if SELF in given:
        given[SELF_INSIDE] = given.pop(SELF)
    # By hand: what jinja2 does here walks its layers of globals twice a rendering.
    environment = sandbox()
    known = environment.globals
    context = RunContext(environment, {**known, **given}, None, dict(blocks), known)
    context.budget = budget
    return context


@contextmanager
def failures(line_of: Callable[[TracebackType | None], int | None]) -> Iterator[None]:
    """What goes wrong while something is evaluated, as a `TemplateError` with the line where that was."""
    try:
        yield
    except TemplateError as error:
        if error.line is None:
            error.line = line_of(error.__traceback__)
        raise
    except _FAILURES as error:
        raise TemplateError(_OWN_FUNCTION.sub("this call ", str(error)), line_of(error.__traceback__)) from error
    except RecursionError as error:
        raise TemplateError("the template goes too deep", line_of(error.__traceback__)) from error


def compile_template(text: str) -> Compiled:
    try:
        with _syntax_errors():
            return _compile(sandbox()._parse(text, None, None))
    except TemplateError as error:
        # What is left open is noticed far behind.
        if isinstance(error.__cause__, TemplateSyntaxError) and (tag := open_tag(text)):
            raise UnclosedTag(tag.opening, tag.missing, *place(line_at(text, tag.start))) from error
        raise


def compile_expression(text: str) -> Compiled:
    """A template whose only act is to keep the value of one expression."""
    with _syntax_errors():
        expression = read_expression(text)
        tree = nodes.Template([nodes.Assign(nodes.Name(_RESULT, "store"), expression, lineno=1)], lineno=1)
        tree.set_environment(sandbox())
        return _compile(tree)


def read_expression(text: str) -> nodes.Expr:
    return parse_expression(lambda: Parser(sandbox(), text, state="variable"))[1]


def parse_expression(make_parser: Callable[[], P]) -> tuple[P, nodes.Expr]:
    """All that a parser reads, as one expression, and the parser, which is made here since it may fail at once."""
    with _syntax_errors():
        parser = make_parser()
        expression = parser.parse_expression()
        if not parser.stream.eos:
            raise TemplateError("the expression should end here", *place(parser.stream.current.lineno))
        return parser, expression


def _compile(tree: nodes.Template) -> Compiled:
    prepare(tree)
    return Compiled(tree, free_names(tree), _unknown(tree))


@contextmanager
def _syntax_errors() -> Iterator[None]:
    try:
        yield
    except TemplateSyntaxError as error:
        message = reworded(error.message or "the template does not parse")
        raise TemplateError(message, *place(error.lineno)) from error
    except (RecursionError, MemoryError, SyntaxError) as error:
        # SyntaxError and MemoryError are Python's words for generated code that nests too deep.
        raise TemplateError("the template nests too deep", 1, 1) from error
    except ValueError as error:
        raise TemplateError(str(error), 1, 1) from error


def _unknown(tree: nodes.Template) -> tuple[NameUse, ...]:
    environment = sandbox()
    uses = [
        NameUse(node.name, (), *place(node.lineno))
        for kind, known in ((nodes.Filter, environment.filters), (nodes.Test, environment.tests))
        for node in tree.find_all(kind)
        if node.name not in known
    ]
    return tuple(sorted(uses, key=lambda use: (use.line, use.column)))


def filter_names() -> tuple[str, ...]:
    environment = sandbox()
    return tuple(name for name in (*environment.filters, *environment.tests) if name != LOOP_FILTER)


@cache
def sandbox() -> Sandbox:
    """The one that all templates and expressions share."""
    return Sandbox()
