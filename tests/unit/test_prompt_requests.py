"""Requests that BAML sent for programs and arguments, against ours: URL, headers and body, to the byte.

The language cannot look at a request, so this is Python. A program that BAML refused is refused by us too.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

import bamlet
from bamlet.embed.media import CLASSES
from bamlet.wire.message import Request

CASES_FILE = Path(__file__).parent.parent / "fixtures" / "prompt_requests.jsonl"
CASES = {case["id"]: case for case in map(json.loads, CASES_FILE.read_text("utf-8").splitlines())}

_UNSTABLE = "BAML prints maps in an order that changes from run to run; ours is the order of insertion"
_REPORTED = "BAML drops an argument that it does not know without a word; ours names it"
_KEY = "BAML sends the name of a variable that is not set as the key; ours sends nothing and names it"
_ROLE = "Gemini refuses a turn of an `assistant`; its word is `model`"

INTENDED = {
    **dict.fromkeys(("expr/m.items()", "expr/m|items", "expr/m|format(type='yaml')", "block/for-kv2"), _UNSTABLE),
    **dict.fromkeys(("arg/extra", "arg/class-extra"), _REPORTED),
    **dict.fromkeys(("shorthand/no-key", "env/missing"), _KEY),
    "clientopt/default_role/google-ai": _ROLE,
    "clientopt/default_role/vertex-ai": _ROLE,
    "msg/turns/vertex-ai": _ROLE,
    "msg/only-assistant/vertex-ai": _ROLE,
    "msg/empty-role/vertex-ai": _ROLE,
    "msg/aud-url/openai-responses": "OpenAI's name of the format is `mp3`, not `mpeg`",
    "bedrock/inference": "0.9 stays 0.9 and is not squeezed through 32 bits",
    "expr/ctx.tags": "tags of BAML's own (`baml.language`, `baml.runtime`) are not in a prompt",
    "expr/ctx": "tags of BAML's own (`baml.language`, `baml.runtime`) are not in a prompt",
    "expr/_": "a function prints as its name, not as the address of Rust code",
    "fmt/class2/lit-list": "lists of literals are legal",
    "block/call": "`{% call %}` works, where BAML's compiler panics",
    "block/with": "`{% with %}` works, where BAML's compiler panics",
    "stream/aws-bedrock": "Bedrock streams",
    "clientopt/no_stream/aws-bedrock": "Bedrock streams",
    "clientopt/headers/aws-bedrock": "a Bedrock client may have headers",
}

FILES = {
    "a.png": b"\x89PNG\r\n\x1a\nABC",
    "a.mp3": b"ID3\x03\x00ABC",
    "a.pdf": b"%PDF-1.4\nABC",
    "a.mp4": b"\0\0\0\x18ftypmp42ABC",
}
TOKEN = b'{"access_token":"tok","expires_in":3600}'
ACCOUNT = {"type": "authorized_user", "client_id": "a", "client_secret": "b", "refresh_token": "c"}


class Served:
    """An answer of the world that the cases live in."""

    status = 200
    http_version = "HTTP/1.1"
    headers: tuple[tuple[str, str], ...] = ()

    def __init__(self, body: bytes) -> None:
        self._body = body

    async def chunks(self) -> AsyncIterator[bytes]:
        yield self._body

    async def aclose(self) -> None: ...


class World:
    """Files to fetch and tokens to be lent; no model is ever asked."""

    async def open(self, request: Request, *, connect_timeout: float | None) -> Served:
        return Served(TOKEN if "token" in request.url else FILES[request.url.rpartition("/")[2]])

    async def aclose(self) -> None: ...


@cache
def compiled(source: str) -> bamlet.Program:
    return bamlet.compile_sources({"main.baml": source})


async def requested(case: dict[str, Any]) -> bamlet.HTTPRequest:
    environ = {"VERTEX_JSON": json.dumps(ACCOUNT), **case.get("env", {})}
    async with bamlet.AsyncRuntime(compiled(case["baml"]), environ=environ, transport=World()) as runtime:
        ask = runtime.stream_request if case.get("stream") else runtime.request
        context = bamlet.CallContext(tags=case.get("tags", {}))
        async with asyncio.timeout(60):
            return await ask(case["function"], argument(case["args"]), context=context)


def argument(value: Any) -> Any:
    """Arguments as the file writes them; which class a map stands for is plain from the parameter's type."""
    if isinstance(value, list):
        return [argument(item) for item in value]
    if not isinstance(value, dict):
        return value
    if "$media" in value:
        given = {name: value.get(name) for name in ("url", "base64", "media_type")}
        return CLASSES[value["$media"]](value["$media"], **given)
    return {name: argument(item) for name, item in value.items() if name != "$class"}


def difference(case: dict[str, Any]) -> str | None:
    try:
        made = asyncio.run(requested(case))
    except (bamlet.CompileError, bamlet.BamlError) as failure:
        return None if case.get("refused") else f"refused: {failure}"
    if case.get("refused"):
        return f"not refused: {made.body.text()}"
    wanted = {"content-type": "application/json", **case.get("headers", {})}
    sent = {name: value for name, value in made.headers.items() if name in wanted}
    body = json.dumps(case["body"], ensure_ascii=False, separators=(",", ":"))
    pairs = ((made.method, "POST"), (made.url, case["url"]), (sent, wanted), (made.body.text(), body))
    return next((f"{ours!r}\nBAML: {theirs!r}" for ours, theirs in pairs if ours != theirs), None)


@pytest.mark.parametrize("name", [name for name in CASES if name not in INTENDED])
def test_the_request_is_bamls(name: str) -> None:
    problem = difference(CASES[name])
    assert problem is None, problem


@pytest.mark.parametrize("name", INTENDED)
def test_an_intended_difference_is_one(name: str) -> None:
    assert difference(CASES[name]) is not None
