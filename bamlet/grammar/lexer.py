"""Text of one item to tokens. What a character means depends on where it stands, so the lexer keeps a stack of
modes: declarations, configuration, lists in it, attribute arguments, expressions, the text of a template.

The grammar alone cannot do this: with one lexer for all places an unquoted configuration value swallows keys.
"""

from __future__ import annotations

import re

from ..diagnostics import catalogue
from . import tokens as t
from .cursor import Frame, Head, Mode
from .lambdas import mark_lambdas
from .lexer_code import CodeLexer
from .tokens import LexError, Token

_OF_RESULT = frozenset({"NAME", "DOT", "QUESTION", "LSQB", "RSQB", "PIPE", "LT", "GT", "COMMA"})


class Lexer(CodeLexer):
    __slots__ = ()

    def run(self) -> list[Token]:
        """All tokens. Raises `LexError` at the first place that has no meaning."""
        step = {
            Mode.ITEM: self._in_item,
            Mode.DECL: self._in_declaration,
            Mode.CONFIG: self._in_config,
            Mode.LIST: self._in_list,
            Mode.ATTR: self._in_attribute,
            Mode.EXPR: self._in_expression,
            Mode.BUILDER: self._in_item,
            Mode.DEFAULT: self._in_default,
            Mode.TEMPLATE: self._in_template,
        }
        self._has_raw = '#"' in self.text
        self._skip_trivia()
        while self._at < len(self.text):
            step[self._stack[-1].mode]()
            if self._stack[-1].mode is not Mode.TEMPLATE:  # there, blanks are text
                self._skip_trivia()
        self._check_closed()
        if self._stack[-1].mode is Mode.EXPR:  # of a constant
            mark_lambdas(self.tokens, 0)
        return self.tokens

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
            operator = self._operator()
            if self._ends_type(frame, operator) and frame.head in ("let", "function", "client"):
                self._begin_value(frame, operator)

    def _ends_type(self, frame: Frame, operator: Token) -> bool:
        """Whether it is a `=` outside of angle brackets, where one names a type."""
        frame.angles += {"LT": 1, "GT": -1}.get(operator.type, 0)
        return operator.type == "EQUAL" and frame.angles == 0

    def _begin_value(self, frame: Frame, equal: Token) -> None:
        """Of a constant or a client, which the item ends with, or of a parameter."""
        if frame.head in ("let", "client"):
            frame.mode = Mode.EXPR
        else:
            self._push(Mode.DEFAULT, equal)

    def _item_word(self, word: str, end: int, frame: Frame) -> None:
        previous = self.tokens[-1].type if self.tokens else ""
        if frame.at_start and word in t.ITEM_KEYWORDS and previous not in ("DOT", "AT", "ATAT"):
            self._emit(t.ITEM_KEYWORDS[word], end)
            frame.head = word
            # `dynamic class X`: the keyword that counts comes next. In a type builder an alias has no
            # brace to end it, so every keyword followed by a name may begin an item.
            frame.at_start = word == "dynamic"
        elif (
            frame.mode is Mode.BUILDER
            and word in ("class", "enum", "type", "dynamic")
            and t.NAME_FOLLOWS.match(self.text, end)
        ):
            self._emit(t.ITEM_KEYWORDS[word], end)
            frame.head = word
        elif word == "throws" and self._throws(frame, previous):
            self._emit("THROWS", end)
        elif word == "with" and frame.head in ("test", "testset") and previous in ("STRING", "BT_CLOSE"):
            # What follows is code: an expression, and the body of the test.
            self._emit("WITH", end)
            frame.mode, frame.heads = Mode.EXPR, [Head(frame.head.upper(), 0)]
        else:
            self._emit(self._word_of_head(word, frame.head) or "NAME", end)

    def _word_of_head(self, word: str, head: str) -> str | None:
        """The keyword that a word is in the head of a declaration; None where it is a name."""
        before = self.tokens[-2].type if len(self.tokens) > 1 else ""
        previous = self.tokens[-1].type if self.tokens else ""
        if word == "extends":
            return "EXTENDS" if previous == "NAME" and before in ("LT", "COMMA", "TYPE") else None
        if word == "requires" and head == "interface":
            return "REQUIRES" if previous == "GT" or before == "INTERFACE" else None
        if word == "for" and head == "implements":
            return "FOR_TYPE" if previous in ("NAME", "GT", "RSQB", "QUESTION", "RPAR") else None
        return None

    def _throws(self, frame: Frame, previous: str) -> bool:
        """Whether the word stands behind the result of a function, or of a function type on the same line."""
        if frame.head == "function":
            return previous not in ("LPAR", "COMMA", "DOT", "FUNCTION")
        at = len(self.tokens) - 1
        while at > 0 and self.tokens[at].type in _OF_RESULT:
            at -= 1
        behind = self.tokens[-1].end
        return self.tokens[at].type == "ARROW" and "\n" not in self.text[behind : self._at]

    def _open_body(self, frame: Frame) -> None:
        """The brace of an item: its keyword says what is inside."""
        head = frame.head
        if frame.mode is Mode.BUILDER:
            frame.at_start = True
        if head == "function":
            self._open_function_body()
        elif head == "testset" or (head == "test" and self._is_body_of_test()):
            self._push(Mode.EXPR, self._emit("LBRACE", self._at + 1))
        elif head not in t.CONFIGURED:
            self._open_members(head)
        else:
            self._push(Mode.CONFIG, self._emit("CONFIG_OPEN", self._at + 1))

    def _open_members(self, head: str) -> None:
        self._push(Mode.DECL, self._emit("LBRACE", self._at + 1))
        self._stack[-1].around = head if head in ("interface", "implements") else ""

    def _is_body_of_test(self) -> bool:
        """Tests with a bare name list functions; of those with a string, the first word inside tells."""
        name = next((token.type for token in self.tokens if token.type not in ("TEST", "LPAR", "RPAR")), "")
        if [token.type for token in self.tokens[-3:]] == ["STRING", "LPAR", "RPAR"]:
            return False  # `test "name" () { … }`
        inside = t.TRIVIA.match(self.text, self._at + 1)
        return name != "NAME" and not t.LISTED_TEST.match(self.text, inside.end() if inside else self._at + 1)

    def _open_function_body(self) -> None:
        inside = t.TRIVIA.match(self.text, self._at + 1)
        at = inside.end() if inside else self._at + 1
        if any(begin.match(self.text, at) for begin in (t.LLM_CLIENT, t.LLM_PROMPT, t.LLM_MISSPELT)):
            self._push(Mode.CONFIG, self._emit("LLM_OPEN", self._at + 1))
        else:
            self._push(Mode.EXPR, self._emit("LBRACE", self._at + 1))

    def _in_declaration(self) -> None:
        frame = self._stack[-1]
        char = self.text[self._at]
        if self._open_attribute() or self._string():
            return
        word = t.HYPHEN_WORD.match(self.text, self._at)
        if word:
            self._member_word(word[0], word.end(), frame)
        elif number := t.NUMBER.match(self.text, self._at):
            self._number(number)
        elif char == "{" and frame.head == "function":
            frame.head = ""
            self._open_function_body()
        elif char == "{" and frame.head == "implements":
            frame.head = ""
            self._open_members("implements")
        elif char == "}":
            self._pop(self._at + 1, "RBRACE")
        elif self._ends_type(frame, self._operator()) and frame.head == "function":
            self._push(Mode.DEFAULT, self.tokens[-1])

    def _member_word(self, word: str, end: int, frame: Frame) -> None:
        previous = self.tokens[-1].type
        if word == "function" and t.METHOD_FOLLOWS.match(self.text, end):
            self._emit("FUNCTION", end)
            frame.head = "function"
        elif word == "implements" and not frame.around and t.IMPLEMENTS_FOLLOWS.match(self.text, end):
            self._emit("IMPLEMENTS", end)
            frame.head = "implements"
        elif word == "throws" and self._throws(frame, previous):
            self._emit("THROWS", end)
        elif word == "type" and frame.around and t.NAME_FOLLOWS.match(self.text, end):
            self._emit("TYPE", end)
            frame.head = "type"
        elif word == "as" and frame.around == "implements" and previous == "NAME" and frame.head != "function":
            self._emit("AS", end)
        else:
            self._emit(self._word_of_head(word, frame.head) or "NAME", end)

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

    def _config_key(self, frame: Frame, char: str) -> None:
        self._check_run_on()
        match = t.HYPHEN_WORD.match(self.text, self._at) or t.STRING.match(self.text, self._at)
        if match is None:
            self._fail("a key cannot begin with")
        if match[0] == "type_builder":
            self._emit("TYPE_BUILDER", match.end())
            self._skip_trivia()
            if self.text[self._at : self._at + 1] == "{":
                self._push(Mode.BUILDER, self._emit("LBRACE", self._at + 1))
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

    def _config_value(self, frame: Frame, char: str) -> None:
        self._check_value_follows(char)
        if char == ":" and self.tokens[-1].type == "KEY":
            self._emit("COLON", self._at + 1)
        elif char == "=" and self.text[self._at + 1 : self._at + 2] in (" ", "\t"):
            message = "a value does not begin with `=`"
            hint = f"write `{self.tokens[-1].value} …`, with a blank between the two"
            raise LexError(catalogue.SYNTAX, self._at, self._at + 1, message, hint)
        elif char == "{":
            frame.after_key = False
            self._push(Mode.CONFIG, self._emit("CONFIG_OPEN", self._at + 1))
        elif char == "[":
            frame.after_key = False
            self._push(Mode.LIST, self._emit("LSQB", self._at + 1))
        elif not (self._string() or self._config_call() or self._unquoted(t.UNQUOTED)):
            self._fail("a value cannot begin with")
        else:
            frame.after_key = False

    def _config_call(self) -> bool:
        """Only what a test is given may be made by a template string."""
        match = t.CONFIG_CALL.match(self.text, self._at) if self._stack[0].head == "test" else None
        if match is None:
            return False
        self._push(Mode.LIST, self._emit("CALL_OPEN", match.end()))
        return True

    def _unquoted(self, pattern: re.Pattern[str]) -> bool:
        match = pattern.match(self.text, self._at)
        # Blanks that the language knows were skipped before. Others alone, such as a no-break space, are no text:
        # a token without a character would be found at the same place for ever.
        if match is None or not (text := match[0].rstrip()):
            return False
        self._emit("UNQUOTED", self._at + len(text))
        return True

    def _in_list(self) -> None:
        char = self.text[self._at]
        opener = self._stack[-1].opener
        assert opener is not None
        if char == t.CLOSING[opener.value[-1]]:
            self._pop(self._at + 1, t.PUNCTUATION[char])
        elif char == ",":
            self._emit("COMMA", self._at + 1)
        elif char == "{":
            self._push(Mode.CONFIG, self._emit("CONFIG_OPEN", self._at + 1))
        elif char == "[":
            self._push(Mode.LIST, self._emit("LSQB", self._at + 1))
        elif char in "})]":
            self._fail_unclosed()
        elif not (self._string() or self._config_call() or self._unquoted(t.UNQUOTED)):
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
