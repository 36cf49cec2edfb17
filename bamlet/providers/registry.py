"""A provider's name to its dialect."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Literal, Protocol

from ..options.providers import ALIASES, PROVIDERS, RESPONSE_TYPES
from ..prompt import Media, Prompt
from ..records import dataclass
from ..wire.message import Request
from . import anthropic, azure, bedrock, google, nobody, ollama, openai, responses, vertex
from .accumulator import Accumulator
from .anthropic_events import AnthropicAccumulator
from .bedrock_events import BedrockAccumulator
from .chat import ChatAccumulator
from .client import ClientConfigError, ClientOptions, ClientSpec
from .google_events import GoogleAccumulator
from .ollama_events import OllamaAccumulator
from .responses_events import ResponsesAccumulator
from .structured import mode_of
from .structured_answer import StructuredAccumulator
from .transcript_events import TranscriptAccumulator

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


class BuildRequest(Protocol):
    def __call__(self, client: ClientOptions, prompt: Prompt, *, stream: bool) -> Request: ...


@dataclass(frozen=True, slots=True)
class Dialect:
    """All that is particular to a provider.

    A client is read once, the media it names are fetched, then a request is built from it, and last it may need
    a token or a signature. `files` are options that may name a file to be read in their place.
    """

    provider: str
    read_client: Callable[[ClientSpec], ClientOptions]
    media_to_fetch: Callable[[ClientOptions, Prompt], tuple[Media, ...]]
    build_request: BuildRequest
    response_type: str
    files: tuple[str, ...] = ()
    authorization: Literal["google", "aws", "azure"] | None = None

    def accumulator(self, client: ClientOptions) -> Accumulator | StructuredAccumulator:
        """For an answer that this client gets: a gateway may answer in another dialect than it is asked in."""
        accumulator = ACCUMULATORS[client.client_response_type or self.response_type]()
        mode = mode_of(client)
        return accumulator if mode == "prompt" else StructuredAccumulator(accumulator, takes_tool=mode == "tool")

    def with_environment(
        self, options: Mapping[str, object], variable: Callable[[str], str | None]
    ) -> dict[str, object]:
        """The options, and what the environment says where they say nothing."""
        filled = dict(options)
        for group in PROVIDERS[self.provider].variables:
            if not filled.keys().isdisjoint(group):
                continue
            for option, names in group.items():
                if value := next(filter(None, map(variable, names)), None):
                    filled[option] = value
        return filled


def _chat(name: str) -> Dialect:
    read_client = partial(openai.read_client, name)
    return Dialect(name, read_client, openai.MEDIA.to_fetch, openai.build_request, "openai")


_ALL = (
    *map(_chat, ("openai", "openai-generic", "openrouter", "ollama")),
    Dialect(
        "azure-openai",
        azure.read_client,
        openai.MEDIA.to_fetch,
        openai.build_request,
        "openai",
        authorization="azure",
    ),
    Dialect(
        "openai-responses",
        responses.read_client,
        responses.MEDIA.to_fetch,
        responses.build_request,
        "openai-responses",
    ),
    Dialect(
        "anthropic",
        anthropic.read_client,
        anthropic.MEDIA.to_fetch,
        anthropic.build_request,
        "anthropic",
    ),
    Dialect(
        "google-ai",
        google.read_client,
        google.MEDIA.to_fetch,
        google.build_request,
        "google",
    ),
    Dialect(
        "vertex-ai",
        vertex.read_client,
        vertex.media_to_fetch,
        vertex.build_request,
        "vertex",
        files=("credentials",),
        authorization="google",
    ),
    Dialect(
        "aws-bedrock",
        bedrock.read_client,
        bedrock.MEDIA.to_fetch,
        bedrock.build_request,
        "aws-bedrock",
        authorization="aws",
    ),
    Dialect(
        "offline",
        nobody.read_client,
        openai.MEDIA.to_fetch,
        nobody.build_request,
        "openai",
    ),
    Dialect(
        ollama.NATIVE,
        ollama.read_client,
        ollama.MEDIA.to_fetch,
        ollama.build_request,
        "ollama",
    ),
)
DIALECTS: Mapping[str, Dialect] = {dialect.provider: dialect for dialect in _ALL}
assert all(PROVIDERS[name].answers == found.response_type for name, found in DIALECTS.items())
assert DIALECTS.keys() == PROVIDERS.keys()
assert ACCUMULATORS.keys() >= set(RESPONSE_TYPES)


def dialect(provider: str) -> Dialect:
    """Raises `ClientConfigError`, naming the providers that there are."""
    found = DIALECTS.get(ALIASES.get(provider, provider))
    if found is None:
        raise ClientConfigError(f"there is no provider `{provider}`; there are {', '.join(sorted(DIALECTS))}")
    return found
