"""Which engine carries an exchange: from what the options ask for and what is installed."""

from __future__ import annotations

from collections.abc import Callable
from importlib.util import find_spec
from typing import Literal, TypeAlias

from .message import HttpOptions

Parser: TypeAlias = Literal["h11", "httptools"]


def is_installed(package: str) -> bool:
    return find_spec(package) is not None


def check_engine(options: HttpOptions, has: Callable[[str], bool] = is_installed) -> None:
    """Raises `ValueError` for what cannot be had here."""
    asked: str = options.engine
    if asked == "aiohttp":
        raise ValueError(
            "the engine aiohttp is gone: leave `engine` out, and `pip install 'bamlet[fast]'` for httptools, "
            "which takes its place"
        )
    match options:
        case HttpOptions(engine="h11" | "httptools" as name, http2=True):
            raise ValueError(f"{name} speaks no HTTP/2: use the engine httpx")
        case HttpOptions(engine="httptools") if not has("httptools"):
            raise ValueError("httptools is not installed: pip install 'bamlet[fast]'")
        case HttpOptions(http2=True) if not has("h2"):
            raise ValueError("HTTP/2 is not installed: pip install 'bamlet[http2]'")
        case HttpOptions(engine="auto" | "h11" | "httptools" | "httpx"):
            pass
        case _:
            raise ValueError(f"there is no engine {asked!r}: there are auto, h11, httptools and httpx")


def parser_for(options: HttpOptions, has: Callable[[str], bool] = is_installed) -> Parser | None:
    """What reads our own connections; None where all goes over httpx."""
    match options:
        case HttpOptions(engine="httpx") | HttpOptions(http2=True):
            return None
        case HttpOptions(engine="h11" | "httptools" as parser):
            return parser
        case _:
            return "httptools" if has("httptools") else "h11"
