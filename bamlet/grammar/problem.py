"""A syntax problem before it has a place in a file, and the words in which tokens are spoken of."""

from __future__ import annotations

from collections.abc import Sequence

from ..diagnostics import Code, catalogue
from ..records import dataclass
from .tokens import EXPR_KEYWORDS, ITEM_KEYWORDS, PUNCTUATION, WORDS_OF_PLACE, LexError, Token


@dataclass(frozen=True, slots=True)
class SyntaxProblem:
    """A diagnostic before it has a place in a file: offsets are those of the item's text."""

    code: Code
    start: int
    end: int
    message: str
    hint: str | None = None

    @classmethod
    def of(cls, error: LexError) -> SyntaxProblem:
        return cls(error.code, error.start, error.end, error.message, error.hint)

    @classmethod
    def at(
        cls, token: Token, message: str, hint: str | None = None, code: Code = catalogue.SYNTAX
    ) -> SyntaxProblem:
        return cls(code, token.start, max(token.end, token.start + 1), message, hint)


SHOWN = {
    **{type: f"`{text}`" for text, type in PUNCTUATION.items() if type != "ASSIGN_OP"},
    **{type: f"`{word}`" for word, type in (EXPR_KEYWORDS | ITEM_KEYWORDS).items()},
    "NAME": "a name",
    "KEY": "a key",
    "STRING": "a string",
    "RAW": "a raw string",
    "INT": "a number",
    "UNQUOTED": "a value",
    "JINJA": "a Jinja expression",
    "ARMS_OPEN": "`{`",
    "HOLE_OPEN": "`${`",
    "HOLE_CLOSE": "`}`",
    "BT_OPEN": "a template",
    "BT_TEXT": "text",
    "BT_CLOSE": "the closing back-tick",
    **{word.upper(): f"`{word}`" for word in WORDS_OF_PLACE},
    "CTOR_OPEN": "`{`",
    "MAP_OPEN": "`{`",
    "LLM_OPEN": "`{`",
    "CONFIG_OPEN": "`{`",
    "ATTR_OPEN": "`(`",
    "CALL_OPEN": "a call",
    "LAMBDA_OPEN": "`(`",
    "LAMBDA_NAME": "a name",
    "ASSIGN_OP": "an assignment",
    "THROWS": "`throws`",
    "EXTENDS": "`extends`",
    "REQUIRES": "`requires`",
    "FOR_TYPE": "`for`",
    "AS": "`as`",
    "DOT_AS": "`.`",
    "GENERIC_OPEN": "`<`",
    "CTOR_GENERIC": "`<`",
    "TYPE_BUILDER": "`type_builder`",
}

# What comes next in the body of an item, by its keyword.
MEMBER_OF = {
    "CLASS": "another field",
    "ENUM": "another value",
    "INTERFACE": "another method",
    "IMPLEMENTS": "another method",
}


def head(tokens: Sequence[Token], at: int) -> str:
    """The type of the keyword whose body holds the token: an item's, or that of one in a type builder."""
    heads = [token.type for token in tokens[:at] if token.type in ("CLASS", "ENUM")]
    return heads[-1] if heads else tokens[0].type


def found(token: Token) -> str:
    if token.type in ("STRING", "RAW"):
        return SHOWN[token.type]
    shown = token.value if len(token.value) <= 30 else token.value[:27] + "…"
    return f"`{shown}`"
