"""`baml.fetch_as<T>`: what a server says, read as a type. The language cannot be a server."""

from __future__ import annotations

import pytest

import bamlet
from tests.servers.loopback import Answer, LoopbackServer

pytestmark = pytest.mark.timeout(30)

PROGRAM = """
class Todo { id int, title string @alias("todo"), done bool @alias("completed") }
function Get(url: string) -> Todo { baml.fetch_as<Todo>(url) }
function All(url: string) -> Todo[] {
  baml.fetch_as<Todo[]>(baml.http.Request { method: "POST", url: url, headers: { "x-a": "b" }, body: "?" })
}
function Text(url: string) -> string { baml.fetch_as<string>(url) }
function Status(url: string) -> int {
  baml.fetch_as<int>(url) catch (error) { status: baml.errors.HttpStatus => status.status_code }
}
"""
RAW = """
// bamlet: edition 2
function Raw(url: string) -> unknown[] throws unknown {
  let found = baml.http.fetch(url);
  [found.bytes().length(), found.text().length(), `${found}`.includes("bytes"), baml.deep_copy(found) == found]
}
function Soon(url: string) -> string throws unknown {
  baml.http.fetch(url, timeout = baml.time.Duration.from_milliseconds(50)).text() catch (e) {
    let late: baml.errors.Timeout => `${late.phase} ${late.limit_ms} ${(late.duration_ms ?? 0) > 0}`
  }
}
"""
ONE = b'{"id": 1, "todo": "water", "completed": false}'


def runtime() -> bamlet.Runtime:
    return bamlet.Runtime(bamlet.compile_sources({"fetch.baml": PROGRAM}))


def test_an_answer_is_read_as_a_type(loopback: LoopbackServer) -> None:
    loopback.answer(Answer([ONE], framing="length"), Answer([b"[", ONE, b"]"]), Answer([b"words"]))
    with runtime() as rt:
        todo = {"id": 1, "title": "water", "done": False}
        assert bamlet.to_plain(rt.call("Get", url=f"{loopback.url}/1")) == todo
        assert bamlet.to_plain(rt.call("All", url=loopback.url)) == [todo]
        assert rt.call("Text", url=loopback.url) == "words"
    got, posted, _ = loopback.requests
    assert (got.method, got.body) == ("GET", b"")
    assert (posted.method, posted.header("x-a"), posted.body) == ("POST", "b", b"?")


def test_what_is_no_such_value_is_an_error_that_says_so(loopback: LoopbackServer) -> None:
    loopback.answer(Answer([b'{"id": "first"}']), Answer([b"no such page"], 404), Answer([b"gone"], 410))
    with runtime() as rt:
        with pytest.raises(bamlet.BamlValidationError, match=r"in a text for `Todo`") as unread:
            rt.call("Get", url=loopback.url)
        with pytest.raises(bamlet.BamlClientHttpError) as refused:
            rt.call("Get", url=loopback.url)
        assert rt.call("Status", url=loopback.url) == 410
    assert unread.value.raw_output == '{"id": "first"}'
    assert (refused.value.status_code, refused.value.body) == (404, "no such page")


def test_what_is_no_text_is_there_as_bytes(loopback: LoopbackServer) -> None:
    loopback.answer(Answer([b"\xff\x00"]), Answer(["é".encode()]))
    with bamlet.Runtime(bamlet.compile_sources({"raw.baml": RAW})) as rt:
        assert rt.call("Raw", url=loopback.url) == [2, 2, False, True]
        assert rt.call("Raw", url=loopback.url) == [2, 1, False, True]


def test_fetching_has_a_limit(loopback: LoopbackServer) -> None:
    loopback.answer(Answer([b"late"], head_delay=20.0))
    with bamlet.Runtime(bamlet.compile_sources({"raw.baml": RAW})) as rt:
        assert rt.call("Soon", url=loopback.url) == "request 50 true"


def test_a_host_that_denies_the_network_denies_this(loopback: LoopbackServer) -> None:
    rt = bamlet.Runtime(bamlet.compile_sources({"fetch.baml": PROGRAM}), deny={"net"})
    with rt, pytest.raises(bamlet.UnhandledThrow, match="may not reach `net`"):
        rt.call("Get", url=loopback.url)
    assert loopback.requests == []
