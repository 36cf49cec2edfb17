"""Round trips with two servers that nobody here wrote, in every dialect that they serve: `make interop`.

Outside of `make test`, since npm and PyPI must bring the servers. Our own loopback server says what we believe of
a dialect; these say what others believe.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import pytest

import bamlet
from tests.interop.servers import PROXY_KEY, START_SECONDS, aimock, litellm

pytestmark = pytest.mark.timeout(2 * START_SECONDS)

GREETING = "Grüße aus der Ferne – the quick brown fox jumps over the lazy dog 🦊."
ORDER = {"title": "naïve 🌍", "count": 3, "lines": ["one", "two", "three"]}
USAGE = (11, 7)
ZERO = (0, 0)  # what some say for others' numbers

FUNCTIONS = """
class Order {
  title string
  count int
  lines string[]
}

function Greet() -> string { client Served, prompt #"{{ _.role("user") }}Greet me"# }
function Take() -> Order { client Served, prompt #"{{ _.role("user") }}Take my order. {{ ctx.output_format }}"# }
function Hurry() -> string { client Served, prompt #"{{ _.role("user") }}Hurry up"# }

function CalledUsage() -> baml.llm.Usage? throws unknown {
  let primitive = baml.llm.resolve_client("Served");
  let request = primitive.build_request(primitive.render_prompt("Greet", {}));
  let answer = primitive.read_response(baml.http.send(primitive.authorize(request)).text());
  let found = answer.usage();
  answer.close();
  found
}

function StreamedUsage() -> baml.llm.Usage? throws unknown {
  let primitive = baml.llm.resolve_client("Served");
  let request = primitive.build_request_stream(primitive.render_prompt("Greet", {}));
  let sse = baml.http.fetch_sse(primitive.authorize(request));
  let answer = primitive.new_stream_accumulator();
  while (!answer.is_done()) {
    let events = sse.next();
    if (events == null) { break; }
    answer.add_events(events);
  }
  answer.finish();
  sse.close();
  let found = answer.usage();
  answer.close();
  found
}
"""


@dataclass(frozen=True)
class Served:
    """A dialect at a server, and the tokens that it counts for a call and for a stream."""

    server: str
    provider: str
    path: str
    options: str = ""
    usage: tuple[int, int] = USAGE
    streamed_usage: tuple[int, int] = USAGE

    @property
    def source(self) -> str:
        address = "endpoint_url" if self.provider == "aws-bedrock" else "base_url"
        key = "" if self.provider in UNKEYED else f'api_key "{PROXY_KEY}"'
        options = f"model m, {address} env.SERVED_URL, {self.options} {key}"
        clients = {"Served": options} | ({"Tooled": f"{options}\noutput_mode tool"} if self.has_tools else {})
        return FUNCTIONS + "".join(
            f"client<llm> {name} {{ provider {self.provider}, options {{ {options} }} }}\n"
            for name, options in clients.items()
        )

    @property
    def has_tools(self) -> bool:
        return self.provider not in UNTOOLED

    def __str__(self) -> str:
        return f"{self.server}, {self.provider}"


UNTOOLED = {"ollama-native"}  # Ollama cannot be told that a tool must be called
UNKEYED = {"vertex-ai", "aws-bedrock", "ollama", "ollama-native"}
COUNTED = "stream_options { include_usage true },"
SIGNED = 'region "us-east-1", access_key_id "a", secret_access_key "s-0123456789",'
GOOGLE = "/v1/projects/p/locations/us-central1/publishers/google/models"
SERVED = [
    Served("aimock", "openai", "/v1"),
    Served("aimock", "openai-generic", "/v1", COUNTED),
    Served("aimock", "openrouter", "/v1", COUNTED),
    Served("aimock", "ollama", "/v1", COUNTED),
    Served("aimock", "azure-openai", "/openai/deployments/m", f'api_version "1", {COUNTED}'),
    Served("aimock", "openai-responses", "/v1"),
    Served("aimock", "anthropic", ""),
    Served("aimock", "google-ai", "/v1beta"),
    Served("aimock", "vertex-ai", GOOGLE, 'authorization_token "t",'),
    Served("aimock", "aws-bedrock", "", SIGNED),
    Served("aimock", "ollama-native", "", usage=ZERO, streamed_usage=ZERO),
    Served("litellm", "openai", "/v1"),
    Served("litellm", "openai-generic", "/v1", COUNTED),
    Served("litellm", "azure-openai", "/openai/deployments/m", f'api_version "1", {COUNTED}'),
    Served("litellm", "openai-responses", "/v1"),
    Served("litellm", "anthropic", ""),
    Served("litellm", "google-ai", "/v1beta", streamed_usage=ZERO),
]


@pytest.fixture(scope="module")
def servers() -> Iterator[dict[str, str]]:
    with aimock() as mock, litellm(behind=mock) as proxy:
        yield {"aimock": mock, "litellm": proxy}


@pytest.fixture(params=SERVED, ids=str)
def served(request: pytest.FixtureRequest) -> Served:
    found: Served = request.param
    return found


@pytest.fixture
def runtime(served: Served, servers: dict[str, str]) -> bamlet.AsyncRuntime:
    program = bamlet.compile_sources({"interop.baml": served.source})
    return bamlet.AsyncRuntime(program, environ={"SERVED_URL": servers[served.server] + served.path})


def run(runtime: bamlet.AsyncRuntime, work: Coroutine[Any, Any, Any]) -> Any:
    """With a deadline, and everything given back at its end."""

    async def whole() -> Any:
        async with runtime:
            found = await asyncio.wait_for(work, 30)
            assert runtime.handles.open_count == 0
            return found

    return asyncio.run(whole())


async def streamed(runtime: bamlet.AsyncRuntime, function: str) -> tuple[list[Any], Any]:
    stream = runtime.stream(function)
    partials = [partial async for partial in stream]
    return partials, await stream.final()


def test_a_call_gives_the_text(runtime: bamlet.AsyncRuntime) -> None:
    assert run(runtime, runtime.call("Greet")) == GREETING


def test_a_stream_grows_to_the_text(runtime: bamlet.AsyncRuntime) -> None:
    partials, final = run(runtime, streamed(runtime, "Greet"))
    assert len(partials) > 1  # how many depends on what comes together in a packet
    assert all(later.startswith(earlier) for earlier, later in pairwise(partials))
    assert partials[-1] == final == GREETING


def test_a_call_gives_a_class(runtime: bamlet.AsyncRuntime) -> None:
    assert bamlet.to_plain(run(runtime, runtime.call("Take"))) == ORDER


def test_a_stream_grows_to_a_class(runtime: bamlet.AsyncRuntime) -> None:
    partials, final = run(runtime, streamed(runtime, "Take"))
    counts = [len(bamlet.to_plain(partial)["lines"] or []) for partial in partials]
    assert counts == sorted(counts)
    assert len(set(counts)) > 1
    assert bamlet.to_plain(partials[-1]) == bamlet.to_plain(final) == ORDER


@pytest.mark.parametrize("served", [served for served in SERVED if served.has_tools], ids=str)
def test_a_tool_carries_a_class(runtime: bamlet.AsyncRuntime) -> None:
    """What the mock says in a call of our tool, and says only where the tool has reached it."""

    async def both() -> list[Any]:
        context = bamlet.CallContext(client="Tooled")
        values = [
            await runtime.call("Take", context=context),
            await runtime.stream("Take", context=context).final(),
        ]
        return [bamlet.to_plain(value) for value in values]

    assert run(runtime, both()) == [ORDER | {"title": "by tool"}] * 2


def test_both_count_their_tokens(served: Served, runtime: bamlet.AsyncRuntime) -> None:
    async def both() -> list[Any]:
        return [bamlet.to_plain(await runtime.call(name)) for name in ("CalledUsage", "StreamedUsage")]

    assert [_tokens(usage) for usage in run(runtime, both())] == [served.usage, served.streamed_usage]


def _tokens(usage: Any) -> tuple[int, int]:
    return usage["input_tokens"], usage["output_tokens"]


@pytest.mark.parametrize("mode", ["call", "stream"])
def test_a_status_is_an_error_that_says_why(runtime: bamlet.AsyncRuntime, mode: str) -> None:
    work = runtime.call("Hurry") if mode == "call" else runtime.stream("Hurry").final()
    with pytest.raises(bamlet.BamlClientHttpError) as caught:
        run(runtime, work)
    assert caught.value.status_code == 429
    assert "slow down" in str(caught.value)
