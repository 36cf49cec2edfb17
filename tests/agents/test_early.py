"""Tools that start while their model still speaks: once, whatever becomes of the attempt that has asked for them.

What runs when, and what the bytes of an answer were when it began, no program can see. Time is virtual.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from functools import cache
from random import Random
from typing import Any

import pytest

import bamlet
from bamlet.wire.message import BrokenBody
from tests.agents.test_wire import SSE, events
from tests.support.scripted import (
    JSON,
    LoopClock,
    Reply,
    ScriptedTransport,
    Wait,
    refused,
    run_virtual,
    said,
    streamed,
)

SOURCE = """
client<llm> One { provider openai, retry_policy Again, options { model "m", api_key "k" MODE } }
client<llm> Other { provider openai, options { model "other", api_key "k" } }
client<llm> Both { provider strategy, options { strategy [One, Other], call at_once } }
retry_policy Again { max_retries 2, strategy { type constant_delay, delay_ms 0 } }

function at_once(client: baml.llm.Client, call: baml.llm.ExecutionContext) -> unknown throws unknown {
  baml.task.race([
    () => baml.llm.execute_client(client.sub_clients[0], call),
    () => baml.llm.execute_client(client.sub_clients[1], call),
  ])
}

/// Finds.
function find(n: int) -> string throws baml.errors.HostCallable { $host }
/// Pays.
function pay(n: int) -> string throws baml.errors.HostCallable { $host }
/// Stops.
function stop() -> string throws unknown { throw baml.agent.Stop { message: "enough" } }
/// Breaks.
function crack(at: int) -> int { [1, 2][at] }
/// Asks another model.
function Sum(n: int) -> string { client Other, prompt #"{{ n }}"# }

/// Asks an agent.
function Inner(n: int) -> string { client Other, tools [late], prompt #"{{ n }}"# }
/// Finds later.
function late(n: int) -> string throws baml.errors.HostCallable { find(n) }

function early() -> baml.agent.Tool[] {
  let found = baml.agent.Tool { ...baml.agent.tool(find), early: true };
  [
    found,
    baml.agent.Tool { ...found, name: "asked", approval: (call) => false },
    baml.agent.Tool { ...found, name: "once", once: true },
    baml.agent.Tool { ...found, name: "alone", alone: true },
    baml.agent.Tool { ...found, name: "late", early: false },
    baml.agent.Tool { ...baml.agent.tool(pay), approval: (call) => true },
    baml.agent.Tool { ...baml.agent.tool(stop), early: true },
    baml.agent.Tool { ...baml.agent.tool(Sum), early: true },
    baml.agent.Tool { ...baml.agent.tool(crack), early: true },
    baml.agent.Tool { ...baml.agent.tool(Inner), early: true },
  ]
}

function Assist(q: string) -> string { client CLIENT, tools [early], agent { parallel 3 }, prompt #"{{ q }}"# }
"""


@cache
def program(client: str = "One", mode: str = "") -> bamlet.Program:
    source = SOURCE.replace("CLIENT", client).replace("MODE", mode)
    found = bamlet.compile_sources({"main.baml": source})
    assert not found.diagnostics, [one.message for one in found.diagnostics]
    return found


def call(name: str, text: str = '{"n": 7}', call_id: str = "") -> tuple[str, str, str]:
    return name, text, call_id or f"c_{name}"


def speaks(*parts: Any, finish: str | None = "tool_calls") -> Reply:
    """An answer of calls, cut at every letter of their arguments, and waits between them."""
    made: list[Any] = []
    number = 0
    for part in parts:
        if not isinstance(part, tuple):
            made.append(part)
            continue
        name, text, call_id = part
        head = {"index": number, "id": call_id, "function": {"name": name, "arguments": ""}}
        rest = [{"index": number, "function": {"arguments": letter}} for letter in text]
        made += [events(_chunk({"tool_calls": [one]})) for one in (head, *rest)]
        number += 1
    if finish is not None:
        made += [events(_chunk({}, finish)), b"data: [DONE]\n\n"]
    return Reply(made, headers=SSE)


def _chunk(delta: Any, finish: str | None = None) -> Any:
    return {"id": "1", "model": "m", "choices": [{"index": 0, "delta": delta, "finish_reason": finish}]}


BREAKS = BrokenBody("it broke")
DONE = streamed("done")


class Ran:
    """A streamed run: when which tool of the host began and how it ended, and what was heard."""

    def __init__(
        self, *replies: Reply, other: tuple[Reply, ...] = (), seconds: float = 3.0, **program: str
    ) -> None:
        self.transport = ScriptedTransport({"m": [*replies], "other": [*other] or DONE})
        self.began: list[tuple[int, float]] = []
        self.ended: list[str] = []
        self.events: list[Any] = []
        self.error: bamlet.BamlError | None = None
        self.value: Any = None
        self.seconds = 0.0
        self.leaves_at: float | None = None
        self.budget: bamlet.Budget | None = None
        self._program = program
        self._tool_seconds = seconds

    async def find(self, n: int) -> str:
        self.began.append((n, asyncio.get_running_loop().time()))
        try:
            await asyncio.sleep(self._tool_seconds)
            if n < 0:
                raise bamlet.Refuse("below zero")
        except BaseException as failure:
            self.ended.append(type(failure).__name__)
            raise
        self.ended.append("found")
        return f"found {n}"

    def run(self, resumes: bamlet.AgentState | None = None, answers: Any = None) -> Ran:
        run_virtual(self._run(resumes, answers))
        return self

    async def _run(self, resumes: bamlet.AgentState | None, answers: Any) -> None:
        functions = {"find": self.find, "pay": self.find}
        runtime = bamlet.AsyncRuntime(
            program(**self._program), functions=functions, transport=self.transport, clock=LoopClock(), environ={}
        )
        context = bamlet.CallContext(budget=self.budget, on_event=self.events.append)
        async with runtime:
            try:
                if resumes is not None:
                    self.value = await runtime.resume(resumes, answers)
                elif self.leaves_at is None:
                    self.value = await runtime.call("Assist", q="?", context=context)
                else:
                    await self._left(runtime)
            except bamlet.BamlError as error:
                self.error = error
            self.seconds = asyncio.get_running_loop().time()
            assert (runtime.handles.open_count, self.transport.open_answers) == (0, 0)

    async def _left(self, runtime: bamlet.AsyncRuntime) -> None:
        assert self.leaves_at is not None
        async with runtime.stream("Assist", q="?") as stream:
            async for event in stream.agent_events():
                if event.at >= self.leaves_at:
                    break

    def acts(self) -> list[str]:
        quiet = ("ChunkSaid", "PartialArguments", "PartialAnswer")
        return [event.name for event in self.events if event.name not in quiet]

    @property
    def told(self) -> dict[str, str]:
        """The results in the last request to the agent's model, by their ids."""
        messages = [body for body in self.transport.bodies if body["model"] == "m"][-1]["messages"]
        return {one["tool_call_id"]: one["content"] for one in messages if one["role"] == "tool"}


def test_a_tool_runs_while_its_model_still_speaks() -> None:
    ran = Ran(speaks(call("find"), Wait(5)), DONE).run()
    assert (ran.value, ran.seconds, ran.began) == ("done", 5.0, [(7, 0.0)])
    assert ran.acts() == [
        "StepStarted",
        "ToolStarted",
        "ToolEnded",
        "StepEnded",
        "StepStarted",
        "StepEnded",
        "Ended",
    ]
    assert {event.step for event in ran.events if event.name.startswith("Tool")} == {1}


def test_a_tool_that_is_not_ready_is_waited_for_in_its_turn() -> None:
    ran = Ran(speaks(call("find"), Wait(2), call("late", '{"n": 8}')), DONE).run()
    assert (ran.value, ran.seconds, ran.began) == ("done", 5.0, [(7, 0.0), (8, 2.0)])
    assert ran.told == {"c_find": "found 7", "c_late": "found 8"}
    assert list(ran.told) == ["c_find", "c_late"]


@pytest.mark.parametrize("again", ['{"n":7}', '{ "n" : 7 }'])
def test_a_call_is_known_again_after_an_attempt_that_broke(again: str) -> None:
    first = speaks(call("find"), Wait(1), BREAKS, finish=None)
    ran = Ran(first, speaks(call("find", again, "c_again")), DONE).run()
    assert (ran.value, ran.seconds, ran.began) == ("done", 3.0, [(7, 0.0)])
    assert ran.told == {"c_again": "found 7"}
    acts = ran.acts()
    assert (acts.count("StepReset"), acts.count("ToolStarted"), acts.count("ToolEnded")) == (1, 1, 2)


def test_two_attempts_that_speak_at_once_begin_it_once() -> None:
    both = speaks(Wait(1), call("find"), Wait(2))
    ran = Ran(both, DONE, other=(both, DONE), client="Both").run()
    assert (ran.value, ran.began) == ("done", [(7, 1.0)])


def test_what_no_answer_asks_for_in_the_end_is_stopped() -> None:
    ran = Ran(speaks(call("find"), Wait(1), BREAKS, finish=None), DONE).run()
    assert (ran.value, ran.seconds, ran.ended) == ("done", 1.0, ["CancelledError"])


def test_a_stream_that_is_left_stops_it() -> None:
    ran = Ran(speaks(call("find"), Wait(1), call("late"), Wait(9)))
    ran.leaves_at = 1.0
    ran.run()
    assert (ran.ended, ran.seconds) == (["CancelledError"], 1.0)


def test_an_error_is_told_in_its_turn() -> None:
    ran = Ran(speaks(call("find", '{"n": -1}'), Wait(5)), DONE).run()
    assert (ran.value, ran.seconds) == ("done", 5.0)
    assert ran.told == {"c_find": "Error: below zero"}


def test_a_stop_ends_the_run_in_its_turn_and_not_before() -> None:
    ran = Ran(speaks(call("stop", "{}"), Wait(5)), DONE).run()
    assert isinstance(ran.error, bamlet.UnhandledThrow)
    assert (ran.error.value.message, ran.seconds) == ("enough", 5.0)
    gone = Ran(speaks(call("stop", "{}"), Wait(1), BREAKS, finish=None), DONE).run()
    assert (gone.value, gone.error) == ("done", None)


@pytest.mark.parametrize("broken", [False, True], ids=["asked for", "not asked for in the end"])
def test_a_panic_ends_the_run_whoever_asks_for_it(broken: bool) -> None:
    made = call("crack", '{"at": 5}')
    first = speaks(made, Wait(1), BREAKS, finish=None) if broken else speaks(made, Wait(1))
    ran = Ran(first, DONE).run()
    assert isinstance(ran.error, bamlet.UnhandledThrow)
    assert "out of bounds" in str(ran.error)
    assert ran.seconds == 1.0


@pytest.mark.parametrize(
    "parts",
    [
        (call("late"),),
        (call("asked"),),
        (call("once"),),
        (call("alone"),),
        (call("alone", '{"n": 8}'), call("find")),
        (call("find", '{"n": "seven"}'),),
        (call("find", '{"n": 7'),),
        (call("fine"),),
    ],
)
def test_what_starts_in_its_turn_only(parts: Any) -> None:
    ran = Ran(speaks(*parts, Wait(5)), DONE).run()
    assert ran.value == "done"
    assert all(began >= 5.0 for _, began in ran.began)
    assert "ToolStarted" not in ran.acts()[: ran.acts().index("StepEnded")]


def test_the_third_of_the_same_is_not_begun() -> None:
    ran = Ran(*[speaks(call("find"), Wait(1))] * 3, DONE).run()
    assert (ran.value, len(ran.began)) == ("done", 2)
    assert ran.told["c_find"] == "you asked this before: found 7"


def test_no_more_at_a_time_than_the_agent_may_run() -> None:
    many = [call("find", json.dumps({"n": n}), f"c{n}") for n in range(5)]
    ran = Ran(speaks(*many, Wait(1), call("late", '{"n": 9}')), DONE).run()
    assert ran.began == [(0, 0.0), (1, 0.0), (2, 0.0), (3, 3.0), (4, 3.0), (9, 3.0)]


def test_a_run_that_waits_for_a_person_keeps_what_has_come() -> None:
    paused = Ran(speaks(call("find"), call("pay", '{"n": 9}'))).run()
    assert isinstance(paused.error, bamlet.BamlPaused)
    assert (paused.began, paused.seconds) == ([(7, 0.0)], 3.0)
    assert paused.error.state is not None
    saved = bamlet.AgentState.from_json(paused.error.state.to_json())
    on = Ran(DONE).run(saved, {"c_pay": True})
    assert (on.value, [n for n, _ in on.began]) == ("done", [9])
    assert on.told == {"c_find": "found 7", "c_pay": "found 9"}


def test_a_run_that_has_failed_keeps_what_has_come() -> None:
    failing = speaks(call("find"), Wait(4), BREAKS, finish=None)
    ran = Ran(failing, refused(500), refused(500)).run()
    assert ran.error is not None
    assert ran.error.state is not None
    assert ran.began == [(7, 0.0)]
    on = Ran(speaks(call("find"), Wait(1)), DONE).run(bamlet.AgentState.from_json(ran.error.state.to_json()))
    assert (on.value, on.began, on.told) == ("done", [], {"c_find": "found 7"})


def test_a_state_of_before_there_were_early_tools_goes_on() -> None:
    paused = Ran(speaks(call("pay"))).run().error
    assert paused is not None
    assert paused.state is not None
    data = json.loads(paused.state.to_json())
    del data["early"]
    assert Ran(DONE).run(bamlet.AgentState.from_json(json.dumps(data)), {"c_pay": False}).value == "done"


def test_what_it_asks_of_a_model_is_charged() -> None:
    ran = Ran(speaks(call("Sum"), Wait(2)), DONE)
    ran.budget = bamlet.Budget(attempts=2)
    assert isinstance(ran.run().error, bamlet.BamlBudgetError)
    assert [body["model"] for body in ran.transport.bodies] == ["m", "other"]


def test_an_agent_that_begins_early_says_nothing_into_the_answer() -> None:
    function = {"name": "late", "arguments": '{"n": 8}'}
    message = {"role": "assistant", "tool_calls": [{"id": "c", "type": "function", "function": function}]}
    whole = json.dumps({"choices": [{"index": 0, "message": message, "finish_reason": "tool_calls"}]})
    other = Reply([whole.encode()], headers=JSON), said("inner")
    ran = Ran(speaks(call("Inner"), Wait(1), call("late")), DONE, other=other).run()
    assert ran.value == "done"
    assert ran.told["c_Inner"] == "inner"
    steps = [(event.at, event.path) for event in ran.events if event.name == "StepStarted"]
    assert (0.0, ("Assist", "Inner")) in steps
    assert {event.path for event in ran.events if event.name == "ChunkSaid" and event.at == 1.0} == {("Assist",)}


def test_what_a_model_writes_in_words_starts_early_too() -> None:
    said = ['[{"tool": "find", "n', '": 7}', Wait(5), "]"]
    parts = [part if isinstance(part, Wait) else events(_chunk({"content": part})) for part in said]
    first = Reply([*parts, events(_chunk({}, "stop"))], headers=SSE)
    ran = Ran(first, DONE, mode=", tool_mode prompt").run()
    assert (ran.value, ran.began, ran.seconds) == ("done", [(7, 0.0)], 5.0)


def random_answers(random: Random) -> Iterator[Reply]:
    for step in range(random.randint(1, 4)):
        for _ in range(random.randint(0, 2)):
            yield speaks(*random_parts(random, step), Wait(random.random()), BREAKS, finish=None)
        yield speaks(*random_parts(random, step), call("late", json.dumps({"n": step}), f"late{step}"))
    yield DONE


def random_parts(random: Random, step: int) -> Iterator[Any]:
    for number in range(random.randint(0, 3)):
        yield call("find", json.dumps({"n": 10 * step + random.randrange(3)}), f"c{step}.{number}")
        yield Wait(random.random() * 2)


def test_nothing_runs_twice_for_a_step_whatever_breaks() -> None:
    """Each result is that of its call, in the order of the calls, and a step runs each call at most once."""
    for seed in range(30):
        random = Random(seed)
        ran = Ran(*random_answers(random), seconds=random.random() * 3).run()
        assert ran.value == "done", f"seed {seed}: {ran.error}"
        starts = [event for event in ran.events if event.name == "ToolStarted" and event.call.name == "find"]
        early = [(event.step, event.call.raw) for event in starts]
        assert len(early) == len(set(early)), f"seed {seed}"
        for message in ran.transport.bodies[-1]["messages"]:
            if message["role"] == "assistant":
                wanted = [(one["id"], json.loads(one["function"]["arguments"])) for one in message["tool_calls"]]
            elif message["role"] == "tool":
                call_id, arguments = wanted.pop(0)
                assert message["tool_call_id"] == call_id, f"seed {seed}"
                assert message["content"].endswith(f"found {arguments['n']}"), f"seed {seed}"
