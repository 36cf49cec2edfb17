"""What a model says, in the wire format of each dialect: the other direction of the accumulators.

An answer is made in parts, one for each event of a stream, so that it can be paced, cut and spoilt between them.
"""

from __future__ import annotations

import json
from collections.abc import Mapping

from .anthropic import ANTHROPIC
from .bedrock import BEDROCK
from .chat import CHAT
from .google import GOOGLE
from .ollama import OLLAMA
from .responses import RESPONSES
from .said import HTML, JSON, Dialect, Framed, Said
from .transcription import TRANSCRIPTION

__all__ = ["HTML", "RESPONSE_TYPES", "Framed", "Said", "framed", "pieces_of", "refused"]

_DIALECTS: Mapping[str, Dialect] = {
    "openai": CHAT,
    "openai-responses": RESPONSES,
    "openai-transcription": TRANSCRIPTION,
    "anthropic": ANTHROPIC,
    "google": GOOGLE,
    "vertex": GOOGLE,
    "aws-bedrock": BEDROCK,
    "ollama": OLLAMA,
}
RESPONSE_TYPES = tuple(_DIALECTS)


def framed(response_type: str, said: Said, *, streams: bool) -> Framed:
    """The answer of a server that speaks the dialect of this name."""
    dialect = _DIALECTS[response_type]
    if not streams:
        body = json.dumps(dialect.whole(said), ensure_ascii=False).encode()
        return Framed(JSON, (body,), said=(len(said.text),))
    parts: list[bytes] = []
    counted: list[int] = []
    count = 0
    for characters, event in dialect.events(said):
        count += characters
        parts.append(dialect.frame(event))
        counted.append(count)
    return Framed(dialect.headers, tuple(parts), said=tuple(counted))


def refused(response_type: str, status: int, retry_after: float | None = None) -> Framed:
    """An error in the dialect's own form."""
    message, kind = _ERRORS.get(status, ("the server had an error", "server_error"))
    headers = JSON if retry_after is None else (*JSON, ("retry-after", f"{retry_after:g}"))
    body = _DIALECTS[response_type].error(status, kind, message)
    return Framed(headers, (json.dumps(body).encode(),), status)


_ERRORS = {
    400: ("the request is not valid", "invalid_request_error"),
    401: ("the key is not valid", "authentication_error"),
    403: ("this is not allowed", "permission_error"),
    404: ("there is no such model", "not_found_error"),
    429: ("too many requests", "rate_limit_error"),
    529: ("overloaded", "overloaded_error"),
}


def pieces_of(text: str, size: int) -> tuple[str, ...]:
    return tuple(text[at : at + size] for at in range(0, len(text), size))
