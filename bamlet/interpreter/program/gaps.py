"""Diagnostics of items of which a part could not be read: those that tell something of the parts that were."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from ...diagnostics import Code, Diagnostic, catalogue
from ...grammar import Gap
from ...patterns import pattern

# Where one part says what the other may be: a guard in what is missing narrows what comes behind it.
_OF_THE_WAY_THERE = frozenset(
    {
        catalogue.TYPE_MISMATCH,
        catalogue.INVALID_OPERATOR,
        catalogue.UNKNOWN_FIELD,
        catalogue.NOT_CALLABLE,
        catalogue.NOT_INDEXABLE,
        catalogue.UNREACHABLE_ARM,
        catalogue.UNDECLARED_THROW,
    }
)
# What a function with a gap throws is not known to the others either.
_OF_OTHERS = frozenset({catalogue.UNREACHABLE_CATCH_ARM, catalogue.SUPERFLUOUS_THROWS})
_WORD = pattern(r"[A-Za-z_][\w-]*")
_CONTROL = pattern(
    r"[{}]|\b(?:if|else|match|for|while|return|throw|break|continue|catch|catch_all|catch_all_panics|defer)\b"
)


def independent(found: Iterable[Diagnostic], gaps: Sequence[Gap]) -> Iterator[Diagnostic]:
    """The diagnostics but for those that may be a consequence of a gap."""
    for diagnostic in found:
        gap = next((gap for gap in gaps if _is_inside(diagnostic, gap)), None)
        if gap is None:
            if not (gaps and diagnostic.code in _OF_OTHERS):
                yield diagnostic
        elif not _may_come_of(diagnostic.code, diagnostic, gap):
            yield diagnostic


def _is_inside(diagnostic: Diagnostic, gap: Gap) -> bool:
    span = diagnostic.span
    return span.file.name == gap.file and gap.start <= span.start < gap.end


def _may_come_of(code: Code, diagnostic: Diagnostic, gap: Gap) -> bool:
    if code.follows_a_gap:
        return True
    if code in _OF_THE_WAY_THERE and (gap.is_last or _CONTROL.search(gap.text)):
        return True
    named = diagnostic.span.file.text[diagnostic.span.start : diagnostic.span.end]
    return code is catalogue.UNKNOWN_NAME and not set(_WORD.findall(gap.text)).isdisjoint(_WORD.findall(named))
