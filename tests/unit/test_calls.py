"""Calls as the host holds them: contexts, streams, runtimes and loops, and the errors that come out.

Callbacks, threads, event loops and exceptions of Python are outside of the language.
"""

from __future__ import annotations

import asyncio
import pickle
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

import bamlet
from tests.servers.loopback import Answer, LoopbackServer, openai_chunks
from tests.support.local_program import KEY, at, environ, program, scripted
from tests.support.notes_program import SOURCE, call, notes, python, run
from tests.support.scripted import Reply, Wait, refused, run_virtual, said, streamed

# --- contexts


def test_a_client_can_be_chosen_for_one_call() -> None:
    rt, _ = scripted({"Local": said("a"), "OpenAI": said("b")})

    async def body() -> None:
        assert await rt.call("Say", text="x") == "a"
        assert await rt.call("Say", text="x", context=bamlet.CallContext(client="OpenAI")) == "b"
        assert await rt.call("Say", text="x") == "a"

    run(body())


def test_the_environment_of_a_call_lies_over_that_of_the_runtime(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("THE_KEY", "process")

    async def body() -> None:
        process, own = bamlet.AsyncRuntime(notes()), bamlet.AsyncRuntime(notes(), environ={"THE_KEY": "own"})
        assert await process.call("Key") == "process"
        assert await own.call("Key") == "own"
        assert await own.call("Key", context=bamlet.CallContext(env={"THE_KEY": "call"})) == "call"
        assert await own.call("Key", context=bamlet.CallContext(env={"THE_KEY": None})) is None
        with pytest.raises(bamlet.UnhandledThrow, match="THE_KEY is not set"):
            await own.call("Need", context=bamlet.CallContext(env={"THE_KEY": None}))

    run(body())


@pytest.mark.parametrize("kind", ["function", "coroutine"])
def test_callbacks_see_every_partial_and_the_events(kind: str) -> None:
    seen: list[Any] = []

    async def later(value: Any) -> None:
        await asyncio.sleep(0)
        seen.append(value)

    on_partial: Any = seen.append if kind == "function" else later
    ticks: list[Any] = []

    async def body() -> None:
        paced = Reply([part for chunk in streamed("a", "b", "c").parts for part in (chunk, Wait(1))])
        rt, _ = scripted({"Local": paced})
        context = bamlet.CallContext(on_partial=on_partial, on_tick=ticks.append)
        assert await rt.call("Say", text="x", context=context) == "abc"
        assert seen == ["a", "ab", "abc"]
        shown = [p async for p in rt.stream("Say", text="x", context=context, partials="every")]
        assert shown == ["a", "ab", "abc"]

    run_virtual(body())
    assert seen == ["a", "ab", "abc"] * 2
    assert all(event.data for events in ticks for event in events)


def test_a_program_can_show_partials_by_itself() -> None:
    async def body() -> None:
        rt = bamlet.AsyncRuntime(notes())
        assert [p async for p in rt.stream("Show", count=3, partials="every")] == [1, 2, 3]

    run(body())


@pytest.mark.parametrize("kind", [ValueError, TimeoutError, KeyError, bamlet.BamlError])
@pytest.mark.parametrize("name", ["on_partial", "on_tick"])
def test_what_a_callback_raises_passes_through_unchanged(kind: type[Exception], name: str) -> None:
    failure = kind("mine")

    def refuse(_: Any) -> None:
        raise failure

    async def body() -> None:
        rt, transport = scripted({"Local": streamed("a")})
        with pytest.raises(kind) as raised:
            await rt.call("Say", text="x", context=bamlet.CallContext(**{name: refuse}))  # type: ignore[arg-type]
        assert raised.value is failure
        assert (rt.handles.open_count, transport.open_answers) == (0, 0)

    run_virtual(body())


def test_an_abort_from_another_thread_stops_a_call_that_waits_and_one_that_never_does() -> None:
    async def body(function: str, **arguments: Any) -> None:
        abort = bamlet.AbortController()
        timer = threading.Timer(0.05, abort.abort)
        timer.start()
        with pytest.raises(bamlet.BamlAbortError):
            await bamlet.AsyncRuntime(notes()).call(function, arguments, context=bamlet.CallContext(cancel=abort))
        timer.join()

    run(body("Pause", ms=60_000))
    run(body("Spin"))


def test_an_abort_before_the_call_stops_it_and_all_that_follow() -> None:
    abort = bamlet.AbortController()
    abort.abort()
    rt, transport = scripted({"Local": said("a")})

    async def body() -> None:
        for _ in range(2):
            with pytest.raises(bamlet.BamlAbortError):
                await rt.call("Say", text="x", context=bamlet.CallContext(cancel=abort))

    run(body())
    assert transport.sent == []


def test_a_deadline_stops_a_loop_that_never_waits() -> None:
    with pytest.raises(bamlet.BamlTimeoutError, match="deadline of 50 ms") as raised:
        call("Spin", context=bamlet.CallContext(deadline=0.05))
    assert raised.value.elapsed_ms < 1000


def test_a_context_is_not_changed_by_a_call() -> None:
    context = bamlet.CallContext(client="Local", env={"A": "b"}, tags={"t": "u"})
    rt, _ = scripted({"Local": said("a")})
    before = repr(context)
    run(rt.call("Say", text="x", context=context))
    assert repr(context) == before


# --- streams as objects


def test_a_final_value_may_be_asked_for_alone_and_again() -> None:
    async def body() -> None:
        rt, transport = scripted({"Local": streamed("a")})
        stream = rt.stream("Say", text="x")
        assert transport.sent == []
        assert [await stream.final(), await stream.final()] == ["a", "a"]
        assert len(transport.sent) == 1

    run(body())


def test_a_stream_is_iterated_once() -> None:
    async def body() -> None:
        rt, _ = scripted({"Local": streamed("a")})
        stream = rt.stream("Say", text="x")
        assert [p async for p in stream] == ["a"]
        with pytest.raises(RuntimeError, match="iterated once"):
            aiter(stream)
        assert await stream.final() == "a"

    run(body())


def test_the_final_value_after_a_break_is_an_abort(loopback: LoopbackServer) -> None:
    loopback.answer(Answer(openai_chunks(["a"], None)[:-1], end="open"))

    async def body() -> None:
        async with at(loopback) as rt:
            stream = rt.stream("Say", text="x")
            async for _ in stream:
                break
            with pytest.raises(bamlet.BamlAbortError):
                await stream.final()

    run(body())


def test_a_stream_cancelled_before_it_starts_sends_nothing() -> None:
    async def body() -> None:
        rt, transport = scripted({"Local": streamed("a")})
        stream = rt.stream("Say", text="x")
        stream.cancel()
        with pytest.raises(bamlet.BamlAbortError):
            await stream.final()
        assert transport.sent == []

    run(body())


def test_one_of_two_who_wait_gives_up_and_the_other_hears_of_it() -> None:
    async def body() -> None:
        rt, _ = scripted({"Local": streamed("a", head_delay=5)})
        stream = rt.stream("Say", text="x")
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(stream.final(), 1)
        with pytest.raises(bamlet.BamlAbortError):
            await stream.final()

    run_virtual(body())


def test_an_error_comes_after_the_last_partial_and_again_with_the_final_value() -> None:
    async def body() -> None:
        rt, _ = scripted({"Local": streamed("no json")})
        stream = rt.stream("Make", text="x", partials="every")
        with pytest.raises(bamlet.BamlValidationError):
            async for _ in stream:
                pass
        with pytest.raises(bamlet.BamlValidationError):
            await stream.final()

    run(body())


def test_cancel_works_from_another_thread() -> None:
    async def body() -> None:
        rt, _ = scripted({"Local": streamed("a", head_delay=60)})
        stream = rt.stream("Say", text="x")
        timer = threading.Timer(0.05, stream.cancel)
        timer.start()
        with pytest.raises(bamlet.BamlAbortError):
            await stream.final()
        timer.join()

    run(body())


# --- runtimes


def test_one_runtime_serves_one_loop_after_another(loopback: LoopbackServer) -> None:
    loopback.answer(*[Answer(openai_chunks(["fine"]))] * 3)
    rt = at(loopback)

    async def body() -> Any:
        try:
            return await rt.stream("Say", text="x").final()
        finally:
            await rt.aclose()

    assert [run(body()) for _ in range(3)] == ["fine"] * 3


def test_a_runtime_that_is_not_closed_between_two_loops_still_works(loopback: LoopbackServer) -> None:
    code = f"""
import asyncio, bamlet
from tests.support.local_program import environ, program
rt = bamlet.AsyncRuntime(program(), environ=environ("{loopback.url}"))
print([asyncio.run(rt.stream("Say", text="x").final()) for _ in range(3)])
"""
    loopback.answer(*[Answer(openai_chunks(["fine"]))] * 3)
    assert python(code) == "['fine', 'fine', 'fine']"


def test_two_runtimes_of_one_program_run_side_by_side() -> None:
    async def body() -> None:
        (one, first), (two, second) = (scripted({"Local": streamed(text, head_delay=1)}) for text in "ab")
        found = await asyncio.gather(*(rt.stream("Say", text="x").final() for rt in (one, two)))
        assert found == ["a", "b"]
        assert (len(first.sent), len(second.sent)) == (1, 1)

    run_virtual(body())


def test_connections_are_kept_between_calls(loopback: LoopbackServer) -> None:
    body = b'{"choices": [{"message": {"content": "yes"}, "finish_reason": "stop"}]}'
    loopback.answer(*[Answer([body], headers=(("content-type", "application/json"),), framing="length")] * 5)

    async def calls() -> None:
        async with at(loopback) as rt:
            for _ in range(5):
                assert await rt.call("Say", text="x") == "yes"

    run(calls())
    assert len(loopback.connections) == 1


# --- errors


def aborted() -> Any:
    abort = bamlet.AbortController()
    abort.abort()
    return call("Half", number=1, context=bamlet.CallContext(cancel=abort))


MADE: dict[type[bamlet.BamlError], Callable[[], Any]] = {
    bamlet.BamlInvalidArgumentError: lambda: call("Half"),
    bamlet.BamlClientHttpError: lambda: say(refused(429)),
    bamlet.BamlTimeoutError: lambda: say(said("a", head_delay=9999)),
    bamlet.BamlValidationError: lambda: bamlet.AsyncRuntime(program()).parse("Make", "nothing"),
    bamlet.BamlClientError: lambda: say(streamed("a", finish=None)),
    bamlet.BamlAbortError: aborted,
    bamlet.UnhandledThrow: lambda: call("FailWith", title="t"),
}


def say(reply: Any) -> Any:
    async def body() -> Any:
        rt, _ = scripted({"Local": reply})
        return await rt.stream("Say", text="x").final()

    return run_virtual(body())


FIELDS = {
    bamlet.BamlInvalidArgumentError: {"problems"},
    bamlet.BamlClientHttpError: {
        "attempts",
        "client_name",
        "status_code",
        "body",
        "retry_after_ms",
        "detailed_message",
    },
    bamlet.BamlTimeoutError: {"attempts", "client_name", "timeout_type", "configured_value_ms", "elapsed_ms"},
    bamlet.BamlValidationError: {"raw_output", "prompt", "issues", "detailed_message"},
    bamlet.BamlClientError: {"attempts", "client_name", "kind"},
    bamlet.BamlAbortError: set(),
    bamlet.UnhandledThrow: {"value"},
}
# Made before a program runs, or without one.
UNTRACED = {bamlet.BamlInvalidArgumentError, bamlet.BamlValidationError}


@pytest.mark.parametrize("kind", MADE, ids=lambda kind: kind.__name__)
def test_each_error_has_its_fields_and_survives_pickling_with_them(kind: type[bamlet.BamlError]) -> None:
    with pytest.raises(kind) as raised:
        MADE[kind]()
    error = raised.value
    assert type(error) is kind
    traced = set() if kind in UNTRACED else {"trace", "trace_text"}
    # What it has cost is known where somebody was asked.
    assert set(vars(error)) - {"spent"} == FIELDS[kind] | {"message"} | traced
    assert error.args == (error.message,)
    copy = pickle.loads(pickle.dumps(error))
    assert (type(copy), str(copy)) == (kind, str(error))
    assert vars(copy) == vars(error)


def test_a_finish_reason_error_survives_pickling() -> None:
    error = bamlet.BamlClientFinishReasonError("asked", "no", "cut", "length")
    copy = pickle.loads(pickle.dumps(error))
    assert (copy.finish_reason, copy.raw_output, copy.prompt, copy.message) == ("length", "cut", "asked", "no")


def test_the_classes_of_errors_stand_under_each_other() -> None:
    assert issubclass(bamlet.BamlClientHttpError, bamlet.BamlClientError)
    assert issubclass(bamlet.BamlTimeoutError, bamlet.BamlClientError)
    assert all(issubclass(kind, bamlet.BamlError) for kind in FIELDS)
    assert not issubclass(bamlet.CompileError, bamlet.BamlError)


def test_an_unhandled_throw_has_the_value_and_the_places_it_came_through() -> None:
    with pytest.raises(bamlet.UnhandledThrow, match="the program threw boom") as raised:
        call("Outer", what="boom")
    assert raised.value.value == "boom"
    places = [(frame.file, frame.function) for frame in raised.value.trace]
    assert [file for file, _ in places] == ["notes.baml", "notes.baml"]
    lines = SOURCE.splitlines()
    assert "Fail(what)" in lines[raised.value.trace[0].line - 1]
    assert "throw what" in lines[raised.value.trace[1].line - 1]
    assert "throw what" in raised.value.trace_text


def test_a_thrown_class_value_is_readable() -> None:
    with pytest.raises(bamlet.UnhandledThrow) as raised:
        call("FailWith", title="t")
    assert raised.value.value.label == "t"


def test_a_panic_is_a_throw_with_its_text() -> None:
    with pytest.raises(bamlet.UnhandledThrow, match="panic: index out of bounds") as raised:
        call("First", items=[])
    assert (
        repr(raised.value.value)
        == "baml.panics.IndexOutOfBounds(message='index out of bounds: 0, and the length is 0')"
    )


def test_no_text_of_an_error_shows_the_key() -> None:
    for make in MADE.values():
        with pytest.raises(bamlet.BamlError) as raised:
            make()
        chain: BaseException | None = raised.value
        while chain is not None:
            assert KEY not in f"{chain!r} {vars(chain)}"
            chain = chain.__cause__ or chain.__context__


def test_a_host_that_cannot_be_reached_is_an_error_of_the_client() -> None:
    rt = bamlet.AsyncRuntime(program(), environ=environ("http://127.0.0.1:1"))

    async def body() -> None:
        async with rt:
            with pytest.raises(bamlet.BamlClientError, match=r"cannot connect to 127\.0\.0\.1:1"):
                await rt.call("Say", text="x")

    run(body())


def test_each_problem_of_the_arguments_tells_its_place() -> None:
    with bamlet.Runtime(program()) as rt, pytest.raises(bamlet.BamlInvalidArgumentError) as raised:
        rt.call("Say", {"text": 1, "a/b~c": 2})
    problems = {problem.pointer: problem.message for problem in raised.value.problems}
    assert problems.keys() == {"/text", "/a~1b~0c"}
    assert all(message in str(raised.value) for message in problems.values())


def test_of_very_many_problems_the_first_are_told_and_what_fits_another_type_is_none() -> None:
    source = "function Count(xs: int[] | string[]) -> int { 1 }\nfunction All(xs: int[]) -> int { 1 }\n"
    many = ["x"] * 5_000
    with bamlet.Runtime(bamlet.compile_sources({"main.baml": source})) as rt:
        assert rt.call("Count", xs=many) == 1
        for arguments in ({"xs": many}, {"xs": [], **{f"x{at}": at for at in range(5_000)}}):
            with pytest.raises(bamlet.BamlInvalidArgumentError, match=r"and 4,900 more$") as raised:
                rt.call("All", arguments)
            assert len(raised.value.problems) == 100


def test_an_object_is_of_the_class_of_its_own_name_wherever_that_stands_in_a_union() -> None:
    source = """
    enum Mood { good }
    class Loose { note string? }
    class Pair { value Mood }
    function Is(v: Mood | Loose | Pair) -> string {
        match (v) { Mood => "Mood", Loose => "Loose", let p: Pair => "Pair" }
    }
    function Made() -> Pair { Pair { value: Mood.good } }
    """

    @dataclass
    class Pair:
        value: str

    with bamlet.Runtime(bamlet.compile_sources({"main.baml": source})) as rt:
        assert rt.call("Is", v=Pair("good")) == "Pair"
        assert rt.call("Is", v=rt.call("Made")) == "Pair"
        assert rt.call("Is", v={"value": "good"}) == "Pair"
        assert rt.call("Is", v="good") == "Mood"
