"""OpenAI's chat completions and the servers that speak them: a prompt to a request."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from ..options.providers import PROVIDERS, Provider
from ..prompt import Media, MediaKind, Prompt, Text, ToolResult, ToolUse
from ..records import dataclass, replace
from ..wire.message import Request
from .client import ClientOptions, ClientSpec, read_options
from .media import MediaRules, data_url
from .request import json_post, key_for, url_for
from .roles import Piece, RoleMessage, messages_for, remapped
from .structured import ask
from .tools import chat_calls, chat_result, declare


@dataclass(frozen=True, slots=True)
class ChatFlavor:
    """How a server of the family differs from the others."""

    # Many servers take only strings; OpenAI itself takes lists too, and the relatives that we name.
    plain_text: bool = False
    # Some servers refuse stream_options, so only OpenAI is asked for usage.
    asks_for_usage: bool = False
    # Azure's own header holds the bare key.
    key_header: str = "authorization"


FLAVORS: Mapping[str, ChatFlavor] = {
    "openai": ChatFlavor(asks_for_usage=True),
    "openai-generic": ChatFlavor(plain_text=True),
    "openrouter": ChatFlavor(),
    "ollama": ChatFlavor(),
    "azure-openai": ChatFlavor(key_header="api-key"),
}

MEDIA = MediaRules(
    {"image": "send_url", "audio": "send_base64", "pdf": "send_url", "video": "send_url"},
    inline_only=frozenset(("audio",)),
    refused={"video": "chat completions take no video; send images of its frames instead"},
)
AUDIO_FORMATS = {"mpeg": "mp3", "x-wav": "wav", "wave": "wav", "vnd.wave": "wav"}


def read_client(provider: str, spec: ClientSpec) -> ClientOptions:
    """The options of a client of this family. Raises `ClientConfigError`."""
    return read_options(replace(spec, provider=provider), defaults_for(provider, spec))


def defaults_for(provider: str, spec: ClientSpec) -> Provider:
    """The first reasoning models know no system role and do not stream."""
    defaults, model = PROVIDERS[provider], spec.options.get("model")
    if provider == "openai" and isinstance(model, str) and (model == "o1" or model.startswith("o1-")):
        return replace(
            defaults, default_role="user", allowed_roles=("user", "assistant"), supports_streaming=False
        )
    return defaults


def build_request(client: ClientOptions, prompt: Prompt, *, stream: bool) -> Request:
    """Raises `ClientConfigError` for what the client lacks, or the dialect has no words for."""
    flavor = FLAVORS[client.provider]
    body: dict[str, Any] = {
        name: value for name, value in client.body.items() if name not in ("messages", "stream", "stream_options")
    }
    messages = remapped(client, messages_for(client, prompt))
    body["messages"] = [turn for message in messages for turn in _turns(client, flavor, message)]
    if stream:
        body["stream"] = True
        asked = client.body.get("stream_options")
        options = {"include_usage": True} if flavor.asks_for_usage else {}
        options |= asked if isinstance(asked, Mapping) else {}
        if options:
            body["stream_options"] = options
    url = url_for(client, "/chat/completions")
    body = declare(client, ask(client, body, prompt.answer), prompt)
    return json_post(client, url, key_header(client, flavor.key_header), body)


def key_header(client: ClientOptions, name: str) -> dict[str, str]:
    """The headers that every request of the family has."""
    ours = {"content-type": "application/json"}
    if key := key_for(client):
        ours[name] = f"Bearer {key}" if name == "authorization" else key
    return ours


def _turns(client: ClientOptions, flavor: ChatFlavor, message: RoleMessage) -> Iterator[dict[str, object]]:
    """Each result is a message by itself, and calls stand beside what is said."""
    parts = [piece.part for piece in message.pieces]
    if parts and all(isinstance(part, Text) for part in parts):  # as most are
        yield _message(client, flavor, message)
        return
    yield from (chat_result(part) for part in parts if isinstance(part, ToolResult))
    uses = [part for part in parts if isinstance(part, ToolUse)]
    said = tuple(piece for piece in message.pieces if isinstance(piece.part, Text | Media))
    calls: dict[str, object] = {"tool_calls": chat_calls(uses)} if uses else {}
    if said:
        yield {**_message(client, flavor, RoleMessage(message.role, said)), **calls}
    elif uses:
        yield {"role": message.role, "content": None, **calls}


def _message(client: ClientOptions, flavor: ChatFlavor, message: RoleMessage) -> dict[str, object]:
    texts = [piece.part.text for piece in message.pieces if isinstance(piece.part, Text) and not piece.metadata]
    if flavor.plain_text and len(texts) == len(message.pieces):
        return {"role": message.role, "content": " ".join(texts)}
    return {"role": message.role, "content": [_part(client, piece) for piece in message.pieces]}


def _part(client: ClientOptions, piece: Piece) -> dict[str, object]:
    if isinstance(piece.part, Text):
        return {"type": "text", "text": piece.part.text, **piece.sent}
    assert isinstance(piece.part, Media)
    media = MEDIA.ready(client, piece.part)
    return {**_MEDIA[media.kind](media), **piece.sent}


def _image(media: Media) -> dict[str, object]:
    return {"type": "image_url", "image_url": {"url": media.url or data_url(media, "image/png")}}


def _audio(media: Media) -> dict[str, object]:
    return {"type": "input_audio", "input_audio": audio(media)}


def audio(media: Media) -> dict[str, object]:
    """The API knows its formats by other names than the registry of media types."""
    subtype = (media.media_type or "audio/mpeg").partition("/")[2]
    return {"data": media.base64, "format": AUDIO_FORMATS.get(subtype, subtype)}


def _pdf(media: Media) -> dict[str, object]:
    if media.url is not None:
        return {"type": "file", "file": {"type": "input_file", "file_url": media.url, "filename": "document.pdf"}}
    return {
        "type": "file",
        "file": {"filename": "document.pdf", "file_data": data_url(media, "application/pdf")},
    }


_MEDIA: Mapping[MediaKind, Callable[[Media], dict[str, object]]] = {"image": _image, "audio": _audio, "pdf": _pdf}
