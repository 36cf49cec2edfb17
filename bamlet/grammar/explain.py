"""What to tell a person about a token that does not fit: from the tokens around it and what would have fitted."""

from __future__ import annotations

from collections.abc import Sequence

from ..diagnostics import catalogue
from .mistakes import better_named
from .problem import MEMBER_OF, SHOWN, SyntaxProblem, found, head
from .tokens import Token

# A set of tokens that always come together, and the one phrase for them; the first that fits is used.
_PHRASES: tuple[tuple[frozenset[str], str], ...] = (
    (frozenset({"INT", "LPAR", "MATCH", "NAME", "STRING"}), "an expression"),
    (frozenset({"INT", "LPAR", "NAME", "STRING", "FLOAT", "MINUS"}), "a type"),
    (frozenset({"STRING", "RAW", "UNQUOTED", "CONFIG_OPEN", "CALL_OPEN"}), "a value"),
    (frozenset({"LLM_OPEN", "LBRACE"}), "a function body"),
    (frozenset({"EQUAL", "RAW", "STRING"}), "the text of the template"),
)


def explain_end(tokens: Sequence[Token], expected: frozenset[str]) -> SyntaxProblem:
    if not tokens:
        return SyntaxProblem(catalogue.SYNTAX, 0, 1, "nothing can be read here")
    if problem := better_named(tokens, len(tokens), expected):
        return problem
    last = tokens[-1]
    return SyntaxProblem(
        catalogue.UNEXPECTED_END, last.start, last.end, f"the item ends here, expected {_expected(expected)}"
    )


def explain_token(tokens: Sequence[Token], at: int, expected: frozenset[str]) -> SyntaxProblem:
    if problem := better_named(tokens, at, expected):
        return problem
    token = tokens[at]
    if {"ATAT", "RBRACE"} <= expected:
        member = MEMBER_OF.get(head(tokens, at), "another key")
        return SyntaxProblem.at(token, f"expected {member} or `}}`, found {found(token)}")
    return SyntaxProblem.at(token, f"expected {_expected(expected)}, found {found(token)}")


def _expected(expected: frozenset[str]) -> str:
    rest = set(expected) - {"BT_OPEN"}  # a template may stand where a string may
    if "LBRACE" in rest:
        rest -= {"LT", "REQUIRES"}  # what a head may have besides is not what it lacks
    words: list[str] = []
    for tokens, phrase in _PHRASES:
        if tokens <= rest:
            words.append(phrase)
            rest -= tokens
            break
    if words and words[0] in ("an expression", "a type"):
        rest &= {"RPAR", "RBRACE", "RSQB", "COMMA", "SEMI"}
    if len(rest) > 5:  # after a whole expression nearly everything may follow; brackets and commas say most
        rest &= {"RPAR", "RBRACE", "RSQB", "COMMA", "SEMI", "LBRACE", "NAME", "KEY"}
    words += sorted({SHOWN.get(token, token.lower()) for token in rest})
    return " or ".join(filter(None, [", ".join(words[:-1]), words[-1]])) if words else "something else"
