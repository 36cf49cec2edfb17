"""The page at `/docs`: three files of ours, sent as they are. It asks `/openapi.json` what there is to call."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

from starlette.responses import Response

_TYPES = {"docs.html": "text/html", "docs.css": "text/css", "docs.js": "text/javascript"}
_HEADERS = {
    # Nothing but what stands here is run, and nobody puts the page into a frame: it may hold a token.
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-cache",
}


def answer(name: str) -> Response:
    return Response(_text(name), headers=_HEADERS, media_type=_TYPES[name])


@cache
def _text(name: str) -> str:
    return files(__package__).joinpath(name).read_text("utf-8")
