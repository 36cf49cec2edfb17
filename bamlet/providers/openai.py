"""OpenAI's chat completions and the servers that speak them: a prompt to a request, a body to a completion."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from ..prompt import Media, MediaKind, Prompt, Text
from ..wire.message import Request
from .client import ClientConfigError, ClientOptions, ClientSpec, MediaMode, ProviderDefaults, read_options
from .media import data_url, inline, must_fetch
from .request import headers_for, json_body, key_for, url_for
from .roles import Piece, RoleMessage, messages_for, remapped


@dataclass(frozen=True, slots=True)
class ChatFlavor:
    """How a server of the family differs from the others."""

    defaults: ProviderDefaults
    # Many servers take only strings; OpenAI itself takes lists too, and the relatives that we name.
    plain_text: bool = False
    # Some servers refuse stream_options, so only OpenAI is asked for usage.
    asks_for_usage: bool = False


FLAVORS: Mapping[str, ChatFlavor] = {
    "openai": ChatFlavor(
        ProviderDefaults("system", "https://api.openai.com/v1", "OPENAI_API_KEY"), asks_for_usage=True
    ),
    "openai-generic": ChatFlavor(ProviderDefaults("system"), plain_text=True),
    "openrouter": ChatFlavor(ProviderDefaults("system", "https://openrouter.ai/api/v1", "OPENROUTER_API_KEY")),
    "ollama": ChatFlavor(ProviderDefaults("user", "http://localhost:11434/v1")),
}

MEDIA_DEFAULTS: Mapping[str, MediaMode] = {
    "image": "send_url",
    "audio": "send_base64",
    "pdf": "send_url",
    "video": "send_url",
}
_AUDIO_FORMATS = {"mpeg": "mp3", "x-wav": "wav", "wave": "wav", "vnd.wave": "wav"}


def read_client(provider: str, spec: ClientSpec) -> ClientOptions:
    """The options of a client of this family. Raises `ClientConfigError`."""
    defaults = FLAVORS[provider].defaults
    model = spec.options.get("model")
    if provider == "openai" and isinstance(model, str) and (model == "o1" or model.startswith("o1-")):
        # The first reasoning models know no system role and do not stream.
        defaults = ProviderDefaults(
            "user", defaults.base_url, defaults.key_variable, ("user", "assistant"), supports_streaming=False
        )
    return read_options(replace(spec, provider=provider), defaults)


def build_request(client: ClientOptions, prompt: Prompt, *, stream: bool) -> Request:
    """Raises `ClientConfigError` for what the client lacks, or the dialect has no words for."""
    flavor = FLAVORS[client.provider]
    body: dict[str, Any] = {
        name: value for name, value in client.body.items() if name not in ("messages", "stream", "stream_options")
    }
    messages = remapped(client, messages_for(client, prompt))
    body["messages"] = [_message(client, flavor, message) for message in messages]
    if stream:
        body["stream"] = True
        asked = client.body.get("stream_options")
        options = {"include_usage": True} if flavor.asks_for_usage else {}
        options |= asked if isinstance(asked, Mapping) else {}
        if options:
            body["stream_options"] = options
    key = key_for(client, "authorization")
    ours = {"content-type": "application/json"} | ({"authorization": f"Bearer {key}"} if key else {})
    return Request(
        "POST", url_for(client, "/chat/completions"), headers_for(client, ours), json_body(client, body)
    )


def media_to_fetch(client: ClientOptions, prompt: Prompt) -> tuple[Media, ...]:
    """The media whose bytes have to be in the prompt before `build_request` can take it."""
    return tuple(dict.fromkeys(media for media in prompt.media() if _must_fetch(client, media)))


def _must_fetch(client: ClientOptions, media: Media) -> bool:
    return must_fetch(client, media, MEDIA_DEFAULTS[media.kind], takes_url=media.kind != "audio")


def _message(client: ClientOptions, flavor: ChatFlavor, message: RoleMessage) -> dict[str, object]:
    texts = [
        piece.part.text for piece in message.pieces if isinstance(piece.part, Text) and not piece.has_metadata
    ]
    if flavor.plain_text and len(texts) == len(message.pieces):
        return {"role": message.role, "content": " ".join(texts)}
    return {"role": message.role, "content": [_part(client, piece) for piece in message.pieces]}


def _part(client: ClientOptions, piece: Piece) -> dict[str, object]:
    if isinstance(piece.part, Text):
        return {"type": "text", "text": piece.part.text, **piece.sent}
    if piece.part.kind != "video" and _must_fetch(client, piece.part):
        raise ClientConfigError(f"client `{client.name}`: the {piece.part.kind} has to be fetched first")
    return {**_MEDIA[piece.part.kind](inline(piece.part)), **piece.sent}


def _image(media: Media) -> dict[str, object]:
    return {"type": "image_url", "image_url": {"url": media.url or data_url(media, "image/png")}}


def _audio(media: Media) -> dict[str, object]:
    subtype = (media.media_type or "audio/mpeg").partition("/")[2]
    return {
        "type": "input_audio",
        "input_audio": {"data": media.base64, "format": _AUDIO_FORMATS.get(subtype, subtype)},
    }


def _pdf(media: Media) -> dict[str, object]:
    if media.url is not None:
        return {"type": "file", "file": {"type": "input_file", "file_url": media.url, "filename": "document.pdf"}}
    return {
        "type": "file",
        "file": {"filename": "document.pdf", "file_data": data_url(media, "application/pdf")},
    }


def _video(media: Media) -> dict[str, object]:
    raise ClientConfigError("chat completions take no video; send images of its frames instead")


_MEDIA: Mapping[MediaKind, Callable[[Media], dict[str, object]]] = {
    "image": _image,
    "audio": _audio,
    "pdf": _pdf,
    "video": _video,
}
