"""`bamlet mock`: the providers' own SDKs ask it, and what a cassette holds is streamed to its end.

It is a process with sockets, of which the language knows nothing.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from http.client import IncompleteRead
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.parse import quote, urlsplit

import pytest

from bamlet.cli import exits
from bamlet.cli.main import run
from bamlet.embed.cassettes import Recording
from bamlet.embed.outside import HELLO, OutsideModel
from bamlet.testing.mock import MockServer, PassedOn
from bamlet.testing.serving import served

ROOT = Path(__file__).parents[2]
RECEIPT = ROOT / "examples" / "receipt" / "receipt.cassette.jsonl"
SCHEMA = {"type": "object", "properties": {"name": {"type": "string"}, "count": {"type": "integer"}}}
FIND = {"name": "find", "parameters": SCHEMA}


@contextmanager
def mock(*arguments: object) -> Iterator[str]:
    """Its address. It is asked to end, and has ended, when the test is over."""
    command = [sys.executable, "-m", "bamlet", "mock", "--port", "0", *map(str, arguments)]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, encoding="utf-8", env={**os.environ})
    assert process.stderr is not None
    try:
        line = process.stderr.readline()
        assert line.startswith("listening on http://127.0.0.1:"), line
        yield line.split()[-1]
    finally:
        process.terminate()
        process.communicate(timeout=20)


def read(url: str, body: Any, **headers: str) -> bytes:
    asked = urllib.request.Request(url, json.dumps(body).encode(), headers)
    with urllib.request.urlopen(asked, timeout=20) as answer:
        data: bytes = answer.read()
        return data


def fetched(url: str, body: Any = None) -> Any:
    data = None if body is None else json.dumps(body).encode()
    with urllib.request.urlopen(urllib.request.Request(url, data), timeout=20) as answer:
        return json.load(answer)


def test_t15_a_cassette_is_streamed_to_an_sdk() -> None:
    from openai import APIStatusError, OpenAI

    recorded = json.loads(RECEIPT.read_text("utf-8").splitlines()[0])["request"]["body"]
    with (
        mock(RECEIPT, "--speed", "0") as url,
        OpenAI(base_url=f"{url}/v1", api_key="none", max_retries=0) as client,
    ):
        stream = client.chat.completions.create(**recorded)
        text = "".join(chunk.choices[0].delta.content or "" for chunk in stream if chunk.choices)
        assert '"total_cost": 141.65' in text
        assert fetched(f"{url}/_mock/unused") == []
        (asked,) = fetched(f"{url}/_mock/requests")
        assert (asked["path"], asked["headers"]["authorization"]) == ("/v1/chat/completions", "<redacted>")
        with pytest.raises(APIStatusError, match="everything in it has been played"):
            client.chat.completions.create(**recorded)
        fetched(f"{url}/_mock/reset", {})
        assert len(fetched(f"{url}/_mock/unused")) == 1


def test_t15_the_sdks_read_what_is_invented() -> None:
    from anthropic import Anthropic
    from google import genai
    from openai import OpenAI

    with mock("--offline", 7) as url, ExitStack() as open_clients:
        openai = open_clients.enter_context(OpenAI(base_url=f"{url}/v1", api_key="none", max_retries=0))
        form: Any = {"type": "json_schema", "json_schema": {"name": "it", "schema": SCHEMA}}
        messages: Any = [{"role": "user", "content": "hi"}]
        answer = openai.chat.completions.create(model="m", messages=messages, response_format=form)
        assert json.loads(answer.choices[0].message.content or "").keys() == {"name", "count"}
        stream = openai.chat.completions.create(model="m", messages=messages, stream=True)
        said = "".join(chunk.choices[0].delta.content or "" for chunk in stream if chunk.choices)
        assert said == "Hello from nobody."
        assert openai.responses.create(model="m", input="hi").output_text == said
        events = list(openai.responses.create(model="m", input="hi", stream=True))
        assert events[-1].type == "response.completed"

        claude = open_clients.enter_context(Anthropic(base_url=url, api_key="none", max_retries=0))
        with claude.messages.stream(model="m", max_tokens=99, messages=messages) as arriving:
            assert "".join(arriving.text_stream) == said
            assert arriving.get_final_message().stop_reason == "end_turn"

        gemini = open_clients.enter_context(genai.Client(api_key="none", http_options={"base_url": url}))
        chunks = gemini.models.generate_content_stream(model="m", contents="hi")
        assert "".join(chunk.text or "" for chunk in chunks) == said
        assert gemini.models.generate_content(model="m", contents="hi").text == said


# --- programs, faults, loops and recordings

PROGRAM = """
class Order {
  total float @assert(positive, {{ this > 0 }})
  items string[]
}
function Read(text: string) -> Order {
  client "openai/m"
  prompt #"{{ text }} {{ ctx.output_format }}"#
}
"""
PROMPT = "x Answer in JSON using this schema:\n{\n  total: float,\n  items: string[],\n}"


def chat(content: str, **more: Any) -> dict[str, Any]:
    return {"model": "m", "messages": [{"role": "user", "content": content}], **more}


def test_a_program_tells_what_a_prompt_asks_for(tmp_path: Path) -> None:
    (tmp_path / "main.baml").write_text(PROGRAM, "utf-8")
    with mock(tmp_path, "--offline", 3) as url:
        answer = fetched(f"{url}/v1/chat/completions", chat(PROMPT))
        order = json.loads(answer["choices"][0]["message"]["content"])
        assert order.keys() == {"total", "items"}
        assert order["total"] > 0
        assert fetched(f"{url}/v1/chat/completions", chat(PROMPT)) == answer
        assert fetched(f"{url}/v1/chat/completions", chat("hi"))["choices"][0]["message"]["content"] == HELLO


@pytest.mark.parametrize(
    ("path", "choice"),
    [
        ("/v1/chat/completions", {"tools": [{"type": "function", "function": FIND}], "tool_choice": "required"}),
        ("/v1/messages", {"tools": [{"name": "find", "input_schema": SCHEMA}], "tool_choice": {"type": "any"}}),
        (
            "/v1beta/models/m:generateContent",
            {
                "tools": [{"functionDeclarations": [FIND]}],
                "toolConfig": {"functionCallingConfig": {"mode": "ANY"}},
            },
        ),
    ],
)
def test_a_tool_that_must_be_called_is_called(path: str, choice: dict[str, Any]) -> None:
    with served(MockServer(OutsideModel(7))) as url:
        told = json.dumps(fetched(f"{url}{path}", chat("hi", **choice)))
    assert '"find"' in told
    assert re.search(r'name\W+"', told)
    assert re.search(r"count\W+\d", told)


def test_faults_come_over_the_wire() -> None:
    with served(MockServer(OutsideModel(7, faults=["429/retry-after=2x1", "reset@50%x2", "empty"]))) as url:
        with pytest.raises(HTTPError) as refused:
            fetched(f"{url}/v1/chat/completions", chat("hi"))
        with closing(refused.value) as answer:  # the error is the answer, and holds its socket
            assert (answer.code, answer.headers["retry-after"]) == (429, "2")
        with pytest.raises(IncompleteRead):
            fetched(f"{url}/v1/chat/completions", chat("hi"))
        assert fetched(f"{url}/v1/chat/completions", chat("hi"))["choices"][0]["message"]["content"] == ""


ITSELF: dict[str, Any] = {"type": "object", "properties": {"it": {"$ref": "#"}}}
HOSTILE: list[tuple[object, str | None]] = [
    ({"$ref": "#"}, "deeper than 100"),
    ({**ITSELF, "required": ["it"]}, "deeper than 100"),
    (ITSELF, None),
    ({"type": "array", "minItems": 10**9}, "more than 10,000 parts"),
    ({"type": "array", "minItems": "many"}, None),
    ({"type": ["object", 5], "properties": 7, "enum": 1, "anyOf": {}}, None),
    ({"type": "integer", "minimum": "low", "maximum": 1e300}, None),
]


def test_a_stranger_s_schema_gets_an_answer_or_a_refusal() -> None:
    """One server for all of them: none may keep it from the next."""
    with mock("--offline", 7) as url:
        for schema, told in HOSTILE:
            body = chat("hi", response_format={"type": "json_schema", "json_schema": {"schema": schema}})
            if told is None:
                assert fetched(f"{url}/v1/chat/completions", body)["choices"]
                continue
            with pytest.raises(HTTPError) as caught:
                fetched(f"{url}/v1/chat/completions", body)
            with closing(caught.value) as answer:
                assert answer.code == 400
                assert told in answer.read().decode()


@pytest.mark.parametrize("body", [[1, 2], None, 7])
def test_a_request_that_is_no_object_is_refused_as_the_provider_would(body: Any) -> None:
    with mock("--offline", 7) as url:
        data = urllib.request.Request(f"{url}/v1/messages", json.dumps(body).encode())
        with pytest.raises(HTTPError) as caught:
            urllib.request.urlopen(data, timeout=20)
        with closing(caught.value) as answer:
            assert answer.code == 400
            assert json.load(answer)["error"]["type"] == "invalid_request_error"


def test_t15_a_client_that_leaves_takes_its_answer_along() -> None:
    """The answer stalls for ever; nothing of it is left when its reader is gone, and the server ends at once."""
    began = time.monotonic()
    app = MockServer(OutsideModel(faults=["stall@50%"]))
    left: list[set[str]] = []

    async def watched(scope: Any, receive: Any, send: Any) -> None:
        await app(scope, receive, send)
        if scope["type"] == "http":
            left.append(
                {str(task.get_coro()) for task in asyncio.all_tasks() if "MockServer._answer" in str(task)}
            )

    with served(watched) as url:
        address = urlsplit(url)
        with socket.create_connection((address.hostname, address.port), timeout=20) as client:
            body = json.dumps(chat("hi", stream=True)).encode()
            head = f"POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\ncontent-length: {len(body)}\r\n\r\n"
            client.sendall(head.encode() + body)
            assert client.recv(65536).startswith(b"HTTP/1.1 200")
    assert left == [set()]
    assert time.monotonic() - began < 5


def test_what_a_provider_answers_is_recorded_and_played_again_and_again(tmp_path: Path) -> None:
    cassette = tmp_path / "it.jsonl"
    asked = chat("hi", stream=True)
    with served(MockServer(OutsideModel(7))) as provider:
        with mock("--record", cassette, "--to", f"{provider}/v1") as url:
            said = read(f"{url}/v1/chat/completions", asked, authorization="Bearer sk-this-is-a-key")
            assert not cassette.exists()
        assert read(f"{provider}/v1/chat/completions", asked) == said
    assert "sk-this-is-a-key" not in cassette.read_text("utf-8")
    with mock(cassette, "--loop", "--speed", "0") as url:
        for _ in range(3):
            assert read(f"{url}/v1/chat/completions", asked) == said


KEY = "sk-very/secret+key=0123456789"


async def says_back(scope: Any, receive: Any, send: Any) -> None:
    """A provider that tells the key it was sent, in the place that the path names, a piece at a time."""
    if scope["type"] != "http":
        return
    sent = dict(scope["headers"]).get(b"x-my-token", KEY.encode())
    place = scope["path"].rpartition("/")[2]
    headers = [(b"location", b"http://x/?k=" + sent)] if place == "header" else []
    await send({"type": "http.response.start", "status": 401 if place == "error" else 200, "headers": headers})
    for at in range(0, len(sent) if place != "nowhere" else 0, 5):
        await send({"type": "http.response.body", "body": sent[at : at + 5], "more_body": True})
    await send({"type": "http.response.body", "body": b"{}"})


@pytest.mark.parametrize(
    ("path", "body", "is_kept"),
    [
        ("header", {}, False),
        ("body", {}, False),
        ("error", {}, False),
        ("nowhere", {"messages": [KEY]}, False),
        (f"nowhere?secret={quote(KEY, safe='')}", {}, True),
    ],
)
def test_a_key_that_is_said_back_is_not_recorded(tmp_path: Path, path: str, body: Any, is_kept: bool) -> None:
    cassette = tmp_path / "it.jsonl"
    with served(says_back) as provider, Recording(cassette, environ={}) as recording:
        server = MockServer(PassedOn(provider, recording.transport))
        with served(server) as url:
            for _ in range(2):
                with suppress(HTTPError):
                    read(f"{url}/{path}", body, **{"x-my-token": KEY})
            shown = json.dumps(fetched(f"{url}/_mock/requests"))
        assert KEY not in shown
        assert "<redacted>" in shown
        assert KEY not in str(server.problem)
        assert (server.problem is None) is is_kept
    assert KEY not in cassette.read_text("utf-8")
    assert quote(KEY, safe="") not in cassette.read_text("utf-8")
    assert len(cassette.read_text("utf-8").splitlines()) == (2 if is_kept else 0)


def test_a_key_of_an_earlier_request_is_not_recorded(tmp_path: Path) -> None:
    cassette = tmp_path / "it.jsonl"
    with served(says_back) as provider, Recording(cassette, environ={}) as recording:
        server = MockServer(PassedOn(provider, recording.transport))
        with served(server) as url:
            read(f"{url}/nowhere", {}, **{"x-my-token": KEY})
            read(f"{url}/body", {})
        assert "response.frames holds a secret" in str(server.problem)
    assert len(cassette.read_text("utf-8").splitlines()) == 1


@pytest.mark.parametrize(
    "arguments",
    [
        ["--loop"],
        ["--record", "x"],
        [RECEIPT, "--offline"],
        [RECEIPT, "--fault", "empty"],
        ["--fault", "nonsense"],
        ["nowhere.jsonl"],
        ["--to", "http://127.0.0.1:1", "--record", "x", "--fault", "empty"],
    ],
)
def test_what_cannot_be_is_said_before_anything_listens(
    arguments: list[object], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(signal, "signal", lambda *_: None)  # the process is not ours to end
    assert run(["mock", *map(str, arguments)]) == exits.USAGE
    assert capsys.readouterr().err.startswith("bamlet mock: ")


def test_a_cassette_that_is_none_and_a_port_that_is_none_are_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(signal, "signal", lambda *_: None)
    (tmp_path / "g.jsonl").write_text("garbage\n", "utf-8")
    assert run(["mock", str(tmp_path / "g.jsonl")]) == exits.USAGE
    assert f"bamlet mock: {tmp_path / 'g.jsonl'}: line 1 of the cassette: not JSON" in capsys.readouterr().err
    assert run(["mock", "nowhere.jsonl"]) == exits.USAGE
    assert capsys.readouterr().err == "bamlet mock: nowhere.jsonl: there is no such file or folder\n"
    for command in ("mock", "serve"):
        assert run([command, "--port", "99999"]) == exits.USAGE
        assert "--port: a port is between 0 and 65535, not 99999" in capsys.readouterr().err
