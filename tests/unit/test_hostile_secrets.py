"""H34 of the hostile inputs: a key goes over the wire and nowhere else.

The whole suite is searched too: `tests/support/canary.py` fails a test that prints, logs or writes down the key.
"""

from __future__ import annotations

import asyncio
import contextlib
import io
import json
import logging
import pickle
import traceback
from base64 import b64encode
from collections.abc import Iterator
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

import pytest

import bamlet
from bamlet.embed.cassettes import Recording, SecretInCassette
from tests.servers.loopback import Answer, LoopbackServer, openai_chunks, sse
from tests.support.canary import KEY, files_with_it, refuse_shown
from tests.support.exchanges import ENGINES

SOURCE = """
client<llm> Given { provider PROVIDER, options { base_url env.URL, model "m", OPTIONS } }
function Say(text: string) -> string { client Given, prompt #"{{ text }}"# }
"""
IN_HEADER = "api_key env.SECRET_KEY"
# Where a key may stand: whose header it is, or as a part of the URL.
PLACES = {
    "openai": ("openai-generic", IN_HEADER),
    "anthropic": ("anthropic", IN_HEADER),
    "google": ("google-ai", IN_HEADER),
    "own header": ("openai-generic", 'headers { "x-api-key" env.SECRET_KEY }'),
    "query": ("openai-generic", 'query_params { "key" env.SECRET_KEY }'),
    # Names that nobody lists: the value is a secret because of where it came from.
    "header of another name": ("openai-generic", 'headers { "ocp-apim-subscription-key" env.SECRET_KEY }'),
    "query of another name": ("openai-generic", 'query_params { "subscription-key" env.SECRET_KEY }'),
    "password of the URL": ("openai-generic", ""),
}
SAID_BACK = json.dumps({"error": {"message": f"no such key: {KEY}"}}).encode()
JSON = (("content-type", "application/json"),)
ANSWERS = {
    "refused": Answer([SAID_BACK], 401, JSON),
    "busy": Answer([SAID_BACK], 529, JSON),
    "error in a stream": Answer([sse({"error": {"message": f"no such key: {KEY}"}})]),
    "page": Answer([f"<html>{KEY}</html>".encode()], 200, (("content-type", "text/html"),)),
    "no answer": Answer(raw_head=b"", framing="close"),
    "broken head": Answer(raw_head=f"HTTP/1.1 200 OK\r\n{KEY}\r\n\r\n".encode(), framing="close"),
    "broken event": Answer([f"data: {{{KEY}\n\n".encode(), *openai_chunks(["yes"])]),
    "cut": Answer(openai_chunks(["ha", "lf"], None)[:-1], end="reset"),
}


def everything(error: BaseException) -> Iterator[str]:
    """All that a person, a log or another process can see of it."""
    yield from traceback.format_exception(error)
    found: BaseException | None = error
    while found is not None:
        yield f"{found!r} {found} {vars(found)!r}"
        found = found.__cause__ or found.__context__
    yield pickle.dumps(error).decode("latin-1")


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("place", PLACES)
def test_h34_a_key_comes_out_nowhere(
    loopback: LoopbackServer,
    place: str,
    engine: str,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    caplog.set_level(logging.DEBUG)
    # A recording makes its transport by itself.
    monkeypatch.setattr("bamlet.wire.http.parser_for", lambda _: None if engine == "httpx" else engine)
    monkeypatch.setenv("SECRET_KEY", KEY)
    provider, options = PLACES[place]
    source = SOURCE.replace("PROVIDER", provider).replace("OPTIONS", options)
    compiled = bamlet.compile_sources({"secret.baml": source})
    url = loopback.url.replace("//", f"//user:{KEY}@") if place == "password of the URL" else loopback.url
    environ = {"URL": url, "SECRET_KEY": KEY}
    shown: list[str] = []

    async def asked(rt: bamlet.AsyncRuntime, how: str) -> None:
        shown.append(f"{rt!r} {vars(rt)!r}")
        try:
            if how == "call":
                await rt.call("Say", text="x")
            else:
                stream = rt.stream("Say", text="x")
                shown.append(repr(stream))
                await stream.final()
                shown.append(repr(stream.report))
        except bamlet.BamlError as error:
            shown.extend(everything(error))

    async def body() -> None:
        for number, (name, answer) in enumerate(ANSWERS.items()):
            for how in ("call", "stream"):
                loopback.default = answer
                tape = tmp_path / f"{number}-{how}.jsonl"
                # An answer with the key in it is not written, and the end says so.
                with Recording(tape) as recording, contextlib.suppress(SecretInCassette):
                    async with bamlet.AsyncRuntime(
                        compiled, environ=environ, transport=recording.transport, trace=shown.append
                    ) as rt:
                        await asked(rt, how)
            assert len(loopback.requests) >= 2 * (number + 1), name

    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        asyncio.run(asyncio.wait_for(body(), 30))
    whole = "\n".join([*shown, out.getvalue(), err.getvalue(), caplog.text])
    basic = b64encode(f"user:{KEY}".encode()).decode()
    for request in loopback.requests:
        assert any(key in f"{request.path} {request.headers}" for key in (KEY, basic))
    assert basic not in whole
    assert KEY not in whole, whole[max(0, whole.index(KEY) - 300) :][:600].replace(KEY, "<HERE>")
    assert files_with_it(tmp_path) == []


def test_h34_the_search_of_the_suite_finds_what_a_test_shows(tmp_path: Path) -> None:
    report = pytest.TestReport(
        "x", ("x", 0, "x"), {}, "passed", None, "call", [("Captured stdout", f"Bearer {KEY}")]
    )
    refuse_shown(report)
    assert report.failed
    (tmp_path / "tape.jsonl").write_text(f"x{KEY}", "utf-8")
    assert [path.name for path in files_with_it(tmp_path)] == ["tape.jsonl"]
    (tmp_path / "tape.jsonl").unlink()
