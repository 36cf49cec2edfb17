"""Record and replay: through real sockets into text, and back out of the text.

A program cannot tell a replay from the wire; that it cannot is what these tests hold.
"""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import gzip
import itertools
import json
import socket
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from bamlet.wire.cassette import (
    Cassette,
    CassetteError,
    Frame,
    Interaction,
    RecordedFailure,
    RecordedResponse,
    read_cassette,
    write_cassette,
)
from bamlet.wire.http import HttpTransport
from bamlet.wire.message import (
    BrokenBody,
    ConnectError,
    ConnectionReset,
    HttpOptions,
    ProtocolError,
    Request,
    Response,
    Transport,
    TransportError,
)
from bamlet.wire.record import RecordingTransport, SecretInCassette
from bamlet.wire.redact import recorded_request
from bamlet.wire.replay import NotRecorded, ReplayTransport
from tests.servers.loopback import Answer, LoopbackServer, Pause, openai_chunks

# The others hand out together what came together, which would make the frames of a tape a matter of chance.
FRAME_BY_FRAME = HttpOptions(engine="httpx")
SECRET = 'sk-canary/"é"'


def run(test: Coroutine[Any, Any, Any]) -> Any:
    return asyncio.run(asyncio.wait_for(test, 10))


def ask(url: str, body: Any = None, headers: tuple[tuple[str, str], ...] = ()) -> Request:
    return Request("POST", url, headers, b"" if body is None else json.dumps(body).encode())


async def open_(transport: Transport, request: Request) -> Response:
    return await transport.open(request, connect_timeout=5)


async def read(transport: Transport, request: Request) -> list[bytes]:
    response = await open_(transport, request)
    return [chunk async for chunk in response.chunks()]


class Recording:
    """Where a recording goes, on a clock that gains a quarter of a second whenever it is read."""

    def __init__(self, secrets: set[str] | None = None) -> None:
        self.lines: list[str] = []
        ticks = itertools.count(0, 0.25)
        self.transport = RecordingTransport(
            HttpTransport(FRAME_BY_FRAME), self.lines.append, clock=lambda: next(ticks), secrets=secrets or set()
        )

    def cassette(self) -> Cassette:
        return read_cassette("".join(self.lines))

    def interactions(self) -> tuple[Interaction, ...]:
        return self.cassette().interactions

    def response(self) -> RecordedResponse:
        [interaction] = self.interactions()
        assert isinstance(interaction.outcome, RecordedResponse)
        return interaction.outcome


def record(test: Callable[[Transport], Coroutine[Any, Any, Any]], secrets: set[str] | None = None) -> Recording:
    async def body(tape: Recording) -> None:
        async with contextlib.aclosing(tape.transport):
            await test(tape.transport)

    tape = Recording(secrets)
    run(body(tape))
    return tape


def replay(cassette: Cassette) -> ReplayTransport:
    return ReplayTransport(cassette, 0, never_sleep)


async def never_sleep(seconds: float) -> None:
    raise AssertionError("a replay at speed 0 does not wait")


def test_a_replay_is_the_recording_byte_for_byte(loopback: LoopbackServer) -> None:
    parts = openai_chunks(["Hello", " \u2028é😀\r"])
    loopback.answer(Answer(parts, headers=[("content-type", "text/event-stream"), ("x", "1"), ("x", "2")]))
    request = ask(f"{loopback.url}/v1/chat/completions", {"model": "m"})

    async def once(transport: Transport) -> tuple[int, str, tuple[tuple[str, str], ...], list[bytes]]:
        response = await open_(transport, request)
        chunks = [chunk async for chunk in response.chunks()]
        return response.status, response.http_version, response.headers, chunks

    seen: list[Any] = []

    async def live(transport: Transport) -> None:
        seen.append(await once(transport))

    tape = record(live)
    assert all(line.isascii() and line.count("\n") == 1 for line in tape.lines)
    again = replay(tape.cassette())
    assert run(once(again)) == seen[0]
    assert seen[0][3] == parts
    assert again.unused() == ()


def test_times_are_those_of_the_clock_that_was_handed_in(loopback: LoopbackServer) -> None:
    loopback.answer(Answer([b"a", b"b", b"c"]))
    response = record(lambda transport: read(transport, ask(loopback.url))).response()
    assert response.head_ms == 250
    assert response.frames == (Frame(250, b"a"), Frame(500, b"b"), Frame(750, b"c"))


@pytest.mark.parametrize(("speed", "factor"), [(1, 1.0), (4, 0.25), (0.5, 2.0)])
def test_a_replay_keeps_the_pace(speed: float, factor: float) -> None:
    frames = (Frame(0, b"a"), Frame(40, b"b"), Frame(40, b"c"), Frame(100, b"d"))
    cassette = cassette_of(dataclasses.replace(OK, frames=frames, head_ms=500))
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    assert run(read(ReplayTransport(cassette, speed, sleep), ask("http://x/"))) == [b"a", b"b", b"c", b"d"]
    assert slept == pytest.approx([0.5 * factor, 0.04 * factor, 0.06 * factor])


def test_a_negative_speed_is_refused() -> None:
    with pytest.raises(ValueError, match="cannot be -1"):
        ReplayTransport(Cassette(()), -1, never_sleep)


OK = RecordedResponse(200, "HTTP/1.1", (("content-type", "text/event-stream"),), (Frame(0, b"ok"),), "clean")


def cassette_of(*outcomes: RecordedResponse | RecordedFailure, request: Request | None = None) -> Cassette:
    recorded = recorded_request(request or ask("http://x/"))
    return Cassette(tuple(Interaction(recorded, outcome) for outcome in outcomes))


CHUNKED_HEAD = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"


@pytest.mark.parametrize(
    ("answer", "end", "error"),
    [
        (Answer([b"a", Pause(0.05)], end="reset"), "reset", ConnectionReset),
        (Answer([b"a"], end="incomplete_chunked"), "incomplete", BrokenBody),
        (Answer([b"a"], framing="close"), "clean", None),
        (
            Answer([b"1\r\na\r\nzz\r\n"], raw_head=CHUNKED_HEAD, framing="close"),
            "malformed",
            ProtocolError,
        ),
    ],
)
def test_the_end_of_a_body_is_recorded_and_replayed(
    loopback: LoopbackServer, answer: Answer, end: str, error: type[TransportError] | None
) -> None:
    loopback.answer(answer)

    async def test(transport: Transport) -> None:
        response = await open_(transport, ask(loopback.url))
        chunks: list[bytes] = []
        with pytest.raises(error) if error else contextlib.nullcontext() as caught:
            await collect(response, chunks)
        assert chunks == [b"a"]
        assert caught is None or type(caught.value) is error
        await response.aclose()

    tape = record(test)
    assert tape.response().end == end
    run(test(replay(tape.cassette())))


async def collect(response: Response, into: list[bytes]) -> None:
    async for chunk in response.chunks():
        into.append(chunk)


def test_a_stream_closed_early_is_recorded_as_far_as_it_was_read(loopback: LoopbackServer) -> None:
    loopback.answer(Answer([b"a"], end="open"))

    async def test(transport: Transport) -> None:
        response = await open_(transport, ask(loopback.url))
        chunks = response.chunks()
        assert await anext(chunks) == b"a"
        await response.aclose()
        await response.aclose()
        with pytest.raises((TransportError, RuntimeError)):
            await anext(chunks)

    tape = record(test)
    assert tape.response().end == "closed"
    assert tape.response().frames == (Frame(250, b"a"),)
    with pytest.raises(BrokenBody, match="its reader closed the answer early"):
        run(read(replay(tape.cassette()), ask("http://x/")))


def test_closing_under_a_reader_is_recorded_as_closing(loopback: LoopbackServer) -> None:
    loopback.answer(Answer(end="open"))

    async def test(transport: Transport) -> None:
        response = await open_(transport, ask(loopback.url))
        reading = asyncio.ensure_future(collect(response, []))
        await asyncio.sleep(0)
        await response.aclose()
        with pytest.raises(BrokenBody):
            await reading

    assert record(test).response().end == "closed"


def test_a_failure_to_connect_is_recorded_and_replayed() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/"

    async def test(transport: Transport) -> None:
        with pytest.raises(ConnectError, match="connection refused"):
            await open_(transport, ask(url))

    tape = record(test)
    run(test(replay(tape.cassette())))


def test_frames_are_decoded_and_the_headers_agree(loopback: LoopbackServer) -> None:
    text = b"data: hello\n\n" * 50
    headers = [("content-encoding", "gzip"), ("x", "1")]
    loopback.answer(Answer([gzip.compress(text)], headers=headers, framing="length"))
    response = record(lambda transport: read(transport, ask(loopback.url))).response()
    assert response.body == text
    assert response.headers == (("x", "1"),)


def test_keys_are_redacted_by_name(loopback: LoopbackServer) -> None:
    loopback.answer(Answer([b"ok"], headers=[("Set-Cookie", f"session={SECRET!a}"), ("x", "1")]))
    secret_headers = "Authorization x-api-key api-key x-goog-api-key x-amz-security-token cookie".split()
    headers = (*((name, "canary") for name in secret_headers), ("x", "kept"))
    url = f"{loopback.url}/v1?alt=sse&key=canary&Key=canary&k%65y=canary&keys=2"

    tape = record(lambda transport: read(transport, ask(url, {"model": "m"}, headers)))
    [line] = tape.lines
    assert "canary" not in line
    [interaction] = tape.interactions()
    assert interaction.request.url == (
        f"{loopback.url}/v1?alt=sse&key=<redacted>&Key=<redacted>&k%65y=<redacted>&keys=2"
    )
    assert dict(interaction.request.headers) == {
        **{name.lower(): "<redacted>" for name in secret_headers},
        "x": "kept",
    }
    assert ("set-cookie", "<redacted>") in tape.response().headers
    # The wire had them.
    assert loopback.requests[0].header("x-api-key") == "canary"

    again = ask(url.replace("canary", "another"), {"model": "m"})
    assert run(read(replay(tape.cassette()), again)) == [b"ok"]


def test_user_and_password_in_the_url_are_redacted() -> None:
    recorded = recorded_request(ask("https://me:canary@example.com:8443/v1?a=b#c"))
    assert recorded.url == "https://<redacted>@example.com:8443/v1?a=b#c"


@pytest.mark.parametrize(
    ("request_", "place"),
    [
        (
            ask("http://127.0.0.1:9/", {"m": [{"content": f"my key is {SECRET}"}]}),
            "request.body.m[0].content",
        ),
        (ask("http://127.0.0.1:9/", {SECRET: 1}), "a key of request.body"),
        (ask("http://127.0.0.1:9/sk-canary%2F%22%C3%A9%22"), "request.url"),
        (ask("http://127.0.0.1:9/", headers=(("x-other", f"Bearer {SECRET}"),)), "request.headers.x-other"),
    ],
)
def test_a_request_that_holds_a_secret_is_not_sent(request_: Request, place: str) -> None:
    async def test(transport: Transport) -> None:
        with pytest.raises(SecretInCassette) as caught:
            await open_(transport, request_)
        assert f": {place} holds a secret" in str(caught.value)
        assert "canary" not in str(caught.value)

    assert record(test, {"", SECRET}).lines == []


@pytest.mark.parametrize(
    ("answer", "place"),
    [
        (Answer([b"Incorrect key: sk-can", 'ary/"é"'.encode()]), "response.frames"),
        (Answer([json.dumps({"error": SECRET}).encode()]), "response.frames"),
        (Answer([b"no"], headers=[("x", "sk-canary%2F%22%C3%A9%22")]), "response.headers.x"),
    ],
)
def test_an_answer_that_holds_a_secret_is_delivered_and_not_written(
    loopback: LoopbackServer, answer: Answer, place: str
) -> None:
    loopback.answer(answer)
    tape = Recording({SECRET})

    async def test() -> None:
        assert await read(tape.transport, ask(loopback.url)) == answer.parts
        with pytest.raises(SecretInCassette) as caught:
            await tape.transport.aclose()
        assert f"{place} holds a secret" in str(caught.value)
        assert "canary" not in str(caught.value)
        await tape.transport.aclose()

    run(test())
    assert tape.lines == []


def test_a_secret_learnt_later_counts(loopback: LoopbackServer) -> None:
    loopback.answer(Answer([b"ok"]))
    secrets = {"other"}

    async def test(transport: Transport) -> None:
        await read(transport, ask(loopback.url, "new"))
        secrets.add("new")
        with pytest.raises(SecretInCassette):
            await open_(transport, ask(loopback.url, "new"))

    tape = Recording()
    tape.transport = RecordingTransport(
        HttpTransport(FRAME_BY_FRAME), tape.lines.append, clock=lambda: 0.0, secrets=secrets
    )

    async def body() -> None:
        async with contextlib.aclosing(tape.transport):
            await test(tape.transport)

    run(body())
    assert len(tape.lines) == 1


def test_equal_requests_get_their_answers_in_order() -> None:
    busy = dataclasses.replace(OK, status=503, frames=())
    transport = replay(cassette_of(busy, OK))

    async def statuses() -> list[int]:
        return [(await open_(transport, ask("http://x/"))).status for _ in range(2)]

    assert run(statuses()) == [503, 200]
    with pytest.raises(NotRecorded, match="POST / is not in the cassette: everything in it has been played"):
        run(read(transport, ask("http://x/")))


def test_different_requests_may_come_in_any_order() -> None:
    first, second = (cassette_of(OK, request=ask("http://x/", body)).interactions[0] for body in (1, 2))
    transport = replay(Cassette((first, second)))
    run(read(transport, ask("http://x/", 2)))
    assert transport.unused() == (first,)


@pytest.mark.parametrize(
    "same",
    [
        ask("https://other.example/v1?b=2&a=1", {"m": 1, "n": {"x": 1, "y": 2}}),
        ask("http://x/v1?a=1&key=k&b=2", {"n": {"y": 2, "x": 1}, "m": 1}),
        ask("http://x/v1?a=1&b=2", {"n": {"y": 2, "x": 1}, "m": 1, "prompt_cache_key": "z"}),
        ask("http://x/v1?a=1&b=2", {"n": {"y": 2, "x": 1}, "m": 1}, (("authorization", "other"),)),
    ],
)
def test_host_order_of_keys_headers_and_secrets_do_not_matter(same: Request) -> None:
    recorded = ask("http://x/v1?a=1&b=2", {"m": 1, "n": {"x": 1, "y": 2}})
    assert run(read(replay(cassette_of(OK, request=recorded)), same)) == [b"ok"]


RECORDED = ask("http://x/v1?a=1", {"model": "m", "n": [{"t": "x"}], "f": 1.0, "long": "a" * 99 + "b"})


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        (ask("http://x/v2?a=1", {}), "POST /v2?a=1 is not in the cassette: next in it is POST /v1?a=1"),
        (ask("http://x/v1", {}), "POST /v1 is not in the cassette: next in it is POST /v1?a=1"),
        (Request("GET", "http://x/v1?a=1"), "GET /v1?a=1 is not in the cassette: next in it is POST /v1?a=1"),
        (ask("http://x/v1?a=1", {}), "`body.model` is missing"),
        (ask("http://x/v1?a=1", {"model": "n"}), '`body.model` is "n" instead of "m"'),
        (ask("http://x/v1?a=1", {"model": "m", "n": []}), "`body.n` has 0 items instead of 1"),
        (ask("http://x/v1?a=1", {"model": "m", "n": [{"t": None}]}), '`body.n[0].t` is null instead of "x"'),
        (ask("http://x/v1?a=1", {"model": "m", "n": [{"t": "x", "u": 1}]}), "`body.n[0].u` is extra"),
        (ask("http://x/v1?a=1", {"model": "m", "n": [{"t": "x"}], "f": 1}), "`body.f` is 1 instead of 1.0"),
        (
            ask("http://x/v1?a=1", {"model": "m", "n": [{"t": "x"}], "f": 1.0, "long": "a" * 99 + "c"}),
            f'`body.long` is …{"a" * 20}c" instead of …{"a" * 20}b"',
        ),
        (Request("POST", "http://x/v1?a=1", (), b"plain"), "not both JSON"),
    ],
)
def test_what_is_not_recorded_is_explained(asked: Request, message: str) -> None:
    with pytest.raises(NotRecorded) as caught:
        run(read(replay(cassette_of(OK, request=RECORDED)), asked))
    assert message in str(caught.value)


def test_bodies_that_are_not_json_are_matched_by_their_bytes() -> None:
    recorded = Request("POST", "http://x/", (), b"\xff plain")
    assert run(read(replay(cassette_of(OK, request=recorded)), recorded)) == [b"ok"]
    with pytest.raises(NotRecorded):
        run(read(replay(cassette_of(OK, request=recorded)), Request("POST", "http://x/", (), b"\xff")))


def test_reading_undoes_writing() -> None:
    body = {"t": "\u2028\ud83d", "n": [1.5, None, True]}
    request = ask("http://x/", body, (("a", "1"), ("b", "2")))
    cassette = cassette_of(OK, RecordedFailure("ConnectError", "no"), request=request)
    assert read_cassette(write_cassette(cassette)) == cassette
    assert read_cassette("\n" + write_cassette(cassette) + "\n\n") == cassette
    assert read_cassette("") == Cassette(())


GOOD = json.loads(write_cassette(cassette_of(OK)))


def changed(path: str, value: Any) -> str:
    entry = json.loads(json.dumps(GOOD))
    owner = entry
    *steps, last = path.split(".")
    for step in steps:
        owner = owner[step]
    if value is ...:
        del owner[last]
    else:
        owner[last] = value
    return json.dumps(entry)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("{", "not JSON"),
        ("[]", "the line is not an object"),
        (changed("v", 2), "`v` is 2, and only 1 is known here"),
        (changed("request", ...), "`request` is missing"),
        (changed("request.method", 1), "`method` is not a string"),
        (changed("request.headers", {"a": 1}), "`a` is not a string"),
        (changed("response", ...), "`response` is missing"),
        (changed("response.status", "200"), "`status` is not a number"),
        (changed("response.headers", [["a"]]), "a header is not a pair of strings"),
        (changed("response.frames", [[0]]), "a frame is not a pair of milliseconds and base64"),
        (changed("response.frames", [[0, "%"]]), "a frame is not base64"),
        (changed("response.end", "odd"), "`end` is 'odd', which is none of clean, incomplete, reset"),
    ],
)
def test_a_broken_line_is_named(line: str, message: str) -> None:
    text = write_cassette(cassette_of(OK)) + "\n" + line
    with pytest.raises(CassetteError) as caught:
        read_cassette(text)
    assert str(caught.value).startswith(f"line 3 of the cassette: {message}")
