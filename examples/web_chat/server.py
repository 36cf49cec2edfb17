"""The page and the functions of `chat.baml` from one server: `uvicorn server:app` in this folder.

Without a key in the environment the answers are invented, and stream as a model's would.
"""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.staticfiles import StaticFiles

import bamlet
from bamlet.server import app as serve

HERE = Path(__file__).parent

program = bamlet.load(HERE)
model = None if os.environ.get("OPENAI_API_KEY") else bamlet.OfflineTransport(seed=7)
runtime = bamlet.AsyncRuntime(program, transport=model)
functions = serve(program, runtime=runtime)


@asynccontextmanager
async def lifespan(outer: Starlette) -> AsyncIterator[None]:
    async with runtime:
        yield
        await functions.state.close()  # of what is mounted nobody else tells


page = StaticFiles(directory=HERE / "page", html=True)
app = Starlette(routes=[Mount("/baml", functions), Mount("/", page)], lifespan=lifespan)
