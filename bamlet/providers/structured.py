"""Answers by a schema, in the words of each dialect: what a body says so that the model keeps to it.

`output_mode` of a client decides: `prompt` (the default) leaves it to the prompt's words, `json_schema` and `tool`
are the provider's own ways, `auto` is the best that the provider is known to have.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Literal, TypeAlias

from ..options.providers import PROVIDERS
from ..prompt import ANSWER_NAME, StructuredAnswer
from .client import ClientConfigError, ClientOptions
from .request import block_in, list_in

Mode: TypeAlias = Literal["prompt", "json_schema", "tool"]
Body: TypeAlias = dict[str, Any]

_TOOL_DESCRIPTION = "Gives the answer."


def mode_of(client: ClientOptions) -> Mode:
    """Raises `ClientConfigError` for a way that the provider does not have."""
    known: Mode | None = client.derived.get(mode_of)
    if known is None:
        known = client.derived[mode_of] = _mode_of(client)
    return known


def _mode_of(client: ClientOptions) -> Mode:
    ways: tuple[Mode, ...] = (*_ways(client), "prompt")
    if client.output_mode == "auto":
        return "prompt" if client.provider in _UNKNOWN_SERVERS else ways[0]
    found = next((mode for mode in ways if mode == client.output_mode), None)
    if found is None:
        known = ", ".join(ways)
        raise ClientConfigError(
            f"client `{client.name}`: {client.provider} has no output_mode {client.output_mode}, only {known}"
        )
    return found


def ask(client: ClientOptions, body: Body, answer: StructuredAnswer | None) -> Body:
    """The body, and in it what the dialect has for such an answer; what the client says itself stays."""
    return body if answer is None else _ways(client)[answer.mode](body, answer)


# --- chat completions


def _chat_schema(body: Body, answer: StructuredAnswer) -> Body:
    return _if_absent(body, "response_format", {"type": "json_schema", "json_schema": _named(answer)})


def _chat_tool(body: Body, answer: StructuredAnswer) -> Body:
    function = _function(answer, "parameters") | _strictness(answer)
    tools = [*list_in(body, "tools"), {"type": "function", "function": function}]
    choice = {"type": "function", "function": {"name": ANSWER_NAME}}
    return body | {"tools": tools, "tool_choice": choice}


# --- Responses


def _responses_schema(body: Body, answer: StructuredAnswer) -> Body:
    return body | {"text": {"format": {"type": "json_schema", **_named(answer)}} | block_in(body, "text")}


def _responses_tool(body: Body, answer: StructuredAnswer) -> Body:
    tool = {"type": "function", **_function(answer, "parameters"), **_strictness(answer)}
    choice = {"type": "function", "name": ANSWER_NAME}
    return body | {"tools": [*list_in(body, "tools"), tool], "tool_choice": choice}


# --- Anthropic


def _anthropic_schema(body: Body, answer: StructuredAnswer) -> Body:
    form = {"type": "json_schema", "schema": answer.schema.schema}
    return body | {"output_config": {"format": form} | block_in(body, "output_config")}


def _anthropic_tool(body: Body, answer: StructuredAnswer) -> Body:
    tools = [*list_in(body, "tools"), _function(answer, "input_schema")]
    return body | {"tools": tools, "tool_choice": {"type": "tool", "name": ANSWER_NAME}}


# --- Gemini


def _google_schema(body: Body, answer: StructuredAnswer) -> Body:
    form = {"responseMimeType": "application/json", "responseJsonSchema": answer.schema.schema}
    return body | {"generationConfig": form | block_in(body, "generationConfig")}


def _google_tool(body: Body, answer: StructuredAnswer) -> Body:
    declared = {"functionDeclarations": [_function(answer, "parametersJsonSchema")]}
    calling = {"functionCallingConfig": {"mode": "ANY", "allowedFunctionNames": [ANSWER_NAME]}}
    return body | {
        "tools": [*list_in(body, "tools"), declared],
        "toolConfig": block_in(body, "toolConfig") | calling,
    }


# --- Bedrock


def _bedrock_tool(body: Body, answer: StructuredAnswer) -> Body:
    form = {"name": ANSWER_NAME, "description": _TOOL_DESCRIPTION, "inputSchema": {"json": answer.schema.schema}}
    given = block_in(body, "toolConfig")
    tools = [*list_in(given, "tools"), {"toolSpec": form}]
    return body | {"toolConfig": given | {"tools": tools, "toolChoice": {"tool": {"name": ANSWER_NAME}}}}


# --- Ollama's own


def _ollama_schema(body: Body, answer: StructuredAnswer) -> Body:
    return _if_absent(body, "format", answer.schema.schema)


def _named(answer: StructuredAnswer) -> dict[str, object]:
    return {"name": ANSWER_NAME, "schema": answer.schema.schema, **_strictness(answer)}


def _strictness(answer: StructuredAnswer) -> dict[str, object]:
    return {"strict": answer.schema.is_strict}


def _function(answer: StructuredAnswer, schema_key: str) -> dict[str, object]:
    return {"name": ANSWER_NAME, "description": _TOOL_DESCRIPTION, schema_key: answer.schema.schema}


def _if_absent(body: Body, name: str, value: object) -> Body:
    return body if name in body else body | {name: value}


_Way: TypeAlias = Callable[[Body, StructuredAnswer], Body]
_CHAT: Mapping[Mode, _Way] = {"json_schema": _chat_schema, "tool": _chat_tool}
_GOOGLE: Mapping[Mode, _Way] = {"json_schema": _google_schema, "tool": _google_tool}

# By provider, the best first.
_WAYS: Mapping[str, Mapping[Mode, _Way]] = {
    "openai": _CHAT,
    "openai-generic": _CHAT,
    "openrouter": _CHAT,
    "ollama": _CHAT,
    "azure-openai": _CHAT,
    "openai-responses": {"json_schema": _responses_schema, "tool": _responses_tool},
    # Tools have long been there; formats came with newer models only.
    "anthropic": {"tool": _anthropic_tool, "json_schema": _anthropic_schema},
    "google-ai": _GOOGLE,
    "vertex-ai": _GOOGLE,
    "aws-bedrock": {"tool": _bedrock_tool},
    "ollama-native": {"json_schema": _ollama_schema},
    "offline": {},
}


def _ways(client: ClientOptions) -> Mapping[Mode, _Way]:
    """By the dialect that the body is in: on Vertex there are two."""
    is_claude = client.provider == "vertex-ai" and client.own["anthropic_version"]
    return _WAYS["anthropic" if is_claude else client.provider]


assert all({*ways, "prompt", "auto"} == set(PROVIDERS[name].output_modes) for name, ways in _WAYS.items())
# Behind these may be any model.
_UNKNOWN_SERVERS = frozenset(("openai-generic", "openrouter"))
