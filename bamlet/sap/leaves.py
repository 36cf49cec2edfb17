"""A scalar reading as a scalar of a type."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Final

from ..patterns import pattern
from .escapes import TORN
from .nodes import NUMBER, Container, Node, TextNode, describe, display, keyword
from .outcome import INEXACT, POURED, Failure, Note, Notes, Outcome, Result
from .scalars import MAX_DIGITS, Numeral, bool_in_text, float_of, not_finite, number_in_text
from .targets import Target
from .words import Match, Tie, Words


class Shown(Outcome):
    """An object or a list as a text, which is made when somebody takes it: in a union hardly anybody does.

    `texts` are those made already, so that a text inside another one is made once.
    """

    __slots__ = ("_node", "_texts")

    def __init__(self, node: Container, texts: dict[Node, str]) -> None:
        self._node = node
        self._texts = texts
        self.points = 2
        self.lost = 1
        self.flags = INEXACT | POURED
        self.notes = [(None, Note("coerced", f"{describe(node)} shown as text", node, lossy=True))]

    @property
    def value(self) -> object:  # type: ignore[override]
        return display(self._node, self._texts)

    def copied(self) -> Outcome:
        return Shown(self._node, self._texts)


def string_of(node: TextNode) -> Result:
    text = node.text()
    if node.torn:
        return Outcome(text, notes=[(None, Note("coerced", TORN, node, lossy=True))])
    if node.quote:
        return Outcome(text)
    if text == "null":
        return Failure("expected string, got null", node=node)
    return Outcome(text) if node.is_word() else Outcome(text, 1, 0, INEXACT)


MAX_WORD_IN_BRACKETS: Final = 256  # characters of an object or a list in which a word is looked for


_SHORT_INT = pattern("-?[1-9][0-9]{0,17}|0")


def _int(target: Target, node: TextNode) -> Result:
    text = node.text()
    if _SHORT_INT.fullmatch(text):  # nearly all are, and nothing more is to be found out of it
        return Outcome(int(text), 0, 0, INEXACT if node.quote else 0)
    number = number_in_text(text)
    if number is None or node.is_null():
        return mismatch(target, node)
    value = number.rounded()
    notes = _around(value, number, node)
    if not number.is_whole:
        notes.append((None, Note("coerced", f"rounded to {value}", node, lossy=True)))
    if notes:
        return Outcome(value, 1, 1, INEXACT, notes)
    if text.lstrip("+-").isdigit():
        return Outcome(value, 0, 0, INEXACT if node.quote else 0)
    return Outcome(value, 1, 0, INEXACT)


def _float(target: Target, node: TextNode) -> Result:
    text = node.text()
    if NUMBER.fullmatch(text) and (len(text) <= MAX_DIGITS or not text.isdigit()):
        value, loss = float_of(text)
        if loss is not None:
            return Outcome(value, 1, 1, INEXACT, [(None, Note("coerced", loss, node, lossy=True))])
        return Outcome(value, 0, 0, INEXACT if node.quote else 0)
    word = not_finite(text)
    if word is not None:
        return Outcome(word, 0, 0, INEXACT)
    number = number_in_text(text)
    if number is None or node.is_null():
        return mismatch(target, node)
    value = number.nearest()
    if notes := _around(value, number, node):
        return Outcome(value, 1, 1, INEXACT, notes)
    return Outcome(value, 0, 0, INEXACT)


def _around(value: float, number: Numeral, node: TextNode) -> Notes:
    """What the text says besides the number, first what makes another number of it."""
    notes: Notes = []
    if number.doubt is not None:
        notes.append((None, Note("coerced", f"{number.doubt}: read as {value}", node, lossy=True)))
    elif isinstance(value, float) and math.isinf(value):
        notes.append((None, Note("coerced", f"too large for a float: read as {value}", node, lossy=True)))
    if number.partial:
        notes.append((None, Note("ignored", f"text around {value}", node)))
    return notes


def _bool(target: Target, node: TextNode) -> Result:
    text = node.text()
    if not node.is_word():
        value = None if node.is_null() or text not in ("true", "True", "false", "False") else keyword(text)
        return Outcome(value) if value is not None else mismatch(target, node)
    said = bool_in_text(text)
    if said is None:
        return mismatch(target, node)
    return Outcome(said, 1, 0, INEXACT) if len(text.strip()) <= 5 else _partial_text(said, node)


def _partial_text(value: object, node: TextNode) -> Outcome:
    return Outcome(value, 1, 1, INEXACT, [(None, Note("ignored", f"text around {value}", node))])


def word_of(target: Target, words: Words, node: Node, texts: dict[Node, str]) -> Result:
    if isinstance(node, TextNode):
        if node.is_null():
            return mismatch(target, node)
        text = node.text()
    elif node.end is None or node.end - node.start <= MAX_WORD_IN_BRACKETS:
        text = display(node, texts)
    else:
        return mismatch(target, node)
    found = words.find(text)
    if type(found) is Match:
        lost = 1 if found.partial else 0
        flags = INEXACT if found.points else 0
        if not isinstance(node, TextNode):
            found = Match(found.name, found.points + 2, found.partial)
            flags = INEXACT | POURED
        notes: Notes | None = None
        if found.partial:
            notes = [(None, Note("ignored", f"text around {found.name}", node))]
        return Outcome(found.name, found.points, lost, flags, notes)
    if type(found) is Tie:
        hits = ", ".join(f"{name} ({count} times)" for name, count in found.hits)
        return Failure(f"expected one {target.name}, got {hits}", node=node)
    return mismatch(target, node)


def mismatch(target: Target, node: Node) -> Failure:
    return Failure(f"expected {target.name}, got {describe(node)}", node=node)


SCALARS: Final[dict[str, Callable[[Target, TextNode], Result]]] = {"int": _int, "float": _float, "bool": _bool}
