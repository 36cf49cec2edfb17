"""H17 to H24, H35 and H39 of the hostile inputs: what a stream may hold, and what must not get into a request.

The bytes of a stream, memory and clocks cannot be seen from inside a program. H16 is in test_sse.py.
"""

from __future__ import annotations

import asyncio
import itertools
import random
import time
import tracemalloc
from typing import Any

import pytest

import bamlet
from bamlet.sysops.clock import Clock
from bamlet.wire.http import HttpTransport
from bamlet.wire.message import ProtocolError
from bamlet.wire.sse import EventDecoder, EventLimits
from tests.servers.loopback import Answer, LoopbackServer, openai_chunks, sse
from tests.support.exchanges import ENGINES, fetch, over
from tests.support.local_program import scripted, using
from tests.support.scripted import Reply, Wait, run_virtual, streamed

END = openai_chunks([], "stop", None)[1:]


def value_of(*parts: bytes | Wait | Exception, function: str = "Say") -> Any:
    async def body() -> Any:
        rt, transport = scripted({"Local": Reply(parts)})
        value = await rt.stream(function, text="x").final()
        assert (rt.handles.open_count, transport.open_answers) == (0, 0)
        return bamlet.to_plain(value)

    return run_virtual(body())


def delta(text: str, **more: Any) -> bytes:
    return sse({"choices": [{"index": 0, "delta": {"content": text}, "finish_reason": None, **more}]})


def raw_delta(data: str) -> bytes:
    return f'data: {{"choices": [{{"index": 0, "delta": {{"content": "{data}"}}}}]}}\n\n'.encode()


def test_h17_text_cut_at_each_byte_is_the_same_text() -> None:
    body = raw_delta("é€😀\\ud83d\\ude00\\u0000") + b"".join(END)
    assert value_of(*[body[at : at + 1] for at in range(len(body))]) == "é€😀😀\0"


@pytest.mark.parametrize(
    ("deltas", "text"),
    [
        (["\\ud83d", "\\ude00"], "😀"),
        (["a\\ud83d", "b"], "a\ufffdb"),
        (["\\ude00", "a\\ud83d"], "\ufffda\ufffd"),
    ],
)
def test_h17_half_a_character_finds_its_other_half_or_is_replaced(deltas: list[str], text: str) -> None:
    value = value_of(*map(raw_delta, deltas), *END)
    assert value == text
    assert value.encode()


def test_h17_bytes_that_are_no_text_are_replaced_and_told() -> None:
    decoder = EventDecoder()
    assert [event.data for event in decoder.feed(b"data: a\xffb\n\n")] == ["a\ufffdb"]
    assert decoder.repaired


def feed_for_ever(decoder: EventDecoder, flood: bytes) -> None:
    for _ in range(10_000):
        decoder.feed(flood)


@pytest.mark.parametrize(
    "flood", [b"data: " + b"x" * 65536, b"data: xxxxxxxx\n" * 4096, b"data:\n" * 10_000, b"x" * 65536]
)
def test_h18_no_line_or_event_takes_more_memory_than_its_limit(flood: bytes) -> None:
    decoder = EventDecoder()
    tracemalloc.start()
    try:
        with pytest.raises(ProtocolError, match="limit of"):
            feed_for_ever(decoder, flood)
        assert tracemalloc.get_traced_memory()[1] < 1.1 * EventLimits().event
    finally:
        tracemalloc.stop()


BROKEN = b'data: {"choices": [{"index": 0, "del\n\n'


def test_h19_an_event_that_cannot_be_read_is_never_silent() -> None:
    reply = Reply([delta("a"), BROKEN, delta("b"), *END])

    async def body() -> None:
        rt, _ = scripted({"Local": reply})
        stream = rt.stream("Say", text="x")
        assert await stream.final() == "ab"
        assert [(entry.kind, entry.lossy) for entry in stream.report.entries] == [("dropped", True)]
        assert "events that could not be read: 1, the first is" in str(stream.report.entries[0])

        strictly = bamlet.CallContext(strict=True)
        with pytest.raises(bamlet.BamlClientError, match=r"could not be read: 1.*\(strict\)") as raised:
            await rt.stream("Say", text="x", context=strictly).final()
        assert raised.value.attempts[0].cause == "protocol_error"

    run_virtual(body())


def test_h19_a_strict_call_tries_again_where_a_policy_allows() -> None:
    async def body() -> Any:
        rt, _ = scripted({"Retried": [Reply([delta("a"), BROKEN, *END]), streamed("whole")]})
        context = bamlet.CallContext(client="Retried", strict=True)
        return await rt.stream("Say", text="x", context=context).final()

    assert run_virtual(body()) == "whole"


@pytest.mark.parametrize("before", [[], [delta("some text")]], ids=["at once", "after content"])
@pytest.mark.parametrize(
    ("error", "retried"),
    [
        (sse({"error": {"message": "overloaded", "type": "overloaded_error"}}), True),
        (sse({"error": {"message": "slow down", "code": 429}}), True),
        (sse({"error": {"message": "no such key", "code": "invalid_api_key"}}), False),
        (b'event: error\ndata: {"message": "bad request", "code": 400}\n\n', False),
        (b"event: error\ndata: upstream is gone\n\n", True),
    ],
)
def test_h20_an_error_in_the_stream_is_the_providers(before: list[bytes], error: bytes, retried: bool) -> None:
    async def body() -> None:
        rt, transport = scripted({"Retried": Reply([*before, error, *END])})
        with pytest.raises(bamlet.BamlClientError) as raised:
            await rt.stream("Say", text="x", context=using("Retried")).final()
        assert raised.value.attempts[-1].cause == "provider_error"
        assert len(transport.sent) == (2 if retried else 1)

    run_virtual(body())


def test_h21_what_is_no_part_of_the_answer_changes_nothing() -> None:
    odd: list[Any] = [
        {"choices": None},
        {"choices": []},
        {"choices": [{"index": 0, "delta": None}]},
        {"choices": [{"index": 0, "delta": {"content": None}}]},
        {"choices": [{"index": 0}]},
        {"choices": [None, 7, "x"]},
        {"choices": [{"index": 1, "delta": {"content": "of another choice"}}]},
        {"choices": [], "usage": {"prompt_tokens": 1, "completion_tokens": 2}},
        {"usage": None},
        {"type": "never.seen", "payload": [1, 2]},
        {"choices": [{"index": 1, "delta": {}, "finish_reason": "length"}]},
    ]
    told = [sse(event) for event in odd] + [b"event: never-seen\ndata: {}\n\n", b": comment\n\n"]
    for seed in range(20):
        mixed = [*told, *told]
        random.Random(seed).shuffle(mixed)
        middle = len(mixed) // 2
        finish = sse({"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]})
        parts = [delta("some "), *mixed[:middle], delta("text"), *mixed[middle:], finish, finish, END[-1]]
        assert value_of(*parts) == "some text"


def test_h22_what_comes_after_the_end_is_dropped() -> None:
    assert value_of(delta("text"), *END, delta(" and more"), *END) == "text"
    assert value_of(b"".join([delta("text"), *END, delta(" and more"), *END])) == "text"


SECOND = b"HTTP/1.1 200 OK\r\ncontent-length: 8\r\n\r\nSMUGGLED"


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(
    ("fields", "body"), [(b"transfer-encoding: chunked", b"1\r\na\r\n0\r\n\r\n"), (b"content-length: 1", b"a")]
)
def test_h22_a_second_answer_is_not_taken_for_that_of_the_next_request(
    loopback: LoopbackServer, fields: bytes, body: bytes, engine: Any
) -> None:
    head = b"HTTP/1.1 200 OK\r\n" + fields + b"\r\n\r\n"
    loopback.answer(Answer([body + SECOND], raw_head=head, framing="length"))
    loopback.default = Answer([b"asked for"])

    async def test(transport: HttpTransport) -> None:
        assert await fetch(transport, loopback.url) == b"a"
        assert await fetch(transport, loopback.url) == b"asked for"
        assert await fetch(transport, loopback.url) == b"asked for"
        assert len(loopback.connections) == 2

    over(engine, test)


CLIENT = """
client<llm> Given { provider PROVIDER, options { base_url env.URL, api_key env.GIVEN, model env.MODEL, headers {
  "x-user" env.USER_ID
} } }
function Say(text: string) -> string { client Given, prompt #"{{ text }}"# }
"""
PLAIN = {"URL": "http://127.0.0.1:9", "GIVEN": "k-0123456789", "MODEL": "m", "USER_ID": "u"}


@pytest.mark.parametrize("provider", ["openai", "anthropic", "google-ai"])
@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("GIVEN", "key\r\nx-evil: 1"),
        ("GIVEN", "key\n"),
        ("USER_ID", "u\r\n\r\nGET / HTTP/1.1"),
        ("USER_ID", "u\0"),
        ("USER_ID", "ü"),
        ("URL", "http://127.0.0.1:9\r\nx-evil: 1/"),
    ],
)
def test_h35_nothing_gets_into_a_head_beside_its_value(
    loopback: LoopbackServer, provider: str, variable: str, value: str
) -> None:
    compiled = bamlet.compile_sources({"given.baml": CLIENT.replace("PROVIDER", provider)})
    given = {**PLAIN, "URL": loopback.url, variable: value.replace("http://127.0.0.1:9", loopback.url)}

    # An address that is none is a failed attempt: a fallback goes on to the next client.
    refused = bamlet.BamlClientConnectionError if variable == "URL" else bamlet.BamlInvalidArgumentError

    async def body() -> None:
        async with bamlet.AsyncRuntime(compiled, environ=given) as rt:
            for ask in (lambda: rt.call("Say", text="x"), lambda: rt.stream("Say", text="x").final()):
                with pytest.raises(refused) as raised:
                    await ask()
                assert str(raised.value).isprintable()
                assert "evil" not in str(raised.value)
        assert loopback.connections == []

    asyncio.run(asyncio.wait_for(body(), 20))


@pytest.mark.parametrize("model", ["m\r\nx-evil: 1", "../../admin", "m?key=1#", "m HTTP/1.1\r\n\r\n"])
def test_h35_a_models_name_stays_in_its_place(loopback: LoopbackServer, model: str) -> None:
    compiled = bamlet.compile_sources({"given.baml": CLIENT.replace("PROVIDER", "google-ai")})
    loopback.default = Answer([b"{}"], 400, framing="length")

    async def body() -> None:
        async with bamlet.AsyncRuntime(compiled, environ={**PLAIN, "URL": loopback.url, "MODEL": model}) as rt:
            with pytest.raises(bamlet.BamlError):
                await rt.call("Say", text="x")

    asyncio.run(asyncio.wait_for(body(), 20))
    for request in loopback.requests:
        assert request.header("x-evil") is None
        assert request.path.startswith("/models/")
        assert request.path.endswith(":generateContent")
        assert ".." not in request.path.split("/")


def test_h39_a_clock_that_jumps_moves_no_limit_and_no_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody sets the clock on the wall an hour forward or back at every look at it."""
    jumps = itertools.cycle((3600.0, -3600.0))
    real = time.time
    monkeypatch.setattr(time, "time", lambda: real() + next(jumps))

    async def body() -> None:
        silent = Reply([delta("begun"), Wait(100_000)])
        rt, transport = scripted({"Retried": [silent, streamed("whole")]})
        assert await rt.stream("Say", text="x", context=using("Retried")).final() == "whole"
        assert [sent_ms for _, sent_ms in transport.sent] == [0, 60_001]

    run_virtual(body())


def test_h39_the_clock_of_limits_never_goes_back() -> None:
    assert time.get_clock_info("monotonic").monotonic
    clock = Clock()
    assert abs(clock.now() - time.monotonic()) < 1
