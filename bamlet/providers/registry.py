"""A provider's name to its dialect."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Literal, Protocol, TypeAlias

from ..prompt import Media, Prompt
from ..wire.message import Request
from . import anthropic, azure, bedrock, google, ollama, openai, responses, vertex
from .accumulator import Accumulator
from .anthropic_events import AnthropicAccumulator
from .bedrock_events import BedrockAccumulator
from .chat import ChatAccumulator
from .client import ClientConfigError, ClientOptions, ClientSpec, ProviderDefaults
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

Variables: TypeAlias = Mapping[str, tuple[str, ...]]
"""Options and the variables of the environment that stand in for them, the first that is set."""


class BuildRequest(Protocol):
    def __call__(self, client: ClientOptions, prompt: Prompt, *, stream: bool) -> Request: ...


@dataclass(frozen=True, slots=True)
class Dialect:
    """All that is particular to a provider.

    A client is read once, the media it names are fetched, then a request is built from it, and last it may need
    a token or a signature. `variables` are groups: one counts only if the client gives none of its options.
    `files` are options that may name a file to be read in their place.
    """

    provider: str
    defaults: ProviderDefaults
    read_client: Callable[[ClientSpec], ClientOptions]
    media_to_fetch: Callable[[ClientOptions, Prompt], tuple[Media, ...]]
    build_request: BuildRequest
    response_type: str
    variables: tuple[Variables, ...] = ()
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
        for group in self.variables:
            if not filled.keys().isdisjoint(group):
                continue
            for option, names in group.items():
                if value := next(filter(None, map(variable, names)), None):
                    filled[option] = value
        return filled


_AWS: tuple[Variables, ...] = (
    {"region": ("AWS_REGION", "AWS_DEFAULT_REGION")},
    {
        "api_key": ("AWS_BEARER_TOKEN_BEDROCK",),
        "access_key_id": ("AWS_ACCESS_KEY_ID",),
        "secret_access_key": ("AWS_SECRET_ACCESS_KEY",),
        "session_token": ("AWS_SESSION_TOKEN",),
        "profile": ("AWS_PROFILE",),
    },
)
_GOOGLE: tuple[Variables, ...] = (
    {
        "api_key": (),
        "authorization_token": (),
        "credentials": ("GOOGLE_APPLICATION_CREDENTIALS",),
        "credentials_content": ("GOOGLE_APPLICATION_CREDENTIALS_CONTENT",),
    },
    {"project_id": ("GOOGLE_CLOUD_PROJECT",)},
)


_AZURE: tuple[Variables, ...] = (
    {"api_key": ("AZURE_OPENAI_API_KEY",), "client_secret": ()},
    {"authority_host": ("AZURE_AUTHORITY_HOST",)},
)
_OLLAMA: tuple[Variables, ...] = ({"base_url": ("OLLAMA_HOST",)},)


def _key(defaults: ProviderDefaults) -> tuple[Variables, ...]:
    return ({"api_key": (defaults.key_variable,)},) if defaults.key_variable else ()


def _chat(name: str) -> Dialect:
    defaults, fetch = openai.FLAVORS[name].defaults, openai.MEDIA.to_fetch
    read_client = partial(openai.read_client, name)
    return Dialect(name, defaults, read_client, fetch, openai.build_request, "openai", _key(defaults))


_ALL = (
    *map(_chat, ("openai", "openai-generic", "openrouter", "ollama")),
    Dialect(
        "azure-openai",
        openai.FLAVORS["azure-openai"].defaults,
        azure.read_client,
        openai.MEDIA.to_fetch,
        openai.build_request,
        "openai",
        _AZURE,
        authorization="azure",
    ),
    Dialect(
        "openai-responses",
        responses.DEFAULTS,
        responses.read_client,
        responses.MEDIA.to_fetch,
        responses.build_request,
        "openai-responses",
        _key(responses.DEFAULTS),
    ),
    Dialect(
        "anthropic",
        anthropic.DEFAULTS,
        anthropic.read_client,
        anthropic.MEDIA.to_fetch,
        anthropic.build_request,
        "anthropic",
        _key(anthropic.DEFAULTS),
    ),
    Dialect(
        "google-ai",
        google.DEFAULTS,
        google.read_client,
        google.MEDIA.to_fetch,
        google.build_request,
        "google",
        _key(google.DEFAULTS),
    ),
    Dialect(
        "vertex-ai",
        vertex.DEFAULTS,
        vertex.read_client,
        vertex.media_to_fetch,
        vertex.build_request,
        "vertex",
        _GOOGLE,
        files=("credentials",),
        authorization="google",
    ),
    Dialect(
        "aws-bedrock",
        bedrock.DEFAULTS,
        bedrock.read_client,
        bedrock.MEDIA.to_fetch,
        bedrock.build_request,
        "aws-bedrock",
        _AWS,
        authorization="aws",
    ),
    Dialect(
        ollama.NATIVE,
        ollama.DEFAULTS,
        ollama.read_client,
        ollama.MEDIA.to_fetch,
        ollama.build_request,
        "ollama",
        _OLLAMA,
    ),
)
DIALECTS: Mapping[str, Dialect] = {dialect.provider: dialect for dialect in _ALL}
ALIASES = {
    "baml-openai-chat": "openai",
    "baml-azure-chat": "azure-openai",
    "baml-anthropic-chat": "anthropic",
    "baml-ollama-chat": "ollama",
}


def dialect(provider: str) -> Dialect:
    """Raises `ClientConfigError`, naming the providers that there are."""
    found = DIALECTS.get(ALIASES.get(provider, provider))
    if found is None:
        raise ClientConfigError(f"there is no provider `{provider}`; there are {', '.join(sorted(DIALECTS))}")
    return found
