"""Bedrock's Converse: a prompt to a request, still without its signature."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from ..options.clients import BEDROCK_INFERENCE
from ..options.providers import PROVIDERS
from ..prompt import Media, MediaKind, Prompt, Text, ToolResult, ToolUse
from ..records import replace
from ..wire.message import Request
from .client import ClientConfigError, ClientOptions, ClientSpec, read_options
from .media import MediaRules, media_type
from .request import headers_for, json_body, key_for, needed, path_segment, url_for
from .roles import Piece, hoisted, messages_for, remapped, results_as_user
from .structured import ask
from .tools import bedrock_call, bedrock_result, declare

DEFAULTS = PROVIDERS["aws-bedrock"]

MEDIA = MediaRules({"image": "send_base64", "audio": "send_base64", "pdf": "send_base64", "video": "send_url"})
_BLOCKS: Mapping[MediaKind, str] = {"image": "image", "audio": "audio", "pdf": "document", "video": "video"}
_INFERENCE = {
    "max_tokens": "maxTokens",
    "temperature": "temperature",
    "top_p": "topP",
    "stop_sequences": "stopSequences",
}
_NUMBERS: Mapping[str, Callable[[str], float]] = {"max_tokens": int, "temperature": float, "top_p": float}
assert _INFERENCE.keys() == set(BEDROCK_INFERENCE)


def read_client(spec: ClientSpec) -> ClientOptions:
    """Raises `ClientConfigError`, also for options that Converse has no place for."""
    client = read_options(replace(spec, provider="aws-bedrock"), DEFAULTS)
    model = client.model or client.own["model_id"]
    if "base_url" in client.body:
        raise ClientConfigError(f"client `{client.name}`: Bedrock's own name for base_url is endpoint_url")
    for name in client.body:
        if name != "model":
            raise ClientConfigError(
                f"client `{client.name}`: Converse has no `{name}`; put limits into inference_configuration and"
                " what is the model's own into additional_model_request_fields"
            )
    base_url = client.own["endpoint_url"]
    if base_url is None and (region := client.own["region"]):
        base_url = f"https://bedrock-runtime.{path_segment(region)}.amazonaws.com"
    return replace(client, model=model, base_url=base_url, body={"model": model})


def build_request(client: ClientOptions, prompt: Prompt, *, stream: bool) -> Request:
    """Raises `ClientConfigError` for what the client lacks, or the dialect has no words for."""
    if client.base_url is None:
        needed(client, "region", None)
    method = "converse-stream" if stream else "converse"
    model = path_segment(needed(client, "model", client.model))
    accepted = "application/vnd.amazon.eventstream" if stream else "application/json"
    ours = {"content-type": "application/json", "accept": accepted}
    if key := key_for(client):
        ours["authorization"] = f"Bearer {key}"
    body = json_body(client, declare(client, ask(client, _body(client, prompt), prompt.answer), prompt))
    return Request("POST", url_for(client, f"/model/{model}/{method}"), headers_for(client, ours), body)


def _body(client: ClientOptions, prompt: Prompt) -> dict[str, Any]:
    body: dict[str, Any] = {name: value for name, value in client.body.items() if name != "model"}
    system, messages = hoisted(remapped(client, results_as_user(messages_for(client, prompt))))
    body["messages"] = [
        {"role": message.role, "content": list(_blocks(client, message.pieces))} for message in messages
    ]
    if system:
        body["system"] = list(_blocks(client, system))
    if (inference := client.own["inference_configuration"]) is not None:
        body["inferenceConfig"] = {_INFERENCE[name]: _setting(client, name, inference[name]) for name in inference}
    if (fields := client.own["additional_model_request_fields"]) is not None:
        body["additionalModelRequestFields"] = fields
    return body


def _setting(client: ClientOptions, name: str, value: object) -> object:
    """What comes from the environment is text, and Converse wants a number."""
    read = _NUMBERS.get(name)
    if read is None or not isinstance(value, str):
        return value
    try:
        return read(value)
    except ValueError:
        message = f"client `{client.name}`: {name} of inference_configuration is no number: {value!r}"
        raise ClientConfigError(message) from None


def _blocks(client: ClientOptions, pieces: Iterable[Piece]) -> Iterator[dict[str, object]]:
    for piece in pieces:
        match piece.part:
            case Text(text=text):
                yield {"text": text}
            case ToolUse() as use:
                yield bedrock_call(use)
            case ToolResult() as result:
                yield bedrock_result(result)
            case Media() as media:
                yield _media(client, MEDIA.ready(client, media))
        # What other dialects mark in a part is a block of its own here, behind the parts of its role.
        if piece.is_last and piece.metadata.get("cache_control"):
            yield {"cachePoint": {"type": "default"}}


def _media(client: ClientOptions, media: Media) -> dict[str, object]:
    block: dict[str, object] = {}
    if media.url is None or media.media_type is not None:
        block["format"] = media_type(media).partition("/")[2]
    if media.url is None:
        block["source"] = {"bytes": media.base64}
    elif media.url.startswith("s3://"):
        block["source"] = {"s3Location": {"uri": media.url}}
    else:
        raise ClientConfigError(f"client `{client.name}`: Bedrock takes only s3:// URLs, not {media.url}")
    if media.kind == "pdf":
        block["name"] = "document"
    return {_BLOCKS[media.kind]: block}
