"""Streams of functions that give what an LLM function gives show its answer on the way.

What a stream shows is the host's to see: the language has no word for it.
"""

from __future__ import annotations

from typing import Any

import pytest

import bamlet
from bamlet.embed.stream import Partial, Reset
from tests.servers.loopback import Answer, LoopbackServer, Pause, openai_chunks
from tests.support.local_program import environ, in_pieces

SOURCE = """
client<llm> Local {
  provider openai-generic
  options {
    base_url env.BASE_URL
    api_key env.LOCAL_KEY
    model m
  }
}
class Item {
  name string
  count int
}
function Make(text: string) -> Item { client Local, prompt #"{{ text }}"# }
function Other(text: string) -> Item { client Local, prompt #"other {{ text }}"# }

function Tail(text: string) -> Item { Make(text) }
function Deeper(text: string) -> Item? { Tail("deep " + text) }
function Returned(text: string) -> Item {
  for (let part in [text]) {
    if (part != "") { return (Make(part)); }
  }
  Other(text)
}
function Chosen(text: string) -> Item {
  match (text) {
    "other" => Other(text),
    _ => { Make(text) },
  }
}
function Again(text: string) -> Item { Make(text) catch (e) { baml.errors.Validation => Other(text) } }
function Default(text: string) -> Item { Make(text) catch (e) { _ => Item { name: "none", count: 0 } } }
function Known(text: string) -> Item {
  if (text == "known") { return Item { name: text, count: 1 }; }
  Make(text)
}
class Asker {
  hint string
  function ask(self, text: string) -> Item { Make(self.hint + text) }
}
function Method(text: string) -> Item {
  let asker = Asker { hint: "h " };
  asker.ask(text)
}

function Kept(text: string) -> Item {
  let made = Make(text);
  made
}
function Part(text: string) -> string { Make(text).name }
function Several(text: string) -> Item[] { [Make(text)] }
function InLambda(text: string) -> Item {
  let ask = () -> Item { return Make(text); };
  ask()
}
"""
VALUE = {"name": "a longer name", "count": 3}
SHOWN = ["Tail", "Deeper", "Returned", "Chosen", "Again", "Default", "Known", "Method"]


@pytest.fixture(scope="module")
def program() -> bamlet.Program:
    return bamlet.compile_sources({"main.baml": SOURCE})


def streamed(value: Any) -> Answer:
    """In two parts that do not come together."""
    parts = openai_chunks(in_pieces(value))
    return Answer([*parts[:4], Pause(0.03), *parts[4:]])


def seen(runtime: bamlet.Runtime, function: str, text: str) -> tuple[list[Any], Any]:
    """What the stream shows, resets as `None`, and its value."""
    with runtime.stream(function, text=text, partials="every") as stream:
        events = [event for event in stream.events() if isinstance(event, Partial | Reset)]
        shown = [bamlet.to_plain(event.value) if isinstance(event, Partial) else None for event in events]
        return shown, bamlet.to_plain(stream.final())


@pytest.mark.parametrize("function", SHOWN)
def test_an_answer_that_is_given_is_shown_on_its_way(
    program: bamlet.Program, loopback: LoopbackServer, function: str
) -> None:
    loopback.answer(streamed(VALUE))
    with bamlet.Runtime(program, environ=environ(loopback.url)) as runtime:
        shown, value = seen(runtime, function, "it")
    assert len(shown) > 1
    assert (shown[-1], value) == (VALUE, VALUE)
    assert [one["name"] or "" for one in shown] == sorted(one["name"] or "" for one in shown)


@pytest.mark.parametrize("function", ["Kept", "Part", "Several", "InLambda"])
def test_an_answer_of_which_something_is_made_is_not_shown(
    program: bamlet.Program, loopback: LoopbackServer, function: str
) -> None:
    loopback.answer(Answer([b'{"choices": [{"message": {"content": "{\\"name\\": \\"n\\", \\"count\\": 1}"}}]}']))
    with bamlet.Runtime(program, environ=environ(loopback.url)) as runtime:
        shown, _ = seen(runtime, function, "it")
    assert shown == []


def test_an_answer_that_another_stands_in_for_is_taken_back(
    program: bamlet.Program, loopback: LoopbackServer
) -> None:
    other = {"name": "other", "count": 2}
    loopback.answer(streamed({"name": "first", "count": "no number"}), streamed(other))
    with bamlet.Runtime(program, environ=environ(loopback.url)) as runtime:
        shown, value = seen(runtime, "Again", "it")
    first, second = shown[: shown.index(None)], shown[shown.index(None) + 1 :]
    assert first[-1]["name"] == "first"
    assert (second[-1], value) == (other, other)


def test_a_value_of_the_functions_own_is_shown_whole(program: bamlet.Program, loopback: LoopbackServer) -> None:
    loopback.answer(streamed({"name": "first", "count": "no number"}))
    with bamlet.Runtime(program, environ=environ(loopback.url)) as runtime:
        shown, value = seen(runtime, "Default", "it")
        assert shown[-2:] == [None, value] == [None, {"name": "none", "count": 0}]
        shown, value = seen(runtime, "Known", "known")
    assert (shown, value) == ([{"name": "known", "count": 1}], {"name": "known", "count": 1})


def test_a_plain_call_asks_for_no_stream(program: bamlet.Program, loopback: LoopbackServer) -> None:
    whole = Answer([b'{"choices": [{"message": {"content": "{\\"name\\": \\"n\\", \\"count\\": 1}"}}]}'])
    loopback.answer(whole, streamed(VALUE))
    partials: list[Any] = []
    with bamlet.Runtime(program, environ=environ(loopback.url)) as runtime:
        runtime.call("Deeper", text="it")
        assert b'"stream"' not in loopback.requests[0].body
        context = bamlet.CallContext(on_partial=partials.append)
        assert bamlet.to_plain(runtime.call("Deeper", text="it", context=context)) == VALUE
    assert len(partials) > 1
