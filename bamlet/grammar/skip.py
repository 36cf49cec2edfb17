"""Going on after a syntax error: the tokens of an item without the lines that hold the mistake.

The automaton stops at the first token that does not fit. What is left without that part is parsed again, only to
find other mistakes; where taking it out could make mistakes of its own, nothing is taken out.
"""

from __future__ import annotations

from ..diagnostics import catalogue
from .explain import SyntaxProblem
from .tokens import Token

_OPENING = frozenset({"LBRACE", "CTOR_OPEN", "MAP_OPEN", "LLM_OPEN", "CONFIG_OPEN", "ATTR_OPEN", "LPAR", "LSQB"})
_CLOSING = frozenset({"RBRACE", "RPAR", "RSQB"})
_BODY = frozenset({"LBRACE", "LLM_OPEN", "CONFIG_OPEN"})

# A line that begins with one of these goes on with the one before.
_GOING_ON = frozenset({"ELSE", "CATCH", "CATCH_ALL", "DOT", "COMMA", "FAT_ARROW", "PIPE", "AND", "OR", "AT"})


def without_broken_part(text: str, tokens: list[Token], problem: SyntaxProblem) -> list[Token] | None:
    """The tokens without the lines around the problem, or None if that part cannot be told from the rest."""
    body = next((at for at, token in enumerate(tokens) if token.type in _BODY), None)
    at = next((at for at, token in enumerate(tokens) if token.end > problem.start), None)
    if body is None or at is None or at <= body:
        return None
    start = at
    if _begins_line(text, tokens, start):
        start -= 1  # what is missing at the end of a line is noticed on the next
    while start > body + 1 and not _begins_line(text, tokens, start):
        start -= 1
    start = max(start, body + 1)
    if problem.code is catalogue.UNCLOSED:
        end = _next_line(text, tokens, at)
    else:
        end = _end_of_part(text, tokens, start, at)
    if end is None or tokens[end].type in _GOING_ON:
        return None
    return [*tokens[:start], *tokens[end:]]


def _next_line(text: str, tokens: list[Token], at: int) -> int | None:
    return next((end for end in range(at + 1, len(tokens)) if _begins_line(text, tokens, end)), None)


def _end_of_part(text: str, tokens: list[Token], start: int, at: int) -> int | None:
    """Where a line begins, behind `at`, and all brackets since `start` are closed."""
    depth = 0
    for end in range(start, len(tokens)):
        if depth == 0 and end > at and _begins_line(text, tokens, end):
            return end
        depth += (tokens[end].type in _OPENING) - (tokens[end].type in _CLOSING)
        if depth < 0:  # the end of the block around it
            return end if end > at else None
    return None


def _begins_line(text: str, tokens: list[Token], at: int) -> bool:
    return at == 0 or "\n" in text[tokens[at - 1].end : tokens[at].start]
