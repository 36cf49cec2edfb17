"""A value while its text arrives: deltas in, snapshots and at last the parsed value out.

Feeding costs what is new. A snapshot costs the open path of the value plus a copy of each open list; what
is finished is the same object in every later snapshot.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Literal

from ..types.nothing import NOTHING
from ..types.schema import Schemas
from ..types.ty import Ty
from .commitment import EARLY_SIZE, HIDDEN, early_value, growing_answer, is_scalar, is_scalar_or_string
from .constraints import Holds, has_checks
from .ending import ending, report_so_far
from .extractor import PIECE
from .factory import Factory, State
from .limits import DEFAULT_LIMITS, Limits
from .pieces import Pauses, Pausing, at_once, coercing, without_pauses
from .plain import read_plain
from .policy import USUAL, Policy
from .readings import Readings
from .report import Parsed, Report
from .shown import Showing, Shown
from .targets import targets_of
from .verdict import Choice, is_plain_string, is_text_like


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


class PartialParser:
    """Fed with text as it arrives; `partial` at any time, `finish` once, and then `partial` for the last time.

    With `skeleton` a partial has every field from the start, and nothing hides it: stream attributes do not count,
    and what has not begun is null. The text is read by `policy` first, by another one if that explains it better.
    """

    __slots__ = (
        "_chosen",
        "_early",
        "_factory",
        "_feed_readings",
        "_holds",
        "_is_bare_text",
        "_is_string",
        "_limits",
        "_most",
        "_pieces",
        "_policy",
        "_readings",
        "_report",
        "_shown",
        "_size",
        "_skeleton",
        "_stale",
        "_target",
        "_text_is_shown",
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
        # Joined when somebody looks: a text that is shown is copied then in any case.
        self._pieces: list[str] = []
        self._size = 0
        self._is_string = is_plain_string(target)
        self._is_bare_text = self._is_string and not (
            target.done or target.with_state or (holds is not None and has_checks(target))
        )
        self._text_is_shown = not target.done and (self._is_string or is_scalar_or_string(target))
        self._early = not self._text_is_shown and (target.optional or is_scalar(target))
        self._shown = Shown(target, factory, skeleton=skeleton)
        self._chosen: Choice | None = None
        self._report: Report | None = None
        self._stale = True
        self._readings: Readings | None = None
        self._feed_readings: Callable[[str], bool] | None = None
        if not (self._is_string or is_text_like(target)):
            self._feed_readings = self._read().extractor.feed

    def _read(self) -> Readings:
        """What takes a text for more than a text: of an answer that is nothing else, only its end asks. It is a
        fifth of what a stream of text holds while it waits."""
        if self._readings is None:
            self._readings = Readings(
                self._target,
                self._factory,
                holds=self._holds,
                limits=self._limits,
                policy=self._policy,
                skeleton=self._skeleton,
            )
        return self._readings

    def feed(self, text: str) -> bool:
        """Take in more text. Whether what `partial` gives may have changed."""
        before = self._size
        self._size = size = before + len(text)
        if size > self._most:
            return False
        self._pieces.append(text)
        feed = self._feed_readings
        changed = (feed is not None and feed(text)) or self._text_is_shown
        if before <= EARLY_SIZE and self._early:
            changed = True
        if changed:
            self._stale = True
        return changed

    def feeding(self, text: str, *, is_watched: bool = False) -> Pauses[None]:
        """`feed` for a long text, with pauses. If somebody looks, a partial of each piece is made in a moment."""
        piece = self.longest_piece if is_watched else PIECE
        for at in range(0, len(text), piece):
            self.feed(text[at : at + piece])
            yield

    @property
    def _text(self) -> str:
        pieces = self._pieces
        if len(pieces) > 1:
            self._pieces = pieces = ["".join(pieces)]
        return pieces[0] if pieces else ""

    # --- on the way

    def partial(self) -> object:
        """The value as far as it goes, or `NOTHING`. A snapshot: it never changes afterwards."""
        shown = self._shown
        if self._stale:
            readings, choice = self._readings, self._chosen
            more = HIDDEN if readings is None or choice is not None else readings.more_of(shown.root)
            if readings is not None and more is not HIDDEN:
                shown.grown(more, readings.coercer.repeated)
            elif choice is None and self._is_bare_text:
                shown.text(self._text)
            else:
                self._show_anew(self._read(), choice)
            self._stale = False
        return shown.value

    @property
    def replaced(self) -> bool:
        """Whether the latest partial does not continue the one before it: another value of the answer took its
        place, or what was shown of one turned out to be something else."""
        return self._shown.replaced

    @property
    def era(self) -> int:
        """How often that was so."""
        return self._shown.era

    def _show_anew(self, readings: Readings, choice: Choice | None) -> None:
        # Asked first: the new snapshot takes the place of what is known of the last one.
        taken_back = readings.spine.is_taken_back(ended=choice is not None)
        if choice is None:
            new = self._begun(readings)
        else:
            new = readings.last(choice, self._shown.root)
            taken_back = taken_back or choice.reread
        self._shown.take(new, readings.coercer.repeated, taken_back=taken_back)

    def _begun(self, readings: Readings) -> Showing:
        target = self._target
        state: State = "Incomplete" if self._size else "Pending"
        if self._is_string:
            text = readings.spine.unchecked(target, self._text)
            return HIDDEN if target.done else text, state, None
        if self._text_is_shown:
            # Only an answer that is nothing but one bracketed value can mean something else than its text.
            self._shown.speaks = True
            return growing_answer(self._text, target), state, None
        self._shown.speaks = False
        early: object = HIDDEN
        if (found := readings.best()) is not None:
            return found
        if self._early and self._size <= EARLY_SIZE:
            early = early_value(self._text, target, readings.coercer)
        if (blank := readings.blank(early)) is not None:
            return blank
        self._shown.speaks = early is not HIDDEN
        return early, "Pending", None

    @property
    def state(self) -> Literal["pending", "partial", "complete"]:
        """Whether the value has begun, and whether it is final."""
        if self._report is not None:
            return "complete"
        shown = self.partial()
        if self._shown.root is not None or (self._text_is_shown and self._size and shown is not NOTHING):
            return "partial"
        return "pending"

    def finished(self, path: Iterable[str]) -> int | None:
        """How many items of the list at a path of field names are finished; None when all it has are."""
        self.partial()
        root = self._shown.root
        return self._read().spine.finished(root, path) if root is not None else None

    @property
    def reasoning(self) -> str:
        """What the model has thought so far, in a block of its own in the answer."""
        return self._readings.extractor.reasoning if self._readings is not None else ""

    # --- at the end

    def finish(self, *, truncated: bool = False, strict: bool = False) -> Parsed:
        """The value of the whole text. Raises `ParseFailure`, also for a limit that was hit."""
        return without_pauses(self._finish(truncated, strict, at_once))

    def finishing(self, *, truncated: bool = False, strict: bool = False) -> Pauses[Parsed]:
        """The same with pauses, between which others may have their turn."""
        return self._finish(truncated, strict, coercing)

    def _finish(self, truncated: bool, strict: bool, pausing: Pausing) -> Pauses[Parsed]:
        readings, text = self._read(), self._text
        self._stale = False  # what was shown stays, if there is no final value
        choice, parsed = yield from ending(
            readings, self._target, text, self._size, truncated=truncated, strict=strict, pausing=pausing
        )
        self._chosen, self._report = choice, parsed.report
        self._stale = True
        return parsed

    def report(self) -> Report:
        """What was lost or changed so far; after `finish`, what it returned."""
        if self._report is not None:
            return self._report
        return report_so_far(self._read(), self._target, self._text)

    # --- long values

    def settling(self) -> Pauses[None]:
        """Make what a partial is made of, with pauses: of a value that has ended, and so of the last one."""
        return self._read().settling(self._chosen)

    @property
    def longest_piece(self) -> int:
        """How many characters more a partial may have than the one before it, if it is to be made in a moment."""
        return self._read().longest_piece

    @property
    def is_settled(self) -> bool:
        """Whether a partial will not be the work of more than a moment because a long value has ended."""
        return self._readings is None or self._readings.is_settled
