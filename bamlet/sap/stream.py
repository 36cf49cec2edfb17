"""A value while its text arrives: deltas in, snapshots and at last the parsed value out.

Feeding costs what is new. A snapshot costs the open path of the value plus a copy of each open list; what
is finished is the same object in every later snapshot.
"""

from __future__ import annotations

from collections.abc import Iterable
from io import StringIO
from typing import Final, Literal, TypeAlias

from ..records import replace
from ..types.nothing import NOTHING
from ..types.schema import Schemas
from ..types.ty import Ty
from .answer import preamble_of
from .automaton import Automaton
from .coerce import Coercer
from .commitment import EARLY_SIZE, HIDDEN, early_value, growing_answer, is_scalar, is_scalar_or_string
from .constraints import Holds, has_checks
from .extractor import PIECE, Extractor
from .factory import Factory, State
from .limits import DEFAULT_LIMITS, Limits
from .nodes import ArrayNode, Container, Node, ObjectNode
from .outcome import Failure, Outcome, with_notes
from .partials import Spine, begun
from .pieces import Pauses, Pausing, at_once, coercing, is_settled, without_pauses
from .plain import read_plain
from .policy import USUAL, Policy
from .report import Entry, Found, Issue, Parsed, ParseFailure, Report, finding, issues_of, refused
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
    plain = read_plain(text, ty, schemas, factory, limits=limits, truncated=truncated, strict=strict)
    if plain is not None:
        return plain
    parser = PartialParser(ty, schemas, factory, holds=holds, limits=limits)
    parser.feed(text)
    return parser.finish(truncated=truncated, strict=strict)


# A partial value, its state, and the reading that it is taken from, once that says something.
Showing: TypeAlias = tuple[object, State, Node | None]


class PartialParser:
    """Fed with text as it arrives; `partial` at any time, `finish` once, and then `partial` for the last time.

    `replaced` tells that the latest partial does not continue the one before it: another value of the answer took
    its place, or what was shown of one turned out to be something else. `era` counts how often that was so.

    With `skeleton` a partial has every field from the start, and nothing hides it: stream attributes do not count,
    and what has not begun is null. The text is read by `policy` first, by another one if that explains it better.
    """

    __slots__ = (
        "_bare",
        "_blank",
        "_brackets_matter",
        "_chosen",
        "_coercer",
        "_early",
        "_extractor",
        "_factory",
        "_final",
        "_holds",
        "_is_bare_text",
        "_is_string",
        "_limits",
        "_loose",
        "_most",
        "_on_show",
        "_policy",
        "_reads",
        "_repeated",
        "_report",
        "_said",
        "_shown",
        "_size",
        "_skeleton",
        "_speaks",
        "_spine",
        "_stale",
        "_target",
        "_text",
        "_text_is_shown",
        "era",
        "replaced",
    )

    def __init__(
        self,
        ty: Ty,
        schemas: Schemas,
        factory: Factory,
        *,
        holds: Holds | None = None,
        limits: Limits = DEFAULT_LIMITS,
        skeleton: bool = False,
        policy: Policy = USUAL,
    ) -> None:
        target = self._target = targets_of(schemas, plain=skeleton).target(ty)
        self._skeleton = skeleton
        self._factory = factory
        self._limits = limits
        self._most = limits.max_chars
        self._holds, self._policy = holds, policy
        self._text = StringIO()
        self._size = 0
        self._is_string = is_plain_string(target)
        self._is_bare_text = self._is_string and not (
            target.done or target.with_state or (holds is not None and has_checks(target))
        )
        self._reads = False
        if not self._is_bare_text:
            self._begin_to_read()
        self._brackets_matter = not (self._is_string or is_text_like(target))
        self._text_is_shown = not target.done and (self._is_string or is_scalar_or_string(target))
        self._early = not self._text_is_shown and (target.optional or is_scalar(target))
        self._on_show: Node | None = None
        self._said: object = HIDDEN
        self._blank: object = HIDDEN
        self._repeated = 0
        self._speaks = False
        self.replaced = False
        self.era = 0
        self._chosen: Choice | None = None
        self._report: Report | None = None
        self._bare: tuple[object, State] = (NOTHING, "Pending")
        self._shown: object = NOTHING
        self._stale = True

    def _begin_to_read(self) -> None:
        """All that takes a text for more than a text: of an answer that is nothing else, only its end asks. It is
        a fifth of what a stream of text holds while it waits."""
        if self._reads:
            return
        self._reads = True
        self._final = Coercer(self._factory, self._holds)
        self._coercer = Coercer(self._factory, self._holds, self._final)
        self._spine = Spine(self._coercer, self._factory, skeleton=self._skeleton)
        self._extractor = Extractor(
            self._limits, scalars_in_lists=takes_scalars(self._target), policy=self._policy
        )
        self._loose = ArrayNode()

    def feed(self, text: str) -> bool:
        """Take in more text. Whether what `partial` gives may have changed."""
        before = self._size
        self._size = size = before + len(text)
        if size > self._most:
            return False
        self._text.write(text)
        changed = (self._brackets_matter and self._extractor.feed(text)) or self._text_is_shown
        if before <= EARLY_SIZE and self._early:
            changed = True
        if changed:
            self._stale = True
        return changed

    def partial(self) -> object:
        """The value as far as it goes, or `NOTHING`. A snapshot: it never changes afterwards."""
        if self._stale and self._is_bare_text and self._chosen is None:
            self._show_text()
        if self._stale and not self._goes_on():
            choice = self._chosen
            # Asked first: the new snapshot takes the place of what is known of the last one.
            taken_back = self._spine.is_taken_back(ended=choice is not None)
            if choice is None:
                self._take(self._show(), taken_back)
            else:
                self._take(self._last(choice), taken_back or choice.reread)
        return self._shown

    def _show_text(self) -> None:
        """What `_show` and `_take` do for a text, which only grows."""
        self._stale = self.replaced = False
        self._shown = self._blank = text = self._text.getvalue()
        self._bare = text, "Incomplete" if text else "Pending"

    def _goes_on(self) -> bool:
        """Show more of the one reading, which is on show and open to its innermost part, as nearly always.

        Whether that was so: then nothing that was shown has ended, so nothing of it can be taken back but by keys
        of maps.
        """
        root, spine = self._on_show, self._spine
        if root is None or root.done or not spine.is_open or self._chosen is not None:
            return False
        value = spine.show_open(root, self._target) if len(self._extractor.candidates) == 1 else HIDDEN
        if value is HIDDEN:
            return False
        self._stale = self.replaced = False
        if self._coercer.repeated != self._repeated:
            self._repeated = self._coercer.repeated
            self.replaced = True
            self.era += 1
        self._bare = (value, "Incomplete")  # what is open is made anew each time
        self._shown = self._factory.with_state(value, "Incomplete") if self._target.with_state else value
        return True

    def _take(self, new: Showing, taken_back: bool) -> None:
        """Keep what is to be shown; the same value in the same state stays the same object."""
        value, state, root = new
        self._stale = False
        if self._coercer.repeated != self._repeated:
            self._repeated = self._coercer.repeated
            taken_back = True
        if root is None or root is not self._on_show:
            taken_back = self._comes_instead(value, root) or taken_back
            self._on_show = root
        self.replaced = taken_back
        self.era += taken_back
        if value is not self._bare[0] or state != self._bare[1]:
            self._bare = (value, state)
            if value is HIDDEN:
                self._shown = None if self._skeleton else NOTHING
            else:
                self._shown = self._factory.with_state(value, state) if self._target.with_state else value

    def _comes_instead(self, value: object, root: Node | None) -> bool:
        """Whether it is not what goes on with what was shown before: another reading, or another word."""
        taken_back = self._on_show is not None and root is not self._on_show
        said = self._said
        if said is not HIDDEN and (value is not HIDDEN or self._skeleton) and not _continues(said, value):
            taken_back = True
        if not (value is None or value is HIDDEN or self._blank is HIDDEN):
            # What stood for a class that had not begun says that it will be one.
            taken_back = taken_back or type(value) is not type(self._blank)
        if value is not HIDDEN or self._skeleton:
            # A text or a word of its own. What was shown counts as shown while nothing else is.
            self._said = value if root is None and self._speaks else HIDDEN
            self._blank = HIDDEN if root is not None or self._speaks or value is None else value
        return taken_back

    def feeding(self, text: str, *, is_watched: bool = False) -> Pauses[None]:
        """`feed` for a long text, with pauses. If somebody looks, a partial of each piece is made in a moment."""
        piece = self.longest_piece if is_watched else PIECE
        for at in range(0, len(text), piece):
            self.feed(text[at : at + piece])
            yield

    def finish(self, *, truncated: bool = False, strict: bool = False) -> Parsed:
        """The value of the whole text. Raises `ParseFailure`, also for a limit that was hit."""
        return without_pauses(self._finish(truncated, strict, at_once))

    def finishing(self, *, truncated: bool = False, strict: bool = False) -> Pauses[Parsed]:
        """The same with pauses, between which others may have their turn."""
        return self._finish(truncated, strict, coercing)

    def _finish(self, truncated: bool, strict: bool, pausing: Pausing) -> Pauses[Parsed]:
        self._begin_to_read()
        self._stale = False  # what was shown stays, if there is no final value
        text = self._text.getvalue()
        yield from self._extractor.finishing()
        self._refuse_limits(text)
        choice = yield from rereading(self._final, self._target, self._extractor, text, pausing)
        cut = truncated or (choice.candidate is not None and not choice.candidate.root.done)
        if isinstance(choice.result, Failure):
            raise ParseFailure([*issues_of(choice.result, text), *[CUT_OFF] * cut], text)
        found = yield from finding(with_notes(choice.result, choice.others), text)
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
        """Make what a partial is made of, with pauses: of a value that has ended, and so of the last one."""
        nodes = [self._chosen.node] if self._chosen is not None else [root for root in self._roots() if root.done]
        for node in nodes:
            yield from coercing(self._final, node, self._target)
            yield from coercing(self._coercer, node, self._target)

    @property
    def longest_piece(self) -> int:
        """How many characters more a partial may have than the one before it, if it is to be made in a moment."""
        self._begin_to_read()
        return self._coercer.longest_piece(self._target)

    @property
    def is_settled(self) -> bool:
        """Whether a partial will not be the work of more than a moment because a long value has ended."""
        if not self._reads:
            return True
        for candidate in self._extractor.candidates:
            if candidate.root.done and not is_settled(self._final, candidate.root, self._target):
                return False
        return True

    def _too_many(self) -> Found:
        reason = f"only the first {self._limits.max_candidates} values were looked at (max_candidates)"
        return Found(Entry("limit", "$", reason, lossy=True), self._target.strict)

    def _last(self, choice: Choice) -> Showing:
        """The last partial is the final value, in the types of a stream."""
        result = self._coercer.coerce(choice.node, self._target)
        assert isinstance(result, Outcome), "what a whole answer means, a stream can show"
        on_show = self._on_show
        is_loose = isinstance(choice.node, ArrayNode) and choice.node.start == self._loose.start
        return result.value, "Complete", self._loose if is_loose and on_show is self._loose else choice.node

    def report(self) -> Report:
        """What was lost or changed so far; after `finish`, what it returned."""
        if self._report is not None:
            return self._report
        self._begin_to_read()
        for candidate in self._extractor.candidates:
            self._spine.show(candidate.root, self._target)
            notes = self._spine.notes(candidate.root, self._target)
            found = without_pauses(finding(notes, self._text.getvalue()))
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
        if self._on_show is not None or (self._text_is_shown and self._size and shown is not NOTHING):
            return "partial"
        return "pending"

    def finished(self, path: Iterable[str]) -> int | None:
        """How many items of the list at a path of field names are finished; None when all it has are."""
        self.partial()
        return self._spine.finished(self._on_show, path) if self._on_show is not None else None

    @property
    def reasoning(self) -> str:
        """What the model has thought so far, in a block of its own in the answer."""
        return self._extractor.reasoning if self._reads else ""

    def _refuse_limits(self, text: str) -> None:
        limits = self._limits
        if self._size > limits.max_chars:
            raise ParseFailure([Issue("$", f"more than {limits.max_chars} characters (max_chars)")], text)
        if any(candidate.too_deep for candidate in self._extractor.candidates):
            raise ParseFailure([Issue("$", f"nested deeper than {limits.max_depth} (max_depth)")], text)

    def _show(self) -> Showing:
        target = self._target
        begun_state: State = "Incomplete" if self._size else "Pending"
        if self._is_string:
            shown = self._spine.unchecked(target, self._text.getvalue())
            return HIDDEN if target.done else shown, begun_state, None
        if self._text_is_shown:
            # Only an answer that is nothing but one bracketed value can mean something else than its text.
            self._speaks = True
            return growing_answer(self._text.getvalue(), target), begun_state, None
        self._speaks = False
        failed: Node | None = None
        for root in self._roots():
            value: object = HIDDEN
            if not root.done:
                value = self._spine.show_open(root, target)
            elif isinstance(self._final.coerce(root, target), Outcome):
                value = self._spine.show(root, target)
            if value is not HIDDEN and (failed is None or begun(root)):
                return value, "Complete" if root.done else "Incomplete", root if begun(root) else None
            if failed is None and root.done and self._spine.show_open(root, target) is not HIDDEN:
                failed = root
        if failed is not None:
            # What was shown of a value that failed at its end stays until a better one begins.
            return self._spine.show_open(failed, target), "Incomplete", failed
        return self._before_anything()

    def _roots(self) -> list[Container]:
        """The readings to show, best first: a list of loose objects stands behind any real list."""
        candidates, is_list = self._extractor.candidates, type(self._target) is ListTarget
        if len(candidates) == 1 and (not is_list or type(candidates[0].root) is ArrayNode):
            return [candidates[0].root]  # nearly always
        roots: list[Container] = [candidate.root for candidate in candidates]
        if not is_list:
            return roots
        lists = [root for root in roots if isinstance(root, ArrayNode)]
        self._loose.values = [root for root in roots if isinstance(root, ObjectNode)]
        self._loose.start = roots[0].start if roots else 0
        return [*lists, self._loose] if self._loose.values else [*lists]

    def _before_anything(self) -> Showing:
        target = self._target
        if isinstance(target, ListTarget | MapTarget):
            return target.empty(), "Pending", None
        early = self._early_answer()
        if isinstance(only_class(target), ClassTarget) and (early is HIDDEN or self._skeleton):
            return self._spine.show(ObjectNode(), target), "Pending", None
        self._speaks = early is not HIDDEN
        return early, "Pending", None

    def _early_answer(self) -> object:
        if not self._early or self._size > EARLY_SIZE:
            return HIDDEN
        return early_value(self._text.getvalue(), self._target, self._coercer)


def _continues(said: object, value: object) -> bool:
    """Whether a text only grew, and any other word of its own stayed. Null is nothing yet."""
    if isinstance(said, str):
        return isinstance(value, str) and value.startswith(said)
    return said is None or said == value
