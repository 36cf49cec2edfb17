"""Gemini and Claude on Vertex: a prompt to a request, still without its token."""

from __future__ import annotations

from collections.abc import Mapping

from ..options.providers import PROVIDERS
from ..prompt import Media, Prompt
from ..records import replace
from ..wire.message import Request
from . import anthropic
from .client import ClientConfigError, ClientOptions, ClientSpec, read_options
from .google import CAMEL, build_body, method_url, model_of
from .media import MediaRules
from .request import json_post, key_for, path_segment, url_for
from .structured import ask
from .tools import declare

DEFAULTS = PROVIDERS["vertex-ai"]
GLOBAL_HOST = "aiplatform.googleapis.com"

MEDIA = MediaRules(
    {
        "image": "send_url_add_mime_type",
        "audio": "send_url_add_mime_type",
        "pdf": "send_url",
        "video": "send_url",
    }
)


def read_client(spec: ClientSpec) -> ClientOptions:
    """Raises `ClientConfigError`."""
    client = read_options(replace(spec, provider="vertex-ai"), DEFAULTS)
    if client.base_url and client.own["location"]:
        raise ClientConfigError(f"client `{client.name}`: base_url stands instead of location; keep one")
    if client.own["anthropic_version"] and client.client_response_type is None:
        client = replace(client, client_response_type="anthropic")
    if not client.base_url:
        client = replace(client, base_url=_base_url(client))
    return client


def given_credentials(client: ClientOptions) -> Mapping[str, object] | None:
    """The credentials of the options, in whichever way they are given."""
    found: Mapping[str, object] | None = client.own["credentials"] or client.own["credentials_content"]
    return found


def is_express(client: ClientOptions) -> bool:
    """A key in place of a token, and then no project."""
    has_key = bool(client.api_key) or "key" in client.query_params
    return has_key and given_credentials(client) is None and not client.own["authorization_token"]


def build_request(client: ClientOptions, prompt: Prompt, *, stream: bool) -> Request:
    """Raises `ClientConfigError` for what the client lacks, or the dialect has no words for."""
    ours = {"content-type": "application/json"}
    if token := client.own["authorization_token"]:
        ours["authorization"] = f"Bearer {token}"
    elif is_express(client) and (key := key_for(client)):
        ours["x-goog-api-key"] = key
    model = model_of(client)
    if version := client.own["anthropic_version"]:
        method = "streamRawPredict" if stream else "rawPredict"
        url = url_for(client, f"/{model}:{method}")
        body = {"anthropic_version": version, **anthropic.build_body(client, prompt, stream=stream)}
        del body["model"]
    else:
        url = method_url(client, f"/{model}", stream=stream)
        body = build_body(client, prompt, MEDIA, CAMEL)
    body = declare(client, ask(client, body, prompt.answer), prompt)
    return json_post(client, url, ours, body)


def _base_url(client: ClientOptions) -> str:
    """Up to the name of the model."""
    publisher = "anthropic" if client.own["anthropic_version"] else "google"
    models = f"publishers/{publisher}/models"
    location = client.own["location"]
    if is_express(client):
        return f"https://{_host(location or 'global')}/v1/{models}"
    project = client.own["project_id"] or (given_credentials(client) or {}).get("project_id")
    if not location or not isinstance(project, str):
        lacking = "location" if not location else "project_id"
        raise ClientConfigError(f"client `{client.name}`: the provider vertex-ai needs a {lacking}, or a base_url")
    place = f"projects/{path_segment(project)}/locations/{path_segment(location)}"
    return f"https://{_host(location)}/v1/{place}/{models}"


def _host(location: str) -> str:
    if location == "global":
        return GLOBAL_HOST
    if location in ("us", "eu"):
        return f"aiplatform.{location}.rep.googleapis.com"
    return f"{path_segment(location)}-{GLOBAL_HOST}"


def media_to_fetch(client: ClientOptions, prompt: Prompt) -> tuple[Media, ...]:
    """The rules are those of the model that is served."""
    rules = anthropic.MEDIA if client.own["anthropic_version"] else MEDIA
    return rules.to_fetch(client, prompt)
