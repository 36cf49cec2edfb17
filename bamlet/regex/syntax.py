"""A regular expression as a tree, in the syntax of Rust's `regex`: no backreferences, no look-around.

`BadPattern` means that it is no pattern there either; `Unsupported`, that only we cannot read it.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from typing import TypeAlias

from ..records import dataclass

Matcher: TypeAlias = Callable[[str], bool]

MAX_REPEAT = 1_000
MAX_DEPTH = 50


class BadPattern(ValueError):
    """Not a regular expression."""


class Unsupported(ValueError):
    """Something that Rust's engine has and this one does not."""


@dataclass(frozen=True, slots=True)
class Char:
    matches: Matcher


@dataclass(frozen=True, slots=True)
class Assertion:
    """`start`, `end`, `line_start`, `line_end`, `word` or `not_word`."""

    name: str


@dataclass(frozen=True, slots=True)
class Sequence:
    parts: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Choice:
    options: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Repeat:
    body: Node
    least: int
    most: int | None


Node: TypeAlias = Char | Assertion | Sequence | Choice | Repeat


def parse(pattern: str) -> Node:
    reader = _Reader(pattern)
    node = reader.choice()
    if reader.peek():
        raise BadPattern("a group that was never opened")
    return node


def is_word(char: str) -> bool:
    return char == "_" or char.isalnum() or unicodedata.category(char)[0] == "M"


class _Reader:
    """Recursive descent over one pattern; `flags` are the inline ones in force: `i`, `m`, `s`."""

    def __init__(self, pattern: str) -> None:
        self.pattern = pattern
        self.position = 0
        self.flags = frozenset[str]()
        self.depth = 0

    def peek(self) -> str:
        return self.pattern[self.position : self.position + 1]

    def take(self) -> str:
        char = self.peek()
        if not char:
            raise BadPattern("the pattern ends too early")
        self.position += 1
        return char

    def accept(self, text: str) -> bool:
        found = self.pattern.startswith(text, self.position)
        self.position += len(text) if found else 0
        return found

    def until(self, end: str) -> str:
        stop = self.pattern.find(end, self.position)
        if stop < 0:
            raise BadPattern(f"{end} is missing")
        text, self.position = self.pattern[self.position : stop], stop + len(end)
        return text

    def choice(self) -> Node:
        options = [self.sequence()]
        while self.accept("|"):
            options.append(self.sequence())
        return options[0] if len(options) == 1 else Choice(tuple(options))

    def sequence(self) -> Node:
        parts = []
        while self.peek() not in ("", "|", ")"):
            parts.append(self.repeated(self.atom()))
        return Sequence(tuple(parts))

    def repeated(self, node: Node) -> Node:
        while True:
            if self.accept("*"):
                node = Repeat(node, 0, None)
            elif self.accept("+"):
                node = Repeat(node, 1, None)
            elif self.accept("?"):
                node = Repeat(node, 0, 1)
            elif self.accept("{"):
                node = Repeat(node, *self.bounds())
            else:
                return node
            self.accept("?")  # lazy or greedy: whether there is a match does not depend on it

    def bounds(self) -> tuple[int, int | None]:
        least, comma, most = (part.strip() for part in self.until("}").partition(","))
        if not least.isdecimal() or (most and not most.isdecimal()):
            raise BadPattern("a repetition without numbers")
        low = int(least)
        high = low if not comma else int(most) if most else None
        if max(low, high or 0) > MAX_REPEAT:
            raise Unsupported(f"a repetition of more than {MAX_REPEAT}")
        if high is not None and high < low:
            raise BadPattern("a repetition that counts down")
        return low, high

    def atom(self) -> Node:
        char = self.take()
        if char == "(":
            return self.group()
        if char == "[":
            return Char(self.fold(self.char_class()))
        if char == "\\":
            return self.escape()
        if char == ".":
            return Char((lambda char: True) if "s" in self.flags else (lambda char: char != "\n"))
        if char == "^":
            return Assertion("line_start" if "m" in self.flags else "start")
        if char == "$":
            return Assertion("line_end" if "m" in self.flags else "end")
        if char in "*+?{":
            raise BadPattern("a repetition of nothing")
        return Char(self.fold(char.__eq__))

    def group(self) -> Node:
        outer, self.depth = self.flags, self.depth + 1
        if self.depth > MAX_DEPTH:
            raise Unsupported(f"more than {MAX_DEPTH} groups in each other")
        if self.accept("?"):
            if self.pattern.startswith(("=", "!", "<=", "<!"), self.position):
                raise BadPattern("look-around")
            if self.accept("P<") or self.accept("<"):
                self.until(">")
            elif self.inline_flags():
                self.depth -= 1
                return Sequence(())
        node = self.choice()
        if not self.accept(")"):
            raise BadPattern("an unclosed group")
        self.flags, self.depth = outer, self.depth - 1
        return node

    def inline_flags(self) -> bool:
        """Read `flags:` or `flags)`. True if the group ends here and the flags hold for what follows."""
        on = True
        while (char := self.take()) not in ":)":
            if char == "-":
                on = False
            elif char in "xUR":
                raise Unsupported(f"the flag {char}")
            elif char not in "imsu":
                raise BadPattern(f"no flag {char}")
            else:
                self.flags = self.flags | {char} if on else self.flags - {char}
        return char == ")"

    def escape(self) -> Node:
        char = self.take()
        assertion = {"b": "word", "B": "not_word", "A": "start", "z": "end"}.get(char)
        if assertion:
            return Assertion(assertion)
        return Char(self.fold(self.escaped_class(char) or self.escaped_char(char).__eq__))

    def escaped_class(self, char: str) -> Matcher | None:
        if char in "pP":
            name = self.until("}") if self.accept("{") else self.take()
            matches, negated = _category(name.removeprefix("^")), (char == "P") != name.startswith("^")
        elif char in "dwsDWS":
            matches, negated = _CLASSES[char.lower()], char.isupper()
        else:
            return None
        return (lambda char: not matches(char)) if negated else matches

    def escaped_char(self, char: str) -> str:
        if char in _ESCAPES:
            return _ESCAPES[char]
        if char in "xuU":
            width = {"x": 2, "u": 4, "U": 8}[char]
            digits = self.until("}") if self.accept("{") else "".join(self.take() for _ in range(width))
            try:
                return chr(int(digits, 16))
            except (ValueError, OverflowError):
                raise BadPattern(f"no character {digits}") from None
        if char.isalnum():
            raise BadPattern(f"no escape \\{char}")
        return char

    def char_class(self) -> Matcher:
        negated = self.accept("^")
        members: list[Matcher] = []
        first = True
        while first or self.peek() != "]":
            members.append(self.class_member())
            first = False
        self.take()
        return lambda char: any(matches(char) for matches in members) != negated

    def class_member(self) -> Matcher:
        if self.accept("[:"):
            name = self.until(":]")
            matches = _POSIX.get(name.removeprefix("^"))
            if matches is None:
                raise BadPattern(f"no class {name}")
            return (lambda char: not matches(char)) if name.startswith("^") else matches
        if self.peek() == "[" or self.pattern.startswith(("&&", "--", "~~"), self.position):
            raise Unsupported("a class inside a class")
        char = self.take()
        if char == "\\":
            char = self.take()
            known = self.escaped_class(char)
            if known:
                return known
            char = self.escaped_char(char)
        if self.peek() == "-" and self.pattern[self.position + 1 : self.position + 2] not in ("]", ""):
            self.take()
            end = self.take()
            end = self.escaped_char(self.take()) if end == "\\" else end
            if end < char:
                raise BadPattern("a range that counts down")
            return lambda tested, low=char, high=end: low <= tested <= high  # type: ignore[misc]
        return char.__eq__

    def fold(self, matches: Matcher) -> Matcher:
        if "i" not in self.flags:
            return matches
        return lambda char: matches(char) or matches(char.lower()) or matches(char.upper())


def _category(name: str) -> Matcher:
    short = _CATEGORIES.get(name, name)
    if short not in _KNOWN_CATEGORIES:
        raise Unsupported(f"the property {name}")
    return lambda char: unicodedata.category(char).startswith(short)


_ESCAPES = {"n": "\n", "r": "\r", "t": "\t", "f": "\f", "v": "\v", "a": "\a"}
_CLASSES: dict[str, Matcher] = {"d": str.isdecimal, "w": is_word, "s": str.isspace}
_CATEGORIES = {
    "Letter": "L",
    "Uppercase": "Lu",
    "Lowercase": "Ll",
    "Number": "N",
    "Punctuation": "P",
    "Symbol": "S",
}
_KNOWN_CATEGORIES = frozenset(
    "L Lu Ll Lt Lm Lo M Mn Mc Me N Nd Nl No P Pc Pd Ps Pe Pi Pf Po S Sm Sc Sk So Z Zs Zl Zp C Cc Cf".split()
)
_POSIX: dict[str, Matcher] = {
    "alnum": lambda char: char.isascii() and char.isalnum(),
    "alpha": lambda char: char.isascii() and char.isalpha(),
    "ascii": str.isascii,
    "blank": lambda char: char in " \t",
    "cntrl": lambda char: char < " " or char == "\x7f",
    "digit": lambda char: "0" <= char <= "9",
    "graph": lambda char: "!" <= char <= "~",
    "lower": lambda char: "a" <= char <= "z",
    "print": lambda char: " " <= char <= "~",
    "punct": lambda char: "!" <= char <= "~" and not char.isalnum(),
    "space": lambda char: char in " \t\n\r\f\v",
    "upper": lambda char: "A" <= char <= "Z",
    "word": lambda char: char.isascii() and is_word(char),
    "xdigit": lambda char: char in "0123456789abcdefABCDEF",
}
