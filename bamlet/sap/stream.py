"""A value while its text arrives: deltas in, snapshots and at last the parsed value out.

Feeding costs what is new. A snapshot costs the open path of the value plus a copy of each open list; what
is finished is the same object in every later snapshot.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from io import StringIO
from typing import Final, Literal

from ..types.nothing import NOTHING
from ..types.schema import Schemas
from ..types.ty import Ty
from .answer import preamble_of
from .automaton import Automaton
from .coerce import Coercer
from .commitment import EARLY_SIZE, HIDDEN, early_value, growing_answer, is_scalar, is_scalar_or_string
from .constraints import Holds
from .extractor import Extractor
from .factory import Factory, State
from .limits import DEFAULT_LIMITS, Limits
from .nodes import ArrayNode, Container, Node, ObjectNode
from .outcome import Failure, Outcome, with_notes
from .pieces import PIECE, Pauses, Pausing, at_once, coercing, without_pauses
from .report import Entry, Found, Issue, Parsed, ParseFailure, Report, found_in, issues_of, refused
from .spine import Chain, Spine, begun
from .targets import ClassTarget, ListTarget, MapTarget, only_class, takes_scalars, targets_of
from .verdict import Choice, is_plain_string, is_text_like, rereading

CUT_OFF: Final = Issue("$", "the answer was cut off before its end")


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
    the answer is known to be cut off. With `strict`, whatever the value would lose is a failure.
    """
    parser = PartialParser(ty, schemas, factory, holds=holds, limits=limits)
    parser.feed(text)
    return parser.finish(truncated=truncated, strict=strict)


class Showing:
    """A partial value, the reading it is taken from once that says something, and what of it is open. A text or a
    word that is no part of a reading `is_all_said`.
    """

    __slots__ = ("chain", "is_all_said", "root", "state", "value")

    def __init__(
        self,
        value: object,
        state: State = "Pending",
        root: Node | None = None,
        chain: Chain | None = None,
        *,
        is_all_said: bool = False,
    ) -> None:
        self.value = value
        self.state = state
        self.root = root
        self.chain = chain
        self.is_all_said = is_all_said


class PartialParser:
    """Fed with text as it arrives; `partial` at any time, `finish` once, and then `partial` for the last time.

    `replaced` tells that the latest partial does not continue the one before it: another value of the answer took
    its place, or what was shown of one turned out to be something else. `era` counts how often that was so.

    With `skeleton` a partial has every field from the start, and nothing hides it: stream attributes do not count,
    and what has not begun is null.
    """

    def __init__(
        self,
        ty: Ty,
        schemas: Schemas,
        factory: Factory,
        *,
        holds: Holds | None = None,
        limits: Limits = DEFAULT_LIMITS,
        skeleton: bool = False,
    ) -> None:
        target = self._target = targets_of(schemas, plain=skeleton).target(ty)
        self._skeleton = skeleton
        self._factory = factory
        self._limits = limits
        self._final = Coercer(factory, holds)
        self._coercer = Coercer(factory, holds, self._final)
        self._spine = Spine(self._coercer, factory, skeleton=skeleton)
        self._extractor = Extractor(limits, scalars_in_lists=takes_scalars(target))
        self._text = StringIO()
        self._size = 0
        self._is_string = is_plain_string(target)
        self._brackets_matter = not (self._is_string or is_text_like(target))
        self._text_is_shown = not target.done and (self._is_string or is_scalar_or_string(target))
        self._early = not self._text_is_shown and (target.optional or is_scalar(target))
        self._loose = ArrayNode()
        self._last_shown = Showing(HIDDEN)
        self.replaced = False
        self.era = 0
        self._chosen: Choice | None = None
        self._report: Report | None = None
        self._bare: tuple[object, State] = (NOTHING, "Pending")
        self._shown: object = NOTHING
        self._stale = True

    def feed(self, text: str) -> bool:
        """Take in more text. Whether what `partial` gives may have changed."""
        self._size += len(text)
        if self._size > self._limits.max_chars:
            return False
        self._text.write(text)
        changed = (self._brackets_matter and self._extractor.feed(text)) or self._text_is_shown
        if self._early and self._size - len(text) <= EARLY_SIZE:
            changed = True
        if changed:
            self._stale = True
        return changed

    def partial(self) -> object:
        """The value as far as it goes, or `NOTHING`. A snapshot: it never changes afterwards."""
        if self._stale:
            self._take(self._show() if self._chosen is None else self._last(self._chosen))
        return self._shown

    def _take(self, new: Showing) -> None:
        """Keep what is to be shown; the same value in the same state stays the same object."""
        last = self._last_shown
        self._stale = False
        self.replaced = self._is_taken_back(last, new) or (last.root is not None and new.root is not last.root)
        self.era += self.replaced
        # What was shown counts as shown while nothing else is. A skeleton shows that, too.
        is_shown = new.value is not HIDDEN or self._skeleton
        if is_shown:
            self._last_shown = new
        else:
            last.root = new.root
        if new.value is not self._bare[0] or new.state != self._bare[1]:
            self._bare = (new.value, new.state)
            if new.value is HIDDEN:
                self._shown = None if self._skeleton else NOTHING
            else:
                with_state = self._target.with_state
                self._shown = self._factory.with_state(new.value, new.state) if with_state else new.value

    def _is_taken_back(self, last: Showing, new: Showing) -> bool:
        """Whether what was shown did not become the new value: a text or word of its own, or a part of a value."""
        is_shown = new.value is not HIDDEN or self._skeleton
        if last.is_all_said and is_shown and not _continues(last.value, new.value):
            return True
        choice = self._chosen
        if choice is not None and choice.reread and (last.chain or last.is_all_said):
            return True
        return last.chain is not None and self._spine.is_taken_back(last.chain, ended=choice is not None)

    def feeding(self, text: str) -> Pauses[None]:
        """`feed` for a long text, with pauses."""
        for at in range(0, len(text), PIECE):
            self.feed(text[at : at + PIECE])
            yield

    def finish(self, *, truncated: bool = False, strict: bool = False) -> Parsed:
        """The value of the whole text. Raises `ParseFailure`, also for a limit that was hit."""
        return without_pauses(self._finish(truncated, strict, at_once))

    def finishing(self, *, truncated: bool = False, strict: bool = False) -> Pauses[Parsed]:
        """The same with pauses, between which others may have their turn."""
        return self._finish(truncated, strict, coercing)

    def _finish(self, truncated: bool, strict: bool, pausing: Pausing) -> Pauses[Parsed]:
        self._stale = False  # what was shown stays, if there is no final value
        text = self._text.getvalue()
        yield from self._extractor.finishing()
        self._refuse_limits(text)
        choice = yield from rereading(self._final, self._target, self._extractor, text, pausing)
        cut = truncated or (choice.candidate is not None and not choice.candidate.root.done)
        if isinstance(choice.result, Failure):
            raise ParseFailure([*issues_of(choice.result, text), *[CUT_OFF] * cut], text)
        found = found_in(with_notes(choice.result, choice.others), text)
        if self._extractor.too_many:
            found.append(self._too_many())
        issues = refused(found if strict else [item for item in found if item.strict])
        if issues or (strict and cut):
            raise ParseFailure([*issues, *[CUT_OFF] * cut], text)
        self._chosen = choice
        self._stale = True
        entries = tuple(item.entry for item in found)
        self._report = replace(self._report_of(choice.candidate, entries), truncated=cut, reread=choice.reread)
        return Parsed(choice.result.value, self._report)

    def settling(self) -> Pauses[None]:
        """After `finishing`: make the last partial, with pauses."""
        if self._chosen is not None:
            yield from coercing(self._coercer, self._chosen.node, self._target)
            self.partial()

    def _too_many(self) -> Found:
        reason = f"only the first {self._limits.max_candidates} values were looked at (max_candidates)"
        return Found(Entry("limit", "$", reason, lossy=True), self._target.strict)

    def _last(self, choice: Choice) -> Showing:
        """The last partial is the final value, in the types of a stream."""
        result = self._coercer.coerce(choice.node, self._target)
        assert isinstance(result, Outcome), "what a whole answer means, a stream can show"
        on_show = self._last_shown.root
        is_loose = on_show is self._loose and choice.node.start == self._loose.start
        return Showing(result.value, "Complete", self._loose if is_loose else choice.node)

    def report(self) -> Report:
        """What was lost or changed so far; after `finish`, what it returned."""
        if self._report is not None:
            return self._report
        for candidate in self._extractor.candidates:
            self._spine.show(candidate.root, self._target)
            found = found_in(self._spine.notes(candidate.root, self._target), self._text.getvalue())
            if self._extractor.too_many:
                found.append(self._too_many())
            return self._report_of(candidate, tuple(item.entry for item in found))
        return self._report_of(None, ())

    def _report_of(self, candidate: Automaton | None, entries: tuple[Entry, ...]) -> Report:
        before = self._text.getvalue()[: candidate.root.start] if candidate is not None else ""
        return Report(entries, preamble=preamble_of(before), reasoning=self.reasoning)

    @property
    def state(self) -> Literal["pending", "partial", "complete"]:
        """Whether the value has begun, and whether it is final."""
        if self._report is not None:
            return "complete"
        shown = self.partial()
        if self._last_shown.root is not None or (self._text_is_shown and self._size and shown is not NOTHING):
            return "partial"
        return "pending"

    def finished(self, path: Iterable[str]) -> int | None:
        """How many items of the list at a path of field names are finished; None when all it has are."""
        self.partial()
        return self._spine.finished(self._last_shown.root, path) if self._last_shown.root is not None else None

    @property
    def reasoning(self) -> str:
        """What the model has thought so far, in a block of its own in the answer."""
        return self._extractor.reasoning

    def _refuse_limits(self, text: str) -> None:
        limits = self._limits
        if self._size > limits.max_chars:
            raise ParseFailure([Issue("$", f"more than {limits.max_chars} characters (max_chars)")], text)
        if any(candidate.too_deep for candidate in self._extractor.candidates):
            raise ParseFailure([Issue("$", f"nested deeper than {limits.max_depth} (max_depth)")], text)

    def _show(self) -> Showing:
        """What can be shown, its state, and the reading that it is taken from, once it says something."""
        target = self._target
        begun_state: State = "Incomplete" if self._size else "Pending"
        if self._is_string:
            shown = self._spine.unchecked(target, self._text.getvalue())
            return Showing(HIDDEN if target.done else shown, begun_state)
        if self._text_is_shown:
            # Only an answer that is nothing but one bracketed value can mean something else than its text.
            growing = growing_answer(self._text.getvalue(), target)
            return Showing(growing, begun_state, is_all_said=growing is not HIDDEN)
        failed: Showing | None = None
        for root in self._roots():
            value = self._spine.show(root, target)
            if root.done and isinstance(self._final.coerce(root, target), Failure):
                value = HIDDEN
            if value is not HIDDEN and (failed is None or begun(root)):
                state: State = "Complete" if root.done else "Incomplete"
                return Showing(value, state, root if begun(root) else None, self._spine.chain)
            if failed is None and root.done:
                # What was shown of a value that failed at its end stays until a better one begins.
                value = self._spine.show_open(root, target)
                failed = Showing(value, "Incomplete", root, self._spine.chain) if value is not HIDDEN else None
        return failed or self._before_anything()

    def _roots(self) -> list[Container]:
        """The readings to show, best first: a list of loose objects stands behind any real list."""
        roots: list[Container] = [candidate.root for candidate in self._extractor.candidates]
        if not isinstance(self._target, ListTarget) or (len(roots) == 1 and type(roots[0]) is ArrayNode):
            return roots
        lists = [root for root in roots if isinstance(root, ArrayNode)]
        self._loose.values = [root for root in roots if isinstance(root, ObjectNode)]
        self._loose.start = roots[0].start if roots else 0
        return [*lists, self._loose] if self._loose.values else [*lists]

    def _before_anything(self) -> Showing:
        target = self._target
        if isinstance(target, ListTarget | MapTarget):
            return Showing(target.empty())
        early = self._early_answer()
        if isinstance(only_class(target), ClassTarget) and (early is HIDDEN or self._skeleton):
            return Showing(self._spine.show(ObjectNode(), target))
        return Showing(early, is_all_said=early is not HIDDEN)

    def _early_answer(self) -> object:
        if not self._early or self._size > EARLY_SIZE:
            return HIDDEN
        return early_value(self._text.getvalue(), self._target, self._coercer)


def _continues(said: object, value: object) -> bool:
    """Whether a text only grew, and any other word of its own stayed. Null is nothing yet."""
    if isinstance(said, str):
        return isinstance(value, str) and value.startswith(said)
    return said is None or said == value
