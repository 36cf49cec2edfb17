"""How a program and its host steer an agent: another loop, a plan for each step, answers of a person at once, what
must not be done twice, and functions of the host that know where they run.
"""

from __future__ import annotations

import asyncio
import json
import pickle
from typing import Any

import pytest

import bamlet
from bamlet.testing.script import Scripted, call, calls, say, script
from tests.support.scripted import LoopClock, run_virtual

SOURCE = """
client<llm> C { provider openai, options { model "m", api_key "k" } }
client<llm> Other { provider openai, options { model "other", api_key "k" } }

/// Looks.
function look(at: int) -> int throws baml.errors.HostCallable { $host }
/// Pays.
function pay(amount: int) -> string { baml.sys.sleep(1000); "paid" }
/// Has no network.
function lost(n: int) -> int throws baml.errors.Io { throw baml.errors.Io { message: "no network" } }

function careful() -> baml.agent.Tool {
  baml.agent.Tool { ...baml.agent.tool(pay), approval: (call) => true, once: true }
}
function wary() -> baml.agent.Tool { baml.agent.Tool { ...baml.agent.tool(lost), once: true, retries: 3 } }

function Assist(q: string) -> string { client C, tools [look, careful, wary], prompt #"{{ q }}"# }

function Reviewed(state: baml.agent.State, tools: baml.agent.Tool[]) -> baml.agent.State throws unknown {
  let said = baml.agent.say(state, tools);
  if (said.is_final() || state.steps > 0) { return baml.agent.do(state, said, tools); }
  baml.agent.tell(state, said, "A reviewer refused this step.")
}
function Closed(q: string) -> string { client C, tools [shut], prompt #"{{ q }}"# }
function shut() -> baml.agent.Tool[] throws string { throw "no tools today" }

client<llm> Known { provider strategy, options { strategy [C], call Answer } }
function Answer(client: baml.llm.Client, call: baml.llm.ExecutionContext) -> unknown throws unknown { "known" }
function Cached(q: string) -> string { client Known, tools [look], prompt #"{{ q }}"# }

function Stubborn(state: baml.agent.State, tools: baml.agent.Tool[]) -> baml.agent.State throws unknown {
  let said = baml.agent.say(state, tools);
  if (state.steps == 0) { baml.agent.tell(state, said, "look first") } else { baml.agent.do(state, said, tools) }
}
function Strict(q: string) -> string { client C, tools [look], loop Stubborn, prompt #"{{ q }}"# }

function Looped(q: string) -> string { client C, tools [look], loop Reviewed, prompt #"{{ q }}"# }

function FirstOnly(state: baml.agent.State) -> baml.agent.Plan {
  let usual = baml.agent.usual(state, baml.agent.declared("Blocked"));
  baml.agent.Plan { ...usual, tools: [usual.tools[0]], client: "Other" }
}
function twice(state: baml.agent.State) -> bool { state.steps >= 2 }
function Blocked(q: string) -> string {
  client C
  tools [look, wary]
  agent { choose FirstOnly, done twice }
  prompt #"{{ q }}"#
}
function Short(q: string) -> string { client C, tools [look], agent { max_steps 1 }, prompt #"{{ q }}"# }

function Steered(q: string, choice: string) -> unknown throws unknown {
  let tools = baml.agent.declared("Assist");
  baml.agent.run_with("Assist", { "q": q }, tools, baml.agent.Options {
    ...baml.agent.options(),
    choose: (state: baml.agent.State) -> baml.agent.Plan {
      baml.agent.Plan {
        tools: [tools[0]],
        messages: state.messages,
        client: if (state.steps == 0) { "C" } else { "Other" },
        choice: choice,
      }
    },
    done: (state: baml.agent.State) -> bool { state.steps >= 2 },
  })
}
"""
PROGRAM = bamlet.compile_sources({"main.baml": SOURCE})


async def look(at: int) -> int:
    return at


def ran(model: Any, work: Any, functions: Any = None) -> Any:
    async def run() -> Any:
        runtime = bamlet.AsyncRuntime(
            PROGRAM,
            functions=functions or {"look": look},
            transport=model,
            clock=LoopClock(),
            environ={},
        )
        async with runtime:
            found = await work(runtime)
            assert runtime.handles.open_count == 0
            return found

    return run_virtual(run())


def called(function: str, *answers: Scripted, context: bamlet.CallContext | None = None, **more: Any) -> Any:
    arguments = {"q": "?", **more}
    return ran(script(*answers), lambda runtime: runtime.call(function, arguments, context=context))


class TestAnotherLoop:
    def test_it_makes_the_steps(self) -> None:
        model = script(calls(call("look", {"at": 1})), calls(call("look", {"at": 1})), say("ok"))
        assert ran(model, lambda runtime: runtime.call("Looped", q="?")) == "ok"
        told = [message for message in model.requests[-1].body["messages"] if message["role"] == "tool"]
        assert ["reviewer" in message["content"] for message in told] == [True, False]

    def test_it_may_refuse_what_calls_nothing(self) -> None:
        model = script(say("hm"), say("ok"))
        assert ran(model, lambda runtime: runtime.call("Strict", q="?")) == "ok"
        assert "look first" in json.dumps(model.requests[-1].body["messages"][-1])


class TestWithoutAModel:
    def test_a_strategy_may_answer_by_itself(self) -> None:
        model = script(say("not asked"))
        assert ran(model, lambda runtime: runtime.call("Cached", q="?")) == "known"
        assert model.requests == []

    def test_tools_that_there_are_not_are_told_where_the_request_is_shown(self) -> None:
        with pytest.raises(bamlet.BamlInvalidArgumentError, match="no tools today"):
            bamlet.Runtime(PROGRAM, environ={}).request("Closed", q="?")


class TestPlans:
    def test_each_step_has_its_client_and_the_run_its_end(self) -> None:
        answers = [calls(call("look", {"at": n}), text=f"step {n}") for n in (1, 2, 3)]
        model = script(*answers)
        value = ran(model, lambda runtime: runtime.call("Steered", q="?", choice="look"))
        assert value == "step 2"
        assert [request.body["model"] for request in model.requests] == ["m", "other"]
        first = model.requests[0].body
        assert first["tool_choice"] == {"type": "function", "function": {"name": "look"}}
        assert [tool["function"]["name"] for tool in first["tools"]] == ["look"]

    def test_the_block_of_a_function_steers_it_too(self) -> None:
        model = script(*(calls(call("look", {"at": n}), text=f"step {n}") for n in (1, 2, 3)))
        assert ran(model, lambda runtime: runtime.call("Blocked", q="?")) == "step 2"
        assert [request.body["model"] for request in model.requests] == ["other", "other"]
        assert [tool["function"]["name"] for tool in model.requests[0].body["tools"]] == ["look"]
        with pytest.raises(bamlet.UnhandledThrow, match="no answer after 1 steps"):
            called("Short", calls(call("look", {"at": 1})))

    def test_a_choice_of_a_tool_that_there_is_not(self) -> None:
        with pytest.raises(bamlet.BamlInvalidArgumentError, match="did you mean `look`"):
            called("Steered", say("ok"), choice="loko")


class TestAPersonIsAskedAtOnce:
    PAY = calls(call("pay", {"amount": 70}))

    @pytest.mark.parametrize(
        ("answer", "told"),
        [
            (True, "paid"),
            (False, "Error: a person has refused this call"),
            ("too much", "Error: too much"),
            ({"amount": 5}, "paid"),
        ],
    )
    def test_the_run_waits(self, answer: Any, told: str) -> None:
        asked: list[Any] = []

        async def agree(ask: Any) -> Any:
            asked.append((ask.tool, ask.arguments, ask.once))
            return answer

        model = script(self.PAY, say("ok"))
        context = bamlet.CallContext(on_approval=agree)
        assert ran(model, lambda runtime: runtime.call("Assist", q="?", context=context)) == "ok"
        assert asked == [("pay", {"amount": 70}, True)]
        assert model.requests[-1].body["messages"][-1]["content"] == told

    def test_no_budget_pays_for_the_time_of_a_person(self) -> None:
        async def agree(ask: Any) -> bool:
            await asyncio.sleep(60)
            return True

        context = bamlet.CallContext(on_approval=agree, budget=bamlet.Budget(seconds=5))
        assert called("Assist", self.PAY, say("ok"), context=context) == "ok"

    def test_but_what_follows_is_timed(self) -> None:
        async def agree(ask: Any) -> bool:
            await asyncio.sleep(60)
            return True

        context = bamlet.CallContext(on_approval=agree, budget=bamlet.Budget(seconds=0.5))
        with pytest.raises(bamlet.BamlBudgetError, match="500 ms"):
            called("Assist", self.PAY, say("ok"), context=context)

    def test_an_answer_that_is_none_is_told(self) -> None:
        async def agree(ask: Any) -> Any:
            return 7

        with pytest.raises(bamlet.BamlInvalidArgumentError, match="is true, false, a reason for no"):
            called("Assist", self.PAY, context=bamlet.CallContext(on_approval=agree))

    def test_what_the_host_raises_reaches_it(self) -> None:
        async def agree(ask: Any) -> Any:
            raise LookupError("nobody is there")

        with pytest.raises(LookupError, match="nobody is there"):
            called("Assist", self.PAY, context=bamlet.CallContext(on_approval=agree))


class TestOnce:
    def test_no_try_is_repeated(self) -> None:
        model = script(calls(call("lost", {"n": 1})), say("ok"))
        assert ran(model, lambda runtime: runtime.call("Assist", q="?")) == "ok"
        assert model.requests[-1].body["messages"][-1]["content"] == "Error: no network"

    def test_what_was_begun_when_the_run_was_stopped_is_not_done_again(self) -> None:
        async def work(runtime: bamlet.AsyncRuntime) -> Any:
            async def agree(ask: Any) -> bool:
                return True

            context = bamlet.CallContext(on_approval=agree, deadline=0.5)  # it takes a second to pay
            with pytest.raises(bamlet.BamlTimeoutError) as ended:
                await runtime.call("Assist", q="?", context=context)
            state = bamlet.AgentState.from_json(ended.value.state.to_json())
            assert state.data["begun"] == ["call_pay"]
            return await runtime.resume(state, {})

        model = script(calls(call("pay", {"amount": 70})), say("ok"))
        assert ran(model, work) == "ok"
        assert "nobody knows whether it was done" in model.requests[-1].body["messages"][-1]["content"]


class TestFunctionsOfTheHost:
    LOOK = calls(call("look", {"at": 3}))

    def heard(self, function: Any) -> tuple[list[Any], Any]:
        events: list[Any] = []
        context = bamlet.CallContext(on_event=events.append, deps={"shop": 1}, tags={"user": "7"})
        model = script(self.LOOK, say("ok"))
        ran(model, lambda runtime: runtime.call("Assist", q="?", context=context), {"look": function})
        return [event for event in events if event.name == "ToolProgress"], model

    def test_one_in_the_loop_knows_where_it_runs_and_tells_how_far_it_is(self) -> None:
        seen: list[Any] = []

        async def waits(at: int, context: bamlet.ToolContext) -> int:
            seen.append((context.call_id, context.step, context.deps, context.tags["user"]))
            await context.progress({"done": 0.5})  # type: ignore[misc]
            return at

        events, _ = self.heard(waits)
        assert seen == [("call_look", 1, {"shop": 1}, "7")]
        assert [(event.tool, event.value) for event in events] == [("look", {"done": 0.5})]
        json.dumps([event.data() for event in events])

    def test_one_in_a_thread(self) -> None:
        def runs(context: bamlet.ToolContext, at: int) -> int:
            for part in (1, 2):
                context.progress(part)
            return at

        # A thread takes real time, so the loop that it tells its progress may not be one whose time jumps.
        events: list[Any] = []
        runtime = bamlet.Runtime(
            PROGRAM, functions={"look": runs}, transport=script(self.LOOK, say("ok")), environ={}
        )
        with runtime:
            runtime.call("Assist", q="?", context=bamlet.CallContext(on_event=events.append))
        assert [event.value for event in events if event.name == "ToolProgress"] == [1, 2]

    def test_what_it_refuses_is_told_in_its_own_words(self) -> None:
        async def refuses(at: int) -> int:
            raise bamlet.Refuse("ask for another place")

        _, model = self.heard(refuses)
        assert model.requests[-1].body["messages"][-1]["content"] == "Error: ask for another place"

    def test_one_is_given_by_its_name(self) -> None:
        runtime = bamlet.Runtime(PROGRAM, transport=script(self.LOOK, say("ok")), environ={})

        @runtime.function
        def look(at: int) -> int:
            return at

        with runtime:
            assert runtime.call("Assist", q="?") == "ok"
        assert look(2) == 2

    def test_one_that_the_program_does_not_want(self) -> None:
        runtime = bamlet.Runtime(PROGRAM, environ={})

        def loook(at: int) -> int:
            return at

        with pytest.raises(bamlet.BamlInvalidArgumentError, match="did you mean `look`"):
            runtime.function(loook)


class TestAStateThatIsKept:
    """`resume` looks whether the program is still the one that the state is of."""

    def kept(self) -> str:
        async def work(runtime: bamlet.AsyncRuntime) -> str:
            with pytest.raises(bamlet.BamlPaused) as pause:
                await runtime.call("Assist", q="?")
            again = pickle.loads(pickle.dumps(pause.value.state))
            assert again == pause.value.state
            return str(pause.value.state.to_json())

        found: str = ran(script(calls(call("pay", {"amount": 70}))), work)
        return found

    def resumed(self, source: str, text: str, model: Any, **more: Any) -> Any:
        program = bamlet.compile_sources({"main.baml": source})
        state = bamlet.AgentState.from_json(text)

        async def run() -> Any:
            runtime = bamlet.AsyncRuntime(
                program, functions={"look": look}, transport=model, clock=LoopClock(), environ={}
            )
            async with runtime:
                return await runtime.resume(state, {state.asks[0].id: True}, **more)

        return run_virtual(run())

    def test_the_same_program_goes_on(self) -> None:
        assert self.resumed(SOURCE, self.kept(), script(say("ok"))) == "ok"

    def test_one_that_has_changed_does_so_on_request_and_tells_the_model_what_is_gone(self) -> None:
        source = SOURCE.replace("tools [look, careful, wary]", "tools [look]")
        text, model = self.kept(), script(say("ok"))
        with pytest.raises(bamlet.BamlInvalidArgumentError, match="`Assist` or something that it is made of"):
            self.resumed(source, text, model)
        assert model.requests == []
        assert self.resumed(source, text, model, changed=True) == "ok"
        assert "there is no tool `pay`" in model.requests[0].body["messages"][-1]["content"]
