"""A provider's name to its dialect."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Protocol

from ..prompt import Media, Prompt
from ..wire.message import Request
from . import openai
from .accumulator import Accumulator
from .anthropic_events import AnthropicAccumulator
from .bedrock_events import BedrockAccumulator
from .chat import ChatAccumulator
from .client import ClientConfigError, ClientOptions, ClientSpec
from .google_events import GoogleAccumulator
from .ollama_events import OllamaAccumulator
from .responses_events import ResponsesAccumulator
from .transcript_events import TranscriptAccumulator


class BuildRequest(Protocol):
    def __call__(self, client: ClientOptions, prompt: Prompt, *, stream: bool) -> Request: ...


ACCUMULATORS: Mapping[str, type[Accumulator]] = {
    "openai": ChatAccumulator,
    "openai-responses": ResponsesAccumulator,
    "openai-transcription": TranscriptAccumulator,
    "anthropic": AnthropicAccumulator,
    "google": GoogleAccumulator,
    "vertex": GoogleAccumulator,
    "aws-bedrock": BedrockAccumulator,
    "ollama": OllamaAccumulator,
}


@dataclass(frozen=True, slots=True)
class Dialect:
    """All that is particular to a provider. `key_variable` names where its key is looked for by default.

    A client is read once, the media it names are fetched, then a request is built from it.
    """

    provider: str
    key_variable: str | None
    read_client: Callable[[ClientSpec], ClientOptions]
    media_to_fetch: Callable[[ClientOptions, Prompt], tuple[Media, ...]]
    build_request: BuildRequest
    response_type: str

    def accumulator(self, client: ClientOptions) -> Accumulator:
        """For an answer that this client gets: a gateway may answer in another dialect than it is asked in."""
        return ACCUMULATORS[client.client_response_type or self.response_type]()


_CHAT = {
    name: Dialect(
        name,
        flavor.defaults.key_variable,
        partial(openai.read_client, name),
        openai.media_to_fetch,
        openai.build_request,
        "openai",
    )
    for name, flavor in openai.FLAVORS.items()
}

DIALECTS: dict[str, Dialect] = {**_CHAT}
ALIASES = {"baml-openai-chat": "openai", "baml-ollama-chat": "ollama"}


def dialect(provider: str) -> Dialect:
    """Raises `ClientConfigError`, naming the providers that there are."""
    found = DIALECTS.get(ALIASES.get(provider, provider))
    if found is None:
        raise ClientConfigError(f"there is no provider `{provider}`; there are {', '.join(sorted(DIALECTS))}")
    return found
