"""The providers: where each is asked, by which key, and what it needs to be told."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

from ..records import dataclass

Variables: TypeAlias = Mapping[str, tuple[str, ...]]
"""Options and the variables of the environment that stand in for them, the first that is set."""


@dataclass(frozen=True, slots=True)
class Needs:
    """One option, or all the others together, never both; or one of `also_enough` in their place."""

    alone: str
    together: tuple[str, ...]
    hint: str
    also_enough: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Provider:
    """What a client of a provider has when its options say nothing.

    `asks` and `place` are words for people: what is asked for, and where if that is no fixed URL. `variables` are
    groups: one counts only if the client gives none of its options.
    """

    name: str
    asks: str
    answers: str
    default_role: str
    base_url: str | None = None
    place: str = ""
    key_variable: str | None = None
    allowed_roles: tuple[str, ...] = ("system", "user", "assistant")
    supports_streaming: bool = True
    output_modes: tuple[str, ...] = ("prompt", "json_schema", "tool", "auto")
    needs: Needs | None = None
    variables: tuple[Variables, ...] = ()


def _keyed(
    name: str, asks: str, answers: str, role: str, base_url: str | None, variable: str, place: str = ""
) -> Provider:
    keys: Variables = {"api_key": (variable,)}
    return Provider(name, asks, answers, role, base_url, place, variable, variables=(keys,))


_OPENAI = "https://api.openai.com/v1"

_ALL = (
    _keyed("openai", "chat completions", "openai", "system", _OPENAI, "OPENAI_API_KEY"),
    Provider(
        "openai-generic",
        "chat completions",
        "openai",
        "system",
        place="needed",
        needs=Needs("base_url", (), 'write base_url "http://localhost:8000/v1", for example'),
    ),
    _keyed("openai-responses", "responses", "openai-responses", "system", _OPENAI, "OPENAI_API_KEY"),
    Provider(
        "azure-openai",
        "chat completions",
        "openai",
        "system",
        place="from `resource_name` and `deployment_id`",
        key_variable="AZURE_OPENAI_API_KEY",
        needs=Needs("base_url", ("resource_name", "deployment_id"), "write base_url, or the two others"),
        variables=(
            {"api_key": ("AZURE_OPENAI_API_KEY",), "client_secret": ()},
            {"authority_host": ("AZURE_AUTHORITY_HOST",)},
        ),
    ),
    _keyed("anthropic", "messages", "anthropic", "user", "https://api.anthropic.com", "ANTHROPIC_API_KEY"),
    _keyed(
        "google-ai",
        "generateContent",
        "google",
        "user",
        "https://generativelanguage.googleapis.com/v1beta",
        "GOOGLE_API_KEY",
    ),
    Provider(
        "vertex-ai",
        "generateContent, rawPredict",
        "vertex",
        "user",
        place="from `location` and `project_id`",
        # A key in place of a token needs no location.
        needs=Needs(
            "base_url", ("location",), "write location us-central1, for example", ("api_key", "query_params")
        ),
        variables=(
            {
                "api_key": (),
                "authorization_token": (),
                "credentials": ("GOOGLE_APPLICATION_CREDENTIALS",),
                "credentials_content": ("GOOGLE_APPLICATION_CREDENTIALS_CONTENT",),
            },
            {"project_id": ("GOOGLE_CLOUD_PROJECT",)},
        ),
    ),
    Provider(
        "aws-bedrock",
        "Converse",
        "aws-bedrock",
        "user",
        place="from `region`",
        output_modes=("prompt", "tool", "auto"),
        variables=(
            {"region": ("AWS_REGION", "AWS_DEFAULT_REGION")},
            {
                "api_key": ("AWS_BEARER_TOKEN_BEDROCK",),
                "access_key_id": ("AWS_ACCESS_KEY_ID",),
                "secret_access_key": ("AWS_SECRET_ACCESS_KEY",),
                "session_token": ("AWS_SESSION_TOKEN",),
                "profile": ("AWS_PROFILE",),
            },
        ),
    ),
    Provider("ollama", "chat completions", "openai", "user", "http://localhost:11434/v1"),
    Provider(
        "ollama-native",
        "Ollama's own chat",
        "ollama",
        "user",
        "http://localhost:11434",
        output_modes=("prompt", "json_schema", "auto"),
        variables=({"base_url": ("OLLAMA_HOST",)},),
    ),
    _keyed(
        "openrouter", "chat completions", "openai", "system", "https://openrouter.ai/api/v1", "OPENROUTER_API_KEY"
    ),
    # Asks nobody: its answers are invented from the type.
    Provider("offline", "nobody", "openai", "system", place="nowhere", output_modes=("prompt", "auto")),
)
PROVIDERS: Mapping[str, Provider] = {provider.name: provider for provider in _ALL}

# Clients that make no requests themselves, but ask their members.
COMPOSITES = ("fallback", "round-robin", "strategy")

ALIASES: Mapping[str, str] = {
    "baml-openai-chat": "openai",
    "baml-azure-chat": "azure-openai",
    "baml-anthropic-chat": "anthropic",
    "baml-ollama-chat": "ollama",
    "baml-fallback": "fallback",
    "baml-round-robin": "round-robin",
}

# The dialects that an answer may be read in, by `client_response_type`.
RESPONSE_TYPES = ("openai", "openai-responses", "openai-transcription", "anthropic", "google", "vertex")
