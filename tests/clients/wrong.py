"""Mistakes of a user of the client of forms.baml: a checker finds them in the marked lines and in no other."""

from __future__ import annotations

import typed
from baml_client import b, types
from baml_client.async_client import b as async_b

import bamlet

b.Wrap("text")  # wrong: no such function
b.Wraps()  # wrong: an argument is missing
b.Wraps(1)  # wrong: of another type
b.Wraps("text", hint="more")  # wrong: no such parameter
b.Wraps("text", {"cliennt": "Local"})  # wrong: no such option
b.Wraps("text").dll  # wrong: no such field
b.Number("text") + "1"  # wrong: an int
b.MaybeNumber("text") + 1  # wrong: may be None
b.stream.Wrap("text")  # wrong: no such function
b.stream.Wraps("text").get_final_response().ws.state  # wrong: only partial values have states
b.request.Wraps("text").ur1  # wrong: no such attribute
b.parse.Number("5").upper()  # wrong: an int
types.Inner(a="a")  # wrong: a field is missing
types.Inner(a="a", b="b")  # wrong: of another type
types.Lane.AIRR  # wrong: no such value
types.Any.titles  # wrong: no such value
types.Nope  # wrong: no such class

for part in b.stream.Wraps("text"):
    part.d.upper()  # wrong: may be None
    part.dn.a.upper()

runtime = typed.Runtime(bamlet.load("baml_src"))
runtime.call("Wrap", text="text")  # wrong: no such function
runtime.call("Wraps", txt="text")  # wrong: no such parameter
runtime.call("Wraps", text="text").dll  # wrong: no such field
runtime.stream("Wraps", text="text").final().ws.state  # wrong: only partial values have states


async def asynchronous() -> None:
    async_b.Wraps("text").d  # wrong: not awaited
    async for part in async_b.stream.Wraps("text"):
        part.nope  # wrong: no such field
