"""The prompt as the providers get it: messages with a role, made of text and media."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from .answer_schema import StructuredAnswer

MediaKind: TypeAlias = Literal["image", "audio", "pdf", "video"]


@dataclass(frozen=True, slots=True)
class Text:
    text: str


@dataclass(frozen=True, slots=True)
class Media:
    """An image, audio, PDF or video: either by `url` or as `base64`, without line breaks or a `data:` prefix."""

    kind: MediaKind
    url: str | None = None
    base64: str | None = field(default=None, repr=False)
    media_type: str | None = None

    def __post_init__(self) -> None:
        if (self.url is None) == (self.base64 is None):
            raise ValueError(f"the {self.kind} needs either a url or base64")


Part: TypeAlias = Text | Media


@dataclass(frozen=True, slots=True)
class Message:
    """`role` is None for what stands before the first role marker: the client's default role.

    `metadata` are the further keywords of the role call, such as `cache_control`.
    """

    role: str | None
    parts: tuple[Part, ...]
    metadata: Mapping[str, object] = field(default_factory=dict)
    allow_duplicate_role: bool = False

    def __str__(self) -> str:
        shown = (part.text if isinstance(part, Text) else f"<{part.kind}>" for part in self.parts)
        return f"[{self.role or 'default role'}]\n" + "".join(shown)


@dataclass(frozen=True, slots=True)
class Prompt:
    """`answer` is what the provider is asked for beside the words of the messages."""

    messages: tuple[Message, ...]
    answer: StructuredAnswer | None = None

    def __str__(self) -> str:
        """For a person to read; the wire format is the provider's."""
        return "\n\n".join(map(str, self.messages))

    def media(self) -> tuple[Media, ...]:
        return tuple(part for message in self.messages for part in message.parts if isinstance(part, Media))
