"""Media that a program makes itself: the operations of `image`, `audio`, `video` and `pdf`."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from typing import get_args

from ..interpreter.runtime.media import MediaKind, MediaValue
from ..wire.media_types import SNIFFED_BYTES, may_be, sniff
from .fs import reaching
from .host import Context
from .registry import Failure, sysop

MAX_FILE = 64 << 20  # bytes


def _register(kind: MediaKind) -> None:
    @sysop(f"{kind}.of_url", throws=("InvalidArgument",))
    def of_url(context: Context, url: str, media_type: str | None) -> MediaValue:
        return _made(context, kind, {"url": url, "media_type": media_type})

    @sysop(f"{kind}.from_base64", throws=("InvalidArgument",))
    def from_base64(context: Context, media_type: str, data: str) -> MediaValue:
        return _made(context, kind, {"base64": data, "media_type": media_type})

    @sysop(f"{kind}.of_file", throws=("Io", "InvalidArgument"), group="fs")
    def of_file(context: Context, path: str, media_type: str | None) -> MediaValue:
        data = _read(path)
        found = sniff(data[:SNIFFED_BYTES])
        if found is not None and not may_be(found, kind):
            raise Failure("InvalidArgument", f"{path} is {found}, and no {kind}")
        if media_type is None and found is None:
            raise Failure("InvalidArgument", f"{path} is none of the known kinds of {kind}: say its media type")
        encoded = b64encode(data).decode("ascii")
        return _made(context, kind, {"base64": encoded, "media_type": media_type or found})


def _read(path: str) -> bytes:
    with reaching(path) as file, file.open("rb") as opened:
        data = opened.read(MAX_FILE + 1)
    if len(data) > MAX_FILE:
        raise Failure("InvalidArgument", f"{path} has more than {MAX_FILE:,} bytes")
    return data


def _made(context: Context, kind: MediaKind, entries: Mapping[str, str | None]) -> MediaValue:
    """Of the host's class, which the value may come back to."""
    try:
        return context.host.services.make_media(kind, entries)
    except ValueError as failure:
        raise Failure("InvalidArgument", str(failure)) from failure


for _kind in get_args(MediaKind):
    _register(_kind)
