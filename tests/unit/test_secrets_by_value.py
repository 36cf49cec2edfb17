"""A secret is one by its value, whatever an option, a header or a server calls it.

A program must not see how it is hidden, so this is Python.
"""

from __future__ import annotations

import html
import json
import pickle
import re
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote, quote_plus

import pytest

import bamlet
from bamlet.cli.main import run
from bamlet.diagnostics import misspelling_of
from bamlet.options.clients import of_provider
from bamlet.wire.redact import hide, is_secret_name
from tests.servers.loopback import Answer, LoopbackServer
from tests.support.canary import KEY

pytestmark = pytest.mark.timeout(120)

JSON = (("content-type", "application/json"),)
FINE = Answer([b'{"choices":[{"index":0,"message":{"content":"fine"},"finish_reason":"stop"}]}'], headers=JSON)
SOURCE = """
client<llm> Given { provider openai-generic, options { base_url env.URL, model "m", OPTIONS } }
function Say(text: string) -> string { client Given, prompt #"{{ text }}"# }
function Tell() -> string { Say(env.SECRET_KEY) }
"""


def runtime(server: LoopbackServer, options: str = "", **more: Any) -> bamlet.Runtime:
    program = bamlet.compile_sources({"main.baml": SOURCE.replace("OPTIONS", options)})
    return bamlet.Runtime(program, environ={"URL": server.url, "SECRET_KEY": KEY}, **more)


def test_a_word_of_the_server_shows_no_key(loopback: LoopbackServer, caplog: pytest.LogCaptureFixture) -> None:
    """Its name for the model and its reason to end are written to the log, and kept."""
    caplog.set_level("INFO")
    choice = {"index": 0, "message": {"content": "fine"}, "finish_reason": f"stop {KEY}"}
    loopback.default = Answer([json.dumps({"model": f"m {KEY}", "choices": [choice]}).encode()], headers=JSON)
    collector = bamlet.Collector("all")
    with runtime(loopback, "api_key env.SECRET_KEY") as rt:
        assert rt.call("Say", text="x", context=bamlet.CallContext(collector=collector)) == "fine"
    assert "model=m ***" in caplog.text
    assert "stop=stop ***" in caplog.text
    assert KEY not in caplog.text
    assert KEY.encode() not in pickle.dumps(collector.logs)


@pytest.mark.parametrize("how", ["call", "stream"])
@pytest.mark.parametrize("said", ["in an answer that cannot be read", "as the packing of a body"])
def test_an_error_about_an_answer_shows_no_key(loopback: LoopbackServer, said: str, how: str) -> None:
    choice = {"index": 0, "message": {"content": f"no json {KEY}"}, "finish_reason": "stop"}
    body = json.dumps({"choices": [choice]}).encode()
    loopback.default = Answer([body], headers=JSON)
    if said == "as the packing of a body":
        loopback.default = Answer([body], headers=(*JSON, ("content-encoding", KEY)))
    source = SOURCE.replace("OPTIONS", "api_key env.SECRET_KEY").replace("-> string", "-> bool", 1)
    program = bamlet.compile_sources({"main.baml": source.partition("function Tell")[0]})
    environ = {"URL": loopback.url, "SECRET_KEY": KEY}
    with bamlet.Runtime(program, environ=environ) as rt, pytest.raises(bamlet.BamlError) as raised:
        rt.call("Say", text="x") if how == "call" else rt.stream("Say", text="x").final()
    failure = raised.value
    shown = "".join(traceback.format_exception(failure)) + repr(failure) + repr(vars(failure))
    assert KEY not in shown
    assert "<redacted>" in str(failure)


def test_a_lent_token_that_a_server_says_back_is_not_shown(loopback: LoopbackServer) -> None:
    lent = json.dumps({"access_token": KEY, "expires_in": 3600}).encode()
    fields = {"type": "authorized_user", "client_id": "i", "client_secret": "s", "refresh_token": "r"}
    source = """
    client<llm> Gemini { provider vertex-ai, options { base_url env.URL, model "m", credentials env.SA } }
    function Say() -> string { client Gemini, prompt #"Hi"# }
    """
    said = Answer([json.dumps({"error": {"message": f"bad {KEY}"}}).encode()], 401, (*JSON, ("x-token", KEY)))
    environ = {"URL": loopback.url, "SA": json.dumps({**fields, "token_uri": f"{loopback.url}/token"})}
    rt = bamlet.Runtime(
        bamlet.compile_sources({"main.baml": source}),
        environ=environ,
        lend_to=[loopback.url.removeprefix("http://")],
    )
    loopback.answer(Answer([lent], headers=JSON), said, said)
    with rt:
        for ask in (lambda: rt.call("Say"), lambda: rt.stream("Say").final()):
            with pytest.raises(bamlet.BamlClientHttpError, match="<redacted>") as error:
                ask()
            assert KEY not in repr(vars(error.value))
    assert loopback.requests[1].header("authorization") == f"Bearer {KEY}"


def test_a_misspelt_option_does_not_send_the_key(loopback: LoopbackServer) -> None:
    with runtime(loopback, "apikey env.SECRET_KEY") as rt:
        for ask in (rt.call, rt.request):
            with pytest.raises(bamlet.BamlInvalidArgumentError) as error:
                ask("Say", text="x")
            told = "client `Given`: the option `apikey` would send the secret env.SECRET_KEY in the body"
            assert str(error.value).startswith(told)
            assert "did you mean `api_key`?" in str(error.value)
    assert loopback.requests == []


def test_a_prompt_does_not_send_the_key(loopback: LoopbackServer) -> None:
    with (
        runtime(loopback) as rt,
        pytest.raises(
            bamlet.BamlInvalidArgumentError, match=r"the body of the request holds the secret env\.SECRET"
        ),
    ):
        rt.call("Tell")
    assert loopback.requests == []


def test_a_secret_in_a_body_may_be_allowed(loopback: LoopbackServer) -> None:
    loopback.default = FINE
    with runtime(loopback, "user_token env.SECRET_KEY, secrets_in_body true") as rt:
        assert rt.call("Say", text="x") == "fine"
    body = json.loads(loopback.requests[0].body)
    assert (body["user_token"], "secrets_in_body" in body) == (KEY, False)


@pytest.mark.parametrize("form", ["curl", "python", "json"])
def test_render_shows_no_key(
    tmp_path: Path, form: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SECRET_KEY", KEY)
    monkeypatch.setenv("URL", "http://127.0.0.1:1")
    for options, code in (("apikey env.SECRET_KEY", 2), ("apikey env.SECRET_KEY, secrets_in_body true", 0)):
        (tmp_path / "main.baml").write_text(SOURCE.replace("OPTIONS", options))
        assert run(["render", str(tmp_path), "Say", "--arg", "text=x", "--as", form]) == code
        shown = capsys.readouterr()
        assert KEY not in shown.out + shown.err


def test_a_report_of_tests_shows_no_key_that_a_model_says_back(
    loopback: LoopbackServer,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    said = json.dumps({"x": KEY, KEY: "y"})
    choice = {"index": 0, "message": {"content": said}, "finish_reason": "stop"}
    loopback.default = Answer([json.dumps({"choices": [choice]}).encode()], headers=JSON)
    monkeypatch.setenv("SECRET_KEY", KEY)
    monkeypatch.setenv("URL", loopback.url)
    source = SOURCE.replace("OPTIONS", "api_key env.SECRET_KEY").replace("-> string", "-> map<string, string>", 1)
    test = 'test T { functions [Say], args { text "x" }, @@assert(same, {{ this == {"x": "z"} }}) }'
    (tmp_path / "main.baml").write_text(source.partition("function Tell")[0] + test)
    forms = ("full", f"json={tmp_path}/a.json", f"jsonl={tmp_path}/a.jsonl", f"junit={tmp_path}/a.xml")
    options = [part for form in forms for part in ("--output-format", form)]
    assert run(["test", str(tmp_path), "--no-stream", *options]) == 1
    shown = capsys.readouterr()
    written = {path.name: path.read_text() for path in tmp_path.glob("a.*")}
    assert sorted(written) == ["a.json", "a.jsonl", "a.xml"]
    for text in (shown.out, *written.values()):
        assert "redacted" in text
        assert KEY not in text
    assert KEY not in shown.err


def test_a_trace_shows_no_password(loopback: LoopbackServer) -> None:
    import asyncio

    loopback.default = FINE
    lines: list[str] = []
    program = bamlet.compile_sources({"main.baml": SOURCE.replace("OPTIONS", "")})
    environ = {"URL": loopback.url.replace("//", f"//user:{KEY}@")}

    async def call() -> None:
        async with bamlet.AsyncRuntime(program, environ=environ, trace=lines.append) as rt:
            await rt.call("Say", text="x")

    asyncio.run(asyncio.wait_for(call(), 10))
    assert any("POST http://<redacted>@127.0.0.1" in line for line in lines)
    assert KEY not in "".join(lines)


@pytest.mark.parametrize(
    ("name", "secret"),
    [
        ("OPENAI_API_KEY", True),
        ("APIKEY2", True),
        ("db_password", True),
        ("OPENAI_API_KEYS", True),
        ("CLIENT_SECRET_V2", True),
        ("TOKENIZER", False),
        ("KEYBOARD", False),
        ("HOME", False),
    ],
)
def test_a_variable_is_secret_by_the_words_of_its_name(name: str, secret: bool) -> None:
    assert is_secret_name(name) is secret


def test_secrets_are_hidden_in_every_form_and_the_longest_first() -> None:
    assert hide('a "b/c d"" b%2Fc%20d e', ["b/c d", "short"]) == 'a "b/c d"" b%2Fc%20d e'
    assert hide("x secret/one secret%2Fone secret/one-more", ["secret/one", "secret/one-more"]) == (
        "x <redacted> <redacted> <redacted>"
    )


WRITERS: dict[str, Callable[[str], str]] = {
    "as PHP writes JSON": lambda secret: json.dumps(secret).replace("/", "\\/"),
    "as Go writes JSON": lambda secret: json.dumps(secret).replace("&", "\\u0026").replace("<", "\\u003C"),
    "JSON in JSON in JSON": lambda secret: json.dumps(json.dumps(json.dumps(secret))),
    "JSON of letters as they are": lambda secret: json.dumps(secret, ensure_ascii=False),
    "a URL in small letters": lambda secret: re.sub("%..", lambda byte: byte[0].lower(), quote(secret, safe="/")),
    "a URL in a URL": lambda secret: quote(quote(secret, safe=""), safe=""),
    "a form": quote_plus,
    "HTML": html.escape,
    "HTML with numbers": lambda secret: "".join(f"&#{ord(c)};" if c in "/+=&<" else c for c in secret),
    "Python": repr,
}


@pytest.mark.parametrize("writer", WRITERS)
def test_a_secret_is_hidden_however_it_is_escaped(writer: str) -> None:
    for secret in ("sk-A/9+b=c&d<e", "pass\"word\\\\it's", "slé 😀/one"):
        written = WRITERS[writer](secret)
        assert secret[-3:] not in (hidden := hide(f"x {written} y", [secret]))
        assert "<redacted>" in hidden


def test_a_text_against_a_secret_does_not_multiply_the_work() -> None:
    """Backslashes of a text could be shared among those of a secret in a number of ways that grows with each."""
    text = "a" + "\\" * 20_000 + "c b"
    assert hide(text, ["a" + "\\" * 12 + "bbbb"]) == text


@pytest.mark.parametrize(
    ("name", "meant"),
    [("apikey", "api_key"), ("Api-Key", "api_key"), ("base_ulr", "base_url"), ("htp", "http"), ("stop", None)],
)
def test_a_misspelling_is_a_letter_or_two_away(name: str, meant: str | None) -> None:
    assert misspelling_of(name, of_provider("openai")) == meant
