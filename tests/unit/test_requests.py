"""What each provider's request says, beyond what all have in common: URLs, key headers, limits, roles and media.

The language cannot see a request's bytes, so this is Python. OpenAI's own family is in `test_openai.py`.
"""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

import bamlet
from bamlet.prompt import Media, Message, Prompt, Text
from bamlet.providers import ClientConfigError, ClientOptions, ClientSpec, dialect
from bamlet.providers.registry import DIALECTS
from bamlet.wire.message import Request

GIVEN: dict[str, dict[str, object]] = {
    "openai": {"model": "m", "api_key": "sk-1"},
    "openai-generic": {"model": "m", "base_url": "http://localhost:1/v1"},
    "openrouter": {"model": "a/m", "api_key": "sk-1"},
    "ollama": {"model": "m"},
    "azure-openai": {
        "resource_name": "res",
        "deployment_id": "dep",
        "api_version": "2024-10-21",
        "api_key": "sk-1",
    },
    "openai-responses": {"model": "m", "api_key": "sk-1"},
    "anthropic": {"model": "claude", "api_key": "sk-1"},
    "google-ai": {"model": "gemini-x", "api_key": "sk-1"},
    "vertex-ai": {"model": "gemini-x", "location": "us-central1", "project_id": "p", "authorization_token": "t"},
    "aws-bedrock": {
        "model": "anthropic.x-v1:0",
        "region": "us-east-1",
        "access_key_id": "A",
        "secret_access_key": "S",
    },
    "ollama-native": {"model": "m"},
    "offline": {"seed": 7},
}
IMAGE = Media("image", base64="QUJD", media_type="image/jpeg")
CACHED = {"cache_control": {"type": "ephemeral"}}


def client(provider: str, **options: object) -> ClientOptions:
    given = {**GIVEN[provider], **options}
    return dialect(provider).read_client(
        ClientSpec("C", provider, {name: value for name, value in given.items() if value is not ...})
    )


def request(options: ClientOptions, prompt: Prompt, *, stream: bool = False) -> Request:
    return dialect(options.provider).build_request(options, prompt, stream=stream)


def body(options: ClientOptions, prompt: Prompt, *, stream: bool = False) -> dict[str, Any]:
    said: dict[str, Any] = json.loads(request(options, prompt, stream=stream).body)
    return said


def said(*turns: tuple[str | None, str], **metadata: object) -> Prompt:
    return Prompt(tuple(Message(role, (Text(text),), metadata) for role, text in turns))


HI = said((None, "hi"))
TALK = said(("system", "S"), ("user", "U1"), ("assistant", "A"), ("system", "S2"), ("user", "U2"))


def test_every_provider_has_a_client_here() -> None:
    assert GIVEN.keys() == DIALECTS.keys()


@pytest.mark.parametrize(
    ("provider", "plain", "streamed"),
    [
        (
            "azure-openai",
            "https://res.openai.azure.com/openai/deployments/dep/chat/completions?api-version=2024-10-21",
            None,
        ),
        ("openai-responses", "https://api.openai.com/v1/responses", None),
        ("anthropic", "https://api.anthropic.com/v1/messages", None),
        (
            "google-ai",
            "https://generativelanguage.googleapis.com/v1beta/models/gemini-x:generateContent",
            "https://generativelanguage.googleapis.com/v1beta/models/gemini-x:streamGenerateContent?alt=sse",
        ),
        (
            "vertex-ai",
            "https://us-central1-aiplatform.googleapis.com/v1/projects/p/locations/us-central1"
            "/publishers/google/models/gemini-x:generateContent",
            "https://us-central1-aiplatform.googleapis.com/v1/projects/p/locations/us-central1"
            "/publishers/google/models/gemini-x:streamGenerateContent?alt=sse",
        ),
        (
            "aws-bedrock",
            "https://bedrock-runtime.us-east-1.amazonaws.com/model/anthropic.x-v1%3A0/converse",
            "https://bedrock-runtime.us-east-1.amazonaws.com/model/anthropic.x-v1%3A0/converse-stream",
        ),
        ("ollama-native", "http://localhost:11434/api/chat", None),
        ("offline", "offline://nobody/chat/completions", None),
    ],
)
def test_urls(provider: str, plain: str, streamed: str | None) -> None:
    options = client(provider)
    assert request(options, HI).url == plain
    assert request(options, HI, stream=True).url == (streamed or plain)


@pytest.mark.parametrize(
    ("provider", "headers"),
    [
        ("openrouter", {"authorization": "Bearer sk-1"}),
        ("azure-openai", {"api-key": "sk-1"}),
        ("anthropic", {"anthropic-version": "2023-06-01", "x-api-key": "sk-1"}),
        ("google-ai", {"x-goog-api-key": "sk-1"}),
        ("vertex-ai", {"authorization": "Bearer t"}),
        ("aws-bedrock", {"accept": "application/json"}),
        ("ollama-native", {"accept": "application/json"}),
    ],
)
def test_headers(provider: str, headers: dict[str, str]) -> None:
    assert dict(request(client(provider), HI).headers) == {"content-type": "application/json", **headers}


@pytest.mark.parametrize("provider", ["azure-openai", "anthropic", "google-ai"])
def test_a_token_of_the_user_stands_in_for_the_key(provider: str) -> None:
    options = client(provider, api_key=..., headers={"Authorization": "Bearer mine"})
    headers = dict(request(options, HI).headers)
    assert headers["authorization"] == "Bearer mine"
    assert not {"api-key", "x-api-key", "x-goog-api-key"} & headers.keys()


@pytest.mark.parametrize(
    ("options", "limit"),
    [
        ({}, {"max_tokens": 4096}),
        ({"max_tokens": 5}, {"max_tokens": 5}),
        ({"max_tokens": None}, {}),
        ({"max_completion_tokens": 7}, {"max_completion_tokens": 7}),
    ],
)
def test_azure_has_a_default_limit(options: dict[str, object], limit: dict[str, int]) -> None:
    sent = body(client("azure-openai", **options), HI)
    assert {name: value for name, value in sent.items() if name != "messages"} == limit


def test_an_identity_of_azure_stands_in_for_the_key() -> None:
    identity = {"tenant_id": "t", "client_id": "c", "client_secret": "s"}
    assert "api-key" not in dict(request(client("azure-openai", api_key=..., **identity), HI).headers)
    assert "api-key" in dict(request(client("azure-openai", **identity), HI).headers)
    assert filled("azure-openai", {"client_secret": "s"}, {"AZURE_OPENAI_API_KEY": "k"}) == {"client_secret": "s"}


def test_a_host_of_ollama_needs_no_scheme() -> None:
    assert request(client("ollama-native", base_url="10.0.0.1:1"), HI).url == "http://10.0.0.1:1/api/chat"


def test_azure_keeps_its_version_beside_other_query_parameters() -> None:
    url = request(client("azure-openai", query_params={"x": "1"}), HI).url
    assert url.endswith("?api-version=2024-10-21&x=1")


def test_anthropic_lifts_the_first_system_message_out() -> None:
    sent = body(client("anthropic", temperature=0.5), TALK, stream=True)
    assert list(sent) == ["model", "temperature", "max_tokens", "system", "messages", "stream"]
    assert sent["system"] == [{"type": "text", "text": "S"}]
    assert [(turn["role"], turn["content"][0]["text"]) for turn in sent["messages"]] == [
        ("user", "U1"),
        ("assistant", "A"),
        ("user", "S2"),
        ("user", "U2"),
    ]


def test_a_system_message_alone_speaks_as_the_user() -> None:
    for provider in ("anthropic", "google-ai", "vertex-ai", "aws-bedrock"):
        sent = body(client(provider), said(("system", "S")))
        assert not {"system", "system_instruction"} & sent.keys()
        assert (sent.get("messages") or sent["contents"])[0]["role"] == "user"


def test_a_renamed_system_role_is_not_lifted_out() -> None:
    sent = body(client("anthropic", remap_roles={"system": "developer"}), said(("system", "S"), ("user", "U")))
    assert [turn["role"] for turn in sent["messages"]] == ["developer", "user"]


def test_a_mark_for_the_cache_stands_at_the_end_of_its_role() -> None:
    prompt = Prompt((Message("user", (Text("a"), IMAGE), CACHED), Message("user", (Text("b"),))))
    content = body(client("anthropic", allowed_role_metadata="all"), prompt)["messages"][0]["content"]
    assert ["cache_control" in block for block in content] == [False, True, False]
    blocks = body(client("aws-bedrock"), prompt)["messages"][0]["content"]
    assert [next(iter(block)) for block in blocks] == ["text", "image", "cachePoint", "text"]


def test_gemini_calls_the_assistant_model() -> None:
    for provider in ("google-ai", "vertex-ai"):
        sent = body(client(provider, generationConfig={"maxOutputTokens": 9}), TALK)
        assert sent["generationConfig"] == {"maxOutputTokens": 9}
        assert sent["system_instruction"] == {"parts": [{"text": "S"}]}
        assert [turn["role"] for turn in sent["contents"]] == ["user", "model", "user", "user"]


def test_gemini_and_vertex_spell_media_in_their_own_ways() -> None:
    prompt = Prompt((Message("user", (IMAGE, Media("image", url="gs://b/k.png"))),))
    assert body(client("google-ai"), prompt)["contents"][0]["parts"] == [
        {"inline_data": {"mime_type": "image/jpeg", "data": "QUJD"}},
        {"file_data": {"file_uri": "gs://b/k.png"}},
    ]
    by_url = client("vertex-ai", media_url_handler={"image": "send_url"})
    assert body(by_url, prompt)["contents"][0]["parts"] == [
        {"inlineData": {"mimeType": "image/jpeg", "data": "QUJD"}},
        {"fileData": {"fileUri": "gs://b/k.png", "mimeType": "image/png"}},
    ]


@pytest.mark.parametrize(
    ("model", "path"),
    [
        ("gemini-x", "/models/gemini-x:"),
        ("models/gemini-x", "/v1beta/models/gemini-x:"),
        ("tunedModels/mine", "/v1beta/tunedModels/mine:"),
    ],
)
def test_a_model_of_gemini_may_name_its_folder(model: str, path: str) -> None:
    assert path in request(client("google-ai", model=model), HI).url


@pytest.mark.parametrize("model", ["a?b", "a/../b", "a#b", "a&b", "a b", ""])
def test_a_models_name_cannot_change_the_url(model: str) -> None:
    for provider in ("google-ai", "vertex-ai"):
        with pytest.raises(ClientConfigError, match=r"no name of a model|needs a model"):
            request(client(provider, model=model), HI)


@pytest.mark.parametrize(
    ("location", "host"),
    [
        ("global", "aiplatform.googleapis.com"),
        ("eu", "aiplatform.eu.rep.googleapis.com"),
        ("europe-west1", "europe-west1-aiplatform.googleapis.com"),
    ],
)
def test_vertex_has_a_host_by_location(location: str, host: str) -> None:
    assert request(client("vertex-ai", location=location), HI).url.startswith(f"https://{host}/v1/projects/p/")


def test_vertex_serves_claude_in_its_own_dialect() -> None:
    options = client("vertex-ai", model="claude", anthropic_version="vertex-2023-10-16")
    sent = request(options, TALK, stream=True)
    assert sent.url.endswith("/publishers/anthropic/models/claude:streamRawPredict")
    said = json.loads(sent.body)
    assert said["anthropic_version"] == "vertex-2023-10-16"
    assert "model" not in said
    assert said["stream"] is True
    assert type(dialect("vertex-ai").accumulator(options)).__name__ == "AnthropicAccumulator"


def test_a_key_in_place_of_a_token_needs_no_project() -> None:
    options = client("vertex-ai", authorization_token=..., project_id=..., location=..., api_key="k")
    sent = request(options, HI)
    assert sent.url == "https://aiplatform.googleapis.com/v1/publishers/google/models/gemini-x:generateContent"
    assert dict(sent.headers)["x-goog-api-key"] == "k"


def test_bedrock_has_places_of_its_own_for_options() -> None:
    options = client(
        "aws-bedrock",
        inference_configuration={"max_tokens": 9, "top_p": 0.9, "stop_sequences": ["X"]},
        additional_model_request_fields={"top_k": 3},
    )
    sent = body(options, TALK, stream=True)
    assert sent["inferenceConfig"] == {"maxTokens": 9, "topP": 0.9, "stopSequences": ["X"]}
    assert sent["additionalModelRequestFields"] == {"top_k": 3}
    assert sent["system"] == [{"text": "S"}]
    assert sent["messages"][0] == {"role": "user", "content": [{"text": "U1"}]}
    assert "model" not in sent


def test_numbers_of_bedrock_may_come_from_the_environment() -> None:
    source = """
    client<llm> C {
      provider aws-bedrock
      options {
        model_id "m", region "r"
        inference_configuration { max_tokens env.MOST, temperature env.HEAT, top_p 0.5, stop_sequences [env.STOP] }
      }
    }
    function F() -> string { client C, prompt #"Hi"# }
    """
    program = bamlet.compile_sources({"main.baml": source})
    environ = {"MOST": "50", "HEAT": "0.3", "STOP": "7"}
    with bamlet.Runtime(program, environ=environ) as runtime:
        assert runtime.request("F").body.json()["inferenceConfig"] == {
            "maxTokens": 50,
            "temperature": 0.3,
            "topP": 0.5,
            "stopSequences": ["7"],
        }
        with pytest.raises(
            bamlet.BamlError, match="client `C`: max_tokens of inference_configuration is no number: 'a'"
        ):
            runtime.request("F", context=bamlet.CallContext(env={"MOST": "a"}))


def test_ollama_takes_strings_with_the_images_beside() -> None:
    prompt = Prompt((Message("user", (Text("a"), IMAGE, Text("b"))),))
    sent = request(client("ollama-native", options={"seed": 1}), prompt, stream=True)
    assert json.loads(sent.body) == {
        "model": "m",
        "options": {"seed": 1},
        "messages": [{"role": "user", "content": "a b", "images": ["QUJD"]}],
        "stream": True,
    }
    assert dict(sent.headers)["accept"] == "application/x-ndjson"
    assert body(client("ollama-native"), HI)["stream"] is False


def test_responses_tell_what_goes_in_from_what_came_out() -> None:
    content = [turn["content"][0]["type"] for turn in body(client("openai-responses"), TALK)["input"]]
    assert content == ["input_text", "input_text", "output_text", "input_text", "input_text"]
    sound = Media("audio", base64="QUJD", media_type="audio/mpeg")
    sent = body(client("openai-responses"), Prompt((Message("user", (sound,)),)), stream=True)
    assert sent["input"][0]["content"][0]["input_audio"] == {"data": "QUJD", "format": "mp3"}


@pytest.mark.parametrize(
    ("provider", "options", "message"),
    [
        ("azure-openai", {"base_url": "http://x"}, "base_url stands instead of resource_name"),
        ("azure-openai", {"deployment_id": ...}, "needs a resource_name and a deployment_id, or a base_url"),
        ("azure-openai", {"api_key": ..., "tenant_id": "t"}, "beside tenant_id it needs client_id, client_secret"),
        ("google-ai", {"model": ...}, "the provider google-ai needs a model"),
        ("vertex-ai", {"location": ...}, "the provider vertex-ai needs a location, or a base_url"),
        ("vertex-ai", {"project_id": ...}, "the provider vertex-ai needs a project_id"),
        ("vertex-ai", {"base_url": "http://x"}, "base_url stands instead of location"),
        ("vertex-ai", {"credentials": "/no/file"}, "neither a block, nor JSON, nor the path of a file"),
        ("aws-bedrock", {"temperature": 1}, "Converse has no `temperature`"),
        ("aws-bedrock", {"base_url": "http://x"}, "endpoint_url"),
        ("aws-bedrock", {"region": ...}, "needs a region"),
        ("aws-bedrock", {"model": ...}, "needs a model"),
        ("aws-bedrock", {"inference_configuration": {"top_k": 1}}, "has no `top_k`"),
    ],
)
def test_a_client_that_cannot_work_is_refused(provider: str, options: dict[str, object], message: str) -> None:
    with pytest.raises(ClientConfigError, match=f"client `C`: .*{re.escape(message)}"):
        request(client(provider, **options), HI)


@pytest.mark.parametrize(
    ("provider", "kind", "message"),
    [
        ("openai", "video", "send images of its frames"),
        ("openai-responses", "video", "send images of its frames"),
        ("anthropic", "video", "send images of its frames"),
        ("ollama-native", "audio", "images only"),
    ],
)
def test_media_that_a_dialect_has_no_words_for(provider: str, kind: Any, message: str) -> None:
    prompt = Prompt((Message("user", (Media(kind, url="http://x/a"),)),))
    options = client(provider)
    assert dialect(provider).media_to_fetch(options, prompt) == ()
    with pytest.raises(ClientConfigError, match=message):
        request(options, prompt)


def test_bedrock_takes_urls_of_its_own_store_only() -> None:
    def sent(media: Media) -> Any:
        return body(client("aws-bedrock"), Prompt((Message("user", (media,)),)))["messages"][0]["content"][0]

    assert sent(Media("video", url="s3://b/k.mp4")) == {
        "video": {"source": {"s3Location": {"uri": "s3://b/k.mp4"}}}
    }
    with pytest.raises(ClientConfigError, match="only s3:// URLs"):
        sent(Media("video", url="http://x/k.mp4"))


# --- the environment


def filled(provider: str, options: dict[str, object], environment: dict[str, str]) -> dict[str, object]:
    return dialect(provider).with_environment(options, environment.get)


def test_the_environment_fills_what_the_options_leave_open() -> None:
    assert filled("anthropic", {}, {"ANTHROPIC_API_KEY": "k"}) == {"api_key": "k"}
    assert filled("anthropic", {"api_key": "mine"}, {"ANTHROPIC_API_KEY": "k"}) == {"api_key": "mine"}
    assert filled("aws-bedrock", {}, {"AWS_DEFAULT_REGION": "b", "AWS_REGION": "a"}) == {"region": "a"}


def test_credentials_are_never_mixed_from_two_places() -> None:
    environment = {"AWS_SESSION_TOKEN": "t", "AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "s"}
    own: dict[str, object] = {"access_key_id": "mine", "secret_access_key": "mine"}
    assert filled("aws-bedrock", own, environment) == own
    assert len(filled("aws-bedrock", {}, environment)) == 3
    assert filled("vertex-ai", {"api_key": "k"}, {"GOOGLE_APPLICATION_CREDENTIALS": "/f"}) == {"api_key": "k"}
