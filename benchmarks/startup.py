"""What a process pays before it does anything: import, `--version`, `check`, `load`, the first call.

Every run is a new process, and only the time that it takes of the processor counts. Byte code is cached.
"""

from __future__ import annotations

import compileall
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

import bamlet

from .big_project import big_project
from .calls import SOURCE
from .loopback import server
from .measure import Row, Timing, measure, processor_time_of_children
from .project import project

ROUNDS = 11
LINES = 1_000
MOST_CHECK, MOST_LOAD = (0.120, 0.160), (0.150, 0.250)  # after an edit of the smaller, and of the larger project
MOST_FIRST_CALL = 0.150
MOST_HELD = 0.060  # of the event loop at once, by a first call that is warmed


def rows() -> Iterator[Row]:
    compileall.compile_dir(Path(bamlet.__file__).parent, quiet=2)
    with tempfile.TemporaryDirectory() as parent, server() as url:
        first = _folder(Path(parent, "first call"), {"main.baml": SOURCE.replace("BASE", f"{url}/call")})
        works: dict[str, Callable[[], None]] = {
            "pass": lambda: _python("-c", "pass"),
            "import": lambda: _python("-c", "import bamlet"),
            "version": lambda: _python("-m", "bamlet", "--version"),
            "httpx": lambda: _python("-c", "import asyncio, httpx"),
            "first call": lambda: _python("-c", _FIRST_CALL, first),
        }
        sizes = {f"{LINES:,} lines": project(LINES), "10,000 lines": big_project()}
        for size, texts in sizes.items():
            # One for each work: an edit would make another's program one that nobody has seen.
            folders = [_folder(Path(parent, f"{size} {at}"), texts) for at in range(4)]
            works |= {f"{work}, {size}": run for work, run in _works(*folders).items()}
        timings = measure(works, ROUNDS, processor_time_of_children)
        held = Timing(tuple(_held(first) for _ in range(ROUNDS)))
    floor = timings["pass"]
    yield Row("import bamlet / python -c pass", timings["import"], floor, most_seconds=0.060)
    yield Row("bamlet --version", timings["version"], floor, most_seconds=0.080)
    for size, most_check, most_load in zip(sizes, MOST_CHECK, MOST_LOAD, strict=True):
        yield Row(f"bamlet check, {size}, unchanged", timings[f"check, {size}"], floor, most_seconds=0.150)
        checked, loaded = timings[f"check edited, {size}"], timings[f"load edited, {size}"]
        yield Row(f"bamlet check, {size}, after an edit", checked, floor, most_seconds=most_check)
        yield Row(f"bamlet.load, {size}, unchanged", timings[f"load, {size}"], floor)
        yield Row(f"bamlet.load, {size}, after an edit", loaded, floor, most_seconds=most_load)
    pairs = zip(timings["first call"].seconds, timings["httpx"].seconds, strict=True)
    beyond = Timing(tuple(first - httpx for first, httpx in pairs))
    yield Row("first call of a process, beyond `import httpx`", beyond, most_seconds=MOST_FIRST_CALL)
    yield Row("the loop held at once by a warmed first call, CPU", held, most_seconds=MOST_HELD)


def _works(same: str, edited: str, loaded: str, loaded_edited: str) -> dict[str, Callable[[], None]]:
    return {
        "check": lambda: _python("-m", "bamlet", "check", same),
        "check edited": lambda: _edited(edited, "-m", "bamlet", "check", edited),
        "load": lambda: _python("-c", _LOAD, loaded),
        "load edited": lambda: _edited(loaded_edited, "-c", _LOAD, loaded_edited),
    }


_LOAD = "import sys, bamlet; bamlet.load(sys.argv[1])"
_FIRST_CALL = """
import asyncio, sys, bamlet
async def main():
    runtime = bamlet.AsyncRuntime(bamlet.load(sys.argv[1]))
    assert await runtime.call("Ask", question="?")
    await runtime.aclose()
asyncio.run(main())
"""


# In time of the loop's thread: what is loaded in another one meanwhile does not hold it.
_HELD = """
import asyncio, sys, time, bamlet
async def watch(gaps):
    last = time.thread_time()
    while True:
        await asyncio.sleep(0)
        now = time.thread_time()
        gaps.append(now - last)
        last = now
async def main():
    program, gaps = bamlet.load(sys.argv[1]), []
    watching = asyncio.create_task(watch(gaps))
    await asyncio.sleep(0)
    async with bamlet.AsyncRuntime(program) as runtime:
        assert await runtime.call("Ask", question="?")
    watching.cancel()
    print(max(gaps))
asyncio.run(main())
"""


def _held(program: str) -> float:
    command = [sys.executable, "-c", _HELD, program]
    return float(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)


def _folder(folder: Path, texts: dict[str, str]) -> str:
    folder.mkdir()
    for name, text in texts.items():
        (folder / name).write_text(text, "utf-8")
    return str(folder)


_NUMBERS = count(2)


def _edited(folder: str, *arguments: str) -> None:
    """A program that nobody has seen before: one function has another number in its code, or in its prompt."""
    for path in Path(folder).glob("*_*.baml"):
        text = path.read_text("utf-8")
        head, mark, tail = _parted(text)
        if mark:
            path.write_text(f"{head}{mark}{next(_NUMBERS)}{tail.lstrip('0123456789')}", "utf-8")
            break
    _python(*arguments)


def _parted(text: str) -> tuple[str, str, str]:
    """At the last place where a number may be put in."""
    found = (text.rpartition(mark) for mark in ("_ => total + ", "Read the part of this kind: "))
    return max(found, key=lambda parts: len(parts[0]))


def _python(*arguments: str) -> None:
    subprocess.run([sys.executable, *arguments], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
