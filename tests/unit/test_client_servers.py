"""A generated client where users run it: behind FastAPI in uvicorn, in forked workers, in a notebook."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.servers.loopback import LoopbackServer
from tests.support.user_project import RECEIPT, held, make_project, python, started, streamed, whole

CONTENT = {"content": "a story of some length, which comes in pieces"}


@pytest.fixture
def receipts(tmp_path: Path) -> Path:
    return make_project(tmp_path / "project", "preloaded.py")


@pytest.fixture(scope="module")
def upstream() -> Iterator[LoopbackServer]:
    with LoopbackServer() as server:
        yield server


@pytest.fixture(scope="module")
def web(tmp_path_factory: pytest.TempPathFactory, upstream: LoopbackServer) -> Iterator[str]:
    """The FastAPI pattern of BAML's streaming guide. It imports `baml_py`, which nobody has installed here."""
    project = make_project(tmp_path_factory.mktemp("web") / "project", "app.py", source="chat.baml")
    code = "import baml_client, uvicorn; uvicorn.run('app:app', port=0)"
    with started(project, upstream, "running on ", "-c", code) as url:
        yield url


def test_a_stream_goes_through_fastapi(web: str, upstream: LoopbackServer) -> None:
    upstream.answer(streamed(CONTENT, 4))
    found = httpx.post(f"{web}/stream/a", params={"prompt": "tell"}, timeout=20).text
    texts = [line.removeprefix("data: ") for line in found.split("\n\n") if line]
    assert texts[-1] == CONTENT["content"]
    assert all(CONTENT["content"].startswith(text) for text in texts if text != "None")
    assert httpx.post(f"{web}/stop/a").json() == {"status": "not found"}


def test_a_client_of_the_web_that_leaves_closes_the_upstream_socket(web: str, upstream: LoopbackServer) -> None:
    upstream.answer(held(CONTENT, 4))
    with httpx.stream("POST", f"{web}/stream/a", params={"prompt": "tell"}, timeout=20) as response:
        assert next(response.iter_text()).startswith("data: ")
    upstream.wait_client_left(10)


def test_another_request_stops_a_stream(web: str, upstream: LoopbackServer) -> None:
    upstream.answer(held(CONTENT, 4))
    with httpx.stream("POST", f"{web}/stream/a", params={"prompt": "tell"}, timeout=20) as response:
        texts = response.iter_text()
        assert next(texts).startswith("data: ")
        assert httpx.post(f"{web}/stop/a").json() == {"status": "stopped"}
        assert "".join(texts).endswith("data: [CANCELLED]\n\n")
    upstream.wait_client_left(10)


needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")


@needs_fork
def test_f21_pain_1_workers_that_gunicorn_forks_after_a_call_answer(
    receipts: Path, loopback: LoopbackServer
) -> None:
    loopback.default = whole(RECEIPT)
    arguments = ("--preload", "--workers", "2", "--bind", "127.0.0.1:0", "preloaded:app")
    with started(receipts, loopback, "Listening at: ", "-m", "gunicorn", *arguments) as url:
        found = {httpx.get(url, timeout=30).text for _ in range(3)}
    assert found == {"True 141.65 (141.65, 141.65)"}


@needs_fork
def test_f21_a_pool_that_is_forked_after_a_call_answers(receipts: Path, loopback: LoopbackServer) -> None:
    """As Celery's prefork pool does it: the parent has imported, called and streamed, then forks its workers."""
    loopback.default = whole(RECEIPT)
    code = """
import asyncio, multiprocessing
from preloaded import b, both

def work(number):
    return b.ExtractReceiptInfo(str(number)).total_cost, asyncio.run(both())

if __name__ == "__main__":
    asyncio.run(both())
    with multiprocessing.get_context("fork").Pool(2) as pool:
        print(set(pool.map(work, range(4))))
    print(b.ExtractReceiptInfo("the parent goes on").total_cost)
"""
    (receipts / "prefork.py").write_text(code, "utf-8")
    assert python(receipts, loopback, "prefork.py") == "{(141.65, 141.65)}\n141.65\n"


def test_a_notebook_runs_both_clients_in_its_loop(receipts: Path, loopback: LoopbackServer) -> None:
    """ipykernel awaits IPython's own `run_cell_async` in a loop that never ends; so does this."""
    loopback.answer(whole(RECEIPT), whole(RECEIPT), streamed(RECEIPT), streamed(RECEIPT))
    code = '''
import asyncio
from IPython.core.interactiveshell import InteractiveShell

CELLS = """
from baml_client import b
from baml_client.async_client import b as asynchronous
blocking = b.ExtractReceiptInfo("x")
---
awaited = await asynchronous.ExtractReceiptInfo("x")
---
async for partial in (stream := asynchronous.stream.ExtractReceiptInfo("x")):
    pass
final = await stream.get_final_response()
---
for partial in b.stream.ExtractReceiptInfo("x"):
    pass
""".split("---")

async def run(shell, cell):
    transformed = shell.transform_cell(cell)
    done = await shell.run_cell_async(cell, store_history=False, transformed_cell=transformed)
    done.raise_error()
    return done.result

async def notebook():
    shell = InteractiveShell.instance()
    for cell in CELLS:
        await run(shell, cell)
    print(*await run(shell, "b, blocking == awaited == final"))

asyncio.run(notebook())
'''
    (receipts / "notebook.py").write_text(code, "utf-8")
    surroundings = {"IPYTHONDIR": str(receipts / "ipython")}
    found = python(receipts, loopback, "notebook.py", environment=surroundings)
    assert found.endswith("\n<BamlSyncClient of baml_client> True\n")
