"""Gemini's `generateContent`: a prompt to a request. Whether it streams is in the URL."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ..options.providers import PROVIDERS
from ..patterns import pattern
from ..prompt import Media, Prompt, Text, ToolResult, ToolUse, Unread
from ..records import dataclass, replace
from ..wire.message import Request
from .client import ClientConfigError, ClientOptions, ClientSpec, read_options
from .media import MediaRules, media_type
from .request import json_post, key_for, needed, url_for
from .roles import Piece, hoisted, messages_for, remapped, results_as_user
from .structured import ask
from .tools import declare, google_call, google_result

DEFAULTS = PROVIDERS["google-ai"]

MEDIA = MediaRules(
    {"image": "send_base64_unless_google_url", "audio": "send_url", "pdf": "send_url", "video": "send_url"}
)

_MODEL = pattern(r"(?!.*\.\.)[\w./@-]+")


@dataclass(frozen=True, slots=True)
class GoogleSpelling:
    """Both spellings of protobuf's JSON are accepted; which one goes out is a matter of taste and of goldens."""

    inline: str
    file: str
    media_type: str
    uri: str
    type_first: bool


SNAKE = GoogleSpelling("inline_data", "file_data", "mime_type", "file_uri", type_first=True)
CAMEL = GoogleSpelling("inlineData", "fileData", "mimeType", "fileUri", type_first=False)


def read_client(spec: ClientSpec) -> ClientOptions:
    """Raises `ClientConfigError`."""
    return read_options(replace(spec, provider="google-ai"), DEFAULTS)


def build_request(client: ClientOptions, prompt: Prompt, *, stream: bool) -> Request:
    """Raises `ClientConfigError` for what the client lacks, or the dialect has no words for."""
    ours = {"content-type": "application/json"}
    if key := key_for(client):
        ours["x-goog-api-key"] = key
    model = model_of(client)
    # A name with a folder says itself what it is: a tuned model, for example.
    url = method_url(client, f"/{model}" if "/" in model else f"/models/{model}", stream=stream)
    body = build_body(client, prompt, MEDIA, SNAKE)
    body = declare(client, ask(client, body, prompt.answer), prompt)
    return json_post(client, url, ours, body)


def model_of(client: ClientOptions) -> str:
    """The name of the model, which goes into the URL. Raises `ClientConfigError` for one that would change it."""
    model = needed(client, "model", client.model)
    if not _MODEL.fullmatch(model):
        raise ClientConfigError(f"client `{client.name}`: {model!r} is no name of a model")
    return model


def method_url(client: ClientOptions, path: str, *, stream: bool) -> str:
    if stream:
        return url_for(client, f"{path}:streamGenerateContent", alt="sse")
    return url_for(client, f"{path}:generateContent")


def build_body(
    client: ClientOptions, prompt: Prompt, media: MediaRules, spelling: GoogleSpelling
) -> dict[str, Any]:
    left_out = ("model", "contents", "system_instruction", "systemInstruction")
    body: dict[str, Any] = {name: value for name, value in client.body.items() if name not in left_out}
    parts = _Parts(client, media, spelling)
    system, messages = hoisted(remapped(client, results_as_user(messages_for(client, prompt))))
    if system:
        body["system_instruction"] = {"parts": parts.all(system)}
    body["contents"] = [
        {"role": _ROLES.get(message.role, message.role), "parts": parts.all(message.pieces)}
        for message in messages
    ]
    return body


# The API refuses a turn of an `assistant`.
_ROLES = {"assistant": "model"}


@dataclass(frozen=True, slots=True)
class _Parts:
    client: ClientOptions
    media: MediaRules
    spelling: GoogleSpelling

    def all(self, pieces: Iterable[Piece]) -> list[dict[str, object]]:
        """What is unread is a signature, and belongs to the part that follows it."""
        made: list[dict[str, object]] = []
        signature: Mapping[str, object] = {}
        for piece in pieces:
            if isinstance(piece.part, Unread):
                signature = piece.part.value
            else:
                made.append({**self._part(piece), **signature})
                signature = {}
        return made

    def _part(self, piece: Piece) -> dict[str, object]:
        match piece.part:
            case Text(text=text):
                return {"text": text, **piece.sent}
            case ToolUse() as use:
                return google_call(use)
            case ToolResult() as result:
                return google_result(result)
            case Media() as given:
                return {**self._media(self.media.ready(self.client, given)), **piece.sent}
            case Unread():
                raise AssertionError("taken by the part that follows it")

    def _media(self, media: Media) -> Mapping[str, object]:
        words = self.spelling
        if media.url is None:
            entries = {words.media_type: media_type(media), "data": media.base64}
            return {words.inline: entries if words.type_first else dict(reversed(entries.items()))}
        given = media.media_type or _type_by_name(media, always=words is CAMEL)
        return {words.file: {words.uri: media.url} | ({words.media_type: given} if given else {})}


def _type_by_name(media: Media, *, always: bool) -> str | None:
    """Vertex wants to be told the type of every file; where nobody says it, the file's name has to."""
    if media.kind == "pdf":
        return "application/pdf"
    if not always or media.url is None:
        return None
    suffix = media.url.partition("?")[0].rpartition(".")[2].lower()
    return _TYPES.get(suffix, media_type(media))


_TYPES = {
    **dict.fromkeys(("jpg", "jpeg"), "image/jpeg"),
    **{suffix: f"image/{suffix}" for suffix in ("png", "gif", "webp", "heic", "heif")},
    **{suffix: f"audio/{suffix}" for suffix in ("wav", "ogg", "flac", "aac", "aiff")},
    **{suffix: f"video/{suffix}" for suffix in ("mp4", "mpeg", "webm", "avi")},
    "mp3": "audio/mpeg",
    "mov": "video/quicktime",
}
