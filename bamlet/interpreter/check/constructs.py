"""Every construct of the language with the function that checks it: a table of expressions, one of statements."""

from __future__ import annotations

from .calls import CALLS
from .catches import CATCHES
from .expressions import EXPRESSIONS
from .lambdas import LAMBDAS
from .patterns import MATCHES
from .state import Constructs
from .statements import STATEMENTS

CONSTRUCTS = Constructs(
    infer={**EXPRESSIONS, **CALLS, **CATCHES, **LAMBDAS, **MATCHES},
    check_statement=STATEMENTS,
)
