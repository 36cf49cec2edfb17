"""Conditions 1 to 3 of streaming, each by name, on the chat completions of OpenAI and the servers like it.

What a stream costs, and what its host sees when an attempt fails, cannot be seen from inside a program.
"""

from __future__ import annotations

import asyncio
import sys
from collections import Counter
from collections.abc import Callable, Coroutine
from functools import partial
from itertools import pairwise
from types import FrameType
from typing import Any

import pytest

import bamlet
from bamlet.embed.stream import Partial, Reset, Tick
from bamlet.sap import PartialParser
from bamlet.wire.message import BrokenBody, ConnectionReset
from tests.servers.loopback import Answer, LoopbackServer, openai_chunks, sse
from tests.servers.wiremock import WireMockServer
from tests.support.local_program import KEY, at, in_pieces, items, scripted, using
from tests.support.scripted import Reply, Wait, run_virtual, streamed

LEAVE_SECONDS = 0.05
PROVIDERS = ["Local", "OpenAI"]


def run(body: Coroutine[Any, Any, Any]) -> Any:
    return asyncio.run(asyncio.wait_for(body, 20))


# --- 1. The cost of an event does not depend on what came before; nothing is built that nobody sees.


@pytest.mark.parametrize("client", PROVIDERS)
def test_condition_1_finished_items_are_the_same_objects_in_all_later_partials(
    loopback: LoopbackServer, client: str
) -> None:
    loopback.answer(Answer(openai_chunks(in_pieces(items(12)))))

    async def body() -> None:
        async with at(loopback) as rt:
            shown = [p async for p in rt.stream("List", text="x", context=using(client), partials="every")]
        pairs = pairwise(shown)
        kept = [one is other for before, after in pairs for one, other in zip(before[:-1], after, strict=False)]
        assert len(kept) > 100
        assert all(kept)
        assert bamlet.to_plain(shown[-1]) == items(12)

    run(body())


def calls_made(work: Callable[[], object]) -> Counter[object]:
    """How often each Python function was entered, and how many calls into C there were (under None)."""
    counted: Counter[object] = Counter()

    def note(frame: FrameType, event: str, arg: object) -> None:
        if event == "call":
            counted[frame.f_code] += 1
        elif event == "c_call":
            counted[None] += 1

    before = sys.getprofile()
    sys.setprofile(note)
    try:
        work()
    finally:
        sys.setprofile(before)
    return counted


def stream_all(count: int, **options: Any) -> None:
    async def body() -> None:
        rt, _ = scripted({"Local": streamed(*in_pieces(items(count)))})
        stream = rt.stream("List", text="x", **options)
        async for _ in stream:
            pass
        assert len(await stream.final()) == count

    run_virtual(body())


def test_condition_1_twice_the_items_are_twice_the_steps_with_every_partial() -> None:
    """H23 of the hostile inputs: an event costs the same however many came before."""
    stream_all(5, partials="every")  # what is derived once per program
    single, double = (calls_made(partial(stream_all, n, partials="every")).total() for n in (40, 80))
    assert double < 2.1 * single


def final_only(count: int) -> None:
    async def body() -> None:
        rt, _ = scripted({"Local": streamed(*in_pieces(items(count)))})
        assert len(await rt.stream("List", text="x").final()) == count

    run_virtual(body())


def test_condition_1_no_partial_is_built_while_nobody_looks() -> None:
    looked = PartialParser.partial.__code__
    assert calls_made(lambda: final_only(20))[looked] == 0
    assert calls_made(lambda: stream_all(20, partials="every"))[looked] > 100


def test_condition_1_a_busy_consumer_costs_one_partial_a_look() -> None:
    """H23 of the hostile inputs: partials are made for those who look."""
    pieces = in_pieces(items(20))

    async def body() -> int:
        rt, _ = scripted({"Local": streamed(*pieces)})
        looks = 0
        async for _ in rt.stream("List", text="x"):
            looks += 1
            await asyncio.sleep(1)
        return looks

    looks = 0

    def work() -> None:
        nonlocal looks
        looks = run_virtual(body())

    built = calls_made(work)[PartialParser.partial.__code__]
    assert looks < len(pieces) / 4
    # The last one is made before anybody looks, with pauses if it is long.
    assert built <= looks + 2


# --- 2. A stream that breaks, is cut off or is refused is a failed attempt.

GOOD = b"".join(openai_chunks(["one ", "two"], usage=None))
COMPLETE_AT = GOOD.index(b"\n\n", GOOD.index(b'"stop"'))  # the end of the event with the finish reason


def test_condition_2_a_stream_cut_at_any_byte_is_never_a_success() -> None:
    async def body() -> None:
        for offset in range(len(GOOD)):
            for end in ((), (BrokenBody("cut"),), (ConnectionReset("reset"),)):
                rt, transport = scripted({"Retried": [Reply([GOOD[:offset], *end]), streamed("second")]})
                value = await rt.stream("Say", text="x", context=using("Retried")).final()
                assert value == "second" or (value == "one two" and offset >= COMPLETE_AT)
                assert len(transport.sent) == (1 if value == "one two" else 2)
                assert rt.handles.open_count == 0

    run_virtual(body())


@pytest.mark.parametrize("client", PROVIDERS)
@pytest.mark.parametrize(
    "answer",
    [
        Answer(openai_chunks(["ha", "lf"], None)[:-1]),
        Answer(openai_chunks(["ha", "lf"], None)[:-1], end="incomplete_chunked"),
        Answer(openai_chunks(["ha", "lf"], None)[:-1], end="reset"),
        Answer([b'{"error": {"message": "later"}}'], 500, (("content-type", "application/json"),)),
        Answer([b"<html>log in</html>"], 200, (("content-type", "text/html; charset=utf-8"),)),
        Answer([*openai_chunks(["half"], None)[:-1], sse({"error": {"message": "overloaded"}})]),
        Answer([], 204),
    ],
    ids=["clean end", "cut", "reset", "status", "page", "error event", "nothing"],
)
def test_condition_2_every_way_to_fail_is_an_error_of_the_client(
    loopback: LoopbackServer, answer: Answer, client: str
) -> None:
    loopback.answer(answer)

    async def body() -> None:
        async with at(loopback) as rt:
            with pytest.raises(bamlet.BamlClientError):
                await rt.stream("Say", text="x", context=using(client)).final()
            assert rt.handles.open_count == 0

    run(body())


def test_condition_2_faults_of_a_real_server_are_retried(wiremock: WireMockServer) -> None:
    """One fault after another, and then the answer: each is one attempt that failed, and the last one counts."""
    faults: list[dict[str, Any]] = [
        {"fault": "CONNECTION_RESET_BY_PEER"},
        {"fault": "EMPTY_RESPONSE"},
        {"status": 200, "fault": "MALFORMED_RESPONSE_CHUNK"},
        {"fault": "RANDOM_DATA_THEN_CLOSE"},
        {"status": 503, "jsonBody": {"error": {"message": "busy"}}},
    ]
    good = {"status": 200, "headers": {"content-type": "text/event-stream"}, "body": GOOD.decode()}
    for number, response in enumerate([*faults, good]):
        state = {
            "requiredScenarioState": f"{number}" if number else "Started",
            "newScenarioState": f"{number + 1}",
        }
        request = {"method": "POST", "urlPath": "/chat/completions"}
        wiremock.stub({"scenarioName": "faults", **state, "request": request, "response": response})

    async def body() -> None:
        async with at(wiremock) as rt:
            assert await rt.stream("Say", text="x", context=using("Patient")).final() == "one two"
            assert rt.handles.open_count == 0

    run(body())
    assert len(wiremock.journal()) == len(faults) + 1


def test_condition_2_a_refusal_of_any_size_is_read_in_part(loopback: LoopbackServer) -> None:
    page = Answer([b"x" * 65536] * 64, 502, (("content-type", "text/plain"),))
    loopback.answer(page, page)

    async def body() -> None:
        async with at(loopback) as rt:
            for make in (rt.stream("Say", text="x").final, lambda: rt.call("Say", text="x")):
                with pytest.raises(bamlet.BamlClientHttpError) as raised:
                    await make()
                assert (raised.value.status_code, len(raised.value.body)) == (502, 65536)

    run(body())


def test_condition_2_a_key_that_the_provider_says_back_is_not_shown(loopback: LoopbackServer) -> None:
    said_back = Answer([f'{{"error": {{"message": "wrong key {KEY}"}}}}'.encode()], 401)
    in_stream = Answer([sse({"error": {"message": f"wrong key {KEY}"}})])
    loopback.answer(said_back, said_back, in_stream)

    async def body() -> None:
        async with at(loopback) as rt:
            for make in (
                rt.call,
                lambda *a, **k: rt.stream(*a, **k).final(),
                lambda *a, **k: rt.stream(*a, **k).final(),
            ):
                with pytest.raises(bamlet.BamlClientError, match="wrong key <redacted>") as raised:
                    await make("Say", text="x")
                assert KEY not in repr(vars(raised.value))

    run(body())
    assert loopback.requests[0].header("authorization") == f"Bearer {KEY}"


# --- 3. A new attempt after something was shown is announced.


def test_condition_3_a_new_attempt_is_announced_between_the_partials(loopback: LoopbackServer) -> None:
    loopback.answer(
        Answer(openai_chunks(["ha", "lf"], None)[:-1], end="reset"), Answer(openai_chunks(["who", "le"]))
    )

    async def body() -> None:
        async with at(loopback) as rt:
            stream = rt.stream("Say", text="x", context=using("Retried"), partials="every")
            events = [event async for event in stream.events(ticks=False)]
            assert events == [
                Partial("ha"),
                Partial("half"),
                Reset(2),
                Partial("who"),
                Partial("whole"),
            ]

    run(body())


def test_condition_3_callbacks_hear_of_a_new_attempt() -> None:
    heard: list[Any] = []

    async def body() -> Any:
        rt, _ = scripted({"Retried": [streamed("half", finish=None), streamed("whole")]})
        context = bamlet.CallContext(client="Retried", on_partial=heard.append, on_reset=heard.append)
        return await rt.call("Say", text="x", context=context)

    assert run_virtual(body()) == "whole"
    assert heard == ["half", 2, "whole"]


def test_condition_3_what_nobody_saw_needs_no_announcement() -> None:
    """The consumer is busy while an attempt comes and goes: it never saw anything of it."""

    async def body() -> list[Any]:
        first = Reply([*openai_chunks(["half"], None)[:-1], Wait(1)])
        rt, _ = scripted({"Retried": [Reply([Wait(1), *first.parts]), streamed("whole")]})
        stream = rt.stream("Say", text="x", context=using("Retried"))
        final = asyncio.ensure_future(stream.final())
        await asyncio.sleep(5)
        assert final.done()
        return [event async for event in stream.events(ticks=False)]

    assert run_virtual(body()) == [Partial("whole")]


def test_ticks_carry_the_events_that_came() -> None:
    async def body() -> list[Any]:
        rt, _ = scripted({"Local": streamed("a", "b")})
        return [event async for event in rt.stream("Say", text="x", partials="every").events()]

    events = run_virtual(body())
    ticks = [event for event in events if isinstance(event, Tick)]
    assert len(ticks) == 5
    assert ticks[-1].events[0].data == "[DONE]"
    assert [event.value for event in events if isinstance(event, Partial)] == ["a", "ab"]
