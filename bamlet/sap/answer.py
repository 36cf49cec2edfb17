"""An answer without brackets: what the whole text says as one scalar, and what of it is certain on the way."""

from __future__ import annotations

import re

from ..patterns import pattern
from .escapes import REPLACEMENT, is_half, read_escape
from .nodes import NUMBER, TextNode

_EDGES = " \t\r\n\ufeff\x00\xa0"
_ONE_FENCE = pattern(r"\s*```[\w ]*\n(.*?)\n?[ \t]*```\s*", re.DOTALL)
_KEYWORDS = ("true", "false", "null", "True", "False", "None")
_OPEN_FENCE = pattern(r"(?:\A|\n)[ \t]{0,16}```[\w ]*\s*\Z")
REASONING = pattern(r"<(think|thinking|reasoning)>")
_HALF_TAG = pattern(r"<[a-z]{0,9}\Z")
REASONING_TAGS = ("<think>", "<thinking>", "<reasoning>")
_QUOTED = pattern(rf'[{_EDGES}]*"')
_WHOLE_TOKEN = pattern(r'"[^"\\]*"')


def strip_edges(text: str) -> str:
    return text.strip(_EDGES)


def text_node(text: str) -> TextNode:
    """The whole answer as one scalar: a quoted string, a number, a keyword, or text."""
    if not is_quoted(text):
        text = without_reasoning(text)
        fenced = _ONE_FENCE.fullmatch(text)
        if fenced:
            text = fenced[1]
    simple = strip_edges(text)
    if NUMBER.fullmatch(simple) or simple in _KEYWORDS:
        return TextNode("", simple, done=True)
    if not simple.startswith('"'):
        return TextNode('"', text, done=True)
    told, is_torn = _unquoted(simple)
    node = TextNode('"', told, done=True)
    node.torn = is_torn
    return node


def growing_node(text: str) -> TextNode:
    """How `text_node` begins, whatever may follow: bare and empty while nothing of it is certain."""
    if not is_quoted(text):
        text = _without_open_reasoning(without_reasoning(text))
    simple = text.lstrip(_EDGES)
    if simple.startswith('"'):
        told, _ = _unescaped(simple[1:].rstrip(_EDGES).removesuffix('"'), ended=False)
        return TextNode('"', told)
    # A fence that holds everything is taken away, and one bracketed value is not read as text.
    return TextNode("", "" if simple[:3] in ("`", "``", "```") or simple[:1] in ("{", "[") else text)


def is_quoted(text: str) -> bool:
    return _QUOTED.match(text) is not None


def early_node(text: str) -> TextNode | None:
    """The whole answer as it is most often written, while more could still follow: one quoted token or keyword."""
    simple = strip_edges(text)
    if _WHOLE_TOKEN.fullmatch(simple):
        return TextNode('"', simple[1:-1], done=True)
    return TextNode("", simple, done=True) if simple in ("true", "false", "null") else None


def without_reasoning(text: str) -> str:
    """The text with its closed reasoning blocks cut out."""
    kept: list[str] = []
    at = 0
    for opening in REASONING.finditer(text):
        if opening.start() < at:
            continue
        closing_tag = f"</{opening[1]}>"
        end = text.find(closing_tag, opening.end())
        if end < 0:
            break
        kept.append(text[at : opening.start()])
        at = end + len(closing_tag)
    return "".join(kept) + text[at:] if kept else text


def preamble_of(text: str) -> str:
    """What an answer says before its value: without reasoning, and without the fence that opens the value."""
    return _OPEN_FENCE.sub("", without_reasoning(text)).strip()


def _without_open_reasoning(text: str) -> str:
    """Up to where a reasoning block was opened, or may be just being opened."""
    opening = REASONING.search(text)
    if opening:
        return text[: opening.start()]
    half = _HALF_TAG.search(text)
    return text[: half.start()] if half and any(tag.startswith(half[0]) for tag in REASONING_TAGS) else text


def _unquoted(text: str) -> tuple[str, bool]:
    """Only the first and the last quote are marks: between them, models do not escape what they quote."""
    inside = text[1:]
    if inside.endswith('"') and (len(inside) - len(inside[:-1].rstrip("\\")) - 1) % 2 == 0:
        inside = inside[:-1]
    return _unescaped(inside, ended=True)


def _unescaped(text: str, *, ended: bool) -> tuple[str, bool]:
    """And whether half of a surrogate pair was in it."""
    out: list[str] = []
    at = 0
    is_torn = False
    while (escape := text.find("\\", at)) >= 0:
        out.append(text[at:escape])
        meaning, end = read_escape(text, escape, ended)
        if end == escape:
            return "".join(out), is_torn
        if is_half(meaning):
            meaning, is_torn = REPLACEMENT, True
        out.append(meaning)
        at = end
    return "".join(out) + text[at:] if out else text, is_torn
