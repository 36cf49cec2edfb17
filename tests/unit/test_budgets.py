"""Budgets, and what calls have cost: how each attempt ends, how its tokens are known, and what is stopped where.

Requests, sockets and virtual time are outside of what a program can see.
"""

from __future__ import annotations

import asyncio
from functools import cache
from pathlib import Path
from typing import Any

import pytest

import bamlet
from bamlet.testing.script import call, calls, cut, fail, say, script
from tests.support.scripted import LoopClock, run_virtual

SOURCE = """
client<llm> Fast { provider PROVIDER, options { model "m", api_key "k", price { input 1, output 10 } OPTIONS } }
client<llm> Free { provider openai, options { model "unheard-of", api_key "k" } }
client<llm> Short { provider openai, options { model "m", api_key "k", max_tokens 400 } }
client<llm> Twice { provider openai, retry_policy Two, options { model "m", api_key "k" } }
client<llm> Either { provider fallback, options { strategy [Free, Fast] } }
client<llm> Race { provider strategy, options { strategy [Free, Fast], call race } }
retry_policy Two { max_retries 1 }

function race(client: baml.llm.Client, call: baml.llm.ExecutionContext) -> unknown throws unknown {
  let tasks: (() -> unknown)[] = [];
  for (let member in client.sub_clients) { tasks.push(() => baml.llm.execute_client(member, call)); }
  baml.task.race(tasks)
}

function Tell(q: string) -> string { client Fast, prompt #"{{ _.role("user") }} {{ q }}"# }
function OfFree(q: string) -> string { client Free, prompt #"{{ q }}"# }
function OfShort(q: string) -> string { client Short, prompt #"{{ q }}"# }
function OfTwice(q: string) -> string { client Twice, prompt #"{{ q }}"# }
function OfRace(q: string) -> string { client Race, prompt #"{{ q }}"# }
function OfEither(q: string) -> string { client Either, prompt #"{{ q }}"# }

/// Goes on.
function more(n: int) -> int { n }
function Work(q: string) -> string { client Fast, tools [more], prompt #"{{ q }}"# }

function Bounded(tokens: int, q: string) -> unknown throws unknown {
  let found = baml.budget.within(baml.budget.Limits { tokens: tokens }, () => Tell(q) + Tell(q)) catch (error) {
    over: baml.errors.Budget => {
      return [over.what, over.limit, over.spent.source, over.spent.attempts.length()];
    }
  };
  [found, baml.budget.left().tokens]
}

function Nested(outer: int, inner: int, q: string) -> unknown throws unknown {
  baml.budget.within(baml.budget.Limits { tokens: outer }, () -> unknown {
    baml.budget.within(baml.budget.Limits { tokens: inner }, () => Tell(q) + Tell(q)) catch (error) {
      over: baml.errors.Budget => "inner"
    }
  }) catch (error) { over: baml.errors.Budget => "outer" }
}

function Patient(ms: int, wait: int) -> unknown throws unknown {
  baml.budget.within(baml.budget.Limits { ms: ms }, () -> int { baml.sys.sleep(wait); 1 }) catch (error) {
    over: baml.errors.Budget => over.what
  }
}

function Left(q: string) -> unknown throws unknown {
  baml.budget.within(baml.budget.Limits { attempts: 5, usd: 1.0 }, () -> unknown {
    Tell(q);
    let left = baml.budget.left();
    [left.attempts, left.tokens, baml.budget.spent().attempts[0].outcome]
  })
}
"""
OPTIONS = {
    "openai": "",
    "anthropic": "",
    "google-ai": "",
    "aws-bedrock": ', region "us-east-1"',
}
LONG = "word " * 3_000


@cache
def program(provider: str = "openai") -> bamlet.Program:
    source = SOURCE.replace("PROVIDER", provider).replace("OPTIONS", OPTIONS[provider])
    found = bamlet.compile_sources({"main.baml": source})
    assert not found.diagnostics
    return found


def asked(model: Any, work: Any, provider: str = "openai") -> Any:
    """What `work` gives, a coroutine function of a runtime. Nothing is left open."""

    async def run() -> Any:
        runtime = bamlet.AsyncRuntime(program(provider), transport=model, clock=LoopClock(), environ={})
        async with runtime:
            found = await work(runtime)
            assert runtime.handles.open_count == 0
            return found

    return run_virtual(run())


def spent(model: Any, function: str = "Tell", *, streams: bool = False, provider: str = "openai") -> bamlet.Spent:
    heard: list[bamlet.Spent] = []
    context = bamlet.CallContext(on_spent=heard.append)

    async def work(runtime: bamlet.AsyncRuntime) -> None:
        try:
            if streams:
                await runtime.stream(function, q="a question", context=context).final()
            else:
                await runtime.call(function, q="a question", context=context)
        except bamlet.BamlError as error:
            heard.append(error.spent or heard[0])

    asked(model, work, provider)
    assert heard[0] == heard[-1]
    return heard[0]


@pytest.mark.parametrize("provider", OPTIONS)
@pytest.mark.parametrize("streams", [False, True], ids=["call", "stream"])
class TestEveryDialect:
    def test_what_has_finished_costs_what_the_provider_says(self, provider: str, streams: bool) -> None:
        found = spent(script(say("An answer of some words.")), streams=streams, provider=provider)
        assert found.source == "exact"
        assert [one.outcome for one in found.attempts] == ["finished"]
        assert found.input_tokens
        assert found.output_tokens
        assert found.usd == pytest.approx((found.input_tokens + 10 * found.output_tokens) / 1e6)

    def test_what_was_refused_costs_nothing_and_is_there(self, provider: str, streams: bool) -> None:
        found = spent(script(fail(429)), streams=streams, provider=provider)
        assert [(one.outcome, one.cause) for one in found.attempts] == [("failed", "status")]
        assert (found.input_tokens, found.output_tokens, found.usd, found.source) == (0, 0, 0.0, "exact")

    def test_nobody_knows_what_a_broken_server_has_cost(self, provider: str, streams: bool) -> None:
        found = spent(script(fail(500)), streams=streams, provider=provider)
        assert [one.outcome for one in found.attempts] == ["failed"]
        assert (found.input_tokens, found.output_tokens, found.usd, found.source) == (None, None, None, "unknown")


@pytest.mark.parametrize("provider", OPTIONS)
class TestEveryStream:
    def test_an_answer_that_breaks_off_costs_what_has_come(self, provider: str) -> None:
        found = spent(script(cut(LONG, at=0.5)), streams=True, provider=provider)
        assert [one.outcome for one in found.attempts] == ["cut"]
        # Only Anthropic and Gemini say before the end how long the prompt was.
        early = provider in ("anthropic", "google-ai")
        assert found.source == ("partial" if early else "estimated")
        assert found.output_tokens == pytest.approx(len(LONG) / 2 / 3.6, rel=0.3)

    def test_what_the_host_stops_is_stopped(self, provider: str) -> None:
        async def work(runtime: bamlet.AsyncRuntime) -> bamlet.Spent:
            stream = runtime.stream("Tell", q="?")
            async with stream:
                async for _ in stream:
                    break
            return stream.spent

        found = asked(script(say(LONG), pace=1), work, provider)
        assert [one.outcome for one in found.attempts] == ["stopped"]
        assert found.source in ("partial", "estimated")
        assert 0 < (found.output_tokens or 0) < len(LONG) / 3.6

    def test_a_budget_of_tokens_stops_the_stream(self, provider: str) -> None:
        limit = 500

        async def work(runtime: bamlet.AsyncRuntime) -> bamlet.BamlBudgetError:
            context = bamlet.CallContext(budget=bamlet.Budget(tokens=limit))
            with pytest.raises(bamlet.BamlBudgetError, match="the budget of 500 tokens is spent") as ended:
                await runtime.stream("Tell", q="?", context=context).final()
            return ended.value

        error = asked(script(say(LONG), pace=1), work, provider)
        assert (error.what, error.limit) == ("tokens", limit)
        assert error.spent is not None
        assert error.spent.attempts[0].outcome == "stopped"
        assert error.spent.tokens is not None
        assert limit < error.spent.tokens <= limit * 1.05


class TestSums:
    def test_each_attempt_is_there_once(self) -> None:
        found = spent(script(fail(500), say("yes")), "OfTwice")
        assert [one.outcome for one in found.attempts] == ["failed", "finished"]
        assert found.source == "unknown"
        assert found.output_tokens

    def test_who_has_lost_a_race_is_paid_all_the_same(self) -> None:
        found = spent(script(say(LONG, wait_ms=60_000), say("yes")), "OfRace")
        assert sorted(one.outcome for one in found.attempts) == ["finished", "lost"]
        assert found.source == "estimated"

    def test_tokens_without_a_price_cost_nobody_knows_what(self) -> None:
        found = spent(script(say("yes")), "OfFree")
        assert found.usd is None
        assert found.output_tokens
        assert found.source == "exact"

    def test_one_price_that_is_missing_is_missing_in_the_sum(self) -> None:
        found = spent(script(cut("half of it"), say("yes")), "OfEither", streams=True)
        assert [one.usd is None for one in found.attempts] == [True, False]
        assert found.usd is None

    def test_a_runtime_knows_what_all_have_cost(self) -> None:
        async def work(runtime: bamlet.AsyncRuntime) -> list[bamlet.Spent]:
            told = [runtime.spent]
            for _ in range(2):
                await runtime.call("Tell", q="?")
                told.append(runtime.spent)
            return told

        none, once, twice = asked(script(say("yes")), work)
        assert (none.tokens, none.usd) == (0, 0.0)
        assert twice.output_tokens == 2 * once.output_tokens
        assert twice.usd == pytest.approx(2 * once.usd)


class TestHostLimits:
    def limited(self, model: Any, function: str = "Tell", **limits: Any) -> bamlet.BamlBudgetError:
        async def work(runtime: bamlet.AsyncRuntime) -> bamlet.BamlBudgetError:
            with pytest.raises(bamlet.BamlBudgetError) as ended:
                await runtime.call(
                    function, q="?", context=bamlet.CallContext(budget=bamlet.Budget(**limits), on_delta=print)
                )
            return ended.value

        found: bamlet.BamlBudgetError = asked(model, work)
        return found

    def test_dollars_stop_a_stream(self, capsys: pytest.CaptureFixture[str]) -> None:
        error = self.limited(script(say(LONG), pace=1), usd=0.005)
        assert error.what == "usd"
        assert error.spent is not None
        assert error.spent.usd == pytest.approx(0.005, rel=0.05)

    def test_dollars_need_a_price(self) -> None:
        error = self.limited(script(say("yes")), "OfFree", usd=1.0)
        assert "nobody knows what `Free` costs" in str(error)
        assert error.spent is None  # nobody was asked

    @pytest.mark.parametrize("table", ['{"openai/other": {"input": "cheap", "output": 1}}', "[1]", "{"])
    def test_a_table_of_prices_that_is_wrong_is_told(self, table: str, tmp_path: Path) -> None:
        """Also where the price that is wrong is of a model that nobody asks."""
        file = tmp_path / "prices.json"
        file.write_text(table)
        made = bamlet.compile_sources({"a.baml": "function Two() -> int { 2 }"})
        with bamlet.Runtime(made, environ={"BAMLET_PRICES": str(file)}) as runtime:
            assert runtime.call("Two") == 2
            with pytest.raises(bamlet.BamlInvalidArgumentError, match="Invalid argument: BAMLET_PRICES: "):
                runtime.call("Two", context=bamlet.CallContext(budget=bamlet.Budget(usd=1.0)))
            tokens = bamlet.CallContext(budget=bamlet.Budget(tokens=9))
            assert runtime.call("Two", context=tokens) == 2

    def test_a_prompt_that_is_too_long_is_not_sent(self) -> None:
        model = script(say("yes"))
        assert self.limited(model, tokens=0).what == "tokens"
        assert not model.requests

    def test_the_longest_answer_is_reserved(self) -> None:
        model = script(say("yes"))
        assert self.limited(model, "OfShort", output_tokens=399).what == "output_tokens"
        assert not model.requests

    def test_attempts_are_counted_and_a_retry_is_none_of_them(self) -> None:
        model = script(fail(500), say("yes"))
        error = self.limited(model, "OfTwice", attempts=1)
        assert error.what == "attempts"
        assert len(model.requests) == 1

    def test_no_fallback_takes_a_spent_budget(self) -> None:
        model = script(fail(500), say("yes"))
        assert self.limited(model, "OfEither", attempts=1).what == "attempts"
        assert len(model.requests) == 1

    def test_steps_of_an_agent(self) -> None:
        again = [calls(call("more", {"n": n})) for n in range(5)]
        error = self.limited(script(*again), "Work", steps=3)
        assert error.what == "steps"
        assert error.state is not None
        assert error.state.data["steps"] == 3

    def test_seconds(self) -> None:
        error = self.limited(script(say("yes", wait_ms=60_000)), seconds=1.5)
        assert (error.what, error.limit) == ("ms", 1500)

    def test_what_no_budget_is(self) -> None:
        async def work(runtime: bamlet.AsyncRuntime) -> None:
            with pytest.raises(bamlet.BamlInvalidArgumentError, match="the budget `tokens` is a number"):
                await runtime.call("Tell", q="?", context=bamlet.CallContext(budget=bamlet.Budget(tokens=-1)))

        asked(script(say("yes")), work)

    def test_a_runtime_has_no_end_in_time(self) -> None:
        with pytest.raises(bamlet.BamlInvalidArgumentError, match="give `seconds` to its calls"):
            bamlet.AsyncRuntime(program(), budget=bamlet.Budget(seconds=1))

    def test_a_budget_of_all_calls(self) -> None:
        async def run() -> None:
            runtime = bamlet.AsyncRuntime(
                program(),
                transport=script(say("yes")),
                clock=LoopClock(),
                environ={},
                budget=bamlet.Budget(attempts=2),
            )
            async with runtime:
                await asyncio.gather(runtime.call("Tell", q="1"), runtime.call("Tell", q="2"))
                with pytest.raises(bamlet.BamlBudgetError, match="2 attempts"):
                    await runtime.call("Tell", q="3")

        run_virtual(run())


class TestInTheLanguage:
    def value(self, model: Any, function: str, **arguments: Any) -> Any:
        return asked(model, lambda runtime: runtime.stream(function, **arguments).final())

    def test_a_scope_throws_what_a_catch_takes(self) -> None:
        model = script(say(LONG))
        assert self.value(model, "Bounded", tokens=100, q="?") == ["tokens", 100, "exact", 1]
        # What came in one piece is paid for, and nothing is asked after it.
        assert len(model.requests) == 1

    def test_what_does_not_spend_it_is_not_disturbed(self) -> None:
        assert self.value(script(say("yes")), "Bounded", tokens=1000, q="?") == ["yesyes", None]

    @pytest.mark.parametrize(("outer", "inner", "who"), [(50, 5000, "outer"), (5000, 50, "inner")])
    def test_of_nested_scopes_the_one_that_is_spent_says_so(self, outer: int, inner: int, who: str) -> None:
        assert self.value(script(say(LONG)), "Nested", outer=outer, inner=inner, q="?") == who

    def test_time(self) -> None:
        assert self.value(script(say("")), "Patient", ms=1000, wait=5000) == "ms"
        assert self.value(script(say("")), "Patient", ms=5000, wait=1000) == 1

    def test_what_is_left(self) -> None:
        assert self.value(script(say("yes")), "Left", q="?") == [4, None, "finished"]
