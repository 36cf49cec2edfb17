"""Every construct of the language with the functions that emit it, in one table a way."""

from __future__ import annotations

from .calls import CALLS
from .expressions import EXPRESSIONS
from .lambdas import LAMBDAS
from .operators import OPERATORS
from .state import Constructs
from .statements import INTO_STATEMENTS, STATEMENTS

CONSTRUCTS = Constructs(
    emit={**EXPRESSIONS, **OPERATORS, **CALLS},
    into={**INTO_STATEMENTS, **LAMBDAS},
    statement=STATEMENTS,
)
