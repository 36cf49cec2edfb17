"""A program's own orchestration: the hedged example, and what a strategy may and may not do. Time is virtual."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import pytest

import bamlet
from bamlet.embed.cassettes import replay_transport
from bamlet.embed.stream import Partial
from bamlet.wire.message import BrokenBody, ConnectError
from tests.support.scripted import LoopClock, Reply, ScriptedTransport, Wait, refused, run_virtual, said, streamed

EXAMPLE = Path(__file__).parents[2] / "examples" / "hedged"
HAIKU = '{"title": "t", "lines": ["l"]}'
QUICK, STEADY = "gpt-4o-mini", "gpt-4o"


@cache
def hedged() -> bamlet.Program:
    return bamlet.load(EXAMPLE)


def compose(quick: Any, steady: Any, *, streams: bool = False) -> tuple[list[Any], Any, list[tuple[str, int]]]:
    """What the example shows, its value or error, and the requests that it makes; nothing may be left open."""
    transport = ScriptedTransport({QUICK: quick, STEADY: steady})
    shown: list[Any] = []

    async def body() -> Any:
        environ = {"OPENAI_API_KEY": "k" * 9}
        async with bamlet.AsyncRuntime(hedged(), transport=transport, clock=LoopClock(), environ=environ) as rt:
            try:
                if not streams:
                    return await rt.call("Compose", subject="x")
                stream = rt.stream("Compose", subject="x", partials="every")
                async for event in stream.events(ticks=False):
                    shown.append(event.value if isinstance(event, Partial) else event)
                return await stream.final()
            except bamlet.BamlError as error:
                return error
            finally:
                assert rt.handles.open_count == 0
                assert transport.open_answers == 0

    return shown, run_virtual(body()), transport.sent


def after(seconds: float, text: str = HAIKU) -> Reply:
    """A head at once, and the first word after some time."""
    return Reply([Wait(seconds), *streamed(text).parts])


# --- the hedged example


@pytest.mark.parametrize("streams", [False, True])
def test_a_quick_answer_is_the_only_request(streams: bool) -> None:
    _, value, sent = compose(after(0.2), after(0), streams=streams)
    assert value.title == "t"
    assert sent == [(QUICK, 0)]


@pytest.mark.parametrize("streams", [False, True])
def test_after_300_ms_without_a_word_the_second_is_asked_and_the_first_to_speak_wins(streams: bool) -> None:
    _, value, sent = compose(after(1.0), after(0.1, HAIKU.replace("t", "second", 1)), streams=streams)
    assert sent == [(QUICK, 0), (STEADY, 300)]
    _, value, sent = compose(after(0.35), after(0.1, "not read"), streams=streams)
    assert value.title == "t"
    assert sent == [(QUICK, 0), (STEADY, 300)]


def test_a_failure_starts_the_second_at_once() -> None:
    _, value, sent = compose(Reply(failure=ConnectError("refused"), head_delay=0.05), after(0))
    assert value.title == "t"
    assert sent == [(QUICK, 0), (STEADY, 50)]


def test_only_the_winner_is_shown() -> None:
    slow = Reply([Wait(0.5), *streamed('{"title": "slow').parts])
    shown, value, _ = compose(
        slow, Reply([*streamed('{"title": "fa', finish=None).parts, *after(0.1, 'st"}').parts]), streams=True
    )
    assert [partial.title for partial in shown] == ["fa", "fast"]
    assert value.title == "fast"


def test_when_both_fail_the_error_lists_both() -> None:
    _, error, sent = compose(Reply(failure=ConnectError("refused")), refused(401))
    assert isinstance(error, bamlet.BamlClientHttpError)
    assert [(attempt.client_name, attempt.cause) for attempt in error.attempts] == [
        ("Quick", "network"),
        ("Steady", "status"),
    ]
    assert sent == [(QUICK, 0), (STEADY, 0)]


def test_a_winner_that_breaks_off_is_a_failed_attempt() -> None:
    broken = Reply([*streamed('{"title": "t', finish=None).parts, Wait(0.1), BrokenBody("cut")])
    _, error, _ = compose(broken, after(0), streams=True)
    assert isinstance(error, bamlet.BamlClientError)
    assert [attempt.client_name for attempt in error.attempts] == ["Quick"]


def test_the_example_runs_from_its_cassette() -> None:
    async def body() -> Any:
        transport = replay_transport(EXAMPLE / "hedged.cassette.jsonl")
        environ = {"OPENAI_API_KEY": "k" * 9}
        async with bamlet.AsyncRuntime(hedged(), transport=transport, clock=LoopClock(), environ=environ) as rt:
            value = await rt.call("Compose", subject="a stream that ends")
            assert rt.handles.open_count == 0
        assert not transport.unused()
        return value

    assert run_virtual(body()).title == "The last event"


# --- any strategy

STRATEGIES = """
retry_policy Twice { max_retries 1, strategy { delay_ms 100 } }
client<llm> A { provider openai-generic, options { base_url "http://test", model A } }
client<llm> B { provider openai-generic, options { base_url "http://test", model B } }
client<llm> Whole {
  provider openai-generic
  options { base_url "http://test", model A, supports_streaming false }
}
client<llm> Wrong { provider strategy, options { strategy [A], call GiveSeven } }
client<llm> Retried { provider strategy, retry_policy Twice, options { strategy [A, B], call Racing } }
client<llm> InFallback { provider fallback, options { strategy [Impatient, B] } }
client<llm> Impatient { provider strategy, options { strategy [A], call Within50 } }
client<llm> Nested { provider strategy, options { strategy [Choosing, B], call Choose } }
client<llm> Choosing { provider strategy, options { strategy [Whole, A], call Choose } }

function GiveSeven(client: baml.llm.Client, call: baml.llm.ExecutionContext) -> unknown { 7 }

function Racing(client: baml.llm.Client, call: baml.llm.ExecutionContext) -> unknown throws unknown {
  baml.task.race([
    () => baml.llm.execute_client(client.sub_clients[0], call),
    () => baml.llm.execute_client(client.sub_clients[1], call),
  ])
}

function Within50(client: baml.llm.Client, call: baml.llm.ExecutionContext) -> unknown throws unknown {
  baml.task.timeout(50, () => baml.llm.execute_client(client.sub_clients[0], call))
}

function Choose(client: baml.llm.Client, call: baml.llm.ExecutionContext) -> unknown throws unknown {
  baml.task.race([
    () => baml.llm.start_client(client.sub_clients[0], call),
    () => baml.llm.start_client(client.sub_clients[1], call),
  ]).finish()
}

function Say(text: string) -> string { client Wrong, prompt #"{{ text }}"# }
"""


def say(client: str, replies: dict[str, Any]) -> tuple[Any, list[tuple[str, int]]]:
    transport = ScriptedTransport(replies)
    program = bamlet.compile_sources({"strategies.baml": STRATEGIES})

    async def body() -> Any:
        async with bamlet.AsyncRuntime(program, transport=transport, clock=LoopClock(), environ={}) as rt:
            try:
                return await rt.call("Say", text="x", context=bamlet.CallContext(client=client))
            except bamlet.BamlError as error:
                return error
            finally:
                assert rt.handles.open_count == 0
                assert transport.open_answers == 0

    return run_virtual(body()), transport.sent


def test_a_value_of_another_type_is_an_error_that_names_the_client() -> None:
    error, _ = say("Wrong", {})
    assert isinstance(error, bamlet.BamlInvalidArgumentError)
    assert str(error) == "the strategy of client `Wrong` gave a value that is no string"


def test_a_race_of_whole_clients_may_be_retried() -> None:
    value, sent = say(
        "Retried", {"A": [refused(500), said("late", head_delay=9)], "B": [refused(503), said("yes")]}
    )
    assert value == "yes"
    assert sent == [("A", 0), ("B", 0), ("A", 100), ("B", 100)]


def test_a_limit_of_a_strategy_is_a_failed_attempt_of_its_client() -> None:
    value, sent = say("InFallback", {"A": said("late", head_delay=9), "B": said("yes")})
    assert value == "yes"
    assert sent == [("A", 0), ("B", 50)]


def test_a_strategy_inside_a_strategy_must_hand_on_answers_that_have_begun() -> None:
    error, _ = say("Nested", {"A": said("a", head_delay=1), "B": Reply(failure=ConnectError("no"))})
    assert isinstance(error, bamlet.BamlError)
    value, _ = say("Choosing", {"A": said("a", head_delay=1)})
    assert value == "a"
