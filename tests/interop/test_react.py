"""Hooks of React, and pages of other origins, in a real Chromium. Without one this says so; in CI it fails."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, Response
from starlette.routing import Mount, Route

from bamlet.clientgen import typescript_package
from bamlet.server import app
from bamlet.server.process import bound
from bamlet.server.runs import Run
from tests.interop.test_page import CHROMIUM
from tests.interop.test_typescript import CODE, MODULES, STRICT
from tests.servers.loopback import Answer, LoopbackServer, Pause, openai_chunks
from tests.support.local_program import at, in_pieces, items, program
from tests.support.user_project import said

pytestmark = pytest.mark.skipif(CHROMIUM is None and "CI" not in os.environ, reason="there is no chromium")
ROWS = 400
PAGE = '<!doctype html><meta charset="utf-8"><body><script type="module" src="/page.js"></script>'


def bundle(folder: Path) -> Path:
    """The page and all that it imports, as its compiler and a bundler of our days take them."""
    client = folder / "baml_client"
    client.mkdir(parents=True)
    for name, text in typescript_package(program().interface, "esm", react=True).files.items():
        (client / name).write_text(text, "utf-8")
    shutil.copy(CODE / "page.tsx", folder)
    (folder / "package.json").write_text('{"type": "module"}')
    (folder / "node_modules").symlink_to(MODULES)
    looks = ("--module", "nodenext", "--jsx", "react-jsx", "--verbatimModuleSyntax", "--noEmit", "--skipLibCheck")
    libraries = ("--target", "es2022", "--lib", "es2022,dom,dom.iterable", "--types", "react")
    made = (
        "--bundle",
        "--format=esm",
        "--jsx=automatic",
        "--outfile=page.js",
        '--define:process.env.NODE_ENV="development"',
    )
    tools: tuple[tuple[str, tuple[str, ...]], ...] = (("tsc", (*STRICT, *looks, *libraries)), ("esbuild", made))
    for tool, arguments in tools:
        command = [str(MODULES / ".bin" / tool), *arguments, "page.tsx"]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=120)
        assert done.returncode == 0, done.stdout + done.stderr
    return folder / "page.js"


class Server(uvicorn.Server):
    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """They are those of the test's process."""
        yield


@asynccontextmanager
async def hosted(made: Starlette) -> AsyncIterator[str]:
    server = Server(uvicorn.Config(made, log_config=None, lifespan="off", timeout_graceful_shutdown=1))
    listening = bound("127.0.0.1", 0)
    served = asyncio.create_task(server.serve([listening]))
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        server.should_exit = True
        await served


async def told_by_page(script: Path, profile: Path, server: LoopbackServer, began: list[Run]) -> Any:
    told: asyncio.Future[Any] = asyncio.get_running_loop().create_future()

    async def page(request: Request) -> Response:
        return HTMLResponse(PAGE)

    async def code(request: Request) -> Response:
        return FileResponse(script, media_type="text/javascript")

    async def tell(request: Request) -> Response:
        told.set_result(await request.json())
        return Response()

    runtime = at(server)
    ours = app(program(), runtime=runtime, on_start=began.append)
    routes = [
        Route("/", page),
        Route("/page.js", code),
        Route("/told", tell, methods=["POST"]),
        Mount("/baml", ours),
    ]
    shut = app(program(), runtime=runtime)
    try:
        async with hosted(Starlette(routes=routes)) as url, hosted(shut) as shut_url:
            allowing = app(program(), runtime=runtime, cors=[url])
            async with hosted(allowing) as open_url, chromium(f"{url}/?open={open_url}&shut={shut_url}", profile):
                async with asyncio.timeout(150):
                    return await told
    finally:
        await runtime.aclose()


@asynccontextmanager
async def chromium(url: str, profile: Path) -> AsyncIterator[None]:
    assert CHROMIUM is not None, "install chromium: apt-get install chromium"
    browser = await asyncio.create_subprocess_exec(
        *(CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={profile}", url),
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        yield
    finally:
        browser.terminate()
        await browser.wait()


def long_list() -> Answer:
    chunks = openai_chunks(in_pieces(items(ROWS), 16), "stop", None)
    parts: list[bytes | Pause] = []
    for start in range(0, len(chunks), 8):  # as a model writes: some at once, and then a while nothing
        parts += [Pause(0.02), *chunks[start : start + 8]]
    return Answer(parts=parts)


@pytest.mark.timeout(240)
def test_s19_a_long_list_is_drawn_once_a_frame_and_strict_mode_makes_one_run(
    tmp_path: Path, loopback: LoopbackServer
) -> None:
    """And S08: a page of another origin is answered if it is allowed, and else its browser tells it nothing."""
    loopback.answer(long_list())
    loopback.answer(Answer(parts=openai_chunks(["said"], "stop", None)))
    loopback.answer(Answer(parts=openai_chunks(["for ever"], None, None)[:-1], end="open"))
    loopback.answer(said("open"))
    began: list[Run] = []
    told = asyncio.run(told_by_page(bundle(tmp_path / "page"), tmp_path / "profile", loopback, began))
    print(json.dumps(told))
    seen = told["list"]
    assert (seen["rows"], seen["last"], seen["again"]) == (ROWS, f"item {ROWS - 1} {ROWS - 1}", 0)
    # Beside the frames: nothing yet, asked, begun, the end.
    assert seen["lists"] <= seen["frames"] + 4
    assert told["strict"] == {"finalData": "said", "mounts": 2, "runId": began[1].id}
    assert told["stopped"] == {"error": "BamlAbortError", "stopped": "idle: for ever", "after": "idle: nothing"}
    assert [run.wanted.function for run in began] == ["List", "Say", "Say"]
    assert began[2].state == "cancelled"
    assert (told["open"], told["shut"]) == ('200 "open"', "TypeError")
