"""What stands around the text in all plain events of one answer alike: learned from one, taken off the others.

To read an event as JSON costs more than everything else that is done with it. A text between the same two halves
is read without, as long as JSON writes it as it is.
"""

from __future__ import annotations

import json
from typing import Any, Final

from ..patterns import pattern

MOST_LESSONS: Final = 32
"""In one answer: where each event says something else beside its text, learning leads to nothing."""

_KEY = pattern(r'"content" ?: ?"')
_PROBE: Final = "<another text>"


class Envelope:
    """Of one answer."""

    __slots__ = ("_after", "_before", "_lessons", "_size", "_text")

    def __init__(self) -> None:
        self._before = self._after = ""
        self._size = 0  # of both; none while nothing is learned
        self._text = slice(0)  # what stands between them
        self._lessons = 0

    def text_of(self, data: str) -> str | None:
        """The text of an event that says nothing else; None if it must be read as what it is."""
        size = self._size
        if not size or len(data) < size or not (data.startswith(self._before) and data.endswith(self._after)):
            return None
        text = data[self._text]
        return text if text.isprintable() and '"' not in text and "\\" not in text else None

    @property
    def has_learned_enough(self) -> bool:
        return self._lessons >= MOST_LESSONS

    def learn(self, data: str, value: dict[str, Any], text: str) -> None:
        """From an event, its JSON and the text, which is all that it says."""
        key = _KEY.search(data)
        if key is None or not (_is_written_as_it_is(text) and data.startswith(f'{text}"', key.end())):
            return
        self._lessons += 1
        before, after = data[: key.end()], data[key.end() + len(text) :]
        # Tried with another text: then it is this one that stands between the two halves, whatever they hold.
        value["choices"][0]["delta"]["content"] = _PROBE
        try:
            tried = json.loads(f"{before}{_PROBE}{after}")
        except ValueError:
            return
        if tried == value:
            self._before, self._after, self._size = before, after, len(before) + len(after)
            self._text = slice(len(before), -len(after))


def _is_written_as_it_is(text: str) -> bool:
    """In JSON. Half a pair of surrogates is not printable either."""
    return text.isprintable() and '"' not in text and "\\" not in text
