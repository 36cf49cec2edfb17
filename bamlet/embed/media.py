"""Images, audio, PDFs and videos as arguments: the classes that a host makes them with.

    runtime.call("Describe", photo=bamlet.Image.from_file("cat.png"))

Names are those of `baml_py`. A URL is looked at when the call needs its bytes, and only then.
"""

from __future__ import annotations

import base64
import binascii
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar, Self

from ..bounded import bytes_of
from ..interpreter.runtime.media import MediaKind, MediaValue
from ..patterns import pattern
from ..wire.media_types import SNIFFED_BYTES, may_be, sniff
from .errors import BamlInvalidArgumentError

_MEDIA_TYPE = pattern(r"[\w.+-]+/[\w.+-]+(;\s*[\w.+-]+=[\w.+-]+)*")
_SCHEME = pattern(r"[A-Za-z][A-Za-z0-9+.-]*")
_BLANK = pattern(r"[\0-\x20\x7f]")
_ENTRIES = {"url", "base64", "media_type", "file"}


class _Media(MediaValue):
    """What the four have in common. `as_base64` gives the data first and then its media type."""

    __slots__ = ()
    _kind: ClassVar[MediaKind]

    @classmethod
    def from_url(cls, url: str, media_type: str | None = None) -> Self:
        """`http`, `https`, `data:`, or a form that the provider knows, such as `gs://`."""
        scheme, _, rest = url.partition(":")
        if not rest or not _SCHEME.fullmatch(scheme):
            raise _refused(f"{_shown(url)} is no URL for {_a(cls._kind)}")
        if scheme.lower() == "file":
            raise _refused(f"a file is no URL: use {cls.__name__}.from_file")
        if _BLANK.search(url):
            raise _refused(f"the URL for {_a(cls._kind)} holds a blank or a control character")
        return cls(cls._kind, url=url, media_type=_checked_type(media_type))

    @classmethod
    def from_base64(cls, media_type: str, data: str) -> Self:
        return cls(cls._kind, base64=_checked_data(data), media_type=_checked_type(media_type))

    @classmethod
    def from_bytes(cls, data: bytes, media_type: str | None = None) -> Self:
        """The type is told from the bytes if it is not given. Raises `BamlInvalidArgumentError`."""
        return cls._of_bytes(data, media_type, None)

    @classmethod
    def from_file(cls, path: str | os.PathLike[str], media_type: str | None = None) -> Self:
        """Reads the file now. Raises `OSError`, and `BamlInvalidArgumentError` for what is of another kind."""
        return cls._of_bytes(bytes_of(Path(path)), media_type, os.fspath(path))

    @classmethod
    def _of_bytes(cls, data: bytes, media_type: str | None, file: str | None) -> Self:
        what = f"the file {file}" if file else "the data"
        found = sniff(data[:SNIFFED_BYTES])
        if found is not None and not may_be(found, cls._kind):
            raise _refused(f"{what} is {found}, not {_a(cls._kind)}")
        media_type = _checked_type(media_type) or found
        if media_type is None:
            raise _refused(f"{what} is none of the known kinds of {cls._kind}; say its media_type")
        encoded = base64.b64encode(data).decode("ascii")
        return cls(cls._kind, base64=encoded, media_type=media_type, file=file)

    def is_url(self) -> bool:
        return self.url is not None

    def is_base64(self) -> bool:
        return self.base64 is not None

    def as_url(self) -> str:
        if self.url is None:
            raise _refused(f"the {self.kind} is not a URL")
        return self.url

    def as_base64(self) -> list[str]:
        if self.base64 is None:
            raise _refused(f"the {self.kind} is not base64")
        return [self.base64, self.media_type or ""]

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: Any) -> Any:
        """A field of a pydantic model: itself, or `{"url": …}`, or `{"base64": …, "media_type": …}`."""
        from pydantic_core import core_schema

        return core_schema.no_info_plain_validator_function(
            lambda value: media_value(cls._kind, value),
            serialization=core_schema.plain_serializer_function_ser_schema(MediaValue.plain),
        )

    @classmethod
    def __get_pydantic_json_schema__(cls, core: Any, handler: Any) -> dict[str, Any]:
        text = {"type": "string"}
        url = {"type": "object", "properties": {"url": text, "media_type": text}, "required": ["url"]}
        data = {"type": "object", "properties": {"base64": text, "media_type": text}, "required": ["base64"]}
        return {"title": cls.__name__, "anyOf": [url, data]}


class Image(_Media):
    __slots__ = ()
    _kind = "image"


class Audio(_Media):
    __slots__ = ()
    _kind = "audio"


class Video(_Media):
    __slots__ = ()
    _kind = "video"


class Pdf(_Media):
    __slots__ = ()
    _kind = "pdf"

    @classmethod
    def from_base64(cls, media_type: str, data: str | None = None) -> Self:
        """`Pdf.from_base64(data)`: a PDF has one media type."""
        if data is None:
            media_type, data = "application/pdf", media_type
        return super().from_base64(media_type, data)


CLASSES: Mapping[MediaKind, type[_Media]] = {"image": Image, "audio": Audio, "pdf": Pdf, "video": Video}


class Local(dict[str, Any]):
    """Entries that the program's author or its user wrote, and no stranger: they may name a file."""

    def __init__(self, entries: Mapping[str, Any], folder: Path) -> None:
        super().__init__(entries)
        self.folder = folder


def local(value: Any, folder: Path) -> Any:
    """The value with every map in it marked as `Local`."""
    if isinstance(value, Mapping):
        return Local({name: local(item, folder) for name, item in value.items()}, folder)
    return [local(item, folder) for item in value] if isinstance(value, list) else value


def media_value(kind: MediaKind, value: Any) -> MediaValue:
    """Media from what a host gives for them. Raises `ValueError`."""
    try:
        return _media_value(kind, value)
    except BamlInvalidArgumentError as failure:
        raise ValueError(str(failure)) from failure


def _media_value(kind: MediaKind, value: Any) -> MediaValue:
    made = CLASSES[kind]
    if isinstance(value, made):
        return value
    if isinstance(value, MediaValue):
        if value.kind != kind:
            raise ValueError(f"should be {_a(kind)}, not {_a(value.kind)}")
        return made(kind, value.url, value.base64, value.media_type, value.file)
    if isinstance(value, Mapping):
        return _of_entries(made, value)
    if type(value).__name__ == f"Baml{made.__name__}Py":
        return _of_baml_py(made, value)
    raise ValueError(f'should be {_a(kind)}: bamlet.{made.__name__}, {{"url": …}} or {{"base64": …}}')


def _of_baml_py(made: type[_Media], value: Any) -> MediaValue:
    """From a value of `baml_py`, whose accessors have the same names."""
    if value.is_url():
        return made.from_url(value.as_url())
    data, media_type = value.as_base64()
    return made(made._kind, base64=_checked_data(data), media_type=_checked_type(media_type))


def _of_entries(made: type[_Media], entries: Mapping[str, Any]) -> MediaValue:
    if unknown := [name for name in entries if name not in _ENTRIES]:
        raise ValueError(f"{_a(made._kind)} has no entry `{unknown[0]}`, only url, base64 and media_type")
    given = {name: value for name, value in entries.items() if value is not None}
    sources = [name for name in ("url", "base64", "file") if name in given]
    if len(sources) != 1 or not all(isinstance(value, str) for value in given.values()):
        raise ValueError(f"{_a(made._kind)} has either a url or base64, as a string")
    media_type = given.get("media_type")
    if sources[0] == "url":
        return made.from_url(given["url"], media_type)
    if sources[0] == "base64":
        return made(made._kind, base64=_checked_data(given["base64"]), media_type=_checked_type(media_type))
    if not isinstance(entries, Local):
        raise ValueError(f"a file is read by the host: use bamlet.{made.__name__}.from_file")
    try:
        return made.from_file(entries.folder / given["file"], media_type)
    except OSError as failure:
        raise ValueError(f"cannot read {given['file']}: {failure.strerror}") from failure


def _checked_data(data: str) -> str:
    """Without line breaks, which some encoders put in."""
    joined = "".join(data.split())
    try:
        base64.b64decode(joined, validate=True)
    except (binascii.Error, ValueError):
        raise _refused(f"the data is not base64: {_shown(data)}") from None
    return joined


def _checked_type(media_type: str | None) -> str | None:
    if media_type is None or _MEDIA_TYPE.fullmatch(media_type):
        return media_type
    raise _refused(f"{_shown(media_type)} is no media type, such as image/png")


def _a(kind: MediaKind) -> str:
    return f"an {kind}" if kind in ("image", "audio") else f"a {kind}"


def _shown(text: str) -> str:
    return repr(text if len(text) <= 40 else f"{text[:37]}…")


def _refused(message: str) -> BamlInvalidArgumentError:
    return BamlInvalidArgumentError(message)
