"""The library, in the language: its files, each with the namespace that its names are under."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.resources import files
from typing import NamedTuple

_OF_NO_NAMESPACE = "uint8array"
_OUTSIDE = frozenset({"assert", "audio", "baml", "env", "float", "image", "int", "log", "pdf", "testing", "video"})


class LibraryFile(NamedTuple):
    namespace: str
    name: str
    text: str


def library() -> Iterator[LibraryFile]:
    """`http.baml` declares `baml.http.*`; some files stand outside of `baml`."""
    for path in sorted(files("bamlet.stdlib").iterdir(), key=lambda path: path.name):
        if path.name.endswith(".baml"):
            stem = path.name.removesuffix(".baml")
            namespace = stem if stem in _OUTSIDE else f"baml.{stem}"
            if stem == _OF_NO_NAMESPACE:
                namespace = ""
            yield LibraryFile(namespace, str(path), path.read_text("utf-8"))
