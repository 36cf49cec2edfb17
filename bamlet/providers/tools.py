"""Tools in the words of each dialect: what a body declares, and calls and results as a history has them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeAlias

from ..patterns import pattern
from ..prompt import Prompt, Tool, ToolResult, Tools, ToolUse
from .client import ClientConfigError, ClientOptions
from .request import block_in, list_in

Body: TypeAlias = dict[str, Any]

_NAME = pattern(r"[A-Za-z0-9_-]{1,64}")
_PROPERTY = pattern(r"[A-Za-z0-9_.-]{1,64}")
# Of calls to which their dialect has given no id; `sysops.agent` counts them.
_OWN_ID = pattern(r"call_\d+_\d+")


def declare(client: ClientOptions, body: Body, prompt: Prompt) -> Body:
    """The body, and in it the tools that the prompt brings; what the client declares itself stays.

    Raises `ClientConfigError` for a dialect without tools, and for names that providers refuse.
    """
    tools = prompt.tools
    if tools is None or not tools.declared or tools.are_spoken:
        return body
    way = _WAYS.get(_dialect(client))
    if way is None:
        raise ClientConfigError(f"client `{client.name}`: {client.provider} has no tools")
    for tool in tools.declared:
        _check_names(tool)
    if prompt.answer is not None and prompt.answer.mode == "tool":
        # The answer is a call too, so a model that must call something may still do either.
        tools = Tools(tools.declared, "required")
    return way(body, tools)


def _check_names(tool: Tool) -> None:
    if not _NAME.fullmatch(tool.name):
        raise ClientConfigError(f"{tool.name!r} is no name of a tool: it has 1 to 64 of A-Z, a-z, 0-9, _ and -")
    for name in tool.schema.schema.get("properties", ()):
        if not _PROPERTY.fullmatch(name):
            hint = "give the parameter an @alias of 1 to 64 of A-Z, a-z, 0-9, _, . and -"
            raise ClientConfigError(f"tool `{tool.name}`: {name!r} is no name of a parameter; {hint}")


# --- declarations and choice


def _function(tool: Tool, schema_key: str) -> dict[str, Any]:
    described = {"description": tool.description} if tool.description else {}
    return {"name": tool.name, **described, schema_key: tool.schema.schema}


def _strict_function(tool: Tool) -> dict[str, Any]:
    return {**_function(tool, "parameters"), "strict": tool.schema.is_strict}


def _chat(body: Body, tools: Tools) -> Body:
    made = [{"type": "function", "function": _strict_function(tool)} for tool in tools.declared]
    match tools.choice:
        case Tool(name=name):
            choice: object = {"type": "function", "function": {"name": name}}
        case word:
            choice = word
    return body | {"tools": [*list_in(body, "tools"), *made], "tool_choice": choice}


def _ollama(body: Body, tools: Tools) -> Body:
    made = [{"type": "function", "function": _function(tool, "parameters")} for tool in tools.declared]
    # It has no choice: a tool that must not be called is not shown.
    return body if tools.choice == "none" else body | {"tools": [*list_in(body, "tools"), *made]}


def _responses(body: Body, tools: Tools) -> Body:
    made = [{"type": "function", **_strict_function(tool)} for tool in tools.declared]
    match tools.choice:
        case Tool(name=name):
            choice: object = {"type": "function", "name": name}
        case word:
            choice = word
    return body | {"tools": [*list_in(body, "tools"), *made], "tool_choice": choice}


def _anthropic(body: Body, tools: Tools) -> Body:
    made = [_function(tool, "input_schema") for tool in tools.declared]
    match tools.choice:
        case Tool(name=name):
            choice = {"type": "tool", "name": name}
        case word:
            choice = {"type": {"auto": "auto", "required": "any", "none": "none"}[word]}
    # What the client says of a choice, such as `disable_parallel_tool_use`, stays beside ours. The tool that an
    # earlier choice has named does not: `any` has no name.
    given = {key: value for key, value in block_in(body, "tool_choice").items() if key != "name"}
    return body | {"tools": [*list_in(body, "tools"), *made], "tool_choice": given | choice}


def _google(body: Body, tools: Tools) -> Body:
    made = {"functionDeclarations": [_function(tool, "parametersJsonSchema") for tool in tools.declared]}
    match tools.choice:
        case Tool(name=name):
            calling: dict[str, Any] = {"mode": "ANY", "allowedFunctionNames": [name]}
        case word:
            calling = {"mode": {"auto": "AUTO", "required": "ANY", "none": "NONE"}[word]}
    return body | {
        "tools": [*list_in(body, "tools"), made],
        "toolConfig": block_in(body, "toolConfig") | {"functionCallingConfig": calling},
    }


def _bedrock(body: Body, tools: Tools) -> Body:
    given = block_in(body, "toolConfig")
    made: list[dict[str, Any]] = []
    for tool in tools.declared:
        described = {"description": tool.description} if tool.description else {}
        made.append(
            {"toolSpec": {"name": tool.name, **described, "inputSchema": {"json": tool.schema.schema}}},
        )
    match tools.choice:
        case Tool(name=name):
            choice: dict[str, Any] = {"tool": {"name": name}}
        case "required":
            choice = {"any": {}}
        case _:
            # Converse has no word for none, and refuses a history with calls in it that declares no tools.
            choice = {"auto": {}}
    return body | {"toolConfig": given | {"tools": [*list_in(given, "tools"), *made], "toolChoice": choice}}


_WAYS: Mapping[str, Callable[[Body, Tools], Body]] = {
    **dict.fromkeys(("openai", "openai-generic", "openrouter", "ollama", "azure-openai", "offline"), _chat),
    "openai-responses": _responses,
    "anthropic": _anthropic,
    "google-ai": _google,
    "vertex-ai": _google,
    "aws-bedrock": _bedrock,
    "ollama-native": _ollama,
}


def are_spoken(client: ClientOptions) -> bool:
    """Whether the client is told of tools in the words of its prompt, and calls them in its text."""
    return client.tool_mode == "prompt" or (client.tool_mode == "auto" and _dialect(client) not in _WAYS)


def _dialect(client: ClientOptions) -> str:
    """The one that the body is in: on Vertex there are two."""
    is_claude = client.provider == "vertex-ai" and client.own["anthropic_version"]
    return "anthropic" if is_claude else client.provider


# --- calls and results in a history


def chat_calls(uses: Iterable[ToolUse]) -> list[dict[str, Any]]:
    return [
        {"id": use.id, "type": "function", "function": {"name": use.name, "arguments": use.arguments or "{}"}}
        for use in uses
    ]


def chat_result(result: ToolResult) -> dict[str, Any]:
    return {"role": "tool", "tool_call_id": result.id, "content": _told(result)}


def responses_call(use: ToolUse) -> dict[str, Any]:
    return {"type": "function_call", "call_id": use.id, "name": use.name, "arguments": use.arguments or "{}"}


def responses_result(result: ToolResult) -> dict[str, Any]:
    return {"type": "function_call_output", "call_id": result.id, "output": _told(result)}


def anthropic_call(use: ToolUse) -> dict[str, Any]:
    return {"type": "tool_use", "id": use.id, "name": use.name, "input": _arguments(use)}


def anthropic_result(result: ToolResult) -> dict[str, Any]:
    flag = {"is_error": True} if result.is_error else {}
    return {"type": "tool_result", "tool_use_id": result.id, "content": result.content, **flag}


def google_call(use: ToolUse) -> dict[str, Any]:
    return {"functionCall": {**_given_id(use.id), "name": use.name, "args": _arguments(use)}}


def google_result(result: ToolResult) -> dict[str, Any]:
    response = {"error" if result.is_error else "result": result.content}
    return {"functionResponse": {**_given_id(result.id), "name": result.name, "response": response}}


def bedrock_call(use: ToolUse) -> dict[str, Any]:
    return {"toolUse": {"toolUseId": use.id, "name": use.name, "input": _arguments(use)}}


def bedrock_result(result: ToolResult) -> dict[str, Any]:
    status = "error" if result.is_error else "success"
    return {"toolResult": {"toolUseId": result.id, "content": [{"text": result.content}], "status": status}}


def ollama_calls(uses: Iterable[ToolUse]) -> list[dict[str, Any]]:
    return [{"function": {"name": use.name, "arguments": _arguments(use)}} for use in uses]


def ollama_result(result: ToolResult) -> dict[str, Any]:
    return {"role": "tool", "tool_name": result.name, "content": _told(result)}


def _told(result: ToolResult) -> str:
    """For dialects in which a result is a text and nothing more."""
    return f"Error: {result.content}" if result.is_error else result.content


def _arguments(use: ToolUse) -> dict[str, Any]:
    """As an object, which these dialects insist on also where the model wrote none."""
    try:
        found = json.loads(use.arguments or "{}")
    except (ValueError, RecursionError):
        found = None
    return found if isinstance(found, dict) else {"unreadable": use.arguments}


def _given_id(call_id: str) -> dict[str, str]:
    return {} if _OWN_ID.fullmatch(call_id) else {"id": call_id}
