"""The makers' own libraries against ours: the same conversation, and the same streams.

They are the best witnesses that there are for what a provider takes and gives. All differences between their
bodies and ours stand here with their reasons, and as a table in `snapshots/providers/requests.txt`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any

import pytest

from bamlet.prompt import Media, Message, Prompt, Text
from bamlet.providers import ClientSpec, dialect
from bamlet.wire.eventstream import FrameDecoder
from tests.servers.loopback import Answer, LoopbackServer, Received
from tests.support import sdks
from tests.support.golden import Goldens
from tests.support.provider_streams import CASES, WHOLE, Case

pytestmark = [
    pytest.mark.timeout(60),
    pytest.mark.usefixtures("nothing_left_behind"),
    # Of the libraries, not of ours.
    pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning", "ignore::UserWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]


CHAT_TOOL = {"type": "function", "function": {"name": "f", "description": "d", "parameters": sdks.TOOL}}
OPTIONS: dict[str, Callable[[str], dict[str, object]]] = {
    "openai": lambda url: {"model": sdks.MODEL, "base_url": f"{url}/v1", "temperature": 0.3, "tools": [CHAT_TOOL]},
    "azure-openai": lambda url: {
        "base_url": f"{url}/openai/deployments/{sdks.MODEL}",
        "api_version": "2024-10-21",
        "temperature": 0.3,
        "tools": [CHAT_TOOL],
    },
    "openai-responses": lambda url: {
        "model": sdks.MODEL,
        "base_url": f"{url}/v1",
        "temperature": 0.3,
        "tools": [{"type": "function", "strict": False, **CHAT_TOOL["function"]}],  # type: ignore[dict-item]
    },
    "anthropic": lambda url: {
        "model": sdks.MODEL,
        "base_url": url,
        "max_tokens": 50,
        "temperature": 0.3,
        "tools": [{"name": "f", "description": "d", "input_schema": sdks.TOOL}],
    },
    "google-ai": lambda url: {
        "model": sdks.MODEL,
        "base_url": f"{url}/v1beta",
        "generationConfig": {"temperature": 0.3},
        "tools": [
            {"functionDeclarations": [{"name": "f", "description": "d", "parametersJsonSchema": sdks.TOOL}]}
        ],
    },
    "vertex-ai": lambda url: {
        **OPTIONS["google-ai"](url),
        "base_url": f"{url}/v1/projects/p/locations/global/publishers/google/models",
    },
    "aws-bedrock": lambda url: {
        "model": f"{sdks.MODEL}:0",
        "region": sdks.REGION,
        "endpoint_url": url,
        "inference_configuration": {"max_tokens": 50, "temperature": 0.3},
        "additional_model_request_fields": {"top_k": 5},
    },
}
TALK = Prompt(
    (
        Message("system", (Text(sdks.SYSTEM),)),
        Message("user", (Text(sdks.QUESTION), Media("image", base64=sdks.PNG, media_type="image/png"))),
        Message("assistant", (Text(sdks.ANSWER),)),
        Message("user", (Text(sdks.AGAIN),)),
    )
)

ONE_FORM = "text is always a list of parts, so that one form serves text and media; the API takes both"
DIFFERENCES: dict[tuple[str, str], str] = {
    ("openai", "messages[].content"): ONE_FORM,
    ("azure-openai", "messages[].content"): ONE_FORM,
    ("azure-openai", "model"): "the deployment in the URL is the model",
    (
        "azure-openai",
        "stream_options",
    ): "streams only: some deployments refuse it; give it in the options to get usage",
    ("azure-openai", "max_tokens"): "BAML's default, which null takes away",
    ("openai-responses", "input[].content"): ONE_FORM,
    ("openai-responses", "input[]"): "the system message stays the first of the input, as in the prompt",
    ("openai-responses", "instructions"): "the system message stays the first of the input, as in the prompt",
    ("anthropic", "messages[].content"): ONE_FORM,
    ("anthropic", "system"): ONE_FORM,
    ("google-ai", "systemInstruction.role"): "the API passes over it",
    ("vertex-ai", "systemInstruction.role"): "the API passes over it",
}
STREAMED_ONLY = {"stream_options"}


def ask_sdk(provider: str, loopback: LoopbackServer, *, stream: bool) -> Received:
    """What the library sends. The answer is an error, which ends it."""
    loopback.answer(
        Answer([b'{"error":{"message":"no"}}'], status=400, headers=(("content-type", "application/json"),))
    )
    with pytest.raises(Exception) as refused:  # noqa: PT011 each library has errors of its own
        sdks.ASK[provider](loopback.url, stream=stream)
    assert len(loopback.requests) == 1, refused.value
    return loopback.requests[0]


def ask_ours(provider: str, url: str, *, stream: bool) -> Any:
    found = dialect(provider)
    key = {"authorization_token": "t"} if provider == "vertex-ai" else {"api_key": "sk-1"}
    client = found.read_client(ClientSpec("C", provider, {**OPTIONS[provider](url), **key}))
    return found.build_request(client, TALK, stream=stream)


@pytest.mark.parametrize("stream", [False, True], ids=["call", "stream"])
@pytest.mark.parametrize("provider", sdks.ASK)
def test_the_request_is_the_librarys(provider: str, loopback: LoopbackServer, stream: bool) -> None:
    theirs = ask_sdk(provider, loopback, stream=stream)
    ours = ask_ours(provider, loopback.url, stream=stream)
    assert ours.url.removeprefix(loopback.url) == theirs.path
    found = dict(differences("", json.loads(ours.body), theirs.json()))
    meant = {path for known, path in DIFFERENCES if known == provider} - (set() if stream else STREAMED_ONLY)
    assert found.keys() == meant, found
    key_headers = {"authorization", "api-key", "x-api-key", "x-goog-api-key"} & dict(ours.headers).keys()
    if provider not in ("aws-bedrock", "vertex-ai", "anthropic"):
        for name in key_headers:
            assert dict(ours.headers)[name] == theirs.header(name)


def differences(path: str, ours: Any, theirs: Any) -> Iterator[tuple[str, tuple[Any, Any]]]:
    """Paths at which the bodies differ; the items of a list are one place, and the two spellings that Google
    takes of a name are one."""
    if isinstance(ours, dict) and isinstance(theirs, dict):
        ours, theirs = camel(ours), camel(theirs)
        for name in ours.keys() | theirs.keys():
            yield from differences(f"{path}.{name}".lstrip("."), ours.get(name), theirs.get(name))
    elif isinstance(ours, list) and isinstance(theirs, list):
        if len(ours) != len(theirs):
            # Where one has an item more at its start, the rest is compared all the same.
            yield f"{path}[]", (ours, theirs)
            short = min(len(ours), len(theirs))
            ours, theirs = ours[-short:], theirs[-short:]
        for one, other in zip(ours, theirs, strict=True):
            yield from differences(f"{path}[]", one, other)
    elif ours != theirs:
        yield path, (ours, theirs)


def camel(value: dict[str, Any]) -> dict[str, Any]:
    if not value.keys() & {"system_instruction", "inline_data", "mime_type", "parameters_json_schema"}:
        return value
    return {
        name.split("_")[0] + "".join(map(str.title, name.split("_")[1:])): item for name, item in value.items()
    }


def test_the_table_of_differences(golden: Goldens) -> None:
    """Why our bodies are not theirs to the letter, for whoever wonders."""
    lines = [f"{provider:<18}{path:<24}{reason}" for (provider, path), reason in DIFFERENCES.items()]
    same = [provider for provider in sdks.ASK if not any(known == provider for known, _ in DIFFERENCES)]
    lines += [f"{provider:<18}{'':<24}the same" for provider in same]
    golden("providers/requests.txt", "\n".join(lines) + "\n")


# --- the libraries as second readers of the same streams


def read_with_sdk(case: Case, url: str) -> str:
    """Who lets go of a client closes its streams, so all is read inside."""
    match case.provider:
        case "openai":
            with sdks.openai_client(url) as client:
                return sdks.read_chat(client.chat.completions.create(model="m", messages=[], stream=True))
        case "openai-responses":
            with sdks.openai_client(url) as client:
                return sdks.read_responses(client.responses.create(model="m", input="x", stream=True))
        case "anthropic":
            with sdks.anthropic_client(url) as client:
                asked = {"model": "m", "max_tokens": 9, "messages": []}
                return sdks.read_anthropic(client.messages.create(**asked, stream=True))
        case "google-ai":
            with sdks.google_client(url) as client:
                return sdks.read_google(client.models.generate_content_stream(model="m", contents="x"))
        case "aws-bedrock":
            with closing(sdks.bedrock_client(url)) as client:
                messages = [{"role": "user", "content": [{"text": "x"}]}]
                return sdks.read_bedrock(client.converse_stream(modelId="m", messages=messages)["stream"])
    raise KeyError(case.provider)


READERS = ("openai", "openai-responses", "anthropic", "google-ai", "aws-bedrock")
OTHERWISE = {
    "openai-bad_json_event": "raises",
    "anthropic-data_only_no_event_names": "goes by the names of events, and gets none",
    "anthropic-event_name_without_type_in_data": "goes by the type in the data, and gets none",
    "anthropic-second_message_start_resets": "takes two messages for one",
    "google-ai-json_array": "knows only the form with alt=sse",
    "google-ai-json_array_pretty_split": "knows only the form with alt=sse",
    "google-ai-two_candidates": "mixes the candidates",
}
READ = [case for case in WHOLE if case.provider in READERS]


@pytest.mark.parametrize("case", READ, ids=[case.id for case in READ])
def test_the_library_reads_the_same_text(case: Case, loopback: LoopbackServer) -> None:
    headers = tuple(case.headers.items())
    loopback.answer(Answer([case.body], headers=headers))
    try:
        text = read_with_sdk(case, loopback.url)
    except Exception as error:
        text = f"{type(error).__name__}"
    if case.id in OTHERWISE:
        assert text != case.expected["text"], "the library has learnt it: take the case out of OTHERWISE"
    else:
        assert text == case.expected["text"]


def test_frames_are_read_as_botocore_reads_them() -> None:
    from botocore.eventstream import EventStreamBuffer

    for case in CASES:
        if case.provider != "aws-bedrock" or case.status != 200 or "crc" in case.name:
            continue
        theirs = EventStreamBuffer()
        theirs.add_data(case.body)
        ours = FrameDecoder().feed(case.body)
        messages = [message for message in theirs if message.headers[":message-type"] != "error"]
        assert [message.payload.decode() for message in messages] == [
            event.data for event in ours if not event.event.startswith("error:")
        ]
