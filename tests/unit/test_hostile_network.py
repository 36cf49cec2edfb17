"""H01 to H15 of the hostile inputs: what a network, a server or something between may do to an exchange.

Sockets, framing and certificates cannot be seen from inside a program. Both engines must withstand the same.
"""

from __future__ import annotations

import asyncio
import time
from typing import Any

import pytest

import bamlet
from bamlet.wire.http import HttpTransport
from bamlet.wire.message import (
    HttpOptions,
    ProtocolError,
)
from tests.servers.loopback import Answer, LoopbackServer, Pause, openai_chunks, sse
from tests.support.exchanges import ENGINES, failed, fetch, over, run
from tests.support.local_program import at, scripted, using
from tests.support.scripted import Reply, Wait, run_virtual, streamed

GOOD = b"".join(openai_chunks(["one ", "two"], usage=None))
COMPLETE_AT = GOOD.index(b"\n\n", GOOD.index(b'"stop"'))  # the end of the event with the finish reason
HEAD = openai_chunks(["begun"], None)[:-1]
HANG = Wait(100_000)


def test_h01_a_close_at_every_byte_is_truncated() -> None:
    for offset in range(1, COMPLETE_AT):
        error = failed(Reply([GOOD[:offset]]))
        assert isinstance(error, bamlet.BamlClientError)
        assert error.attempts[0].cause in ("truncated", "empty_response", "protocol_error")
        assert error.attempts[0].cause == "truncated" or b"\n\n" not in GOOD[:offset]


@pytest.mark.parametrize("engine", ENGINES)
def test_h02_a_reset_in_a_chunk_is_of_the_network_and_retried(loopback: LoopbackServer, engine: Any) -> None:
    in_a_chunk = Answer(
        [b"%x\r\n" % len(GOOD) + GOOD[:200], Pause(0.05)],
        framing="close",
        end="reset",
        raw_head=b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n",
    )
    loopback.answer(in_a_chunk, Answer([GOOD]), in_a_chunk)

    async def body() -> None:
        async with at(loopback, transport=HttpOptions(engine=engine)) as rt:
            assert await rt.stream("Say", text="x", context=using("Retried")).final() == "one two"
            with pytest.raises(bamlet.BamlClientError) as raised:
                await rt.stream("Say", text="x").final()
            assert raised.value.attempts[0].cause == "network"
            assert rt.handles.open_count == 0

    run(body())


def test_h03_a_clean_end_without_a_finish_reason_is_truncated_and_the_policy_decides() -> None:
    half = streamed("ha", "lf", finish=None)
    assert failed(half).attempts[0].cause == "truncated"

    async def body() -> None:
        rt, _ = scripted({"Retried": [half, streamed("whole")]})
        assert await rt.stream("Say", text="x", context=using("Retried")).final() == "whole"

    run_virtual(body())


FINISHING = """
client<llm> A {
  provider openai-generic
  options { base_url "http://test", model Local, finish_reason_allow_list ["stop"] }
}
class Item { name string, count int }
function Make(text: string) -> Item { client A, prompt #"{{ text }}"# }
"""


@pytest.mark.parametrize("finish", ["length", "content_filter", "refusal"])
def test_h04_an_answer_that_was_refused_or_cut_off_is_no_error_of_parsing(finish: str) -> None:
    async def body() -> None:
        _, transport = scripted({"Local": streamed('{"name": "a", "cou', finish=finish)})
        compiled = bamlet.compile_sources({"finish.baml": FINISHING})
        async with bamlet.AsyncRuntime(compiled, transport=transport, environ={}) as rt:
            with pytest.raises(bamlet.BamlClientFinishReasonError) as raised:
                await rt.stream("Make", text="x").final()
            assert (raised.value.finish_reason, raised.value.raw_output) == (finish, '{"name": "a", "cou')

    run_virtual(body())


def test_h04_done_in_the_middle_of_a_value_is_reported_and_refused_when_strict() -> None:
    """Some gateways never send a finish reason, so `[DONE]` alone is an end; the value tells that it was none."""
    early = Reply(openai_chunks(['[{"name": "a", "count": 1}, {"name": "b", "cou'], None, None))

    async def body() -> None:
        rt, _ = scripted({"Local": early})
        stream = rt.stream("List", text="x")
        assert bamlet.to_plain(await stream.final()) == [{"name": "a", "count": 1}]
        assert stream.report.truncated
        with pytest.raises(bamlet.BamlValidationError, match="strict"):
            await rt.stream("List", text="x", context=bamlet.CallContext(strict=True)).final()

    run_virtual(body())


@pytest.mark.parametrize(
    ("reply", "phase"),
    [
        (Reply(head_delay=100_000), "first_token"),
        (Reply([HANG]), "first_token"),
        (Reply([*HEAD, HANG]), "idle"),
    ],
    ids=["before the head", "before the first event", "between events"],
)
def test_h05_a_stall_names_its_limit(reply: Reply, phase: str) -> None:
    error = failed(reply)
    assert isinstance(error, bamlet.BamlTimeoutError)
    assert error.timeout_type == phase


def test_h05_a_stall_after_the_finish_is_a_success_after_a_second() -> None:
    async def body() -> float:
        rt, _ = scripted({"Local": Reply([*openai_chunks(["done"], "stop", None)[:-1], HANG])})
        assert await rt.stream("Say", text="x").final() == "done"
        return asyncio.get_running_loop().time()

    assert run_virtual(body()) == pytest.approx(1.0, abs=0.002)


EMPTY_DELTA = sse({"choices": [{"index": 0, "delta": {"content": ""}, "finish_reason": None}]})


@pytest.mark.parametrize(
    "drip",
    [[bytes([byte]) for byte in GOOD * 9], [b": ping\n\n"] * 999, [EMPTY_DELTA] * 999],
    ids=["bytes", "comments", "empty deltas"],
)
def test_h06_a_server_that_drips_for_ever_is_ended_by_the_whole_limit(drip: list[bytes]) -> None:
    """Comments and pings are signs of life to the idle limit, so it is the limit of the request that ends them."""
    slowly = [part for piece in drip for part in (piece, Wait(1))]
    error = failed(Reply([*HEAD, *slowly]))
    assert isinstance(error, bamlet.BamlTimeoutError)
    assert (error.timeout_type, error.elapsed_ms) == ("request", 600_000)


# --- framing and heads

CHUNKED = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"


def raw(head: bytes, body: bytes) -> Answer:
    return Answer([body], raw_head=head, framing="close", end="open")


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(
    "body",
    [
        b"zz\r\na\r\n0\r\n\r\n",
        b"+1\r\na\r\n0\r\n\r\n",
        b"-1\r\na\r\n0\r\n\r\n",
        b"0x1\r\na\r\n0\r\n\r\n",
        b"100000000000000000001\r\na\r\n0\r\n\r\n",
        b"1\na\r\n0\r\n\r\n",
        b"1\r\na0\r\n\r\n",
    ],
)
def test_h07_bad_framing_is_an_error_at_once(loopback: LoopbackServer, body: bytes, engine: Any) -> None:
    loopback.answer(raw(CHUNKED, body))

    async def test(transport: HttpTransport) -> None:
        began = time.monotonic()
        with pytest.raises(ProtocolError):
            await fetch(transport, loopback.url)
        assert time.monotonic() - began < 5

    over(engine, test)


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(
    ("fields", "body"),
    [
        (b"content-length: 1\r\ntransfer-encoding: chunked", b"1\r\na\r\n0\r\n\r\n"),
        (b"transfer-encoding: chunked\r\ncontent-length: 1", b"1\r\na\r\n0\r\n\r\n"),
        (b"content-length: 1\r\ncontent-length: 3", b"aaa"),
        (b"content-length: 1, 3", b"aaa"),
        (b"content-length: +1", b"a"),
        (b"content-length: -1", b"a"),
    ],
)
def test_h08_two_lengths_are_an_error_and_the_connection_is_left(
    loopback: LoopbackServer, fields: bytes, body: bytes, engine: Any
) -> None:
    loopback.answer(Answer([body], raw_head=b"HTTP/1.1 200 OK\r\n" + fields + b"\r\n\r\n", framing="length"))
    loopback.default = Answer([b"second"])

    async def test(transport: HttpTransport) -> None:
        with pytest.raises(ProtocolError):
            await fetch(transport, loopback.url)
        assert await fetch(transport, loopback.url) == b"second"
        assert len(loopback.connections) == 2

    over(engine, test)


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(
    "field", [b"x: s3cret\0b", b"x: s3cret\rb: c", b"x\0s3cret: a", b"s3cret", b"x: s3cret" + b"y" * 100_000]
)
def test_h09_a_bad_head_is_an_error_that_does_not_repeat_it(
    loopback: LoopbackServer, field: bytes, engine: Any
) -> None:
    """The other limits of a head are in `test_no_proper_head_is_an_error`."""
    loopback.answer(raw(b"HTTP/1.1 200 OK\r\n" + field + b"\r\ncontent-length: 1\r\n\r\n", b"a"))

    async def test(transport: HttpTransport) -> None:
        with pytest.raises(ProtocolError) as raised:
            await fetch(transport, loopback.url)
        message = str(raised.value)
        assert message.isprintable()
        assert "s3cret" not in message
        assert len(message) < 200

    over(engine, test)


@pytest.mark.parametrize("engine", ENGINES)
def test_h09_a_storm_of_informational_answers_ends_with_its_limit(loopback: LoopbackServer, engine: Any) -> None:
    loopback.answer(
        Answer([b"HTTP/1.1 100 Continue\r\n\r\n" * 1000] * 50, raw_head=b"", framing="close", end="open")
    )

    async def body() -> None:
        async with at(loopback, transport=HttpOptions(engine=engine)) as rt:
            with pytest.raises(bamlet.BamlTimeoutError) as raised:
                await rt.stream("Say", text="x", context=using("FirstToken")).final()
            assert raised.value.timeout_type == "first_token"

    run(body())
