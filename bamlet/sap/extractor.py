"""Where in the text is the value? Prose, fences and reasoning in; one automaton per bracketed span out.

The text is seen once. A bracket opens a candidate unless the first characters after it tell that it is
prose (`{name}`, a `[1]` where no list of scalars is wanted). A fence is only a hint: its end closes a
candidate that was left open in it.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import Final, TypeAlias

from ..patterns import pattern
from .answer import REASONING, REASONING_TAGS
from .automaton import Automaton
from .limits import Limits
from .policy import USUAL, Policy
from .quotes import CONTENT, ENDS, WAIT, WINDOW, comment_follows, key_follows

_LANDMARK = pattern(r"[{\[]|<(?=[tr]|\Z)|\n[ \t]{0,16}```")
_HALF_FENCE = pattern(r"\n[ \t]{0,16}`{0,2}\Z")
_FENCE = pattern(r"\n[ \t]{0,16}```")
_BLANK_LINE = pattern(r"\n[ \t]{0,16}\Z")
_BLANKS = pattern(r"\s{0,256}")

PIECE: Final = 2_048  # characters that are read between two pauses

Step: TypeAlias = "Callable[[Extractor], bool]"


class Extractor:
    """`scalars_in_lists` tells whether `[1` may open a value of the target type."""

    __slots__ = (
        "_at",
        "_closing_tag",
        "_current",
        "_ended",
        "_fenced",
        "_fresh",
        "_line",
        "_offset",
        "_openers",
        "_policy",
        "_scalars_in_lists",
        "_step",
        "_text",
        "_thinks",
        "_thought",
        "_thoughts",
        "candidates",
        "limits",
        "too_many",
    )

    def __init__(self, limits: Limits, *, scalars_in_lists: bool, policy: Policy = USUAL) -> None:
        self.candidates: list[Automaton] = []
        self.too_many = False
        self._scalars_in_lists = scalars_in_lists
        self.limits = limits
        self._policy = policy
        self._openers = 0
        self._current: Automaton | None = None
        self._step: Step = _in_prose
        # Every line start looks the same, the first one too.
        self._text = "\n"
        self._offset = -1
        self._at = 0
        self._fenced = False
        self._fresh = True
        self._line = ""
        self._thought: list[str] = []
        self._thoughts: list[str] = []
        self._closing_tag = ""
        self._ended = False
        self._thinks = True

    @property
    def is_exact(self) -> bool:
        return self._policy.exact

    def again(self, policy: Policy) -> Extractor:
        """A fresh extractor that reads by another policy."""
        return Extractor(self.limits, scalars_in_lists=self._scalars_in_lists, policy=policy)

    def feed(self, text: str) -> bool:
        """Whether something that could be shown may have changed."""
        current = self._current
        if current is None:
            before = len(self.candidates)
            self._append(text)
            self._run()
            return len(self.candidates) > before
        current.changed = False
        if self._fenced and ("`" in text or self._at < len(self._text)):
            self._append(text)
            self._run()
            return current.changed or self._current is not current
        current.feed(text)
        if current.closed:
            self._leave(current, current.rest)
            self._run()
            return True
        if self._fenced and ("\n" in text or self._line):
            blank = _BLANK_LINE.search(self._line + text)
            self._line = blank[0] if blank else ""
        return current.changed

    def finishing(self) -> Generator[None, None, None]:
        """No more text will come: what is open ends here. Pauses where much is read again."""
        self._ended = True
        self._run()
        if self._step is _in_reasoning:
            # Reasoning that never ended hides nothing: read it again as prose.
            thought = "".join(self._thought)
            again = thought + self._text[self._at :]
            self._offset += self._at - len(thought)
            self._text, self._at = "", 0
            self._step = _in_prose
            self._thinks = self._ended = False
            for at in range(0, len(again), PIECE):
                self.feed(again[at : at + PIECE])
                yield
            self._ended = True
            self._run()
        if self._current is not None:
            self._current.finish()

    @property
    def reasoning(self) -> str:
        """The text of the reasoning blocks so far."""
        open_one = ["".join(self._thought)] if self._step is _in_reasoning else []
        return "\n".join(thought.strip() for thought in [*self._thoughts, *open_one])

    @property
    def waiting(self) -> int:
        """How many characters will be looked at again: what makes feeding linear is that they are few."""
        inner = self._current.waiting if self._current is not None else 0
        return len(self._text) - self._at + inner

    def _append(self, text: str) -> None:
        self._offset += self._at
        self._text = self._text[self._at :] + text
        self._at = 0

    def _run(self) -> None:
        while self._at < len(self._text) and self._step(self):
            pass

    def _leave(self, candidate: Automaton, rest: str, skipped: int = 0) -> None:
        """Look for the next candidate in `rest`, unless this one was too deep to go on.

        `skipped` characters stand between the end of the candidate and the rest.
        """
        self._current = None
        self._offset = candidate.position + skipped
        self._text, self._at = rest, 0
        self._step = _in_nothing if candidate.too_deep else _in_prose


def _in_prose(x: Extractor) -> bool:
    landmark = _LANDMARK.search(x._text, x._at)
    half = None if landmark else _HALF_FENCE.search(x._text, x._at)
    # What may become a fence is no prose yet: it is looked at again with what comes.
    found = landmark or half
    end = found.start() if found else len(x._text)
    x._fresh = x._fresh and not x._text[x._at : end].strip()
    x._at = end
    return _AT_LANDMARK[x._text[end]](x) if landmark else False


def _at_fence(x: Extractor) -> bool:
    end = x._text.index("```", x._at) + 3
    x._at = end
    x._fenced = not x._fenced
    return True


def _at_tag(x: Extractor) -> bool:
    opening = REASONING.match(x._text, x._at)
    if opening and x._thinks:
        x._closing_tag = f"</{opening[1]}>"
        x._thought = []
        x._at = opening.end()
        x._step = _in_reasoning
        return True
    start = x._text[x._at : x._at + len("<reasoning>")]
    if x._thinks and not x._ended and any(tag.startswith(start) for tag in REASONING_TAGS):
        return False
    x._at += 1
    return True


def _at_bracket(x: Extractor) -> bool:
    opener = x._text[x._at]
    if opener == "{":
        # An answer that begins with a brace is no prose.
        verdict = ENDS if x._fresh else _opens_object(x)
    else:
        verdict = _opens_array(x)
    x._fresh = False
    if verdict == WAIT:
        return False
    if verdict == ENDS:
        x._openers += 1
        if x._policy.prose == x._openers - 1:
            verdict = CONTENT
    if verdict == CONTENT:
        x._at += 1
        return True
    if len(x.candidates) == x.limits.max_candidates:
        x.too_many = True
        x._step = _in_nothing
        return True
    x._current = Automaton(opener, x.limits.max_depth, x._policy, x._offset + x._at)
    x.candidates.append(x._current)
    x._text = x._text[x._at + 1 :]
    x._at = 0
    x._line = ""
    x._step = _in_candidate
    return True


def _opens_object(x: Extractor) -> int:
    match = _BLANKS.match(x._text, x._at + 1)
    assert match is not None, "the pattern matches nothing at all, too"
    after = match.end()
    if after == len(x._text):
        return ENDS if x._ended or after - x._at > WINDOW else WAIT
    if x._text[after] in "\"'`}":
        return ENDS
    return key_follows(x._text, after, x._ended)


def _opens_array(x: Extractor) -> int:
    match = _BLANKS.match(x._text, x._at + 1)
    assert match is not None, "the pattern matches nothing at all, too"
    after = match.end()
    if after == len(x._text):
        return ENDS if x._ended or after - x._at > WINDOW else WAIT
    first = x._text[after]
    if first in "{[]\"'`":
        return ENDS
    if first == "/":
        return comment_follows(x._text, after, x._ended)
    return ENDS if x._scalars_in_lists else CONTENT


def _in_candidate(x: Extractor) -> bool:
    """Hand text to the automaton; within a fence, up to a line that ends the fence."""
    current = x._current
    assert current is not None
    probe = x._line + x._text[x._at :]
    start = len(x._line)
    held = len(probe)
    if x._fenced:
        fence = _FENCE.search(probe)
        if fence:
            return _candidate_before_fence(x, current, probe, start, fence.end())
        half = _HALF_FENCE.search(probe)
        if half and not x._ended:
            held = half.start() + len(half[0].rstrip("`"))
    current.feed(probe[start:held])
    if current.closed:
        x._leave(current, current.rest + probe[held:])
        return True
    blank = _BLANK_LINE.search(probe[:held])
    x._line = blank[0] if blank else ""
    x._text, x._at = probe[held:], 0
    return False


def _candidate_before_fence(x: Extractor, current: Automaton, probe: str, start: int, end: int) -> bool:
    current.feed(probe[start : end - 3])
    if current.closed:
        x._leave(current, current.rest + probe[end - 3 :])
        return True
    if current.in_string:
        current.feed("```")
        x._line = ""
        x._text, x._at = probe[end:], 0
        return True
    current.finish()
    x._fenced = False
    x._leave(current, probe[end:], current.waiting + 3)
    return True


def _in_reasoning(x: Extractor) -> bool:
    end = x._text.find(x._closing_tag, x._at)
    if end < 0:
        keep = max(x._at, len(x._text) - len(x._closing_tag) + 1)
        x._thought.append(x._text[x._at : keep])
        x._at = keep
        return False
    x._thoughts.append("".join(x._thought) + x._text[x._at : end])
    x._at = end + len(x._closing_tag)
    x._step = _in_prose
    return True


def _in_nothing(x: Extractor) -> bool:
    x._at = len(x._text)
    return False


_AT_LANDMARK: dict[str, Step] = {
    "\n": _at_fence,
    "<": _at_tag,
    "{": _at_bracket,
    "[": _at_bracket,
}
