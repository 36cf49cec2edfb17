"""The raw reading of model text: what the automaton builds and every later layer looks at.

Nodes only grow. `done` says that the end was seen in the text; a node that the end of the text cut off
never becomes done. They compare by identity, so a memo may be keyed on them. `start` and `end`
are offsets in the answer; a node without an end goes up to where the text ends.
"""

from __future__ import annotations

from typing import Any, Final, TypeAlias

from ..patterns import pattern
from .growing import LONG_TEXT, Texts

_KEYWORDS = {
    "true": True,
    "True": True,
    "false": False,
    "False": False,
    "null": None,
    "None": None,
}
# What stands for the parts of a text that is whole: one list less for each of them.
_NO_PARTS: Final[list[str]] = []
NUMBER = pattern(r"[-+]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?")


class TextNode:
    """A scalar. `quote` is its opening mark: empty for a bare word, three characters for a block.

    `asked` is the scalar type that it was read as first, and `answer` what that gave: for most there is no other.
    `torn` tells that half of a surrogate pair was in it.
    """

    __slots__ = ("_growth", "_text", "answer", "asked", "done", "end", "parts", "quote", "start", "torn")

    height: Final = 0

    def __init__(
        self, quote: str, text: str = "", *, done: bool = False, start: int = 0, end: int | None = None
    ) -> None:
        self.quote = quote
        self.start = start
        self.end = end
        self.done = done
        self.torn = False
        self._text: str | None = None
        self._growth: Texts | None = None
        self.asked: object = None
        self.answer: Any = None
        if done and len(quote) <= 1:
            self.parts = _NO_PARTS
            self._text = text if quote else text.strip()
        else:
            self.parts = [text] if text else []

    def text(self) -> str:
        """What has been read so far. The joined head is kept, so a snapshot joins only what is new."""
        if self._text is not None:
            return self._text
        parts = self.parts
        if len(parts) > 1:
            parts[:] = [self._grown(parts)]
        text = parts[0] if parts else ""
        if not self.quote:
            text = text.strip()
        elif len(self.quote) == 3:
            text = _block_text(text, self.quote) if self.done else _open_block_text(text, self.quote)
        if self.done:
            self._text = text
            self.parts = _NO_PARTS
        return text

    def _grown(self, parts: list[str]) -> str:
        if len(parts[0]) < LONG_TEXT or self.done:
            return "".join(parts)
        if self._growth is None:
            self._growth = Texts()
        return self._growth.grown(parts[0], "".join(parts[1:]))

    def seal(self) -> None:
        """Settle the text of a block that the end of the input cut off."""
        if len(self.quote) == 3:
            self._text = _block_text("".join(self.parts), self.quote)

    def is_null(self) -> bool:
        """Whether this is the bare word for nothing, in JSON's or Python's spelling."""
        return not self.quote and self.text() in ("null", "None")

    def is_python_bool(self) -> bool:
        """Whether this is a bare truth value in Python's spelling."""
        return not self.quote and self.text() in ("True", "False")

    def is_word(self) -> bool:
        """Whether this is text proper: quoted, or bare and neither a number nor a keyword."""
        if self.quote:
            return True
        text = self.text()
        return text not in _KEYWORDS and not NUMBER.fullmatch(text)


class ObjectNode:
    """Keys and values side by side; the last key may still wait for its value.

    `orphans` are the keys for which no value came, the values that no key came for, and the keys that are torn.
    `first_key` is the first that a colon followed, whatever became of it.
    """

    __slots__ = ("cursor", "done", "end", "first_key", "height", "keys", "orphans", "start", "values")

    def __init__(self, start: int = 0) -> None:
        self.start = start
        self.end: int | None = None
        self.keys: list[str] = []
        self.first_key: str | None = None
        self.values: list[Node] = []
        self.orphans: list[Node] | None = None
        self.done = False
        self.height = 1
        self.cursor: Any = None


class ArrayNode:
    __slots__ = ("cursor", "done", "end", "height", "start", "values")

    def __init__(self, start: int = 0) -> None:
        self.start = start
        self.end: int | None = None
        self.values: list[Node] = []
        self.done = False
        self.height = 1
        self.cursor: Any = None


Container: TypeAlias = ObjectNode | ArrayNode
Node: TypeAlias = TextNode | ObjectNode | ArrayNode


def keyword(text: str) -> bool | None:
    """The value of a bare keyword; raises `KeyError` for anything else."""
    return _KEYWORDS[text]


def is_cut(node: Node) -> bool:
    """Whether an open node is the one in which the text ended, not only around it."""
    return isinstance(node, TextNode) or not node.values or node.values[-1].done


def display(node: Node, known: dict[Node, str]) -> str:
    """A reading as one line without quotes: what a `string` gets from an object or a list.

    `known` are the finished parts whose line was made already; this one is put there too.
    """
    made = known.get(node)
    if made is not None:
        return made
    out: list[str] = []
    work: list[Node | str] = [node]
    while work:
        item = work.pop()
        if isinstance(item, str):
            out.append(item)
        elif isinstance(item, TextNode):
            out.append(item.text())
        elif item in known:
            out.append(known[item])
        elif isinstance(item, ArrayNode):
            work.append("]")
            for index in range(len(item.values) - 1, -1, -1):
                work += (item.values[index], ", ") if index else (item.values[index],)
            work.append("[")
        else:
            work.append("}")
            for index in range(len(item.values) - 1, -1, -1):
                work += (item.values[index], f"{', ' if index else ''}{item.keys[index]}: ")
            work.append("{")
    text = "".join(out)
    if node.done:
        known[node] = text
    return text


def describe(node: Node) -> str:
    """A reading as an error message names it."""
    if isinstance(node, ObjectNode):
        return "an object"
    if isinstance(node, ArrayNode):
        return "an empty list" if not node.values else "a list"
    text = node.text()
    if len(text) > 60:
        text = text[:57] + "..."
    return f'string "{text}"' if node.is_word() else text


def _block_text(text: str, quote: str) -> str:
    """A finished block: without the language line of back-ticks, the edges, and the common indentation."""
    if quote == "```" and "\n" in text:
        text = text.partition("\n")[2]
    lines = text.split("\n")
    if len(lines) > 1 and not lines[0].strip():
        lines = lines[1:]
    if len(lines) > 1 and not lines[-1].strip():
        lines = lines[:-1]
    indents = [len(line) - len(line.lstrip()) for line in lines if line.strip()]
    cut = min(indents, default=0)
    return "\n".join(line[cut:] for line in lines)


def _open_block_text(text: str, quote: str) -> str:
    """What of an open block can no longer change: nothing while later lines may move it to the left."""
    if quote == "```":
        text = text.partition("\n")[2]
    if text[:1].isspace():
        return ""
    head, newline, last = text.rpartition("\n")
    return head if newline and not last.strip() else text
