"""What to tell a person about a token that does not fit: from the tokens around it and what would have fitted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ..diagnostics import Code, catalogue, did_you_mean
from .tokens import EXPR_KEYWORDS, HYPHEN_WORD, ITEM_KEYWORDS, PUNCTUATION, TRIVIA, LexError, Token


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


_SHOWN = {
    **{type: f"`{text}`" for text, type in PUNCTUATION.items() if type != "ASSIGN_OP"},
    **{type: f"`{word}`" for word, type in (EXPR_KEYWORDS | ITEM_KEYWORDS).items()},
    "NAME": "a name",
    "KEY": "a key",
    "STRING": "a string",
    "RAW": "a raw string",
    "INT": "a number",
    "UNQUOTED": "a value",
    "JINJA": "a Jinja expression",
    "CTOR_OPEN": "`{`",
    "MAP_OPEN": "`{`",
    "LLM_OPEN": "`{`",
    "CONFIG_OPEN": "`{`",
    "ATTR_OPEN": "`(`",
    "LAMBDA_OPEN": "`(`",
    "LAMBDA_NAME": "a name",
    "ASSIGN_OP": "an assignment",
    "THROWS": "`throws`",
    "TYPE_BUILDER": "`type_builder`",
}

# What comes next in the body of an item, by its keyword.
_MEMBER_OF = {"CLASS": "another field", "ENUM": "another value"}

# A set of tokens that always come together, and the one phrase for them; the first that fits is used.
_PHRASES: tuple[tuple[frozenset[str], str], ...] = (
    (frozenset({"INT", "LPAR", "MATCH", "NAME", "STRING"}), "an expression"),
    (frozenset({"INT", "LPAR", "NAME", "STRING", "FLOAT", "MINUS"}), "a type"),
    (frozenset({"STRING", "RAW", "UNQUOTED", "CONFIG_OPEN"}), "a value"),
    (frozenset({"LLM_OPEN", "LBRACE"}), "a function body"),
    (frozenset({"EQUAL", "RAW", "STRING"}), "the text of the template"),
)


_ITEM_HINT = f"an item begins with {', '.join(sorted(set(ITEM_KEYWORDS) - {'dynamic', 'string_template'}))}"


# What other languages, and other places of this one, begin with.
_ELSEWHERE = {
    "dynamic": "`dynamic` stands in the type_builder of a test only",
    **dict.fromkeys(("import", "from", "use", "export", "package"), "all files of a project see each other"),
    **dict.fromkeys(("def", "fn", "func", "async"), "write `function`; whether it waits is worked out for you"),
    **dict.fromkeys(("struct", "interface", "record", "model", "object"), "write `class`"),
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
    if problem := _in_context(tokens, len(tokens), expected):
        return problem
    last = tokens[-1]
    return SyntaxProblem(
        catalogue.UNEXPECTED_END, last.start, last.end, f"the item ends here, expected {_expected(expected)}"
    )


def explain_token(tokens: Sequence[Token], at: int, expected: frozenset[str]) -> SyntaxProblem:
    if problem := _in_context(tokens, at, expected):
        return problem
    token = tokens[at]
    if {"ATAT", "RBRACE"} <= expected:
        member = _MEMBER_OF.get(_head(tokens, at), "another key")
        return _problem(token, f"expected {member} or `}}`, found {_found(token)}")
    return _problem(token, f"expected {_expected(expected)}, found {_found(token)}")


def _head(tokens: Sequence[Token], at: int) -> str:
    """The type of the keyword whose body holds the token: an item's, or that of one in a type builder."""
    heads = [token.type for token in tokens[:at] if token.type in ("CLASS", "ENUM")]
    return heads[-1] if heads else tokens[0].type


def _problem(token: Token, message: str, hint: str | None = None, code: Code = catalogue.SYNTAX) -> SyntaxProblem:
    return SyntaxProblem(code, token.start, max(token.end, token.start + 1), message, hint)


def _found(token: Token) -> str:
    if token.type in ("STRING", "RAW"):
        return _SHOWN[token.type]
    shown = token.value if len(token.value) <= 30 else token.value[:27] + "…"
    return f"`{shown}`"


def _expected(expected: frozenset[str]) -> str:
    rest = set(expected)
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
    words += sorted({_SHOWN.get(token, token.lower()) for token in rest})
    return " or ".join(filter(None, [", ".join(words[:-1]), words[-1]])) if words else "something else"


# --- mistakes that have a better name than "expected x, found y"


def _in_context(tokens: Sequence[Token], at: int, expected: frozenset[str]) -> SyntaxProblem | None:
    """`at` is the place of the token that does not fit; behind the last one at the end of the text."""
    for look in _LOOKS:
        if problem := look(tokens, at, expected):
            return problem
    return None


def _condition(tokens: Sequence[Token], at: int, expected: frozenset[str]) -> SyntaxProblem | None:
    if at == 0 or at >= len(tokens) or expected != {"LPAR"}:
        return None
    before = tokens[at - 1]
    if before.type not in ("IF", "WHILE", "MATCH", "FOR"):
        return None
    what = {"IF": "condition", "WHILE": "condition", "MATCH": "value", "FOR": "header"}[before.type]
    message = f"the {what} of `{before.value}` must be in parentheses"
    return _problem(tokens[at], message, f"write `{before.value} (…)`", catalogue.CONDITION_PARENTHESES)


def _no_name(tokens: Sequence[Token], at: int, expected: frozenset[str]) -> SyntaxProblem | None:
    if expected != {"NAME"} and not ({"NAME", "LT"} == expected or {"NAME", "STRING"} == expected):
        return None
    if not 0 < at < len(tokens):
        return None
    if tokens[at - 1].type in ("AT", "ATAT"):
        at_sign = tokens[at - 1]
        return _problem(
            at_sign, f"`{at_sign.value}` has no name behind it", f"write {at_sign.value}alias, for example"
        )
    if at not in (1, 4) or tokens[0].type not in _HEADS:
        return None
    what = tokens[0].value.replace("_", " ")
    return _problem(tokens[at], f"expected the name of the {what}, found {_found(tokens[at])}")


_HEADS = frozenset(ITEM_KEYWORDS.values())


def _no_parameters(tokens: Sequence[Token], at: int, expected: frozenset[str]) -> SyntaxProblem | None:
    if at != 2 or tokens[0].type != "FUNCTION" or at >= len(tokens) or "LPAR" not in expected:
        return None
    name = tokens[1].value
    hint = f"write `function {name}(param: type) -> Type {{ … }}`"
    return _problem(tokens[at], "a function has its parameters after its name", hint)


def _generic_function(tokens: Sequence[Token], at: int, expected: frozenset[str]) -> SyntaxProblem | None:
    if at != 2 or at >= len(tokens) or tokens[0].type != "FUNCTION" or tokens[at].type != "LT":
        return None
    return _problem(tokens[at], "functions have no type parameters", "write the types out, or use `unknown`")


def _default_value(tokens: Sequence[Token], at: int, expected: frozenset[str]) -> SyntaxProblem | None:
    if not 0 < at < len(tokens) or tokens[at].type != "EQUAL":
        return None
    if {"COMMA", "RPAR"} <= expected and any(token.type in _BODIES for token in tokens[:at]):
        return _problem(
            tokens[at], "arguments have no names", "write the values alone, or `Name { field: value }`"
        )
    if expected == {"COMMA", "RPAR"} and tokens[0].type == "FUNCTION":
        return _problem(tokens[at], "parameters have no default values", "make the type optional with `?`")
    if "ATAT" in expected and _head(tokens, at) == "CLASS":
        return _problem(tokens[at], "fields have no default values", "make the type optional with `?`")
    return None


_BODIES = frozenset({"LBRACE", "LLM_OPEN"})


def _member_end(tokens: Sequence[Token], at: int, expected: frozenset[str]) -> SyntaxProblem | None:
    if not 0 < at < len(tokens) or "ATAT" not in expected:
        return None
    token, member = tokens[at], _MEMBER_OF.get(_head(tokens, at))
    if token.type == "SEMI" and member is not None:
        return _problem(token, "a member does not end with `;`", "take it away, or write a comma")
    if token.type == "STRING" and _head(tokens, at) == "CLASS":
        return _problem(
            token, "the name of a field has no quotes", f"write `{token.value}`; @alias renames it for the model"
        )
    return None


def _question_first(tokens: Sequence[Token], at: int, expected: frozenset[str]) -> SyntaxProblem | None:
    if not 0 < at < len(tokens) or tokens[at].type != "QUESTION" or not {"LPAR", "STRING", "NAME"} <= expected:
        return None
    return _problem(tokens[at], "`?` stands behind its type", "write `int?`, for example")


def _increment(tokens: Sequence[Token], at: int, expected: frozenset[str]) -> SyntaxProblem | None:
    if not 1 < at <= len(tokens) or tokens[at - 1].type not in ("INCREMENT", "DECREMENT"):
        return None
    sign, name = tokens[at - 1], tokens[at - 2]
    hint = f"write `{name.value} {sign.value[0]}= 1`" if name.type == "NAME" else None
    return _problem(sign, f"there is no `{sign.value}`", hint)


def _extra_angle(tokens: Sequence[Token], at: int, expected: frozenset[str]) -> SyntaxProblem | None:
    if not 0 < at < len(tokens) or tokens[at].type != "GT" or tokens[at - 1].type not in _ENDS_OF_TYPES:
        return None
    return _problem(tokens[at], "this `>` closes nothing", "take it away", catalogue.UNCLOSED)


_ENDS_OF_TYPES = ("NAME", "NULL", "GT", "RSQB", "QUESTION")


def _bare_dynamic(tokens: Sequence[Token], at: int, expected: frozenset[str]) -> SyntaxProblem | None:
    if not 0 < at < len(tokens) or tokens[at - 1].type != "DYNAMIC":
        return None
    hint = f"write `dynamic class {tokens[at].value}` or `dynamic enum {tokens[at].value}`"
    return _problem(tokens[at], f"expected `class` or `enum` behind `dynamic`, found {_found(tokens[at])}", hint)


def _missing_result(tokens: Sequence[Token], at: int, expected: frozenset[str]) -> SyntaxProblem | None:
    if (
        at >= len(tokens)
        or "ARROW" not in expected
        or tokens[at - 1].type != "RPAR"
        or tokens[0].type != "FUNCTION"
    ):
        return None
    hint = "write `-> Type` before the body" if tokens[at].type != "COLON" else "write `->` instead of `:`"
    return _problem(tokens[at], f"expected `->` and a return type, found {_found(tokens[at])}", hint)


def _field_type(tokens: Sequence[Token], at: int, expected: frozenset[str]) -> SyntaxProblem | None:
    in_class = tokens[0].type == "CLASS" and "COLON" in expected and at >= 1
    if not in_class or tokens[at - 1].type != "NAME":
        return None
    name = tokens[at - 1]
    return _problem(name, f"field `{name.value}` has no type", f"write `{name.value} string`, for example")


def _enum_value(tokens: Sequence[Token], at: int, expected: frozenset[str]) -> SyntaxProblem | None:
    if (
        tokens[0].type != "ENUM"
        or at >= len(tokens)
        or at < 3
        or tokens[at].type not in ("COLON", "EQUAL", "PIPE", "STRING", "RAW", "INT")
    ):
        return None
    return _problem(
        tokens[at],
        "an enum value has no type or value of its own",
        'rename it for the model with @alias("…")',
    )


def _map_as_block(tokens: Sequence[Token], at: int, expected: frozenset[str]) -> SyntaxProblem | None:
    if not 3 <= at < len(tokens) or tokens[at].type != "COLON" or tokens[at - 1].type not in ("STRING", "NAME"):
        return None
    brace, before = tokens[at - 2], tokens[at - 3]
    if brace.type != "LBRACE" or before.type not in ("FAT_ARROW", "ELSE", "RPAR"):
        return None
    return _problem(brace, f"behind `{before.value}` a `{{` begins a block, no map", "write `({ … })` for a map")


_LOOKS = (
    _map_as_block,
    _member_end,
    _question_first,
    _increment,
    _condition,
    _no_name,
    _generic_function,
    _no_parameters,
    _default_value,
    _missing_result,
    _extra_angle,
    _bare_dynamic,
    _field_type,
    _enum_value,
)
