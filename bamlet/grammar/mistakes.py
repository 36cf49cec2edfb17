"""Mistakes that have a better name than "expected x, found y": each look knows one by the tokens around it."""

from __future__ import annotations

from collections.abc import Sequence

from ..diagnostics import catalogue
from .elsewhere import ELSEWHERE
from .problem import MEMBER_OF, SyntaxProblem, found, head
from .tokens import ITEM_KEYWORDS, WORD, Token


def better_named(tokens: Sequence[Token], at: int, expected: frozenset[str]) -> SyntaxProblem | None:
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
    return SyntaxProblem.at(tokens[at], message, f"write `{before.value} (…)`", catalogue.CONDITION_PARENTHESES)


def _no_name(tokens: Sequence[Token], at: int, expected: frozenset[str]) -> SyntaxProblem | None:
    if expected != {"NAME"} and not ({"NAME", "LT"} == expected or {"NAME", "STRING"} == expected):
        return None
    if not 0 < at < len(tokens):
        return None
    if tokens[at - 1].type in ("AT", "ATAT"):
        at_sign = tokens[at - 1]
        return SyntaxProblem.at(
            at_sign, f"`{at_sign.value}` has no name behind it", f"write {at_sign.value}alias, for example"
        )
    if at not in (1, 4) or tokens[0].type not in _HEADS:
        return None
    what = tokens[0].value.replace("_", " ")
    return SyntaxProblem.at(tokens[at], f"expected the name of the {what}, found {found(tokens[at])}")


_HEADS = frozenset(ITEM_KEYWORDS.values())


def _parent(tokens: Sequence[Token], at: int, expected: frozenset[str]) -> SyntaxProblem | None:
    if (
        at != 2
        or at >= len(tokens)
        or tokens[0].type != "CLASS"
        or tokens[at].type not in ("NAME", "COLON", "LPAR")
    ):
        return None
    if tokens[at].value == "implements":
        name = tokens[at + 1].value if at + 1 < len(tokens) else "I"
        hint = f"write `implements {name} {{ … }}` inside of the braces of the class"
        return SyntaxProblem.at(tokens[at], "what a class implements stands inside of its braces", hint)
    hint = "hold a value of the other class in a field, or let both implement an interface"
    return SyntaxProblem.at(tokens[at], "a class has no parents: its body follows its name", hint)


def _no_parameters(tokens: Sequence[Token], at: int, expected: frozenset[str]) -> SyntaxProblem | None:
    if at != 2 or tokens[0].type != "FUNCTION" or at >= len(tokens) or "LPAR" not in expected:
        return None
    name = tokens[1].value
    hint = f"write `function {name}(param: type) -> Type {{ … }}`"
    return SyntaxProblem.at(tokens[at], "a function has its parameters after its name", hint)


def _default_value(tokens: Sequence[Token], at: int, expected: frozenset[str]) -> SyntaxProblem | None:
    if not 0 < at < len(tokens) or tokens[at].type != "EQUAL":
        return None
    if {"COMMA", "RPAR"} <= expected and any(token.type in _BODIES for token in tokens[:at]):
        return SyntaxProblem.at(
            tokens[at], "arguments have no names", "write the values alone, or `Name { field: value }`"
        )
    if expected == {"COMMA", "RPAR"} and tokens[0].type == "FUNCTION":
        return SyntaxProblem.at(tokens[at], "parameters have no default values", "make the type optional with `?`")
    if "ATAT" in expected and head(tokens, at) == "CLASS":
        return SyntaxProblem.at(tokens[at], "fields have no default values", "make the type optional with `?`")
    return None


_BODIES = frozenset({"LBRACE", "LLM_OPEN"})


def _member_end(tokens: Sequence[Token], at: int, expected: frozenset[str]) -> SyntaxProblem | None:
    if not 0 < at < len(tokens) or "ATAT" not in expected:
        return None
    token, member = tokens[at], MEMBER_OF.get(head(tokens, at))
    if token.type == "SEMI" and member is not None:
        return SyntaxProblem.at(token, "a member does not end with `;`", "take it away, or write a comma")
    if token.type == "STRING" and head(tokens, at) == "CLASS":
        return SyntaxProblem.at(
            token, "the name of a field has no quotes", f"write `{token.value}`; @alias renames it for the model"
        )
    return None


def _question_mark(tokens: Sequence[Token], at: int, expected: frozenset[str]) -> SyntaxProblem | None:
    if 0 < at < len(tokens) and expected == {"QUESTION"}:
        hint = "write `if (…) { … } else { … }`, which has a value"
        return SyntaxProblem.at(tokens[at - 1], "there is no operator `?`", hint)
    if not 0 < at < len(tokens) or tokens[at].type != "QUESTION" or not {"LPAR", "STRING", "NAME"} <= expected:
        return None
    return SyntaxProblem.at(tokens[at], "`?` stands behind its type", "write `int?`, for example")


def _comparison(tokens: Sequence[Token], at: int, expected: frozenset[str]) -> SyntaxProblem | None:
    if not 0 < at < len(tokens) or tokens[at].type != "EQUAL":
        return None
    if tokens[at - 1].type in ("EQEQ", "NE"):
        sign = tokens[at - 1]
        return SyntaxProblem.at(sign, f"there is no `{sign.value}=`", f"write `{sign.value}`")
    before = (token.type for token in reversed(tokens[:at]) if token.type in ("IF", "WHILE", "LBRACE", "COMMA"))
    if "RPAR" in expected and "COMMA" not in expected and next(before, "") in ("IF", "WHILE"):
        return SyntaxProblem.at(tokens[at], "`=` assigns, and this is a condition", "compare with `==`")
    return None


def _increment(tokens: Sequence[Token], at: int, expected: frozenset[str]) -> SyntaxProblem | None:
    if not 1 < at <= len(tokens) or tokens[at - 1].type not in ("INCREMENT", "DECREMENT"):
        return None
    sign, name = tokens[at - 1], tokens[at - 2]
    hint = f"write `{name.value} {sign.value[0]}= 1`" if name.type == "NAME" else None
    return SyntaxProblem.at(sign, f"there is no `{sign.value}`", hint)


def _extra_angle(tokens: Sequence[Token], at: int, expected: frozenset[str]) -> SyntaxProblem | None:
    if not 0 < at < len(tokens) or tokens[at].type != "GT" or tokens[at - 1].type not in _ENDS_OF_TYPES:
        return None
    return SyntaxProblem.at(tokens[at], "this `>` closes nothing", "take it away", catalogue.UNCLOSED)


_ENDS_OF_TYPES = ("NAME", "NULL", "GT", "RSQB", "QUESTION")


def _bare_dynamic(tokens: Sequence[Token], at: int, expected: frozenset[str]) -> SyntaxProblem | None:
    if not 0 < at < len(tokens) or tokens[at - 1].type != "DYNAMIC":
        return None
    hint = f"write `dynamic class {tokens[at].value}` or `dynamic enum {tokens[at].value}`"
    return SyntaxProblem.at(
        tokens[at], f"expected `class` or `enum` behind `dynamic`, found {found(tokens[at])}", hint
    )


def _missing_result(tokens: Sequence[Token], at: int, expected: frozenset[str]) -> SyntaxProblem | None:
    if (
        at >= len(tokens)
        or "ARROW" not in expected
        or tokens[at - 1].type != "RPAR"
        or tokens[0].type != "FUNCTION"
    ):
        return None
    hint = "write `-> Type` before the body" if tokens[at].type != "COLON" else "write `->` instead of `:`"
    return SyntaxProblem.at(tokens[at], f"expected `->` and a return type, found {found(tokens[at])}", hint)


def _field_type(tokens: Sequence[Token], at: int, expected: frozenset[str]) -> SyntaxProblem | None:
    in_class = tokens[0].type == "CLASS" and "COLON" in expected and at >= 1
    if not in_class or tokens[at - 1].type != "NAME" or tokens[at - 2].type in ("LPAR", "PIPE"):
        return None
    name = tokens[at - 1]
    return SyntaxProblem.at(name, f"field `{name.value}` has no type", f"write `{name.value} string`, for example")


def _enum_value(tokens: Sequence[Token], at: int, expected: frozenset[str]) -> SyntaxProblem | None:
    if (
        tokens[0].type != "ENUM"
        or at >= len(tokens)
        or at < 3
        or tokens[at].type not in ("COLON", "EQUAL", "PIPE", "STRING", "RAW", "INT")
    ):
        return None
    return SyntaxProblem.at(
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
    return SyntaxProblem.at(
        brace, f"behind `{before.value}` a `{{` begins a block, no map", "write `({ … })` for a map"
    )


def _condition_block(tokens: Sequence[Token], at: int, expected: frozenset[str]) -> SyntaxProblem | None:
    if not 0 < at < len(tokens) or not expected & {"LBRACE", "ARMS_OPEN"}:
        return None
    before = tokens[at - 1]
    if before.type == "RPAR":
        before = tokens[max(0, _opening(tokens, at - 1) - 1)]
    if before.type not in ("IF", "ELSE", "WHILE", "FOR", "MATCH", *_CATCHING):
        return None
    what = "its arms" if before.type in ("MATCH", *_CATCHING) else "a block"
    message = f"`{before.value}` needs {what} in braces, found {found(tokens[at])}"
    hint = f"put braces around it, as in `{_WITH_BRACES[before.type]}`"
    return SyntaxProblem.at(tokens[at], message, hint)


_CATCHING = ("CATCH", "CATCH_ALL", "CATCH_ALL_PANICS")
_WITH_BRACES = {
    "IF": "if (…) { … }",
    "ELSE": "else { … }",
    "WHILE": "while (…) { … }",
    "FOR": "for (…) { … }",
    "MATCH": "match (…) { 1 => …, _ => … }",
    "CATCH": "catch (e) { _ => … }",
    "CATCH_ALL": "catch_all (e) { _ => … }",
    "CATCH_ALL_PANICS": "catch_all_panics (e) { _ => … }",
}


def _opening(tokens: Sequence[Token], at: int) -> int:
    """The place of the parenthesis that the one at this place closes; 0 if there is none."""
    depth = 0
    while at > 0:
        depth += (tokens[at].type == "RPAR") - (tokens[at].type in ("LPAR", "LAMBDA_OPEN", "ATTR_OPEN"))
        if depth == 0:
            return at
        at -= 1
    return 0


def _for_head(tokens: Sequence[Token], at: int, expected: frozenset[str]) -> SyntaxProblem | None:
    if not 2 < at < len(tokens) or not expected & {"IN", "SEMI"}:
        return None
    opening, depth = at - 1, 1
    while opening > 0 and depth:
        depth += (tokens[opening].type == "RPAR") - (tokens[opening].type == "LPAR")
        depth += 10 * (tokens[opening].type in ("LBRACE", "RBRACE"))
        opening -= 1
    if depth or tokens[opening].type != "FOR":
        return None
    if tokens[at].value == "of":
        return SyntaxProblem.at(tokens[at], "a `for` goes over the elements `in` a list", "write `in`")
    hint = "write `for (x in list) { … }`, or `for (let i = 0; i < 9; i += 1) { … }`"
    return SyntaxProblem.at(
        tokens[at], f"a `for` has a list or three parts, and {found(tokens[at])} fits neither", hint
    )


def _arm_arrow(tokens: Sequence[Token], at: int, expected: frozenset[str]) -> SyntaxProblem | None:
    if not 0 < at < len(tokens) or "FAT_ARROW" not in expected or "PIPE" not in expected:
        return None
    return SyntaxProblem.at(
        tokens[at], f"expected `=>` behind the pattern, found {found(tokens[at])}", "write `pattern => value`"
    )


def _nothing_thrown(tokens: Sequence[Token], at: int, expected: frozenset[str]) -> SyntaxProblem | None:
    if not 0 < at < len(tokens) or tokens[at - 1].type != "THROW":
        return None
    return SyntaxProblem.at(tokens[at - 1], "this `throw` has no value", 'write `throw "why"`, or any other value')


def _no_result_type(tokens: Sequence[Token], at: int, expected: frozenset[str]) -> SyntaxProblem | None:
    if not 0 < at < len(tokens) or tokens[at - 1].type != "ARROW" or tokens[at].type not in _BODIES:
        return None
    hint = "write `-> null` if it has no value"
    return SyntaxProblem.at(tokens[at - 1], "behind this `->` the type of the result is missing", hint)


def _one_at_sign(tokens: Sequence[Token], at: int, expected: frozenset[str]) -> SyntaxProblem | None:
    if not 0 < at < len(tokens) - 1 or tokens[at].type != "AT" or "ATAT" not in expected:
        return None
    what = tokens[0].value.replace("_", " ")
    hint = f"write `@@{tokens[at + 1].value}`"
    return SyntaxProblem.at(tokens[at], f"an attribute of the {what} itself begins with `@@`", hint)


def _name_behind_dot(tokens: Sequence[Token], at: int, expected: frozenset[str]) -> SyntaxProblem | None:
    if not 0 < at < len(tokens) or tokens[at - 1].type != "DOT" or "NAME" not in expected:
        return None
    return SyntaxProblem.at(tokens[at - 1], f"expected a name behind `.`, found {found(tokens[at])}")


def _semicolon(tokens: Sequence[Token], at: int, expected: frozenset[str]) -> SyntaxProblem | None:
    if not 0 < at < len(tokens) or tokens[at].type != "SEMI" or "SEMI" in expected or "COMMA" not in expected:
        return None
    return SyntaxProblem.at(tokens[at], "`;` ends a statement, and here is none", "write a comma")


def _hyphen_in_key(tokens: Sequence[Token], at: int, expected: frozenset[str]) -> SyntaxProblem | None:
    """Of a constructor (`-` instead of the colon), or of what was meant as a map (a colon behind the hyphen)."""
    if not 3 < at < len(tokens):
        return None
    if tokens[at].type == "MINUS" and tokens[at - 1].type == "NAME" and {"COLON", "ELLIPSIS"} <= expected:
        name, hint = tokens[at - 1], _CALL_OTHERWISE
    elif tokens[at].type == "COLON" and [token.type for token in tokens[at - 4 : at]] == _HYPHENED:
        name, hint = tokens[at - 3], f'write `"{tokens[at - 3].value}-{tokens[at - 1].value}": …`'
    else:
        return None
    return SyntaxProblem.at(name, "a name has no hyphen in an expression", hint)


_CALL_OTHERWISE = "call the field by a plain name, and let @alias rename it for the model"
_HYPHENED = ["LBRACE", "NAME", "MINUS", "NAME"]


_VALUE = frozenset(("STRING", "RAW", "INT", "FLOAT", "TRUE", "FALSE", "NULL", "EQUAL"))


def _no_colon(tokens: Sequence[Token], at: int, expected: frozenset[str]) -> SyntaxProblem | None:
    """Behind the name of a field, which stands there alone only if a variable is called so."""
    if not 0 < at < len(tokens) or tokens[at].type not in _VALUE or not {"COLON", "ELLIPSIS"} <= expected:
        return None
    hint = f"write `{tokens[at - 1].value}: …`"
    return SyntaxProblem.at(tokens[at], "between the name of a field and its value stands `:`", hint)


def _quoted_field(tokens: Sequence[Token], at: int, expected: frozenset[str]) -> SyntaxProblem | None:
    if not 0 < at < len(tokens) or tokens[at].type != "STRING" or not {"ELLIPSIS", "NAME"} <= expected:
        return None
    hint = f"write `{tokens[at].value}: …`" if WORD.fullmatch(tokens[at].value) else _CALL_OTHERWISE
    return SyntaxProblem.at(tokens[at], "the name of a field has no quotes", hint)


def _computed_key(tokens: Sequence[Token], at: int, expected: frozenset[str]) -> SyntaxProblem | None:
    if not 4 < at < len(tokens) or tokens[at].type != "COLON" or tokens[at - 1].type != "RSQB":
        return None
    opening = max((place for place in range(at) if tokens[place].type == "LSQB"), default=0)
    if tokens[opening - 1].type not in ("LBRACE", "MAP_OPEN", "COMMA"):
        return None
    hint = "begin with a map, and write `m[key] = value`"
    return SyntaxProblem.at(tokens[opening], "a key in braces is a name or a string, not computed", hint)


def _missing_arrow(tokens: Sequence[Token], at: int, expected: frozenset[str]) -> SyntaxProblem | None:
    """`map((x) { … })`: a parenthesis, where a value begins, and a brace behind it."""
    if not 1 < at < len(tokens) or tokens[at].type not in _BRACES or tokens[at - 1].type != "RPAR":
        return None
    opening = _opening(tokens, at - 1)
    if not opening or tokens[opening].type != "LPAR" or tokens[opening - 1].type not in _BEFORE_VALUE:
        return None
    return SyntaxProblem.at(tokens[at], "a lambda has an arrow before its brace", "write `(x) -> { … }`")


_BRACES = frozenset({"LBRACE", "CTOR_OPEN", "MAP_OPEN"})
_BEFORE_VALUE = frozenset({"LPAR", "COMMA", "EQUAL", "RETURN"})


def _typed_lambda(tokens: Sequence[Token], at: int, expected: frozenset[str]) -> SyntaxProblem | None:
    """`let f = (x: int) { … }`: the parenthesis was taken for one around a value."""
    if not 2 < at < len(tokens) or tokens[at].type != "COLON" or tokens[at - 2].type not in ("LPAR", "COMMA"):
        return None
    depth = 1
    for closer, token in enumerate(tokens[at:-1], at):
        depth += (token.type == "LPAR") - (token.type == "RPAR")
        if depth == 0:
            brace = tokens[closer + 1]
            if brace.type not in _BRACES or tokens[at - 2].type != "LPAR":
                return None
            return SyntaxProblem.at(brace, "a lambda has an arrow before its brace", "write `(x: int) -> { … }`")
    return None


def _colon_in_call(tokens: Sequence[Token], at: int, expected: frozenset[str]) -> SyntaxProblem | None:
    if not 1 < at < len(tokens) or tokens[at].type != "COLON" or "COMMA" not in expected:
        return None
    if tokens[at - 1].type != "NAME" or tokens[at - 2].type not in ("LPAR", "COMMA") or "EQUAL" not in expected:
        return None
    name = tokens[at - 1].value
    return SyntaxProblem.at(tokens[at], "an argument is named with `=`, not with `:`", f"write `{name} = …`")


def _let_in_parentheses(tokens: Sequence[Token], at: int, expected: frozenset[str]) -> SyntaxProblem | None:
    if not 1 < at < len(tokens) or tokens[at].type != "LET" or tokens[at - 1].type != "LPAR":
        return None
    word = tokens[at - 2]
    if word.type not in ("IF", "WHILE"):
        return None
    hint = f"write `{word.value} let x: T = … {{ … }}`"
    return SyntaxProblem.at(tokens[at], f"`{word.value} let` has no parentheses", hint)


def _bang_behind(tokens: Sequence[Token], at: int, expected: frozenset[str]) -> SyntaxProblem | None:
    if 1 < at < len(tokens) and tokens[at - 1].type == "BANG" and tokens[at - 2].end == tokens[at - 1].start:
        at -= 1  # it was taken for the beginning of the next statement
        return SyntaxProblem.at(tokens[at], "there is no `!` behind a value", _INSTEAD_OF_BANG)
    if not 0 < at < len(tokens) or tokens[at].type != "BANG" or "PLUS" not in expected:
        return None
    return SyntaxProblem.at(tokens[at], "there is no `!` behind a value", _INSTEAD_OF_BANG)


_INSTEAD_OF_BANG = "write `?? …`, or `if let x: T = …`"


_LOOKS = (
    *ELSEWHERE,
    _let_in_parentheses,
    _missing_arrow,
    _typed_lambda,
    _colon_in_call,
    _bang_behind,
    _map_as_block,
    _member_end,
    _question_mark,
    _comparison,
    _increment,
    _hyphen_in_key,
    _no_colon,
    _quoted_field,
    _computed_key,
    _semicolon,
    _for_head,
    _condition_block,
    _arm_arrow,
    _nothing_thrown,
    _no_result_type,
    _one_at_sign,
    _name_behind_dot,
    _condition,
    _no_name,
    _parent,
    _no_parameters,
    _default_value,
    _missing_result,
    _extra_angle,
    _bare_dynamic,
    _field_type,
    _enum_value,
)
