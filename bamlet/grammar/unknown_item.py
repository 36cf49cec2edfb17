"""A text that begins no item in, and what to tell a person about its first word out."""

from __future__ import annotations

from ..diagnostics import catalogue, did_you_mean
from .problem import SyntaxProblem
from .tokens import HYPHEN_WORD, ITEM_KEYWORDS, TRIVIA

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
