"""Two servers that nobody here wrote, as child processes: a mock of providers, and a proxy that translates."""

from __future__ import annotations

import http.client
import os
import socket
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from tests.servers.leash import start_leashed

HERE = Path(__file__).parent
# Asked for now: no test sees variables of this name.
PROGRAMS = {name: os.environ.get(name) for name in ("BAMLET_AIMOCK", "BAMLET_LITELLM")}
START_SECONDS = 120.0  # the proxy imports a lot: fifteen seconds on an idle machine
PROXY_KEY = "sk-0123456789abcdef"  # as litellm.yaml has it


@contextmanager
def aimock() -> Iterator[str]:
    """Seven characters a chunk, so that a short answer is a stream of many."""
    port = _free_port()
    command = [_installed("BAMLET_AIMOCK"), "--port", str(port), "--host", "127.0.0.1"]
    options = ["--fixtures", str(HERE / "aimock.json"), "--chunk-size", "7", "--latency", "10"]
    with _running([*command, *options], port, "/ready"):
        yield f"http://127.0.0.1:{port}"


@contextmanager
def litellm(behind: str) -> Iterator[str]:
    """In front of an aimock."""
    port = _free_port()
    command = [_installed("BAMLET_LITELLM"), "--config", str(HERE / "litellm.yaml"), "--telemetry", "False"]
    # Prices and the admin's pages would come from the network.
    environ = {"LITELLM_LOCAL_MODEL_COST_MAP": "True", "DISABLE_ADMIN_UI": "True", "AIMOCK_V1": f"{behind}/v1"}
    with _running([*command, "--host", "127.0.0.1", "--port", str(port)], port, "/health/readiness", environ):
        yield f"http://127.0.0.1:{port}"


def _installed(variable: str) -> str:
    path = PROGRAMS[variable]
    if path is None or not Path(path).exists():
        raise RuntimeError(f"{variable} names no program; `make interop` installs one and names it")
    return path


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port


@contextmanager
def _running(command: Sequence[str], port: int, path: str, environ: Mapping[str, str] = {}) -> Iterator[None]:
    with tempfile.TemporaryFile("w+") as log:
        process = start_leashed(command, log, {**os.environ, **environ})
        assert process.stdin is not None
        try:
            deadline = time.monotonic() + START_SECONDS
            while not _is_ready(port, path):
                assert time.monotonic() < deadline, f"{command[0]} did not start; it said:\n{_said(log)}"
                time.sleep(0.1)
            yield
        finally:
            process.stdin.close()
            process.wait(10)


def _is_ready(port: int, path: str) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request("GET", path)
        return connection.getresponse().status == 200
    except OSError:
        return False
    finally:
        connection.close()


def _said(log: IO[str]) -> str:
    log.seek(0)
    return log.read()
