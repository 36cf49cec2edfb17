"""Code to tokens: the blocks of functions and tests, default values, the holes of templates."""

from __future__ import annotations

from ..diagnostics import catalogue
from . import tokens as t
from .cursor import Cursor, Head, Mode
from .tokens import LexError


class CodeLexer(Cursor):
    __slots__ = ()

    def _in_expression(self) -> None:
        char = self.text[self._at]
        if char == "`":
            self._refuse_tag()
        if self._string():
            return
        if word := t.WORD.match(self.text, self._at):
            self._code_word(word[0], word.end())
        elif number := t.NUMBER.match(self.text, self._at) or t.NO_NUMBER.match(self.text, self._at):
            self._number(number)
        elif char == "{":
            self._open_brace()
        elif char == "}":
            opener = self._stack[-1].opener
            is_hole = opener is not None and opener.type == "HOLE_OPEN"
            self._pop(self._at + 1, "HOLE_CLOSE" if is_hole else "RBRACE")
        elif char == "$":
            self._dollar_word()
        elif char == "<" and (types := self._opener_of_types()):
            self._emit(types, self._at + 1)
        else:
            self._code_operator()

    def _refuse_tag(self) -> None:
        """A name directly before a template is meant as a function that is handed its parts."""
        before = self.tokens[-1] if self.tokens else None
        if before is not None and before.end == self._at and before.type in _ENDS_VALUE:
            message = "a template stands alone: there are no tags before it"
            raise LexError(catalogue.SYNTAX, self._at, self._at + 1, message, "call a function with it")

    def _in_default(self) -> None:
        """The comma or parenthesis behind the value is the parameter list's, and so is what follows."""
        frame = self._stack[-1]
        if frame.depth == 0 and self.text[self._at] in ",)]":
            self._stack.pop()
            self._mark_lambdas(frame)
        else:
            self._in_expression()

    def _code_operator(self) -> None:
        type = self._operator().type
        frame = self._stack[-1]
        if type in ("LPAR", "LSQB"):
            frame.depth += 1
        elif type in ("RPAR", "RSQB"):
            frame.depth -= 1
        elif frame.heads and type in ("EQUAL", "FAT_ARROW"):
            self._move_head(frame.heads, type, frame.depth)

    def _move_head(self, heads: list[Head], type: str, depth: int) -> None:
        head = heads[-1]
        if head.depth == depth and head.waits == type:
            head.waits = ""
        elif type == "FAT_ARROW" and head.depth == depth:
            heads.pop()  # what looked like a head was a guard

    # --- words

    def _code_word(self, word: str, end: int) -> None:
        previous = self.tokens[-1].type if self.tokens else ""
        if word in t.FOREIGN_WORDS and previous not in ("DOT", "QDOT", "LET"):
            self._refuse_foreign(word, end)
        if word in ("f", "F") and self.text[end : end + 1] == '"':
            message, hint = (
                f"a string has no `{word}` before it",
                "with holes it is written `…${name}…`, back-ticks included",
            )
            raise LexError(catalogue.SYNTAX, self._at, end, message, hint)
        type = t.EXPR_KEYWORDS.get(word)
        if (
            word == "as"
            and previous == "DOT"
            and (types := t.end_of_type_list(self.text, end))
            and types[1] == "."
        ):
            type, self.tokens[-1].type = "AS", "DOT_AS"  # a dot that goes on with no path
        elif previous in ("DOT", "QDOT", "AT") or (type and self._in_key_position(previous, end)):
            type = None
        elif type:
            type = self._keyword(type, previous, end)
        elif word in t.WORDS_OF_PLACE:
            type = self._word_of_place(word, previous, end)
        if type is None and self.text[end : end + 1] in ("$", "@") and (more := t.COMPANION.match(self.text, end)):
            end = more.end()
        self._emit(type or "NAME", end)

    def _keyword(self, type: str, previous: str, end: int) -> str | None:
        if type in _HEADS:
            frame = self._stack[-1]
            is_guard = type == "IF" and frame.arms and frame.depth == 0 and previous in _ENDS_VALUE
            if not is_guard:
                self._begin_head(type)
        elif type == "LET" and previous in _WAITS:
            self._wait_for(_WAITS[previous])
        elif type == "IN" and self._stack[-1].heads:
            self._move_head(self._stack[-1].heads, type, self._stack[-1].depth)
        elif type == "ASSERT" and t.DOT_FOLLOWS.match(self.text, end):
            return None  # `assert.equal(…)` is a call
        return type

    def _begin_head(self, keyword: str) -> None:
        frame = self._stack[-1]
        if frame.heads is None:
            frame.heads = []
        frame.heads.append(Head(keyword, frame.depth))

    def _wait_for(self, type: str) -> None:
        heads = self._stack[-1].heads
        if heads:
            heads[-1].waits = type

    def _word_of_place(self, word: str, previous: str, end: int) -> str | None:
        """The keyword that a word is here; None where it is a name."""
        on_its_line = "\n" not in self.text[self.tokens[-1].end : self._at] if self.tokens else False
        ends_value = previous in _ENDS_VALUE
        if word == "is":
            is_test = ends_value and (on_its_line or t.IS_FOLLOWS.match(self.text, end))
            return "IS" if is_test else None
        if word == "throws":
            is_behind_type = ends_value or previous in ("QUESTION", "GT", "ARROW")
            return "THROWS" if is_behind_type and t.THROWS_FOLLOWS.match(self.text, end) else None
        if word == "with":
            heads = self._stack[-1].heads
            is_bound = heads and heads[-1].keyword in _BOUND and heads[-1].depth == self._stack[-1].depth
            return "WITH" if is_bound else None
        if word in ("endif", "endfor"):
            is_tag = previous == "HOLE_OPEN" and t.HOLE_ENDS.match(self.text, end)
            return word.upper() if is_tag else None
        if word == "catch_all_panics":
            return self._catch_word(word, end) if ends_value else None
        if word in ("await", "spawn"):
            return self._of_a_task(word, end, ends_value and on_its_line)
        begins_statement = previous in ("LBRACE", "RBRACE", "SEMI") or (ends_value and not on_its_line)
        follows = t.DEFER_FOLLOWS if word == "defer" else t.TEST_FOLLOWS
        if not begins_statement or not follows.match(self.text, end):
            return None
        if word != "defer":
            self._begin_head(word.upper())
        return word.upper()

    def _catch_word(self, word: str, end: int) -> str | None:
        if not t.CATCH_FOLLOWS.match(self.text, end):
            return None
        self._begin_head(word.upper())
        return word.upper()

    def _of_a_task(self, word: str, end: int, is_behind_value: bool) -> str | None:
        follows = t.AWAIT_FOLLOWS if word == "await" else t.SPAWN_FOLLOWS
        if is_behind_value or not follows.match(self.text, end):
            return None
        if word == "spawn":
            self._begin_head("SPAWN")
        return word.upper()

    def _refuse_foreign(self, word: str, end: int) -> None:
        if (foreign := t.FOREIGN.match(self.text, self._at)) is None:
            return
        kind = str(foreign.lastgroup)
        if kind not in ("elif", "finally") or self.tokens[-1].type == "RBRACE":
            raise LexError(catalogue.SYNTAX, self._at, end, f"`{word}` is no keyword here", t.INSTEAD[kind])

    def _in_key_position(self, previous: str, end: int) -> bool:
        return (
            self._stack[-1].keyed
            and previous in ("CTOR_OPEN", "MAP_OPEN", "COMMA")
            and t.KEY_COLON.match(self.text, end) is not None
        )

    def _open_brace(self) -> None:
        previous = self.tokens[-1].type
        frame = self._stack[-1]
        if (
            frame.heads
            and frame.heads[-1].depth == frame.depth
            and not frame.heads[-1].waits
            and previous != "ELSE"
        ):
            self._open_body_of_head(frame.heads.pop())
            return
        after = t.TRIVIA.match(self.text, self._at + 1)
        inside = after.end() if after else self._at + 1
        if previous == "NAME" or self.tokens[-1].start == frame.type_list_end:
            self._push(Mode.EXPR, self._emit("CTOR_OPEN", self._at + 1), keyed=True)
        elif previous not in _BEFORE_BLOCK and t.MAP_START.match(self.text, inside):
            self._push(Mode.EXPR, self._emit("MAP_OPEN", self._at + 1), keyed=True)
        else:
            self._push(Mode.EXPR, self._emit("LBRACE", self._at + 1))

    def _open_body_of_head(self, head: Head) -> None:
        has_arms = head.keyword in _WITH_ARMS
        self._push(Mode.EXPR, self._emit("ARMS_OPEN" if has_arms else "LBRACE", self._at + 1))
        self._stack[-1].arms = has_arms

    def _dollar_word(self) -> None:
        word = t.WORD.match(self.text, self._at + 1)
        if word is None:
            self._fail()
        is_stub = word[0] in ("sysop", "sysop_async", "host") and self.tokens[-1].type == "LBRACE"
        self._emit("SYSOP" if is_stub else "NAME", word.end())

    def _opener_of_types(self) -> str | None:
        """Of a call, of the type behind `instanceof` or `as`, or of a constructor; every other `<` compares."""
        before, frame = self.tokens[-1], self._stack[-1]
        if before.type not in ("NAME", "AS") or (found := t.end_of_type_list(self.text, self._at)) is None:
            return None
        end, behind = found
        if behind == "(" or before.type == "AS" or self._after_instanceof():
            return "GENERIC_OPEN"
        in_head = frame.heads and frame.heads[-1].depth == frame.depth and not frame.heads[-1].waits
        if behind == "{" and before.value[0].isupper() and not in_head:
            frame.type_list_end = end
            return "CTOR_GENERIC"
        return None

    def _after_instanceof(self) -> bool:
        at = len(self.tokens) - 1
        while at >= 2 and self.tokens[at - 1].type == "DOT":
            at -= 2
        return self.tokens[at - 1].type == "INSTANCEOF"


# After these a brace is a block even when it looks like a map.
_BEFORE_BLOCK = {"RPAR", "ELSE", "FAT_ARROW", "ARROW", "DEFER"}

_WITH_ARMS = frozenset({"MATCH", "CATCH", "CATCH_ALL", "CATCH_ALL_PANICS"})
_HEADS = _WITH_ARMS | {"IF", "WHILE", "FOR"}
_BOUND = frozenset({"SPAWN", "TEST", "TESTSET"})
_WAITS = {"IF": "EQUAL", "WHILE": "EQUAL", "FOR": "IN"}
_ENDS_VALUE = frozenset(
    {"NAME", "INT", "FLOAT", "STRING", "RAW", "TRUE", "FALSE", "NULL", "RPAR", "RSQB", "RBRACE", "BT_CLOSE"}
)
