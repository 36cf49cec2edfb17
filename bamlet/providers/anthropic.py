"""Anthropic's messages: a prompt to a request."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ..options.providers import PROVIDERS
from ..prompt import Media, MediaKind, Prompt, Text, ToolResult, ToolUse, Unread
from ..records import replace
from ..wire.message import Request
from .client import ClientOptions, ClientSpec, read_options
from .media import MediaRules, media_type
from .request import json_post, key_for, url_for
from .roles import Piece, hoisted, messages_for, remapped, results_as_user
from .structured import ask
from .tools import anthropic_call, anthropic_result, declare

DEFAULTS = PROVIDERS["anthropic"]
DEFAULT_MAX_TOKENS = 4096
VERSION = "2023-06-01"

MEDIA = MediaRules(
    {"image": "send_url", "audio": "send_url", "pdf": "send_base64", "video": "send_url"},
    refused={"video": "Anthropic's models take no video; send images of its frames instead"},
)
_BLOCKS: Mapping[MediaKind, str] = {"image": "image", "audio": "audio", "pdf": "document"}


def read_client(spec: ClientSpec) -> ClientOptions:
    """Raises `ClientConfigError`."""
    return read_options(replace(spec, provider="anthropic"), DEFAULTS)


def build_request(client: ClientOptions, prompt: Prompt, *, stream: bool) -> Request:
    """Raises `ClientConfigError` for what the client lacks, or the dialect has no words for."""
    ours = {"content-type": "application/json", "anthropic-version": VERSION}
    if key := key_for(client):
        ours["x-api-key"] = key
    body = build_body(client, prompt, stream=stream)
    body = declare(client, ask(client, body, prompt.answer), prompt)
    return json_post(client, url_for(client, "/v1/messages"), ours, body)


def build_body(client: ClientOptions, prompt: Prompt, *, stream: bool) -> dict[str, Any]:
    """The same wherever the model is served. The limit of tokens is mandatory there."""
    body: dict[str, Any] = {
        name: value for name, value in client.body.items() if name not in ("system", "messages", "stream")
    }
    body.setdefault("max_tokens", DEFAULT_MAX_TOKENS)
    system, messages = hoisted(remapped(client, results_as_user(messages_for(client, prompt))))
    if system:
        body["system"] = _blocks(client, system)
    body["messages"] = [{"role": message.role, "content": _blocks(client, message.pieces)} for message in messages]
    if stream:
        body["stream"] = True
    return body


def _blocks(client: ClientOptions, pieces: Iterable[Piece]) -> list[dict[str, object]]:
    return [_block(client, piece) for piece in pieces]


def _block(client: ClientOptions, piece: Piece) -> dict[str, object]:
    # A mark such as `cache_control` speaks of all that stands before it, so it goes to the end of its role.
    sent = piece.sent if piece.is_last else {}
    match piece.part:
        case Text(text=text):
            return {"type": "text", "text": text, **sent}
        case ToolUse() as use:
            return anthropic_call(use)
        case ToolResult() as result:
            return anthropic_result(result)
        case Unread(value=value):
            return dict(value)
        case Media() as given:
            media = MEDIA.ready(client, given)
            return {"type": _BLOCKS[media.kind], "source": _source(media), **sent}


def _source(media: Media) -> dict[str, object]:
    if media.url is not None:
        return {"type": "url", "url": media.url}
    return {"type": "base64", "media_type": media_type(media), "data": media.base64}
