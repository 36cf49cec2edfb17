"""Text of one item to tokens. What a character means depends on where it stands, so the lexer keeps a stack of
modes: declarations, configuration, lists in it, attribute arguments, expressions.

The grammar alone cannot do this: with one lexer for all places an unquoted configuration value swallows keys.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import NoReturn

from ..diagnostics import catalogue
from . import tokens as t
from .lambdas import mark_lambdas
from .tokens import LexError, Token


class _Mode(Enum):
    ITEM = auto()  # the head of an item, types
    DECL = auto()  # the body of a class or enum
    CONFIG = auto()  # `key value` lines
    LIST = auto()  # `[…]` of values
    ATTR = auto()  # between the parentheses of an attribute
    EXPR = auto()  # blocks, and everything in them
    BUILDER = auto()  # the items of a type builder


@dataclass(slots=True)
class _Frame:
    mode: _Mode
    opener: Token | None
    first: int = 0  # EXPR: the place of its opener among the tokens
    keyed: bool = False  # a constructor or map: `name:` right after `{` or `,` is a key
    after_key: bool = False  # CONFIG: a key was read, its value comes next
    head: str = ""  # ITEM, DECL, BUILDER: the keyword whose body the next brace opens
    at_start: bool = True  # ITEM, BUILDER: the next word is an item's keyword


MAX_DIGITS = 1000  # Python reads no more than 4,300 at once
MAX_DEPTH = 200  # Python's own compiler gives up on nesting not far beyond


@dataclass(slots=True)
class Lexer:
    text: str
    tokens: list[Token] = field(default_factory=list)
    comments: list[tuple[int, int]] = field(default_factory=list)
    _at: int = 0
    _doc: str | None = None
    _stack: list[_Frame] = field(default_factory=lambda: [_Frame(_Mode.ITEM, None)])

    def run(self) -> list[Token]:
        """All tokens. Raises `LexError` at the first place that has no meaning."""
        step = {
            _Mode.ITEM: self._in_item,
            _Mode.DECL: self._in_declaration,
            _Mode.CONFIG: self._in_config,
            _Mode.LIST: self._in_list,
            _Mode.ATTR: self._in_attribute,
            _Mode.EXPR: self._in_expression,
            _Mode.BUILDER: self._in_item,
        }
        self._skip_trivia()
        while self._at < len(self.text):
            step[self._stack[-1].mode]()
            self._skip_trivia()
        self._check_closed()
        if self._stack[-1].mode is _Mode.EXPR:  # of a constant
            mark_lambdas(self.tokens, 0)
        return self.tokens

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
        token = Token(type, self.text[start:end] if value is None else value, start, end, self._doc)
        self._doc = None
        self._at = end
        self.tokens.append(token)
        return token

    def _push(self, mode: _Mode, opener: Token, keyed: bool = False) -> None:
        if len(self._stack) >= MAX_DEPTH:
            raise LexError(
                catalogue.NESTING_LIMIT,
                opener.start,
                opener.end,
                f"this is nested more than {MAX_DEPTH} deep",
            )
        self._stack.append(_Frame(mode, opener, len(self.tokens) - 1, keyed))

    def _pop(self, end: int, type: str) -> None:
        if len(self._stack) == 1:
            raise LexError(catalogue.UNCLOSED, self._at, end, f"`{self.text[self._at : end]}` closes nothing")
        closed = self._stack.pop()
        self._emit(type, end)
        if closed.mode is _Mode.EXPR and self._stack[-1].mode is not _Mode.EXPR:
            mark_lambdas(self.tokens, closed.first)

    def _check_closed(self) -> None:
        if len(self._stack) > 1:
            self._fail_unclosed()

    def _fail_unclosed(self) -> NoReturn:
        opener = self._stack[-1].opener
        assert opener is not None
        opening = opener.value[-1]
        message = f"this `{opening}` is never closed"
        raise LexError(catalogue.UNCLOSED, opener.start, opener.end, message, f"add the `{t.CLOSING[opening]}`")

    def _fail(self, what: str | None = None) -> NoReturn:
        char = self.text[self._at]
        message = f"{what} `{char}`" if what else f"`{char}` means nothing outside of strings and comments"
        hint = "names are made of ASCII letters, digits and `_`" if char.isalpha() else None
        raise LexError(catalogue.SYNTAX, self._at, self._at + 1, message, hint)

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
        tag = t.RAW_TAG.match(self.text, self._at)
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

    def _open_attribute(self) -> bool:
        """An opening parenthesis right after an attribute's name begins its arguments."""
        if self.text[self._at] != "(" or not self._after_attribute_name():
            return False
        self._push(_Mode.ATTR, self._emit("ATTR_OPEN", self._at + 1))
        return True

    def _after_attribute_name(self) -> bool:
        at = len(self.tokens) - 1
        while at >= 2 and self.tokens[at].type == "NAME" and self.tokens[at - 1].type == "DOT":
            at -= 2
        return at >= 1 and self.tokens[at].type == "NAME" and self.tokens[at - 1].type in ("AT", "ATAT")

    # --- modes

    def _in_item(self) -> None:
        frame = self._stack[-1]
        char = self.text[self._at]
        if self._open_attribute() or self._string():
            return
        word = t.HYPHEN_WORD.match(self.text, self._at)
        if word:
            self._item_word(word[0], word.end(), frame)
        elif number := t.NUMBER.match(self.text, self._at):
            self._number(number)
        elif char == "{":
            self._open_body(frame)
        elif char == "}":
            self._pop(self._at + 1, "RBRACE")
            self._stack[-1].after_key = False
        else:
            self._operator()
            if char == "=" and frame.head == "let":
                frame.mode = _Mode.EXPR

    def _item_word(self, word: str, end: int, frame: _Frame) -> None:
        previous = self.tokens[-1].type if self.tokens else ""
        if frame.at_start and word in t.ITEM_KEYWORDS and previous not in ("DOT", "AT", "ATAT"):
            self._emit(t.ITEM_KEYWORDS[word], end)
            frame.head = word
            # `dynamic class X`: the keyword that counts comes next. In a type builder an alias has no
            # brace to end it, so every keyword followed by a name may begin an item.
            frame.at_start = word == "dynamic"
        elif (
            frame.mode is _Mode.BUILDER
            and word in ("class", "enum", "type", "dynamic")
            and t.NAME_FOLLOWS.match(self.text, end)
        ):
            self._emit(t.ITEM_KEYWORDS[word], end)
            frame.head = word
        elif (
            word == "throws" and frame.head == "function" and previous not in ("LPAR", "COMMA", "DOT", "FUNCTION")
        ):
            self._emit("THROWS", end)
        else:
            self._emit("NAME", end)

    def _number(self, match: re.Match[str]) -> None:
        if len(match[0]) > MAX_DIGITS:
            message = f"this number has more than {MAX_DIGITS} digits"
            raise LexError(catalogue.SYNTAX, self._at, match.end(), message)
        if misread := t.NO_NUMBER.match(self.text, self._at):
            message = f"`{misread[0]}` is neither a number nor a name"
            hint = "a number is digits, with at most one point between two of them; a name begins with a letter"
            raise LexError(catalogue.SYNTAX, self._at, misread.end(), message, hint)
        self._emit("FLOAT" if "." in match[0] else "INT", match.end())

    def _open_body(self, frame: _Frame) -> None:
        """The brace of an item: its keyword says what is inside."""
        head = frame.head
        if frame.mode is _Mode.BUILDER:
            frame.at_start = True
        if head not in t.CONFIGURED and head != "function":
            self._push(_Mode.DECL, self._emit("LBRACE", self._at + 1))
        elif head == "function":
            self._open_function_body()
        else:
            self._push(_Mode.CONFIG, self._emit("CONFIG_OPEN", self._at + 1))

    def _open_function_body(self) -> None:
        inside = t.TRIVIA.match(self.text, self._at + 1)
        at = inside.end() if inside else self._at + 1
        if any(begin.match(self.text, at) for begin in (t.LLM_CLIENT, t.LLM_PROMPT, t.LLM_MISSPELT)):
            self._push(_Mode.CONFIG, self._emit("LLM_OPEN", self._at + 1))
        else:
            self._push(_Mode.EXPR, self._emit("LBRACE", self._at + 1))

    def _in_declaration(self) -> None:
        frame = self._stack[-1]
        char = self.text[self._at]
        if self._open_attribute() or self._string():
            return
        word = t.HYPHEN_WORD.match(self.text, self._at)
        if word:
            previous = self.tokens[-1].type
            if word[0] == "function" and t.METHOD_FOLLOWS.match(self.text, word.end()):
                self._emit("FUNCTION", word.end())
                frame.head = "function"
            elif word[0] == "throws" and frame.head == "function" and previous not in ("LPAR", "COMMA", "DOT"):
                self._emit("THROWS", word.end())
            else:
                self._emit("NAME", word.end())
        elif number := t.NUMBER.match(self.text, self._at):
            self._number(number)
        elif char == "{" and frame.head == "function":
            frame.head = ""
            self._open_function_body()
        elif char == "}":
            self._pop(self._at + 1, "RBRACE")
        else:
            self._operator()

    def _in_config(self) -> None:
        frame = self._stack[-1]
        char = self.text[self._at]
        if self._open_attribute():
            return
        if char == "}":
            if frame.after_key:
                self._check_value_follows(char)
            self._pop(self._at + 1, "RBRACE")
            self._stack[-1].after_key = False
        elif (
            char == "@" or (self.tokens[-1].type in ("AT", "ATAT", "DOT")) or (char == "." and not frame.after_key)
        ):
            self._attribute_part(char)
        elif frame.after_key:
            self._config_value(frame, char)
        elif char == ",":
            self._emit("COMMA", self._at + 1)
        elif char == "(" and self.tokens[-1].type == "CONFIG_OPEN":
            self._fail()
        else:
            self._config_key(frame, char)

    def _attribute_part(self, char: str) -> None:
        word = t.WORD.match(self.text, self._at)
        if word:
            self._emit("NAME", word.end())
        else:
            self._operator()

    def _config_key(self, frame: _Frame, char: str) -> None:
        self._check_run_on()
        match = t.HYPHEN_WORD.match(self.text, self._at) or t.STRING.match(self.text, self._at)
        if match is None:
            self._fail("a key cannot begin with")
        if match[0] == "type_builder":
            self._emit("TYPE_BUILDER", match.end())
            self._skip_trivia()
            if self.text[self._at : self._at + 1] == "{":
                self._push(_Mode.BUILDER, self._emit("LBRACE", self._at + 1))
            return
        self._emit("KEY", match.end(), t.unescape(match[0][1:-1]) if char == '"' else None)
        frame.after_key = True

    def _check_run_on(self) -> None:
        """Text goes on to the end of its line, over what may have been meant as the next key."""
        value = self.tokens[-1]
        if value.type != "UNQUOTED" or self.text[value.end : self._at].strip(" \t"):
            return
        message = f"`{value.value}` is one value: text without quotes goes on to the end of its line"
        _, blank, last = value.value.rpartition(" ")
        hint = f"put a comma or a line break before `{last}`" if blank else None
        raise LexError(catalogue.SYNTAX, value.start, value.end, message, hint)

    def _check_value_follows(self, char: str) -> None:
        key = next(token for token in reversed(self.tokens) if token.type == "KEY")
        on_next_line = "\n" in self.text[key.end : self._at] and char not in '{["#'
        if on_next_line or char in "},":
            message = f"`{key.value}` has no value"
            raise LexError(catalogue.SYNTAX, key.start, key.end, message, "write it on the same line")

    def _config_value(self, frame: _Frame, char: str) -> None:
        self._check_value_follows(char)
        if char == ":" and self.tokens[-1].type == "KEY":
            self._emit("COLON", self._at + 1)
        elif char == "=" and self.text[self._at + 1 : self._at + 2] in (" ", "\t"):
            message = "a value does not begin with `=`"
            hint = f"write `{self.tokens[-1].value} …`, with a blank between the two"
            raise LexError(catalogue.SYNTAX, self._at, self._at + 1, message, hint)
        elif char == "{":
            frame.after_key = False
            self._push(_Mode.CONFIG, self._emit("CONFIG_OPEN", self._at + 1))
        elif char == "[":
            frame.after_key = False
            self._push(_Mode.LIST, self._emit("LSQB", self._at + 1))
        elif not (self._string() or self._unquoted(t.UNQUOTED)):
            self._fail("a value cannot begin with")
        else:
            frame.after_key = False

    def _unquoted(self, pattern: re.Pattern[str]) -> bool:
        match = pattern.match(self.text, self._at)
        if match is None:
            return False
        self._emit("UNQUOTED", self._at + len(match[0].rstrip()))
        return True

    def _in_list(self) -> None:
        char = self.text[self._at]
        if char == "]":
            self._pop(self._at + 1, "RSQB")
        elif char == ",":
            self._emit("COMMA", self._at + 1)
        elif char == "{":
            self._push(_Mode.CONFIG, self._emit("CONFIG_OPEN", self._at + 1))
        elif char == "[":
            self._push(_Mode.LIST, self._emit("LSQB", self._at + 1))
        elif char in "})":
            self._fail_unclosed()
        elif not (self._string() or self._unquoted(t.UNQUOTED)):
            self._fail("a list element cannot begin with")

    def _in_attribute(self) -> None:
        char = self.text[self._at]
        if char == ")":
            self._pop(self._at + 1, "RPAR")
        elif char == ",":
            self._emit("COMMA", self._at + 1)
        elif char == "{":
            match = t.JINJA.match(self.text, self._at)
            if match is None:
                raise LexError(
                    catalogue.UNCLOSED,
                    self._at,
                    self._at + 2,
                    "this Jinja expression is never closed",
                    "add the `}}`",
                )
            self._emit("JINJA", match.end(), match[1].strip())
        elif char in "}]":
            self._fail_unclosed()
        elif not (self._string() or self._unquoted(t.UNQUOTED_ARGUMENT)):
            self._fail("an attribute argument cannot begin with")

    def _in_expression(self) -> None:
        char = self.text[self._at]
        if self._string():
            return
        if word := t.WORD.match(self.text, self._at):
            self._expression_word(word[0], word.end())
        elif number := t.NUMBER.match(self.text, self._at) or t.NO_NUMBER.match(self.text, self._at):
            self._number(number)
        elif char == "{":
            self._open_brace()
        elif char == "}":
            self._pop(self._at + 1, "RBRACE")
        elif char == "$":
            self._dollar_word()
        elif char == "<" and self._opens_type_list():
            self._emit("GENERIC_OPEN", self._at + 1)
        elif char == "'":
            raise LexError(
                catalogue.SYNTAX,
                self._at,
                self._at + 1,
                "strings are written in double quotes",
                "use \" instead of '",
            )
        else:
            self._operator()

    def _expression_word(self, word: str, end: int) -> None:
        previous = self.tokens[-1].type if self.tokens else ""
        if previous not in ("DOT", "LET"):
            self._refuse_foreign(word, end)
        keyword = t.EXPR_KEYWORDS.get(word)
        if keyword and previous not in ("DOT", "AT") and not self._in_key_position(previous, end):
            self._emit(keyword, end)
        else:
            self._emit("NAME", end)

    def _refuse_foreign(self, word: str, end: int) -> None:
        if (foreign := t.FOREIGN.match(self.text, self._at)) is None:
            return
        kind = str(foreign.lastgroup)
        if kind != "elif" or self.tokens[-1].type == "RBRACE":
            raise LexError(catalogue.SYNTAX, self._at, end, f"`{word}` is no keyword here", t.INSTEAD[kind])

    def _in_key_position(self, previous: str, end: int) -> bool:
        return (
            self._stack[-1].keyed
            and previous in ("CTOR_OPEN", "MAP_OPEN", "COMMA")
            and t.KEY_COLON.match(self.text, end) is not None
        )

    def _open_brace(self) -> None:
        previous = self.tokens[-1].type
        after = t.TRIVIA.match(self.text, self._at + 1)
        inside = after.end() if after else self._at + 1
        if previous == "NAME":
            self._push(_Mode.EXPR, self._emit("CTOR_OPEN", self._at + 1), keyed=True)
        elif previous not in _BEFORE_BLOCK and t.MAP_START.match(self.text, inside):
            self._push(_Mode.EXPR, self._emit("MAP_OPEN", self._at + 1), keyed=True)
        else:
            self._push(_Mode.EXPR, self._emit("LBRACE", self._at + 1))

    def _dollar_word(self) -> None:
        word = t.WORD.match(self.text, self._at + 1)
        if word is None:
            self._fail()
        is_stub = word[0] in ("sysop", "sysop_async") and self.tokens[-1].type == "LBRACE"
        self._emit("SYSOP" if is_stub else "NAME", word.end())

    def _opens_type_list(self) -> bool:
        """Of a call, or of the type behind `instanceof`; every other `<` compares."""
        if self.tokens[-1].type != "NAME":
            return False
        return t.opens_type_list(self.text, self._at, "" if self._after_instanceof() else "(")

    def _after_instanceof(self) -> bool:
        at = len(self.tokens) - 1
        while at >= 2 and self.tokens[at - 1].type == "DOT":
            at -= 2
        return self.tokens[at - 1].type == "INSTANCEOF"


# After these a brace is a block even when it looks like a map.
_BEFORE_BLOCK = {"RPAR", "ELSE", "FAT_ARROW", "CATCH", "CATCH_ALL"}
