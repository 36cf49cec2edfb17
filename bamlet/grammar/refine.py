"""A problem to the mistake behind it, where that stands elsewhere: a string that ran on, a bracket left open."""

from __future__ import annotations

import unicodedata
from itertools import pairwise

from ..diagnostics import catalogue
from ..records import replace
from .brackets import CLOSERS, left_open
from .problem import SyntaxProblem
from .tags import misplaced_tag
from .tokens import CLOSING, PUNCTUATION, Token


def refine(text: str, tokens: list[Token], problem: SyntaxProblem) -> SyntaxProblem:
    """The problem itself, unless the tokens around it tell of a better one."""
    for look in (
        _strange_blank,
        misplaced_tag,
        _closes_nothing,
        _open_string,
        _lone_at,
        _open_bracket,
        _end_of_line,
        _open_block,
        _untyped_field,
    ):
        if better := look(text, tokens, problem):
            return better
    return problem


def _strange_blank(text: str, tokens: list[Token], problem: SyntaxProblem) -> SyntaxProblem | None:
    """What nobody sees, and what comes with text that was copied from a page: it has to be named."""
    char = text[problem.start : problem.end]
    if len(char) != 1 or char in "\n\r" or unicodedata.category(char) not in _INVISIBLE:
        return None
    name = unicodedata.name(char, "a control character").lower()
    message = f"U+{ord(char):04X} stands here ({name}), which looks like a blank and is none"
    return replace(problem, message=message, hint="write an ordinary blank, or take it away")


_INVISIBLE = frozenset({"Zs", "Zl", "Zp", "Cc", "Cf"})


def _lone_at(text: str, tokens: list[Token], problem: SyntaxProblem) -> SyntaxProblem | None:
    """An `@` at the end of its line takes the next field's name for its own."""
    for token, following in pairwise(tokens):
        if following.start > problem.start:
            return None
        if token.type in ("AT", "ATAT") and "\n" in text[token.end : following.start]:
            message = f"`{token.value}` has no name behind it"
            return replace(problem, start=token.start, end=token.end, message=message, hint=None)
    return None


def _end_of_line(text: str, tokens: list[Token], problem: SyntaxProblem) -> SyntaxProblem | None:
    """What is missing behind a `=` or `|` at the end of a line is missing there, not at the start of the next."""
    if not problem.message.startswith("expected"):
        return None
    for before, token in pairwise(tokens):
        if token.start == problem.start and before.type in _DEMANDING and "\n" in text[before.end : token.start]:
            message = f"{problem.message.partition(', found')[0]} behind `{before.value}`"
            return replace(problem, start=before.start, end=before.end, message=message)
    return None


_DEMANDING = frozenset(PUNCTUATION.values()) - {
    "RBRACE",
    "RPAR",
    "RSQB",
    "SEMI",
    "COMMA",
    "QUESTION",
    "GT",
    "LBRACE",
}


def _unclosed(token: Token) -> SyntaxProblem:
    opening = token.value[-1]
    message = f"this `{opening}` is never closed"
    return SyntaxProblem(catalogue.UNCLOSED, token.start, token.end, message, f"add the `{CLOSING[opening]}`")


def _open_bracket(text: str, tokens: list[Token], problem: SyntaxProblem) -> SyntaxProblem | None:
    """The innermost parenthesis or square bracket before the problem, if its other half does not come behind."""
    if problem.code not in (catalogue.SYNTAX, catalogue.UNEXPECTED_END):
        return None
    at = len(tokens)
    if problem.code is catalogue.SYNTAX:
        at = next((at for at, token in enumerate(tokens) if token.end > problem.start), at)
    opened = left_open(tokens[:at])
    if not opened or CLOSERS[opened[-1].type] == "RBRACE":
        return None
    if at < len(tokens) and _comes_behind(text, tokens, opened, tokens[at]):
        return _unclosed(opened[-1])
    behind: list[Token] = []
    for token in tokens[at:]:
        if token.type in CLOSERS:
            behind.append(token)
        elif token.type in CLOSERS.values():
            opener = behind.pop() if behind else opened[-1]
            if CLOSERS[opener.type] != token.type:
                return _unclosed(opened[-1])
            if opener is opened[-1]:
                return None
    return _unclosed(opened[-1])


def _comes_behind(text: str, tokens: list[Token], opened: list[Token], token: Token) -> bool:
    """Whether the innermost parenthesis belongs to a header or a field, and the token to what comes behind one."""
    opener = opened[-1]
    place = next(at for at, other in enumerate(tokens) if other is opener)
    is_next_line = "\n" in text[opener.end : token.start]
    if tokens[place - 1].type in ("IF", "WHILE", "FOR", "MATCH"):
        return CLOSERS.get(token.type) == "RBRACE" or (is_next_line and token.type in _STATEMENT_WORDS)
    is_in_class = tokens[0].type == "CLASS" and [other.type for other in opened[:-1]] == ["LBRACE"]
    return is_in_class and is_next_line and token.type == "NAME" and tokens[place - 2].type != "FUNCTION"


_STATEMENT_WORDS = frozenset({"IF", "WHILE", "FOR", "MATCH", "LET", "RETURN", "BREAK", "CONTINUE", "THROW"})


def _closes_nothing(text: str, tokens: list[Token], problem: SyntaxProblem) -> SyntaxProblem | None:
    """A `)` or `]` that does not fit, where none is open."""
    if problem.code is not catalogue.SYNTAX or text[problem.start : problem.end] not in (")", "]"):
        return None
    before = left_open(token for token in tokens if token.end <= problem.start)
    if before and CLOSING[text[before[-1].end - 1]] == text[problem.start]:
        return None
    opener = next(half for half, other in CLOSING.items() if other == text[problem.start])
    message = f"this `{text[problem.start]}` closes nothing"
    return replace(problem, message=message, hint=f"take it away, or add the `{opener}`")


def _open_block(text: str, tokens: list[Token], problem: SyntaxProblem) -> SyntaxProblem | None:
    """Of a missing `}`: the block whose line is indented further than the brace that was taken for its end."""
    if problem.code is not catalogue.UNCLOSED or text[problem.start] != "{":
        return None
    opened: list[Token] = []
    for token in tokens:
        if CLOSERS.get(token.type) == "RBRACE":
            opened.append(token)
        elif token.type == "RBRACE" and opened:
            opener = opened.pop()
            if (
                _indent(text, token.start)
                == token.start - _line_start(text, token.start)
                < _indent(text, opener.start)
            ):
                return _unclosed(opener)
    return None


def _line_start(text: str, at: int) -> int:
    return text.rfind("\n", 0, at) + 1


def _indent(text: str, at: int) -> int:
    line = text[_line_start(text, at) : at + 1]
    return len(line) - len(line.lstrip())


def _open_string(text: str, tokens: list[Token], problem: SyntaxProblem) -> SyntaxProblem | None:
    """A quoted string over several lines, and on its last line something that fits nowhere: text taken for code.

    When a quote is left over at the end, the first string that runs over a line is the one it belongs to.
    """
    quote_left_over = problem.code is catalogue.UNCLOSED and text[problem.start] == '"'
    for token in tokens:
        if token.type != "STRING" or token.start >= problem.start:
            continue
        break_at = text.find("\n", token.start, token.end)
        if break_at < 0:
            continue
        last_line_end = text.find("\n", token.end)
        if quote_left_over or problem.start < last_line_end or last_line_end < 0:
            message = "this string is never closed"
            return SyntaxProblem(catalogue.UNCLOSED, token.start, break_at, message, 'add a `"`')
    return None


def _untyped_field(text: str, tokens: list[Token], problem: SyntaxProblem) -> SyntaxProblem | None:
    """In a class, a name alone on its line takes the next field's name for its type."""
    if tokens[:1] and tokens[0].type == "CLASS" and problem.code is catalogue.SYNTAX:
        for at in range(3, len(tokens) - 1):
            token = tokens[at]
            if token.start >= problem.start:
                return None
            if token.type == "NAME" and _alone(text, tokens, at) and tokens[at - 1].type not in _BEFORE_TYPE:
                hint = f"write `{token.value} string`, for example"
                message = f"field `{token.value}` has no type"
                return replace(problem, start=token.start, end=token.end, message=message, hint=hint)
    return None


_BEFORE_TYPE = frozenset({"AT", "ATAT", "COLON", "PIPE", "DOT", "LPAR", "LT", "COMMA", "ARROW"})


def _alone(text: str, tokens: list[Token], at: int) -> bool:
    before, token, after = tokens[at - 1], tokens[at], tokens[at + 1]
    return "\n" in text[before.end : token.start] and "\n" in text[token.end : after.start]
