"""Served by workers that are forked after this process has made a call: `gunicorn --preload`."""

import asyncio
import os

from baml_client.async_client import b as asynchronous
from baml_client.sync_client import b

parent = os.getpid()
first = b.ExtractReceiptInfo("the parent").total_cost


async def both():
    stream = asynchronous.stream.ExtractReceiptInfo("a stream of the child")
    async for _ in stream:
        pass
    return (await stream.get_final_response()).total_cost


def app(environ, start_response):
    found = b.ExtractReceiptInfo("a child").total_cost, asyncio.run(both())
    start_response("200 OK", [("content-type", "text/plain")])
    return [f"{os.getpid() != parent} {first} {found}".encode()]
