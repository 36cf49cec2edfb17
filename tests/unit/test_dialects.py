"""Every dialect through a whole runtime: recorded streams over a real socket, read by the library's orchestration.

The readers by themselves are tested in `tests/conformance/test_providers.py`; here it is about what lies around.
"""

from __future__ import annotations

import asyncio
import json

import pytest

import bamlet
from tests.servers.loopback import Answer, LoopbackServer
from tests.support.provider_streams import STREAMS, Case

pytestmark = pytest.mark.timeout(60)

OPTIONS = {
    "openai": 'base_url env.BASE_URL, api_key "k"',
    "openai-generic": "base_url env.BASE_URL",
    "azure-openai": 'base_url env.BASE_URL, api_key "k"',
    "openai-responses": 'base_url env.BASE_URL, api_key "k"',
    "anthropic": 'base_url env.BASE_URL, api_key "k"',
    "google-ai": 'base_url env.BASE_URL, api_key "k"',
    "vertex-ai": 'base_url env.BASE_URL, authorization_token "t"',
    "aws-bedrock": 'region "r", endpoint_url env.BASE_URL, api_key "k"',
    "ollama-native": "base_url env.BASE_URL",
}
NAMES = {provider: "".join(map(str.title, provider.split("-"))) for provider in OPTIONS}
SOURCE = (
    "".join(
        f"client<llm> {NAMES[provider]} {{ provider {provider}, options {{ model m, {options} }} }}\n"
        f'function Ask{NAMES[provider]}() -> string {{ client {NAMES[provider]}, prompt "x" }}\n'
        for provider, options in OPTIONS.items()
    )
    + """
client<llm> Claude {
  provider vertex-ai
  options { model m, base_url env.BASE_URL, authorization_token "t", anthropic_version "v" }
}
function AskClaude() -> string { client Claude, prompt "x" }

function Tell(client_name: string) -> map<string, unknown> throws unknown {
  let primitive = baml.llm.resolve_client(client_name);
  let sse = baml.http.fetch_sse(
    primitive.build_request_stream(primitive.render_prompt("Ask" + client_name, {}))
  );
  let answer = primitive.new_stream_accumulator();
  let types: baml.llm.ChunkType[] = [];
  while (!answer.is_done()) {
    let events = sse.next();
    if (events == null) { break; }
    answer.add_events(events);
    for (let chunk in answer.new_chunks()) { types.push(chunk.chunk_type); }
  }
  answer.finish();
  for (let chunk in answer.new_chunks()) { types.push(chunk.chunk_type); }
  sse.close();
  let told: map<string, unknown> = {
    "content": answer.content(),
    "reasoning": answer.reasoning(),
    "refusal": answer.refusal(),
    "calls": answer.tool_calls(),
    "usage": answer.usage(),
    "reason": answer.finish_reason(),
    "kind": answer.finish_kind(),
    "model": answer.model(),
    "types": types,
  };
  answer.close();
  told
}
"""
)


def client_of(case: Case) -> str:
    if case.provider == "vertex-ai" and case.response_type == "anthropic":
        return "Claude"
    return NAMES["ollama-native" if case.provider == "ollama" else case.provider]


def answer(case: Case) -> Answer:
    third = len(case.body) // 3
    parts = [part for part in (case.body[:third], case.body[third : 2 * third], case.body[2 * third :]) if part]
    return Answer(parts, headers=tuple(case.headers.items()))


def test_a_stream_gives_its_text_or_its_error(loopback: LoopbackServer) -> None:
    program = bamlet.compile_sources({"main.baml": SOURCE})
    found: dict[str, str] = {}

    async def body() -> None:
        async with bamlet.AsyncRuntime(program, environ={"BASE_URL": loopback.url}) as rt:
            for case in STREAMS:
                loopback.answer(answer(case))
                try:
                    found[case.id] = await rt.stream(f"Ask{client_of(case)}").final()
                except bamlet.BamlError as error:
                    found[case.id] = f"{type(error).__name__}: {error}"

    asyncio.run(body())
    for case in STREAMS:
        error = case.expected["error"]
        if error is None:
            assert found[case.id] == case.expected["text"], case.id
        else:
            assert found[case.id].startswith(("BamlClientError: ", "BamlClientConnectionError: ")), case.id
            assert (error["message"] or "") in found[case.id]


TELLING = [case for case in STREAMS if case.expected["error"] is None]


def test_a_program_sees_all_that_an_answer_says(loopback: LoopbackServer) -> None:
    program = bamlet.compile_sources({"main.baml": SOURCE})

    async def body() -> None:
        async with bamlet.AsyncRuntime(program, environ={"BASE_URL": loopback.url}) as rt:
            for case in TELLING:
                loopback.answer(answer(case))
                check(case, bamlet.to_plain(await rt.call("Tell", client_name=client_of(case))))

    asyncio.run(body())


def check(case: Case, told: object) -> None:
    assert isinstance(told, dict)
    expected = case.expected
    assert told["content"] == expected["text"], case.id
    assert told["reasoning"] == expected["reasoning"]
    assert told["refusal"] == expected["refusal"]
    assert told["calls"] == expected["tool_calls"]
    assert (told["reason"], told["kind"]) == (expected["raw_finish_reason"], expected["finish_reason"])
    assert told["model"] == (expected["model"] or "m")
    usage = told["usage"] and {
        name: count for name, count in told["usage"].items() if count is not None and not name.startswith("whole_")
    }
    assert usage == expected["usage"], json.dumps(told)
    assert told["types"][-1] == "Stop"
    assert 1 <= told["types"].count("Start") <= (2 if "resets" in case.name else 1)
