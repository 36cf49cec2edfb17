"""Clients that ask nobody: a prompt to a chat completion that is sent to no place."""

from __future__ import annotations

from ..options.providers import PROVIDERS
from ..prompt import Prompt
from ..records import replace
from ..wire.message import Request
from . import openai
from .client import ClientOptions, ClientSpec, read_options

DEFAULTS = PROVIDERS["offline"]
ADDRESS = "http://offline.invalid/v1"
SCHEME = "offline:"


def read_client(spec: ClientSpec) -> ClientOptions:
    """Raises `ClientConfigError`."""
    client = read_options(spec, DEFAULTS)
    body = {**client.body, "model": client.model or "offline"}
    return replace(client, base_url=ADDRESS, key_variable=None, body=body)


def build_request(client: ClientOptions, prompt: Prompt, *, stream: bool) -> Request:
    """Raises `ClientConfigError`."""
    made = openai.build_request(replace(client, provider="openai-generic"), prompt, stream=stream)
    url = f"{SCHEME}//nobody/chat/completions"
    return Request(made.method, url, made.headers, made.body, secrets=made.secrets)
