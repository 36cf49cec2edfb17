"""The server as its callers see it: statuses, headers, bodies, who may call. The language cannot see them."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import httpx
import pytest

import bamlet
from bamlet.server.app import application
from bamlet.server.guard import FAILURE_SECONDS, Guard
from bamlet.server.limits import Limits
from bamlet.server.runs import Run
from bamlet.server.service import Service, Settings
from tests.servers.serving import events
from tests.support.golden import Goldens
from tests.support.local_program import KEY, environ, in_pieces, items, scripted
from tests.support.scripted import LoopClock, Reply, ScriptedTransport, refused, said, streamed
from tests.support.stream_fold import patched

Scene = Callable[[httpx.AsyncClient], Coroutine[Any, Any, Any]]

JSON = {"content-type": "application/json"}
TOKEN = "sk-of-a-caller"


def serve(
    replies: Mapping[str, Any], scene: Scene, *, program: bamlet.Program | None = None, **settings: Any
) -> Any:
    """Without a socket, over a scripted model."""

    async def body() -> Any:
        if program is None:
            runtime, _ = scripted(replies)
        else:
            transport = ScriptedTransport(replies)
            runtime = bamlet.AsyncRuntime(
                program, transport=transport, clock=LoopClock(), environ=environ("http://scripted")
            )
        service = Service(Settings(**settings), runtime.program, runtime)
        transport = httpx.ASGITransport(application(service))  # type: ignore[assignment]
        async with asyncio.timeout(30):
            async with httpx.AsyncClient(transport=transport, base_url="http://localhost:2024") as client:  # type: ignore[arg-type]
                found = await scene(client)
            await service.close()
            await runtime.aclose()
            assert runtime.handles.open_count == 0
            return found

    return asyncio.run(body())


# --- errors


@dataclass(frozen=True)
class Row:
    path: str
    body: Any = field(default_factory=lambda: {"text": "the prompt"})
    replies: Mapping[str, Any] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=lambda: JSON)
    settings: Mapping[str, Any] = field(default_factory=dict)
    program: bamlet.Program | None = None
    method: str = "POST"


OPTIONS = "__baml_options__"
PARTICULAR = bamlet.compile_sources(
    {
        "particular.baml": """
client<llm> Local {
  provider openai-generic
  options { base_url env.BASE_URL, model "Local", finish_reason_allow_list ["stop"] }
}
function Say(text: string) -> string { client Local, prompt #"{{ text }}"# }
function Count(text: string) -> int[] { client Local, prompt #"{{ text }}"# }
function Fail(text: string) -> int { throw "bad" }
"""
    }
)


async def broken(request: object) -> bamlet.CallContext:
    raise LookupError("a context of the host")


def cancelled_later(run: Run) -> None:
    asyncio.get_running_loop().call_later(0.01, run.cancel)


ROWS = {
    "no JSON": Row("/call/Say", b'{"text": '),
    "wrong type": Row("/call/Say", b"hello", headers={"content-type": "text/plain"}),
    "too large": Row("/call/Say", {"text": "x" * 99}, settings={"limits": Limits(max_body=50)}),
    "too deep": Row("/call/Say", {"text": [[[[]]]]}, settings={"limits": Limits(max_depth=3)}),
    "no object": Row("/call/Say", [1]),
    "half of a character": Row("/call/Say", b'{"text": "\\ud83d"}'),
    "head too long": Row("/call/Say", headers={**JSON, "x-more": "x" * 70_000}),
    "not a number of JSON": Row("/call/Say", b'{"text": NaN}'),
    "arguments": Row("/call/Say", {"text": 3, "txt": "x"}),
    "no function": Row("/call/Sya"),
    "no path": Row("/nothing"),
    "wrong method": Row("/call/Say", method="GET"),
    "no run": Row("/runs/r1_0", method="GET"),
    "no token": Row("/call/Say", settings={"guard": Guard([TOKEN])}),
    "foreign host": Row("/call/Say", headers={**JSON, "host": "evil.test"}),
    "foreign origin": Row("/call/Say", headers={**JSON, "origin": "https://evil.test"}),
    "validation": Row("/call/Make", replies={"Local": said("the secret answer")}),
    "finish reason": Row(
        "/call/Say", replies={"Local": said("the secret answer", finish="length")}, program=PARTICULAR
    ),
    "provider 429": Row("/call/Say", replies={"Local": refused(429, (("retry-after", "7"),))}),
    "provider 500": Row("/call/Say", replies={"Local": refused(500)}),
    "limit of time": Row(
        "/call/Say",
        {"text": "x", OPTIONS: {"timeouts": {"request": 0.05}}},
        replies={"Local": Reply(head_delay=5)},
    ),
    "option not allowed": Row("/call/Say", {"text": "x", OPTIONS: {"client_registry": {}}}),
    "env not allowed": Row("/call/Say", {"text": "x", OPTIONS: {"env": {"BASE_URL": "http://evil.test"}}}),
    "unknown client": Row("/call/Say", {"text": "x", OPTIONS: {"client": "openai/gpt-4o"}}),
    "unknown event": Row("/stream/Say?events=partials", replies={"Local": streamed("x")}),
    "strict loss": Row(
        "/call/Count",
        {"text": "the prompt", OPTIONS: {"strict": True}},
        replies={"Local": said('[1, "the secret answer", 3]')},
        program=PARTICULAR,
    ),
    "throw": Row("/call/Fail", program=PARTICULAR),
    "cancelled": Row(
        "/call/Say", replies={"Local": Reply(head_delay=500)}, settings={"on_start": cancelled_later}
    ),
    "bug": Row("/call/Say", settings={"context": broken}),
    "too many runs": Row("/call/Say", settings={"limits": Limits(max_runs=0)}),
}


async def asked(row: Row, client: httpx.AsyncClient) -> httpx.Response:
    content = row.body if isinstance(row.body, bytes) else json.dumps(row.body).encode()
    return await client.request(
        row.method, row.path, content=content if row.method == "POST" else None, headers=dict(row.headers)
    )


def drawn(answer: httpx.Response) -> str:
    lines = [str(answer.status_code)]
    lines += [f"{name}: {value}" for name, value in sorted(answer.headers.items()) if name != "content-length"]
    text = "\n".join([*lines, "", json.dumps(answer.json(), indent=2)])
    text = re.sub(r"r1_[0-9a-f]{32}", "r1_…", text)
    text = re.sub(r'(more under |"log_id": ")[0-9a-f]{8}', r"\1…", text)
    return re.sub(r'("(?:elapsed|started)_ms"): \d+', r"\1: …", text)


def test_s01_every_problem_has_its_status_and_tells_no_prompt_and_no_key(golden: Goldens) -> None:
    """The bodies of errors are what clients in other languages are written for."""
    found = []
    for name, row in ROWS.items():
        answer = serve(row.replies, partial(asked, row), program=row.program, **row.settings)
        found.append(f"--- {name}\n{drawn(answer)}\n")
    told = "\n".join(found)
    for secret in (KEY, TOKEN, "the prompt", "the secret answer"):
        assert secret not in told
    golden("server/problems.txt", told)


def test_a_server_that_may_show_answers_does() -> None:
    async def scene(client: httpx.AsyncClient) -> None:
        body = (await client.post("/call/Make", json={"text": "x"})).json()
        assert body["raw_output"] == "the answer"

    serve({"Local": said("the answer")}, scene, shows_answers=True)


def test_a_bug_of_ours_has_a_number_that_is_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    async def scene(client: httpx.AsyncClient) -> None:
        answer = await client.post("/call/Say", json={"text": "x"})
        assert (answer.status_code, answer.json()["error"]) == (500, "internal_error")
        assert answer.json()["log_id"] in caplog.text
        assert "a context of the host" not in answer.text

    serve({}, scene, context=broken)


# --- calling


def test_a_call_answers_with_the_bare_value() -> None:
    async def scene(client: httpx.AsyncClient) -> None:
        answer = await client.post("/call/List", json={"text": "x"})
        assert answer.json() == items(2)
        assert answer.headers["content-type"] == "application/json"
        state = (await client.get(f"/runs/{answer.headers['bamlet-run-id']}")).json()
        assert (state["state"], state["value"], state["function"]) == ("done", items(2), "List")

    serve({"Local": said(json.dumps(items(2)))}, scene)


def test_unknown_arguments_are_dropped_on_request_only() -> None:
    async def scene(client: httpx.AsyncClient) -> None:
        body = {"text": "x", "more": 1}
        assert (await client.post("/call/Say", json=body)).status_code == 400
        assert (await client.post("/call/Say?lenient=1", json=body)).json() == "hi"

    serve({"Local": said("hi")}, scene)


def test_options_choose_a_client_and_give_tags_and_limits() -> None:
    async def scene(client: httpx.AsyncClient) -> None:
        options = {"client": "OpenAI", "tags": {"user": "7"}, "strict": True, "timeouts": {"total": 5}}
        body = {"text": "x", OPTIONS: options}
        assert (await client.post("/call/Say", json=body)).json() == "from the other"

    serve({"Local": said("no"), "OpenAI": said("from the other")}, scene)


def test_parsing_sends_nothing() -> None:
    async def scene(client: httpx.AsyncClient) -> None:
        body = {"text": '{"name": "a", "count": "3", "x": 1}'}
        found = (await client.post("/parse/Make", json=body)).json()
        assert found["value"] == {"name": "a", "count": 3}
        assert {entry["kind"] for entry in found["report"]["entries"]} == {"ignored", "coerced"}
        partial = await client.post("/parse/Make", json={"text": '{"name": "a', "partial": True})
        assert partial.json()["value"] == {"name": "a", "count": None}

    serve({}, scene)


def test_a_request_is_shown_without_keys_and_only_when_it_may_be() -> None:
    async def scene(client: httpx.AsyncClient) -> httpx.Response:
        return await client.post("/request/Say", json={"text": "x"})

    assert serve({}, scene).status_code == 403
    shown = serve({}, scene, allowed_options=("request",))
    assert shown.json()["url"].startswith("http://scripted")
    assert KEY not in shown.text


def test_functions_can_be_exposed_and_hidden() -> None:
    async def scene(client: httpx.AsyncClient) -> list[int]:
        calls = [await client.post(f"/call/{name}", json={"text": "x"}) for name in ("Say", "List")]
        return [call.status_code for call in calls]

    replies = {"Local": said("[]")}
    assert serve(replies, scene, exposed=["Say"]) == [200, 404]
    assert serve(replies, scene, hidden=["Say"]) == [404, 200]


def test_what_the_server_says_of_itself() -> None:
    async def scene(client: httpx.AsyncClient) -> None:
        assert (await client.get("/healthz")).text == "ok"
        assert (await client.get("/readyz")).json() == {"ready": True}
        assert (await client.get("/_debug/ping")).text == f"pong (from bamlet v{bamlet.__version__})"
        assert (await client.get("/_debug/status")).json() == {"authz": {"enforcement": "none"}}
        await client.post("/call/Say", json={"text": "x"})
        told = (await client.get("/metrics")).text
        assert 'bamlet_runs_total{function="Say",outcome="done"} 1' in told
        assert 'bamlet_attempts_total{client="Local",outcome="selected"} 1' in told
        assert "bamlet_runs_active 0" in told

    serve({"Local": said("hi")}, scene)


def test_the_page_is_open_loads_nothing_from_elsewhere_and_holds_nothing() -> None:
    async def scene(client: httpx.AsyncClient) -> None:
        for path, kind in (("/docs", "html"), ("/docs/page.css", "css"), ("/docs/page.js", "javascript")):
            answer = await client.get(path)
            assert (answer.status_code, answer.headers["content-type"]) == (200, f"text/{kind}; charset=utf-8")
            assert "default-src 'none'" in answer.headers["content-security-policy"]
            assert not re.search(r"https?://|innerHTML|localStorage", answer.text)
        assert (await client.get("/openapi.json")).status_code == 401

    serve({}, scene, guard=Guard([TOKEN], (), ()))


# --- streams


def stream_of(replies: Mapping[str, Any], path: str, **headers: str) -> httpx.Response:
    async def scene(client: httpx.AsyncClient) -> httpx.Response:
        return await client.post(path, json={"text": "x"}, headers=headers)

    found: httpx.Response = serve(replies, scene)
    return found


def test_s02_the_form_of_baml_has_bare_values_and_the_last_one_twice() -> None:
    found = events(stream_of({"Local": streamed(*in_pieces(items(2)))}, "/stream/List").text)
    assert [kind for _, kind, _ in found[:-1]] == [None] * (len(found) - 1)
    assert found[-1][1:] == ("final", items(2))
    assert found[-2][2] == items(2)


def test_the_typed_form_begins_with_start_and_ends_with_the_whole_account() -> None:
    answer = stream_of({"Local": streamed(*in_pieces(items(2)))}, "/stream/List?events=typed")
    found = events(answer.text)
    assert answer.text.startswith("retry: 1000\n")
    assert answer.headers["content-type"] == "text/event-stream"
    assert answer.headers["bamlet-protocol"] == "1"
    assert found[0] == (1, "start", {"run": answer.headers["bamlet-run-id"], "function": "List", "protocol": 1})
    assert {kind for _, kind, _ in found} == {"start", "partial", "final"}
    assert found[-1][2].keys() == {
        *("value", "report", "usage", "client", "attempts", "ms", "first_token_ms"),
    }


def test_lines_are_the_same_events_as_json() -> None:
    answer = stream_of(
        {"Local": streamed(*in_pieces(items(2)))}, "/stream/List?events=patches", accept="application/jsonl"
    )
    found = [json.loads(line) for line in answer.text.splitlines()]
    assert answer.headers["content-type"] == "application/jsonl"
    assert found[0]["event"] == "start"
    assert {line["event"] for line in found} == {"start", "patch", "final"}
    assert found[-1]["value"] == items(2)


def test_text_is_what_the_model_wrote() -> None:
    text = json.dumps(items(2))
    answer = stream_of({"Local": streamed(*in_pieces(items(2)))}, "/stream/List", accept="text/plain")
    assert answer.text == text


def test_patches_can_be_those_of_the_standard_alone() -> None:
    answer = stream_of({"Local": streamed(*in_pieces(items(2)))}, "/stream/List?events=patches&patch=rfc6902")
    operations = [op for _, kind, data in events(answer.text) if kind == "patch" for op in data["ops"]]
    assert {op["op"] for op in operations} <= {"add", "replace"}


TAGGED = {"bamlet-types": "tagged"}


def test_values_of_classes_are_tagged_for_those_who_ask() -> None:
    whole = [{"$type": "Item", **item} for item in items(2)]
    replies = {"Local": streamed(*in_pieces(items(2)))}
    found = events(stream_of(replies, "/stream/List?events=all", **TAGGED).text)
    assert found[-1][2]["value"] == whole
    assert [data["value"] for _, kind, data in found if kind == "partial"][-1] == whole
    value: Any = None
    for operations in (data["ops"] for _, kind, data in found if kind == "patch"):
        value = patched(value, operations)
    assert value == whole

    async def scene(client: httpx.AsyncClient) -> None:
        assert (await client.post("/call/List", json={"text": "x"}, headers=TAGGED)).json() == whole
        body = {"text": json.dumps(items(1))}
        parsed = await client.post("/parse/List", json=body, headers=TAGGED)
        assert parsed.json()["value"] == whole[:1]
        body["partial"] = True  # type: ignore[assignment]
        assert (await client.post("/parse/List", json=body, headers=TAGGED)).json()["value"] == whole[:1]
        for path, types in (("/call/List", "x"), ("/stream/List?events=patches&patch=rfc6902", "tagged")):
            answer = await client.post(path, json={"text": "x"}, headers={"bamlet-types": types})
            assert answer.status_code == 400

    serve({"Local": said(json.dumps(items(2)))}, scene)


def test_what_was_there_before_an_error_is_tagged_too() -> None:
    cut = streamed(*in_pieces(items(2))[:-2], finish=None)
    found = events(stream_of({"Local": cut}, "/stream/List?events=patches", **TAGGED).text)
    assert found[-1][1] == "error"
    assert found[-1][2]["partial"][0] == {"$type": "Item", **items(1)[0]}


# --- who may call


@pytest.mark.parametrize(
    ("host", "allowed", "status"),
    [
        ("localhost:2024", (), 200),
        ("127.0.0.1:2024", (), 200),
        ("[::1]:2024", (), 200),
        ("localhost", (), 403),
        ("127.0.0.1:9", (), 403),
        ("evil.test", (), 403),
        ("localhost.evil.test", (), 403),
        ("", (), 403),
        ("api.test", ("api.test",), 200),
        ("api.test:8443", ("api.test",), 200),
        ("anything", ("*",), 200),
    ],
)
def test_s08_a_host_is_ours_or_refused(host: str, allowed: Sequence[str], status: int) -> None:
    async def scene(client: httpx.AsyncClient) -> httpx.Response:
        return await client.get("/healthz", headers={"host": host})

    assert serve({}, scene, guard=Guard(hosts=allowed)).status_code == status


def test_s08_an_origin_is_ours_or_allowed_or_refused_without_a_header() -> None:
    page = "https://page.test"

    async def scene(client: httpx.AsyncClient) -> None:
        evil = await client.post("/call/Say", json={"text": "x"}, headers={"origin": "https://evil.test"})
        assert evil.status_code == 403
        assert not [name for name in evil.headers if name.startswith("access-control")]
        own = await client.post("/call/Say", json={"text": "x"}, headers={"origin": "http://localhost:2024"})
        assert own.status_code == 200
        allowed = await client.post("/call/Say", json={"text": "x"}, headers={"origin": page})
        assert allowed.headers["access-control-allow-origin"] == page
        assert allowed.headers["vary"] == "Origin"
        asks = {"access-control-request-method": "POST"}
        before = await client.options("/call/Say", headers={"origin": page, **asks})
        assert (before.status_code, before.headers["access-control-allow-origin"]) == (204, page)
        assert "credentials" not in " ".join(before.headers)
        other = await client.options("/call/Say", headers={"origin": "https://evil.test", **asks})
        assert other.status_code == 403

    serve({"Local": said("hi")}, scene, guard=Guard(origins=[page]))


def test_s09_each_form_of_each_token_counts_and_a_wrong_one_costs_time() -> None:
    import base64

    tokens = ["first-token", "second-token"]

    def basic(word: str) -> str:
        return "Basic " + base64.b64encode(f"anyone:{word}".encode()).decode()

    async def scene(client: httpx.AsyncClient) -> None:
        async def status(**headers: str) -> int:
            named = {name.replace("_", "-"): value for name, value in headers.items()}
            return (await client.post("/call/Say", json={"text": "x"}, headers=named)).status_code

        for token in tokens:
            assert await status(authorization=f"Bearer {token}") == 200
            assert await status(authorization=basic(token)) == 200
            assert await status(x_baml_api_key=token) == 200
        began = asyncio.get_running_loop().time()
        wrong = ["", "Bearer wrong", basic("wrong"), "Basic %%", "Digest first-token"]
        assert [await status(authorization=value) for value in wrong] == [401] * len(wrong)
        assert asyncio.get_running_loop().time() - began >= FAILURE_SECONDS * len(wrong)
        refused = await client.post("/call/Say?token=first-token", json={"text": "x"})
        assert (refused.status_code, refused.headers["www-authenticate"]) == (401, "Bearer")
        assert (await client.get("/_debug/ping")).status_code == 200
        told = (await client.get("/_debug/status")).json()["authz"]
        assert (told["enforcement"], told["outcome"]) == ("active", "fail")

    serve({"Local": said("hi")}, scene, guard=Guard(tokens))


def test_a_run_of_another_token_is_not_there() -> None:
    async def scene(client: httpx.AsyncClient) -> None:
        one, other = ({"authorization": f"Bearer {name}"} for name in ("one", "other"))
        run = (await client.post("/call/Say", json={"text": "x"}, headers=one)).headers["bamlet-run-id"]
        assert (await client.get(f"/runs/{run}", headers=one)).status_code == 200
        assert (await client.get(f"/runs/{run}", headers=other)).status_code == 404
        assert (await client.delete(f"/runs/{run}", headers=other)).status_code == 404

    serve({"Local": said("hi")}, scene, guard=Guard(["one", "other"]))


def test_s10_options_that_are_not_allowed_are_refused_and_env_is_taken_when_it_is() -> None:
    async def scene(client: httpx.AsyncClient) -> int:
        body = {"text": "x", OPTIONS: {"env": {"OTHER": "y"}}}
        return (await client.post("/call/Say", json=body)).status_code

    assert serve({"Local": said("hi")}, scene) == 400
    assert serve({"Local": said("hi")}, scene, allowed_options=("env",)) == 200


def test_a_line_of_the_log_has_no_argument_no_value_and_no_token() -> None:
    lines: list[dict[str, Any]] = []

    async def scene(client: httpx.AsyncClient) -> None:
        headers = {"authorization": f"Bearer {TOKEN}"}
        await client.post("/call/Say?x=the-query", json={"text": "the prompt"}, headers=headers)

    serve({"Local": said("the answer")}, scene, guard=Guard([TOKEN]), on_access=lines.append)
    assert (lines[0]["path"], lines[0]["status"], lines[0]["function"]) == ("/call/Say", 200, "Say")
    for word in (TOKEN, "the prompt", "the answer", "the-query"):
        assert word not in json.dumps(lines)


# --- another program


CLOSED: list[bamlet.AsyncRuntime] = []


class Telling(bamlet.AsyncRuntime):
    async def aclose(self) -> None:
        CLOSED.append(self)
        await super().aclose()


@pytest.fixture
def closed() -> list[bamlet.AsyncRuntime]:
    CLOSED.clear()
    return CLOSED


def test_a_runtime_is_not_closed_under_a_request_that_has_it(closed: list[bamlet.AsyncRuntime]) -> None:
    program = bamlet.compile_sources({"wait.baml": "function Wait() -> int { baml.sys.sleep(0); 1 }"})

    async def body() -> None:
        async with asyncio.timeout(30):
            service = Service(Settings(), program, make_runtime=Telling)
            async with service.lend() as first:
                service.exchange(program)
                for _ in range(10):  # turns in which it could be closed
                    await asyncio.sleep(0)
                assert closed == []
                assert await first.call("Wait") == 1
            second = service.runtime
            await service.close()
            assert closed == [first, second]

    asyncio.run(body())


def test_a_runtime_is_closed_by_whoever_made_it(closed: list[bamlet.AsyncRuntime]) -> None:
    program = bamlet.compile_sources({"one.baml": "function One() -> int { 1 }"})

    async def body() -> None:
        async with asyncio.timeout(30):
            given = Telling(program)
            service = Service(Settings(), program, given, make_runtime=Telling)
            service.exchange(program)
            first = service.runtime
            service.exchange(program)
            second = service.runtime
            await service.close()
            assert closed == [first, second]
            await given.aclose()

    asyncio.run(body())
