"""A program as it changes on disk: each new one, or what is wrong with it."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncGenerator

from ..diagnostics import Diagnostic
from ..embed import Program, check_path
from ..embed.files import find, read
from ..embed.settings import SettingsError

SECONDS_BETWEEN_LOOKS = 0.3


async def changes(path: str) -> AsyncGenerator[tuple[Program | None, tuple[Diagnostic, ...] | str], None]:
    """After each change of content, not of times. Looking and compiling keep nobody waiting.

    A text says what is wrong with the project's settings; then it is looked at again until they are right.
    """
    seen = await asyncio.to_thread(_content, path)
    told = ""
    while True:
        await asyncio.sleep(SECONDS_BETWEEN_LOOKS)
        now = await asyncio.to_thread(_content, path)
        if now is None or now == seen:
            continue
        try:
            found = await asyncio.to_thread(check_path, path)
        except OSError:
            continue  # gone again; the next look tells
        except SettingsError as failure:
            if told != str(failure):
                told = str(failure)
                yield None, told
            continue
        seen, told = now, ""
        yield found


def _content(path: str | os.PathLike[str]) -> tuple[tuple[str, str], ...] | None:
    """None while it cannot be read: editors and git take files away for a moment."""
    try:
        return tuple((str(file), read(file).source.text) for file in find(path))
    except OSError:
        return None
