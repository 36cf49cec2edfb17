"""Whatever breaks an answer, and wherever: nothing that a failed attempt has asked for was run, the run goes on as
its clients say, and an error has a state from which it goes on.

Bytes on the wire, tasks and states that a host keeps are outside of what a program can see. Time is virtual.
"""

from __future__ import annotations

import asyncio
import os
from functools import cache
from typing import Any

import pytest

import bamlet
from bamlet.wire.message import BrokenBody
from tests.agents.test_wire import SSE, events
from tests.support.scripted import LoopClock, Reply, ScriptedTransport, Wait, refused, run_virtual, streamed

SOURCE = """
client<llm> One { provider openai, POLICY options { model "m", api_key "k", http { idle_timeout_ms 1000 } } }
client<llm> Other { provider openai, options { model "other", api_key "k" } }
client<llm> Both { provider fallback, options { strategy [One, Other] } }
retry_policy Again { max_retries 1, strategy { type constant_delay, delay_ms 0 } }

/// Adds.
function add(n: int) -> int throws baml.errors.HostCallable { $host }
function Assist(q: string) -> string { client CLIENT, tools [add], prompt #"{{ q }}"# }
"""
CLIENTS = {"none": ("One", ""), "retry": ("One", "retry_policy Again,"), "fallback": ("Both", "")}
FAULTS = ("cut", "stall", "429", "500", "bad JSON", "length")
PLACES = ("before text", "in text", "in arguments", "after 1 of 2 calls")
ALL = os.environ.get("BAMLET_AGENT_MATRIX") == "all"


@cache
def program(policy: str) -> bamlet.Program:
    client, retries = CLIENTS[policy]
    return bamlet.compile_sources({"main.baml": SOURCE.replace("CLIENT", client).replace("POLICY", retries)})


def chunk(delta: Any, finish: str | None = None) -> bytes:
    return events({"id": "1", "model": "m", "choices": [{"index": 0, "delta": delta, "finish_reason": finish}]})


def piece(number: int, arguments: str) -> bytes:
    head = {"index": number, "id": f"c{number}", "function": {"name": "add", "arguments": arguments}}
    return chunk(
        {"tool_calls": [head if arguments == "" else {"index": number, "function": {"arguments": arguments}}]}
    )


SAID = {
    "before text": [chunk({"role": "assistant", "content": ""})],
    "in text": [chunk({"content": "I lo"})],
    "in arguments": [piece(0, ""), piece(0, '{"n"')],
    "after 1 of 2 calls": [piece(0, ""), piece(0, '{"n": 1}'), piece(1, "")],
}
REST = {
    "before text": [chunk({"content": "I look."})],
    "in text": [chunk({"content": "ok."})],
    "in arguments": [piece(0, ": 1}")],
    "after 1 of 2 calls": [piece(1, '{"n": 2}')],
}
END = [chunk({}, "stop"), b"data: [DONE]\n\n"]
WHOLE = Reply([piece(0, ""), piece(0, '{"n": 5}'), *END], headers=SSE)


def broken(fault: str, place: str) -> Reply:
    said = SAID[place]
    match fault:
        case "cut":
            return Reply([*said, BrokenBody("it broke")], headers=SSE)
        case "stall":
            return Reply([*said, Wait(60)], headers=SSE)
        case "429" | "500":
            # Before anything was said by its status, and later by an event.
            if place == "before text":
                return refused(int(fault))
            return Reply([*said, events({"error": {"message": "no", "code": int(fault)}})], headers=SSE)
        case "bad JSON":
            return Reply([*said, b"data: {\n\n", *REST[place], *END], headers=SSE)
        case _:
            return Reply([*said, chunk({}, "length"), END[1]], headers=SSE)


class Ran:
    def __init__(self, policy: str, *replies: Reply, resumes: bamlet.AgentState | None = None) -> None:
        self.added: list[int] = []
        self.error: bamlet.BamlError | None = None
        self.value: Any = None
        self.transport = ScriptedTransport({"m": [*replies], "other": [WHOLE, streamed("done")]})
        run_virtual(self._run(program(policy), resumes))

    def _add(self, n: int) -> int:
        self.added.append(n)
        return n

    async def _run(self, program: bamlet.Program, resumes: bamlet.AgentState | None) -> None:
        async def add(n: int) -> int:
            return self._add(n)

        tasks = asyncio.all_tasks()
        runtime = bamlet.AsyncRuntime(
            program, functions={"add": add}, transport=self.transport, clock=LoopClock(), environ={}
        )
        async with runtime:
            try:
                if resumes is not None:
                    self.value = await runtime.resume(resumes)
                else:
                    self.value = await runtime.stream("Assist", q="?").final()
            except bamlet.BamlError as error:
                self.error = error
            assert (runtime.handles.open_count, self.transport.open_answers) == (0, 0)
        assert asyncio.all_tasks() == tasks


CELLS = [(fault, place, policy) for fault in FAULTS for place in PLACES for policy in CLIENTS]
FAILURES: dict[str, type[bamlet.BamlError]] = {
    "cut": bamlet.BamlClientConnectionError,
    "stall": bamlet.BamlTimeoutError,
    "429": bamlet.BamlClientError,
    "500": bamlet.BamlClientError,
}
# No failures: an event that cannot be read is passed over, and an answer that was too long is one all the same.
GOES_ON = {
    ("bad JSON", "before text"): ("I look.", []),
    ("bad JSON", "in text"): ("I look.", []),
    ("bad JSON", "in arguments"): ("done", [1, 5]),
    ("bad JSON", "after 1 of 2 calls"): ("done", [1, 2, 5]),
    ("length", "before text"): ("", []),
    ("length", "in text"): ("I lo", []),
    ("length", "in arguments"): ("done", [5]),
    ("length", "after 1 of 2 calls"): ("done", [1, 5]),
}


# Every fifth meets each fault, place and policy; `make nightly` walks all.
@pytest.mark.parametrize("cells", [CELLS if ALL else CELLS[::5]], ids=["all" if ALL else "some"])
def test_each_fault_at_each_place_under_each_policy(cells: list[tuple[str, str, str]]) -> None:
    for fault, place, policy in cells:
        told = f"{fault} {place}, {policy}"
        ran = Ran(policy, broken(fault, place), WHOLE, streamed("done"))
        if fault not in FAILURES:
            assert (ran.value, ran.added) == GOES_ON[fault, place], told
        elif policy != "none":
            assert ran.value == "done", told
            assert set(ran.added) == {5}, told
        else:
            assert type(ran.error) in (FAILURES[fault], bamlet.BamlClientHttpError), told
            assert ran.added == [], told
            assert ran.error is not None
            assert ran.error.state is not None, told
            kept = bamlet.AgentState.from_json(ran.error.state.to_json())
            on = Ran(policy, WHOLE, streamed("done"), resumes=kept)
            assert (on.value, on.added) == ("done", [5]), told
