"""The final value: which of the readings of a whole answer is meant, and what became of the rest."""

from __future__ import annotations

import json
from collections.abc import Iterator

from ..records import dataclass, replace
from .answer import strip_edges, text_node
from .automaton import Automaton
from .coerce import Coercer
from .extractor import Extractor
from .nodes import ArrayNode, Node, TextNode
from .outcome import (
    ALL_DEFAULTS,
    EMPTIED,
    FIRST_OF_LIST,
    FROM_TEXT,
    IMPLIED,
    POURED,
    WRAPPED,
    Failure,
    Note,
    Outcome,
    first_issue,
    rank,
)
from .pieces import Pauses, Pausing, feeding
from .policy import OTHERS, USUAL, Policy
from .strictness import is_json
from .targets import EnumTarget, ListTarget, LiteralTarget, ScalarTarget, Target, UnionTarget

_NOT_TAKEN = "another value, of which nothing was taken"
_LOOSE = WRAPPED | EMPTIED | FROM_TEXT | ALL_DEFAULTS | POURED | FIRST_OF_LIST | IMPLIED


@dataclass(frozen=True, slots=True)
class Choice:
    """The reading that was taken, with the candidate it came from, if it came from one. `others` are the values
    of the answer of which nothing was taken.
    """

    node: Node
    result: Outcome | Failure
    candidate: Automaton | None = None
    reread: bool = False
    others: tuple[Note, ...] = ()

    def beats(self, other: Choice) -> bool:
        if isinstance(self.result, Failure):
            return False
        return isinstance(other.result, Failure) or _rank(self.result) < _rank(other.result)


def choosing(
    coercer: Coercer, target: Target, extractor: Extractor, text: str, pausing: Pausing
) -> Pauses[Choice]:
    """The first reading that fits without loss, or else the best one."""
    if is_plain_string(target) or is_text_like(target):
        whole = TextNode('"', text, done=True) if is_plain_string(target) else text_node(text)
        return Choice(whole, coercer.coerce(whole, target))
    best = yield from _best(coercer, target, extractor, text, pausing)
    if best.candidate is None or best.node is not best.candidate.root:
        return best  # the text itself, or all values as one list
    others = yield from _others(best.candidate, coercer, target, extractor, pausing)
    return replace(best, others=tuple(others)) if others else best


def _best(coercer: Coercer, target: Target, extractor: Extractor, text: str, pausing: Pausing) -> Pauses[Choice]:
    choices: list[Choice] = []
    fitting: list[tuple[Outcome, Choice]] = []
    for node, candidate in _readings(target, extractor, text):
        yield from pausing(coercer, node, target)
        result = _without_poured_text(coercer.coerce(node, target), target)
        choices.append(Choice(node, result, candidate))
        if isinstance(result, Outcome):
            if not result.lost and not result.flags & _LOOSE:
                return choices[-1]
            fitting.append((result, choices[-1]))
    return min(fitting, key=lambda pair: _rank(pair[0]))[1] if fitting else choices[0]


def _others(
    taken: Automaton, coercer: Coercer, target: Target, extractor: Extractor, pausing: Pausing
) -> Pauses[list[Note]]:
    """What an answer says before its value need not be meant as one, unless it could be. All after it is."""
    notes: list[Note] = []
    after = False
    for candidate in extractor.candidates:
        if candidate is taken:
            after = True
        elif after:
            notes.append(Note("dropped", _NOT_TAKEN, candidate.root))
        else:
            yield from pausing(coercer, candidate.root, target)
            result = coercer.coerce(candidate.root, target)
            if isinstance(result, Failure):
                notes.append(Note("ignored", f"not the value: {first_issue(result)}", candidate.root))
            else:
                notes.append(Note("dropped", _NOT_TAKEN, candidate.root))
    return notes


def rereading(
    coercer: Coercer, target: Target, extractor: Extractor, text: str, pausing: Pausing
) -> Pauses[Choice]:
    """What `choosing` gives, or a better value by another policy where one could make a difference."""
    best = yield from choosing(coercer, target, extractor, text, pausing)
    if extractor.is_exact and not (yield from is_json(best.node, text)):
        usual = yield from _read_again(extractor, USUAL, text)
        choice = yield from rereading(coercer, target, usual, text, pausing)
        return replace(choice, reread=True)
    for policy in _other_policies(best, extractor):
        other = yield from _read_again(extractor, policy, text)
        choice = yield from choosing(coercer, target, other, text, pausing)
        if choice.beats(best):
            best = replace(choice, reread=True)
    return best


def _read_again(extractor: Extractor, policy: Policy, text: str) -> Pauses[Extractor]:
    other = extractor.again(policy)
    yield from feeding(other, text)
    yield from other.finishing()
    return other


def _other_policies(best: Choice, extractor: Extractor) -> Iterator[Policy]:
    candidates = extractor.candidates
    if best.candidate.suspect if best.candidate is not None else any(c.suspect for c in candidates):
        yield from OTHERS
    # A `[` that never closed may be prose that swallowed the value after it.
    if isinstance(best.result, Failure) and candidates:
        last = candidates[-1].root
        if isinstance(last, ArrayNode) and not last.done:
            yield Policy(prose=len(candidates) - 1)


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
    if any(isinstance(candidate.root, ArrayNode) for candidate in candidates):
        return None
    node = ArrayNode()
    node.values = [candidate.root for candidate in candidates]
    node.height = 1 + max(candidate.root.height for candidate in candidates)
    node.start, node.end = candidates[0].root.start, candidates[-1].root.end
    node.done = all(candidate.root.done for candidate in candidates)
    return node


def _is_json_string(text: str) -> bool:
    text = strip_edges(text)
    if text[:1] != '"' or text[-1:] != '"':
        return False
    try:
        return isinstance(json.loads(text), str)
    except ValueError:
        return False


def _readings(target: Target, extractor: Extractor, text: str) -> Iterator[tuple[Node, Automaton | None]]:
    """Each bracketed value, then all of them as one list, then the text itself unless it is one value."""
    if _is_json_string(text):
        yield text_node(text), None
        return
    for candidate in extractor.candidates:
        yield candidate.root, candidate
    together = loose_items(target, extractor)
    if together is not None:
        yield together, extractor.candidates[-1]
    if not _is_one_candidate(extractor, text):
        yield text_node(text), None


def _without_poured_text(result: Outcome | Failure, target: Target) -> Outcome | Failure:
    """A class of one field that took a bare string as a whole means that there was no object."""
    if isinstance(result, Outcome) and result.flags & FROM_TEXT:
        return Failure(f"expected {target.name}, got only text")
    return result


def _is_one_candidate(extractor: Extractor, text: str) -> bool:
    if len(extractor.candidates) != 1:
        return False
    text = strip_edges(text)
    return text[:1] in "{[" and (text[-1:] in "]}" or not extractor.candidates[0].closed)


def _rank(result: Outcome) -> tuple[int, ...]:
    """Null for something that was said comes last, however much others lose."""
    is_nothing = result.value is None and result.lost > 0
    return (is_nothing, result.flags & WRAPPED, result.flags & EMPTIED, *rank(result))
