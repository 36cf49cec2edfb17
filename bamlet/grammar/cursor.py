"""Where the lexer stands in the text: the stack of modes, the tokens so far, and what is read alike everywhere.

Strings and templates may stand in a declaration, in configuration and in code, so they are read here.
"""

from __future__ import annotations

import math
import re
from enum import Enum, auto
from typing import NoReturn

from ..diagnostics import catalogue
from ..records import dataclass, field
from . import tokens as t
from .lambdas import mark_lambdas
from .tokens import LexError, Token


class Mode(Enum):
    ITEM = auto()  # the head of an item, types
    DECL = auto()  # the body of a class or enum
    CONFIG = auto()  # `key value` lines
    LIST = auto()  # `[…]` of values
    ATTR = auto()  # between the parentheses of an attribute
    EXPR = auto()  # blocks, and everything in them
    BUILDER = auto()  # the items of a type builder
    DEFAULT = auto()  # the default value of a parameter, up to the comma or parenthesis behind it
    TEMPLATE = auto()  # between back-ticks: text up to the next hole or the closing ticks


@dataclass(slots=True)
class Head:
    """An `if`, `while`, `match`, `for` or `catch` before its brace: the first `{` as deep as the keyword.

    `waits` is the token that must come first: braces before the `=` of `if let` are those of a pattern.
    """

    keyword: str
    depth: int
    waits: str = ""


@dataclass(slots=True)
class Frame:
    mode: Mode
    opener: Token | None
    first: int = 0  # EXPR: the place of its opener among the tokens
    keyed: bool = False  # a constructor or map: `name:` right after `{` or `,` is a key
    arms: bool = False  # EXPR: the braces hold the arms of a `match` or `catch`
    depth: int = 0  # EXPR, DEFAULT: how many `(` and `[` are open in it
    heads: list[Head] | None = None  # EXPR: those whose brace has not come yet, the innermost last
    after_key: bool = False  # CONFIG: a key was read, its value comes next
    head: str = ""  # ITEM, DECL, BUILDER: the keyword whose body the next brace opens
    around: str = ""  # DECL: `interface` or `implements`, where types may be members
    angles: int = 0  # ITEM, DECL: how many `<` are open in it
    type_list_end: int = -1  # EXPR: where the `>` stands that closes the types of a constructor
    at_start: bool = True  # ITEM, BUILDER: the next word is an item's keyword


CODE = (Mode.EXPR, Mode.DEFAULT)
OTHER_QUOTES = "'“”‘’„«»"
MAX_DIGITS = 1000  # Python reads no more than 4,300 at once
MAX_DEPTH = 200  # Python's own compiler gives up on nesting not far beyond


@dataclass(slots=True)
class Cursor:
    text: str
    tokens: list[Token] = field(default_factory=list)
    comments: list[tuple[int, int]] = field(default_factory=list)
    _at: int = 0
    _doc: str | None = None
    _has_raw: bool = False
    _stack: list[Frame] = field(default_factory=lambda: [Frame(Mode.ITEM, None)])

    # --- moving on

    def _skip_trivia(self) -> None:
        match = t.TRIVIA.match(self.text, self._at)
        if match is None:
            return
        if match.end() == len(self.text) and (problem := t.unclosed_comment(match[0], self._at)):
            raise problem
        self._at = match.end()
        if "/" in match[0]:
            self.comments.append(match.span())
            lines = t.doc_lines(match[0])
            if lines:
                self._doc = "\n".join(lines)

    def _emit(self, type: str, end: int, value: str | None = None) -> Token:
        start = self._at
        assert end > start, f"{type} holds no character, and would be read at the same place for ever"
        token = Token(type, self.text[start:end] if value is None else value, start, end, self._doc)
        self._doc = None
        self._at = end
        self.tokens.append(token)
        return token

    def _push(self, mode: Mode, opener: Token, keyed: bool = False) -> None:
        if len(self._stack) >= MAX_DEPTH:
            raise LexError(
                catalogue.NESTING_LIMIT,
                opener.start,
                opener.end,
                f"this is nested more than {MAX_DEPTH} deep",
            )
        self._stack.append(Frame(mode, opener, len(self.tokens) - 1, keyed))

    def _pop(self, end: int, type: str) -> None:
        if len(self._stack) == 1:
            raise LexError(catalogue.UNCLOSED, self._at, end, f"`{self.text[self._at : end]}` closes nothing")
        closed = self._stack.pop()
        self._emit(type, end)
        self._mark_lambdas(closed)

    def _mark_lambdas(self, closed: Frame) -> None:
        """Once, for the outermost code: a hole that was marked before its surroundings would be paired twice."""
        if closed.mode in CODE and not (
            self._stack[-1].mode in CODE
            or (self._stack[-1].mode is Mode.TEMPLATE and any(frame.mode in CODE for frame in self._stack))
        ):
            mark_lambdas(self.tokens, closed.first)

    def _check_closed(self) -> None:
        while self._stack[-1].mode is Mode.DEFAULT:
            self._mark_lambdas(self._stack.pop())
        if len(self._stack) > 1:
            self._fail_unclosed()

    def _fail_unclosed(self) -> NoReturn:
        opener = self._stack[-1].opener
        assert opener is not None
        if self._stack[-1].mode is Mode.TEMPLATE:
            self._fail_unclosed_template(opener)
        opening = opener.value[-1]
        message = f"this `{opening}` is never closed"
        raise LexError(catalogue.UNCLOSED, opener.start, opener.end, message, f"add the `{t.CLOSING[opening]}`")

    def _fail(self, what: str | None = None) -> NoReturn:
        char = self.text[self._at]
        if char in OTHER_QUOTES:
            self._fail_quote(char)
        message = f"{what} `{char}`" if what else f"`{char}` means nothing outside of strings and comments"
        hint = "names are made of ASCII letters, digits and `_`" if char.isalpha() else None
        raise LexError(catalogue.SYNTAX, self._at, self._at + 1, message, hint)

    def _fail_quote(self, char: str) -> NoReturn:
        hint = f'use " instead of {char}'
        raise LexError(catalogue.SYNTAX, self._at, self._at + 1, "strings are written in double quotes", hint)

    # --- strings, the same everywhere

    def _string(self) -> bool:
        """A quoted or raw string at this place, if there is one."""
        char = self.text[self._at]
        if char == '"':
            match = t.STRING.match(self.text, self._at)
            if match is None:
                raise LexError(
                    catalogue.UNCLOSED, self._at, self._at + 1, "this string is never closed", 'add a `"`'
                )
            self._emit("STRING", match.end(), t.unescape(match[1]))
            return True
        if char == "`":
            self._open_template()
            return True
        tag = t.RAW_TAG.match(self.text, self._at) if self._has_raw else None
        at = tag.end() if tag else self._at
        if self.text[at : at + 1] == "#":
            self._raw_string(at)
            return True
        return False

    def _raw_string(self, at: int) -> None:
        opener = re.compile(r'(#+)"').match(self.text, at)
        if opener is None:
            raise LexError(
                catalogue.SYNTAX,
                self._at,
                at + 1,
                "a `#` alone means nothing",
                'a raw string is written #"…"#; a comment begins with //',
            )
        match = t.RAW.match(self.text, at)
        if match is None:
            closer = f'"{opener[1]}'
            raise LexError(
                catalogue.UNCLOSED,
                self._at,
                opener.end(),
                "this raw string is never closed",
                f"close it with `{closer}`: exactly as many hashes as it was opened with",
            )
        self._emit("RAW", match.end(), t.dedent(match[2]))

    def _operator(self) -> Token:
        match = t.OPERATOR.match(self.text, self._at)
        if match is None:
            self._fail()
        return self._emit(t.PUNCTUATION[match[0]], match.end())

    def _number(self, match: re.Match[str]) -> None:
        if len(match[0]) > MAX_DIGITS:
            message = f"this number has more than {MAX_DIGITS} digits"
            raise LexError(catalogue.SYNTAX, self._at, match.end(), message)
        misread = t.NO_NUMBER.match(self.text, self._at)
        is_whole = misread is None or (misread.end() <= match.end() and match[0][0].isdigit())
        if misread is not None and not is_whole and not self._goes_on(match):
            message = f"`{misread[0]}` is neither a number nor a name"
            hint = "a number is digits, with at most one point between two of them; a name begins with a letter"
            raise LexError(catalogue.SYNTAX, self._at, misread.end(), message, hint)
        if t.is_float(match[0]) and math.isinf(float(match[0])):
            raise LexError(catalogue.SYNTAX, self._at, match.end(), "this number is too large for a float")
        self._emit("FLOAT" if t.is_float(match[0]) else "INT", match.end())

    def _goes_on(self, number: re.Match[str]) -> bool:
        """Whether what follows a number that has letters in it is a method of it."""
        has_letters = not number[0].replace(".", "").isdigit()
        return has_letters and self.text.startswith(".", number.end())

    def _open_attribute(self) -> bool:
        """An opening parenthesis right after an attribute's name begins its arguments."""
        if self.text[self._at] != "(" or not self._after_attribute_name():
            return False
        self._push(Mode.ATTR, self._emit("ATTR_OPEN", self._at + 1))
        return True

    def _after_attribute_name(self) -> bool:
        at = len(self.tokens) - 1
        while at >= 2 and self.tokens[at].type == "NAME" and self.tokens[at - 1].type == "DOT":
            at -= 2
        return at >= 1 and self.tokens[at].type == "NAME" and self.tokens[at - 1].type in ("AT", "ATAT")

    def _open_template(self) -> None:
        opener = t.TEMPLATE_OPENER.match(self.text, self._at)
        assert opener is not None
        self._push(Mode.TEMPLATE, self._emit("BT_OPEN", opener.end()))

    def _in_template(self) -> None:
        """Text, and what ends it: a hole, or as many ticks as the template was opened with, or more."""
        opener = self._stack[-1].opener
        assert opener is not None
        at = self._at
        while mark := t.TEMPLATE_MARK.search(self.text, at):
            if mark[0] == "${" or (mark[0][0] == "`" and len(mark[0]) >= len(opener.value)):
                break
            at = mark.end()
        else:
            self._fail_unclosed_template(opener)
        if mark.start() > self._at:
            self._emit("BT_TEXT", mark.start())
        if mark[0] == "${":
            self._push(Mode.EXPR, self._emit("HOLE_OPEN", mark.end()))
        else:
            self._pop(mark.end(), "BT_CLOSE")

    def _fail_unclosed_template(self, opener: Token) -> NoReturn:
        ticks = "a back-tick" if len(opener.value) == 1 else f"{len(opener.value)} back-ticks in a row"
        hint = f"close it with {ticks}" if opener.value != "``" else 'close it, or write "" for an empty string'
        raise LexError(catalogue.UNCLOSED, opener.start, opener.end, "this template is never closed", hint)
