"""The clients of a program that `bamlet dev` serves, made anew when what they are made of has changed."""

from __future__ import annotations

import argparse

from .. import embed
from ..clientgen.openapi import document, text


class Clients:
    """What stands inside of functions is no part of them, so most edits leave them as they are."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._made: object = None

    def update(self, program: embed.Program | None) -> None:
        """It reads and writes files."""
        if program is None or not program.interface.generators:
            return
        wanted = (program.interface.generators, text(document(program.interface)))
        if wanted != self._made:
            self._made = wanted
            _generate(self._path)


def _generate(path: str) -> None:
    from .generate import main

    main(
        argparse.Namespace(
            path=path, source=None, output_dir=None, stubs=None, no_tests=False, check=False, watch=False
        )
    )
