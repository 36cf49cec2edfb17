"""A project of a user, in a folder of its own: sources, the client that is generated, and programs beside it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from bamlet.cli.main import run
from tests.servers.loopback import Answer, LoopbackServer, openai_chunks
from tests.support.canary import KEY

CLIENTS = Path(__file__).parent.parent / "clients"
RECEIPT = {
    "items": [
        {"name": "Guide leash", "description": None, "quantity": 1, "price": 34.95},
        {"name": "The Index Town Walls", "description": None, "quantity": 1, "price": 35.0},
        {"name": "Boot Punch", "description": None, "quantity": 3, "price": 60.0},
    ],
    "total_cost": 141.65,
}


def streamed(value: Any, size: int = 8) -> Answer:
    text = json.dumps(value)
    return Answer(openai_chunks([text[at : at + size] for at in range(0, len(text), size)]))


def held(value: Any, size: int = 8, pieces: int = 20) -> Answer:
    """The beginning of an answer that does not go on."""
    text = json.dumps(value)
    shown = [text[at : at + size] for at in range(0, min(len(text), size * pieces), size)]
    return Answer(openai_chunks(shown, None)[:-1], end="open")


def whole(value: Any) -> Answer:
    return said(json.dumps(value))


def said(text: str) -> Answer:
    message = {"choices": [{"message": {"role": "assistant", "content": text}, "finish_reason": "stop"}]}
    return Answer([json.dumps(message).encode()], headers=[("content-type", "application/json")], framing="length")


def make_sources(folder: Path, source: str, *programs: str) -> None:
    """All are files of tests/clients."""
    (folder / "baml_src").mkdir(parents=True)
    shutil.copy(CLIENTS / source, folder / "baml_src")
    for program in programs:
        shutil.copy(CLIENTS / program, folder)


def make_project(folder: Path, *programs: str, source: str = "receipt.baml") -> Path:
    """The same, with the client."""
    make_sources(folder, source, *programs)
    assert run(["generate", str(folder / "baml_src")]) == 0
    return folder


Environment = Mapping[str, str | None]


def surroundings(server: LoopbackServer, more: Environment | None = None) -> dict[str, str]:
    """None takes a variable away."""
    found = {**os.environ, "BASE_URL": server.url, "LOCAL_KEY": KEY, **(more or {})}
    return {name: value for name, value in found.items() if value is not None}


def python(project: Path, server: LoopbackServer, *arguments: str, environment: Environment | None = None) -> str:
    """What a program prints that ends well and complains of nothing."""
    done = subprocess.run(
        [sys.executable, "-W", "error", *arguments],
        cwd=project,
        env=surroundings(server, environment),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return done.stdout


@contextmanager
def started(project: Path, server: LoopbackServer, ready: str, *arguments: str) -> Iterator[str]:
    """A server of the user. Gives what follows `ready` on its standard error, which is read to the end."""
    process = subprocess.Popen(
        [sys.executable, *arguments],
        cwd=project,
        env=surroundings(server),
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    told = []
    try:
        for line in process.stderr:
            told.append(line)
            if ready in line:
                break
        else:
            raise AssertionError("".join(told))
        rest = threading.Thread(target=process.stderr.read, daemon=True)
        rest.start()
        yield line.partition(ready)[2].split()[0]
    finally:
        process.terminate()
        try:
            process.wait(20)
        finally:
            process.kill()
            process.wait()
            process.stderr.close()
