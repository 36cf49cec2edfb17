"""Role calls, media and histories on their way through the rendered text: each leaves a mark and a record.

A mark holds a number drawn for this one rendering, so no value can contain one.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping

from ..jinja import TemplateObject
from ..jinja.values import show
from ..records import dataclass
from .errors import PromptError
from .parts import Media, Message, Part, Prompt, Text
from .values import MessageValue

ALLOW_DUPLICATE_ROLE = "__baml_allow_dupe_role__"

# Noncharacters, which Unicode keeps for such internal use; no filter changes them, nor a digit.
_OPEN, _CLOSE = "\ufdd0", "\ufdd1"


@dataclass(frozen=True, slots=True)
class _RoleCall:
    role: str
    metadata: Mapping[str, object]
    allow_duplicate: bool


@dataclass(frozen=True, slots=True)
class _History:
    messages: tuple[Message, ...]


class Marks:
    """The records of one rendering."""

    def __init__(self) -> None:
        self._key = str(int.from_bytes(os.urandom(8), "big"))
        self._records: list[_RoleCall | Media | _History] = []

    def role(self, *positional: object, **keywords: object) -> str:
        """The function behind `_.role` and `_.chat`."""
        given = [*positional, *([keywords.pop("role")] if "role" in keywords else [])]
        if len(given) != 1:
            raise PromptError('a role call takes one role: _.role("user") or _.role(role="user")')
        allow = bool(keywords.pop(ALLOW_DUPLICATE_ROLE, False))
        return self._mark(_RoleCall(show(given[0]), keywords, allow))

    def history(self, *given: object) -> str:
        """The function behind `_.history`."""
        messages = given[0] if len(given) == 1 else None
        if not isinstance(messages, list | tuple) or not all(isinstance(one, MessageValue) for one in messages):
            raise PromptError("_.history takes a list of baml.agent.Message")
        return self._mark(_History(tuple(one.message for one in messages)))

    def media(self, media: Media) -> str:
        return self._mark(media)

    def cut(self, text: str) -> Prompt:
        """The messages of a rendered text. Parts are trimmed, empty parts and messages vanish.

        A text without a role and without media stays as it is.
        """
        if f"{_OPEN}{self._key}:" not in text:
            return Prompt((Message(None, (Text(text),)),))
        call: _RoleCall | None = None
        parts: list[Part] = []
        messages: list[Message] = []
        for record in self._pieces(text):
            if isinstance(record, _RoleCall):
                messages += _message(call, parts)
                call, parts = record, []
            elif isinstance(record, _History):
                messages += (*_message(call, parts), *record.messages)
                parts = []
            elif record != Text(""):
                parts.append(record)
        messages += _message(call, parts)
        # A prompt is never without a message, be it an empty one.
        return Prompt(tuple(messages) or (Message(None, (Text(""),)),))

    def _pieces(self, text: str) -> Iterator[_RoleCall | _History | Part]:
        """The text between the marks, and what each mark stands for."""
        first, *rest = text.split(f"{_OPEN}{self._key}:")
        yield Text(first.strip())
        for piece in rest:
            number, _, after = piece.partition(_CLOSE)
            yield self._records[int(number)]
            yield Text(after.strip())

    def _mark(self, record: _RoleCall | Media | _History) -> str:
        self._records.append(record)
        return f"{_OPEN}{self._key}:{len(self._records) - 1}{_CLOSE}"


@dataclass(frozen=True, slots=True)
class MediaValue(TemplateObject):
    """Media inside a template: printing it splits the text."""

    media: Media
    marks: Marks

    def show(self) -> str:
        return self.marks.media(self.media)

    def kind(self) -> str:
        return self.media.kind


def _message(call: _RoleCall | None, parts: list[Part]) -> list[Message]:
    if not parts:
        return []
    if call is None:
        return [Message(None, tuple(parts))]
    return [Message(call.role, tuple(parts), call.metadata, call.allow_duplicate)]
