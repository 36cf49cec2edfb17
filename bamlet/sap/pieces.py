"""A long reading coerced piece by piece: a reading and a target in, pauses out, and all parts are remembered.

Between two pauses lies the work of some hundred pairs of a reading and a type, so whoever drives the pieces can
let others have their turn, or stop. What is left to do at the end is to put the parts together.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable
from typing import Final, TypeAlias, TypeVar

from .coerce import Coercer
from .extractor import PIECE, Extractor
from .nodes import Node, TextNode
from .parts import parts_below
from .targets import Target

PAIRS: Final = 256  # of a reading and a target, coerced between two pauses
KNOWN: Final = 2_048  # such pairs that were coerced before, passed over between two pauses

T = TypeVar("T")
Pauses: TypeAlias = Generator[None, None, T]
Pausing: TypeAlias = Callable[[Coercer, Node, Target], Iterable[None]]


def without_pauses(work: Pauses[T]) -> T:
    while True:
        try:
            next(work)
        except StopIteration as end:
            result: T = end.value
            return result


def feeding(extractor: Extractor, text: str) -> Pauses[None]:
    for at in range(0, len(text), PIECE):
        extractor.feed(text[at : at + PIECE])
        yield


def coercing(coercer: Coercer, node: Node, target: Target) -> Pauses[None]:
    """Parts first, and of those only the long ones by their own parts: a short reading is one piece."""
    if is_settled(coercer, node, target):
        return
    longest = coercer.longest_piece(target)
    paused_at = coercer.pairs
    passed = 0
    begun = {(node, target)}
    work = [((node, target), parts_below(node, target, coercer.coerce))]
    while work:
        pair, parts = work[-1]
        for part in parts:
            if part is None or part in begun or coercer.knows(*part):
                passed += 1
                if passed % KNOWN == 0:
                    yield
                continue
            if _size(part[0]) > longest:
                begun.add(part)
                work.append((part, parts_below(*part, coercer.coerce)))
                break
            coercer.coerce(*part)
            if coercer.pairs - paused_at > PAIRS:
                paused_at = coercer.pairs
                yield
        else:
            work.pop()
            yield from coercer.assembling(*pair)
            coercer.coerce(*pair)
            paused_at = coercer.pairs
            yield


def is_settled(coercer: Coercer, node: Node, target: Target) -> bool:
    """Whether coercing the pair is the work of a moment."""
    return _size(node) <= coercer.longest_piece(target) or coercer.knows(node, target)


def at_once(coercer: Coercer, node: Node, target: Target) -> Iterable[None]:
    """For who needs no pauses: there is nothing to do beforehand."""
    return ()


def _size(node: Node) -> int:
    """How long a reading with parts is; one without an end is made of other values."""
    if isinstance(node, TextNode):
        return 0
    return PIECE + 1 if node.end is None else node.end - node.start
