"""A value while its text arrives: deltas in, snapshots and at last the parsed value out.

Feeding costs what is new. A snapshot costs the open path of the value plus a copy of each open list; what
is finished is the same object in every later snapshot.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from ..types.schema import Schemas
from ..types.ty import Ty
from .coerce import Coercer, Factory, Holds
from .commitment import HIDDEN, flat, growing, open_text
from .extractor import Extractor
from .limits import DEFAULT_LIMITS, Limits
from .nodes import ArrayNode, Container, ObjectNode, TextNode
from .report import Entry, Failure, Issue, Outcome, Parsed, ParseFailure, Report, entries_of, issues_of
from .spine import Spine, begun
from .targets import ClassTarget, ListTarget, MapTarget, Target, Targets, UnionTarget, takes_scalars
from .verdict import choose, is_plain_string, is_text_like, loose_items


class Nothing:
    """The type of `NOTHING`: there is no partial value to show."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "NOTHING"


NOTHING: Final = Nothing()


def parse(
    text: str,
    ty: Ty,
    schemas: Schemas,
    factory: Factory,
    *,
    holds: Holds | None = None,
    limits: Limits = DEFAULT_LIMITS,
    truncated: bool = False,
    strict: bool = False,
) -> Parsed:
    """The value that a whole answer means. Raises `ParseFailure`.

    `holds` evaluates a constraint on a value; a `ValueError` from it is a failed check. `truncated` says that
    the answer is known to be cut off. With `strict`, a value that was dropped or cut off is a failure.
    """
    parser = PartialParser(ty, schemas, factory, holds=holds, limits=limits)
    parser.feed(text)
    return parser.finish(truncated=truncated, strict=strict)


class PartialParser:
    """Fed with text as it arrives; `partial` at any time, `finish` once."""

    def __init__(
        self,
        ty: Ty,
        schemas: Schemas,
        factory: Factory,
        *,
        holds: Holds | None = None,
        limits: Limits = DEFAULT_LIMITS,
    ) -> None:
        self._target = Targets(schemas).target(ty)
        self._factory = factory
        self._limits = limits
        self._final = Coercer(factory, holds)
        self._coercer = Coercer(factory, holds, self._final)
        self._spine = Spine(self._coercer, factory)
        self._extractor = Extractor(
            scalars_in_lists=takes_scalars(self._target),
            max_depth=limits.max_depth,
            max_candidates=limits.max_candidates,
        )
        self._text = TextNode('"')
        self._size = 0
        self._is_text = is_plain_string(self._target) or is_text_like(self._target)
        self._loose = ArrayNode()
        self._shown: object = NOTHING
        self._stale = True

    def feed(self, text: str) -> bool:
        """Take in more text. Whether what `partial` gives may have changed."""
        self._size += len(text)
        if self._size > self._limits.max_chars:
            return False
        self._text.parts.append(text)
        changed = self._is_text or self._extractor.feed(text) or self._no_candidate_yet()
        self._stale = self._stale or changed
        return changed

    def partial(self) -> object:
        """The value as far as it goes, or `NOTHING`. A snapshot: it never changes afterwards."""
        if self._stale:
            self._stale = False
            value = self._show()
            self._shown = NOTHING if value is HIDDEN or value is NOTHING else self._with_state(value)
        return self._shown

    def finish(self, *, truncated: bool = False, strict: bool = False) -> Parsed:
        """The value of the whole text. Raises `ParseFailure`, also for a limit that was hit."""
        text = self._text.text()
        self._extractor.finish()
        self._refuse_limits(text)
        choice = choose(self._final, self._target, self._extractor, text)
        if type(choice.result) is Failure:
            raise ParseFailure(issues_of(choice.result), text)
        assert type(choice.result) is Outcome
        entries = entries_of(choice.result)
        if self._extractor.too_many:
            reason = f"only the first {self._limits.max_candidates} values were looked at (max_candidates)"
            entries.append(Entry("limit", "$", reason))
        cut = truncated or (choice.candidate is not None and not choice.candidate.root.done)
        report = Report(tuple(entries), cut)
        if strict and (cut or report.dropped):
            issues = [Issue(entry.path, f"{entry.reason} (strict)") for entry in report.dropped]
            raise ParseFailure(issues or [Issue("$", "the answer was cut off (strict)")], text)
        return Parsed(choice.result.value, report)

    def _refuse_limits(self, text: str) -> None:
        limits = self._limits
        if self._size > limits.max_chars:
            raise ParseFailure([Issue("$", f"more than {limits.max_chars} characters (max_chars)")], text)
        if any(candidate.too_deep for candidate in self._extractor.candidates):
            raise ParseFailure([Issue("$", f"nested deeper than {limits.max_depth} (max_depth)")], text)

    def _no_candidate_yet(self) -> bool:
        return isinstance(self._target, UnionTarget) and not self._extractor.candidates

    def _show(self) -> object:
        target = self._target
        if self._is_text:
            return self._text.text() if is_plain_string(target) and not target.done else NOTHING
        failed: object = HIDDEN
        for root in self._roots():
            value = self._spine.show(root, target)
            if value is not HIDDEN and (failed is HIDDEN or begun(root)):
                return value
            if failed is HIDDEN and root.done:
                # What was shown of a value that failed at its end stays until a better one begins.
                failed = self._spine.show_open(root, target)
        return failed if failed is not HIDDEN else self._before_anything()

    def _roots(self) -> list[Container]:
        """The readings to show, best first: a list of loose objects stands behind any real list."""
        roots: list[Container] = [candidate.root for candidate in self._extractor.candidates]
        if not isinstance(self._target, ListTarget):
            return roots
        lists = [root for root in roots if type(root) is ArrayNode]
        self._loose.values = [root for root in roots if type(root) is ObjectNode]
        return [*lists, self._loose]

    def _before_anything(self) -> object:
        target = self._target
        if isinstance(target, ClassTarget):
            value = self._spine.show(ObjectNode(), target)
            return NOTHING if value is HIDDEN else value
        if isinstance(target, ListTarget | MapTarget):
            return target.empty()
        return self._growing_text()

    def _growing_text(self) -> object:
        """A union of scalars with a string among them shows its text."""
        target = self._target
        if not isinstance(target, UnionTarget) or any(
            isinstance(variant, ClassTarget | ListTarget | MapTarget) for variant in flat(target)
        ):
            return NOTHING
        text = self._text.text()
        # A quoted answer ends up without its quotes, a fenced one without its fence.
        if open_text(self._text, target) is HIDDEN or text.lstrip()[:1] in ('"', "`", "<"):
            return NOTHING
        value = growing(text)
        return NOTHING if value is HIDDEN else value

    def _with_state(self, value: object) -> object:
        return self._factory.with_state(value, "Incomplete") if self._target.with_state else value
