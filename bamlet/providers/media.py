"""How a client sends media: by URL or inline, and what has to be fetched before a request can be built."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from ..prompt import Media, Prompt
from .client import ClientOptions, MediaMode

_DATA_URL = "data:"
_KNOWN_TYPES = {"pdf": "application/pdf"}


def must_fetch(client: ClientOptions, media: Media, default: MediaMode, *, takes_url: bool) -> bool:
    """Whether the bytes are needed. `takes_url` says if the dialect has a form for such media by URL."""
    if media.url is None or media.url.startswith(_DATA_URL):
        return False
    if not takes_url:
        return True
    mode = client.media_url_handler.get(media.kind, default)
    if mode == "send_url_add_mime_type":
        return (media.media_type or _KNOWN_TYPES.get(media.kind)) is None
    if mode == "send_base64_unless_google_url":
        return not media.url.startswith("gs://")
    return mode == "send_base64"


def inline(media: Media) -> Media:
    """Media given as a `data:` URL, as the base64 that it holds; other media as it is."""
    if media.url is None or not media.url.startswith(_DATA_URL):
        return media
    head, comma, data = media.url.removeprefix(_DATA_URL).partition(",")
    media_type, base64, _ = head.partition(";base64")
    if not comma or not base64:
        return media
    return Media(media.kind, base64=data, media_type=media.media_type or media_type or None)


def data_url(media: Media, default_type: str) -> str:
    return f"data:{media.media_type or default_type};base64,{media.base64}"


def with_fetched(prompt: Prompt, fetched: Mapping[Media, Media]) -> Prompt:
    """The prompt with media replaced by what was fetched for it."""
    messages = (
        replace(
            message,
            parts=tuple(fetched.get(part, part) if isinstance(part, Media) else part for part in message.parts),
        )
        for message in prompt.messages
    )
    return Prompt(tuple(messages))
