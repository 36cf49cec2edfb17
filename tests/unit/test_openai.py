"""OpenAI's dialect and its relatives: options to requests, events to answers, errors to one kind of error."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from bamlet.prompt import Media, Message, Prompt, Text
from bamlet.providers import (
    ClientConfigError,
    ClientOptions,
    ClientSpec,
    Completion,
    MissingEnv,
    ProviderError,
    Timeouts,
    dialect,
    finish_reason_is_allowed,
    http_error,
    read_body,
)
from bamlet.providers.chat import ChatAccumulator
from bamlet.providers.media import with_fetched
from bamlet.wire.sse import Event

HI = Prompt((Message(None, (Text("hi"),)),))
IMAGE = Media("image", url="https://example.org/a.png")
SOUND = Media("audio", url="https://example.org/a.mp3")
PDF = Media("pdf", url="https://example.org/a.pdf")


def client(provider: str = "openai", **options: object) -> ClientOptions:
    given = {"model": "m1", **options}
    if provider in ("openai", "openrouter"):
        given.setdefault("api_key", "sk-1")
    if provider == "openai-generic":
        given.setdefault("base_url", "http://localhost:1/v1")
    return dialect(provider).read_client(ClientSpec("C", provider, given))


def body_of(options: ClientOptions, prompt: Prompt = HI, *, stream: bool = False) -> dict[str, Any]:
    body: dict[str, Any] = json.loads(dialect(options.provider).build_request(options, prompt, stream=stream).body)
    return body


def headers_of(options: ClientOptions) -> dict[str, str]:
    return dict(dialect(options.provider).build_request(options, HI, stream=False).headers)


def url_of(options: ClientOptions) -> str:
    return dialect(options.provider).build_request(options, HI, stream=False).url


def event(delta: object, **more: object) -> Event:
    return Event("message", json.dumps({"choices": [{"index": 0, "delta": delta, **more}]}))


def test_the_halves_of_a_character_meet() -> None:
    accumulator = ChatAccumulator()
    new = [
        accumulator.feed(event({"content": piece})) for piece in ("a\ud83d", "\ude00b", "\ud83d", "c", "\ud83d")
    ]
    new.append(accumulator.feed(event({}, finish_reason="stop")))
    assert new == ["a", "😀b", "", "\ufffdc", "", "\ufffd"]
    assert accumulator.finish().text == "".join(new)


def test_reading_may_stop_at_done_but_not_at_the_finish_reason() -> None:
    accumulator = ChatAccumulator()
    accumulator.feed(event({"content": "a"}, finish_reason="stop"))
    assert (accumulator.is_complete, accumulator.is_done) == (True, False)
    accumulator.feed(Event("message", "[DONE]"))
    assert accumulator.is_done
    assert accumulator.feed(event({"content": "late"})) == ""
    assert accumulator.finish().text == "a"


def test_events_that_are_no_json_are_counted() -> None:
    accumulator = ChatAccumulator()
    for data in ('{"id": oops', "", "[" * 100_000, '{"choices":[]} x', "7"):
        accumulator.feed(Event("message", data))
    accumulator.feed(event({"content": "a"}, finish_reason="stop"))
    assert accumulator.bad_events == 5
    assert accumulator.finish().text == "a"


@pytest.mark.parametrize(
    ("name", "data", "message"),
    [
        ("error", '{"error":"text"}', "text"),
        ("error", "plain words", "plain words"),
        ("error", '{"message":"m"}', "m"),
        ("message", '[{"error":{"message":"in a list"}}]', "in a list"),
        ("message", '{"error":{"code":"x"}}', "x"),
    ],
)
def test_an_error_inside_a_stream_is_raised(name: str, data: str, message: str) -> None:
    with pytest.raises(ProviderError) as error:
        ChatAccumulator().feed(Event(name, data))
    assert (error.value.kind, error.value.message) == ("provider_error", message)


def test_a_stream_without_events_is_empty() -> None:
    with pytest.raises(ProviderError) as error:
        ChatAccumulator().finish()
    assert error.value.kind == "empty_response"


def test_a_body_that_came_whole() -> None:
    message = {
        "role": "assistant",
        "content": "hi",
        "tool_calls": [{"id": "c", "type": "function", "function": {"name": "f", "arguments": "{}"}}],
    }
    body = {"id": "1", "model": "m", "choices": [{"index": 0, "message": message, "finish_reason": "tool_calls"}]}
    answer = read_body(dialect("openai").accumulator(client()), json.dumps(body))
    assert isinstance(answer, Completion)
    assert (answer.text, answer.finish_reason, answer.tool_calls[0].name) == ("hi", "tool_calls", "f")


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"<html>no</html>", "protocol_error"),
        (b'{"error":{"message":"m"}}', "provider_error"),
        (b'{"object":"list"}', "empty_response"),
        (b"[]", "empty_response"),
    ],
)
def test_a_body_that_is_no_answer(body: bytes, kind: str) -> None:
    with pytest.raises(ProviderError) as error:
        read_body(dialect("openai").accumulator(client()), body)
    assert error.value.kind == kind


def test_openai_gets_lists_of_parts_and_is_asked_for_usage() -> None:
    body = body_of(
        client(temperature=0.1, stop=["X"], max_tokens=None, stream_options={"x": 1}, stream=False), stream=True
    )
    assert list(body) == ["model", "temperature", "stop", "max_tokens", "messages", "stream", "stream_options"]
    assert body["messages"] == [{"role": "system", "content": [{"type": "text", "text": "hi"}]}]
    assert body["max_tokens"] is None
    assert body["stream"] is True
    assert body["stream_options"] == {"include_usage": True, "x": 1}


def test_a_plain_call_does_not_stream_whatever_the_options_say() -> None:
    body = body_of(client(stream=True, stream_options={"include_usage": True}))
    assert "stream" not in body
    assert "stream_options" not in body


def test_a_generic_server_gets_strings_and_nothing_it_was_not_told_to_get() -> None:
    prompt = Prompt((Message("user", (Text("a"), Text("b"))),))
    body = body_of(client("openai-generic"), prompt, stream=True)
    assert body == {"model": "m1", "messages": [{"role": "user", "content": "a b"}], "stream": True}


def test_metadata_alone_makes_a_list_and_is_sent_only_if_allowed() -> None:
    prompt = Prompt((Message("user", (Text("a"),), {"cache_control": {"type": "ephemeral"}, "other": 1}),))
    bare = body_of(client("openai-generic"), prompt)
    assert bare["messages"][0]["content"] == [{"type": "text", "text": "a"}]
    sent = body_of(client("openai-generic", allowed_role_metadata=["cache_control"]), prompt)
    assert sent["messages"][0]["content"][0]["cache_control"] == {"type": "ephemeral"}
    assert "other" not in sent["messages"][0]["content"][0]
    everything = body_of(client("openai-generic", allowed_role_metadata="all"), prompt)
    assert everything["messages"][0]["content"][0]["other"] == 1


def test_roles_are_checked_then_merged_then_renamed() -> None:
    said = [(None, "lead"), ("tool", "t"), ("user", "u1"), ("user", "u2"), ("assistant", "a")]
    messages = tuple(Message(role, (Text(text),)) for role, text in said)
    again = Message("assistant", (Text("again"),), allow_duplicate_role=True)
    options = client("openai-generic", remap_roles={"system": "developer"})
    body = body_of(options, Prompt((*messages, again)))
    assert [(row["role"], row["content"]) for row in body["messages"]] == [
        ("developer", "lead t"),
        ("user", "u1 u2"),
        ("assistant", "a"),
        ("assistant", "again"),
    ]


def test_the_first_reasoning_models_know_no_system_role() -> None:
    options = client(model="o1-mini")
    prompt = Prompt((Message("system", (Text("s"),)), Message("user", (Text("u"),))))
    assert [row["role"] for row in body_of(options, prompt)["messages"]] == ["user"]
    assert options.supports_streaming is False
    assert client(model="o1").allowed_roles == ("user", "assistant")
    assert client(model="o3").default_role == "system"


@pytest.mark.parametrize(
    ("base_url", "params", "url"),
    [
        ("http://x/v1", {}, "http://x/v1/chat/completions"),
        ("http://x/v1//", {}, "http://x/v1/chat/completions"),
        ("http://x", {"q": "b c"}, "http://x/chat/completions?q=b+c"),
        ("http://x/v1/?a=1", {"b": 2}, "http://x/v1/chat/completions?a=1&b=2"),
    ],
)
def test_the_path_goes_behind_the_bases_own(base_url: str, params: dict[str, object], url: str) -> None:
    assert url_of(client(base_url=base_url, query_params=params)) == url


def test_the_users_headers_win_whatever_their_case() -> None:
    headers = headers_of(
        client(headers={"Authorization": "mine", "X-Team": "a", "Host": "no", "Content-Length": "1"})
    )
    assert headers == {"content-type": "application/json", "authorization": "mine", "x-team": "a"}


def test_the_relatives_have_their_own_defaults() -> None:
    assert url_of(client("ollama")) == "http://localhost:11434/v1/chat/completions"
    assert headers_of(client("ollama")) == {"content-type": "application/json"}
    assert body_of(client("ollama"))["messages"][0]["role"] == "user"
    assert url_of(client("openrouter")) == "https://openrouter.ai/api/v1/chat/completions"
    assert headers_of(client("openai"))["authorization"] == "Bearer sk-1"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"api_key": MissingEnv("MYK", taken_away=True)}, "needs the environment variable MYK"),
        ({"headers": {"x": MissingEnv("MYH")}}, "headers needs the environment variable MYH"),
        ({"headers": {"x": "a\r\nb: c"}}, "is no HTTP header"),
        ({"headers": {"x y": "a"}}, "is no HTTP header"),
        ({"api_key": "a\nb"}, "control character"),
        ({"base_url": "ftp://x"}, "no http or https URL"),
        ({"temperature": float("nan")}, "no JSON"),
        ({"default_role": "dev"}, "`dev` is not among the allowed_roles"),
        ({"remap_roles": {"tool": "x"}}, "names `tool`"),
        ({"allowed_roles": []}, "must not be empty"),
        ({"finish_reason_allow_list": ["stop"], "finish_reason_deny_list": []}, "exclude each other"),
        ({"http": {"request_timeout_ms": -1}}, "not a number of milliseconds"),
        ({"http": {"zzz": 1}}, "has no `zzz`"),
        ({"client_response_type": "x"}, "is one of openai,"),
        ({"media_url_handler": {"image": "x"}}, "for image one of send_base64"),
        ({"supports_streaming": "no"}, "is true or false"),
        ({"model": 7}, "model is a string"),
    ],
)
def test_a_client_that_cannot_work_is_refused_before_anything_is_sent(
    options: dict[str, Any], message: str
) -> None:
    with pytest.raises(ClientConfigError, match=f"client `C`: .*{re.escape(message)}"):
        body_of(client(**options))


def test_a_generic_client_needs_a_base_url() -> None:
    with pytest.raises(ClientConfigError, match="needs a base_url"):
        body_of(client("openai-generic", base_url=None))


def test_an_unknown_provider_is_told_the_known_ones() -> None:
    with pytest.raises(ClientConfigError, match=r"there are .*openai, openai-generic"):
        dialect("nope")


def test_an_old_name_of_a_provider_is_the_provider() -> None:
    options = client("baml-openai-chat", api_key="sk-1")
    assert options.provider == "openai"
    assert url_of(options) == "https://api.openai.com/v1/chat/completions"


def test_timeouts_are_seconds_and_zero_is_none() -> None:
    options = client(http={"connect_timeout_ms": 2_500, "idle_timeout_ms": 0, "enable_connection_pooling": True})
    assert options.timeouts == Timeouts(connect=2.5, idle=None)
    assert client().timeouts == Timeouts()
    assert "http" not in body_of(options)


def test_no_repr_shows_the_key() -> None:
    spec = ClientSpec("C", "openai", {"api_key": "sk-canary", "headers": {"x": "sk-canary"}})
    assert "sk-canary" not in repr(spec) + repr(dialect("openai").read_client(spec))


def test_ctx_client_shows_what_goes_into_the_body() -> None:
    info = client(default_role="user", temperature=1).info()
    assert (info.default_role, info.options) == ("user", {"model": "m1", "temperature": 1})


def test_media_by_url_and_inline() -> None:
    sound = Media("audio", base64="QUJD", media_type="audio/mpeg")
    inline = Media("image", url="data:image/gif;base64,QUJD")
    paper = Media("pdf", base64="QUJD")
    parts = body_of(client(), Prompt((Message("user", (IMAGE, inline, sound, PDF, paper)),)))["messages"][0][
        "content"
    ]
    assert parts == [
        {"type": "image_url", "image_url": {"url": "https://example.org/a.png"}},
        {"type": "image_url", "image_url": {"url": "data:image/gif;base64,QUJD"}},
        {"type": "input_audio", "input_audio": {"data": "QUJD", "format": "mp3"}},
        {
            "type": "file",
            "file": {"type": "input_file", "file_url": "https://example.org/a.pdf", "filename": "document.pdf"},
        },
        {"type": "file", "file": {"filename": "document.pdf", "file_data": "data:application/pdf;base64,QUJD"}},
    ]


@pytest.mark.parametrize(
    ("mode", "fetched"),
    [
        ({}, [SOUND]),
        ({"image": "send_base64", "pdf": "send_base64"}, [IMAGE, SOUND, PDF]),
        ({"image": "send_url_add_mime_type", "pdf": "send_url_add_mime_type"}, [IMAGE, SOUND]),
        ({"image": "send_base64_unless_google_url", "audio": "send_url"}, [IMAGE, SOUND]),
    ],
)
def test_what_has_to_be_fetched_is_said_before(mode: dict[str, str], fetched: list[Media]) -> None:
    options = client(media_url_handler=mode)
    prompt = Prompt((Message("user", (IMAGE, SOUND, PDF, IMAGE)),))
    assert list(dialect("openai").media_to_fetch(options, prompt)) == fetched
    with pytest.raises(ClientConfigError, match="has to be fetched first"):
        body_of(options, prompt)
    there = {media: Media(media.kind, base64="QUJD", media_type="x/y") for media in fetched}
    assert body_of(options, with_fetched(prompt, there))["messages"]


def test_video_has_no_form_here() -> None:
    with pytest.raises(ClientConfigError, match="no video"):
        body_of(client(), Prompt((Message("user", (Media("video", url="http://x/a.mp4"),)),)))


def test_half_a_character_in_a_prompt_does_not_stop_the_request() -> None:
    prompt = Prompt((Message("user", (Text("a\ud83db"),)),))
    assert body_of(client("openai-generic"), prompt)["messages"][0]["content"] == "a\ufffdb"


@pytest.mark.parametrize(
    ("reason", "allow", "deny", "allowed"),
    [
        ("stop", None, None, True),
        ("stop", ["STOP"], None, True),
        ("length", ["stop"], None, False),
        ("length", [], None, False),
        (None, [], None, True),
        ("Length", None, ["length"], False),
        ("stop", None, ["length"], True),
        (None, None, ["length"], True),
    ],
)
def test_finish_reason_lists(
    reason: str | None, allow: list[str] | None, deny: list[str] | None, allowed: bool
) -> None:
    assert finish_reason_is_allowed(reason, allow, deny) is allowed


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ('{"message":"m"}', "m"),
        ('{"detail":"d"}', "d"),
        ('{"detail":[{"loc":["a"],"msg":"field required","type":"x"}]}', "field required"),
        ('{"errors":[{"message":"e"}]}', "e"),
        ('[{"error":{"message":"g","code":429}}]', "g"),
        ('{"error":"text"}', "text"),
        ("x" * 1_000, "x" * 300),
        ("", "the provider answered with status 500"),
    ],
)
def test_the_message_of_an_error_body(body: str, message: str) -> None:
    assert http_error(500, (), body).message == message


@pytest.mark.parametrize(
    ("status", "headers", "body", "retryable", "wait"),
    [
        (429, {"Retry-After": "2"}, "", True, 2_000),
        (429, {"retry-after": "2", "retry-after-ms": "1500.4"}, "", True, 1_500),
        (429, {"retry-after": "-1"}, "", True, None),
        (429, {}, '{"error":{"code":"insufficient_quota"}}', False, None),
        (400, {"x-should-retry": "true"}, "", True, None),
        (503, {"x-should-retry": "false"}, "", False, None),
        (529, {}, "", True, None),
        (401, {}, "", False, None),
        (
            503,
            {"retry-after": "Wed, 21 Oct 2026 07:28:10 GMT", "date": "Wed, 21 Oct 2026 07:28:00 GMT"},
            "",
            True,
            10_000,
        ),
    ],
)
def test_whether_and_when_to_try_again(
    status: int, headers: dict[str, str], body: str, retryable: bool, wait: int | None
) -> None:
    error = http_error(status, headers.items(), body)
    assert (error.retryable, error.retry_after_ms) == (retryable, wait)
