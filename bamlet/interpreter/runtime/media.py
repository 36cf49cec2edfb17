"""An image, audio, PDF or video as a value of the language: where it is, or what it is; nothing is read here."""

from __future__ import annotations

from typing import Any, Literal, TypeAlias

from ...records import dataclass, field

MediaKind: TypeAlias = Literal["image", "audio", "pdf", "video"]
MAX_SHOWN_URL = 80


@dataclass(frozen=True, slots=True)
class MediaValue:
    """Either `url` or `base64` is set. `file` only tells where the bytes came from."""

    kind: MediaKind
    url: str | None = None
    base64: str | None = field(default=None, repr=False)
    media_type: str | None = None
    file: str | None = field(default=None, compare=False)

    def __post_init__(self) -> None:
        if (self.url is None) == (self.base64 is None):
            raise ValueError(f"the {self.kind} needs either a url or base64")

    def __repr__(self) -> str:
        """Short, whatever it holds."""
        shown = f"{len(self.base64)} characters of base64" if self.base64 is not None else _cut(self.url or "")
        media_type = f", {self.media_type}" if self.media_type else ""
        return f"{type(self).__name__}({self.kind}: {shown}{media_type})"

    def plain(self) -> dict[str, Any]:
        """As JSON has it; `from_plain` of the host's classes reads it back."""
        entries = {"url": self.url, "base64": self.base64, "media_type": self.media_type}
        return {name: value for name, value in entries.items() if value is not None}


def _cut(url: str) -> str:
    return url if len(url) <= MAX_SHOWN_URL else f"{url[:MAX_SHOWN_URL]}…"
