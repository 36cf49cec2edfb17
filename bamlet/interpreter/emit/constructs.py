"""Every construct of the language with the functions that emit it, in one table a way."""

from __future__ import annotations

from .calls import CALLS
from .expressions import EXPRESSIONS
from .futures import FUTURES, INTO_FUTURES
from .lambdas import LAMBDAS
from .lets import IS, LET_PATTERNS
from .operators import OPERATORS
from .optional import INTO_OPTIONAL, OPTIONAL
from .state import Constructs
from .statements import INTO_STATEMENTS, STATEMENTS
from .templates import INTO_TEMPLATES, TEMPLATES
from .tests import TESTS

CONSTRUCTS = Constructs(
    emit={**EXPRESSIONS, **TEMPLATES, **OPERATORS, **OPTIONAL, **IS, **FUTURES, **CALLS},
    into={**INTO_STATEMENTS, **INTO_OPTIONAL, **LAMBDAS, **INTO_FUTURES, **INTO_TEMPLATES},
    statement={**STATEMENTS, **LET_PATTERNS, **TESTS},
)
