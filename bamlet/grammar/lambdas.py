"""Tokens of code to the same tokens with lambdas marked: what begins one, only what follows tells.

`(x: int) -> int {` and `x =>` begin like a group, a call or an arm of a match. One token of look-ahead is not
enough, so the brackets of a body are paired first. A parenthesis becomes `LAMBDA_OPEN`, a name `LAMBDA_NAME`.
"""

from __future__ import annotations

from ..records import dataclass
from .tokens import Token

_OPENING = frozenset({"LPAR", "LSQB", "LBRACE", "ARMS_OPEN", "CTOR_OPEN", "MAP_OPEN", "HOLE_OPEN"})
_CLOSING = frozenset({"RPAR", "RSQB", "RBRACE", "HOLE_CLOSE"})
_BRACES = frozenset({"LBRACE", "CTOR_OPEN", "MAP_OPEN"})

_VALUES = frozenset({"NAME", "INT", "FLOAT", "STRING", "RAW", "TRUE", "FALSE", "NULL"})
_ENDS_VALUE = _VALUES | _CLOSING | {"BT_CLOSE", "BREAK", "CONTINUE", "RETURN"}
_BEGINS_PATTERN = _VALUES | {"LPAR", "LET"}

_OF_TYPE = _VALUES - {"FLOAT"} | {"DOT", "QUESTION", "PIPE", "ARROW", "MINUS", "LSQB", "RSQB", "THROWS"}
_TYPE_OPENING = frozenset({"LT", "GENERIC_OPEN", "CTOR_GENERIC", "LPAR"})
_TYPE_CLOSING = frozenset({"GT", "RPAR"})


@dataclass(slots=True)
class _Bracket:
    """`in_pattern` is the state of the arms of a `match` or `catch`: before an arm's own `=>`, or behind it."""

    is_arms: bool
    in_pattern: bool = True


def mark_lambdas(tokens: list[Token], start: int) -> None:
    """Mark the lambdas of a body, whose tokens go from `start` to the end."""
    if not any(tokens[at].type in ("FAT_ARROW", "ARROW") for at in range(start, len(tokens))):
        return
    pairs = _pairs(tokens, start)
    brackets = [_Bracket(False)]
    for at in range(start, len(tokens)):
        token, bracket = tokens[at], brackets[-1]
        if bracket.is_arms:
            _move(bracket, token, tokens[at - 1])
        _mark(tokens, at, pairs, bracket)
        if at in pairs and token.type not in _CLOSING:
            brackets.append(_Bracket(token.type == "ARMS_OPEN"))
        elif token.type in _CLOSING and len(brackets) > 1:
            brackets.pop()


def _pairs(tokens: list[Token], start: int) -> dict[int, int]:
    """The place of each bracket's other half."""
    pairs: dict[int, int] = {}
    opened: list[int] = []
    for at in range(start, len(tokens)):
        if tokens[at].type in _OPENING:
            opened.append(at)
        elif tokens[at].type in _CLOSING and opened:
            opener = opened.pop()
            pairs[opener], pairs[at] = at, opener
    return pairs


def _move(bracket: _Bracket, token: Token, before: Token) -> None:
    """An arm's comma may be left out: a pattern may begin wherever a value has ended."""
    if token.type == "FAT_ARROW":
        bracket.in_pattern = False
    elif token.type == "COMMA" or (before.type in _ENDS_VALUE and token.type in _BEGINS_PATTERN):
        bracket.in_pattern = True


def _mark(tokens: list[Token], at: int, pairs: dict[int, int], bracket: _Bracket) -> None:
    token = tokens[at]
    is_place = not (bracket.is_arms and bracket.in_pattern) and tokens[at - 1].type not in ("DOT", "IF")
    if token.type == "NAME" and is_place and _type_at(tokens, at + 1) == "FAT_ARROW":
        token.type = "LAMBDA_NAME"
    elif token.type == "LPAR" and at in pairs and tokens[at - 1].type != "ARROW":  # behind it stands a type
        behind = pairs[at] + 1
        if _type_at(tokens, behind) == "ARROW":
            brace = _end_of_type(tokens, behind + 1)
            if _type_at(tokens, brace) in _BRACES:
                token.type, tokens[brace].type = "LAMBDA_OPEN", "LBRACE"
                for part in tokens[behind:brace]:
                    if part.type == "CTOR_GENERIC":  # of the result, since the brace begins the body
                        part.type = "LT"
        elif is_place and _type_at(tokens, behind) == "FAT_ARROW":
            token.type = "LAMBDA_OPEN"


def _end_of_type(tokens: list[Token], at: int) -> int:
    depth = 0
    while at < len(tokens):
        type = tokens[at].type
        if type in _TYPE_OPENING:
            depth += 1
        elif type in _TYPE_CLOSING and depth:
            depth -= 1
        elif type not in _OF_TYPE and not (depth and type in ("COMMA", "COLON", "EQUAL")):
            break
        at += 1
    return at


def _type_at(tokens: list[Token], at: int) -> str:
    return tokens[at].type if at < len(tokens) else ""
