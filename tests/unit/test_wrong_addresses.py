"""A wrong base_url, or a proxy that cannot be had, is a failed attempt that says what to do, under either engine.

The language cannot choose an engine, so this is Python.
"""

from __future__ import annotations

import json
from typing import Any

import pytest

import bamlet
from bamlet.wire.urls import address_of
from tests.servers.loopback import Answer, LoopbackServer
from tests.support.exchanges import ENGINES

pytestmark = pytest.mark.timeout(30)

FINE = Answer(
    [b'{"choices":[{"index":0,"message":{"content":"fine"},"finish_reason":"stop"}]}'],
    headers=(("content-type", "application/json"),),
)
SOURCE = """
client<llm> Wrong { provider openai-generic, options { base_url "WRONG", model "wrong" } }
client<llm> Right { provider openai-generic, options { base_url "RIGHT", model "right" } }
client<llm> Both { provider fallback, options { strategy [Wrong, Right] } }
function Ask() -> string { client Wrong, prompt #"Hi"# }
function AskBoth() -> string { client Both, prompt #"Hi"# }
"""
NO_SERVER = "no server has such a URL"
WRONG = {
    "http://h:99999/v1": "port 99999",
    "http://h:-1/v1": "port",
    "http://h:0/v1": "port 0",
    "http://h:y/v1": "port",
    "http://h:1_0/v1": "the port is no number",
    "http://u:p@[::1]:+80/v1": "the port is no number",
    "http://h:\u0668\u0660?x=:1": "port",
    "http://[::1": "",
    "http://[v1.x]/v1": "",
    "http://xn--zz/v1": "A-label",
    "http://xn--/v1": "A-label",
    "http://a..b/v1": "empty or too long",
    "http://./v1": "empty or too long",
    f"http://{'a' * 64}.example/v1": "empty or too long",
    f"http://{'a.' * 130}example/v1": "empty or too long",
    "http://☃.example/v1": "IDNA",
}


def runtime(wrong: str, right: str = "", **options: Any) -> bamlet.Runtime:
    program = bamlet.compile_sources({"main.baml": SOURCE.replace("WRONG", wrong).replace("RIGHT", right)})
    return bamlet.Runtime(program, transport=bamlet.HttpOptions(**options), environ={})


@pytest.mark.parametrize(
    ("url", "port"),
    [
        ("http://[::1]/a:b.png", 80),
        ("https://[fd00::1]?x=:y", 443),
        ("http://u:p@[::1]:8080", 8080),
        ("http://u:p@h/v1", 80),
        ("http://h:/v1#:x", 80),
        ("https://h:08443/", 8443),
    ],
)
def test_colons_that_stand_before_no_port(url: str, port: int) -> None:
    assert address_of(url).origin.port == port


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("url", WRONG)
def test_a_url_that_no_server_has(loopback: LoopbackServer, engine: str, url: str) -> None:
    with runtime(url, engine=engine) as rt:
        for ask in (lambda: rt.call("Ask"), lambda: rt.stream("Ask").final()):
            with pytest.raises(bamlet.BamlClientError, match=f"{NO_SERVER}.*{WRONG[url]}.*base_url"):
                ask()
    loopback.default = FINE
    with runtime(url, loopback.url, engine=engine) as rt:
        assert rt.call("AskBoth") == "fine"
    assert json.loads(loopback.requests[0].body)["model"] == "right"


@pytest.mark.parametrize(
    "url", ["", "h", "//h", "ftp://h", "http:///x", "http://h x", "file:///etc/passwd", "data:,x"]
)
def test_what_is_no_url_of_a_server_is_a_failed_attempt(loopback: LoopbackServer, url: str) -> None:
    loopback.default = FINE
    with runtime(url, loopback.url) as rt:
        with pytest.raises(bamlet.BamlClientConnectionError, match=r"client `Wrong`: .*base_url"):
            rt.call("Ask")
        assert rt.call("AskBoth") == rt.stream("AskBoth").final() == "fine"


@pytest.mark.parametrize("engine", ENGINES)
def test_a_user_in_the_url_is_a_header(loopback: LoopbackServer, engine: str) -> None:
    loopback.default = FINE
    with runtime(loopback.url.replace("//", "//us%40er:p%3Aw@"), engine=engine) as rt:
        assert rt.call("Ask") == "fine"
    assert loopback.requests[0].header("authorization") == "Basic dXNAZXI6cDp3"
    assert loopback.requests[0].header("host") == loopback.url.removeprefix("http://")


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("proxy", ["socks5://127.0.0.1:9", "http://[::1", "xx://h", "h:1", "http://h:99999"])
def test_a_proxy_that_cannot_be_had(
    engine: str, proxy: str, monkeypatch: pytest.MonkeyPatch, loopback: LoopbackServer
) -> None:
    with runtime(loopback.url, engine=engine, proxy=proxy) as rt, pytest.raises(bamlet.BamlClientError):
        rt.call("Ask")
    monkeypatch.setenv("http_proxy", proxy)
    monkeypatch.setenv("no_proxy", "")
    with runtime("http://10.255.255.1/v1", engine=engine) as rt, pytest.raises(bamlet.BamlClientError):
        rt.call("Ask")
    assert loopback.requests == []


@pytest.mark.parametrize("engine", ENGINES)
def test_an_error_of_connecting_names_the_proxy(engine: str, monkeypatch: pytest.MonkeyPatch) -> None:
    through = r"cannot connect to models\.invalid through the proxy http://127\.0\.0\.1:1: connection refused"
    url = "http://models.invalid/v1"
    with (
        runtime(url, engine=engine, proxy="http://user:pass@127.0.0.1:1") as rt,
        pytest.raises(bamlet.BamlClientError, match=through),
    ):
        rt.call("Ask")
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    monkeypatch.setenv("no_proxy", "")
    with runtime(url, engine=engine) as rt, pytest.raises(bamlet.BamlClientError, match=through):
        rt.call("Ask")
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with (
        runtime("http://127.0.0.1:1/v1", engine=engine) as rt,
        pytest.raises(bamlet.BamlClientError, match=r"cannot connect to 127\.0\.0\.1:1: connection refused"),
    ):
        rt.call("Ask")


def test_a_socks_proxy_without_its_package_says_which(loopback: LoopbackServer) -> None:
    for engine in ("auto", "httpx"):
        with (
            runtime(loopback.url, engine=engine, proxy="socks5://127.0.0.1:9") as rt,
            pytest.raises(bamlet.BamlClientError, match=r"the proxy cannot be used.*httpx\[socks\]"),
        ):
            rt.call("Ask")


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(
    "head",
    [
        b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length : 81\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ntransfer-encoding: xchunked\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ntransfer-encoding: gzip, chunked\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nbad name: x\r\ncontent-length: 81\r\n\r\n",
    ],
)
def test_no_engine_takes_what_the_other_refuses(loopback: LoopbackServer, engine: str, head: bytes) -> None:
    loopback.default = Answer(FINE.parts, raw_head=head, framing="close")
    with runtime(loopback.url, engine=engine) as rt, pytest.raises(bamlet.BamlClientError):
        rt.call("Ask")
