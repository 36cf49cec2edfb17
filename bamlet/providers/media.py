"""How a client sends media: by URL or inline, and what has to be fetched before a request can be built."""

from __future__ import annotations

from collections.abc import Mapping

from ..prompt import Media, MediaKind, Prompt
from ..records import dataclass, field, replace
from .client import ClientConfigError, ClientOptions, MediaMode

_DATA_URL = "data:"
_KNOWN_TYPES = {"pdf": "application/pdf"}


@dataclass(frozen=True, slots=True)
class MediaRules:
    """How a dialect takes media. `inline_only` are the kinds that have no form by URL;
    `refused` says of a kind that it does not take what to do instead."""

    defaults: Mapping[MediaKind, MediaMode]
    inline_only: frozenset[MediaKind] = frozenset()
    refused: Mapping[MediaKind, str] = field(default_factory=dict)

    def to_fetch(self, client: ClientOptions, prompt: Prompt) -> tuple[Media, ...]:
        """The media whose bytes have to be in the prompt before a request can be built from it."""
        found = list(prompt.media())
        return tuple(dict.fromkeys(media for media in found if self._must_fetch(client, media))) if found else ()

    def ready(self, client: ClientOptions, media: Media) -> Media:
        """The media as it goes into a request. Raises `ClientConfigError`."""
        if (instead := self.refused.get(media.kind)) is not None:
            raise ClientConfigError(f"client `{client.name}`: {instead}")
        if self._must_fetch(client, media):
            raise ClientConfigError(f"client `{client.name}`: the {media.kind} has to be fetched first")
        return _inline(media)

    def _must_fetch(self, client: ClientOptions, media: Media) -> bool:
        if media.url is None or media.url.startswith(_DATA_URL) or media.kind in self.refused:
            return False
        if media.kind in self.inline_only:
            return True
        mode = client.media_url_handler.get(media.kind, self.defaults[media.kind])
        if mode == "send_url_add_mime_type":
            return (media.media_type or _KNOWN_TYPES.get(media.kind)) is None
        if mode == "send_base64_unless_google_url":
            return not media.url.startswith("gs://")
        return mode == "send_base64"


def data_url(media: Media, default_type: str) -> str:
    return f"data:{media.media_type or default_type};base64,{media.base64}"


def media_type(media: Media) -> str:
    """The type as it is given, else the one that is the most likely for its kind."""
    return media.media_type or _LIKELY_TYPES[media.kind]


def with_fetched(prompt: Prompt, fetched: Mapping[Media, Media]) -> Prompt:
    """The prompt with media replaced by what was fetched for it."""
    messages = (
        replace(
            message,
            parts=tuple(fetched.get(part, part) if isinstance(part, Media) else part for part in message.parts),
        )
        for message in prompt.messages
    )
    return replace(prompt, messages=tuple(messages))


_LIKELY_TYPES: Mapping[MediaKind, str] = {
    "image": "image/png",
    "audio": "audio/mpeg",
    "pdf": "application/pdf",
    "video": "video/mp4",
}


def _inline(media: Media) -> Media:
    """Media given as a `data:` URL, as the base64 that it holds; other media as it is."""
    if media.url is None or not media.url.startswith(_DATA_URL):
        return media
    head, comma, data = media.url.removeprefix(_DATA_URL).partition(",")
    given_type, base64, _ = head.partition(";base64")
    if not comma or not base64:
        return media
    return Media(media.kind, base64=data, media_type=media.media_type or given_type or None)
