"""Functions that run at once: who is heard, what is closed, what is stopped. Time is virtual.

The order of closing and what the host sees of two streams are outside of what a program can see.
"""

from __future__ import annotations

import asyncio
import json
from functools import cache
from typing import Any

import pytest

import bamlet
from bamlet.embed.stream import Partial
from bamlet.wire.message import BrokenBody
from tests.support.scripted import (
    LoopClock,
    Reply,
    ScriptedResponse,
    ScriptedTransport,
    Wait,
    refused,
    run_virtual,
    said,
    streamed,
)

SOURCE = """
client<llm> A { provider openai-generic, options { base_url "http://test", model A } }
client<llm> B { provider openai-generic, options { base_url "http://test", model B } }
function AskA(text: string) -> string { client A, prompt #"{{ text }}"# }
function AskB(text: string) -> string { client B, prompt #"{{ text }}"# }

function Race() -> unknown {
  baml.task.race([
    () => baml.llm.stream_llm_function("AskA", {"text": "x"}),
    () => baml.llm.stream_llm_function("AskB", {"text": "x"}),
  ])
}

function All() -> string[] { baml.task.all([() => AskA("x"), () => AskB("x")]) }

function Limited() -> string {
  baml.task.timeout(50, () => AskA("x")) catch (e) { late: baml.errors.Timeout => late.message }
}

function RequestOfA() -> baml.http.Request {
  baml.http.Request { method: "POST", url: "http://test", headers: {}, body: #"{"model": "A"}"# }
}

function Opened() -> string {
  let request = RequestOfA();
  let open = () => baml.http.fetch_sse(request);
  let stream = baml.task.race([open]);
  let events = stream.next();
  if (events == null) { return "none"; }
  events[0].data
}

function Panics() -> int {
  let zero = 0;
  baml.task.race([() -> int { AskA("x").length() }, () -> int { baml.sys.sleep(10); 1 / zero }])
}

function Unclosable() -> int[] {
  let a = RequestOfA();
  let b = baml.http.Request { method: "POST", url: "http://test", headers: {}, body: #"{"model": "B"}"# };
  baml.task.all([
    () -> int { baml.http.fetch_sse(a); 1 },
    () -> int { baml.http.fetch_sse(b); baml.sys.sleep(1000); 2 },
    () -> int { baml.sys.sleep(50); throw "no"; 3 },
  ])
}

function Foreign() -> int {
  let found: baml.http.SseStream[] = [];
  baml.task.race([
    () -> int { found.push(baml.http.fetch_sse(RequestOfA())); baml.sys.sleep(100); 1 },
    () -> int { baml.sys.sleep(10); found[0].next(); 2 },
  ])
}

function Stale() -> string {
  let found: baml.http.SseStream[] = [];
  baml.task.race([
    () -> int { found.push(baml.http.fetch_sse(RequestOfA())); baml.sys.sleep(100); 1 },
    () -> int { baml.sys.sleep(50); 3 },
  ]);
  found[0].next() catch (e) { stale: baml.panics.ClosedHandle => { return stale.message; } };
  "usable"
}
"""


@cache
def program() -> bamlet.Program:
    return bamlet.compile_sources({"tasks.baml": SOURCE})


def run(function: str, replies: dict[str, Any], **options: Any) -> tuple[Any, ScriptedTransport]:
    """The value or error of a call, which must leave nothing open."""
    transport = ScriptedTransport(replies)

    async def body() -> Any:
        before = asyncio.all_tasks()
        async with bamlet.AsyncRuntime(program(), transport=transport, clock=LoopClock(), environ={}) as rt:
            try:
                return await rt.call(function, context=bamlet.CallContext(**options))
            except bamlet.BamlError as error:
                return error
            finally:
                assert rt.handles.open_count == 0
                assert asyncio.all_tasks() == before
                assert transport.open_answers == 0

    return run_virtual(body()), transport


def shown(replies: dict[str, Any], mode: Any = "every") -> tuple[list[Any], Any]:
    """What a race of two streams shows, and its value."""
    transport = ScriptedTransport(replies)

    async def body() -> Any:
        async with bamlet.AsyncRuntime(program(), transport=transport, clock=LoopClock(), environ={}) as rt:
            stream = rt.stream("Race", partials=mode)
            seen = [e.value if isinstance(e, Partial) else e async for e in stream.events(ticks=False)]
            assert rt.handles.open_count == 0
            return seen, await stream.final()

    shown_and_value: tuple[list[Any], Any] = run_virtual(body())
    return shown_and_value


def slowly(*deltas: str, pause: float, finish: str | None = "stop") -> Reply:
    parts = [[*streamed(delta, finish=None).parts, Wait(pause)] for delta in deltas]
    last = streamed(finish=finish).parts if finish else []
    return Reply([part for some in parts for part in some] + list(last))


# --- one is heard


def test_of_two_streams_only_one_is_shown() -> None:
    seen, value = shown({"A": slowly("a", "b", pause=0.1), "B": slowly("x", "y", pause=0.15)})
    assert (seen, value) == (["a", "ab"], "ab")


def test_another_is_heard_when_the_first_fails_from_its_beginning() -> None:
    broken = Reply([*streamed("a", finish=None).parts, Wait(0.12), BrokenBody("cut")])
    seen, value = shown({"A": broken, "B": slowly("x", "y", "z", pause=0.1)})
    assert (seen, value) == (["a", bamlet.Reset(2), "xy", "xyz"], "xyz")


def test_a_winner_that_was_not_heard_is_shown_at_its_end() -> None:
    replies = {"A": slowly("a", "b", pause=0.5), "B": Reply([Wait(0.1), *streamed("x", "y").parts])}
    seen, value = shown(replies)
    assert (seen, value) == (["a", bamlet.Reset(2), "xy"], "xy")


def test_text_is_shown_from_its_beginning_too() -> None:
    broken = Reply([*streamed("a", finish=None).parts, Wait(0.12), BrokenBody("cut")])
    seen, _ = shown({"A": broken, "B": slowly("x", "y", "z", pause=0.1)}, "deltas")
    pieces = [event if isinstance(event, bamlet.Reset) else event.text for event in seen]
    assert pieces == ["a", bamlet.Reset(2), "x", "y", "z"]


# --- what is stopped and closed


def test_a_loser_is_closed_when_the_winner_is_known() -> None:
    value, transport = run("Race", {"A": slowly("a", pause=1000), "B": streamed("won")})
    assert value == "won"
    assert [name for name, _ in transport.sent] == ["A", "B"]


def test_the_first_failure_of_all_stops_the_others() -> None:
    error, _ = run("All", {"A": said("late", head_delay=1000), "B": refused(401)})
    assert isinstance(error, bamlet.BamlClientHttpError)


def test_a_limit_stops_and_closes() -> None:
    assert run("Limited", {"A": said("late", head_delay=1000)})[0] == "the task took longer than 50 ms"


@pytest.mark.parametrize("function", ["Race", "All"])
def test_stopping_the_call_stops_its_tasks(function: str) -> None:
    abort = bamlet.AbortController()
    replies = {name: slowly("a", "b", pause=1000) for name in "AB"}

    async def body() -> float:
        loop = asyncio.get_running_loop()
        loop.call_later(0.2, abort.abort)
        transport = ScriptedTransport(replies)
        async with bamlet.AsyncRuntime(program(), transport=transport, clock=LoopClock(), environ={}) as rt:
            with pytest.raises(bamlet.BamlAbortError):
                await rt.call(function, context=bamlet.CallContext(cancel=abort))
            assert rt.handles.open_count == 0
            assert transport.open_answers == 0
        return loop.time()

    assert run_virtual(body()) == pytest.approx(0.2)


def test_a_callback_that_raises_stops_every_task() -> None:
    def refuse(value: Any) -> None:
        raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        run("Race", {"A": slowly("a", pause=1000), "B": slowly("b", pause=1000)}, on_partial=refuse)


def test_a_panic_stops_every_task_and_is_no_failure_of_one() -> None:
    error, _ = run("Panics", {"A": slowly("a", pause=1000)})
    assert isinstance(error, bamlet.UnhandledThrow)
    assert "division by zero" in str(error)


# --- handles


def test_what_a_task_opened_belongs_to_the_one_that_took_its_value() -> None:
    value, _ = run("Opened", {"A": streamed("x")})
    assert value.startswith('{"id"') or "choices" in value


def test_a_task_whose_handle_cannot_be_closed_does_not_leave_the_others_behind() -> None:
    closed: list[str] = []

    class Closing(ScriptedTransport):
        async def open(self, request: Any, *, connect_timeout: float | None) -> ScriptedResponse:
            response = await super().open(request, connect_timeout=connect_timeout)
            model = json.loads(request.body)["model"]
            close = response.aclose

            async def aclose() -> None:
                await close()
                if model == "A":
                    raise OSError("cannot close")
                await asyncio.sleep(1)
                closed.append(model)

            response.aclose = aclose  # type: ignore[method-assign]
            return response

    async def body() -> None:
        transport = Closing({"A": slowly("a", pause=0.01), "B": slowly("b", pause=60)})
        before = asyncio.all_tasks()
        async with bamlet.AsyncRuntime(program(), transport=transport, clock=LoopClock(), environ={}) as rt:
            with pytest.raises(Exception, match="failed to close"):
                await rt.call("Unclosable")
            assert closed == ["B"]
            assert asyncio.all_tasks() == before

    run_virtual(body())


def test_a_handle_of_another_task_is_an_error() -> None:
    error, _ = run("Foreign", {"A": slowly("a", "b", "c", pause=0.01)})
    assert isinstance(error, bamlet.UnhandledThrow)
    assert "belongs to another task" in str(error)


def test_a_handle_is_closed_with_its_task() -> None:
    value, _ = run("Stale", {"A": slowly("a", "b", "c", pause=0.01)})
    assert "is closed" in value
