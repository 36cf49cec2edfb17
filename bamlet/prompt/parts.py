"""The prompt as the providers get it: messages with a role, made of text, media, calls of tools and results."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, TypeAlias

from ..records import dataclass, field
from .answer_schema import StructuredAnswer
from .tools import Tools

MediaKind: TypeAlias = Literal["image", "audio", "pdf", "video"]


@dataclass(frozen=True, slots=True)
class Text:
    text: str

    def __str__(self) -> str:
        return self.text


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

    def __str__(self) -> str:
        return f"<{self.kind}>"


@dataclass(frozen=True, slots=True)
class ToolUse:
    """A call that the model has made, in a history. `arguments` is its JSON text, as the model wrote it."""

    id: str
    name: str
    arguments: str

    def __str__(self) -> str:
        return f"<calls {self.name} {self.arguments}>"


@dataclass(frozen=True, slots=True)
class ToolResult:
    """What came of a call, as text for the model."""

    id: str
    name: str
    content: str
    is_error: bool = False

    def __str__(self) -> str:
        return f"<{'error' if self.is_error else 'result'} of {self.name}: {self.content}>"


@dataclass(frozen=True, slots=True)
class Unread:
    """What a provider wants back as it was, such as a signed thought. It is sent to that dialect and no other."""

    dialect: str
    value: Mapping[str, object] = field(hash=False)

    def __str__(self) -> str:
        return ""


Part: TypeAlias = Text | Media | ToolUse | ToolResult | Unread

TOOL_ROLE = "tool"
"""The role of a message that holds nothing but results."""


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
        return f"[{self.role or 'default role'}]\n" + "".join(map(str, self.parts))


@dataclass(frozen=True, slots=True)
class Prompt:
    """`answer` is what the provider is asked for beside the words of the messages, `tools` what may be called."""

    messages: tuple[Message, ...]
    answer: StructuredAnswer | None = None
    tools: Tools | None = None

    def __str__(self) -> str:
        """For a person to read; the wire format is the provider's."""
        return "\n\n".join(map(str, self.messages))

    def media(self) -> tuple[Media, ...]:
        return tuple(part for message in self.messages for part in message.parts if isinstance(part, Media))
