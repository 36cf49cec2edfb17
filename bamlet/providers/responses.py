"""OpenAI's Responses API: a prompt to a request."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from ..options.providers import PROVIDERS
from ..prompt import Media, MediaKind, Prompt, Text, ToolResult, ToolUse, Unread
from ..records import replace
from ..wire.message import Request
from .client import ClientOptions, ClientSpec, read_options
from .media import MediaRules, data_url
from .openai import audio, key_header
from .request import json_post, url_for
from .roles import Piece, RoleMessage, messages_for, remapped
from .structured import ask
from .tools import declare, responses_call, responses_result

DEFAULTS = PROVIDERS["openai-responses"]

MEDIA = MediaRules(
    {"image": "send_url", "audio": "send_base64", "pdf": "send_url", "video": "send_url"},
    inline_only=frozenset(("audio",)),
    refused={"video": "the Responses API takes no video; send images of its frames instead"},
)


def read_client(spec: ClientSpec) -> ClientOptions:
    """Raises `ClientConfigError`."""
    return read_options(replace(spec, provider="openai-responses"), DEFAULTS)


def build_request(client: ClientOptions, prompt: Prompt, *, stream: bool) -> Request:
    """Raises `ClientConfigError` for what the client lacks, or the dialect has no words for."""
    left_out = ("input", "stream") if stream else ("input", "stream", "stream_options")
    body: dict[str, Any] = {name: value for name, value in client.body.items() if name not in left_out}
    messages = remapped(client, messages_for(client, prompt))
    body["input"] = [item for message in messages for item in _items(client, message)]
    if stream:
        body["stream"] = True
    ours = key_header(client, "authorization")
    body = declare(client, ask(client, body, prompt.answer), prompt)
    return json_post(client, url_for(client, "/responses"), ours, body)


def _items(client: ClientOptions, message: RoleMessage) -> Iterator[dict[str, object]]:
    """Calls, results and what is unread are items beside the messages, in their order."""
    said = tuple(piece for piece in message.pieces if isinstance(piece.part, Text | Media))
    for piece in message.pieces:
        match piece.part:
            case ToolUse() as use:
                yield responses_call(use)
            case ToolResult() as result:
                yield responses_result(result)
            case Unread(value=value):
                yield dict(value)
            case _ if piece is said[0]:
                yield _message(client, RoleMessage(message.role, said))


def _message(client: ClientOptions, message: RoleMessage) -> dict[str, object]:
    text_type = "output_text" if message.role == "assistant" else "input_text"
    return {"role": message.role, "content": [_part(client, piece, text_type) for piece in message.pieces]}


def _part(client: ClientOptions, piece: Piece, text_type: str) -> dict[str, object]:
    if isinstance(piece.part, Text):
        return {"type": text_type, "text": piece.part.text, **piece.sent}
    assert isinstance(piece.part, Media)
    media = MEDIA.ready(client, piece.part)
    return {**_MEDIA[media.kind](media), **piece.sent}


def _image(media: Media) -> dict[str, object]:
    url = media.url or data_url(media, "image/png")
    return {"type": "input_image", "detail": "auto", "image_url": url}


def _audio(media: Media) -> dict[str, object]:
    return {"type": "input_audio", "input_audio": audio(media)}


def _pdf(media: Media) -> dict[str, object]:
    if media.url is not None:
        return {"type": "input_file", "file_url": media.url, "filename": "document.pdf"}
    return {
        "type": "input_file",
        "file_data": data_url(media, "application/pdf"),
        "filename": "document.pdf",
    }


_MEDIA: Mapping[MediaKind, Callable[[Media], dict[str, object]]] = {"image": _image, "audio": _audio, "pdf": _pdf}
