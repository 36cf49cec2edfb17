"""`bamlet.AbortController`: the host's word to stop. A program does not live to see it."""

from __future__ import annotations

import asyncio
from functools import cache
from typing import Any

import pytest

import bamlet
from tests.support.scripted import LoopClock, ScriptedTransport, run_virtual, said

SOURCE = """
client<llm> A { provider openai-generic, options { model A, base_url "http://a", api_key k } }
function Say(text: string) -> string { client A, prompt #"{{ text }}"# }
function Spin(n: int) -> int {
  let i = 0;
  while (true) { i += 1; }
  i
}
"""


@cache
def program() -> bamlet.Program:
    return bamlet.compile_sources({"abort.baml": SOURCE})


def runtime(transport: ScriptedTransport) -> bamlet.AsyncRuntime:
    return bamlet.AsyncRuntime(program(), transport=transport, clock=LoopClock())


def test_f17_one_controller_stops_all_of_its_calls() -> None:
    abort = bamlet.AbortController()

    async def body() -> list[Any]:
        transport = ScriptedTransport({"A": said("a", head_delay=1000)})
        rt = runtime(transport)
        context = bamlet.CallContext(cancel=abort)
        calls = [asyncio.create_task(rt.call("Say", text="x", context=context)) for _ in range(5)]
        await asyncio.sleep(1)
        assert len(transport.sent) == 5
        abort.abort()
        return await asyncio.gather(*calls, return_exceptions=True)

    ended = run_virtual(body())
    assert [type(error) for error in ended] == [bamlet.BamlAbortError] * 5
    assert abort.aborted


def test_one_that_is_aborted_sends_nothing() -> None:
    abort = bamlet.AbortController()
    abort.abort()

    async def body() -> int:
        transport = ScriptedTransport({"A": said("a")})
        with pytest.raises(bamlet.BamlAbortError):
            await runtime(transport).call("Say", text="x", context=bamlet.CallContext(cancel=abort))
        return len(transport.sent)

    assert run_virtual(body()) == 0


@pytest.mark.timeout(30)
def test_f18_when_the_time_is_over_it_says_so_before_the_error_comes() -> None:
    abort = bamlet.AbortController(timeout_ms=50)
    assert not abort.aborted

    async def body() -> None:
        rt = bamlet.AsyncRuntime(program(), transport=ScriptedTransport({"A": said("a", head_delay=30)}))
        context = bamlet.CallContext(cancel=abort)
        calls = [rt.call("Say", text="x", context=context) for _ in range(3)]
        for call in asyncio.as_completed(calls):
            with pytest.raises(bamlet.BamlAbortError):
                await call
            assert abort.aborted

    asyncio.run(asyncio.wait_for(body(), 20))


@pytest.mark.timeout(30)
@pytest.mark.parametrize("timeout_ms", [0, 30])
def test_its_time_begins_with_its_first_call_and_ends_also_a_loop_that_never_waits(timeout_ms: int) -> None:
    abort = bamlet.AbortController(timeout_ms)
    assert "aborted=False" in repr(abort)
    with bamlet.Runtime(program()) as rt:
        for _ in range(2):
            with pytest.raises(bamlet.BamlAbortError):
                rt.call("Spin", n=1, context=bamlet.CallContext(cancel=abort))
            assert abort.aborted


def test_it_is_read_only_and_shown() -> None:
    abort = bamlet.AbortController(timeout_ms=5)
    with pytest.raises(AttributeError):
        abort.aborted = True  # type: ignore[misc]
    assert repr(abort) == "AbortController(timeout_ms=5, aborted=False)"
    with pytest.raises(ValueError, match="not -1"):
        bamlet.AbortController(-1)
