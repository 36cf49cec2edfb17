"""What one rendering may cost: every loop step, call and filter is counted, and so is the text they make."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from ..records import dataclass
from .errors import TemplateError

MAX_TEXT = 8 * 1024 * 1024
MAX_COPIED = 64 * 1024 * 1024
MAX_STEPS = 1_000_000
MAX_RANGE = 100_000
MAX_CALL_DEPTH = 80
MAX_POWER_BITS = 4_096
LOOK_EVERY = 1_024  # steps


@dataclass(slots=True)
class Budget:
    """The counters of one rendering. Templates that call each other share one.

    `look` is told now and then how many steps were made since it was last told, and raises to stop the rendering.
    """

    look: Callable[[int], object] | None = None
    steps: int = 0
    text: int = 0
    copied: int = 0
    depth: int = 0
    looked: int = 0

    def step(self, count: int = 1) -> None:
        self.steps += count
        if self.steps > MAX_STEPS:
            raise TemplateError(f"the template takes more than {MAX_STEPS:,} steps")
        if self.look is not None and self.steps - self.looked >= LOOK_EVERY:
            self.look(self.steps - self.looked)
            self.looked = self.steps

    def write(self, length: int) -> None:
        self.text += length
        if self.text > MAX_TEXT:
            raise TemplateError(f"the template writes more than {MAX_TEXT:,} characters")

    def copy(self, length: int) -> None:
        """Text of a value that goes into a document; one string may go there many times."""
        self.copied += length
        if self.copied > MAX_COPIED:
            raise TemplateError(f"the documents of the template have more than {MAX_COPIED:,} characters")

    def enter(self) -> None:
        self.step()
        self.depth += 1
        if self.depth > MAX_CALL_DEPTH:
            raise TemplateError(f"the template calls itself more than {MAX_CALL_DEPTH} levels deep")

    def leave(self) -> None:
        self.depth -= 1


# The rendering that runs. A walk over a value is reached from operators, filters, tests, methods and jinja2's own
# code, none of which hand anything on; outside of a rendering (a message, a test) a walk has a budget of its own.
_running: ContextVar[Budget | None] = ContextVar("budget", default=None)


@contextmanager
def spending(budget: Budget) -> Iterator[None]:
    token = _running.set(budget)
    try:
        yield
    finally:
        _running.reset(token)


def budget() -> Budget:
    """What a walk over a value pays from, a step for each of its parts."""
    return _running.get() or Budget()


def check_length(length: int) -> None:
    """Refuse a text or list before it is built."""
    if length > MAX_TEXT:
        raise TemplateError(f"an expression makes a text of more than {MAX_TEXT:,} characters")
