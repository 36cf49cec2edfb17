"""The seven conditions of streaming, each by name, on the chat completions of OpenAI and the servers like it.

What a stream costs, when its socket closes and which limit ended it cannot be seen from inside a program.
"""

from __future__ import annotations

import asyncio
import re
import sys
import time
from collections import Counter
from collections.abc import Callable, Coroutine, Iterator, Sequence
from dataclasses import fields
from importlib import import_module
from itertools import pairwise
from pathlib import Path
from types import FrameType
from typing import Any, overload

import pytest

import bamlet
from bamlet.embed.stream import Partial, Reset, Tick
from bamlet.interpreter.abi import Handle
from bamlet.providers.client import Timeouts
from bamlet.sap import PartialParser
from bamlet.sysops.handles import HandleTable
from bamlet.sysops.host import resource
from bamlet.sysops.sse import MAX_BUFFERED_EVENTS
from bamlet.wire.message import BrokenBody, ConnectionReset, ConnectTimeout
from tests.local_program import KEY, at, environ, in_pieces, items, program
from tests.scripted import (
    LoopClock,
    Reply,
    ScriptedTransport,
    Wait,
    refused,
    run_virtual,
    streamed,
)
from tests.servers.loopback import Answer, LoopbackServer, Pause, openai_chunks, sse

LEAVE_SECONDS = 0.05
PROVIDERS = ["Local", "OpenAI"]


def run(body: Coroutine[Any, Any, Any]) -> Any:
    return asyncio.run(asyncio.wait_for(body, 20))


def using(client: str) -> bamlet.CallContext:
    return bamlet.CallContext(client=client)


def scripted(replies: dict[str, Any]) -> tuple[bamlet.AsyncRuntime, ScriptedTransport]:
    transport = ScriptedTransport(replies)
    runtime = bamlet.AsyncRuntime(
        program(), transport=transport, clock=LoopClock(), environ=environ("http://scripted")
    )
    return runtime, transport


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
    stream_all(5, partials="every")  # what is derived once per program
    single, double = (calls_made(lambda n=n: stream_all(n, partials="every")).total() for n in (40, 80))
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
    assert built <= looks + 1


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


# --- 4. Every handle is closed by the scope that opened it.


async def leave_by_break(rt: bamlet.AsyncRuntime) -> None:
    async for _ in rt.stream("Say", text="x", partials="every"):
        break


async def look(rt: bamlet.AsyncRuntime, then: Callable[[bamlet.AsyncStream], None], **options: Any) -> None:
    """Show the first partial to somebody who reacts to it."""
    stream = rt.stream("Say", text="x", partials="every", **options)
    async for _ in stream:
        then(stream)


async def leave_by_exception(rt: bamlet.AsyncRuntime) -> None:
    def fail(stream: bamlet.AsyncStream) -> None:
        raise LookupError

    with pytest.raises(LookupError):
        await look(rt, fail)


async def leave_by_cancel(rt: bamlet.AsyncRuntime) -> None:
    with pytest.raises(bamlet.BamlAbortError):
        await look(rt, lambda stream: stream.cancel())


async def leave_by_abort(rt: bamlet.AsyncRuntime) -> None:
    abort = bamlet.AbortController()
    with pytest.raises(bamlet.BamlAbortError):
        await look(rt, lambda _: abort.abort(), context=bamlet.CallContext(cancel=abort))


async def leave_by_task(rt: bamlet.AsyncRuntime) -> None:
    shown = asyncio.Event()

    async def consume() -> None:
        async for _ in rt.stream("Say", text="x", partials="every"):
            shown.set()

    task = asyncio.create_task(consume())
    await shown.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def leave_by_block(rt: bamlet.AsyncRuntime) -> None:
    async with rt.stream("Say", text="x", partials="every") as stream:
        partials = aiter(stream)
        await anext(partials)


async def leave_by_throw(rt: bamlet.AsyncRuntime) -> None:
    def refuse(partial: object) -> None:
        raise LookupError(partial)

    with pytest.raises(LookupError):
        await rt.call("Say", text="x", context=bamlet.CallContext(on_partial=refuse))


async def leave_by_deadline(rt: bamlet.AsyncRuntime) -> None:
    with pytest.raises(bamlet.BamlTimeoutError, match="deadline of 50 ms"):
        await rt.call("Say", text="x", context=bamlet.CallContext(on_partial=lambda _: None, deadline=0.05))


LEAVING = [
    leave_by_break,
    leave_by_exception,
    leave_by_cancel,
    leave_by_abort,
    leave_by_task,
    leave_by_block,
    leave_by_throw,
    leave_by_deadline,
]


@pytest.mark.parametrize("leave", LEAVING, ids=lambda leave: leave.__name__)
def test_condition_4_leaving_closes_the_handles_and_the_socket_at_once(
    loopback: LoopbackServer, leave: Callable[[bamlet.AsyncRuntime], Coroutine[Any, Any, None]]
) -> None:
    loopback.answer(Answer(openai_chunks(["begun"], None)[:-1], end="open"))

    async def body() -> None:
        async with at(loopback) as rt:
            await leave(rt)
            left = time.monotonic()
            seen = await asyncio.to_thread(loopback.wait_client_left, 5)
            assert seen - left < LEAVE_SECONDS
            assert rt.handles.open_count == 0

    run(body())


def test_condition_4_success_closes_the_handles_and_keeps_the_connection(loopback: LoopbackServer) -> None:
    loopback.answer(*[Answer(openai_chunks(["fine"]))] * 3)

    async def body() -> None:
        async with at(loopback) as rt:
            for _ in range(3):
                assert await rt.stream("Say", text="x").final() == "fine"
                assert rt.handles.open_count == 0

    run(body())


def test_condition_4_the_end_of_the_runtime_closes_connections(loopback: LoopbackServer) -> None:
    loopback.answer(Answer(openai_chunks(["fine"])))

    async def body() -> None:
        async with at(loopback) as rt:
            await rt.call("Say", text="x", context=bamlet.CallContext(on_partial=lambda _: None))
        ended = time.monotonic()
        assert await asyncio.to_thread(loopback.wait_client_left, 5) - ended < LEAVE_SECONDS

    run(body())


class Held:
    """A resource that closes in its own way."""

    def __init__(self, closing: Callable[[], Coroutine[Any, Any, None]] | None = None) -> None:
        self.closed = False
        self._closing = closing

    async def aclose(self) -> None:
        try:
            if self._closing is not None:
                await self._closing()
        finally:
            self.closed = True


async def _hang() -> None:
    await asyncio.sleep(3600)


async def _fail() -> None:
    raise OSError("cannot close")


def test_condition_4_a_resource_that_hangs_or_fails_keeps_no_other_open() -> None:
    async def body() -> None:
        table = HandleTable()
        scope = table.scope()
        held = [Held(), Held(_fail), Held(), Held(_hang), Held()]
        for one in held:
            scope.open("held", one)
        began = asyncio.get_running_loop().time()
        with pytest.raises(ExceptionGroup) as raised:
            await scope.aclose()
        assert asyncio.get_running_loop().time() - began == pytest.approx(2.0)
        assert [type(failure) for failure in raised.value.exceptions] == [TimeoutError, OSError]
        assert all(one.closed for one in held)
        assert table.open_count == 0

    run_virtual(body())


def test_condition_4_a_cancellation_while_closing_waits_until_all_is_closed() -> None:
    async def body() -> None:
        table = HandleTable()
        scope = table.scope()
        held = [Held(), Held(lambda: asyncio.sleep(1)), Held()]
        for one in held:
            scope.open("held", one)
        closing = asyncio.create_task(scope.aclose())
        await asyncio.sleep(0.1)
        for _ in range(3):
            closing.cancel()
            await asyncio.sleep(0.1)
        with pytest.raises(asyncio.CancelledError):
            await closing
        assert all(one.closed for one in held)
        assert table.open_count == 0

    run_virtual(body())


STALE = """
function Stale(url: string) -> string {
  let request = baml.http.Request { method: "POST", url: url, headers: {}, body: "{\\"model\\": \\"A\\"}" };
  let sse = baml.http.fetch_sse(request);
  sse.close();
  sse.close();
  let events = sse.next() catch (e) { _ => { return baml.unstable.string(e); } };
  "read on"
}
"""


def test_condition_4_a_stale_handle_is_an_error_that_a_program_can_catch() -> None:
    async def body() -> Any:
        stale = bamlet.compile_sources({"stale.baml": STALE})
        rt = bamlet.AsyncRuntime(stale, transport=ScriptedTransport({"A": streamed("x")}))
        return await rt.call("Stale", url="http://scripted")

    assert re.fullmatch(r"panic: <baml\.http\.SseStream #\d+> is closed", run_virtual(body()))


def test_condition_4_a_handle_of_another_call_or_runtime_is_an_error() -> None:
    tables = HandleTable(), HandleTable()
    one, same_table, other_table = tables[0].scope(), tables[0].scope(), tables[1].scope()
    handles = [scope.open("held", Held()) for scope in (one, same_table, other_table)]
    assert len({handle.number for handle in handles}) == 3
    context: Any = type("Call", (), {"host": type("Host", (), {"scope": one})})
    assert isinstance(resource(context, handles[0], Held), Held)
    for foreign in (*handles[1:], Handle("held", 10**9)):
        with pytest.raises(Exception, match="is closed"):
            resource(context, foreign, Held)
    for scope in (one, same_table, other_table):
        run(scope.aclose())


# --- 5. A slow consumer stops the socket, not the memory.


class Counted(Sequence[bytes]):
    """The parts of a long body; `taken` is how many the server has come to while it sends them."""

    def __init__(self, part: bytes, count: int, end: Sequence[bytes]) -> None:
        self._part = part
        self._count = count
        self._end = end
        self.taken = 0

    def __iter__(self) -> Iterator[bytes]:
        self.taken = 0
        for _ in range(self._count):
            self.taken += 1
            yield self._part
        yield from self._end

    def __len__(self) -> int:
        return self._count + len(self._end)

    @overload
    def __getitem__(self, index: int) -> bytes: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[bytes]: ...
    def __getitem__(self, index: Any) -> Any:
        raise NotImplementedError


async def until_still(look: Callable[[], int]) -> int:
    """The number once it has stopped growing for a while."""
    before = -1
    while (now := look()) != before:
        before = now
        await asyncio.sleep(0.2)
    return before


@pytest.mark.parametrize("how", ["every", "callback"])
def test_condition_5_a_slow_consumer_stops_the_server(loopback: LoopbackServer, how: str) -> None:
    padded = {"id": "x" * 4000, "choices": [{"index": 0, "delta": {"content": "a"}, "finish_reason": None}]}
    parts = Counted(sse(padded), 20_000, openai_chunks([], usage=None))  # 80 MB in all
    loopback.answer(Answer(parts))

    async def body() -> None:
        async with at(loopback) as rt:
            if how == "every":
                stream = rt.stream("Say", text="x", partials="every")
                partials = aiter(stream)
                assert await anext(partials) == "a"
            else:
                waits = asyncio.Event()

                async def on_partial(value: str) -> None:
                    await waits.wait()

                stream = rt.stream("Say", text="x", context=bamlet.CallContext(on_partial=on_partial))
                waiting = asyncio.ensure_future(stream.final())
            taken = await until_still(lambda: parts.taken)
            assert MAX_BUFFERED_EVENTS / 8 < taken < 5_000  # what the buffers of both sockets hold, and ours
            if how == "every":
                assert len(await anext(partials)) == 2
            await stream.aclose()
            if how == "callback":
                with pytest.raises(bamlet.BamlAbortError):
                    await waiting
            await asyncio.to_thread(loopback.wait_client_left, 5)

    run(body())


def test_condition_5_a_consumer_that_comes_back_gets_everything(loopback: LoopbackServer) -> None:
    count = 5000
    loopback.answer(Answer(openai_chunks(["a"] * count)))

    async def body() -> None:
        async with at(loopback) as rt:
            stream = rt.stream("Say", text="x", partials="every")
            lengths = []
            async for partial in stream:
                lengths.append(len(partial))
                if len(lengths) == 100:
                    await asyncio.sleep(0.2)
            assert lengths == list(range(1, count + 1))

    run(body())


def test_condition_5_the_latest_partial_is_enough_for_a_busy_consumer(loopback: LoopbackServer) -> None:
    loopback.answer(Answer(openai_chunks(["a"] * 2000)))

    async def body() -> None:
        async with at(loopback) as rt:
            shown = []
            async for partial in rt.stream("Say", text="x"):
                shown.append(len(partial))
                await asyncio.sleep(0.05)
            assert shown[-1] == 2000
            assert shown == sorted(set(shown))
            assert len(shown) < 200

    run(body())


# --- 6. Limits of time, each with its name and number.


def timed_out(client: str, reply: Reply, how: str = "stream") -> tuple[bamlet.BamlTimeoutError, float]:
    """The error, and the virtual second at which it came."""

    async def body() -> tuple[bamlet.BamlTimeoutError, float]:
        rt, transport = scripted({client: reply})
        context = using(client)
        call = (
            rt.stream("Say", text="x", context=context).final()
            if how == "stream"
            else rt.call("Say", text="x", context=context)
        )
        with pytest.raises(bamlet.BamlTimeoutError) as raised:
            await call
        assert (rt.handles.open_count, transport.open_answers) == (0, 0)
        return raised.value, asyncio.get_running_loop().time()

    return run_virtual(body())


HEAD = openai_chunks(["begun"], None)[:-1]
COMMENT = b": ping\n\n"
HANG = Wait(100_000)


@pytest.mark.parametrize(
    ("client", "phase", "limit", "reply", "seconds"),
    [
        ("Connecting", "connect", 30, Reply(failure=ConnectTimeout("no connection")), 0),
        ("FirstToken", "first_token", 100, Reply(head_delay=100_000), 0.1),
        ("FirstToken", "first_token", 100, Reply([HANG]), 0.1),
        ("FirstToken", "first_token", 100, Reply([Wait(0.09), HANG], head_delay=0.009), 0.1),
        ("FirstToken", "first_token", 100, Reply([COMMENT, Wait(0.03)] * 1000), 0.1),
        ("Idle", "idle", 100, Reply([*HEAD, HANG]), 0.1),
        ("Idle", "idle", 100, Reply([*HEAD, Wait(0.09), COMMENT, Wait(0.09), COMMENT, HANG]), 0.28),
        ("Request", "request", 300, Reply([*HEAD, *[COMMENT, Wait(0.05)] * 1000]), 0.3),
        ("Request", "request", 300, Reply([part for b in HEAD * 99 for part in (b, Wait(0.05))]), 0.3),
        ("Request", "request", 300, Reply([part for i in range(9999) for part in (b"d", Wait(0.05))]), 0.3),
        ("Total", "total", 300, Reply([*HEAD, *[COMMENT, Wait(0.05)] * 1000]), 0.3),
        # On by default.
        ("Local", "first_token", 120_000, Reply([HANG, HANG]), 120),
        ("Local", "idle", 60_000, Reply([*HEAD, HANG]), 60),
        ("Local", "request", 600_000, Reply([*HEAD, *[COMMENT, Wait(50)] * 1000]), 600),
    ],
)
def test_condition_6_each_limit_names_itself_and_its_number(
    client: str, phase: str, limit: int, reply: Reply, seconds: float
) -> None:
    error, at_second = timed_out(client, reply)
    assert (error.timeout_type, error.configured_value_ms) == (phase, limit)
    assert (error.client_name, error.elapsed_ms) == (client, round(seconds * 1000))
    assert f"{limit} ms" in str(error)
    assert f"{'time_to_first_token' if phase == 'first_token' else phase}_timeout_ms" in str(error)
    assert at_second == pytest.approx(seconds, abs=1e-6)


@pytest.mark.parametrize(("client", "phase"), [("Request", "request"), ("Total", "total")])
@pytest.mark.parametrize("reply", [Reply(head_delay=100_000), Reply([HANG])])
def test_condition_6_whole_answers_have_limits_too(client: str, phase: str, reply: Reply) -> None:
    error, at_second = timed_out(client, reply, "call")
    assert (error.timeout_type, error.configured_value_ms, at_second) == (phase, 300, pytest.approx(0.3))


def test_condition_6_the_limits_are_on_by_default_and_zero_turns_one_off() -> None:
    assert [getattr(Timeouts(), field.name) for field in fields(Timeouts)] == [10.0, 120.0, 60.0, 600.0, 600.0]
    reply = Reply([Wait(5000), *HEAD, Wait(5000), *openai_chunks([" and done"])], head_delay=5000)

    async def body() -> Any:
        rt, _ = scripted({"Unlimited": reply})
        return await rt.stream("Say", text="x", context=using("Unlimited")).final()

    assert run_virtual(body()) == "begun and done"


def test_condition_6_silence_counts_only_while_somebody_waits() -> None:
    """A callback takes a hundred times the limit; the program then waits nearly as long as it may."""

    async def on_partial(value: str) -> None:
        if value == "begun":
            await asyncio.sleep(10)

    async def body() -> Any:
        rt, _ = scripted({"Idle": Reply([*HEAD, Wait(0.02), *HEAD[1:], Wait(10.06), *openai_chunks(["!"])])})
        return await rt.call("Say", text="x", context=bamlet.CallContext(client="Idle", on_partial=on_partial))

    assert run_virtual(body()) == "begunbegun!"


@pytest.mark.parametrize("client", PROVIDERS)
@pytest.mark.parametrize(
    ("after", "seconds"),
    [
        ([HANG], 1.0),
        ([COMMENT, Wait(0.3)] * 9999, 1.0),
        ([Wait(0.5), ConnectionReset("reset")], 0.5),
        ([Wait(0.5)], 0.5),
        ([Wait(0.5), b"data: [DONE]\n\n", HANG], 0.5),
    ],
    ids=["silence", "comments", "reset", "end", "done"],
)
def test_condition_6_a_finished_answer_is_a_success_whatever_the_socket_does(
    client: str, after: Any, seconds: float
) -> None:
    async def body() -> float:
        finished = openai_chunks(["done"], "stop", None)[:-1]
        rt, transport = scripted({client: Reply([*finished, *after])})
        assert await rt.stream("Say", text="x", context=using(client)).final() == "done"
        assert transport.open_answers == 0
        return asyncio.get_running_loop().time()

    assert run_virtual(body()) == pytest.approx(seconds, abs=0.002)


def test_condition_6_the_grace_does_not_begin_anew_with_each_event() -> None:
    extra = [
        part for _ in range(9999) for part in (sse({"choices": [], "usage": {"prompt_tokens": 1}}), Wait(0.3))
    ]

    async def body() -> float:
        rt, _ = scripted({"Local": Reply([*openai_chunks(["done"], "stop", None)[:-1], *extra])})
        assert await rt.stream("Say", text="x").final() == "done"
        return asyncio.get_running_loop().time()

    assert run_virtual(body()) == pytest.approx(1.0, abs=0.002)


def test_condition_6_over_a_socket(loopback: LoopbackServer) -> None:
    """The same on a real clock: the head held back, silence in the middle, an open socket at the end."""
    loopback.answer(
        Answer(head_delay=5),
        Answer([*HEAD, Pause(5)]),
        Answer(openai_chunks(["done"])[:-1], end="open"),
    )

    async def body() -> None:
        async with at(loopback) as rt:
            for client, phase in (("FirstToken", "first_token"), ("Idle", "idle")):
                with pytest.raises(bamlet.BamlTimeoutError) as raised:
                    await rt.stream("Say", text="x", context=using(client)).final()
                assert raised.value.timeout_type == phase
                assert 100 <= raised.value.elapsed_ms < 1000
            began = time.monotonic()
            assert await rt.stream("Say", text="x").final() == "done"
            assert 0.9 < time.monotonic() - began < 2

    run(body())


def test_condition_6_a_foreign_timeout_is_not_one_of_ours() -> None:
    """A callback that raises `TimeoutError` has its own reasons, also under a deadline of the call."""

    def on_partial(value: object) -> None:
        raise TimeoutError("mine")

    async def body() -> None:
        rt, _ = scripted({"Local": streamed("x")})
        context = bamlet.CallContext(on_partial=on_partial, deadline=5)
        with pytest.raises(TimeoutError, match="mine") as raised:
            await rt.call("Say", text="x", context=context)
        assert not isinstance(raised.value, bamlet.BamlError)

    run_virtual(body())


# --- 7. Every buffer has a number, and every number is in one table.

LIMITS = Path(__file__).parents[2] / "docs" / "limits.md"
ROW = re.compile(
    r"^\| (?P<what>.+?) \| (?P<number>[^|]+?) \| `(?P<module>bamlet[\w.]*):(?P<name>[\w.]+)` \|", re.M
)
UNITS = {"KiB": 1 << 10, "MiB": 1 << 20, "s": 1, "ms": 0.001, "": 1}
CONSTANT = re.compile(
    r"^(MAX_\w+|\w+_(?:LENGTH|SECONDS|EVERY|BYTES|MS)|(?:SHORTEST|MOST|LONGEST)_\w+)\b[^=]*=", re.M
)


def rows() -> list[re.Match[str]]:
    return list(ROW.finditer(LIMITS.read_text("utf-8")))


@pytest.mark.parametrize("row", rows(), ids=lambda row: f"{row['module']}:{row['name']}")
def test_condition_7_a_number_in_the_table_is_the_number_in_the_code(row: re.Match[str]) -> None:
    found: Any = import_module(row["module"])
    for part in row["name"].split("."):
        if isinstance(found, type):
            found = found()  # a class of defaults
        found = getattr(found, part)
    number, _, unit = row["number"].strip().partition(" ")
    assert found == pytest.approx(float(number.replace(",", "")) * UNITS[unit])


def test_condition_7_every_constant_that_limits_is_in_the_table() -> None:
    listed = {(row["module"], row["name"]) for row in rows()}
    package = Path(bamlet.__file__).parent
    missing = [
        f"{module}:{name}"
        for path in sorted(package.rglob("*.py"))
        if (module := "bamlet." + path.relative_to(package).with_suffix("").as_posix().replace("/", "."))
        if module.split(".")[1] in ("sysops", "wire", "jinja", "sap", "providers", "sync", "embed")
        for name in CONSTANT.findall(path.read_text("utf-8"))
        if (module, name) not in listed
    ]
    assert missing == []
    assert len(listed) > 30


def test_condition_7_too_long_an_answer_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    """The number itself would take minutes to reach."""
    monkeypatch.setattr("bamlet.sysops.llm.MAX_ANSWER_TEXT", 1000)

    async def body() -> None:
        rt, transport = scripted({"Local": streamed(*["x" * 10] * 1000)})
        with pytest.raises(bamlet.BamlClientError, match="longer than 1000 characters"):
            await rt.stream("Say", text="x").final()
        assert transport.open_answers == 0

    run_virtual(body())


def test_ticks_carry_the_events_that_came() -> None:
    async def body() -> list[Any]:
        rt, _ = scripted({"Local": streamed("a", "b")})
        return [event async for event in rt.stream("Say", text="x", partials="every").events()]

    events = run_virtual(body())
    ticks = [event for event in events if isinstance(event, Tick)]
    assert len(ticks) == 5
    assert ticks[-1].events[0].data == "[DONE]"
    assert [event.value for event in events if isinstance(event, Partial)] == ["a", "ab"]


def test_a_status_in_the_head_is_not_waited_for_to_the_end(loopback: LoopbackServer) -> None:
    loopback.answer(Answer([b'{"error": {"message": "busy"}}'], 529, framing="length"))

    async def body() -> None:
        async with at(loopback) as rt:
            with pytest.raises(bamlet.BamlClientHttpError, match="busy"):
                await rt.stream("Say", text="x").final()

    run(body())
    assert refused().status == 500
