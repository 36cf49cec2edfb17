"""`runtime.send`: a request of the host's own over the runtime's transport, which a program cannot see. And
`runtime.read_answer`, for what came of one."""

from __future__ import annotations

import json
import socket

import pytest

import bamlet
from tests.servers.loopback import Answer, LoopbackServer
from tests.support.local_program import KEY

PROGRAM = """
client<llm> Local { provider openai-generic, options { model m, base_url env.BASE_URL, api_key "KEY" } }
function Say(text: string) -> string { client Local, prompt #"{{ text }}"# }
function Count(text: string) -> int { client Local, prompt #"{{ text }}"# }
function Twice(n: int) -> int { 2 * n }
"""


def runtime(url: str) -> bamlet.Runtime:
    program = bamlet.compile_sources({"send.baml": PROGRAM.replace("KEY", KEY)})
    return bamlet.Runtime(program, environ={"BASE_URL": url})


def test_a_request_is_sent_as_it_stands(loopback: LoopbackServer) -> None:
    loopback.answer(Answer([b'{"ok": true}'], headers=[("x-from", "here")], framing="length"))
    with runtime(loopback.url) as rt:
        request = rt.request("Say", text="hi")
        response = rt.send(request)
    assert (response.status, response.headers["x-from"], response.body.json()) == (200, "here", {"ok": True})
    (received,) = loopback.requests
    assert received.body == request.body.raw()
    assert received.header("authorization") == f"Bearer {KEY}"


def test_a_status_is_no_error(loopback: LoopbackServer) -> None:
    loopback.answer(Answer([b"later"], status=429, framing="length"))
    with runtime(loopback.url) as rt:
        response = rt.send(rt.request("Say", text="hi"))
    assert (response.status, response.body.text()) == (429, "later")


def test_nobody_there_is_a_connection_error() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        with runtime(f"http://127.0.0.1:{unused.getsockname()[1]}") as rt:
            request = rt.request("Say", text="hi")
            with pytest.raises(bamlet.BamlClientConnectionError):
                rt.send(request)


def test_an_answer_that_breaks_off_is_a_connection_error(loopback: LoopbackServer) -> None:
    loopback.answer(Answer([b"half"], end="reset"))
    with runtime(loopback.url) as rt, pytest.raises(bamlet.BamlClientConnectionError) as caught:
        rt.send(rt.request("Say", text="hi"))
    assert caught.value.status_code == 2


def whole(content: str, finish_reason: str = "stop") -> str:
    choice = {"index": 0, "message": {"role": "assistant", "content": content}, "finish_reason": finish_reason}
    return json.dumps({"id": "r", "choices": [choice], "usage": {"prompt_tokens": 7, "completion_tokens": 2}})


def test_an_answer_that_came_another_way_is_read_as_one_of_a_call() -> None:
    with runtime("http://127.0.0.1:9") as rt:
        assert rt.read_answer("Say", whole("hello")) == "hello"
        assert rt.read_answer("Count", whole("about 12")) == 12
        with pytest.raises(bamlet.BamlValidationError, match="`Count` from client `Local`"):
            rt.read_answer("Count", whole("none"))
        with pytest.raises(bamlet.BamlClientError, match="no answer"):
            rt.read_answer("Say", "{}")
        with pytest.raises(bamlet.BamlInvalidArgumentError, match="asks no model"):
            rt.read_answer("Twice", whole("1"))
