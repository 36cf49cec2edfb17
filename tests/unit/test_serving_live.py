"""The server over real sockets: resuming, readers that leave or stand still, signals, changes of the program."""

from __future__ import annotations

import asyncio
import json
import os
import random
import signal
import socket
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import fastapi
import httpx
import pytest

import bamlet
from bamlet.server import sse
from bamlet.server.hosted import HostedStream
from bamlet.server.limits import Limits
from bamlet.server.service import Service, Settings
from tests.servers.loopback import Answer, LoopbackServer, Pause, openai_chunks
from tests.servers.serving import CASSETTE, RECEIPT, ROOT, command, events, serving
from tests.support.golden import Goldens
from tests.support.local_program import at, in_pieces, items, program

Scene = Callable[[httpx.AsyncClient, Service], Coroutine[Any, Any, None]]

ARGUMENTS = {"text": "x"}
OPTIONS = "__baml_options__"


def live(loopback: LoopbackServer, scene: Scene, **settings: Any) -> None:
    """At the end the server is told to end, and nothing may be open."""

    async def body() -> None:
        runtime = at(loopback)
        service = Service(Settings(**settings), program(), runtime)
        async with asyncio.timeout(50):
            async with serving(service) as client:
                await scene(client, service)
            await runtime.aclose()
        assert runtime.handles.open_count == 0
        assert service.metrics.subscribers == 0

    asyncio.run(body())


def answer(value: Any, *, pause: float = 0.0, **more: Any) -> Answer:
    chunks = openai_chunks(in_pieces(value), "stop", None)
    middle = len(chunks) // 2
    return Answer(parts=[*chunks[:middle], Pause(pause), *chunks[middle:]], **more)


def endless(value: Any) -> Answer:
    """It begins, and then says nothing more until the client leaves."""
    return Answer(parts=openai_chunks(in_pieces(value), None, None)[:6], end="open")


# --- resuming


def test_s03_a_stream_cut_anywhere_goes_on_without_a_gap(loopback: LoopbackServer) -> None:
    """The server keeps the whole; a client that is cut at any byte asks for what comes after its last event."""
    loopback.answer(answer(items(4), pause=0.2))

    async def scene(client: httpx.AsyncClient, service: Service) -> None:
        chance = random.Random(3)
        run: str | None = None
        last, taken = 0, ""
        while True:
            path = f"/runs/{run}/events?events=all" if run else "/stream/List?events=all"
            verb = "GET" if run else "POST"
            headers = {"last-event-id": str(last)} if last else {}
            body = None if run else ARGUMENTS
            room = chance.randrange(1, 700)
            got = b""
            async with client.stream(verb, path, json=body, headers=headers) as response:
                run = run or response.headers["bamlet-run-id"]
                async for piece in response.aiter_bytes():
                    got += piece
                    if len(got) > room:
                        break
            whole = got[:room].decode("utf-8", "ignore").removeprefix("retry: 1000\n").rpartition("\n\n")[0]
            if whole:
                taken += f"{whole}\n\n"
                last = events(taken)[-1][0] or last
            if taken and events(taken)[-1][1] == "final":
                break
            if len(got) <= room and not whole:
                room += 100
        uninterrupted = (await client.get(f"/runs/{run}/events?events=all")).text.removeprefix("retry: 1000\n")

        def lasting(text: str) -> list[Any]:
            return [event for event in events(text) if event[1] != "partial"]

        assert lasting(taken) == lasting(uninterrupted)
        numbers = [seq for seq, _, _ in events(taken)]
        assert numbers == sorted({seq for seq in numbers if seq is not None})

    live(loopback, scene)


def test_s03_each_number_of_a_finished_log_can_be_resumed_from(loopback: LoopbackServer) -> None:
    loopback.answer(answer(items(1)))

    async def scene(client: httpx.AsyncClient, service: Service) -> None:
        first = await client.post("/stream/List?events=patches", json=ARGUMENTS)
        run, whole = first.headers["bamlet-run-id"], events(first.text)
        for seq, _, _ in whole:
            again = await client.get(f"/runs/{run}/events?events=patches&after={seq}")
            assert events(again.text) == [event for event in whole if (event[0] or 0) > (seq or 0)]
        unknown = events((await client.get(f"/runs/{run}/events?events=patches&after=99999")).text)
        assert unknown[0] == (None, "reset", {"reason": "compacted"})
        assert unknown[1][2] == {"ops": [{"op": "add", "path": "", "value": items(1)}]}

    live(loopback, scene)


def test_one_key_is_one_run_however_often_it_is_posted(loopback: LoopbackServer) -> None:
    loopback.answer(answer(items(1)))

    async def scene(client: httpx.AsyncClient, service: Service) -> None:
        headers = {"idempotency-key": "k"}
        both = [await client.post("/stream/List", json=ARGUMENTS, headers=headers) for _ in range(2)]
        assert both[0].headers["bamlet-run-id"] == both[1].headers["bamlet-run-id"]
        assert events(both[0].text)[-1] == events(both[1].text)[-1]
        assert len(loopback.requests) == 1
        other = await client.post("/stream/List", json={"text": "y"}, headers=headers)
        assert other.status_code == 409

    live(loopback, scene)


# --- leaving


@pytest.mark.parametrize("how", ["DELETE", "disconnect"])
def test_s05_a_run_that_is_ended_closes_the_socket_of_its_provider(loopback: LoopbackServer, how: str) -> None:
    loopback.answer(endless(items(3)))

    async def scene(client: httpx.AsyncClient, service: Service) -> None:
        path = "/stream/List?events=patches&on_disconnect=cancel"
        async with client.stream("POST", path, json=ARGUMENTS) as response:
            lines = response.aiter_lines()
            while not (await anext(lines)).startswith("event: patch"):
                pass
            run = response.headers["bamlet-run-id"]
            if how == "DELETE":
                stopped = await client.delete(f"/runs/{run}")
                assert (stopped.status_code, stopped.json()) == (202, {"id": run, "state": "cancelled"})
                assert "event: error" in [line async for line in lines]
        await asyncio.to_thread(loopback.wait_client_left, 5.0)
        await service.desk.find(run, None).wait_end()
        state = (await client.get(f"/runs/{run}")).json()
        assert (state["state"], state["error"]["error"]) == ("cancelled", "cancelled")
        assert (await client.delete(f"/runs/{run}")).status_code == 200

    live(loopback, scene)


def test_s05_who_asks_for_the_head_of_a_stream_is_no_reader_of_it(loopback: LoopbackServer) -> None:
    """It keeps no run going, and its leaving ends none."""
    loopback.answer(endless(items(3)))

    async def scene(client: httpx.AsyncClient, service: Service) -> None:
        path = "/stream/List?events=patches&on_disconnect=cancel"
        async with client.stream("POST", path, json=ARGUMENTS) as response:
            run = response.headers["bamlet-run-id"]
            head = await client.head(f"/runs/{run}/events?events=patches")
            assert (head.status_code, head.content) == (200, b"")
            assert head.headers["content-type"] == "text/event-stream"
            assert head.headers["bamlet-run-id"] == run
            assert (service.desk.find(run, None).subscribers, service.metrics.subscribers) == (1, 1)
            assert service.metrics.resumes.total() == 0

    live(loopback, scene)


def test_s07_a_failure_in_a_stream_is_an_event_and_the_end(loopback: LoopbackServer) -> None:
    loopback.answer(Answer(status=500))

    async def scene(client: httpx.AsyncClient, service: Service) -> None:
        answered = await client.post("/stream/List?events=typed", json=ARGUMENTS)
        assert answered.status_code == 200
        found = events(answered.text)
        assert [kind for _, kind, _ in found] == ["start", "error"]
        assert found[-1][2]["retryable"] is True
        refused = await client.post("/stream/List", json={"text": 3})
        assert refused.status_code == 400

    live(loopback, scene)


def test_the_head_and_the_start_come_before_the_model_answers(loopback: LoopbackServer) -> None:
    loopback.answer(Answer(head_delay=30))

    async def scene(client: httpx.AsyncClient, service: Service) -> None:
        path = "/stream/List?events=typed&on_disconnect=cancel"
        async with asyncio.timeout(10), client.stream("POST", path, json=ARGUMENTS) as response:
            lines = response.aiter_lines()
            found = [await anext(lines) for _ in range(8)]
            assert found[:3] == ["retry: 1000", "id: 1", "event: start"]
            assert ": hb" in found[4:]

    live(loopback, scene, limits=Limits(heartbeat=0.05))


def test_s06_a_reader_that_takes_nothing_is_left_and_harms_nobody(loopback: LoopbackServer) -> None:
    """Memory of such a reader is a cursor and the buffers of its socket."""
    big = [{"name": "x" * 2_000, "count": n} for n in range(800)]
    loopback.answer(Answer(parts=openai_chunks(in_pieces(big, 8_000), "stop", None)))

    async def scene(client: httpx.AsyncClient, service: Service) -> None:
        run = (await client.post("/stream/List?events=patches", json=ARGUMENTS)).headers["bamlet-run-id"]
        address = (client.base_url.host, client.base_url.port)
        still = socket.socket()
        still.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
        still.connect(address)
        still.sendall(
            f"GET /runs/{run}/events?events=all HTTP/1.1\r\nHost: 127.0.0.1:{address[1]}\r\n\r\n".encode()
        )
        async with asyncio.timeout(100):
            while service.metrics.dropped == 0 or service.metrics.subscribers > 0:
                await client.get("/healthz")
        assert service.metrics.subscribers == 0
        still.close()

    live(loopback, scene, limits=Limits(stall=0.3))


# --- in applications of others


def test_s15_mounted_in_fastapi_under_a_prefix(loopback: LoopbackServer) -> None:
    loopback.answer(answer(items(2)))

    async def body() -> None:
        from bamlet.server import app

        outer = fastapi.FastAPI()
        runtime = at(loopback)
        inner = app(program(), runtime=runtime, allow_hosts=["api.test"])
        outer.mount("/baml", inner)
        transport = httpx.ASGITransport(outer)
        async with (
            asyncio.timeout(20),
            httpx.AsyncClient(transport=transport, base_url="http://api.test") as client,
        ):
            found = await client.post("/baml/stream/List?events=typed", json=ARGUMENTS)
            assert events(found.text)[-1][2]["value"] == items(2)
            run = found.headers["bamlet-run-id"]
            assert (await client.get(f"/baml/runs/{run}")).json()["state"] == "done"
            assert (await client.get("/baml/healthz")).text == "ok"
            document = (await client.get("/baml/openapi.json?version=3.2")).json()
            assert document["servers"] == [{"url": "http://api.test/baml"}]
            assert (await client.get("/baml/nothing")).json()["error"] == "not_found"
        await inner.state.close()
        await runtime.aclose()

    asyncio.run(body())


def test_s15_a_stream_of_the_host_is_stopped_from_another_request(loopback: LoopbackServer) -> None:
    loopback.answer(endless(items(3)), answer(items(2)))
    outer = fastapi.FastAPI()
    runtime = at(loopback)
    stops: dict[str, bamlet.AbortController] = {}

    @outer.post("/list/{name}")
    async def begin(name: str) -> HostedStream:
        stops[name] = bamlet.AbortController()
        return sse(runtime.stream("List", text="x", context=bamlet.CallContext(cancel=stops[name])), "patches")

    async def body() -> None:
        transport = httpx.ASGITransport(outer)
        async with asyncio.timeout(20), httpx.AsyncClient(transport=transport, base_url="http://host") as client:
            first = asyncio.create_task(client.post("/list/a"))
            await asyncio.to_thread(loopback.wait_requests, 1, 5.0)
            stops["a"].abort()
            assert events((await first).text)[-1][1:2] == ("error",)
            assert events((await first).text)[-1][2]["error"] == "cancelled"
            found = events((await client.post("/list/b")).text)
            assert (found[0][1], found[-1][1], found[-1][2]["value"]) == ("start", "final", items(2))
        await runtime.aclose()
        assert runtime.handles.open_count == 0

    asyncio.run(body())


# --- the command


def test_the_options_of_the_command(golden: Goldens, capsys: pytest.CaptureFixture[str]) -> None:
    """Flags and their defaults are what people put into scripts."""
    from bamlet.cli.main import run

    os.environ["COLUMNS"] = "100"
    try:
        assert run(["serve", "--help"]) == 0
    finally:
        del os.environ["COLUMNS"]
    golden("cli/serve.txt", capsys.readouterr().out)


def test_the_command_serves_a_cassette_again_and_again() -> None:
    example = bamlet.load(RECEIPT)
    arguments = dict(example.tests[0].arguments)
    with command("serve", str(RECEIPT), "--replay", str(CASSETTE), "--speed", "0") as served:
        assert served.told[0].startswith(f"serving 1 function of {RECEIPT} on http://127.0.0.1:")
        assert served.told[1] == "no token: only this machine can call\n"
        for _ in range(2):
            found = httpx.post(
                f"{served.url}/stream/ExtractReceiptInfo", json=arguments, timeout=60, trust_env=False
            )
            assert events(found.text)[-1][2]["total_cost"] == 141.65
        assert served.stop() == 0


def test_the_demo_of_a_server_can_be_called_and_streamed() -> None:
    """By the two ways that the README shows, again and again."""
    recipe = next(line for line in (ROOT / "Makefile").read_text().splitlines() if "bamlet serve " in line)
    replayed = recipe.partition("--replay ")[2].split()[0]
    arguments = json.loads((RECEIPT / "arguments.json").read_text())
    with (
        command("serve", str(RECEIPT), "--replay", replayed, "--speed", "0") as served,
        httpx.Client(base_url=served.url, timeout=60, trust_env=False) as client,
    ):
        for _ in range(2):
            called = client.post("/call/ExtractReceiptInfo", json=arguments)
            assert (called.status_code, called.json()["total_cost"]) == (200, 141.65)
            streamed = client.post("/stream/ExtractReceiptInfo?events=typed", json=arguments)
            assert events(streamed.text)[-1][2]["value"] == called.json()


def test_the_command_invents_answers_and_what_goes_wrong_with_them(tmp_path: Path) -> None:
    """Nobody is asked, and a key that is not set has a stand-in. The same seed gives the same values."""
    (tmp_path / "limits.env").write_text("LEAST=3\n")
    (tmp_path / "main.baml").write_text(
        """
client<llm> Far { provider openai, options { model "m", api_key env.NOWHERE_API_KEY } }
class Found { name string, count int }
function Find(text: string) -> Found { client Far, prompt #"{{ text }}"# }
function Least() -> string { env.LEAST }
"""
    )
    options = ("--offline=7", "--env-file", str(tmp_path / "limits.env"))
    found = []
    for more in ((), ("--fault", "500")):
        with command("serve", str(tmp_path), *options, *more, lines=3) as served:
            with httpx.Client(base_url=served.told[1].rpartition(" ")[2].strip(), trust_env=False) as client:
                found.append(client.post("/call/Find", json={"text": "x"}))
                assert client.post("/call/Least", json={}).json() == "3"
            assert served.stop() == 0
    with bamlet.Runtime(
        bamlet.load(tmp_path), transport=bamlet.OfflineTransport(7), environ={"NOWHERE_API_KEY": "k"}
    ) as runtime:
        assert found[0].json() == bamlet.to_plain(runtime.call("Find", text="x"))
    assert (found[1].status_code, found[1].json()["upstream_status"]) == (502, 500)


def test_s11_a_signal_ends_the_streams_in_order_and_a_second_one_at_once(
    loopback: LoopbackServer, tmp_path: Path
) -> None:
    loopback.answer(*(endless(items(3)) for _ in range(5)))
    source = tmp_path / "slow.baml"
    source.write_text(
        'client<llm> Slow { provider openai-generic, options { base_url "'
        + loopback.url
        + '", model "m" } }\nclass Item { name string, count int }\n'
        + 'function List(text: string) -> Item[] { client Slow, prompt #"{{ text }}"# }\n'
    )
    for signals in (1, 2):
        drain = "0.3s" if signals == 1 else "60s"
        with (
            command("serve", str(source), "--drain", drain) as served,
            httpx.stream(
                "POST", f"{served.url}/stream/List?events=patches", json=ARGUMENTS, timeout=20, trust_env=False
            ) as response,
        ):
            lines = response.iter_lines()
            while not next(lines).startswith("event: patch"):
                pass
            for _ in range(signals - 1):
                served.process.send_signal(signal.SIGTERM)
                assert httpx.get(f"{served.url}/readyz", trust_env=False).status_code == 503
            assert served.stop() == 0
            if signals == 1:
                told = json.loads([line for line in lines if line.startswith("data:")][-1][6:])
                assert (told["error"], told["retryable"]) == ("shutting_down", True)


@contextmanager
def hanging_up(how: signal.Handlers) -> Iterator[None]:
    """For children, which have it from their parent: who runs the tests may have it either way."""
    before = signal.signal(signal.SIGHUP, how)
    try:
        yield
    finally:
        signal.signal(signal.SIGHUP, before)


@pytest.mark.parametrize("processes", [1, 2])
def test_s11_a_terminal_that_hangs_up_lets_runs_end_however_often_it_says_so(
    loopback: LoopbackServer, tmp_path: Path, processes: int
) -> None:
    loopback.answer(endless(items(3)))
    lines = 2 if processes == 1 else 3
    options = ("--drain", "0.5s", "--procs", str(processes))
    environ = {"BASE_URL": loopback.url}
    (tmp_path / "main.baml").write_text(
        'client<llm> Slow { provider openai-generic, options { base_url env.BASE_URL, model "m" } }\n'
        "class Item { name string, count int }\n"
        'function List(text: string) -> Item[] { client Slow, prompt #"{{ text }}"# }\n'
    )
    with (
        hanging_up(signal.SIG_DFL),
        command("serve", str(tmp_path), *options, environ=environ, lines=lines) as served,
        httpx.stream(
            "POST", f"{served.url}/stream/List?events=patches", json=ARGUMENTS, timeout=20, trust_env=False
        ) as response,
    ):
        told = response.iter_lines()
        while not next(told).startswith("event: patch"):
            pass
        for _ in range(2):
            served.process.send_signal(signal.SIGHUP)
            assert httpx.get(f"{served.url}/healthz", trust_env=False).status_code == 200
        last = [line for line in told if line.startswith("data:")][-1]
        assert json.loads(last.removeprefix("data:"))["error"] == "shutting_down"
        assert served.process.wait(20) == 0


@pytest.mark.parametrize("processes", [1, 2])
def test_a_server_that_is_to_outlive_its_terminal_does(tmp_path: Path, processes: int) -> None:
    (tmp_path / "main.baml").write_text("function Answer() -> int { 1 }")
    lines = 2 if processes == 1 else 3
    with (
        hanging_up(signal.SIG_IGN),  # as `nohup` has it
        command("serve", str(tmp_path), "--procs", str(processes), lines=lines) as served,
    ):
        served.process.send_signal(signal.SIGHUP)
        for _ in range(10):
            assert httpx.post(f"{served.url}/call/Answer", json={}, trust_env=False).json() == 1
        assert served.stop() == 0


@pytest.mark.parametrize(
    ("arguments", "environ", "code", "told"),
    [
        (["--host", "0.0.0.0"], {}, 2, "set BAMLET_TOKEN, or say --insecure"),
        (["--token-env", "NOT_SET"], {}, 2, "this variable is not set"),
        (["--allow-options", "clint"], {}, 2, "there are client"),
        (["--replay", "nowhere.jsonl"], {}, 2, "nowhere.jsonl"),
        (["--offline", "--replay", "any.jsonl"], {}, 2, "there is nothing to record or to replay"),
        (["--fault", "500"], {}, 2, "add --offline"),
        (["--env-file", "nowhere.env"], {}, 2, "nowhere.env"),
    ],
)
def test_what_cannot_be_is_refused_before_anything_is_open(
    arguments: list[str], environ: dict[str, str], code: int, told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    from bamlet.cli.main import run

    assert run(["serve", str(RECEIPT), *arguments]) == code
    assert told in capsys.readouterr().err


def test_a_port_in_use_and_a_program_with_errors(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    from bamlet.cli.main import run

    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        port = holder.getsockname()[1]
        assert run(["serve", str(RECEIPT), "--port", str(port)]) == 2
        assert f"port {port} is in use; `lsof -i :{port}` tells by whom" in capsys.readouterr().err
    (tmp_path / "bad.baml").write_text("function F() -> int { x }")
    assert run(["serve", str(tmp_path)]) == 65


def test_s20_dev_serves_the_program_as_it_is_now(tmp_path: Path) -> None:
    source = tmp_path / "baml_src" / "main.baml"
    source.parent.mkdir()
    generator = 'generator Web { output_type "typescript" }\n'
    clients = source.parent / "clients.baml"
    clients.write_text(generator + 'client<mcp> Shop { provider stdio, options { command "shop" } }')
    client = tmp_path / "baml_client" / "client.ts"
    source.write_text("function Answer() -> int { 1 }")

    def asked(url: str) -> httpx.Response:
        return httpx.post(f"{url}/call/Answer", json={}, trust_env=False, timeout=10)

    def until(url: str, status: int) -> httpx.Response:
        for _ in range(2_000):
            found = asked(url)
            if found.status_code == status:
                return found
        raise AssertionError(f"never {status}")

    with command("dev", str(source.parent), "--allow-mcp", "Shop") as served:
        assert asked(served.url).json() == 1
        source.write_text("function Answer() -> int { nothing }")
        broken = until(served.url, 503).json()
        assert "nothing" in broken["details"]
        made = client.stat().st_mtime_ns
        assert httpx.get(f"{served.url}/readyz", trust_env=False).status_code == 503
        source.write_text("function Answer() -> int { 2 }")
        assert until(served.url, 200).json() == 2
        source.write_text("function Answer() -> int { nothing }")
        until(served.url, 503)
        # Clients of the same interface are the same, and stay as they were.
        assert client.stat().st_mtime_ns == made
        source.write_text("function Answer() -> int { 3 }\nfunction More() -> int { 4 }")
        assert until(served.url, 200).json() == 3
        # What the command line names and the program declares no more is waited for, too.
        whole = clients.read_text("utf-8")
        clients.write_text(generator)
        assert "client<mcp> `Shop`" in until(served.url, 503).json()["details"]
        clients.write_text(whole)
        assert until(served.url, 200).json() == 3
        assert served.stop() == 0
    assert "  More(" in client.read_text("utf-8")
