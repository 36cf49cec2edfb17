"""What people write out of the habit of other languages, where it does not fit the grammar: what to write here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ..diagnostics import catalogue
from .problem import SyntaxProblem, head
from .tokens import WORD, Token

# Types with arguments, by what other languages call them in small letters.
TYPES_WITH_ARGUMENTS: Mapping[str, str] = {
    **dict.fromkeys(("list", "array", "set", "sequence"), "a list is written `T[]`"),
    **dict.fromkeys(("map", "dict", "record", "hashmap"), "write `map<string, T>`"),
    **dict.fromkeys(("optional", "option", "maybe", "nullable"), "an optional type is written `T?`"),
    **dict.fromkeys(("union", "literal", "enum"), 'a union is written `A | B`, and `"a"` is a type too'),
}


def type_in_brackets(tokens: Sequence[Token], at: int, expected: frozenset[str]) -> SyntaxProblem | None:
    """`Optional[int]`, `Literal["a"]`: behind this bracket there would be nothing but its other half."""
    if not 1 < at < len(tokens) or expected != {"RSQB"} or tokens[at - 1].type != "LSQB":
        return None
    name = tokens[at - 2]
    if name.type != "NAME":
        return None
    items, known = _listed(tokens, at), TYPES_WITH_ARGUMENTS.get(name.value.lower())
    if not items and known is None:
        return None  # rather a bracket that is never closed
    hint = known or "only `map<K, V>` takes types"
    if len(items) == 1:
        hint = hint.replace("`T", f"`{items[0]}")
    if items and "`A | B`" in hint:
        hint = f"write `{' | '.join(items)}`"
    return SyntaxProblem.at(name, f"`{name.value}` takes no types in square brackets", hint)


def _listed(tokens: Sequence[Token], at: int) -> list[str]:
    """The names and literals up to the closing bracket; nothing if anything else stands there."""
    end = next((place for place in range(at, len(tokens)) if tokens[place].type == "RSQB"), at)
    items = [token for token in tokens[at:end] if token.type != "COMMA"]
    if not all(token.type in ("NAME", "STRING", "INT") for token in items):
        return []
    return [f'"{token.value}"' if token.type == "STRING" else token.value for token in items]


def list_before_item(tokens: Sequence[Token], at: int, expected: frozenset[str]) -> SyntaxProblem | None:
    """`n [int]` and `n: []int`: a bracket where a type begins."""
    if not 0 < at < len(tokens) or tokens[at].type != "LSQB" or not {"LPAR", "STRING", "NAME"} <= expected:
        return None
    if tokens[at - 1].type not in _BEFORE_TYPE and head(tokens, at) != "CLASS":
        return None
    item = next((token.value for token in tokens[at + 1 : at + 3] if token.type == "NAME"), "T")
    return SyntaxProblem.at(tokens[at], "the brackets of a list stand behind its type", f"write `{item}[]`")


_BEFORE_TYPE = frozenset({"COLON", "ARROW", "PIPE", "EQUAL", "THROWS"})


def quoted_enum_value(tokens: Sequence[Token], at: int, expected: frozenset[str]) -> SyntaxProblem | None:
    """`"red"`, where nothing before it could have it as a value of its own."""
    if not 2 < at + 1 <= len(tokens) or head(tokens, at) != "ENUM" or tokens[at].type != "STRING":
        return None
    if tokens[at - 1].type not in ("LBRACE", "COMMA", "STRING", "RPAR"):
        return None
    text = tokens[at].value
    hint = f"write `{text}`; @alias renames it for the model"
    if not WORD.fullmatch(text):
        hint = f'give it a plain name, and `@alias("{text}")` for the model'
    return SyntaxProblem.at(tokens[at], "the name of an enum value has no quotes", hint)


def bare_for(tokens: Sequence[Token], at: int, expected: frozenset[str]) -> SyntaxProblem | None:
    """`for x in xs { … }`"""
    if not 0 < at < len(tokens) or tokens[at - 1].type != "FOR" or expected != {"LPAR", "LET"}:
        return None
    name = tokens[at].value if tokens[at].type == "NAME" else "x"
    message = "the header of `for` must be in parentheses, or begin with `let`"
    hint = f"write `for ({name} in …) {{ … }}`, or `for let {name} in … {{ … }}`"
    if tokens[at].type == "SEMI":
        hint = "write `for (…; …; …) { … }`"
    return SyntaxProblem.at(tokens[at], message, hint, catalogue.CONDITION_PARENTHESES)


def lambda_of_elsewhere(tokens: Sequence[Token], at: int, expected: frozenset[str]) -> SyntaxProblem | None:
    """`x -> x + 1`, `async (x) -> { … }`, `<T>(x: T) -> { … }`"""
    if not 0 < at < len(tokens):
        return None
    token, before = tokens[at], tokens[at - 1]
    if token.type == "ARROW" and before.type == "NAME" and tokens[at - 2].type in _BEFORE_VALUE:
        name = before.value
        return SyntaxProblem.at(
            token, "a lambda has its parameters in parentheses", f"write `({name}) -> {{ … }}`"
        )
    if token.type in ("LAMBDA_OPEN", "LAMBDA_NAME") and before.value == "async":
        hint = "take it away: whether a lambda waits is worked out for you"
        return SyntaxProblem.at(before, "`async` is no keyword here", hint)
    if token.type in ("LT", "GENERIC_OPEN") and before.type in _BEFORE_VALUE and "LPAR" in expected:
        hint = "declare a function, which may have some"
        return SyntaxProblem.at(token, "a lambda has no type parameters", hint)
    return None


_BEFORE_VALUE = frozenset({"LPAR", "COMMA", "EQUAL", "RETURN", "CALL_OPEN"})


def block_without_braces(tokens: Sequence[Token], at: int, expected: frozenset[str]) -> SyntaxProblem | None:
    """`(spawn f())`: where no statement can begin, the word was taken for a name."""
    if not 0 < at < len(tokens) or tokens[at].type != "NAME" or tokens[at - 1].value not in ("spawn", "defer"):
        return None
    word, called = tokens[at - 1], tokens[at].value
    message = f"behind `{word.value}` stands a block"
    return SyntaxProblem.at(word, message, f"write `{word.value} {{ {called}(…) }}`")


def comprehension(tokens: Sequence[Token], at: int, expected: frozenset[str]) -> SyntaxProblem | None:
    """`[x * 2 for x in xs]`"""
    if not 0 < at < len(tokens) or tokens[at].type != "FOR" or "RSQB" not in expected:
        return None
    name = next((token.value for token in tokens[at + 1 : at + 2] if token.type == "NAME"), "x")
    hint = f"write `list.map(({name}) => {{ … }})`, and `filter` for its `if`"
    return SyntaxProblem.at(tokens[at], "a list has no loop inside of it", hint)


def membership(tokens: Sequence[Token], at: int, expected: frozenset[str]) -> SyntaxProblem | None:
    """`x in xs`, where a whole value stands before it."""
    if not 0 < at < len(tokens) or tokens[at].type != "IN" or not expected & {"SEMI", "RPAR"}:
        return None
    hint = "write `list.includes(value)`, of a map `map.has(key)`"
    return SyntaxProblem.at(tokens[at], "there is no operator `in`", hint)


def power(tokens: Sequence[Token], at: int, expected: frozenset[str]) -> SyntaxProblem | None:
    """`x ** 2`"""
    if not 0 < at < len(tokens) or tokens[at].type != "STAR" or tokens[at - 1].type != "STAR":
        return None
    return SyntaxProblem.at(tokens[at - 1], "there is no `**`", "multiply with `*`")


def step_of_a_loop(tokens: Sequence[Token], at: int, expected: frozenset[str]) -> SyntaxProblem | None:
    """`for (let i = 0; i < n; i++)`"""
    if not 0 < at < len(tokens) or tokens[at].type not in ("INCREMENT", "DECREMENT") or "EQUAL" not in expected:
        return None
    sign = tokens[at]
    return SyntaxProblem.at(
        sign, f"there is no `{sign.value}`", f"write `{tokens[at - 1].value} {sign.value[0]}= 1`"
    )


def mutable(tokens: Sequence[Token], at: int, expected: frozenset[str]) -> SyntaxProblem | None:
    """`let mut x = 1`"""
    if not 1 < at < len(tokens) or tokens[at].type != "NAME" or tokens[at - 2].type != "LET":
        return None
    word = tokens[at - 1]
    if word.value not in ("mut", "const", "var"):
        return None
    return SyntaxProblem.at(
        word, f"`{word.value}` is no keyword here", "take it away: `let` can be assigned again"
    )


ELSEWHERE = (
    type_in_brackets,
    list_before_item,
    quoted_enum_value,
    bare_for,
    lambda_of_elsewhere,
    block_without_braces,
    comprehension,
    membership,
    power,
    step_of_a_loop,
    mutable,
)
