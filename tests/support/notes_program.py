"""A program without models, for what Python sees of values and errors; and Python code in a process of its own."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import textwrap
from collections.abc import Coroutine
from functools import cache
from pathlib import Path
from typing import Any

import bamlet

ROOT = Path(__file__).parents[2]

SOURCE = """
enum Mood {
  HAPPY
  SAD
}

class Tag {
  label string
  weight float?
}

class Note {
  title string
  mood Mood
  tags Tag[]
  extra map<string, int>
}

function Echo(note: Note) -> Note { note }
function Same(value: int | string | null) -> int | string | null { value }
function Free(value: unknown) -> unknown { value }
function Half(number: float) -> float { number / 2 }
function Named(items: Tag[], mood: Mood) -> string {
  match (mood) { Mood.HAPPY => "HAPPY", _ => "SAD" }
}
function First(items: int[]) -> int { items[0] }
function Fail(what: string) -> int throws string { throw what }
function FailWith(title: string) -> int throws Tag { throw Tag { label: title, weight: null } }
function Outer(what: string) -> int throws string {
  Fail(what)
}
function Spin() -> int {
  let s = 0;
  while (true) { s += 1; }
  s
}
function Twice(function: int, context: int) -> int { function + context }
function Key() -> string? { env.get("THE_KEY") }
function Need() -> string { env.THE_KEY }
function Pause(ms: int) -> int { baml.sys.sleep(ms); ms }
function Show(count: int) -> int {
  for (let i = 1; i <= count; i += 1) { baml.stream.emit_partial(i); }
  count
}
"""


@cache
def notes() -> bamlet.Program:
    return bamlet.compile_sources({"notes.baml": SOURCE})


def run(body: Coroutine[Any, Any, Any]) -> Any:
    return asyncio.run(asyncio.wait_for(body, 10))


def call(function: str, *arguments: Any, **named: Any) -> Any:
    async def body() -> Any:
        async with bamlet.AsyncRuntime(notes()) as rt:
            return await rt.call(function, *arguments, **named)

    return run(body())


def python(code: str, *options: str) -> str:
    done = subprocess.run(
        [sys.executable, *options, "-c", textwrap.dedent(code)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=50,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout.strip()
