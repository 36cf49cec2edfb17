"""The final value: which of the readings of a whole answer is meant, and what became of the rest."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass

from .automaton import Automaton
from .coerce import (
    ALL_DEFAULTS,
    EMPTIED,
    FIRST_OF_LIST,
    FROM_TEXT,
    POURED,
    WRAPPED,
    Coercer,
    rank,
)
from .extractor import Extractor, without_reasoning
from .nodes import NUMBER, ArrayNode, TextNode
from .report import Failure, Outcome
from .targets import EnumTarget, ListTarget, LiteralTarget, ScalarTarget, Target, UnionTarget

_LOOSE = WRAPPED | EMPTIED | FROM_TEXT | ALL_DEFAULTS | POURED | FIRST_OF_LIST
_EDGES = " \t\r\n\ufeff\x00\xa0"
_ONE_FENCE = re.compile(r"\s*```[\w ]*\n(.*?)\n?[ \t]*```\s*", re.DOTALL)
_KEYWORDS = ("true", "false", "null", "True", "False", "None")


@dataclass(frozen=True, slots=True)
class Choice:
    """The reading that was taken, with the candidate it came from, if it came from one."""

    result: Outcome | Failure
    candidate: Automaton | None = None


def choose(coercer: Coercer, target: Target, extractor: Extractor, text: str) -> Choice:
    """The first reading that fits without loss, or else the best one."""
    if is_plain_string(target) or is_text_like(target):
        whole = TextNode('"', text, done=True) if is_plain_string(target) else text_node(text)
        return Choice(coercer.coerce(whole, target))
    choices = [Choice(_without_poured_text(coercer.coerce(c.root, target), target), c) for c in extractor.candidates]
    together = loose_items(target, extractor)
    if together is not None:
        choices.append(Choice(coercer.coerce(together, target), extractor.candidates[-1]))
    if not _is_one_candidate(extractor, text):
        choices.append(Choice(_without_poured_text(coercer.coerce(text_node(text), target), target)))
    fitting = [choice for choice in choices if type(choice.result) is Outcome]
    for choice in fitting:
        if type(choice.result) is Outcome and not choice.result.lost and not choice.result.flags & _LOOSE:
            return choice
    return min(fitting, key=_rank) if fitting else choices[0]


def is_plain_string(target: Target) -> bool:
    return isinstance(target, ScalarTarget) and target.kind == "string"


def is_text_like(target: Target) -> bool:
    """Whether the whole text is matched against a closed set of words."""
    if isinstance(target, UnionTarget):
        return all(map(is_text_like, target.variants))
    return isinstance(target, EnumTarget) or (isinstance(target, LiteralTarget) and isinstance(target.value, str))


def loose_items(target: Target, extractor: Extractor) -> ArrayNode | None:
    """Several objects one after the other, for a list that nobody put brackets around."""
    candidates = extractor.candidates
    if not isinstance(target, ListTarget) or len(candidates) < 2:
        return None
    if any(type(candidate.root) is ArrayNode for candidate in candidates):
        return None
    node = ArrayNode()
    node.values = [candidate.root for candidate in candidates]
    node.height = 1 + max(candidate.root.height for candidate in candidates)
    return node


def text_node(text: str) -> TextNode:
    """The whole answer as one scalar: a JSON string, a number, a keyword, or text."""
    text = without_reasoning(text)
    fenced = _ONE_FENCE.fullmatch(text)
    if fenced:
        text = fenced[1]
    simple = text.strip(_EDGES)
    if NUMBER.fullmatch(simple) or simple in _KEYWORDS:
        return TextNode("", simple, done=True)
    if simple[:1] == '"' and simple[-1:] == '"':
        try:
            unquoted = json.loads(simple)
        except ValueError:
            return TextNode('"', text, done=True)
        return TextNode('"', unquoted, done=True)
    return TextNode('"', text, done=True)


def _without_poured_text(result: Outcome | Failure, target: Target) -> Outcome | Failure:
    """A class of one field that took a bare string as a whole means that there was no object."""
    if type(result) is Outcome and result.flags & FROM_TEXT:
        return Failure(f"expected {target.name}, got only text")
    return result


def _is_one_candidate(extractor: Extractor, text: str) -> bool:
    if len(extractor.candidates) != 1:
        return False
    text = text.strip(_EDGES)
    return text[:1] in "{[" and (text[-1:] in "]}" or not extractor.candidates[0].closed)


def _rank(choice: Choice) -> tuple[int, ...]:
    result = choice.result
    assert type(result) is Outcome
    return (result.flags & WRAPPED, result.flags & EMPTIED, *rank(result))
