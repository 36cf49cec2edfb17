"""Clients without a key: what is built, what is sent all the same, and what is not.

The language sees no request before it is sent, and has no environment of its own.
"""

from __future__ import annotations

import pytest

import bamlet
from bamlet.wire.message import Request
from tests.support.scripted import JSON, Reply, ScriptedResponse, ScriptedTransport, said

pytestmark = pytest.mark.timeout(30)

OWN = {
    "openai": "https://api.openai.com/v1/",
    "openai-responses": "https://api.openai.com/v1",
    "anthropic": "https://api.anthropic.com",
    "google-ai": "https://generativelanguage.googleapis.com/v1beta",
    "openrouter": "https://openrouter.ai/api/v1",
}
KEYS = ["", 'api_key ""', "api_key env.MY_KEY"]


class SeenTransport(ScriptedTransport):
    """With the headers of each request, whose names are in lower case."""

    def __init__(self, replies: dict[str, list[Reply]]) -> None:
        super().__init__(replies)
        self.headers: list[dict[str, str]] = []

    async def open(self, request: Request, *, connect_timeout: float | None) -> ScriptedResponse:
        self.headers.append(dict(request.headers))
        return await super().open(request, connect_timeout=connect_timeout)


def runtime(provider: str, options: str, *replies: Reply) -> tuple[bamlet.Runtime, SeenTransport]:
    source = f"""
    client<llm> Mine {{ provider {provider}, options {{ model "m", {options} }} }}
    function Ask() -> string {{ client Mine, prompt #"Hi"# }}
    """
    transport = SeenTransport({"m": list(replies)})
    program = bamlet.compile_sources({"main.baml": source})
    return bamlet.Runtime(program, transport=transport, environ={}), transport


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize("provider", OWN)
def test_a_request_needs_no_key(provider: str, key: str) -> None:
    rt, transport = runtime(provider, key)
    with rt:
        for ask in (rt.request, rt.stream_request):
            headers = {name.lower() for name in ask("Ask").headers}
            assert headers.isdisjoint({"authorization", "x-api-key", "x-goog-api-key"})
    assert transport.headers == []


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize("provider", ["openai", "openai-generic"])
def test_a_server_of_ones_own_is_asked_without_a_key(provider: str, key: str) -> None:
    rt, transport = runtime(provider, f'base_url "http://mine", {key}', said("yes"))
    with rt:
        assert rt.call("Ask") == "yes"
    assert "authorization" not in transport.headers[0]


@pytest.mark.parametrize("streams", [False, True])
@pytest.mark.parametrize(
    ("options", "told"),
    [
        ("api_key env.MY_KEY", r" \(no api_key was sent: set the environment variable MY_KEY or give one"),
        ("", r" \(no api_key was sent: give one"),
        ('api_key "k"', None),
        ('headers { "Authorization" "k" }', None),
    ],
)
def test_a_refusal_says_that_no_key_was_sent(options: str, told: str | None, streams: bool) -> None:
    rt, _ = runtime("openai-generic", f'base_url "http://mine", {options}', Reply([b"{}"], 401, JSON))
    with rt, pytest.raises(bamlet.BamlClientHttpError, match=r"^BamlClientHttpError\(client_name=Mine") as failed:
        _ = rt.stream("Ask").final() if streams else rt.call("Ask")
    assert failed.value.message.startswith("Request failed with status code: 401 Unauthorized. {}")
    if told is None:
        assert "no api_key" not in failed.value.message
    else:
        failed.match(told)


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize("provider", OWN)
def test_the_servers_of_a_provider_are_not_asked_without_a_key(provider: str, key: str) -> None:
    for base_url in ("", f'base_url "{OWN[provider]}",'):
        rt, transport = runtime(provider, f"{base_url} {key}")
        with rt:
            variable = "MY_KEY" if "env" in key else r"[A-Z]+_API_KEY"
            with pytest.raises(
                bamlet.BamlError, match=f"client `Mine`: there is no api_key; set .* {variable} or"
            ):
                rt.call("Ask")
        assert transport.headers == []


@pytest.mark.parametrize("streams", [False, True])
@pytest.mark.parametrize(
    "first",
    [
        "provider openai, options { model m }",
        'provider anthropic, options { model m, api_key "" }',
        "provider google-ai, options { model m, api_key env.MY_KEY }",
        "provider openrouter, retry_policy Twice, options { model m }",
        'provider azure-openai, options { resource_name "r", deployment_id "d" }',
        "provider azure-openai, options { base_url env.MY_AZURE }",
        "provider aws-bedrock, options { model m, region us-east-1 }",
        "provider fallback, options { strategy [Keyless, openai/m] }",
        "provider round-robin, options { strategy [Keyless] }",
    ],
)
def test_a_fallback_goes_on_behind_a_client_without_a_key(first: str, streams: bool) -> None:
    source = f"""
    retry_policy Twice {{ max_retries 2 }}
    client Keyless {{ provider openai, options {{ model "none" }} }}
    client First {{ {first} }}
    client Second {{ provider openai-generic, options {{ model "m", base_url "http://mine" }} }}
    client<llm> Mine {{ provider fallback, options {{ strategy [First, Second] }} }}
    function Ask() -> string {{ client Mine, prompt #"Hi"# }}
    """
    transport = SeenTransport({"m": [said("yes")]})
    program = bamlet.compile_sources({"main.baml": source})
    environ = {"AWS_EC2_METADATA_DISABLED": "true"}
    with bamlet.Runtime(program, transport=transport, environ=environ) as rt:
        assert (rt.stream("Ask").final() if streams else rt.call("Ask")) == "yes"
    assert len(transport.headers) == 1


def test_without_any_key_the_error_tells_of_each_client() -> None:
    source = """
    retry_policy Thrice { max_retries 2, strategy { type constant_delay, delay_ms 60000 } }
    client A { provider openai, options { model m } }
    client B { provider anthropic, options { model m } }
    client Both { provider fallback, retry_policy Thrice, options { strategy [A, B] } }
    function Ask() -> string { client Both, prompt #"Hi"# }
    """
    program = bamlet.compile_sources({"main.baml": source})
    with bamlet.Runtime(program, environ={}) as rt, pytest.raises(bamlet.BamlClientError) as failed:
        rt.call("Ask")
    assert (failed.value.kind, failed.value.client_name) == ("missing_key", "B")
    assert [(attempt.client_name, attempt.cause) for attempt in failed.value.attempts] == [
        ("A", "missing_key"),
        ("B", "missing_key"),
    ]
    assert "OPENAI_API_KEY" in failed.value.__notes__[0]


def test_azure_behind_a_gateway_is_told_that_no_key_was_sent() -> None:
    rt, _ = runtime("azure-openai", 'base_url "http://mine"', Reply([b"{}"], 401, JSON))
    with rt, pytest.raises(bamlet.BamlClientHttpError, match=r"no api_key was sent: set .*AZURE_OPENAI_API_KEY"):
        rt.call("Ask")


def test_a_header_may_carry_the_key() -> None:
    rt, transport = runtime("openai", 'headers { "authorization" "Bearer k" }', said("yes"))
    with rt:
        assert rt.call("Ask") == "yes"
    assert transport.headers[0]["authorization"] == "Bearer k"
