"""Ollama's own API, which answers in lines of JSON: a prompt to a request."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..options.providers import PROVIDERS
from ..prompt import Media, Prompt, Text, ToolResult, ToolUse
from ..records import replace
from ..wire.message import Request
from .client import ClientOptions, ClientSpec, read_options
from .media import MediaRules
from .request import json_post, key_for, url_for
from .roles import RoleMessage, messages_for, remapped
from .structured import ask
from .tools import declare, ollama_calls, ollama_result

NATIVE = "ollama-native"
DEFAULTS = PROVIDERS["ollama-native"]

_ONLY_IMAGES = "Ollama takes images only"
MEDIA = MediaRules(
    {"image": "send_base64", "audio": "send_url", "pdf": "send_url", "video": "send_url"},
    inline_only=frozenset(("image",)),
    refused={"audio": _ONLY_IMAGES, "pdf": _ONLY_IMAGES, "video": _ONLY_IMAGES},
)


def read_client(spec: ClientSpec) -> ClientOptions:
    """Raises `ClientConfigError`. Ollama's own tools name a host without a scheme."""
    client = read_options(replace(spec, provider=NATIVE), DEFAULTS)
    host = client.base_url or ""
    return client if "://" in host else replace(client, base_url=f"http://{host}")


def build_request(client: ClientOptions, prompt: Prompt, *, stream: bool) -> Request:
    """Raises `ClientConfigError` for what the client lacks, or the dialect has no words for."""
    body: dict[str, Any] = {
        name: value for name, value in client.body.items() if name not in ("messages", "stream")
    }
    messages = remapped(client, messages_for(client, prompt))
    body["messages"] = [turn for message in messages for turn in _turns(client, message)]
    body["stream"] = stream  # it streams unless it is told not to
    ours = {"content-type": "application/json", "accept": "application/x-ndjson" if stream else "application/json"}
    if key := key_for(client):
        ours["authorization"] = f"Bearer {key}"
    body = declare(client, ask(client, body, prompt.answer), prompt)
    return json_post(client, url_for(client, "/api/chat"), ours, body)


def _turns(client: ClientOptions, message: RoleMessage) -> Iterator[dict[str, object]]:
    """Each result is a message by itself, and calls stand beside what is said."""
    parts = [piece.part for piece in message.pieces]
    results = [part for part in parts if isinstance(part, ToolResult)]
    yield from map(ollama_result, results)
    uses = [part for part in parts if isinstance(part, ToolUse)]
    if len(results) < len(parts):
        yield {**_message(client, message), **({"tool_calls": ollama_calls(uses)} if uses else {})}


def _message(client: ClientOptions, message: RoleMessage) -> dict[str, object]:
    """A content is one string; the images stand beside it."""
    texts = [piece.part.text for piece in message.pieces if isinstance(piece.part, Text)]
    media = [MEDIA.ready(client, piece.part) for piece in message.pieces if isinstance(piece.part, Media)]
    images = {"images": [image.base64 for image in media]} if media else {}
    return {"role": message.role, "content": " ".join(texts), **images}
