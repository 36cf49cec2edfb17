"""The end of an answer: its text and its readings in, the value that is meant and a report of the rest out."""

from __future__ import annotations

from typing import Final

from ..records import replace
from .answer import preamble_of
from .automaton import Automaton
from .extractor import Extractor
from .outcome import Failure, with_notes
from .pieces import Pauses, Pausing, without_pauses
from .readings import Readings
from .report import Entry, Found, Issue, Parsed, ParseFailure, Report, finding, issues_of, refused
from .targets import Target
from .verdict import Choice, rereading

CUT_OFF: Final = Issue("$", "the answer was cut off before its end")


def ending(
    readings: Readings, target: Target, text: str, size: int, *, truncated: bool, strict: bool, pausing: Pausing
) -> Pauses[tuple[Choice, Parsed]]:
    """`size` is that of the whole text, of which no more was kept than may be. Raises `ParseFailure`, also for a
    limit that was hit.
    """
    extractor = readings.extractor
    yield from extractor.finishing()
    _refuse_limits(extractor, text, size)
    choice = yield from rereading(readings.final, target, extractor, text, pausing)
    cut = truncated or (choice.candidate is not None and not choice.candidate.root.done)
    if isinstance(choice.result, Failure):
        raise ParseFailure([*issues_of(choice.result, text), *[CUT_OFF] * cut], text)
    found = yield from finding(with_notes(choice.result, choice.others), text)
    found += _unread(extractor, target)
    issues = refused(found if strict else [item for item in found if item.strict])
    if issues or (strict and cut):
        raise ParseFailure([*issues, *[CUT_OFF] * cut], text)
    report = replace(_report(extractor, choice.candidate, text, found), truncated=cut, reread=choice.reread)
    return choice, Parsed(choice.result.value, report)


def report_so_far(readings: Readings, target: Target, text: str) -> Report:
    """What was lost or changed, while more may come."""
    extractor = readings.extractor
    if not extractor.candidates:
        return _report(extractor, None, text, [])
    candidate = extractor.candidates[0]
    readings.spine.show(candidate.root, target)
    found = without_pauses(finding(readings.spine.notes(candidate.root, target), text))
    return _report(extractor, candidate, text, found + _unread(extractor, target))


def _refuse_limits(extractor: Extractor, text: str, size: int) -> None:
    limits = extractor.limits
    if size > limits.max_chars:
        raise ParseFailure([Issue("$", f"more than {limits.max_chars} characters (max_chars)")], text)
    if any(candidate.too_deep for candidate in extractor.candidates):
        raise ParseFailure([Issue("$", f"nested deeper than {limits.max_depth} (max_depth)")], text)


def _unread(extractor: Extractor, target: Target) -> list[Found]:
    if not extractor.too_many:
        return []
    most = extractor.limits.max_candidates
    reason = f"only the first {most} values were looked at (max_candidates)"
    return [Found(Entry("limit", "$", reason, lossy=True), target.strict)]


def _report(extractor: Extractor, taken: Automaton | None, text: str, found: list[Found]) -> Report:
    before = text[: taken.root.start] if taken is not None else ""
    entries = tuple(item.entry for item in found)
    return Report(entries, preamble=preamble_of(before), reasoning=extractor.reasoning)
