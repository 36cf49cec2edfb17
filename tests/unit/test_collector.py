"""What a host sees of its calls: collectors. A program cannot see who collects."""

from __future__ import annotations

import asyncio
import concurrent.futures
import json
import os
import pickle
from typing import Any

import pytest

import bamlet
from bamlet.sysops.attempts import MAX_KEPT_BYTES
from bamlet.wire.message import ConnectError
from tests.servers.loopback import Answer, LoopbackServer
from tests.support.scripted import LoopClock, Reply, ScriptedTransport, Wait, refused, run_virtual, said, streamed

KEY = "sk-of-a-secret-variable"
SOURCE = """
retry_policy Twice { max_retries 1, strategy { type constant_delay, delay_ms 10 } }
client<llm> A {
  provider openai-generic, retry_policy Twice
  options { model A, base_url "http://a", api_key env.A_KEY, headers { "x-trace" env.MY_TOKEN } }
}
client<llm> B { provider openai-generic, options { model B, base_url "http://b", api_key env.A_KEY } }
client<llm> Both { provider fallback, options { strategy [A, B] } }
function Say(text: string) -> string { client Both, prompt #"{{ text }}"# }
function Count(text: string) -> int { client B, prompt #"{{ text }}"# }
function Twofold(text: string) -> string { Say(text) + Say("second") }
"""
ENVIRON = {"A_KEY": KEY, "MY_TOKEN": "a-long-token"}


def program() -> bamlet.Program:
    return bamlet.compile_sources({"collected.baml": SOURCE})


def collected(
    replies: dict[str, Any], function: str = "Say", how: str = "call", **options: Any
) -> tuple[bamlet.Collector, Any]:
    collector = bamlet.Collector("mine")

    async def body() -> Any:
        transport = ScriptedTransport(replies)
        rt = bamlet.AsyncRuntime(program(), transport=transport, clock=LoopClock(), environ=ENVIRON)
        context = bamlet.CallContext(collector=collector, **options)
        try:
            if how == "call":
                return await rt.call(function, text="hi", context=context)
            return await rt.stream(function, text="hi", context=context).final()
        except bamlet.BamlError as error:
            return error

    return collector, run_virtual(body())


def usage(number: int, text: str = "a") -> Reply:
    body = {
        "model": "served",
        "choices": [{"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": number, "completion_tokens": 2, "prompt_tokens_details": {"cached_tokens": 1}},
    }
    return Reply(
        [json.dumps(body).encode()], headers=(("content-type", "application/json"), ("set-cookie", "s=1"))
    )


def test_a_call_is_one_log_with_what_was_sent_and_said() -> None:
    collector, value = collected({"A": usage(7)}, tags={"who": "me"})
    assert value == "a"
    (log,) = collector.logs
    assert collector.last is log
    assert collector.id(log.id) is log
    assert log.id.startswith("bfcall_")
    assert (log.function_name, log.log_type, log.raw_llm_response) == ("Say", "call", "a")
    assert log.tags["who"] == log.metadata["who"] == "me"
    assert log.metadata["baml.language"] == "python"
    (call,) = log.calls
    assert (call.provider, call.client_name, call.selected) == ("openai-generic", "A", True)
    assert call.usage == log.usage == collector.usage == bamlet.Usage(7, 2, 1)
    assert repr(call.usage) == "Usage(input_tokens=7, output_tokens=2, cached_input_tokens=1)"
    assert call.http_request.body.json()["model"] == "A"
    assert (call.http_request.method, call.http_request.url) == ("POST", "http://a/chat/completions")
    assert call.http_response is not None
    assert (call.http_response.status, call.http_response.body.json()["model"]) == (200, "served")
    assert isinstance(log.timing.duration_ms, int)


def test_pain_15_attempts_stand_in_their_order_and_the_one_that_answered_is_selected() -> None:
    replies = {"A": [refused(503), Reply(failure=ConnectError("refused"))], "B": usage(3)}
    for _ in range(5):
        collector, value = collected(dict(replies))
        assert value == "a"
        log = collector.last
        assert log is not None
        found = [
            (call.client_name, call.selected, call.http_response and call.http_response.status)
            for call in log.calls
        ]
        assert found == [("A", False, 503), ("A", False, None), ("B", True, 200)]
        assert log.selected_call is not None
        assert log.selected_call.client_name == "B"
        assert log.usage == bamlet.Usage(3, 2, 1)


def test_f13_keys_are_nowhere() -> None:
    echo = Reply([json.dumps({"error": {"message": f"bad key {KEY}"}}).encode()], 401)
    for how in ("call", "stream"):
        collector, error = collected({"A": echo, "B": echo}, how=how)
        assert isinstance(error, bamlet.BamlClientHttpError)
        log = collector.last
        assert log is not None
        for call in log.calls:
            assert call.http_request.headers["authorization"] == "***"
            assert call.http_response is not None
            everything = (
                repr(collector),
                repr(log),
                repr(call),
                repr(call.http_request),
                repr(call.http_response),
            )
            said = (call.http_request.headers, call.http_response.body.text(), call.http_request.body.text())
            assert KEY not in repr((everything, said))
        assert log.calls[0].http_request.headers["x-trace"] == "***"
        assert KEY.encode() not in pickle.dumps(collector)


def test_a_request_to_be_sent_keeps_its_key() -> None:
    with bamlet.Runtime(program(), environ=ENVIRON) as runtime:
        collector = bamlet.Collector()
        request = runtime.request("Say", text="a", context=bamlet.CallContext(collector=collector))
    assert request.headers["authorization"] == f"Bearer {KEY}"
    assert KEY not in repr(request)
    assert collector.logs == []


def test_a_failed_call_is_collected_too() -> None:
    collector, error = collected({"B": usage(5, "no number")}, "Count")
    assert isinstance(error, bamlet.BamlValidationError)
    log = collector.last
    assert log is not None
    assert (log.selected_call, log.raw_llm_response) == (None, "no number")
    assert log.usage == bamlet.Usage(5, 2, 1)


def test_a_stream_has_its_events_and_the_time_of_its_first_word() -> None:
    parts = streamed("ha", "lf").parts
    reply = streamed()
    collector, value = collected({"A": Reply([Wait(0.2), *parts], headers=reply.headers)}, how="stream")
    assert value == "half"
    log = collector.last
    assert log is not None
    assert (log.log_type, log.raw_llm_response) == ("stream", "half")
    (call,) = log.calls
    assert isinstance(call, bamlet.LLMStreamCall)
    assert isinstance(call.timing, bamlet.StreamTiming)
    assert call.timing.time_to_first_token_ms == 200
    assert isinstance(log.timing, bamlet.StreamTiming)
    assert log.timing.time_to_first_token_ms == 200
    events = call.sse_responses()
    assert [event.json()["choices"][0]["delta"].get("content") for event in events if event.json()][:2]
    assert (events[-1].text, events[-1].json()) == ("[DONE]", None)
    assert call.http_response is not None
    assert (call.http_response.status, call.http_response.body.raw()) == (200, b"")


def test_a_function_that_calls_two_has_one_log_with_the_attempts_of_both() -> None:
    collector, value = collected({"A": [usage(1, "x"), usage(10, "y")]}, "Twofold")
    assert value == "xy"
    (log,) = collector.logs
    assert log.function_name == "Twofold"
    assert [call.selected for call in log.calls] == [True, True]
    assert log.usage == bamlet.Usage(11, 4, 2)


def test_a_number_that_nobody_said_stays_unknown() -> None:
    collector, _ = collected({"A": said("a")})
    assert collector.usage == bamlet.Usage(None, None, None)
    assert bamlet.Collector().usage == bamlet.Usage()


def test_a_kept_body_is_bounded() -> None:
    collector, _ = collected({"A": said("x" * (MAX_KEPT_BYTES + 10))})
    assert collector.last is not None
    (call,) = collector.last.calls
    assert call.http_response is not None
    assert len(call.http_response.body.raw()) == MAX_KEPT_BYTES
    with pytest.raises(bamlet.BamlError, match="the body is no JSON"):
        call.http_response.body.json()


def test_several_collectors_and_clearing() -> None:
    first, second = bamlet.Collector(), bamlet.Collector()

    async def body() -> None:
        transport = ScriptedTransport({"A": said("a")})
        rt = bamlet.AsyncRuntime(program(), transport=transport, clock=LoopClock(), environ=ENVIRON)
        given = [first, second]
        await rt.call("Say", text="x", context=bamlet.CallContext(collector=given))
        await rt.call("Say", text="x", context=bamlet.CallContext(collector=(first,)))
        assert given == [first, second]

    run_virtual(body())
    assert (len(first.logs), len(second.logs)) == (2, 1)
    assert first.clear() == 2
    assert first.last is None


@pytest.mark.parametrize("given", [object(), "c", [bamlet.Collector(), 3]])
def test_f12_what_is_no_collector_is_refused_by_name(given: Any) -> None:
    with pytest.raises(bamlet.BamlInvalidArgumentError, match=r"Invalid argument: `collector`.*bamlet\.Collector"):
        bamlet.CallContext(collector=given)


def test_a_collector_is_sent_with_its_data_also_while_a_call_runs() -> None:
    collector = bamlet.Collector()
    seen: list[bamlet.Collector] = []

    async def body() -> None:
        transport = ScriptedTransport({"A": streamed("one", " two")})
        rt = bamlet.AsyncRuntime(program(), transport=transport, clock=LoopClock(), environ=ENVIRON)
        context = bamlet.CallContext(
            collector=collector, on_tick=lambda events: seen.append(pickle.loads(pickle.dumps(collector)))
        )
        await rt.call("Say", text="x", context=context)

    run_virtual(body())
    assert seen[0].last is not None
    assert seen[0].last.calls[0].client_name == "A"
    copy = pickle.loads(pickle.dumps(collector))
    assert (copy.last.raw_llm_response, copy.last.id) == ("one two", collector.logs[0].id)
    assert repr(copy.last) == repr(collector.last)


def test_one_collector_serves_many_threads(loopback: LoopbackServer) -> None:
    loopback.answer(
        *[Answer([b'{"choices":[{"message":{"content":"a"},"finish_reason":"stop"}]}']) for _ in range(24)]
    )
    source = SOURCE.replace("http://a", loopback.url)
    collector = bamlet.Collector()
    with bamlet.Runtime(bamlet.compile_sources({"c.baml": source}), environ=ENVIRON) as runtime:
        context = bamlet.CallContext(collector=collector)
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            values = list(pool.map(lambda n: runtime.call("Say", text=str(n), context=context), range(24)))
    assert values == ["a"] * 24
    assert len(collector.logs) == len({log.id for log in collector.logs}) == 24
    assert all(log.selected_call is not None for log in collector.logs)


def test_a_reset_says_why_and_who_is_asked_now() -> None:
    async def body() -> list[Any]:
        transport = ScriptedTransport({"A": [streamed("ha", finish=None)], "B": streamed("who", "le")})
        rt = bamlet.AsyncRuntime(program(), transport=transport, clock=LoopClock(), environ=ENVIRON)
        source = rt.stream("Say", text="x", partials="deltas")
        return [part async for part in source if isinstance(part, bamlet.Reset)]

    resets = run_virtual(body())
    assert [(r.attempt, r.reason, r.client) for r in resets] == [(2, "truncated", "A"), (3, "truncated", "B")]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the system has no fork")
def test_ids_differ_after_a_fork() -> None:
    from bamlet.sysops.clock import fresh_id

    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.write(writing, fresh_id("x").encode())
        os._exit(0)
    os.waitpid(child, 0)
    assert os.read(reading, 100).decode() != fresh_id("x")


def test_a_call_that_is_cancelled_is_over_in_its_log() -> None:
    collector = bamlet.Collector()

    async def body() -> None:
        transport = ScriptedTransport({"A": said("a", head_delay=100)})
        rt = bamlet.AsyncRuntime(program(), transport=transport, clock=LoopClock(), environ=ENVIRON)
        call = asyncio.create_task(rt.call("Say", text="x", context=bamlet.CallContext(collector=collector)))
        await asyncio.sleep(5)
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call

    run_virtual(body())
    assert collector.last is not None
    assert collector.last.timing.duration_ms == 5000
    assert collector.last.calls[0].timing.duration_ms == 5000
