"""Going on after a mistake: the text of an item with blanks where the lines of the mistake were.

The automaton stops at the first token that does not fit. What is left is parsed again, only to find other
mistakes; where blanks could make mistakes of their own, there are none.
"""

from __future__ import annotations

import re

from ..diagnostics import catalogue
from .brackets import CLOSERS, CLOSING, OPENING, left_open
from .problem import SyntaxProblem
from .tokens import Token

_BODY = frozenset({"LBRACE", "LLM_OPEN", "CONFIG_OPEN"})

# A line that begins with one of these goes on with the one before.
_GOING_ON = frozenset(
    {"ELSE", "CATCH", "CATCH_ALL", "CATCH_ALL_PANICS", "DOT", "COMMA", "FAT_ARROW", "PIPE", "AND", "OR", "AT"}
)


def without_broken_part(text: str, tokens: list[Token], problem: SyntaxProblem, is_cut: bool) -> str | None:
    """The text, as long as before, without what is broken; None if that cannot be told from the rest.

    `tokens` are those of the whole text or, if it could not be cut into tokens, of the part before.
    """
    body = next((token for token in tokens if token.type in _BODY), None)
    if body is None or problem.start < body.end:
        return None
    if problem.code is catalogue.UNCLOSED and text[problem.start] not in ('"([{' if is_cut else '"({'):
        return None  # a raw string, a comment or a list of values: where it ends, nobody knows
    if problem.code is catalogue.UNCLOSED and text[problem.start : problem.end] == "{":
        return None
    part = _tokens_around(text, tokens, problem) if is_cut else _line_around(text, body.end, problem)
    if part is None:
        return None
    start, end = part
    return text[:start] + re.sub(r"[^\n]", " ", text[start:end]) + text[end:]


def _line_around(text: str, body: int, problem: SyntaxProblem) -> tuple[int, int] | None:
    start = max(text.rfind("\n", 0, problem.start) + 1, body)
    end = text.find("\n", problem.end)
    line = re.sub(r"\s//.*|\{\{|\}\}", "", text[start:end])
    return (start, end) if end >= 0 and line.count("{") == line.count("}") else None


def _tokens_around(text: str, tokens: list[Token], problem: SyntaxProblem) -> tuple[int, int] | None:
    body = next(at for at, token in enumerate(tokens) if token.type in _BODY)
    at = next((at for at, token in enumerate(tokens) if token.end > problem.start), len(tokens) - 1)
    start = at
    if _begins_line(text, tokens, start):
        start -= 1  # what is missing at the end of a line is noticed on the next
    while start > body + 1 and not _begins_line(text, tokens, start):
        start -= 1
    start = max(start, body + 1)
    is_open = problem.code is catalogue.UNCLOSED
    end = _next_line(text, tokens, at) if is_open else _end_of_part(text, tokens, start, at)
    if end is None or tokens[end].type in _GOING_ON:
        return None
    return tokens[start].start, tokens[end - 1].end


def _next_line(text: str, tokens: list[Token], at: int) -> int | None:
    return next((end for end in range(at + 1, len(tokens)) if _begins_line(text, tokens, end)), None)


def _end_of_part(text: str, tokens: list[Token], start: int, at: int) -> int | None:
    """Where a line begins, behind `at`, and all brackets since `start` are closed."""
    around = left_open(tokens[:start])
    depth = 0
    for end in range(start, len(tokens)):
        if depth == 0 and end > at and _begins_line(text, tokens, end):
            return end
        if depth or tokens[end].type not in CLOSING:
            depth += (tokens[end].type in OPENING) - (tokens[end].type in CLOSING)
        elif around and tokens[end].type == CLOSERS[around[-1].type]:  # the end of the block around it
            return end if end > at else None
    return None


def _begins_line(text: str, tokens: list[Token], at: int) -> bool:
    return at == 0 or "\n" in text[tokens[at - 1].end : tokens[at].start]
