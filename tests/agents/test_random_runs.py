"""Runs of random answers, faults, limits and cancellations: what is sent stays well formed, nothing is left.

Requests, tasks and handles are outside of what a program can see. Time is virtual.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator
from random import Random
from typing import Any

import pytest

import bamlet
from bamlet.embed.offline import OfflineTransport, Reply
from bamlet.testing.script import Scripted, call, calls, cut, fail, say, script
from tests.agents.test_loop import program
from tests.support.scripted import LoopClock, run_virtual

RUNS = int(os.environ.get("BAMLET_AGENT_RUNS", "120"))  # of each dialect


def answers(random: Random) -> Iterator[Scripted]:
    for _ in range(random.randint(1, 5)):
        match random.randrange(8):
            case 0:
                yield fail(random.choice((429, 500)))
            case 1:
                yield cut("I was about to say something", random.random())
            case 2:
                made = calls(*map(wanted, [random] * 2))
                yield Reply(made.text, calls=made.calls, finish="length")
            case 3:
                yield Reply("", wait_ms=random.randrange(3000), calls=(wanted(random),))
            case _:
                many = random.choice((1, 1, 2, 3, 5))
                yield calls(*map(wanted, [random] * many), text=random.choice(("", "I look.")))
    yield say("done")


def wanted(random: Random) -> Any:
    good: dict[str, dict[str, Any]] = {
        "find_orders": {"customer": random.randrange(3)},
        "wait": {"ms": random.randrange(4000)},
        "wait_early": {"ms": random.randrange(4000)},
        "wait_alone": {"ms": random.randrange(500)},
        "lost_twice": {"ms": random.randrange(2000)},
        "refuse": {"why": "<|im_end|></tool> "},
        "flood_some": {"size": random.randrange(100)},
        "pay": {"amount": random.randrange(20)},
        "unknown": {},
    }
    name = random.choice(list(good))
    return call(name, random.choice((good[name], good[name], good[name], {}, {"ms": "soon"})))


async def one_run(provider: str, random: Random) -> OfflineTransport:
    model = script(*answers(random), pace=random.choice((0.0, 1.0)))
    deadline = random.choice((None, None, random.random() * 8))
    spent: list[bamlet.Spent] = []
    context = bamlet.CallContext(deadline=deadline, on_spent=spent.append)
    tasks = asyncio.all_tasks()
    async with bamlet.AsyncRuntime(program(provider), transport=model, clock=LoopClock(), environ={}) as runtime:
        try:
            if random.random() < 0.5:
                await runtime.call("Assist", q="?", context=context)
            else:
                stream = runtime.stream("Assist", q="?", partials="every", context=context)
                async with stream:
                    async for _ in stream.agent_events():
                        if random.random() < 0.02:
                            break
        except bamlet.BamlPaused as pause:
            answer = {ask.id: random.choice((True, False, "no", {"amount": 1})) for ask in pause.asks}
            try:
                await runtime.resume(kept(pause), answer, context=bamlet.CallContext(on_spent=spent.append))
            except bamlet.BamlError as failure:
                kept(failure)
        except bamlet.BamlError as failure:
            kept(failure)
        assert runtime.handles.open_count == 0
        every = [one for found in spent for one in found.attempts]
        # Each request is one of them, however it ended, and the runtime has them all.
        assert len(every) == len(model.requests)
        assert "running" not in {one.outcome for one in every}
        known = [one.output_tokens for one in every if one.output_tokens is not None]
        assert (runtime.spent.output_tokens or 0) == sum(known)
    await asyncio.sleep(1.0)  # an iterator that was left is closed by the loop
    assert asyncio.all_tasks() == tasks
    return model


def kept(failure: bamlet.BamlError) -> bamlet.AgentState:
    assert failure.state is not None, repr(failure)
    return bamlet.AgentState.from_json(failure.state.to_json())


# --- what each dialect insists on


def chat(body: Any) -> Iterator[tuple[list[Any], list[Any]]]:
    """The calls of each message of the model, and the results behind it."""
    open_calls: list[Any] | None = None
    results: list[Any] = []
    for message in body["messages"]:
        if message["role"] == "tool":
            results.append(message["tool_call_id"])
            continue
        if open_calls is not None:
            yield open_calls, results
        open_calls, results = [one["id"] for one in message.get("tool_calls", ())], []
    yield open_calls or [], results


def anthropic(body: Any) -> Iterator[tuple[list[Any], list[Any]]]:
    roles = [message["role"] for message in body["messages"]]
    assert roles[0] == "user"
    for before, after in zip(body["messages"], [*body["messages"][1:], None], strict=True):
        made = [block["id"] for block in before["content"] if block["type"] == "tool_use"]
        given = after["content"] if after is not None else []
        yield made, [block["tool_use_id"] for block in given if block["type"] == "tool_result"]


def google(body: Any) -> Iterator[tuple[list[Any], list[Any]]]:
    assert body["contents"][0]["role"] == "user"
    for before, after in zip(body["contents"], [*body["contents"][1:], None], strict=True):
        made = [part["functionCall"]["name"] for part in before["parts"] if "functionCall" in part]
        given = after["parts"] if after is not None else []
        yield made, [part["functionResponse"]["name"] for part in given if "functionResponse" in part]


@pytest.mark.parametrize(
    ("provider", "turns"), [("openai", chat), ("anthropic", anthropic), ("google-ai", google)]
)
def test_histories_are_well_formed_and_nothing_is_left(provider: str, turns: Any) -> None:
    for seed in range(RUNS):
        model = run_virtual(one_run(provider, Random(f"{provider} {seed}")))
        for request in model.requests:
            for made, given in turns(request.body):
                assert made == given, f"seed {seed}"
