"""A generated client: importing it, generating it, and its calls and streams against those of a plain runtime."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from functools import partial
from importlib import import_module
from pathlib import Path
from time import process_time
from typing import Any

import bamlet

from .big_project import big_project
from .loopback import items, server
from .measure import Row, measure, measure_async, processor_time_of_children

ROUNDS = 7
CALLS = 200
ITEMS = 400
LINES = 30_000

# Of the client of a large project: seconds of the processor, and modules.
IMPORTS = {
    "from baml_client import b": (0.150, 70),
    "from baml_client import b, types, partial_types": (0.150, 70),
    "from baml_client import types; types.Part0": (0.500, 160),  # brings pydantic
}

SMALL_IMPORTS = {"from baml_client import b": (0.100, 70)}

SOURCE = """\
class Item {
  name string
  quantity int
  price float
  note string
}

client<llm> Short {
  provider "openai-generic"
  options {
    base_url "URL/call"
    api_key "none"
    model "loopback"
  }
}

client<llm> Long {
  provider "openai-generic"
  options {
    base_url "URL/items/400"
    api_key "none"
    model "loopback"
  }
}

function Ask(question: string) -> string {
  client Short
  prompt #"{{ _.role("user") }} {{ question }}"#
}

function List(text: string) -> Item[] {
  client Long
  prompt #"{{ _.role("user") }} List the items. {{ text }} {{ ctx.output_format }}"#
}
"""


def rows() -> Iterator[Row]:
    with tempfile.TemporaryDirectory() as parent:
        yield from _imports(Path(parent, "big"))
        yield from _small_imports(Path(parent, "seventeen"))
        with server() as url:
            package = _generated(Path(parent, "small"), {"main.baml": SOURCE.replace("URL", url)})
            yield from asyncio.run(_calls(package, url))


def _generated(folder: Path, files: dict[str, str]) -> Any:
    _write(folder, files)
    _python("-m", "bamlet", "generate", str(folder / "baml_src"))
    sys.path.insert(0, str(folder.parent))
    return import_module(f"{folder.name}.baml_client")


def _write(folder: Path, files: dict[str, str]) -> None:
    (folder / "baml_src").mkdir(parents=True)
    for name, text in files.items():
        (folder / "baml_src" / name).write_text(text, "utf-8")


def _imports(folder: Path) -> Iterator[Row]:
    _write(folder, big_project())
    generate = ("-m", "bamlet", "generate", str(folder / "baml_src"))
    timings = measure({"generate": lambda: _python(*generate), "pass": lambda: _python("-c", "pass")}, ROUNDS)
    lines = sum(path.read_text("utf-8").count("\n") for path in (folder / "baml_client").glob("*.py*"))
    few = "at most" if lines <= LINES else "MORE THAN"
    yield Row(
        "generate a client of 500 classes, 300 functions",
        timings["generate"],
        timings["pass"],
        most_seconds=2.0,
        note=f"{lines:,} lines, {few} {LINES:,}",
    )
    yield from _import_rows(folder, IMPORTS)


def _small_imports(folder: Path) -> Iterator[Row]:
    ask = SOURCE[SOURCE.index("function Ask") : SOURCE.index("function List")]
    asks = (ask.replace("Ask", f"Ask{number}") for number in range(15))
    _write(folder, {"main.baml": "\n".join((SOURCE.replace("URL", "http://127.0.0.1"), *asks))})
    _python("-m", "bamlet", "generate", str(folder / "baml_src"))
    yield from _import_rows(folder, SMALL_IMPORTS, ", 17 functions")


def _import_rows(folder: Path, imports: dict[str, tuple[float, int]], of: str = "") -> Iterator[Row]:
    """On the time of the processor: a busy machine makes a start wait, and changes little of what it takes."""
    works = {code: partial(_python, "-c", code, cwd=folder) for code in ("pass", *imports)}
    timings = measure(works, ROUNDS, processor_time_of_children)
    for code, (most_seconds, most_modules) in imports.items():
        modules = _modules(code, folder)
        few = "at most" if modules <= most_modules else "MORE THAN"
        note = f"{modules} modules, {few} {most_modules}"
        yield Row(f"processor: {code}{of}", timings[code], timings["pass"], most_seconds=most_seconds, note=note)


def _modules(code: str, folder: Path) -> int:
    """How many it loads."""
    count = f"import sys; before = set(sys.modules)\n{code}\nprint(len(set(sys.modules) - before))"
    command = [sys.executable, "-c", count]
    return int(subprocess.run(command, cwd=folder, check=True, stdout=subprocess.PIPE, text=True).stdout)


async def _calls(package: Any, url: str) -> list[Row]:
    program = bamlet.compile_sources({"main.baml": SOURCE.replace("URL", url)})
    client = import_module(f"{package.__name__}.async_client").b
    values = items(ITEMS)
    async with bamlet.AsyncRuntime(program) as runtime:
        timings = await measure_async(
            {
                "client call": lambda: _many(lambda: client.Ask("why?")),
                "runtime call": lambda: _many(lambda: runtime.call("Ask", question="why?")),
                "client stream": lambda: _client_stream(client),
                "runtime stream": lambda: _runtime_stream(runtime),
                "validation": lambda: _validate(package.types.Item, values),
            },
            ROUNDS,
            process_time,  # the answers come from another process, whose time is not ours
        )
    return [
        Row(
            "generated call / Runtime.call",
            timings["client call"].per(CALLS),
            timings["runtime call"].per(CALLS),
            most_ratio=1.15,
        ),
        Row(
            f"generated stream, {ITEMS} items, every partial / Runtime.stream",
            timings["client stream"],
            timings["runtime stream"],
            most_ratio=1.15,
        ),
        Row(f"pydantic validation of {ITEMS} items once, which nobody pays", timings["validation"]),
    ]


async def _many(call: Any) -> None:
    for _ in range(CALLS):
        await call()


async def _client_stream(client: Any) -> None:
    stream = client.stream.List("", baml_options={"partials": "every"})
    async for _ in stream:
        pass
    assert len(await stream.get_final_response()) == ITEMS


async def _runtime_stream(runtime: bamlet.AsyncRuntime) -> None:
    stream = runtime.stream("List", text="", partials="every")
    async for _ in stream:
        pass
    assert len(await stream.final()) == ITEMS


async def _validate(item: Any, values: list[dict[str, Any]]) -> None:
    for value in values:
        item.model_validate(value)


def _python(*arguments: str, cwd: Path | None = None) -> None:
    subprocess.run(
        [sys.executable, *arguments], cwd=cwd, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
