"""Exchanges that tests make in one line: over either engine against a socket, or over a script."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

import bamlet
from bamlet.wire.http import HttpTransport
from bamlet.wire.message import HttpOptions, Request
from tests.support.local_program import scripted, using
from tests.support.scripted import Reply, run_virtual

ENGINES = ["h11", "httptools", "httpx"]


def run(body: Coroutine[Any, Any, Any]) -> Any:
    return asyncio.run(asyncio.wait_for(body, 20))


def over(engine: Any, test: Callable[[HttpTransport], Coroutine[Any, Any, None]]) -> None:
    async def body() -> None:
        async with contextlib.aclosing(HttpTransport(HttpOptions(engine=engine))) as transport:
            await test(transport)

    run(body())


async def fetch(transport: HttpTransport, url: str) -> bytes:
    response = await transport.open(Request("POST", url), connect_timeout=5)
    try:
        return b"".join([chunk async for chunk in response.chunks()])
    finally:
        await response.aclose()


def failed(reply: Reply, client: str = "Local") -> bamlet.BamlError:
    """How a stream of that reply ends; nothing is left of it."""

    async def body() -> bamlet.BamlError:
        rt, transport = scripted({client: reply})
        with pytest.raises(bamlet.BamlError) as raised:
            await rt.stream("Say", text="x", context=using(client)).final()
        assert (rt.handles.open_count, transport.open_answers) == (0, 0)
        return raised.value

    return run_virtual(body())
