"""What to tell a person about a token that does not fit: from the tokens around it and what would have fitted."""

from __future__ import annotations

from collections.abc import Sequence

from ..diagnostics import catalogue, did_you_mean
from .mistakes import better_named
from .problem import MEMBER_OF, SHOWN, SyntaxProblem, found, head
from .tokens import HYPHEN_WORD, ITEM_KEYWORDS, TRIVIA, Token

# A set of tokens that always come together, and the one phrase for them; the first that fits is used.
_PHRASES: tuple[tuple[frozenset[str], str], ...] = (
    (frozenset({"INT", "LPAR", "MATCH", "NAME", "STRING"}), "an expression"),
    (frozenset({"INT", "LPAR", "NAME", "STRING", "FLOAT", "MINUS"}), "a type"),
    (frozenset({"STRING", "RAW", "UNQUOTED", "CONFIG_OPEN", "CALL_OPEN"}), "a value"),
    (frozenset({"LLM_OPEN", "LBRACE"}), "a function body"),
    (frozenset({"EQUAL", "RAW", "STRING"}), "the text of the template"),
)


_UNTOLD = {"dynamic", "implements", "string_template", "testset"}
_ITEM_HINT = f"an item begins with {', '.join(sorted(set(ITEM_KEYWORDS) - _UNTOLD))}"


# What other languages, and other places of this one, begin with.
_ELSEWHERE = {
    "dynamic": "`dynamic` stands in the type_builder of a test only",
    **dict.fromkeys(
        ("import", "from", "use", "export", "package"),
        "all files of a project see each other; from another namespace it is `root.a.name`",
    ),
    **dict.fromkeys(("def", "fn", "func", "async"), "write `function`; whether it waits is worked out for you"),
    **dict.fromkeys(("struct", "record", "model", "object"), "write `class`"),
    **dict.fromkeys(("const", "var"), "write `let`"),
    **dict.fromkeys(
        ("prompt", "template"), "a prompt stands in a function; pieces of one are a `template_string`"
    ),
}


def unknown_item(text: str) -> SyntaxProblem | None:
    """The problem of a text whose first word is no keyword: what stands inside could not be told."""
    blank = TRIVIA.match(text)
    start = blank.end() if blank else 0
    word = HYPHEN_WORD.match(text, start)
    if word is None:
        shown = text[start : start + 1]
        if shown in "})]":
            return SyntaxProblem(
                catalogue.UNCLOSED, start, start + 1, f"this `{shown}` closes nothing", "take it away"
            )
        hint = "a comment begins with //" if shown == "#" else _ITEM_HINT
        return SyntaxProblem(catalogue.SYNTAX, start, start + 1, f"an item cannot begin with `{shown}`", hint)
    if word[0] in ITEM_KEYWORDS and word[0] != "dynamic":
        return None
    message = f"`{word[0]}` is no keyword that begins an item"
    hint = _ELSEWHERE.get(word[0]) or did_you_mean(word[0], ITEM_KEYWORDS) or _ITEM_HINT
    return SyntaxProblem(catalogue.SYNTAX, start, word.end(), message, hint)


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
