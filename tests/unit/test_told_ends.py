"""A filtered or refused answer is told: its value stays, as BAML keeps it, and the report says what it is.

Reports are the host's, so this is Python.
"""

from __future__ import annotations

import json
from typing import Any

import pytest

import bamlet
from tests.servers.loopback import Answer, LoopbackServer, sse

pytestmark = pytest.mark.timeout(30)

JSON = (("content-type", "application/json"),)
SOURCE = """
client<llm> Given { provider PROVIDER, options { BASE "URL", model "m", api_key "key", OPTIONS } }
function Say() -> string { client Given, prompt #"Hi"# }
"""
CHAT: dict[str, Any] = {"index": 0, "message": {"content": "no"}, "finish_reason": "stop"}
GEMINI: dict[str, Any] = {"content": {"parts": [{"text": "no"}]}, "finishReason": "STOP"}
# Provider, body, what the report says.
ENDS: dict[str, tuple[str, dict[str, Any], str]] = {
    "content_filter": (
        "openai-generic",
        {"choices": [{**CHAT, "finish_reason": "content_filter"}]},
        "a filter of the provider has stopped the answer (finish reason content_filter)",
    ),
    "refusal": (
        "openai-generic",
        {"choices": [{**CHAT, "message": {"content": "no", "refusal": "I will not"}}]},
        "the model has refused (finish reason stop): I will not",
    ),
    "error": (
        "openai-generic",
        {"choices": [{**CHAT, "finish_reason": "error"}]},
        "the model has stopped with an error (finish reason error)",
    ),
    "SAFETY": (
        "google-ai",
        {"candidates": [{**GEMINI, "finishReason": "SAFETY"}]},
        "a filter of the provider has stopped the answer (finish reason SAFETY)",
    ),
    "blockReason": (
        "google-ai",
        {"promptFeedback": {"blockReason": "PROHIBITED_CONTENT"}},
        "a filter of the provider has stopped the answer (finish reason PROHIBITED_CONTENT)",
    ),
    "guardrail_intervened": (
        "aws-bedrock",
        {"output": {"message": {"content": [{"text": "no"}]}}, "stopReason": "guardrail_intervened"},
        "a filter of the provider has stopped the answer (finish reason guardrail_intervened)",
    ),
    "ollama": (
        "ollama-native",
        {"message": {"content": "no"}, "done": True, "done_reason": "content_filter"},
        "the answer has ended for a reason that is not known (finish reason content_filter)",
    ),
    "unknown stopReason": (
        "aws-bedrock",
        {"output": {"message": {"content": [{"text": "no"}]}}, "stopReason": "weather"},
        "the answer has ended for a reason that is not known (finish reason weather)",
    ),
    "anthropic": (
        "anthropic",
        {"type": "message", "content": [{"type": "text", "text": "no"}], "stop_reason": "refusal"},
        "the model has refused (finish reason refusal)",
    ),
}


def runtime(server: LoopbackServer, provider: str, options: str = "") -> bamlet.Runtime:
    base = "endpoint_url" if provider == "aws-bedrock" else "base_url"
    source = SOURCE.replace("PROVIDER", provider).replace("BASE", base).replace("URL", server.url)
    return bamlet.Runtime(bamlet.compile_sources({"main.baml": source.replace("OPTIONS", options)}), environ={})


@pytest.mark.parametrize("end", ENDS)
def test_the_report_tells_of_an_end_that_is_none(loopback: LoopbackServer, end: str) -> None:
    provider, body, told = ENDS[end]
    loopback.default = Answer([json.dumps(body).encode()], headers=JSON)
    reports: list[bamlet.Report] = []
    with runtime(loopback, provider) as rt:
        value = rt.call("Say", context=bamlet.CallContext(on_report=reports.append))
        assert value == ("" if end == "blockReason" else "no")
        assert [(entry.reason, entry.lossy) for entry in reports[0].entries] == [(told, True)]
        with pytest.raises(bamlet.BamlClientFinishReasonError, match="strict"):
            rt.call("Say", context=bamlet.CallContext(strict=True))


UNSAID: dict[str, dict[str, Any]] = {
    "openai-generic": {"choices": [{**CHAT, "finish_reason": None}]},
    "openai-responses": {
        "object": "response",
        "output": [{"type": "message", "content": [{"type": "output_text", "text": "no"}]}],
    },
    "anthropic": {"type": "message", "content": [{"type": "text", "text": "no"}]},
    "google-ai": {"candidates": [{"content": GEMINI["content"]}]},
    "aws-bedrock": {"output": {"message": {"content": [{"text": "no"}]}}},
    "ollama-native": {"message": {"content": "no"}, "done": True},
}


@pytest.mark.parametrize("provider", UNSAID)
def test_an_answer_that_does_not_say_why_it_ended_is_told_and_no_loss(
    loopback: LoopbackServer, provider: str
) -> None:
    loopback.default = Answer([json.dumps(UNSAID[provider]).encode()], headers=JSON)
    reports: list[bamlet.Report] = []
    with runtime(loopback, provider) as rt:
        assert rt.call("Say", context=bamlet.CallContext(on_report=reports.append, strict=True)) == "no"
    assert [(entry.reason, entry.lossy) for entry in reports[0].entries] == [
        ("the provider does not say why the answer has ended", False)
    ]


def test_the_report_of_a_stream_tells_too(loopback: LoopbackServer) -> None:
    chunks = [
        {"choices": [{"index": 0, "delta": {"content": "no"}, "finish_reason": "content_filter"}]},
        {"choices": [{"index": 0, "delta": {"content": " more"}}]},
    ]
    loopback.default = Answer([*map(sse, chunks), b"data: [DONE]\n\n"])
    with runtime(loopback, "openai-generic") as rt:
        stream = rt.stream("Say")
        assert stream.final() == "no"
        assert [entry.reason for entry in stream.report.losses] == [
            "a filter of the provider has stopped the answer (finish reason content_filter)",
            "pieces that came after the model had stopped: 1",
        ]


def test_a_body_that_is_no_answer_is_a_failed_attempt(loopback: LoopbackServer) -> None:
    """So that the next client is asked."""
    detail = Answer([b'{"detail":"no such model"}'], headers=JSON)
    loopback.answer(detail, Answer([json.dumps({"choices": [CHAT]}).encode()], headers=JSON))
    source = """
    client<llm> One { provider openai-generic, options { base_url "URL", model "m" } }
    client<llm> Two { provider openai-generic, options { base_url "URL", model "n" } }
    client<llm> Both { provider fallback, options { strategy [One, Two] } }
    function Say() -> string { client Both, prompt #"Hi"# }
    """
    with bamlet.Runtime(bamlet.compile_sources({"main.baml": source.replace("URL", loopback.url)})) as rt:
        assert rt.call("Say") == "no"
    assert [json.loads(asked.body)["model"] for asked in loopback.requests] == ["m", "n"]
