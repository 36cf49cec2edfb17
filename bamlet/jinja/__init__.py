"""Templates and constraint expressions: parse, name what they use, evaluate them sandboxed.

The meaning is minijinja's where it shows. jinja2 does the parsing and is imported with the first template,
not with this package; `jinja.explain` is a module of its own for that reason.
"""

from .errors import ConstraintError, TemplateError, UnclosedTag
from .limits import Budget
from .plain import Hole, plain_parts
from .template import (
    NameUse,
    Template,
    evaluate,
    expression_names,
    holds,
    known_filters,
    parse_template,
    read_template,
)
from .uses import GLOBAL_NAMES, Arguments
from .values import MISSING, GivenList, TemplateObject

__all__ = [
    "GLOBAL_NAMES",
    "MISSING",
    "Arguments",
    "Budget",
    "ConstraintError",
    "GivenList",
    "Hole",
    "NameUse",
    "Template",
    "TemplateError",
    "TemplateObject",
    "UnclosedTag",
    "evaluate",
    "expression_names",
    "holds",
    "known_filters",
    "parse_template",
    "plain_parts",
    "read_template",
]
