"""Corners of the readers that no recorded stream has: what gateways may do, and what must not happen then.

A program sees only what becomes of it, so this is Python.
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from bamlet.providers import Accumulator, ClientSpec, ProviderError, dialect, read_body
from bamlet.providers.json_paths import MAX_DEPTH, MAX_LIST, JsonBuilder
from bamlet.providers.registry import ACCUMULATORS
from bamlet.wire.sse import Event


def feed(response_type: str, *values: Any, name: str = "message") -> Accumulator:
    accumulator = ACCUMULATORS[response_type]()
    for value in values:
        event, data = value if isinstance(value, tuple) else (name, value)
        accumulator.feed(Event(event, data if isinstance(data, str) else json.dumps(data)))
    return accumulator


# --- which reader


@pytest.mark.parametrize(
    "response_type", ["openai", "openai-responses", "openai-transcription", "anthropic", "google"]
)
def test_a_client_may_say_in_which_dialect_it_is_answered(response_type: str) -> None:
    options = {"model": "m", "base_url": "http://x", "client_response_type": response_type}
    found = dialect("openai-generic")
    accumulator = found.accumulator(found.read_client(ClientSpec("C", "openai-generic", options)))
    assert type(accumulator) is ACCUMULATORS[response_type]


# --- bodies that came whole

BODIES: dict[str, dict[str, Any]] = {
    "openai": {"choices": [{"message": {"content": "fine"}, "finish_reason": "stop"}]},
    "openai-responses": {
        "object": "response",
        "status": "completed",
        "output": [
            {"type": "reasoning", "summary": [{"text": "hm"}, {"text": "so"}]},
            {"type": "message", "content": [{"type": "output_text", "text": "fine"}]},
            {"type": "function_call", "call_id": "c", "name": "f", "arguments": "{}"},
        ],
    },
    "openai-transcription": {"text": "fine", "usage": {"input_tokens": 1, "output_tokens": 2, "total_tokens": 3}},
    "anthropic": {"type": "message", "content": [{"type": "text", "text": "fine"}], "stop_reason": "end_turn"},
    "google": {"candidates": [{"content": {"parts": [{"text": "fine"}]}, "finishReason": "STOP"}]},
    "aws-bedrock": {"output": {"message": {"content": [{"text": "fine"}]}}, "stopReason": "end_turn"},
    "ollama": {"message": {"content": "fine"}, "done": True, "done_reason": "stop"},
}


@pytest.mark.parametrize("response_type", BODIES)
def test_a_body_that_came_whole(response_type: str) -> None:
    assert read_body(ACCUMULATORS[response_type](), json.dumps(BODIES[response_type])).text == "fine"


@pytest.mark.parametrize("response_type", BODIES)
@pytest.mark.parametrize(
    "body",
    [
        *("{}", "[]", '{"candidates":7,"choices":3}', '{"type":"message"}', '{"output":null}', '{"detail":"x"}'),
        *('{"choices":[]}', '{"choices":[{}]}', '{"choices":["x"]}', '{"choices":"x"}', '{"candidates":[{}]}'),
        *('{"choices":[{"message":"x","finish_reason":"stop"}]}', '{"choices":[{"finish_reason":"stop"}]}'),
        *('{"output":{}}', '{"object":"response"}', '{"object":"response","output":"x","status":"completed"}'),
        *('{"object":"response","output":[],"status":"in_progress"}', '{"text":null}', '{"usageMetadata":{}}'),
        *('{"message":{"content":"x"},"done":false}', '{"response":null,"done":true}'),
    ],
)
def test_a_body_of_another_shape_is_no_answer(response_type: str, body: str) -> None:
    with pytest.raises(ProviderError) as error:
        read_body(ACCUMULATORS[response_type](), body)
    assert error.value.kind == "empty_response"
    assert error.value.retryable


@pytest.mark.parametrize(
    ("choice", "text", "counted"),
    [
        ('{"message":{"content":5}}', "", 1),
        ('{"message":{"content":false}}', "", 1),
        ('{"message":{"content":{"text":"x"}}}', "", 1),
        ('{"message":{"content":["x",{"text":"y"},null]}}', "y", 2),
        ('{"text":"x"}', "", 1),
    ],
    ids=["a number", "a bool", "an object", "parts that are none", "of completions"],
)
def test_content_of_another_kind_is_counted(choice: str, text: str, counted: int) -> None:
    accumulator = ACCUMULATORS["openai"]()
    accumulator.feed(Event("message", f'{{"choices":[{choice[:-1]},"finish_reason":"stop"}}]}}'))
    assert (accumulator.text, accumulator.bad_events) == (text, counted)


def test_an_error_inside_a_choice_fails_the_answer() -> None:
    failed = {"choices": [{"index": 0, "error": {"message": "boom", "code": 502}, "finish_reason": "error"}]}
    for read in (lambda value: read_body(ACCUMULATORS["openai"](), json.dumps(value)), _streamed):
        with pytest.raises(ProviderError, match="boom") as error:
            read(failed)
        assert error.value.retryable


def _streamed(value: object) -> None:
    ACCUMULATORS["openai"]().feed(Event("message", json.dumps(value)))


@pytest.mark.parametrize(
    "choices", ['"x"', '["x"]', '[{"index":0,"delta":"x"}]'], ids=["no list", "no choice", "no delta"]
)
def test_a_malformed_choice_of_a_stream_is_counted(choices: str) -> None:
    accumulator = ACCUMULATORS["openai"]()
    accumulator.feed(Event("message", '{"choices":[{"index":0,"delta":{"content":"a"}}]}'))
    accumulator.feed(Event("message", f'{{"choices":{choices}}}'))
    assert (accumulator.text, accumulator.bad_events) == ("a", 1)


def test_a_stream_of_malformed_choices_is_no_answer() -> None:
    accumulator = ACCUMULATORS["openai"]()
    accumulator.feed(Event("message", '{"choices":["x"]}'))
    accumulator.feed(Event("message", "[DONE]"))
    with pytest.raises(ProviderError, match="not what the provider promises"):
        accumulator.finish()


LATE = {
    "openai": ['{"choices":[{"delta":{"content":"%s"},"finish_reason":%s}]}', '"stop"', "null"],
    "anthropic": [
        '{"type":"message","content":[{"type":"text","text":"%s"}],"stop_reason":%s}',
        '"end_turn"',
        "null",
    ],
    "google": [
        '{"candidates":[{"content":{"parts":[{"text":"%s"}]},"finishReason":%s}]}',
        '"STOP"',
        "null",
    ],
}


@pytest.mark.parametrize("response_type", LATE)
def test_content_after_the_finish_reason_is_dropped_and_counted(response_type: str) -> None:
    form, stops, goes_on = LATE[response_type]
    accumulator = ACCUMULATORS[response_type]()
    accumulator.feed(Event("message", form % ("a", goes_on)))
    accumulator.feed(Event("message", form % ("b", stops)))
    assert accumulator.feed(Event("message", form % ("c", goes_on))) == ""
    assert accumulator.feed(Event("message", form % ("", goes_on))) == ""
    assert (accumulator.finish().text, accumulator.late) == ("ab", 1)


def test_a_tool_call_after_the_finish_reason_is_dropped_and_counted() -> None:
    accumulator = ACCUMULATORS["openai"]()
    accumulator.feed(Event("message", '{"choices":[{"delta":{"content":"a"},"finish_reason":"stop"}]}'))
    call = '{"choices":[{"delta":{"tool_calls":[{"index":0,"id":"c","function":{"name":"f"}}]}}]}'
    accumulator.feed(Event("message", call))
    assert (accumulator.tool_calls, accumulator.late, accumulator.finish_reason) == ((), 1, "stop")


def test_the_parts_of_a_whole_response() -> None:
    said = read_body(ACCUMULATORS["openai-responses"](), json.dumps(BODIES["openai-responses"]))
    assert (said.reasoning, said.finish_reason) == ("hm\n\nso", "tool_calls")
    assert [(call.id, call.name) for call in said.tool_calls] == [("c", "f")]


@pytest.mark.parametrize("response_type", [kind for kind in BODIES if kind != "openai"])
def test_a_marker_that_a_gateway_adds_ends_nothing(response_type: str) -> None:
    accumulator = feed(response_type, "[DONE]")
    assert (accumulator.is_done, accumulator.bad_events) == (False, 0)


def test_an_answer_that_is_nothing_but_noise_is_shown() -> None:
    accumulator = feed("openai", "<html>gateway</html>")
    with pytest.raises(ProviderError, match="<html>gateway</html>") as raised:
        accumulator.finish()
    assert raised.value.kind == "protocol_error"


# --- single dialects


def test_a_terminal_event_whose_json_is_broken_is_an_end_all_the_same() -> None:
    text = {"type": "response.output_text.delta", "delta": "a"}
    accumulator = feed("openai-responses", text, ("response.completed", '{"type": oops'))
    assert accumulator.is_done
    assert accumulator.finish().finish_reason == "stop"


def test_the_arguments_of_a_done_event_replace_the_fragments() -> None:
    item = {"type": "function_call", "call_id": "c", "name": "f"}
    accumulator = feed(
        "openai-responses",
        {"type": "response.output_item.added", "output_index": 3, "item": item},
        {"type": "response.function_call_arguments.delta", "output_index": 3, "delta": "{"},
        {"type": "response.function_call_arguments.done", "output_index": 3, "arguments": '{"a":1}'},
        {"type": "response.output_item.done", "output_index": 3, "item": {**item, "arguments": "late"}},
    )
    assert [call.arguments for call in accumulator.tool_calls] == ['{"a":1}']


def test_text_that_came_in_no_pieces_is_taken_from_what_is_done() -> None:
    def item(text: str) -> dict[str, Any]:
        return {"type": "message", "content": [{"type": "output_text", "text": text}]}

    def done(index: int, text: str) -> dict[str, Any]:
        return {"type": "response.output_item.done", "output_index": index, "item": item(text)}

    ended = {"type": "response.completed", "response": {"status": "completed", "output": [item("a"), item("b")]}}
    delta = {"type": "response.output_text.delta", "output_index": 0, "delta": "a"}
    assert feed("openai-responses", done(0, "a"), done(1, "b"), ended).text == "ab"
    assert feed("openai-responses", delta, done(0, "a"), done(1, "b"), ended).text == "ab"
    assert feed("openai-responses", ended).text == "ab"
    nowhere = {"type": "response.output_text.delta", "delta": "a"}
    assert feed("openai-responses", nowhere, done(7, "a"), ended).text == "a"


@pytest.mark.parametrize("last", [{"delta": {}}, {"delta": None}, {}])
def test_a_message_that_repeats_what_was_streamed_is_passed_over(last: dict[str, Any]) -> None:
    chunk = {"choices": [{"delta": {"content": "a"}}]}
    end = {"choices": [{**last, "message": {"content": "a"}, "finish_reason": "stop"}]}
    assert feed("openai", chunk, end).text == "a"


def test_a_block_may_hold_its_input_from_the_start() -> None:
    def block(index: int, given: object, *fragments: str) -> list[dict[str, Any]]:
        start = {"type": "tool_use", "id": f"t{index}", "name": "f", "input": given}
        return [
            {"type": "content_block_start", "index": index, "content_block": start},
            *(
                {
                    "type": "content_block_delta",
                    "index": index,
                    "delta": {"type": "input_json_delta", "partial_json": text},
                }
                for text in fragments
            ),
            {"type": "content_block_stop", "index": index},
        ]

    accumulator = feed("anthropic", *block(0, {"a": 1}), *block(1, {"a": 1}, "", '{"b":', "2}"), *block(2, {}))
    assert [call.arguments for call in accumulator.tool_calls] == ['{"a":1}', '{"b":2}', "{}"]


def test_a_new_name_ends_a_call_that_comes_path_by_path() -> None:
    def part(**call: Any) -> dict[str, Any]:
        return {"candidates": [{"content": {"parts": [{"functionCall": call}]}}]}

    accumulator = feed(
        "vertex",
        part(name="f", willContinue=True),
        part(willContinue=True),
        part(partialArgs=[{"jsonPath": "$.a", "stringValue": "x", "willContinue": True}], willContinue=True),
        part(name="g", args={"b": 1}),
        {"candidates": [{"finishReason": "STOP"}]},
    )
    calls = [(call.name, call.arguments) for call in accumulator.finish().tool_calls]
    assert calls == [("f", '{"a":"x"}'), ("g", '{"b":1}')]


def test_a_whole_answer_tells_its_chunks_too() -> None:
    accumulator = ACCUMULATORS["anthropic"]()
    read_body(accumulator, json.dumps(BODIES["anthropic"]))
    assert [chunk.type for chunk in accumulator.new_chunks()] == ["start", "content", "stop"]


# --- values at paths


@pytest.mark.parametrize(
    ("pieces", "value"),
    [
        ([("$.a", 1), ("$.b.c", "x"), ("$.b.c", "y")], {"a": 1, "b": {"c": "xy"}}),
        ([("$.l[1].n", "q")], {"l": [None, {"n": "q"}]}),
        ([("$['a.b'][\"c\"]", True)], {"a.b": {"c": True}}),
        ([("$.a", "x"), ("$.a", None)], {"a": None}),
        ([("$.a", "x"), ("$.a.b", 1)], {"a": {"b": 1}}),
        ([("$.l[2]", 1), ("$.l.x", 2)], {"l": [None, None, 1]}),
        ([("", 1), ("$", 1), ("$..a", 1), ("$.a[", 1), ("$.a[-1]", 1), ("a b", 1)], {}),
    ],
)
def test_an_object_is_put_together(pieces: list[tuple[str, Any]], value: Any) -> None:
    builder = JsonBuilder()
    for path, piece in pieces:
        builder.add(path, piece)
    assert builder.value == value


def test_a_path_cannot_ask_for_more_than_a_gift() -> None:
    builder = JsonBuilder()
    builder.add(f"$.l[{MAX_LIST}]", 1)
    builder.add("$" + ".a" * (MAX_DEPTH + 1), 1)
    assert builder.value == {"l": []}
