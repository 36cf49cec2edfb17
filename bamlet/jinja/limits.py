"""What one rendering may cost: every loop step, call and filter is counted, and so is the text they make."""

from __future__ import annotations

from dataclasses import dataclass

from .errors import TemplateError

MAX_TEXT = 8 * 1024 * 1024
MAX_STEPS = 1_000_000
MAX_RANGE = 100_000
MAX_CALL_DEPTH = 80
MAX_POWER_BITS = 4_096


@dataclass(slots=True)
class Budget:
    """The counters of one rendering. Templates that call each other share one."""

    steps: int = 0
    text: int = 0
    depth: int = 0

    def step(self, count: int = 1) -> None:
        self.steps += count
        if self.steps > MAX_STEPS:
            raise TemplateError(f"the template takes more than {MAX_STEPS:,} steps")

    def write(self, length: int) -> None:
        self.text += length
        if self.text > MAX_TEXT:
            raise TemplateError(f"the template writes more than {MAX_TEXT:,} characters")

    def enter(self) -> None:
        self.step()
        self.depth += 1
        if self.depth > MAX_CALL_DEPTH:
            raise TemplateError(f"the template calls itself more than {MAX_CALL_DEPTH} levels deep")

    def leave(self) -> None:
        self.depth -= 1


def check_length(length: int) -> None:
    """Refuse a text or list before it is built."""
    if length > MAX_TEXT:
        raise TemplateError(f"an expression makes a text of more than {MAX_TEXT:,} characters")
