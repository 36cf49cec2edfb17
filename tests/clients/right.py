"""A program of a user over the client of forms.baml, in which a strict checker finds nothing."""

from __future__ import annotations

import asyncio

import typed
from baml_client import b, partial_types, types
from baml_client.async_client import BamlAsyncClient
from baml_client.async_client import b as async_b
from baml_client.runtime import BamlCallOptions
from baml_client.types import Lane, all_succeeded, get_checks

import bamlet
from bamlet.client import BamlStream, BamlSyncStream

OPTIONS: BamlCallOptions = {"client": "Local", "env": {"KEY": None}, "tags": {"a": "b"}, "deadline": 3.0}


def final(p: types.Plain) -> str:
    found: types.Plain = b.Forms(p, Lane.AIR, None, ["x"], baml_options=OPTIONS)
    names: list[str] = found.list
    lit: str | int = found.lit
    inner = found.u.a if isinstance(found.u, types.Inner) else str(found.u)
    copied: str = found.copy
    return names[0] + str(lit) + inner + copied + (found.json or "")


def wrapped() -> int:
    found = b.Wraps("text")
    checked: int = found.c.value
    if all_succeeded(found.c2.checks):
        return sum(len(check.name) for check in get_checks(found.c2.checks))
    return checked + (found.co.value or 0) + len(found.cl.value)


def partial() -> types.Wrapped:
    stream: BamlSyncStream[partial_types.Wrapped, types.Wrapped] = b.stream.Wraps("text")
    for part in stream:
        done: types.Inner = part.dn
        state: str = part.ws.state
        value: str | None = part.ws.value
        print(done.a, state, value, part.c and part.c.value, part.dcl, part.si)
    return stream.get_final_response()


def values() -> str:
    title: types.Any = types.Any.title
    texts: list[str] = [title, types.Any.count]
    return types.Any.One.upper() + title.value + texts[0]


def others(image: bamlet.Image) -> None:
    request = b.request.Wraps("text")
    print(request.url, request.headers, request.body.json(), b.stream_request.Json("text").method)
    number: int = b.parse.Number("5")
    maybe: int | None = b.parse.MaybeNumber("null")
    part: partial_types.Wrapped = b.parse_stream.Wraps("{")
    json: types.JSON = b.Json("text")
    b.Nothing(image)
    print(number, maybe, part, json, b.with_options(client="Local").Number("6"))


async def asynchronous(client: BamlAsyncClient) -> None:
    value: types.Literal | types.Check = await client.Helpers("text", types.Any.One)
    stream: BamlStream[list[types.DoneInner], list[types.DoneInner]] = async_b.stream.Items("a", {}, [1, "a"])
    async for part in stream:
        print(part[0].list)
    print(value, await stream.get_final_response())


def embedded(program: bamlet.Program) -> None:
    with typed.Runtime(program) as runtime:
        wrapped = runtime.call("Wraps", text="text")
        name: str = wrapped.dl[0].a
        lane = runtime.stream("Forms", p={"s": "a"}, lane="AIR", l=["x"], u=None).final().lane
        print(name, lane == "AIR", runtime.parse("Number", "5") + 1)


asyncio.run(asynchronous(async_b))
