"""Every option of a client: what it holds and who understands it. Any other goes into the body as it stands."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Literal, TypeAlias

from ..records import dataclass
from .providers import COMPOSITES, PROVIDERS, RESPONSE_TYPES

Kind: TypeAlias = Literal[
    "text",
    "flag",
    "strings",  # keys and what can be written as strings
    "roles",  # what a role is called, by role
    "block",  # keys and values
    "price",
    "rate",
    "texts",  # a list of strings
    "number",
    "one of",  # of its choices
    "role metadata",  # all, none, or a list of strings
    "media",  # kinds of media, each with a way to send it
    "timeouts",
    "credentials",  # a block, JSON, or the path of a file
    "members",  # names of clients
    "place",  # of a member, counted from 0
    "function",
]

MEDIA_KINDS = ("image", "audio", "video", "pdf")
MEDIA_MODES = ("send_base64", "send_url", "send_url_add_mime_type", "send_base64_unless_google_url")
OUTPUT_MODES = ("prompt", "json_schema", "tool", "auto")
TOOL_MODES = ("native", "prompt", "auto")
OFFLINE_STYLES = (
    "json",
    "fenced",
    "prose",
    "single_quotes",
    "unquoted_keys",
    "trailing_commas",
    "xmlish",
)
BEDROCK_INFERENCE = ("max_tokens", "temperature", "top_p", "stop_sequences")


@dataclass(frozen=True, slots=True)
class Option:
    """`providers` understand it; `choices` are what it may be, or the keys of a block that takes no others.

    `about` is for people.
    """

    name: str
    kind: Kind
    providers: tuple[str, ...]
    choices: tuple[str, ...] = ()
    default: object = None
    about: str = ""


_REQUESTING = tuple(PROVIDERS)


def _each(kind: Kind, *names: str) -> tuple[Option, ...]:
    return tuple(Option(name, kind, _REQUESTING) for name in names)


def _own(provider: str, kind: Kind, about: str, *names: str, choices: tuple[str, ...] = ()) -> tuple[Option, ...]:
    return tuple(Option(name, kind, (provider,), choices, about=about) for name in names)


_BLANK: Mapping[str, object] = {}

OPTIONS: tuple[Option, ...] = (
    *_each("text", "model", "api_key"),
    # Bedrock calls it endpoint_url.
    Option("base_url", "text", tuple(name for name in _REQUESTING if name != "aws-bedrock")),
    Option("headers", "strings", _REQUESTING, default=_BLANK),
    Option("query_params", "strings", _REQUESTING, default=_BLANK),
    *_each("text", "default_role"),
    *_each("texts", "allowed_roles"),
    Option("remap_roles", "roles", _REQUESTING, default=_BLANK),
    Option("allowed_role_metadata", "role metadata", _REQUESTING, default=frozenset[str]()),
    *_each("texts", "finish_reason_allow_list", "finish_reason_deny_list"),
    *_each("flag", "supports_streaming"),
    Option("media_url_handler", "media", _REQUESTING, default=_BLANK),
    Option("client_response_type", "one of", _REQUESTING, RESPONSE_TYPES),
    Option("output_mode", "one of", _REQUESTING, OUTPUT_MODES, default="prompt"),
    Option("tool_mode", "one of", _REQUESTING, TOOL_MODES, default="native"),
    Option("secrets_in_body", "flag", _REQUESTING, default=False),
    Option("price", "price", _REQUESTING, choices=("input", "output", "cached")),
    Option("rate", "rate", _REQUESTING, choices=("rpm", "tpm")),
    Option("http", "timeouts", (*_REQUESTING, *COMPOSITES)),
    Option("strategy", "members", COMPOSITES),
    Option("start", "place", ("round-robin",)),
    Option("call", "function", ("strategy",)),
    *_own(
        "azure-openai",
        "text",
        "what the URL is made of, instead of `base_url`",
        "resource_name",
        "deployment_id",
    ),
    *_own("azure-openai", "text", "goes into the query", "api_version"),
    *_own(
        "azure-openai",
        "text",
        "an identity in Entra that gets a token, instead of `api_key`",
        "tenant_id",
        "client_id",
        "client_secret",
    ),
    *_own(
        "azure-openai",
        "text",
        "where it gets it, if not at `https://login.microsoftonline.com`",
        "authority_host",
    ),
    *_own("offline", "number", "the same seed gives the same answers", "seed"),
    *_own("offline", "texts", "what goes wrong, as for `bamlet test --fault`: `cut@60%`, `429x1`", "faults"),
    *_own(
        "offline",
        "one of",
        "whether every `@check` holds: all (default), mixed",
        "checks",
        choices=("all", "mixed"),
    ),
    *_own("offline", "flag", "texts without quotes, line breaks and the like", "plain"),
    *_own("offline", "one of", "how values are written", "style", choices=OFFLINE_STYLES),
    *_own("offline", "number", "characters of a piece, and how fast pieces come", "chunk", "tokens_per_second"),
    *_own("offline", "number", "how long the first one takes", "first_token_ms"),
    *_own("offline", "number", "2 is twice as fast, 0 (default) waits for nothing", "pace"),
    *_own("vertex-ai", "text", "what the URL is made of, instead of `base_url`", "location", "project_id"),
    *_own(
        "vertex-ai",
        "credentials",
        "of a service account (needs `pip install 'bamlet[vertex]'`) or a user: a block, JSON, or (`credentials`)"
        " a file's path",
        "credentials",
        "credentials_content",
    ),
    *_own("vertex-ai", "text", "a token that you got yourself", "authorization_token"),
    *_own(
        "vertex-ai",
        "text",
        "asks Claude, in Anthropic's dialect: `vertex-2023-10-16`",
        "anthropic_version",
    ),
    *_own("aws-bedrock", "text", "where, and for what the signature is good", "region"),
    *_own(
        "aws-bedrock",
        "text",
        "whose signature it is",
        "access_key_id",
        "secret_access_key",
        "session_token",
        "profile",
    ),
    *_own("aws-bedrock", "text", "another host: a private endpoint, a gateway", "endpoint_url"),
    *_own("aws-bedrock", "text", "the same as `model`", "model_id"),
    *_own(
        "aws-bedrock",
        "block",
        ", ".join(f"`{name}`" for name in BEDROCK_INFERENCE),
        "inference_configuration",
        choices=BEDROCK_INFERENCE,
    ),
    *_own(
        "aws-bedrock",
        "block",
        "what the model alone knows, such as `top_k`",
        "additional_model_request_fields",
    ),
)
assert all(option.providers for option in OPTIONS)


@cache
def of_provider(provider: str) -> Mapping[str, Option]:
    """What a client of a provider, or a composite, may be told, by name."""
    return {option.name: option for option in OPTIONS if provider in option.providers}
