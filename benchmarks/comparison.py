"""bamlet beside what others use for the same: `python -m benchmarks.comparison FOLDER` prints docs/comparison.md.

Each is installed from PyPI into an environment of its own below FOLDER, and runs its own program against a server
on loopback, one after the other. It takes minutes, and is run by hand.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import platform
import statistics
import subprocess
import sys
import venv
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

from benchmarks.loopback import _event, _framed, _json, items
from benchmarks.peer_programs.works import SIZES

ROOT = Path(__file__).parents[1]
PEERS = {
    "bamlet": (str(ROOT), "bamlet", "of_bamlet"),
    "baml-py": ("baml-py==0.226.3 pydantic", "baml_py", "of_baml_py"),
    "instructor": ("instructor", "instructor", "of_instructor"),
    "pydantic-ai": ("pydantic-ai-slim[openai]", "pydantic_ai", "of_pydantic_ai"),
}
ROUNDS = 5
CHUNK = 4
LONGEST = 900
WRONG = '{"name": "bread", "price": "free"}'


def main(folder: Path) -> None:
    print(f"{date.today()}, {machine()}\n")
    columns = {name: measured(name, folder) for name in PEERS}
    rows = {
        "version": lambda one: one["version"],
        "packages installed": lambda one: str(one["packages"]),
        "MB on the disk": lambda one: f"{one['size_mb']:.0f}",
        "import, ms of the processor": lambda one: f"{one['import_ms']:.0f}",
        "a call, ms of the processor": lambda one: f"{one['call_ms']:.2f}",
        **{f"stream of {size} items, s (values shown)": _stream(size) for size in SIZES},
        "a loop of a million steps, s": lambda one: f"{one['loop_s']:.3f}" if "loop_s" in one else "–",
        "memory at the end, MB": lambda one: f"{one['memory_mb']:.0f}",
    }
    print(f"| | {' | '.join(columns)} |\n|---|{'---|' * len(columns)}")
    for title, shown in rows.items():
        print(f"| {title} | {' | '.join(shown(one) for one in columns.values())} |")
    for name, one in columns.items():
        print(f"\n{name}, of an answer that lacks a field:\n\n```text\n{one['wrong'][:900]}\n```")


def _stream(size: int) -> Any:
    return lambda one: f"{one[f'stream_{size}'][0]:.2f} ({one[f'stream_{size}'][1]})"


def machine() -> str:
    cores = os.cpu_count()
    return f"{platform.machine()} with {cores} cores, {platform.system()}, Python {platform.python_version()}"


def measured(name: str, folder: Path) -> dict[str, Any]:
    what, module, program = PEERS[name]
    python = installed(folder / name, what.split())
    distribution = {"baml-py": "baml-py", "pydantic-ai": "pydantic-ai-slim"}.get(name, name)
    code = f"""
import importlib.metadata as metadata, json
names = {{one.name for one in metadata.distributions()}} - {{"pip", "setuptools"}}
print(json.dumps([metadata.version({distribution!r}), len(names)]))
"""
    version, packages = json.loads(_output(python, "-c", code))
    site = next((folder / name / "lib").glob("python*"))
    size = sum(path.stat().st_size for path in site.rglob("*") if path.is_file() and "/pip" not in str(path))
    floor = statistics.median(_seconds(python, "pass") for _ in range(ROUNDS))
    start = statistics.median(_seconds(python, f"import {module}") for _ in range(ROUNDS))
    with server() as url:
        found = json.loads(_output(python, "-m", f"benchmarks.peer_programs.{program}", url, cwd=folder / name))
    facts = {
        "version": version,
        "packages": packages,
        "size_mb": size / 2**20,
        "import_ms": (start - floor) * 1000,
    }
    return {**found, **facts}


def installed(folder: Path, what: list[str]) -> str:
    python = str(folder / "bin" / "python")
    if not folder.exists():
        venv.create(folder, with_pip=True)
        _output(python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *what)
    return python


def _seconds(python: str, code: str) -> float:
    """Of the processor, of the process and its children."""
    timed = (
        "import resource, subprocess, sys; subprocess.run([sys.executable, '-c', sys.argv[1]], check=True); "
        "used = resource.getrusage(resource.RUSAGE_CHILDREN); print(used.ru_utime + used.ru_stime)"
    )
    return float(_output(python, "-c", timed, code))


def _output(*command: str, cwd: Path | None = None) -> str:
    environment = {**os.environ, "PYTHONPATH": str(ROOT) if cwd else "", "BAML_LOG": "off"}
    done = subprocess.run(
        command, cwd=cwd, env=environment, capture_output=True, text=True, timeout=LONGEST, check=False
    )
    if done.returncode:
        sys.exit(f"{' '.join(command)}\n{done.stderr[-2000:]}")
    return done.stdout


# --- a model that answers at once


@contextlib.contextmanager
def server() -> Iterator[str]:
    process = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.comparison", "--serve"], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    with process:
        try:
            yield f"http://127.0.0.1:{int(process.stdout.readline())}"
        finally:
            process.terminate()


def answer(path: str) -> bytes:
    if path.startswith("/basket/"):
        text = json.dumps({"items": items(int(path.split("/")[2]))})
        deltas = [_event({"content": text[at : at + CHUNK]}) for at in range(0, len(text), CHUNK)]
        head = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
        return head + b"".join(map(_framed, [*deltas, _event({}, "stop"), b"data: [DONE]\n\n", b""]))
    content = WRONG if path.startswith("/wrong/") else json.dumps(items(1)[0])
    choice = {"index": 0, "message": {"role": "assistant", "content": content}, "finish_reason": "stop"}
    usage = {"prompt_tokens": 20, "completion_tokens": 10, "total_tokens": 30}
    body = _json(id="c", object="chat.completion", created=1, model="m", choices=[choice], usage=usage)
    return b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n" % len(body) + body


async def _serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
        while head := await reader.readuntil(b"\r\n\r\n"):
            lengths = [line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
            await reader.readexactly(int(lengths[0].split(b":")[1]) if lengths else 0)
            writer.write(answer(head.split(b" ", 2)[1].decode()))
            await writer.drain()
    writer.close()


async def _listen() -> None:
    listening = await asyncio.start_server(_serve, "127.0.0.1", 0)
    print(listening.sockets[0].getsockname()[1], flush=True)
    await listening.serve_forever()


if __name__ == "__main__":
    if sys.argv[1:] == ["--serve"]:
        asyncio.run(_listen())
    else:
        main(Path(sys.argv[1]).resolve())
