"""Agents behind `bamlet serve`: what they do as events, and the problems that only they have.

It is HTTP, which the language cannot see.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Callable, Coroutine
from typing import Any

import httpx

import bamlet
from bamlet.server.app import application
from bamlet.server.service import Service, Settings
from bamlet.testing.script import Scripted, call, calls, say, script
from tests.servers.serving import events
from tests.support.golden import Goldens

PROGRAM = bamlet.compile_sources(
    {
        "main.baml": """
client<llm> C { provider openai, options { model "m", api_key "k" } }
/// Looks.
function look(at: int) -> int { at }
/// Pays.
function pay(amount: int) -> string { "paid" }
function careful() -> baml.agent.Tool { baml.agent.Tool { ...baml.agent.tool(pay), approval: (call) => true } }
function Assist(q: string) -> string { client C, tools [look, careful], prompt #"{{ q }}"# }
function Bounded(q: string) -> unknown throws unknown {
  baml.budget.within(baml.budget.Limits { steps: 1 }, () => Assist(q))
}
"""
    }
)
LOOK = calls(call("look", {"at": 1}))


def served(
    scene: Callable[[httpx.AsyncClient], Coroutine[Any, Any, Any]], *answers: Scripted, **settings: Any
) -> Any:
    async def body() -> Any:
        runtime = bamlet.AsyncRuntime(PROGRAM, transport=script(*answers), environ={})
        service = Service(Settings(), PROGRAM, runtime)
        async with asyncio.timeout(50):
            transport = httpx.ASGITransport(application(service))
            async with httpx.AsyncClient(transport=transport, base_url="http://localhost:2024") as client:
                found = await scene(client)
            await service.close()
            await runtime.aclose()
            return found

    return asyncio.run(body())


def test_what_an_agent_does_is_among_the_events_that_are_asked_for() -> None:
    async def scene(client: httpx.AsyncClient) -> tuple[Any, Any]:
        every = await client.post("/stream/Assist?events=all", json={"q": "?"})
        typed = await client.post("/stream/Assist?events=typed", json={"q": "?"})
        return events(every.text), events(typed.text)

    every, typed = served(scene, LOOK, say("ok"), LOOK, say("ok"))
    acts = [data["event"] for _, kind, data in every if kind == "agent"]
    step = ["StepStarted", "StepEnded"]
    assert acts == [*step, "ToolStarted", "ToolEnded", *step, "Ended"]
    assert "agent" not in {kind for _, kind, _ in typed}


def problem(function: str, *answers: Scripted) -> str:
    async def scene(client: httpx.AsyncClient) -> str:
        answer = await client.post(f"/call/{function}", json={"q": "the prompt"})
        body = json.dumps(answer.json(), indent=2)
        return f"{answer.status_code}\n{re.sub('r1_[0-9a-f]{32}', 'r1_…', body)}\n"

    found: str = served(scene, *answers)
    return found


def test_s01_an_agent_that_waits_says_for_what_and_a_spent_budget_says_which(golden: Goldens) -> None:
    pays = calls(call("pay", {"amount": 70}), text="the secret answer")
    told = f"--- paused\n{problem('Assist', pays)}\n--- budget\n{problem('Bounded', LOOK)}"
    assert "the prompt" not in told
    assert "the secret answer" not in told  # it is in the state, which is shown on request only
    golden("server/problems_of_agents.txt", told)
