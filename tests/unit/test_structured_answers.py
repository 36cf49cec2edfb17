"""Answers by a schema: what each provider is asked for, and its answer back to the value, whole and streamed.

Bytes on the wire cannot be seen from the language, so this is Python.
"""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import bamlet
from bamlet.prompt import ANSWER_NAME
from bamlet.providers.structured_answer import Unwrapping
from tests.support.scripted import JSON, Reply, ScriptedTransport, streamed

CLIENT = """
client<llm> C {
  provider PROVIDER
  options {
    model "m"
    api_key "k"
    OPTIONS
    output_mode MODE
  }
}
"""
TYPES = """
enum Mood { UP @description("good") DOWN @alias("low") HIDDEN @skip }
class Node { v int next Node? }
class Doc {
  @@description("a document")
  id string @alias("ID") @description("the number")
  kind "a" | "b" | 3
  mood Mood?
  tree Node @description("of all")
}
class Bag { entries map<string, int> }
"""
PROVIDERS = {
    "openai": "",
    "openai-generic": 'base_url "http://localhost:1/v1"',
    "openai-responses": "",
    "azure-openai": 'base_url "http://localhost:1/v1"\napi_version "1"',
    "anthropic": "",
    "google-ai": "",
    "vertex-ai": 'location us-central1\nproject_id "p"',
    "aws-bedrock": 'region "us-east-1"',
    "ollama-native": "",
}


def program(provider: str, mode: str, result: str) -> bamlet.Program:
    client = CLIENT.replace("PROVIDER", provider).replace("OPTIONS", PROVIDERS[provider]).replace("MODE", mode)
    function = f'function F() -> {result} {{\n  client C\n  prompt "hi"\n}}\n'
    return bamlet.compile_sources({"main.baml": client + TYPES + function})


def body(provider: str, mode: str, result: str = "Doc") -> Any:
    return bamlet.Runtime(program(provider, mode, result), environ={}).request("F").body.json()


DOC = {
    "description": "a document",
    "type": "object",
    "properties": {
        "ID": {"type": "string", "description": "the number"},
        "kind": {"anyOf": [{"type": "string", "enum": ["a", "b"]}, {"type": "integer", "enum": [3]}]},
        "mood": {
            "anyOf": [{"description": "UP: good", "type": "string", "enum": ["UP", "low"]}, {"type": "null"}]
        },
        "tree": {"anyOf": [{"$ref": "#/$defs/Node"}], "description": "of all"},
    },
    "required": ["ID", "kind", "mood", "tree"],
    "additionalProperties": False,
    "$defs": {
        "Node": {
            "type": "object",
            "properties": {
                "v": {"type": "integer"},
                "next": {"anyOf": [{"$ref": "#/$defs/Node"}, {"type": "null"}]},
            },
            "required": ["v", "next"],
            "additionalProperties": False,
        }
    },
}
NAMED = {"name": ANSWER_NAME, "schema": DOC, "strict": True}
FUNCTION = {"name": ANSWER_NAME, "description": "Gives the answer."}
CHAT_TOOL = {
    "tools": [{"type": "function", "function": {**FUNCTION, "parameters": DOC, "strict": True}}],
    "tool_choice": {"type": "function", "function": {"name": ANSWER_NAME}},
}
CHAT_FORMAT = {"response_format": {"type": "json_schema", "json_schema": NAMED}}
GOOGLE_FORMAT = {"generationConfig": {"responseMimeType": "application/json", "responseJsonSchema": DOC}}
ANTHROPIC_TOOL = {
    "tools": [{**FUNCTION, "input_schema": DOC}],
    "tool_choice": {"type": "tool", "name": ANSWER_NAME},
}
BEDROCK_TOOL = {
    "toolConfig": {
        "tools": [{"toolSpec": {**FUNCTION, "inputSchema": {"json": DOC}}}],
        "toolChoice": {"tool": {"name": ANSWER_NAME}},
    }
}


@pytest.mark.parametrize(
    ("provider", "mode", "asked"),
    [
        ("openai", "json_schema", CHAT_FORMAT),
        ("openai", "auto", CHAT_FORMAT),
        ("azure-openai", "json_schema", CHAT_FORMAT),
        ("openai-generic", "json_schema", CHAT_FORMAT),
        ("openai-generic", "auto", {}),
        ("openai", "tool", CHAT_TOOL),
        ("openai", "prompt", {}),
        ("openai-responses", "auto", {"text": {"format": {"type": "json_schema", **NAMED}}}),
        (
            "openai-responses",
            "tool",
            {
                "tools": [{"type": "function", **FUNCTION, "parameters": DOC, "strict": True}],
                "tool_choice": {"type": "function", "name": ANSWER_NAME},
            },
        ),
        ("anthropic", "auto", ANTHROPIC_TOOL),
        ("anthropic", "json_schema", {"output_config": {"format": {"type": "json_schema", "schema": DOC}}}),
        ("google-ai", "auto", GOOGLE_FORMAT),
        ("vertex-ai", "json_schema", GOOGLE_FORMAT),
        (
            "google-ai",
            "tool",
            {
                "tools": [{"functionDeclarations": [{**FUNCTION, "parametersJsonSchema": DOC}]}],
                "toolConfig": {"functionCallingConfig": {"mode": "ANY", "allowedFunctionNames": [ANSWER_NAME]}},
            },
        ),
        ("aws-bedrock", "auto", BEDROCK_TOOL),
        ("ollama-native", "json_schema", {"format": DOC}),
    ],
)
def test_what_a_provider_is_asked_for(provider: str, mode: str, asked: dict[str, Any]) -> None:
    plain = body(provider, "prompt")
    assert body(provider, mode) == plain | asked


def test_a_mode_from_the_environment_that_a_provider_lacks_names_those_it_has() -> None:
    runtime = bamlet.Runtime(program("aws-bedrock", "env.MODE", "Doc"), environ={"MODE": "json_schema"})
    with pytest.raises(bamlet.BamlInvalidArgumentError, match="no output_mode json_schema, only tool"):
        runtime.request("F")


def test_what_is_no_object_is_wrapped_and_a_string_is_not_asked_for() -> None:
    asked = body("openai", "json_schema", "int[]")["response_format"]["json_schema"]["schema"]
    assert asked["properties"] == {ANSWER_NAME: {"type": "array", "items": {"type": "integer"}}}
    assert "response_format" not in body("openai", "json_schema", "string")


def test_free_keys_are_outside_of_strict_modes() -> None:
    form = body("openai", "json_schema", "Bag")["response_format"]["json_schema"]
    assert form["strict"] is False
    assert form["schema"]["properties"]["entries"] == {
        "type": "object",
        "additionalProperties": {"type": "integer"},
    }


# --- answers


def whole(message: dict[str, Any]) -> Reply:
    choice = {"index": 0, "message": {"role": "assistant", **message}, "finish_reason": "stop"}
    return Reply([json.dumps({"choices": [choice]}).encode()], headers=JSON)


def called(arguments: str) -> dict[str, Any]:
    return {
        "content": None,
        "tool_calls": [{"id": "1", "function": {"name": ANSWER_NAME, "arguments": arguments}}],
    }


@pytest.mark.parametrize(
    ("mode", "result", "message", "value"),
    [
        ("json_schema", "int[]", {"content": '{"baml_answer": [1, 2]}'}, [1, 2]),
        ("json_schema", "string?", {"content": '{"baml_answer": "a } b"}'}, "a } b"),
        ("json_schema", "Node", {"content": '{"v": 1, "next": null}'}, {"v": 1, "next": None}),
        ("tool", "Node", called('{"v": 1, "next": {"v": 2}}'), {"v": 1, "next": {"v": 2, "next": None}}),
        ("tool", "Mood", called('{"baml_answer": "low"}'), "DOWN"),
        # A model that would not use the tool is read as in the mode `prompt`.
        ("tool", "Node", {"content": 'Here: {"v": 7}'}, {"v": 7, "next": None}),
    ],
)
def test_a_whole_answer(mode: str, result: str, message: dict[str, Any], value: Any) -> None:
    transport = ScriptedTransport({"m": whole(message)})
    with bamlet.Runtime(program("openai", mode, result), transport=transport) as runtime:
        assert bamlet.to_plain(runtime.call("F")) == value


def events(deltas: list[dict[str, Any]]) -> Reply:
    chunks = [{"choices": [{"index": 0, "delta": delta}]} for delta in deltas]
    chunks.append({"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]})
    return Reply([f"data: {json.dumps(chunk)}\n\n".encode() for chunk in chunks] + [b"data: [DONE]\n\n"])


def pieces(text: str) -> list[str]:
    return [text[at : at + 3] for at in range(0, len(text), 3)]


@pytest.mark.parametrize("mode", ["json_schema", "tool"])
def test_an_answer_is_shown_while_it_is_streamed(mode: str) -> None:
    text = '{"baml_answer": [{"v": 1, "next": null}, {"v": 22, "next": {"v": 3, "next": null}}]}'
    deltas: list[dict[str, Any]]
    if mode == "tool":
        first = {"index": 0, "id": "1", "function": {"name": ANSWER_NAME, "arguments": ""}}
        more = [{"tool_calls": [{"index": 0, "function": {"arguments": piece}}]} for piece in pieces(text)]
        deltas = [{"tool_calls": [first]}, *more]
    else:
        deltas = [{"content": piece} for piece in pieces(text)]
    transport = ScriptedTransport({"m": events(deltas)})
    with bamlet.Runtime(program("openai", mode, "Node[]"), transport=transport) as runtime:
        stream = runtime.stream("F", partials="every")
        partials = [bamlet.to_plain(partial) for partial in stream]
        final = bamlet.to_plain(stream.final())
    assert final == [{"v": 1, "next": None}, {"v": 22, "next": {"v": 3, "next": None}}]
    assert [{"v": 1, "next": None}] in partials
    assert len(partials) > 2


@given(st.text(), st.integers(1, 9), st.booleans())
def test_unwrapping_gives_the_value_back_however_it_is_cut(text: str, size: int, has_blanks: bool) -> None:
    value = json.dumps({"a": [text, {"b": text}], text: 1}) if len(text) % 2 else json.dumps(text)
    wrapped = f' {{ "{ANSWER_NAME}" : {value} }} ' if has_blanks else f'{{"{ANSWER_NAME}":{value}}}'
    unwrapping = Unwrapping()
    said = "".join(unwrapping.feed(wrapped[at : at + size]) for at in range(0, len(wrapped), size))
    assert json.loads(said + unwrapping.close()) == json.loads(value)


@given(st.text(alphabet='{}" baml_answer:x', max_size=30), st.integers(1, 9))
def test_other_texts_stay_as_they_are(text: str, size: int) -> None:
    if ANSWER_NAME in text:
        return
    unwrapping = Unwrapping()
    said = "".join(unwrapping.feed(text[at : at + size]) for at in range(0, len(text), size))
    assert said + unwrapping.close() == text


DONE = """
class Line { title string @stream.done, tags (string @stream.done)[], rest string }
client<llm> C { provider openai-generic, options { model m, base_url "http://test", output_mode MODE } }
function F() -> Line { client C, prompt #"hi"# }
"""


def shown(mode: str, *deltas: str) -> tuple[list[Any], bamlet.Report]:
    program = bamlet.compile_sources({"main.baml": DONE.replace("MODE", mode)})
    transport = ScriptedTransport({"m": streamed(*deltas)})
    reports: list[bamlet.Report] = []
    context = bamlet.CallContext(on_report=reports.append)
    with bamlet.Runtime(program, transport=transport) as runtime:
        stream = runtime.stream("F", partials="every", context=context)
        partials = [bamlet.to_plain(partial) for partial in stream]
        assert bamlet.to_plain(stream.final()) == partials[-1]
    return partials, reports[-1]


def test_what_is_shown_when_done_is_shown_at_its_closing_quote_where_that_is_certain() -> None:
    deltas = ('{"title": "a', ' b"', ', "tags": ["x"', ', ""', "]", ', "rest": "r"}')
    partials, report = shown("json_schema", *deltas)
    assert [partial["title"] for partial in partials][:2] == [None, "a b"]
    assert [partial["tags"] for partial in partials][2:4] == [["x"], ["x", ""]]
    assert not report.reread
    # The words of a prompt hold nobody to JSON: a quote may be one that the model forgot to escape.
    prompted, _ = shown("prompt", *deltas)
    assert [partial["title"] for partial in prompted][:2] == [None, None]


def test_an_answer_that_keeps_to_no_json_after_all_is_read_again() -> None:
    deltas = ('{"title": "a "b" c"', ', "tags": ["x"], ', '"rest": "he said "no", and left"}')
    partials, report = shown("json_schema", *deltas)
    assert partials[-1] == {"title": 'a "b" c', "tags": ["x"], "rest": 'he said "no", and left'}
    assert report.reread
