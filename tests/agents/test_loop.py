"""The loop of an agent: what runs when, what is told to the model, and what ends a run. Time is virtual.

Order in time, requests and states that a host keeps are outside of what a program can see.
"""

from __future__ import annotations

import json
from dataclasses import replace
from functools import cache
from typing import Any

import pytest

import bamlet
from bamlet.testing.script import Scripted, call, calls, fail, say, script
from tests.support.scripted import LoopClock, run_virtual

SOURCE = """
client<llm> Fast { provider PROVIDER, retry_policy Twice, options { model "m", api_key "k" OPTIONS } }
retry_policy Twice { max_retries 1 }

class Order { id int, state "open" | "closed" }
class Answer { count int }

/// Looks up orders.
/// customer: the number on the card
function find_orders(customer: int, open_only: bool?) -> Order[] {
  [Order { id: customer * 10, state: "open" }]
}

/// Waits.
function wait(ms: int) -> int { baml.sys.sleep(ms); ms }

/// Waits, and then does without a network.
function lost(ms: int) -> int throws baml.errors.Io {
  baml.sys.sleep(ms);
  throw baml.errors.Io { message: "no network" };
}

/// Says much.
function flood(size: int) -> string { "x".repeat(size) }

/// Throws.
function refuse(why: string) -> int throws unknown { throw why }

/// Ends the run.
function stop() -> int throws baml.agent.Stop { throw baml.agent.Stop { message: "enough" } }

/// Panics.
function broken(at: int) -> int { [1, 2][at] }

/// Is asked for what must hold.
function small(n: int @assert(few, {{ this < 10 }})) -> int { n }

/// Sums up a text.
function Sum(text: string) -> Answer { client Fast, prompt #"Count {{ text }} {{ ctx.output_format }}"# }

function Assist(q: string) -> string {
  client Fast
  tools [find_orders, wait, lost, flood, refuse, stop, broken, small, Sum, patient, careful]
  prompt #"{{ _.role("user") }} {{ q }}"#
}

function Typed(q: string) -> Answer {
  client Fast
  tools [wait]
  prompt #"{{ _.role("user") }} {{ q }} {{ ctx.output_format }}"#
}

/// Waits, when nothing else does.
function wait_alone(ms: int) -> int { wait(ms) }

/// Pays.
function pay(amount: int) -> string { "paid " + baml.unstable.string(amount) }

function patient() -> baml.agent.Tool[] {
  [
    baml.agent.Tool { ...baml.agent.tool(wait), name: "wait_early", early: true },
    baml.agent.Tool { ...baml.agent.tool(wait_alone), alone: true },
    baml.agent.Tool { ...baml.agent.tool(lost), name: "lost_twice", retries: 2, timeout_ms: 5000 },
    baml.agent.Tool { ...baml.agent.tool(flood), name: "flood_some", max_result: 10 },
  ]
}

function careful() -> baml.agent.Tool {
  baml.agent.Tool { ...baml.agent.tool(pay), approval: is_large }
}

function is_large(call: baml.agent.Call) -> bool {
  match (call.arguments["amount"]) {
    amount: int => amount > 10,
    _ => true,
  }
}

function Few(q: string) -> unknown throws unknown {
  let state = baml.agent.begin("Assist", { "q": q });
  baml.agent.go_on(baml.agent.State { ...state, max_steps: 2, parallel: 2 }, baml.agent.declared("Assist"))
}

function OfLambda(q: string) -> baml.agent.Tool throws baml.errors.InvalidArgument {
  baml.agent.tool((n: int) => n)
}
"""
OPTIONS = {
    "openai": "",
    "openai-generic": ', base_url "http://test/v1"',
    "openrouter": "",
    "ollama": "",
    "azure-openai": ', base_url "http://test/v1", api_version "1"',
    "openai-responses": "",
    "anthropic": "",
    "google-ai": "",
    "vertex-ai": ', location "us-central1", project_id "p", authorization_token "t"',
    "aws-bedrock": ', region "us-east-1"',
    "ollama-native": "",
}


@cache
def program(provider: str = "openai") -> bamlet.Program:
    source = SOURCE.replace("PROVIDER", provider).replace("OPTIONS", OPTIONS[provider])
    found = bamlet.compile_sources({"main.baml": source})
    assert not found.diagnostics
    return found


class Ran:
    """What became of a run: its value or error, what was asked, and how long it took."""

    def __init__(self, *answers: Scripted, provider: str = "openai") -> None:
        self.model = script(*answers)
        self.provider = provider
        self.seconds = 0.0
        self.partials: list[Any] = []

    def call(self, function: str = "Assist", **arguments: Any) -> Any:
        return run_virtual(self._run(function, arguments or {"q": "?"}))

    def resume(self, state: bamlet.AgentState, answers: dict[str, Any]) -> Any:
        return run_virtual(self._with_runtime(lambda runtime: runtime.resume(state, answers)))

    async def _run(self, function: str, arguments: dict[str, Any]) -> Any:
        return await self._with_runtime_async(lambda runtime: runtime.call(function, arguments))

    async def _with_runtime(self, make: Any) -> Any:
        return await self._with_runtime_async(make)

    async def _with_runtime_async(self, make: Any) -> Any:
        clock = LoopClock()
        async with bamlet.AsyncRuntime(
            program(self.provider), transport=self.model, clock=clock, environ={}
        ) as runtime:
            began = clock.now()
            try:
                return await make(runtime)
            finally:
                self.seconds = round(clock.now() - began, 3)
                assert runtime.handles.open_count == 0

    @property
    def told(self) -> list[Any]:
        """The results in the last request, in OpenAI's form."""
        messages = self.model.requests[-1].body["messages"]
        return [message["content"] for message in messages if message["role"] == "tool"]


@pytest.mark.parametrize("provider", OPTIONS)
def test_every_dialect_has_tools(provider: str) -> None:
    """The calls of an answer come back with their results, in their order, and then the answer is the value."""
    ran = Ran(
        calls(call("find_orders", {"customer": 7}), call("wait", {"ms": 5}), text="I look."),
        say("You have one."),
        provider=provider,
    )
    assert ran.call(q="How many?") == "You have one."
    sent = json.dumps(ran.model.requests[1].body).replace("\\", "")
    assert '"id":70,"state":"open"' in sent


def test_calls_of_one_answer_run_together() -> None:
    ran = Ran(calls(*(call("wait", {"ms": ms}) for ms in (3000, 1000, 2000))), say("ok"))
    assert ran.call() == "ok"
    assert ran.told == ["3000", "1000", "2000"]
    assert ran.seconds == 3.0


def test_so_many_at_a_time_as_the_state_says() -> None:
    ran = Ran(calls(*(call("wait", {"ms": ms}) for ms in (3000, 1000, 2500))), say("ok"))
    assert ran.call("Few", q="?") == "ok"
    assert ran.seconds == 3.5


def test_a_tool_that_runs_alone_has_its_place_among_the_calls() -> None:
    wanted = (("wait", 1000), ("wait", 2000), ("wait_alone", 500), ("wait", 1500))
    ran = Ran(calls(*(call(name, {"ms": ms}) for name, ms in wanted)), say("ok"))
    assert ran.call() == "ok"
    assert ran.told == ["1000", "2000", "500", "1500"]
    assert ran.seconds == 2.0 + 0.5 + 1.5


def test_limits_and_tries_of_a_tool() -> None:
    late = Ran(calls(call("wait", {"ms": 61_000})), say("ok"))
    assert late.call() == "ok"
    assert (late.told, late.seconds) == (["Error: the task took longer than 60000 ms"], 60.0)
    tried = Ran(calls(call("lost_twice", {"ms": 1000})), say("ok"))
    assert tried.call() == "ok"
    assert (tried.told, tried.seconds) == (["Error: no network"], 3.0)
    slow = Ran(calls(call("lost_twice", {"ms": 6000})), say("ok"))
    assert slow.call() == "ok"
    assert (slow.told, slow.seconds) == (["Error: the task took longer than 5000 ms"], 15.0)


@pytest.mark.parametrize(
    ("name", "arguments", "told"),
    [
        ("refuse", {"why": "not today"}, "Error: not today"),
        ("find_order", {}, "Error: there is no tool `find_order`; did you mean `find_orders`?"),
        ("__class__", {}, "Error: there is no tool `__class__`; there are find_orders, wait, "),
        ("wait", {"ms": "soon"}, "Error: the arguments do not fit: $.ms: expected int, got string"),
        ("wait", {}, "Error: the arguments do not fit: $.ms: expected int"),
        ("small", {"n": 12}, "Error: the arguments do not fit: $.n: the assertion `few` does not hold"),
        ("flood_some", {"size": 100_000}, "xxxxx … 99,990 characters left out … xxxxx"),
    ],
)
def test_what_goes_wrong_is_told_to_the_model(name: str, arguments: dict[str, Any], told: str) -> None:
    ran = Ran(calls(call(name, arguments)), say("ok"))
    assert ran.call() == "ok"
    assert ran.told[0].startswith(told)


def test_arguments_that_are_cut_off_are_never_used() -> None:
    cut = replace(calls(call("wait", {"ms": 1000}), call("wait", {"ms": 2000})), finish="length")
    ran = Ran(cut, say("ok"))
    assert ran.call() == "ok"
    assert ran.told == ["1000", "Error: the arguments are cut off; write fewer, or shorter ones"]
    assert ran.seconds == 1.0


def test_more_calls_than_an_answer_may_have() -> None:
    ran = Ran(calls(*(call("wait", {"ms": n}) for n in range(66))), say("ok"))
    assert ran.call() == "ok"
    assert ran.told[63:] == ["63", *["Error: only 64 calls of one answer are made"] * 2]


def test_an_llm_function_is_a_tool_like_any_other() -> None:
    ran = Ran(calls(call("Sum", {"text": "a b"})), say('{"count": 2}'), say("Two."))
    assert ran.call() == "Two."
    assert ran.told == ['{"count":2}']


@pytest.mark.parametrize("mode", ["prompt", "json_schema", "tool"])
def test_every_way_to_ask_for_the_answer_goes_with_tools(mode: str) -> None:
    """Called, streamed and heard; where the answer is a call itself, it is none of the calls to make."""
    source = SOURCE.replace("PROVIDER", "openai").replace("OPTIONS", f", output_mode {mode}")
    compiled = bamlet.compile_sources({"main.baml": source})

    async def run(*, streams: bool) -> tuple[Any, list[Any]]:
        model = script(calls(call("wait", {"ms": 5})), say('{"count": 2}'))
        async with bamlet.AsyncRuntime(compiled, transport=model, clock=LoopClock(), environ={}) as runtime:
            if not streams:
                return await runtime.call("Typed", q="?"), []
            stream = runtime.stream("Typed", q="?")
            events = [event async for event in stream.agent_events()]
            return await stream.final(), events

    assert run_virtual(run(streams=False))[0].count == 2
    value, events = run_virtual(run(streams=True))
    assert value.count == 2
    assert sum(event.name == "ToolEnded" for event in events) == 1
    said = [
        event.chunk.name for event in events if event.name == "ChunkSaid" and event.chunk.type == "tool_call_end"
    ]
    assert said[0] == "wait"


# --- what ends a run


def test_a_tool_may_end_the_run() -> None:
    with pytest.raises(bamlet.UnhandledThrow) as ended:
        Ran(calls(call("stop"))).call()
    assert ended.value.value.message == "enough"
    assert ended.value.state is not None


def test_a_panic_of_a_tool_ends_the_run() -> None:
    with pytest.raises(bamlet.UnhandledThrow, match="panic"):
        Ran(calls(call("broken", {"at": 5}))).call()


def test_the_same_call_again_and_again() -> None:
    again = [calls(call("wait", {"ms": 1000}))]
    ran = Ran(*again)
    with pytest.raises(bamlet.UnhandledThrow, match="again and again") as ended:
        ran.call()
    assert ran.seconds == 2.0
    state = ended.value.state
    assert state is not None
    results = [message["parts"][0] for message in state.messages if message["role"] == "tool"]
    assert [one["content"] for one in results] == [1000, 1000, "you asked this before: 1000"]


def test_the_same_call_three_times_in_one_answer() -> None:
    """Ids say nothing across answers: some servers count their calls anew in each."""
    other = calls(call("wait", {"ms": 7}))
    ran = Ran(other, calls(*[call("wait", {"ms": 1000})] * 3), say("ok"))
    assert ran.call() == "ok"
    assert ran.told == ["7", "1000", "1000", "you asked this before: 1000"]


def test_a_limit_of_steps() -> None:
    ran = Ran(calls(call("wait", {"ms": 1})), calls(call("wait", {"ms": 2})), say("late"))
    with pytest.raises(bamlet.UnhandledThrow, match="no answer after 2 steps") as ended:
        ran.call("Few", q="?")
    assert ended.value.state is not None
    assert len(ended.value.state.messages) == 4


# --- failures of the model


def test_results_of_tools_outlive_a_failed_attempt() -> None:
    ran = Ran(calls(call("wait", {"ms": 1000})), fail(500), say("ok"))
    assert ran.call() == "ok"
    assert ran.told == ["1000"]
    assert ran.seconds == pytest.approx(1.2, abs=0.3)


def test_the_error_of_a_model_has_where_the_run_stood() -> None:
    ran = Ran(calls(call("wait", {"ms": 1000})), fail(500))
    with pytest.raises(bamlet.BamlClientHttpError) as ended:
        ran.call()
    state = ended.value.state
    assert state is not None
    on = Ran(say("ok"))
    assert on.resume(bamlet.AgentState.from_json(state.to_json()), {}) == "ok"
    assert (on.told, on.seconds) == (["1000"], 0.0)


def test_an_answer_that_does_not_fit_is_told_once() -> None:
    ran = Ran(say("many"), say('{"count": 3}'))
    assert ran.call("Typed", q="?").count == 3
    assert "$.count: expected int" in ran.model.requests[-1].body["messages"][-1]["content"][0]["text"]
    with pytest.raises(bamlet.BamlValidationError):
        Ran(say("many")).call("Typed", q="?")


def test_a_lambda_is_no_tool() -> None:
    with pytest.raises(bamlet.BamlInvalidArgumentError, match="declare a function"):
        Ran(say("")).call("OfLambda")


# --- a person must agree


def paused(*answers: Scripted) -> tuple[bamlet.BamlPaused, Ran]:
    ran = Ran(*answers)
    with pytest.raises(bamlet.BamlPaused) as ended:
        ran.call()
    return ended.value, ran


TWO = calls(call("wait", {"ms": 1000}), call("pay", {"amount": 70}))


def test_nothing_of_an_answer_runs_before_all_are_answered() -> None:
    pause, ran = paused(TWO)
    assert str(pause) == "`Assist` waits for a person to agree to `pay`"
    assert [(ask.tool, ask.arguments) for ask in pause.asks] == [("pay", {"amount": 70})]
    assert ran.seconds == 0.0


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (True, "paid 70"),
        (False, "Error: a person has refused this call"),
        ("too much", "Error: too much"),
        ({"amount": 5}, "paid 5"),
        ({"amount": "five"}, "Error: "),
    ],
)
def test_the_answers_of_a_person(answer: Any, told: str) -> None:
    pause, _ = paused(TWO)
    assert pause.state is not None
    saved = bamlet.AgentState.from_json(pause.state.to_json())
    on = Ran(say("ok"))
    assert on.resume(saved, {pause.asks[0].id: answer}) == "ok"
    assert on.told[0] == "1000"
    assert on.told[1].startswith(told)


@pytest.mark.parametrize(
    ("answers", "message"),
    [
        ({}, "there is no answer for `call_pay`"),
        ({"call_pay": True, "other": True}, "nothing asks for `other`"),
        ({"call_pay": 3}, "is true, false, a reason for no or other arguments"),
    ],
)
def test_answers_for_nobody(answers: dict[str, Any], message: str) -> None:
    pause, _ = paused(TWO)
    assert pause.state is not None
    on = Ran(say("ok"))
    with pytest.raises(bamlet.BamlInvalidArgumentError, match=message):
        on.resume(pause.state, answers)
    assert (on.model.requests, on.seconds) == ([], 0.0)


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"v": 2}'])
def test_what_is_no_state(text: str) -> None:
    with pytest.raises(bamlet.BamlInvalidArgumentError):
        bamlet.AgentState.from_json(text)


# --- streams


def test_a_stream_shows_the_answer_and_takes_back_what_a_step_has_said() -> None:
    async def run() -> list[Any]:
        model = script(calls(call("wait", {"ms": 10}), text="I look."), say("You have one."))
        async with bamlet.AsyncRuntime(program(), transport=model, clock=LoopClock(), environ={}) as runtime:
            stream = runtime.stream("Assist", q="?", partials="deltas")
            shown = [part async for part in stream]
            assert await stream.final() == "You have one."
            assert runtime.handles.open_count == 0
            return shown

    shown = run_virtual(run())
    resets = [at for at, part in enumerate(shown) if isinstance(part, bamlet.Reset)]
    assert len(resets) == 1
    assert "".join(shown[: resets[0]]) == "I look."
    assert "".join(shown[resets[0] + 1 :]) == "You have one."


def test_the_first_request_has_the_tools() -> None:
    body = bamlet.Runtime(program(), environ={}).request("Assist", q="?").body.json()
    names = [one["function"]["name"] for one in body["tools"]]
    assert names[:2] == ["find_orders", "wait"]
    assert names[-4:] == ["wait_alone", "lost_twice", "flood_some", "pay"]
