"""Template text to code, and code to text: the one place where jinja2's failures become ours."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from types import TracebackType
from typing import Any

import jinja2
from jinja2 import nodes
from jinja2.exceptions import TemplateError as JinjaError
from jinja2.exceptions import TemplateSyntaxError
from jinja2.parser import Parser
from jinja2.utils import internal_code

from .environment import RunContext, Sandbox
from .errors import TemplateError, UnclosedTag
from .limits import MAX_TEXT, Budget, spending
from .names import free_names
from .syntax import LOOP_FILTER, SELF, SELF_INSIDE, line_at, place, prepare
from .uses import NameUse
from .wording import open_tag, reworded

_RESULT = "baml_result"
# Python names the function behind a filter when it is called with what it does not take.
_OWN_FUNCTION = re.compile(r"^(?:\w+\.)*(?:<lambda>|\w+)\(\) ")
_FAILURES = (JinjaError, TypeError, ValueError, LookupError, ArithmeticError)


class Compiled:
    """A template ready to run, and what it takes from outside."""

    def __init__(
        self, tree: nodes.Template, names: tuple[NameUse, ...] = (), unknown: tuple[NameUse, ...] = ()
    ) -> None:
        self.names = names
        self.unknown = unknown
        environment = _sandbox()
        code = environment.compile(tree)
        self._template = jinja2.Template.from_code(environment, code, environment.make_globals(None))
        self._environment = environment

    def render(self, variables: Mapping[str, Any], budget: Budget) -> str:
        parts, size = [], 0
        context = self._context(variables, budget)
        with spending(budget), self._failures():
            for part in self._template.root_render_func(context):
                size += len(part)
                if size > MAX_TEXT:
                    raise TemplateError(f"the template writes more than {MAX_TEXT:,} characters")
                parts.append(part)
        return "".join(parts)

    @classmethod
    def of_expression(cls, tree: nodes.Template) -> Compiled:
        """Of what `expression_tree` gives. Nobody asks it for its names: they are not looked for."""
        with _syntax_errors():
            prepare(tree)
            return cls(tree)

    def value(self, variables: Mapping[str, Any], kept: dict[int, object] | None = None) -> Any:
        """What the expression evaluates to. `kept` gets the values of its marked parts, by number."""
        budget = Budget()
        context = self._context(variables, budget)
        context.kept = {} if kept is None else kept
        with spending(budget), self._failures():
            for _ in self._template.root_render_func(context):
                pass
        return context.vars[_RESULT]

    def _context(self, variables: Mapping[str, Any], budget: Budget) -> RunContext:
        given = dict(variables)
        if SELF in given:
            given[SELF_INSIDE] = given.pop(SELF)
        # By hand: what jinja2 does here walks its layers of globals twice a rendering.
        known, template = self._environment.globals, self._template
        context = RunContext(self._environment, {**known, **given}, template.name, template.blocks, known)
        context.budget = budget
        return context

    @contextmanager
    def _failures(self) -> Iterator[None]:
        try:
            yield
        except TemplateError as error:
            if error.line is None:
                error.line = self._line(error.__traceback__)
            raise
        except _FAILURES as error:
            raise TemplateError(
                _OWN_FUNCTION.sub("this call ", str(error)), self._line(error.__traceback__)
            ) from error
        except RecursionError as error:
            raise TemplateError("the template goes too deep", self._line(error.__traceback__)) from error

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


def compile_template(text: str) -> Compiled:
    try:
        with _syntax_errors():
            return _compile(_sandbox()._parse(text, None, None))
    except TemplateError as error:
        # What is left open is noticed far behind.
        if isinstance(error.__cause__, TemplateSyntaxError) and (tag := open_tag(text)):
            raise UnclosedTag(tag.opening, tag.missing, *place(line_at(text, tag.start))) from error
        raise


def compile_expression(text: str) -> Compiled:
    """A template whose only act is to keep the value of one expression."""
    with _syntax_errors():
        return _compile(expression_tree(text, expression_parser)[0])


def expression_tree(text: str, make_parser: Callable[[Sandbox, str], Parser]) -> tuple[nodes.Template, nodes.Expr]:
    """The template of an expression, and the expression in it."""
    with _syntax_errors():
        parser = make_parser(_sandbox(), text)
        expression = parser.parse_expression()
        if not parser.stream.eos:
            raise TemplateError("the expression should end here", *place(parser.stream.current.lineno))
        keep = nodes.Assign(nodes.Name(_RESULT, "store"), expression, lineno=1)
        tree = nodes.Template([keep], lineno=1)
        tree.set_environment(_sandbox())
        return tree, expression


def expression_parser(environment: Sandbox, text: str) -> Parser:
    return Parser(environment, text, state="variable")


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
    environment = _sandbox()
    uses = [
        NameUse(node.name, (), *place(node.lineno))
        for kind, known in ((nodes.Filter, environment.filters), (nodes.Test, environment.tests))
        for node in tree.find_all(kind)
        if node.name not in known
    ]
    return tuple(sorted(uses, key=lambda use: (use.line, use.column)))


def filter_names() -> tuple[str, ...]:
    environment = _sandbox()
    return tuple(name for name in (*environment.filters, *environment.tests) if name != LOOP_FILTER)


@cache
def _sandbox() -> Sandbox:
    return Sandbox()
