"""Clients that a host makes while the program runs. The program sees no difference, so this is Python."""

from __future__ import annotations

import copy
import pickle
from functools import cache
from typing import Any

import pytest

import bamlet
from tests.support.scripted import LoopClock, ScriptedTransport, refused, run_virtual, said

KEY = "sk-handed-in-by-the-host"
SOURCE = """
retry_policy Thrice { max_retries 2, strategy { type constant_delay, delay_ms 10 } }
client<llm> A { provider openai-generic, options { model A, base_url "http://a", api_key k } }
client<llm> B { provider openai-generic, options { model B, base_url "http://b", api_key k } }
client<llm> Both { provider fallback, options { strategy [A, B] } }
function Say(text: string) -> string { client Both, prompt #"{{ text }}"# }
"""


@cache
def program() -> bamlet.Program:
    return bamlet.compile_sources({"registry.baml": SOURCE})


def options(model: str, **more: Any) -> dict[str, Any]:
    return {"model": model, "base_url": "http://host", "api_key": KEY, **more}


def asked(replies: dict[str, Any], *contexts: bamlet.CallContext) -> list[Any]:
    """The models that each call has asked, or its error."""

    async def body() -> list[Any]:
        transport = ScriptedTransport(replies)
        rt = bamlet.AsyncRuntime(program(), transport=transport, clock=LoopClock())
        found: list[Any] = []
        for context in contexts:
            before = len(transport.sent)
            try:
                await rt.call("Say", text="x", context=context)
            except bamlet.BamlError as error:
                found.append(error)
            else:
                found.append([model for model, _ in transport.sent[before:]])
        return found

    found: list[Any] = run_virtual(body())
    return found


def test_a_primary_of_the_registry_is_asked() -> None:
    registry = bamlet.ClientRegistry()
    registry.add_llm_client("Mine", "openai-generic", options("mine"))
    registry.set_primary("Mine")
    assert asked({"mine": said("a")}, bamlet.CallContext(registry=registry)) == [["mine"]]


def test_a_primary_may_be_one_of_the_program_in_either_spelling() -> None:
    first, second = bamlet.ClientRegistry(), bamlet.ClientRegistry()
    first.set_primary("B")
    second.set_primary(primary="B")
    contexts = (bamlet.CallContext(registry=first), bamlet.CallContext(registry=second))
    assert asked({"B": said("a")}, *contexts) == [["B"], ["B"]]


def test_a_client_takes_the_place_of_its_name_also_inside_a_fallback() -> None:
    registry = bamlet.ClientRegistry()
    registry.add_llm_client("A", "openai-generic", options("other"))
    registry.add_llm_client("A", "openai-generic", options("last"))
    with_it, without = bamlet.CallContext(registry=registry), bamlet.CallContext()
    replies = {"last": refused(401), "A": said("a"), "B": said("b")}
    assert asked(replies, with_it, without, with_it) == [["last", "B"], ["A"], ["last", "B"]]


def test_composites_and_policies_of_the_program() -> None:
    registry = bamlet.ClientRegistry()
    registry.add_llm_client("Mine", "openai-generic", options("mine"), retry_policy="Thrice")
    registry.add_llm_client("Chain", "fallback", {"strategy": ["Mine", "B"]})
    registry.set_primary("Chain")
    replies = {"mine": refused(503), "B": said("b")}
    assert asked(replies, bamlet.CallContext(registry=registry)) == [["mine", "mine", "mine", "B"]]


def test_f8_pain_8_a_call_changes_no_registry() -> None:
    registry = bamlet.ClientRegistry()
    given = options("mine", headers={"x": "1"})
    registry.add_llm_client("Mine", "openai-generic", given)
    given["headers"]["x"] = "2"
    registry.set_primary("Mine")
    before = pickle.dumps(registry)
    contexts = (bamlet.CallContext(registry=registry, client="B"), bamlet.CallContext(registry=registry))
    assert asked({"mine": said("a"), "B": said("b")}, *contexts) == [["B"], ["mine"]]
    assert pickle.dumps(registry) == before
    assert registry.primary == "Mine"


def test_strings_are_literal() -> None:
    registry = bamlet.ClientRegistry()
    registry.add_llm_client("Mine", "openai-generic", options("env.MODEL", temperature=None, stop=["a"]))
    registry.set_primary("Mine")
    with bamlet.Runtime(program(), environ={"MODEL": "no"}) as runtime:
        request = runtime.request("Say", text="x", context=bamlet.CallContext(registry=registry))
    body = request.body.json()
    assert (body["model"], body["stop"]) == ("env.MODEL", ["a"])


def test_the_same_name_with_another_provider_is_another_client() -> None:
    made = []
    for provider in ("openai-generic", "anthropic"):
        registry = bamlet.ClientRegistry()
        registry.add_llm_client("Mine", provider, options("m", max_tokens=5))
        registry.set_primary("Mine")
        made.append(registry)
    with bamlet.Runtime(program()) as runtime:
        urls = [runtime.request("Say", text="x", context=bamlet.CallContext(registry=r)).url for r in made]
    assert [url.rpartition("/")[2] for url in urls] == ["completions", "messages"]


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (lambda r: r.add_llm_client("M", "opnai", {}), "there is no provider `opnai`"),
        (lambda r: r.add_llm_client("M", "openai", [1]), "the options of client `M` are a dict, not a list"),
        (lambda r: r.add_llm_client("", "openai", {}), "the name of a client is a text"),
        (lambda r: r.set_primary(), "the primary client is a name"),
    ],
)
def test_what_cannot_work_is_told_when_it_is_said(make: Any, told: str) -> None:
    with pytest.raises(bamlet.BamlInvalidArgumentError, match=f"Invalid argument: .*{told}"):
        make(bamlet.ClientRegistry())


def test_what_a_program_has_not_is_told_at_the_call_with_what_was_meant() -> None:
    unknown, policy = bamlet.ClientRegistry(), bamlet.ClientRegistry()
    unknown.add_llm_client("Mine", "openai-generic", options("mine"))
    unknown.set_primary("Mime")
    policy.add_llm_client("Mine", "openai-generic", options("mine"), "Twice")
    policy.set_primary("Mine")
    errors = asked({}, bamlet.CallContext(registry=unknown), bamlet.CallContext(registry=policy))
    assert errors[0].message == "Could not find client `Mime`; did you mean `Mine`?"
    assert errors[1].message.startswith("Could not find retry policy `Twice` of client `Mine`; ")


@pytest.mark.parametrize(
    ("option", "told"),
    [
        ({"price": {"input": "cheap", "output": 1}}, "price has for input a number of dollars"),
        ({"price": {"input": 1, "output": True}}, "price has for output a number of dollars"),
        ({"price": {"input": 1}}, "price has no `output`"),
        ({"price": {"input": 1, "output": 1, "cash": 1}}, "price has no `cash`"),
        ({"rate": {"rpm": "many"}}, "rate has for rpm a number above 0"),
        ({"rate": {"tpm": 0}}, "rate has for tpm a number above 0"),
    ],
)
def test_a_price_and_a_rate_are_numbers(option: dict[str, Any], told: str) -> None:
    registry = bamlet.ClientRegistry()
    registry.add_llm_client("Mine", "openai-generic", options("mine", **option))
    registry.set_primary("Mine")
    (error,) = asked({"mine": said("a")}, bamlet.CallContext(registry=registry))
    assert isinstance(error, bamlet.BamlInvalidArgumentError)
    assert error.message.startswith(f"client `Mine`: {told}")


def test_it_is_copied_and_sent_and_shows_no_key() -> None:
    registry = bamlet.ClientRegistry()
    registry.add_llm_client("Mine", "openai-generic", options("mine"))
    registry.set_primary("Mine")
    assert repr(registry) == "ClientRegistry(primary='Mine', clients=[Mine (openai-generic)])"
    for again in (copy.copy(registry), copy.deepcopy(registry), pickle.loads(pickle.dumps(registry))):
        assert repr(again) == repr(registry)
        again.add_llm_client("More", "openai-generic", options("more"))
        assert asked({"mine": said("a")}, bamlet.CallContext(registry=again)) == [["mine"]]
    assert "More" not in repr(registry)
    context = bamlet.CallContext(registry=registry, env={"A_KEY": KEY})
    assert repr(context) == f"CallContext(env={{A_KEY}}, registry={registry!r})"
