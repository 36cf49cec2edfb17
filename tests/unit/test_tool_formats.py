"""Tools on the wire of each dialect: declarations, choice, and a history of calls and results, as request bodies.

Bytes on the wire cannot be seen from the language, so this is Python.
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from bamlet.prompt import (
    Message,
    Prompt,
    StructuredAnswer,
    Text,
    Tool,
    ToolResult,
    Tools,
    ToolUse,
    Unread,
    answer_schema,
    tool_input,
)
from bamlet.providers import ClientConfigError, ClientSpec, dialect
from bamlet.types.schema import Field, Schemas
from bamlet.types.ty import BOOL, INT, STRING, ListTy, MapTy
from tests.support.golden import Goldens

PROVIDERS: dict[str, dict[str, object]] = {
    "openai": {},
    "openai-generic": {"base_url": "http://localhost:1/v1"},
    "openrouter": {},
    "ollama": {},
    "azure-openai": {"base_url": "http://localhost:1/v1", "api_version": "1"},
    "openai-responses": {},
    "anthropic": {},
    "google-ai": {},
    "vertex-ai": {"location": "us-central1", "project_id": "p"},
    "aws-bedrock": {"region": "us-east-1"},
    "ollama-native": {},
}
SCHEMAS = Schemas()


def tool(name: str, *parameters: tuple[Field, bool], description: str = "") -> Tool:
    return Tool(name, description, tool_input(name, parameters, SCHEMAS).schema())


FIND = tool(
    "find_orders",
    (Field("customer", INT, description="the number on the card"), False),
    (Field("open_only", BOOL), True),
    description="Looks up orders.",
)
NOW = tool("now")
TOOLS = Tools((FIND, NOW))

HISTORY = (
    Message("system", (Text("You help."),)),
    Message("user", (Text("What is open for 7 and 8?"),)),
    Message(
        "assistant",
        (
            Unread("anthropic", {"type": "thinking", "thinking": "two customers", "signature": "s1"}),
            Unread("openai-responses", {"type": "reasoning", "id": "r1", "summary": [], "encrypted_content": "e"}),
            Text("I look."),
            Unread("google", {"thoughtSignature": "g1"}),
            ToolUse("call_a", "find_orders", '{"customer": 7, "open_only": null}'),
            ToolUse("call_b", "find_orders", '{"customer": 8'),
        ),
    ),
    Message(
        "tool",
        (
            ToolResult("call_a", "find_orders", "[1, 2]"),
            ToolResult("call_b", "find_orders", "the arguments are cut off", is_error=True),
        ),
    ),
    Message("assistant", (ToolUse("call_2_0", "now", ""),)),
    Message("tool", (ToolResult("call_2_0", "now", "noon"),)),
)


def body(provider: str, prompt: Prompt, **options: object) -> Any:
    spec = ClientSpec("C", provider, {"model": "m", "api_key": "k", **PROVIDERS[provider], **options})
    found = dialect(provider)
    return json.loads(found.build_request(found.read_client(spec), prompt, stream=False).body)


@pytest.mark.parametrize("provider", PROVIDERS)
def test_a_history_with_calls(provider: str, golden: Goldens) -> None:
    made = body(provider, Prompt(HISTORY, tools=TOOLS))
    golden(f"tools/{provider}.json", json.dumps(made, indent=1) + "\n")


def test_claude_on_vertex_speaks_as_claude() -> None:
    options = {"anthropic_version": "vertex-2023-10-16"}
    on_vertex = body("vertex-ai", Prompt(HISTORY, tools=TOOLS), **options)
    at_home = body("anthropic", Prompt(HISTORY, tools=TOOLS))
    for name in ("messages", "tools", "tool_choice", "system"):
        assert on_vertex[name] == at_home[name]


@pytest.mark.parametrize(
    ("provider", "auto", "required", "none", "one"),
    [
        ("openai", "auto", "required", "none", {"type": "function", "function": {"name": "now"}}),
        ("openai-responses", "auto", "required", "none", {"type": "function", "name": "now"}),
        ("anthropic", {"type": "auto"}, {"type": "any"}, {"type": "none"}, {"type": "tool", "name": "now"}),
        (
            "google-ai",
            {"mode": "AUTO"},
            {"mode": "ANY"},
            {"mode": "NONE"},
            {"mode": "ANY", "allowedFunctionNames": ["now"]},
        ),
        ("aws-bedrock", {"auto": {}}, {"any": {}}, {"auto": {}}, {"tool": {"name": "now"}}),
    ],
)
def test_whether_the_model_calls(provider: str, auto: Any, required: Any, none: Any, one: Any) -> None:
    for choice, expected in (("auto", auto), ("required", required), ("none", none), (NOW, one)):
        made = body(provider, Prompt(HISTORY[:2], tools=Tools((FIND, NOW), choice)))  # type: ignore[arg-type]
        assert _choice(provider, made) == expected


def _choice(provider: str, made: Any) -> Any:
    if provider == "google-ai":
        return made["toolConfig"]["functionCallingConfig"]
    return made["toolConfig"]["toolChoice"] if provider == "aws-bedrock" else made["tool_choice"]


def test_ollama_is_not_shown_what_it_must_not_call() -> None:
    assert "tools" not in body("ollama-native", Prompt(HISTORY[:2], tools=Tools((NOW,), "none")))


def test_an_answer_in_a_tool_leaves_the_others_open() -> None:
    answer = StructuredAnswer("tool", answer_schema(ListTy(STRING), SCHEMAS))
    made = body("openai", Prompt(HISTORY[:2], answer, TOOLS), output_mode="tool")
    assert [one["function"]["name"] for one in made["tools"]] == ["baml_answer", "find_orders", "now"]
    assert made["tool_choice"] == "required"


def test_tools_and_choices_of_the_client_stay() -> None:
    own = {"type": "web_search_20250305", "name": "web_search"}
    made = body(
        "anthropic",
        Prompt(HISTORY[:2], tools=Tools((NOW,))),
        tools=[own],
        tool_choice={"disable_parallel_tool_use": True},
    )
    assert [one["name"] for one in made["tools"]] == ["web_search", "now"]
    assert made["tool_choice"] == {"disable_parallel_tool_use": True, "type": "auto"}


def test_a_schema_with_free_keys_is_not_strict() -> None:
    loose = tool("loose", (Field("tags", MapTy(STRING, STRING)), False))
    made = body("openai", Prompt(HISTORY[:2], tools=Tools((loose, NOW))))
    assert [one["function"]["strict"] for one in made["tools"]] == [False, True]


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (Tool("two words", "", NOW.schema), "'two words' is no name of a tool"),
        (
            tool("f", (Field("größe", INT), False)),
            "'größe' is no name of a parameter; give the parameter an @alias",
        ),
    ],
)
def test_names_that_providers_refuse(wrong: Tool, message: str) -> None:
    with pytest.raises(ClientConfigError, match=message):
        body("openai", Prompt(HISTORY[:2], tools=Tools((wrong,))))
