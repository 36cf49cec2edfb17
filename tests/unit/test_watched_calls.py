"""`F$stream(…)`: what a program sees of a call on its way, and what is left of it. Time is virtual."""

from __future__ import annotations

from functools import cache
from typing import Any

import pytest

import bamlet
from bamlet.embed import compile_sources
from tests.support.scripted import LoopClock, Reply, ScriptedTransport, Wait, refused, run_virtual, streamed

SOURCE = """
// bamlet: edition 2
retry_policy Again { max_retries 1 }
client<llm> C { provider openai, retry_policy Again, options { model gpt-4o } }

class Item { name: string, n: int }
class Page { title: string, items: Item[] }

function Read(text: string) -> Page {
  client C
  prompt `${text} ${ctx.output_format}`
}

function asked() -> string[] {
  let stream = Read$stream("x");
  let seen: string[] = [];
  while let part: baml.Partial<Page> = stream.next() {
    seen.push(`${part.title} ${part.items?.map((item) -> { item.name ?? "?" })}`);
  }
  seen.push(stream.final().title);
  seen
}

function looped() -> string[] {
  let seen: string[] = [];
  for (let part in Read$stream("x")) { seen.push(part.title ?? "-"); }
  seen
}

function left() -> string {
  let stream = Read$stream("x");
  stream.next();
  stream.cancel();
  stream.final().title catch (e) { baml.panics.Cancelled => "cancelled" }
}

function unbegun() -> string {
  let stream = Read$stream("x");
  stream.cancel();
  let part = stream.next() catch (e) { baml.panics.Cancelled => { return "cancelled"; } };
  "went on"
}

function unread() -> int { let stream = Read$stream("x"); 1 }

function failed() -> string[] {
  let seen: string[] = [];
  let stream = Read$stream("x");
  let part = stream.next() catch (e) { baml.errors.HttpStatus => { seen.push("refused"); null } };
  seen
}

function both() -> string[] {
  let streams = [Read$stream("x"), Read$stream("y")];
  streams.map((one) -> { one.next(); one.final().title })
}
"""
PAGE = '{"title": "abc", "items": [{"name": "x", "n": 1}, {"name": "yz", "n": 2}]}'


@cache
def program(*, all_async: bool = False) -> bamlet.Program:
    return compile_sources({"main.baml": SOURCE}, emit_all_async=all_async)


def slowly(text: str, size: int = 8) -> Reply:
    """A piece every tenth of a second."""
    deltas = [text[at : at + size] for at in range(0, len(text), size)]
    return Reply([part for piece in streamed(*deltas).parts for part in (Wait(0.1), piece)])


def call(name: str, *replies: Any, all_async: bool = False, **context: Any) -> tuple[Any, ScriptedTransport]:
    transport = ScriptedTransport({"gpt-4o": list(replies)})
    compiled = program(all_async=all_async)

    async def body() -> Any:
        environ = {"OPENAI_API_KEY": "k" * 9}
        async with bamlet.AsyncRuntime(compiled, transport=transport, clock=LoopClock(), environ=environ) as rt:
            try:
                return await rt.call(name, context=bamlet.CallContext(**context))
            except bamlet.BamlError as error:
                return error
            finally:
                assert rt.handles.open_count == 0
                assert transport.open_answers == 0

    return run_virtual(body()), transport


@pytest.mark.parametrize("all_async", [False, True])
def test_partial_values_come_while_the_answer_does_and_then_the_value(all_async: bool) -> None:
    seen, _ = call("asked", slowly(PAGE), all_async=all_async)
    assert seen[0] == "null []"
    assert seen[-3:] == ['abc ["x", "yz"]', 'abc ["x", "yz"]', "abc"]
    assert len(set(seen)) > 4
    assert call("looped", slowly(PAGE), all_async=all_async)[0][-1] == "abc"


def test_an_attempt_that_fails_on_the_way_is_tried_again() -> None:
    broken = Reply(slowly(PAGE).parts[:6])
    seen, transport = call("asked", broken, slowly(PAGE.replace("abc", "second")))
    assert (seen[-1], len(transport.sent)) == ("second", 2)


@pytest.mark.parametrize(("name", "requests"), [("left", 1), ("unbegun", 0)])
def test_a_stream_that_is_cancelled_leaves_no_socket(name: str, requests: int) -> None:
    value, transport = call(name, slowly(PAGE))
    assert (value, len(transport.sent)) == ("cancelled", requests)


def test_a_stream_that_nobody_reads_is_waited_for() -> None:
    value, transport = call("unread", slowly(PAGE))
    assert (value, len(transport.sent)) == (1, 1)


def test_the_error_of_the_call_comes_to_who_asks_and_else_out_of_the_call() -> None:
    assert call("failed", refused(401))[0] == ["refused"]
    assert isinstance(call("unread", refused(401))[0], bamlet.BamlClientHttpError)


def test_a_deadline_stops_it() -> None:
    assert isinstance(call("asked", slowly(PAGE), deadline=0.35)[0], bamlet.BamlTimeoutError)


def test_a_host_has_no_partial_value_to_hand_in() -> None:
    source = "class Item { name string }\nfunction F(part: baml.Partial<Item>) -> string? { part.name }"
    told = pytest.raises(bamlet.BamlInvalidArgumentError, match=r"should be `baml\.Partial<Item>`")
    with bamlet.Runtime(bamlet.compile_sources({"main.baml": source})) as runtime, told:
        runtime.call("F", part={"name": "x"})


def test_two_at_once_do_not_mix() -> None:
    value, _ = call("both", slowly(PAGE), slowly(PAGE.replace("abc", "other"), size=3))
    assert value == ["abc", "other"]
