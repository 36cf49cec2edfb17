"""Media that a program makes itself: the operations of `image`, `audio`, `video` and `pdf`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import get_args

from ..interpreter.runtime.media import MediaKind, MediaValue
from .host import Context
from .registry import Failure, sysop


def _register(kind: MediaKind) -> None:
    @sysop(f"{kind}.of_url", throws=("InvalidArgument",))
    def of_url(context: Context, url: str, media_type: str | None) -> MediaValue:
        return _made(context, kind, {"url": url, "media_type": media_type})

    @sysop(f"{kind}.from_base64", throws=("InvalidArgument",))
    def from_base64(context: Context, media_type: str, data: str) -> MediaValue:
        return _made(context, kind, {"base64": data, "media_type": media_type})


def _made(context: Context, kind: MediaKind, entries: Mapping[str, str | None]) -> MediaValue:
    """Of the host's class, which the value may come back to."""
    try:
        return context.host.services.make_media(kind, entries)
    except ValueError as failure:
        raise Failure("InvalidArgument", str(failure)) from failure


for _kind in get_args(MediaKind):
    _register(_kind)
