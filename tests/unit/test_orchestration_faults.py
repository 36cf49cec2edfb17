"""H40: retry, fallback, round-robin, race and hedge under any mixture of faults and stops.

A seed decides everything, time is virtual. `make test` runs 5,000 of them, `make nightly` 100,000: `BAMLET_RUNS`.
"""

from __future__ import annotations

import asyncio
import os
import random
from contextlib import aclosing
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from typing import Any

import pytest

import bamlet
from bamlet.embed.stream import Partial, Reset
from bamlet.wire.message import BrokenBody, ConnectError, NoAnswer
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

RUNS = int(os.environ.get("BAMLET_RUNS", "5000"))
SHARDS = 5
SOURCE = """
retry_policy Twice {
  max_retries 2
  strategy { type exponential_backoff, delay_ms 100, multiplier 3, max_delay_ms 250, jitter 0.5 }
}
retry_policy Stubborn { max_retries 1, on [network, timeout, truncated, 4xx, 5xx, validation, provider_error] }
client<llm> A { provider openai-generic, options { base_url "http://test", model A } }
client<llm> B { provider openai-generic, options { base_url "http://test", model B } }
client<llm> C {
  provider openai-generic
  retry_policy Twice
  options { base_url "http://test", model C, http { idle_timeout_ms 200, request_timeout_ms 700 } }
}
client<llm> Both { provider fallback, options { strategy [A, C] } }
client<llm> Rounds { provider fallback, retry_policy Twice, options { strategy [A, B] } }
client<llm> Limited {
  provider fallback
  retry_policy Twice
  options { strategy [C, B], http { total_timeout_ms 900 } }
}
client<llm> Turns { provider round-robin, retry_policy Stubborn, options { strategy [A, B, C] } }
client<llm> Racing { provider strategy, retry_policy Stubborn, options { strategy [A, Both], call Race } }
client<llm> Hedged { provider strategy, options { strategy [C, B], call Hedge } }
client<llm> Impatient { provider strategy, retry_policy Twice, options { strategy [Hedged, Turns], call Within } }
client<llm> All { provider fallback, options { strategy [Hedged, Turns, Racing], http { total_timeout_ms 3000 } } }

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
  ], 150).finish()
}

function Within(client: baml.llm.Client, call: baml.llm.ExecutionContext) -> unknown throws unknown {
  baml.task.timeout(600, () => baml.llm.execute_fallback(client, call))
}

function Say(text: string) -> string { client A, prompt #"{{ text }}"# }
"""
# The most requests that a call through each client can make.
BUDGET = {
    "Both": 4,
    "Rounds": 6,
    "Limited": 12,
    "Turns": 6,
    "Racing": 10,
    "Hedged": 4,
    "Impatient": 30,
    "All": 20,
}


@cache
def program() -> bamlet.Program:
    return bamlet.compile_sources({"faults.baml": SOURCE})


@dataclass(frozen=True)
class Run:
    """What a run came to. `shown` has the pieces that the consumer saw, by attempt."""

    outcome: str
    sent: tuple[tuple[str, int], ...]
    shown: tuple[tuple[Any, ...], ...]


async def one(seed: int) -> Run:
    chance = random.Random(seed)
    client = chance.choice(list(BUDGET))
    transport = ScriptedTransport({name: [_reply(chance) for _ in range(12)] for name in "ABC"})
    others = asyncio.all_tasks()
    async with bamlet.AsyncRuntime(program(), transport=transport, clock=LoopClock(), environ={}) as rt:
        outcome, shown = await _call(rt, chance, client)
        assert rt.handles.open_count == 0
        assert transport.open_answers == 0
        assert asyncio.all_tasks() == others
    assert len(transport.sent) <= BUDGET[client]
    if isinstance(outcome, bamlet.BamlError):
        # A strategy that ran out of its own time is an attempt without a request.
        assert sum(attempt.client_name in "ABC" for attempt in outcome.attempts) <= len(transport.sent)
    else:
        assert outcome in ("some text", "whole")
        assert all(partial == outcome for epoch in shown[-1:] for partial in epoch[-1:])
    for epoch in shown:
        assert all(later.startswith(earlier) for earlier, later in pairwise(epoch))
    return Run(repr(outcome), tuple(transport.sent), tuple(map(tuple, shown)))


async def _call(rt: bamlet.AsyncRuntime, chance: random.Random, client: str) -> tuple[Any, list[list[Any]]]:
    abort = bamlet.AbortController()
    timer = asyncio.get_running_loop().call_later(chance.uniform(0, 4), abort.abort)
    deadline = chance.choice([None, None, chance.uniform(0.1, 3)])
    context = bamlet.CallContext(client=client, cancel=abort, deadline=deadline)
    shown: list[list[Any]] = [[]]
    try:
        if chance.random() < 0.3:
            return await rt.call("Say", text="x", context=context), shown
        leaves_after = chance.choice([None, None, None, 1])
        stream = rt.stream("Say", text="x", context=context, partials=chance.choice(["every", "latest"]))
        async with aclosing(stream.batches(ticks=False)) as batches:
            async for batch in batches:
                for event in batch:
                    if isinstance(event, Reset):
                        shown.append([])
                    elif isinstance(event, Partial):
                        shown[-1].append(event.value)
                if leaves_after is not None and len(shown[-1]) > leaves_after:
                    return bamlet.BamlAbortError("left"), shown
        return await stream.final(), shown
    except bamlet.BamlError as error:
        return error, shown
    finally:
        timer.cancel()


FIRST, SECOND = tuple(streamed("some ", finish=None).parts), tuple(streamed("text").parts)
WHOLE = tuple(said("whole").parts)
OVERLOADED = b'data: {"error": {"message": "overloaded", "type": "overloaded_error"}}\n\n'


def _reply(chance: random.Random) -> Reply:
    pause, head = Wait(chance.uniform(0, 0.5)), chance.choice([0.0, 0.0, chance.uniform(0, 0.5)])
    match chance.choice(KINDS):
        case "refused":
            return refused(chance.choice([400, 401, 408, 429, 500, 529]), head_delay=head)
        case "busy":
            asked = str(chance.choice([0, 0.1, 0.3, 60]))
            return refused(429, (*JSON, ("retry-after", asked)), head_delay=head)
        case "gone":
            return Reply(failure=chance.choice([ConnectError("refused"), NoAnswer("gone")]), head_delay=head)
        case "broken":
            return Reply([*FIRST, pause, BrokenBody("cut")], head_delay=head)
        case "overloaded":
            return Reply([pause, OVERLOADED], head_delay=head)
        case "cut":
            return Reply([*FIRST, pause], head_delay=head)
        case "whole":
            return Reply(WHOLE, headers=JSON, head_delay=head)
        case "late":
            return Reply([pause, *FIRST, *SECOND], head_delay=head)
        case _:
            return Reply([*FIRST, pause, *SECOND], head_delay=head)


KINDS = ["refused", "busy", "gone", "broken", "overloaded", "cut", "whole", "late", "good", "good", "good"]


async def _all(seeds: range) -> list[Run]:
    return [await one(seed) for seed in seeds]


@pytest.mark.timeout(3600 if RUNS > 5000 else 300)
@pytest.mark.parametrize("shard", range(SHARDS))
def test_h40_any_mixture_of_faults_and_stops_ends_once_and_leaves_nothing(shard: int) -> None:
    runs = run_virtual(_all(range(shard, RUNS, SHARDS)))
    kinds = {run.outcome.partition("(")[0] for run in runs}
    assert kinds >= {"'some text'", "'whole'", "BamlAbortError", "BamlTimeoutError", "BamlClientHttpError"}
    assert any(len(run.shown) > 2 for run in runs)


def test_h40_the_same_seed_gives_the_same_run() -> None:
    assert run_virtual(_all(range(200))) == run_virtual(_all(range(200)))
