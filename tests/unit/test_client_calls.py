"""Calls and streams of a generated client over a socket: its objects are Python's, not the language's."""

from __future__ import annotations

import asyncio
import json
import pickle
import socket
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import bamlet
from bamlet.embed.logs import logger
from tests.servers.loopback import Answer, LoopbackServer, openai_chunks
from tests.support.generated import CLIENT, generated
from tests.support.local_program import KEY
from tests.support.user_project import streamed, whole

SOURCE = (
    CLIENT
    + """
class Item {
  name string
  count int
}

class Receipt {
  items Item[]
  total float?
}

/// Reads a receipt.
function Extract(text: string, hint: string?) -> Receipt {
  client Local
  prompt #"{{ text }} {{ hint }} {{ ctx.output_format }}"#
}

enum Lane {
  AIR
}

function Show(items: Item[], more: Item[], rate: float) -> Item {
  client Local
  prompt #"{{ items }} {{ more }} {{ rate }}"#
}

enum Mood {
  Good
  @@dynamic
}

class Open {
  name string
  mood Mood
  @@dynamic
}

function Opened(text: string) -> Open {
  client Local
  prompt #"{{ text }} {{ ctx.output_format }}"#
}

function Which(thing: Open | Item) -> string {
  match (thing) {
    _: Item => "item",
    _: Open => "open",
  }
}

function Shown(open: Open) -> string {
  client Local
  prompt #"{{ open }} {{ open.rank }}"#
}

function One(text: string) -> Item {
  client Local
  prompt #"{{ text }} {{ ctx.output_format }}"#
}

function Both(text: string) -> Receipt {
  let item = One(text);
  Extract(item.name, null)
}

function Add(a: int, b: int?) -> int {
  if (b == null) { a } else { a + b }
}
"""
)

RECEIPT = {"items": [{"name": f"item {n}", "count": n} for n in range(5)], "total": 1.5}


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ModuleType]:
    with generated(tmp_path_factory.mktemp("client"), SOURCE) as package:
        yield package


@pytest.fixture
def local(loopback: LoopbackServer, monkeypatch: pytest.MonkeyPatch) -> LoopbackServer:
    monkeypatch.setenv("BASE_URL", loopback.url)
    monkeypatch.setenv("LOCAL_KEY", KEY)
    return loopback


@pytest.fixture
def b(client: ModuleType) -> Any:
    from importlib import import_module

    return import_module(f"{client.__name__}.sync_client").b


def test_a_call_gives_an_object_of_the_types(client: ModuleType, b: Any, local: LoopbackServer) -> None:
    local.answer(whole(RECEIPT))
    found = b.Extract("text")
    assert type(found) is client.types.Receipt
    assert found == client.types.Receipt.model_validate(RECEIPT)
    assert found.model_dump() == RECEIPT


async def _both(b: Any) -> tuple[Any, list[Any], Any]:
    async with asyncio.timeout(10):
        value = await b.Extract("text", hint="more")
        stream = b.stream.Extract("text")
        partials = [partial async for partial in stream]
        return value, partials, await stream.get_final_response()


def test_the_asynchronous_client_does_the_same_on_one_loop_after_another(
    client: ModuleType, local: LoopbackServer
) -> None:
    for _ in range(2):
        local.answer(whole(RECEIPT), streamed(RECEIPT))
        value, partials, final = asyncio.run(_both(client.b))
        assert value == final == client.types.Receipt.model_validate(RECEIPT)
        assert {type(partial) for partial in partials} == {client.partial_types.Receipt}


def test_the_last_partial_is_the_final_value_in_the_types_of_streams(
    client: ModuleType, b: Any, local: LoopbackServer
) -> None:
    local.answer(streamed(RECEIPT))
    stream = b.stream.Extract("text", baml_options={"partials": "every"})
    partials = list(stream)
    assert len(partials) > 10
    assert partials[-1] == client.stream_types.Receipt.model_validate(RECEIPT)
    assert partials[-1].items[0] is partials[-2].items[0]
    for partial in partials:
        client.stream_types.Receipt.model_validate(partial.model_dump())
    assert stream.get_final_response() is stream.get_final_response()


def test_breaking_out_of_a_loop_pauses_and_the_final_value_is_the_whole_one(b: Any, local: LoopbackServer) -> None:
    local.answer(streamed(RECEIPT))
    stream = b.stream.Extract("text")
    for _ in stream:
        break
    assert stream.get_final_response().model_dump() == RECEIPT


def test_a_second_loop_goes_on_where_the_first_was_left(b: Any, local: LoopbackServer) -> None:
    local.answer(streamed(RECEIPT))
    stream = b.stream.Extract("text", baml_options={"partials": "every"})
    counts = [len(partial.items) for _, partial in zip(range(20), stream, strict=False)]
    counts += [len(partial.items) for partial in stream]
    assert counts == sorted(counts)
    assert counts[0] == 0
    assert counts[-1] == 5


def test_f6_a_loop_over_a_stream_that_has_ended_is_refused(b: Any, local: LoopbackServer) -> None:
    local.answer(streamed(RECEIPT))
    stream = b.stream.Extract("text")
    list(stream)
    with pytest.raises(RuntimeError, match="has ended"):
        list(stream)


def test_a_stream_that_nobody_holds_closes_its_connection(b: Any, local: LoopbackServer) -> None:
    local.answer(Answer(openai_chunks(['{"items": [{"name": "a'], None)[:-1], end="open"))
    for _ in b.stream.Extract("text"):
        break
    local.wait_client_left(5)


def test_f1_an_error_comes_out_of_the_loop_and_again_with_the_final_value(b: Any, local: LoopbackServer) -> None:
    local.default = Answer([b"no"], status=500, framing="length")
    stream = b.stream.Extract("text")
    with pytest.raises(bamlet.BamlClientHttpError) as first:
        list(stream)
    with pytest.raises(bamlet.BamlClientHttpError) as again:
        stream.get_final_response()
    assert again.value is first.value


def test_nothing_is_sent_before_somebody_looks(b: Any, local: LoopbackServer) -> None:
    b.stream.Extract("text")
    assert local.requests == []


def test_expression_functions_are_methods_like_the_others(client: ModuleType, b: Any) -> None:
    assert b.Add(1, 2) == 3
    assert b.Add(a=1) == 1
    assert asyncio.run(client.b.Add(1, b=5)) == 6
    with pytest.raises(TypeError):
        b.Add()
    with pytest.raises(AttributeError):
        b.Subtract(1, 2)


def test_f11_no_options_are_the_same_as_none(b: Any) -> None:
    assert b.Add(1, 2, None) == b.Add(1, 2, {}) == 3


def test_requests_are_made_and_not_sent(b: Any, local: LoopbackServer) -> None:
    request = b.request.Extract("receipt text")
    assert "receipt text" in json.dumps(request.body.json())
    assert b.stream_request.Extract("receipt text").body.json()["stream"] is True
    assert local.requests == []


def test_answers_are_read_whole_and_in_part(client: ModuleType, b: Any) -> None:
    assert b.parse.Extract(json.dumps(RECEIPT)) == client.types.Receipt.model_validate(RECEIPT)
    part = b.parse_stream.Extract('{"items": [{"name": "a", "cou')
    assert part == client.stream_types.Receipt(items=[client.stream_types.Item(name="a")])


def test_f19_what_cannot_be_read_is_a_validation_error(b: Any) -> None:
    with pytest.raises(bamlet.BamlValidationError, match="Failed to parse"):
        b.parse.One("nothing of the kind")


def test_f15_the_parts_of_an_expression_function_are_refused(b: Any) -> None:
    for use in (b.request.Add, b.stream_request.Add):
        with pytest.raises(bamlet.BamlInvalidArgumentError, match="`Add` is no LLM function"):
            use(1, 2)
    with pytest.raises(bamlet.BamlInvalidArgumentError, match="`Add` is no LLM function"):
        b.parse.Add("1")


def test_a_client_and_its_values_are_pickled(client: ModuleType, b: Any) -> None:
    copy = pickle.loads(pickle.dumps(b.with_options(client="Local")))
    assert type(copy) is type(b)
    assert copy.Add(1, 2) == 3
    value = client.types.Receipt.model_validate(RECEIPT)
    assert pickle.loads(pickle.dumps(value)) == value


def test_an_unknown_option_is_warned_of(b: Any) -> None:
    with pytest.warns(UserWarning, match="did you mean `tags`"):
        b.Add(1, 2, {"tag": {"a": "b"}})


def test_f12_an_option_of_the_wrong_kind_is_told_by_name(b: Any) -> None:
    with pytest.raises(bamlet.BamlInvalidArgumentError, match="baml_options\\['env'\\]"):
        b.Add(1, 2, {"env": "A=b"})


def test_f4_a_key_that_is_taken_away_fails_before_sending(b: Any, local: LoopbackServer) -> None:
    with pytest.raises(bamlet.BamlError, match="LOCAL_KEY"):
        b.Extract("text", baml_options={"env": {"LOCAL_KEY": None}})
    assert local.requests == []


def test_options_of_a_client_go_under_those_of_a_call(b: Any, local: LoopbackServer) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        nowhere = f"http://127.0.0.1:{closed.getsockname()[1]}"
    elsewhere = b.with_options(env={"BASE_URL": nowhere})
    local.answer(whole(RECEIPT), whole(RECEIPT))
    with pytest.raises(bamlet.BamlError):
        elsewhere.Extract("text")
    assert elsewhere.Extract("text", baml_options={"env": {}}).model_dump() == RECEIPT
    assert b.Extract("text").model_dump() == RECEIPT


def test_methods_have_signatures_docstrings_and_hints(client: ModuleType, b: Any) -> None:
    import inspect
    import typing

    assert str(inspect.signature(b.Extract)).startswith("(text: 'str', hint: 'str | None' = None, baml_options:")
    assert b.Extract.__doc__ == b.stream.Extract.__doc__ == "Reads a receipt."
    assert inspect.iscoroutinefunction(client.b.Extract)
    assert not inspect.iscoroutinefunction(client.b.stream.Extract)
    assert typing.get_type_hints(b.Extract)["return"] is client.types.Receipt


def test_the_client_can_be_patched(b: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(b, "Add", lambda a, b: 42)
    monkeypatch.setattr(b.stream, "Extract", lambda text: [1])
    assert b.Add(1, 2) == 42
    assert b.stream.Extract("text") == [1]


def test_f20_two_packages_share_nothing(client: ModuleType, tmp_path: Path) -> None:
    with generated(tmp_path, SOURCE) as other:
        assert other.types.Item is not client.types.Item
        other.tracing.set_tags(of="other")
        assert other.b._package.tags() == {"of": "other"}
        assert client.b._package.tags() == {}


def test_arguments_are_what_programs_for_baml_give(client: ModuleType, b: Any, local: LoopbackServer) -> None:
    """An object of a subclass, a mapping with unknown keys, a tuple for a list, a decimal for a float."""

    class Mine(client.types.Item):  # type: ignore[name-defined]
        note: str

    item = {"name": "a", "count": 1, "colour": "red"}
    body = b.request.Show([Mine(name="b", count=2, note="n"), item], (item,), Decimal("1.5")).body.text()
    assert "colour" not in body
    assert "note" not in body
    assert "1.5" in body


def test_an_argument_of_a_dynamic_class_is_shown_with_all_that_it_has(
    client: ModuleType, b: Any, local: LoopbackServer
) -> None:
    more = {"rank": 7, "item": client.types.Item(name="a", count=1), "lane": client.types.Lane.AIR}
    asked = [
        b.request.Shown(given).body.json()["messages"][0]["content"]
        for given in (client.types.Open(name="n", mood="New", **more), {"name": "n", "mood": "New", **more})
    ]
    assert asked[0] == asked[1]
    for part in ('"name": "n"', '"mood": New', '"rank": 7', '"count": 1', '"lane": "AIR"'):
        assert part in asked[0]
    assert asked[0].endswith("} 7")


def test_what_a_dynamic_class_may_have_is_no_part_of_python(b: Any, local: LoopbackServer) -> None:
    for key in ("__class__", 7):
        with pytest.raises(bamlet.BamlInvalidArgumentError, match=f"has no field `{key}`"):
            b.request.Shown({"name": "n", "mood": "New", "rank": 1, key: "x"})


def test_a_mapping_is_of_the_class_that_has_its_keys_before_one_that_takes_any(
    b: Any, local: LoopbackServer
) -> None:
    for given, shown in (({"name": "n", "count": 1}, "item"), ({"name": "n", "mood": "Good"}, "open")):
        assert b.Which(given) == shown


def test_f16_all_wrong_arguments_are_told_at_once_in_words(
    client: ModuleType, b: Any, local: LoopbackServer
) -> None:
    with pytest.raises(bamlet.BamlInvalidArgumentError) as told:
        b.Show([{"name": "a", "count": "many"}], "b", True)
    for part in ("`items[0].count` should be `int`, not 'many'", "`more`", "`rate` should be `float`"):
        assert part in str(told.value)
    assert local.requests == []


def test_an_enum_member_is_no_text(client: ModuleType, b: Any) -> None:
    with pytest.raises(bamlet.BamlInvalidArgumentError, match="`text` should be `string`"):
        b.One(client.types.Lane.AIR)


# --- what stands beside a client


def test_types_are_made_at_run_time(client: ModuleType, b: Any, local: LoopbackServer) -> None:
    builder = client_module(client, "type_builder").TypeBuilder()
    builder.Open.add_property("size", builder.int()).description("in metres")
    builder.Open.add_property("item", builder.Item.type())
    builder.Mood.add_value("Odd")
    answer = '{"name": "a", "mood": "Odd", "size": 3, "item": {"name": "b", "count": 1}}'
    found = b.parse.Opened(answer, {"tb": builder})
    assert found == client.types.Open(name="a", mood="Odd", size=3, item=client.types.Item(name="b", count=1))
    assert type(found.item) is client.types.Item, "F14: a class of the program is that class"
    assert "in metres" in b.request.Opened("text", baml_options={"tb": builder}).body.text()
    assert b.parse_stream.Opened(answer[:40], {"tb": builder}).size == 3
    with pytest.raises(AttributeError):
        builder.Item.add_property("x", builder.int())
    assert vars(b.parse.Opened('{"name": "a", "mood": "Good"}'))["mood"] is client.types.Mood.Good


def test_a_collector_sees_what_a_client_calls(b: Any, local: LoopbackServer) -> None:
    local.answer(whole(RECEIPT), streamed(RECEIPT))
    collector = bamlet.Collector("mine")
    b.Extract("text", baml_options={"collector": collector})
    b.with_options(collector=(collector,)).stream.Extract("text").get_final_response()
    assert [log.function_name for log in collector.logs] == ["Extract", "Extract"]
    assert [log.log_type for log in collector.logs] == ["call", "stream"]


def test_f8_a_client_of_a_registry_is_taken_and_the_registry_stays(b: Any, local: LoopbackServer) -> None:
    registry = bamlet.ClientRegistry()
    options = {"base_url": local.url, "api_key": KEY, "model": "other"}
    registry.add_llm_client("Other", "openai-generic", options)
    registry.set_primary("Other")
    before = repr(registry)
    local.answer(whole(RECEIPT), whole(RECEIPT))
    b.Extract("text", baml_options={"client_registry": registry})
    b.Extract("text", baml_options={"client_registry": registry, "client": "Local"})
    assert [request.json()["model"] for request in local.requests] == ["other", "m"]
    assert repr(registry) == before


def test_f7_ticks_come_to_blocking_clients_and_no_collector_is_added(b: Any, local: LoopbackServer) -> None:
    local.answer(streamed(RECEIPT))
    given: list[bamlet.Collector] = []
    ticks: list[tuple[str, str]] = []
    options = {"collector": given, "on_tick": lambda why, log: ticks.append((why, log.function_name))}
    assert b.Extract("text", baml_options=options).model_dump() == RECEIPT
    assert given == []
    assert set(ticks) == {("Unknown", "Extract")}
    assert len(ticks) > 5


def test_f17_one_controller_stops_all_of_its_calls(b: Any, local: LoopbackServer) -> None:
    local.default = Answer(openai_chunks(['{"items": [{"name": "a'], None)[:-1], end="open")
    controller = bamlet.AbortController()
    streams = [b.stream.Extract("text", baml_options={"abort_controller": controller}) for _ in range(3)]
    for stream in streams:
        next(iter(stream))
    controller.abort()
    for stream in streams:
        with pytest.raises(bamlet.BamlAbortError):
            stream.get_final_response()
    with pytest.raises(bamlet.BamlAbortError):
        b.Extract("text", baml_options={"abort_controller": controller})
    assert len(local.requests) == 3


@pytest.mark.parametrize("key", ["tb", "client_registry", "collector", "abort_controller", "on_tick", "timeouts"])
def test_f12_an_object_of_the_wrong_kind_is_told_by_the_name_of_its_key(b: Any, key: str) -> None:
    with pytest.raises(bamlet.BamlInvalidArgumentError, match=f"baml_options\\['{key}'\\]"):
        b.Add(1, 2, {key: 3})


def test_f27_a_listener_hears_of_each_call_that_asks_a_model(
    client: ModuleType, b: Any, local: LoopbackServer
) -> None:
    heard: list[Any] = []
    client.tracing.on_log_event(heard.append)
    try:
        local.answer(whole(RECEIPT), streamed(RECEIPT), Answer([b"no"], status=400, framing="length"))
        b.Extract("called")
        for _ in (stream := b.stream.Extract("streamed")):
            pass
        stream.get_final_response()
        b.Add(1, 2)
        with pytest.raises(bamlet.BamlError):
            b.Extract("refused")
    finally:
        client.tracing.on_log_event(None)
    assert [json.loads(event.parsed_output or "null") for event in heard] == [RECEIPT, RECEIPT, None]
    assert ["called" in heard[0].prompt, "streamed" in heard[1].prompt, "refused" in heard[2].prompt] == [True] * 3
    assert json.loads(heard[1].raw_output) == RECEIPT
    assert len({event.metadata.event_id for event in heard}) == 3


def test_a_listener_hears_of_each_llm_function_inside_of_a_call(
    client: ModuleType, b: Any, local: LoopbackServer
) -> None:
    heard: list[Any] = []
    client.tracing.on_log_event(heard.append)
    item = {"name": "found", "count": 1}
    try:
        local.answer(whole(item), whole(RECEIPT))
        assert b.Both("first") == client.types.Receipt.model_validate(RECEIPT)
        local.answer(whole(item), Answer([b"no"], status=400, framing="length"))
        with pytest.raises(bamlet.BamlError):
            b.Both("second")
    finally:
        client.tracing.on_log_event(None)
    assert [json.loads(event.parsed_output or "null") for event in heard] == [item, RECEIPT, item, None]
    assert ["first" in heard[0].prompt, "found" in heard[1].prompt, "second" in heard[2].prompt] == [True] * 3
    assert len({event.metadata.event_id for event in heard}) == 4
    assert len({event.metadata.root_event_id for event in heard}) == 2
    assert all(event.metadata.parent_id == event.metadata.root_event_id for event in heard)


def test_the_globals_of_a_package_can_be_asked_as_in_baml(client: ModuleType) -> None:
    shared = client_module(client, "globals")
    runtime = shared.DO_NOT_USE_DIRECTLY_UNLESS_YOU_KNOW_WHAT_YOURE_DOING_RUNTIME
    context = shared.DO_NOT_USE_DIRECTLY_UNLESS_YOU_KNOW_WHAT_YOURE_DOING_CTX
    runtime.flush()
    runtime.reset({})
    context.flush()
    assert (runtime.drain_stats().failed, context.get()) == (0, context)


def test_settings_of_the_log_warn_that_they_are_old(client: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logger, "level", logger.level)  # of the process, like its handlers
    monkeypatch.setattr(logger, "handlers", list(logger.handlers))
    for name, value in (("set_log_max_message_length", 100), ("reset_baml_env_vars", {})):
        with pytest.warns(DeprecationWarning, match=name):
            getattr(client.config, name)(value)
    assert client.config.get_log_level() == "OFF"


def client_module(package: ModuleType, name: str) -> ModuleType:
    from importlib import import_module

    return import_module(f"{package.__name__}.{name}")
