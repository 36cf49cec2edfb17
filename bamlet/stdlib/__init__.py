"""The library, in the language: its files, each with the namespace that its names are under."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable

_OF_NO_NAMESPACE = "uint8array"
_OUTSIDE = frozenset({"assert", "audio", "baml", "env", "float", "image", "int", "log", "pdf", "testing", "video"})


class LibraryFile(NamedTuple):
    namespace: str
    name: str
    text: str


def library() -> Iterator[LibraryFile]:
    """`http.baml` declares `baml.http.*`, files of the folder `llm` `baml.llm.*`; some stand outside."""
    from importlib.resources import files  # takes long to load, and what was kept needs none

    for path in _sorted(files("bamlet.stdlib")):
        if path.name.endswith(".baml"):
            yield _file(path.name.removesuffix(".baml"), path)
        elif path.is_dir():
            yield from (_file(path.name, part) for part in _sorted(path) if part.name.endswith(".baml"))


def _sorted(folder: Traversable) -> list[Traversable]:
    return sorted(folder.iterdir(), key=lambda path: path.name)


def _file(word: str, path: Traversable) -> LibraryFile:
    namespace = word if word in _OUTSIDE else f"baml.{word}"
    return LibraryFile("" if word == _OF_NO_NAMESPACE else namespace, str(path), path.read_text("utf-8"))
