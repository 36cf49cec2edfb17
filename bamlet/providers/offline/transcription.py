"""Transcriptions of audio, as OpenAI answers them."""

from __future__ import annotations

from typing import Any

from .chat import error
from .said import EVENTS, Dialect, Events, Said, data_event


def _usage(said: Said) -> dict[str, Any]:
    given, made = said.input_tokens, said.output_tokens
    return {"type": "tokens", "input_tokens": given, "output_tokens": made, "total_tokens": given + made}


def _events(said: Said) -> Events:
    for piece in said.pieces:
        yield len(piece), {"type": "transcript.text.delta", "delta": piece}
    yield 0, {"type": "transcript.text.done", "text": said.text, "usage": _usage(said)}


def _whole(said: Said) -> Any:
    return {"text": said.text, "usage": _usage(said)}


TRANSCRIPTION = Dialect(EVENTS, _events, data_event, _whole, error)
