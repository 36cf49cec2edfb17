"""Faults of BAML's client that ours must not have, by the numbers of `tests/client_faults.py`: the rest of them.

Most of them are about time, sockets and threads, which the language cannot see.
"""

from __future__ import annotations

import asyncio
import inspect
import json
import selectors
import threading
from collections.abc import Iterator
from contextlib import aclosing
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import bamlet
from benchmarks.big_project import big_project
from tests.servers.loopback import Answer, LoopbackServer, Pause, openai_chunks
from tests.support.generated import CLIENT, generated
from tests.support.local_program import KEY
from tests.support.user_project import held, python, said, streamed, whole

SOURCE = (
    CLIENT
    + """
retry_policy Thrice {
  max_retries 3
  strategy {
    type constant_delay
    delay_ms 1
  }
}

client<llm> Retried {
  provider openai-generic
  retry_policy Thrice
  options {
    base_url env.BASE_URL
    api_key env.LOCAL_KEY
    model "m"
  }
}

client<llm> Hasty {
  provider openai-generic
  options {
    base_url env.BASE_URL
    api_key env.LOCAL_KEY
    model "m"
    http { time_to_first_token_timeout_ms 150 }
  }
}

/// Where it
/// goes.
class Place {
  /// As on the map.
  name string
  ways map<string, int>
}

/// How it goes.
enum Lane {
  AIR /// by plane
}

/// Finds a place.
///
/// On any map.
function Find(place: Place, more: map<string, int>) -> Place {
  client Local
  prompt #"{{ place }} {{ more }} {{ ctx.output_format }}"#
}

function Add(a: int, b: int) -> int {
  a + b
}

function Found(place: Place) -> Place? {
  if (place.name == "here") { return place; }
  Find(place, {})
}
"""
)
GENERATOR = 'generator Py {\n  output_type "python/pydantic"\n  output_dir "../"\n}\n'
PLACE = {"name": "a place of some length", "ways": {"b": 1, "a": 2}}


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ModuleType]:
    with generated(tmp_path_factory.mktemp("client"), SOURCE) as package:
        yield package


@pytest.fixture
def b(client: ModuleType) -> Any:
    return import_module(f"{client.__name__}.sync_client").b


@pytest.fixture
def local(loopback: LoopbackServer, monkeypatch: pytest.MonkeyPatch) -> LoopbackServer:
    monkeypatch.setenv("BASE_URL", loopback.url)
    monkeypatch.setenv("LOCAL_KEY", KEY)
    return loopback


def test_f22_pain_2_calls_share_a_connection(client: ModuleType, b: Any, local: LoopbackServer) -> None:
    local.default = whole(PLACE)
    for _ in range(10):
        b.Find(PLACE, {})
    assert len(local.connections) == 1

    async def ten() -> None:
        async with asyncio.timeout(20):
            for _ in range(10):
                await client.b.Find(PLACE, {})

    asyncio.run(ten())
    assert (len(local.requests), len(local.connections)) == (20, 2)


def test_pain_3_leaving_an_async_loop_closes_the_request_and_blocks_nobody(
    client: ModuleType, local: LoopbackServer
) -> None:
    local.default = held(PLACE, 4, 6)

    async def leave() -> None:
        async with asyncio.timeout(20):
            async for _ in client.b.stream.Find(PLACE, {}):
                break
            async with client.b.stream.Find(PLACE, {}) as stream:
                async for _ in stream:
                    break
            # Both are closed while this loop runs on; a blocked loop would let neither go.
            await asyncio.to_thread(local.wait_client_left, 10, 0)
            await asyncio.to_thread(local.wait_client_left, 10, 1)

    asyncio.run(leave())


@pytest.mark.parametrize("look", ["deltas", "changes"])
def test_a_loop_over_text_or_changes_holds_its_stream_and_has_closed_it_when_it_is_left(
    look: str, client: ModuleType, b: Any, local: LoopbackServer
) -> None:
    local.default = held(PLACE, 4, 6)

    async def leave() -> None:
        async with asyncio.timeout(20), aclosing(getattr(client.b.stream.Find(PLACE, {}), look)()) as values:
            async for _ in values:
                break
        assert client.b.runtime.handles.open_count == 0

    asyncio.run(leave())
    for _ in getattr(b.stream.Find(PLACE, {}), look)():
        break
    assert b.runtime.asynchronous.handles.open_count == 0


def test_a_loop_that_is_dropped_while_the_final_value_is_waited_for_holds_nothing_up(
    client: ModuleType, local: LoopbackServer
) -> None:
    text = json.dumps(PLACE)
    chunks = openai_chunks([text[at : at + 4] for at in range(0, len(text), 4)])
    local.default = Answer([part for chunk in chunks for part in (chunk, Pause(0.01))])

    async def drop() -> Any:
        async with asyncio.timeout(20):
            stream = client.b.stream.Find(PLACE, {})
            values = aiter(stream)
            await anext(values)
            final = asyncio.create_task(stream.get_final_response())
            await asyncio.sleep(0)
            del values
            return (await final).model_dump()

    assert asyncio.run(drop()) == PLACE


class CountingSelector(selectors.DefaultSelector):
    def __init__(self) -> None:
        super().__init__()
        self.looks = 0

    def select(self, timeout: float | None = None) -> Any:
        self.looks += 1
        return super().select(timeout)


def test_pain_4_a_stream_takes_no_thread_and_nobody_polls(
    client: ModuleType, b: Any, local: LoopbackServer
) -> None:
    pieces = openai_chunks([json.dumps(PLACE)[:20]], None)[:-1]
    local.default = Answer(pieces, end="open")
    b.Add(1, 2)
    before = threading.active_count()
    streams = [b.stream.Find(PLACE, {}) for _ in range(50)]
    for stream in streams:
        next(iter(stream))
    # The server has one thread for each connection, and the blocking client one for all.
    assert threading.active_count() - before - len(local.connections) <= 1
    for stream in streams:
        stream.close()

    selector = CountingSelector()
    local.answer(Answer([*pieces, Pause(1), *openai_chunks([json.dumps(PLACE)[20:]])]))

    async def wait() -> int:
        async with asyncio.timeout(20):
            stream = client.b.stream.Find(PLACE, {})
            async for _ in stream:
                break
            begun = selector.looks
            await stream.get_final_response()
            return selector.looks - begun

    with asyncio.Runner(loop_factory=lambda: asyncio.SelectorEventLoop(selector)) as runner:
        looks = runner.run(wait())
    assert looks < 80, "a look every 10 ms would be a hundred in this second"


def test_pain_5_a_consumer_chooses_what_it_is_shown(b: Any, local: LoopbackServer) -> None:
    local.default = streamed(PLACE, 2)
    every = [place.name for place in b.stream.Find(PLACE, {}, {"partials": "every"}) if place.name]
    assert every == sorted(every, key=len)
    assert len(set(every)) == len(PLACE["name"]) // 2 + len(PLACE["name"]) % 2
    latest = list(b.stream.Find(PLACE, {}))
    assert latest[-1].model_dump() == PLACE
    assert "".join(b.stream.Find(PLACE, {}).deltas()) == json.dumps(PLACE)


@pytest.mark.parametrize(("status", "requests"), [(400, 1), (401, 1), (403, 1), (404, 1), (422, 1), (500, 4)])
def test_f26_pain_9_only_what_another_try_may_help_is_retried(
    b: Any, local: LoopbackServer, status: int, requests: int
) -> None:
    local.default = Answer([b"no"], status=status, framing="length")
    with pytest.raises(bamlet.BamlClientHttpError) as told:
        b.Find(PLACE, {}, {"client": "Retried"})
    assert (told.value.status_code, len(local.requests)) == (status, requests)


def test_pain_11_the_clock_of_the_first_token_starts_when_the_request_is_sent(
    b: Any, local: LoopbackServer
) -> None:
    local.default = Answer(head_delay=10)
    with pytest.raises(bamlet.BamlTimeoutError) as told:
        b.stream.Find(PLACE, {}, {"client": "Hasty"}).get_final_response()
    assert told.value.configured_value_ms == 150


def test_pain_16_maps_and_dicts_are_shown_in_their_order(b: Any, local: LoopbackServer) -> None:
    more = {name: at for at, name in enumerate("zyxabc")}
    place = {"ways": {"b": 1, "a": 2}, "name": "n"}
    (text,) = {b.request.Find(place, more).body.text() for _ in range(10)}
    at = [text.index(f'\\"{name}\\": {number}') for name, number in more.items()]
    assert at == sorted(at)
    assert (
        text.index('\\"name\\"') < text.index('\\"ways\\"') < text.index('\\"b\\": 1') < text.index('\\"a\\": 2')
    )


def test_f9_comments_are_docstrings_and_descriptions(client: ModuleType, b: Any) -> None:
    assert inspect.getdoc(client.types.Place) == "Where it\ngoes."
    assert client.types.Place.model_fields["name"].description == "As on the map."
    assert inspect.getdoc(client.types.Lane) == "How it goes."
    for method in (b.Find, b.stream.Find, b.request.Find, b.parse.Find):
        assert method.__doc__.split() == "Finds a place. On any map.".split()


def test_f15_a_stream_of_an_expression_function_shows_nothing_and_has_its_value(
    client: ModuleType, b: Any
) -> None:
    stream = b.stream.Add(1, 2)
    assert (list(stream), stream.get_final_response()) == ([], 3)

    async def asynchronous() -> tuple[list[Any], int]:
        async with asyncio.timeout(10):
            stream = client.b.stream.Add(1, 2)
            return [partial async for partial in stream], await stream.get_final_response()

    assert asyncio.run(asynchronous()) == ([], 3)


def test_f15_a_stream_of_a_function_that_gives_an_answer_shows_it(
    client: ModuleType, b: Any, local: LoopbackServer
) -> None:
    local.default = streamed(PLACE, 2)
    stream = b.stream.Found(PLACE, {"partials": "every"})
    partials = list(stream)
    assert {type(partial) for partial in partials} == {client.stream_types.Place}
    names = [partial.name for partial in partials if partial.name]
    assert len(set(names)) > 1
    assert names == sorted(names, key=len)
    assert (type(stream.get_final_response()), partials[-1].model_dump()) == (client.types.Place, PLACE)
    here = {"name": "here", "ways": {}}
    assert [partial.model_dump() for partial in b.stream.Found(here)] == [here]


def test_f16_messages_are_words_and_no_traceback_of_ours(
    b: Any, local: LoopbackServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RUST_BACKTRACE", "1")
    local.answer(said("nothing of the kind"))
    with pytest.raises(bamlet.BamlValidationError) as told:
        b.Find(PLACE, {})
    for word in ("Traceback", "bamlet.", "Instance", "0x", "<"):
        assert word not in told.value.message


def test_f23_nothing_is_printed_by_a_client(local: LoopbackServer, client: ModuleType) -> None:
    local.answer(whole(PLACE), Answer([b"no"], status=500, framing="length"))
    folder = Path(str(client.__file__)).parents[2]
    code = f"""
import bamlet
from {client.__name__} import sync_client
place = {PLACE!r}
sync_client.b.Find(place, {{}})
try:
    sync_client.b.Find(place, {{}})
except bamlet.BamlError:
    pass
"""
    assert python(folder, local, "-c", code) == ""


def test_f24_pain_20_a_large_client_is_small_and_imported_in_parts(
    tmp_path: Path, loopback: LoopbackServer
) -> None:
    (tmp_path / "baml_src").mkdir()
    for name, text in big_project(GENERATOR).items():
        (tmp_path / "baml_src" / name).write_text(text, "utf-8")
    python(tmp_path, loopback, "-m", "bamlet", "generate")
    files = list((tmp_path / "baml_client").glob("*.py*"))
    assert sum(path.read_text("utf-8").count("\n") for path in files) <= 30_000
    code = """
import sys
at_start = set(sys.modules)
from baml_client import b, types, partial_types
new = set(sys.modules) - at_start
ours = [name for name in new if name.startswith("baml")]
heavy = "pydantic" in sys.modules
assert types.Part7
made = [name for name in vars(types) if name.startswith("Part")]
print(len(ours), len(new), len(made), heavy)
"""
    ours, new, made, heavy = python(tmp_path, loopback, "-c", code).split()
    assert int(ours) <= 18
    assert int(new) <= 55 + 15, "of the standard library another Python loads a few more"
    assert heavy == "False"
    assert int(made) <= 50, "of five hundred classes those that stand together"
