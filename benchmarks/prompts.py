"""Prompts of a schema with forty fields: the whole request, and its output format when the type is new.

The floor is the same text from plain jinja2 and json, with the output format written down beforehand.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator

import jinja2

import bamlet
from bamlet.prompt import output_format
from bamlet.types.schema import Schemas
from bamlet.types.ty import ClassTy

from .measure import Row, measure, measure_async

ROUNDS = 7
PROMPTS = 200
PROMPTS_A_SECOND = 1_000

_TYPES = ("string", "int", "float?", "string[]", "Mood")
SOURCE = """\
client<llm> Nowhere {
  provider "openai-generic"
  options {
    base_url "http://127.0.0.1:1/v1"
    model "nowhere"
  }
}

enum Mood { Up Down }

class Wide {
FIELDS
}

function Read(text: string) -> Wide {
  client Nowhere
  prompt #"
    {{ _.role("user") }}
    Read this: {{ text }}

    {{ ctx.output_format }}
  "#
}
""".replace("FIELDS", "\n".join(f'  field{n} {_TYPES[n % 5]} @description(#"number {n}"#)' for n in range(40)))


def rows() -> Iterator[Row]:
    program = bamlet.compile_sources({"main.baml": SOURCE})
    yield asyncio.run(_requests(program))
    yield _formats(program)


async def _requests(program: bamlet.Program) -> Row:
    async with bamlet.AsyncRuntime(program, environ={}) as runtime:
        text = (await runtime.request("Read", text="")).body.json()["messages"][0]["content"]
        template = jinja2.Environment().from_string("Read this: {{ text }}\n\n{{ output_format }}")
        output = text.partition("\n\n")[2]

        async def ours() -> None:
            for number in range(PROMPTS):
                await runtime.request("Read", text=f"text {number}")

        async def by_hand() -> None:
            for number in range(PROMPTS):
                said = template.render(text=f"text {number}", output_format=output)
                message = {"role": "user", "content": said}
                json.dumps({"model": "nowhere", "messages": [message]}).encode()

        timings = await measure_async({"bamlet": ours, "jinja2": by_hand}, ROUNDS)
    each = {name: timing.per(PROMPTS) for name, timing in timings.items()}
    rate = 1 / each["bamlet"].median
    return Row(
        "a request, 40 fields / jinja2 and json",
        each["bamlet"],
        each["jinja2"],
        most_seconds=1 / PROMPTS_A_SECOND,
        note=f"{rate:,.0f} prompts/s",
    )


def _formats(program: bamlet.Program) -> Row:
    known = program.interface.schemas

    def made() -> None:
        output_format(ClassTy("Wide"), Schemas(known.classes, known.enums, known.aliases))

    timing = measure({"bamlet": made}, ROUNDS)["bamlet"]
    return Row("its output format, made once a type", timing)
