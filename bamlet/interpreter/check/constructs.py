"""Every construct of the language with the function that checks it: a table of expressions, one of statements."""

from __future__ import annotations

from .calls import CALLS
from .catches import CATCHES
from .deferred import DEFERS
from .expressions import EXPRESSIONS
from .futures import FUTURES
from .lambdas import LAMBDAS
from .lets import IS, LET_PATTERNS
from .operators import OPERATORS
from .optional import OPTIONAL
from .patterns import MATCHES
from .state import Constructs
from .statements import STATEMENTS
from .templates import TEMPLATES
from .tests import TESTS
from .type_tests import TYPE_TESTS

CONSTRUCTS = Constructs(
    infer={
        **EXPRESSIONS,
        **OPERATORS,
        **TYPE_TESTS,
        **TEMPLATES,
        **OPTIONAL,
        **CALLS,
        **CATCHES,
        **LAMBDAS,
        **FUTURES,
        **MATCHES,
        **IS,
    },
    check_statement={**STATEMENTS, **DEFERS, **LET_PATTERNS, **TESTS},
)
