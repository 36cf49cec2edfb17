"""What an orchestration does, step by step, as a reader of `bamlet run --trace` sees it: one golden a scenario.

Goldens, because the order of many small steps is the point, and is easier to judge as a whole than by assertions.
Time is virtual, and handles are numbered from 1.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import pytest

import bamlet
from bamlet.wire.message import BrokenBody, ConnectError
from tests.support.golden import Goldens
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
retry_policy Constant { max_retries 2, strategy { type constant_delay, delay_ms 200 } }
retry_policy Growing {
  max_retries 3
  strategy { type exponential_backoff, delay_ms 100, multiplier 2, max_delay_ms 300 }
}
retry_policy AskAgain { max_retries 1, on [validation], strategy { delay_ms 50 } }
client<llm> A { provider openai-generic, options { base_url "http://test", model A } }
client<llm> B { provider openai-generic, options { base_url "http://test", model B } }
client<llm> Silent {
  provider openai-generic
  options { base_url "http://test", model A, http { idle_timeout_ms 500, time_to_first_token_timeout_ms 800 } }
}
client<llm> Whole {
  provider openai-generic
  options { base_url "http://test", model A, supports_streaming false }
}
client<llm> Retried { provider openai-generic, retry_policy Constant, options { base_url "http://test", model A } }
client<llm> Backoff { provider openai-generic, retry_policy Growing, options { base_url "http://test", model A } }
client<llm> Checked { provider openai-generic, retry_policy AskAgain, options { base_url "http://test", model A } }
client<llm> Denying {
  provider openai-generic
  options { base_url "http://test", model A, finish_reason_deny_list [length] }
}
client<llm> Both { provider fallback, options { strategy [A, B] } }
client<llm> SilentThenB { provider fallback, options { strategy [Silent, B] } }
client<llm> Rounds { provider fallback, retry_policy Constant, options { strategy [A, B] } }
client<llm> Nested { provider fallback, retry_policy AskAgainRounds, options { strategy [Retried, B] } }
retry_policy AskAgainRounds { max_retries 1, strategy { delay_ms 1000 } }
client<llm> Turns { provider round-robin, options { strategy [A, B] } }
client<llm> TurnsRetried { provider round-robin, retry_policy Constant, options { strategy [A, B] } }
client<llm> Limited {
  provider fallback
  retry_policy Constant
  options { strategy [A, B], http { total_timeout_ms 250 } }
}
client<llm> Racing { provider strategy, options { strategy [A, B], call Race } }
client<llm> Hedged { provider strategy, options { strategy [A, B], call Hedge } }

class Item { name string  count int }
function Say() -> string { client A, prompt #"say"# }
function Make() -> Item { client A, prompt #"make"# }

function Race(client: baml.llm.Client, call: baml.llm.ExecutionContext) -> unknown throws unknown {
  baml.task.race([
    () => baml.llm.execute_client(client.sub_clients[0], call),
    () => baml.llm.execute_client(client.sub_clients[1], call),
  ])
}

function Hedge(client: baml.llm.Client, call: baml.llm.ExecutionContext) -> unknown throws unknown {
  baml.task.hedge([
    () => baml.llm.start_client(client.sub_clients[0], call),
    () => baml.llm.start_client(client.sub_clients[1], call),
  ], 300).finish()
}
"""


@dataclass(frozen=True)
class Scenario:
    """`stop_at` is when the host stops the call, in seconds."""

    client: str
    replies: Mapping[str, Any]
    streams: bool = True
    function: str = "Say"
    stop_at: float | None = None
    options: Mapping[str, Any] = field(default_factory=dict)


BUSY = refused(429, (*JSON, ("retry-after", "2")))
CUT = Reply([*streamed("ha", finish=None).parts, Wait(0.1), BrokenBody("the connection broke off")])
SLOW = Reply([Wait(0.4), *streamed("slow").parts])
ITEM = '{"name": "nail", "count": 3}'
SCENARIOS = {
    "call": Scenario("A", {"A": said("yes", head_delay=0.1)}, streams=False),
    "stream": Scenario("A", {"A": Reply([*streamed("y", finish=None).parts, Wait(0.1), *streamed("es").parts])}),
    "whole_answer_as_stream": Scenario("Whole", {"A": said("yes")}),
    "retry_constant": Scenario("Retried", {"A": [refused(503), refused(503), said("yes")]}, streams=False),
    "retry_growing": Scenario("Backoff", {"A": refused(500)}, streams=False),
    "retry_after": Scenario("Retried", {"A": [BUSY, streamed("yes")]}),
    "retry_after_too_long": Scenario("Limited", {"A": BUSY, "B": BUSY}),
    "not_retried": Scenario("Retried", {"A": refused(401)}),
    "fallback": Scenario("Both", {"A": Reply(failure=ConnectError("refused")), "B": streamed("yes")}),
    "fallback_after_partials": Scenario("Both", {"A": CUT, "B": streamed("yes")}),
    "fallback_after_silence": Scenario("SilentThenB", {"A": Reply([Wait(9)]), "B": streamed("yes")}),
    "rounds": Scenario("Rounds", {"A": refused(500), "B": [refused(500), said("yes")]}, streams=False),
    "nested_retries": Scenario("Nested", {"A": refused(500), "B": refused(503)}, streams=False),
    "round_robin_retried": Scenario("TurnsRetried", {"A": refused(500), "B": streamed("yes")}),
    "total_limit": Scenario("Limited", {"A": said("late", head_delay=9)}, streams=False),
    "validation_asked_again": Scenario("Checked", {"A": [said("no"), said(ITEM)]}, False, "Make"),
    "validation_leaves": Scenario("Both", {"A": streamed("no json")}, function="Make"),
    "denied_finish_reason": Scenario("Denying", {"A": streamed("cut", finish="length")}),
    "race": Scenario("Racing", {"A": SLOW, "B": streamed("quick")}),
    "race_of_failures": Scenario("Racing", {"A": refused(500), "B": CUT}),
    "hedge_not_needed": Scenario("Hedged", {"A": streamed("yes")}),
    "hedge": Scenario("Hedged", {"A": SLOW, "B": streamed("second")}),
    "hedge_after_failure": Scenario("Hedged", {"A": refused(500), "B": streamed("second")}),
    "stopped_while_waiting": Scenario("Retried", {"A": refused(500)}, stop_at=0.1),
    "stopped_in_a_race": Scenario("Racing", {"A": SLOW, "B": SLOW}, stop_at=0.2),
}


@cache
def program() -> bamlet.Program:
    return bamlet.compile_sources({"scenarios.baml": SOURCE})


def traced(scenario: Scenario) -> str:
    lines: list[str] = []
    transport = ScriptedTransport(scenario.replies)

    async def body() -> None:
        abort = bamlet.AbortController()
        if scenario.stop_at is not None:
            asyncio.get_running_loop().call_later(scenario.stop_at, abort.abort)
        context = bamlet.CallContext(client=scenario.client, cancel=abort, **scenario.options)
        options: Any = {"transport": transport, "clock": LoopClock(), "environ": {}, "trace": lines.append}
        async with bamlet.AsyncRuntime(program(), **options) as rt:
            try:
                if scenario.streams:
                    value = await rt.stream(scenario.function, context=context, partials="every").final()
                else:
                    value = await rt.call(scenario.function, context=context)
                lines.append(f"= {bamlet.to_plain(value)}")
            except bamlet.BamlError as error:
                lines.append(f"! {type(error).__name__}: {error}")

    run_virtual(body())
    numbers: dict[str, str] = {}
    text = "\n".join(lines) + "\n"
    return re.sub(r"#(\d+)", lambda found: "#" + numbers.setdefault(found[1], str(len(numbers) + 1)), text)


SEVERAL = streamed('{"name": "na', 'il", "cou', 'nt": 3', "}")
PACED = Reply([part for chunk in SEVERAL.parts for part in (chunk, Wait(0.05))])
BROKEN = Reply([*SEVERAL.parts[:3], Wait(0.1), BrokenBody("the connection broke off")])
SHOWN = {name: scenario for name, scenario in SCENARIOS.items() if scenario.streams} | {
    "value": Scenario("A", {"A": SEVERAL}, function="Make"),
    "value_slowly": Scenario("A", {"A": PACED}, function="Make"),
    "value_after_partials": Scenario("Both", {"A": BROKEN, "B": PACED}, function="Make"),
}


def shown(scenario: Scenario, partials: Any, *, ticks: bool = True, **options: Any) -> list[str]:
    """What a consumer sees at which time, ticks included, and how it ends."""
    transport = ScriptedTransport(scenario.replies)
    seen: list[str] = []

    async def body() -> None:
        loop = asyncio.get_running_loop()
        abort = bamlet.AbortController()
        if scenario.stop_at is not None:
            loop.call_later(scenario.stop_at, abort.abort)
        context = bamlet.CallContext(client=scenario.client, cancel=abort, **scenario.options)
        given: Any = {"transport": transport, "clock": LoopClock(), "environ": {}, **options}
        async with bamlet.AsyncRuntime(program(), **given) as rt:
            stream = rt.stream(scenario.function, context=context, partials=partials)
            try:
                async for event in stream.events(ticks=ticks):
                    seen.append(f"{loop.time():.3f} {event!r}")
                seen.append(f"= {bamlet.to_plain(await stream.final())!r} {stream.report!r}")
            except bamlet.BamlError as error:
                seen.append(f"! {type(error).__name__}: {error}")

    run_virtual(body())
    return [*seen, repr(transport.sent)]


@pytest.mark.parametrize("partials", ["latest", "every", "deltas", "all"])
@pytest.mark.parametrize("name", SHOWN)
def test_a_watched_call_shows_what_any_other_shows(name: str, partials: str) -> None:
    """Under a trace the program reads the answer turn by turn, else one operation does."""
    watched: list[str] = []
    assert shown(SHOWN[name], partials, trace=watched.append) == shown(SHOWN[name], partials)
    assert watched


@pytest.mark.parametrize("partials", ["latest", "every", "all"])
@pytest.mark.parametrize("name", ["stream", "fallback_after_partials", "race", "value", "value_slowly"])
def test_without_ticks_it_shows_the_same_too(name: str, partials: str) -> None:
    """Then events are taken in while the socket is read, and the program that waits for them is not woken."""
    watched: list[str] = []
    seen = shown(SHOWN[name], partials, ticks=False)
    assert shown(SHOWN[name], partials, ticks=False, trace=watched.append) == seen


@pytest.mark.parametrize("name", SCENARIOS)
def test_a_scenario_step_by_step(name: str, golden: Goldens) -> None:
    golden(f"traces/{name}.txt", traced(SCENARIOS[name]))


def test_a_pause_may_be_a_duration() -> None:
    body = "baml.sys.sleep(baml.time.Duration.from_microseconds(2500)); 1"
    source = f"// bamlet: edition 2\nfunction Pause() -> int {{ {body} }}"
    lines: list[str] = []
    with bamlet.Runtime(bamlet.compile_sources({"pause.baml": source}), trace=lines.append) as runtime:
        assert runtime.call("Pause") == 1
    assert lines[0].endswith("wait 2.5 ms")


def test_a_failure_that_the_program_takes_is_in_the_trace() -> None:
    source = """
    function Ask(text: string) -> string { client "openai/m", prompt #"{{ text }}"# }
    function Hide() -> string { Ask("x") catch (e) { _ => "hidden" } }
    function Guess() -> string { fs() catch (e) { baml.panics.AccessDenied => "denied" } }
    function fs() -> string { baml.fs.read("x") catch (e) { _ => "no file" } }
    """
    lines: list[str] = []

    async def work() -> list[str]:
        program = bamlet.compile_sources({"main.baml": source})
        async with bamlet.AsyncRuntime(program, environ={}, trace=lines.append, deny={"fs", "net"}) as runtime:
            return [await runtime.call("Hide"), await runtime.call("Guess")]

    assert run_virtual(work()) == ["hidden", "denied"]
    told = [line for line in lines if "failed: " in line]
    assert len(told) == 2
    assert "LlmClient" in told[0]
    assert "AccessDenied" in told[1]


@pytest.mark.parametrize("lines", range(9))
def test_a_trace_that_fails_reaches_the_caller_and_leaves_nothing_open(lines: int) -> None:
    """Its first failure is raised by the call, and nothing of it by what closes."""
    left = lines

    def write(line: str) -> None:
        nonlocal left
        left -= 1
        if left < 0:
            raise ValueError(f"no place for {line!r}")

    source = """
    function Ask() -> string { client "openai/m", prompt #"Hi"# }
    """
    program = bamlet.compile_sources({"main.baml": source})
    environ = {"OPENAI_API_KEY": "key"}

    async def work() -> None:
        transport = ScriptedTransport({"m": [streamed("one"), streamed("one")]})
        async with bamlet.AsyncRuntime(program, transport=transport, environ=environ, trace=write) as runtime:
            with pytest.raises(ValueError, match="no place for"):
                await runtime.stream("Ask").final()
            assert await runtime.stream("Ask").final() == "one"
            assert runtime.handles.open_count == 0

    run_virtual(work())
