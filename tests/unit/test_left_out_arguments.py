"""Arguments that a host leaves out of a call of an LLM function: each way to ask completes them once, in the call.

How often a default is evaluated, and what a host sees, is nothing that the language observes.
"""

from __future__ import annotations

import asyncio
from functools import cache
from typing import Any

import pytest

import bamlet
from bamlet.embed import compile_sources
from bamlet.embed.offline import Reply
from tests.support.scripted import run_virtual

SOURCE = """
// bamlet: edition 2
retry_policy Again { max_retries 2 }
client<llm> C { provider openai, retry_policy Again, options { model m, api_key "x" } }

class Short { text: string @assert(short, {{ this|length < 5 }}) }

function noted(text: string) -> int { log.info(`noted ${text}`); text.length() }
function late(text: string) -> int throws string {
  baml.sys.sleep(1);
  if (text == "") { throw "nothing to read"; }
  text.length()
}

function Read(text: string, most: int = noted(text), tail: string) -> string {
  client C, prompt `${text} ${most} ${tail}`
}
function Wait(text: string, most: int = late(text)) -> string { client C, prompt `${text} ${most}` }
function Judge(n: int, what: Short = Short { text: "much too long" }, who: string) -> string {
  client C, prompt `${n}`
}
function Agent(text: string, most: int = noted(text)) -> string {
  client C, tools [noted], prompt `${text} ${most}`
}
function noted_twice() -> string[] throws unknown { [Read("abc", "t"), Read("ab", "u", most = 1)] }

test Case { functions [Read], args { text "four", tail "t" } }
"""


@cache
def program() -> bamlet.Program:
    return compile_sources({"main.baml": SOURCE})


class Asked:
    """A runtime whose model answers with the arguments that it was asked with, and fails at first if it shall."""

    def __init__(self, failures: int = 0) -> None:
        self.noted: list[str] = []
        self._failures = failures

    def runtime(self) -> bamlet.AsyncRuntime:
        transport = bamlet.OfflineTransport(script=self._answer, pace=0)
        return bamlet.AsyncRuntime(program(), transport=transport, on_log=self._noted)

    def _noted(self, level: str, text: str) -> None:
        self.noted.append(text)

    def _answer(self, note: Any, attempt: int) -> Reply:
        if attempt <= self._failures:
            return Reply(status=500)
        return Reply(text=" ".join(str(value) for value in note.asked.arguments.values()))


ARGUMENTS = {"text": "abc", "tail": "t"}


def test_every_way_to_ask_completes_them() -> None:
    async def scene() -> list[str]:
        async with Asked().runtime() as runtime:
            return [
                await runtime.call("Read", ARGUMENTS),
                await runtime.call("Read", ARGUMENTS, most=9),
                await runtime.stream("Read", ARGUMENTS).final(),
                str(await runtime.prompt("Read", ARGUMENTS)),
                (await runtime.request("Read", ARGUMENTS)).body.text(),
                (await runtime.stream_request("Wait", text="ab")).body.text(),
                await runtime.call("Agent", text="ab"),
            ]

    called, given, streamed, prompt, request, stream_request, agent = asyncio.run(scene())
    assert (called, given, streamed) == ("abc 3 t", "abc 9 t", "abc 3 t")
    assert ("abc 3 t" in prompt, "abc 3 t" in request, "ab 2" in stream_request, agent) == (
        True,
        True,
        True,
        "ab 2",
    )


@pytest.mark.parametrize("streams", [False, True])
def test_a_default_is_evaluated_once_however_often_a_call_tries(streams: bool) -> None:
    asked = Asked(failures=2)

    async def scene() -> Any:
        async with asked.runtime() as runtime:
            return await (
                runtime.stream("Read", ARGUMENTS).final() if streams else runtime.call("Read", ARGUMENTS)
            )

    assert asyncio.run(scene()) == "abc 3 t"
    assert len(asked.noted) == 1


def test_one_may_wait_and_throw() -> None:
    async def scene() -> None:
        async with Asked().runtime() as runtime:
            assert await runtime.call("Wait", text="ab") == "ab 2"
            for failing in (runtime.call("Wait", text=""), runtime.prompt("Wait", text="")):
                with pytest.raises(bamlet.UnhandledThrow, match="nothing to read"):
                    await failing

    run_virtual(scene())


def test_what_is_asserted_of_a_parameter_is_asserted_of_its_default() -> None:
    async def scene() -> None:
        async with Asked().runtime() as runtime:
            assert await runtime.call("Judge", n=1, who="me", what={"text": "ok"})
            for what in ({}, {"what": {"text": "much too long"}}):
                with pytest.raises(bamlet.BamlInvalidArgumentError, match="short"):
                    await runtime.call("Judge", {"n": 1, "who": "me", **what})

    asyncio.run(scene())


def test_a_thread_s_runtime_and_a_test_with_arguments_do_it_too() -> None:
    transport = bamlet.OfflineTransport(script=Asked()._answer, pace=0)
    with bamlet.Runtime(program(), transport=transport) as runtime:
        assert runtime.call("noted_twice") == ["abc 3 t", "ab 1 u"]
        assert runtime.call("Read", program().tests[0].arguments) == "four 4 t"
        assert "ab 2" in str(runtime.prompt("Wait", text="ab"))
