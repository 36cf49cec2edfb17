"""Models that are told of tools in the words of their prompt, and call them in their text. Time is virtual.

What is sent, and that a host hears the same either way, is outside of what a program can see.
"""

from __future__ import annotations

import json
from typing import Any

import pytest

import bamlet
from bamlet.providers import SpokenCalls, ToolCall, spoken_calls
from bamlet.testing.script import Scripted, calls, say, script
from tests.agents.test_loop import SOURCE
from tests.support.scripted import LoopClock, run_virtual


def made(name: str, arguments: str) -> ToolCall:
    return ToolCall("", name, arguments)


ANSWERS: tuple[Scripted, ...] = (
    calls(
        made("find_orders", '{"customer":7,"open_only":null}'), made("wait", '{"ms":2000}'), text="I look at it."
    ),
    calls(made("find_order", '{"customer":7}')),
    calls(made("small", '{"n":70}'), made("flood_some", '{"size":30}')),
    say('{"count": 2}'),
)


def program(mode: str, provider: str = "ollama-native") -> bamlet.Program:
    source = SOURCE.replace("PROVIDER", provider).replace("OPTIONS", f", tool_mode {mode}")
    found = bamlet.compile_sources({"main.baml": source})
    assert not [one for one in found.diagnostics if one.severity == "error"]
    return found


def run(mode: str, *answers: Scripted, function: str = "Assist", **more: Any) -> tuple[list[Any], list[Any]]:
    """What the host hears, and what was sent."""

    async def work() -> tuple[list[Any], list[Any]]:
        model = script(*answers)
        compiled = program(mode, **more)
        async with bamlet.AsyncRuntime(compiled, transport=model, clock=LoopClock(), environ={}) as runtime:
            stream = runtime.stream(function, q="?", partials="every")
            found = [event async for event in stream.agent_events()]
            assert runtime.handles.open_count == 0
            return found, [request.body for request in model.requests]

    return run_virtual(work())


def acts(events: list[Any]) -> list[Any]:
    """All but what was said, and of arguments on their way the last, for pieces are cut otherwise in words."""
    found: list[Any] = []
    for event in events:
        data = event.data()
        if event.name == "ChunkSaid":
            continue
        data.pop("spent", None)  # more is written, so more is paid
        if event.name == "PartialArguments":
            same = [old for old in found if (old["event"], old.get("call_id")) == (event.name, event.call_id)]
            if same and data["step"] == same[-1]["step"]:
                found[found.index(same[-1])] = data
                continue
        found.append(data)
    return found


def text_of(message: Any) -> str:
    content = message["content"]
    return content if isinstance(content, str) else "".join(part["text"] for part in content)


@pytest.mark.parametrize("function", ["Assist", "Typed"])
def test_the_host_hears_the_same_in_either_way(function: str) -> None:
    native, spoken = (run(mode, *ANSWERS, function=function)[0] for mode in ("native", "prompt"))
    assert acts(spoken) == acts(native)
    assert sum(event.name == "PartialArguments" for event in spoken) > 0


def test_the_prompt_tells_of_the_tools_and_the_history_is_words() -> None:
    _, sent = run("prompt", *ANSWERS[:1], say("ok"), provider="openai")
    assert not any("tools" in body for body in sent)
    [asked] = sent[0]["messages"]
    told = text_of(asked)
    assert told.startswith("?\n\nTo call functions, answer with nothing but a JSON Array")
    assert (
        'tool: "find_orders",\n    // the number on the card\n    customer: int,\n    open_only: bool or null,'
        in told
    )
    said, answered = sent[1]["messages"][1:]
    assert (said["role"], answered["role"]) == ("assistant", "user")
    assert text_of(said) == (
        'I look at it.\n[{"tool": "find_orders", "customer":7,"open_only":null}, {"tool": "wait", "ms":2000}]'
    )
    results = json.loads(text_of(answered))
    assert [result["tool"] for result in results] == ["find_orders", "wait"]


@pytest.mark.parametrize("mode", ["native", "prompt"])
def test_arguments_that_are_too_deep_are_told_so(mode: str) -> None:
    deep = made("find_orders", '{"customer":' + "[" * 20_000 + "]" * 20_000 + "}")
    events, _ = run(mode, calls(deep), say("ok"), provider="openai")
    [ended] = [event for event in events if event.name == "ToolEnded"]
    assert "nested deeper than" in ended.result.content


SPOKEN = [
    ('[{"tool": "a", "x": {"y": "}\\"]"}}, {"tool": "b"}]', "", [("a", '{"x": {"y": "}\\"]"}}'), ("b", "{}")]),
    ('Well.\n```json\n[ {"tool":"a","x":[1]} ]\n``` there', "Well.", [("a", '{"x":[1]}')]),
    ("{'tool': 'a', \"x\": 1}", "", [("a", '{"x": 1}')]),
    ('{"tool": "a", "x": "cut', "", [("a", '{"x": "cut')]),
    ('{"toolbox": 1} and [1, {"to": `x`}] ``', '{"toolbox": 1} and [1, {"to": `x`}] ``', []),
    ("Two\n\nlines\n", "Two\n\nlines\n", []),
    ('I end in [{"to', 'I end in [{"to', []),
]


@pytest.mark.parametrize(("text", "said", "called"), SPOKEN)
def test_calls_are_told_from_what_is_said_wherever_the_text_is_cut(
    text: str, said: str, called: list[tuple[str, str]]
) -> None:
    wanted = (said, tuple(ToolCall("", name, arguments) for name, arguments in called))
    assert spoken_calls(text) == wanted
    for size in range(1, len(text)):
        reader = SpokenCalls()
        pieces, chunks = "", []
        for at in range(0, len(text), size):
            new, more = reader.feed(text[at : at + size])
            pieces += new
            chunks += more
        assert (pieces + reader.end(), reader.calls) == wanted
        for slot, (_, arguments) in enumerate(called):
            heard = (one.text for one in chunks if (one.type, one.slot) == ("tool_call_chunk", slot))
            assert "".join(heard) == arguments
