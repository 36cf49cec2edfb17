"""Which bracket closes which, among tokens."""

from __future__ import annotations

from collections.abc import Iterable

from .tokens import Token

CLOSERS = {
    **dict.fromkeys(("LBRACE", "CTOR_OPEN", "MAP_OPEN", "LLM_OPEN", "CONFIG_OPEN", "ARMS_OPEN"), "RBRACE"),
    **dict.fromkeys(("LPAR", "ATTR_OPEN", "CALL_OPEN", "LAMBDA_OPEN"), "RPAR"),
    "LSQB": "RSQB",
    "HOLE_OPEN": "HOLE_CLOSE",
}
OPENING = frozenset(CLOSERS)
CLOSING = frozenset(CLOSERS.values())


def left_open(tokens: Iterable[Token]) -> list[Token]:
    """The brackets whose other half has not come, the innermost last."""
    opened: list[Token] = []
    for token in tokens:
        if token.type in CLOSERS:
            opened.append(token)
        elif opened and token.type == CLOSERS[opened[-1].type]:
            opened.pop()
    return opened
