"""A server as a child process that cannot outlive ours, however ours ends."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping, Sequence
from typing import IO

# The shell waits at the pipe that only we hold open: when it closes, because we let go or because we were killed,
# the server goes.
_LEASH = '"$@" </dev/null & server=$!; trap "" INT; cat >/dev/null; kill -9 $server; wait $server 2>/dev/null'


def start_leashed(
    command: Sequence[str], output: IO[str] | int = subprocess.PIPE, environ: Mapping[str, str] | None = None
) -> subprocess.Popen[str]:
    """What it prints, errors too, goes to `output`. Closing `stdin` ends it."""
    return subprocess.Popen(
        ["/bin/sh", "-c", _LEASH, "leash", *command],
        stdin=subprocess.PIPE,
        stdout=output,
        stderr=subprocess.STDOUT,
        text=True,
        env=environ,
    )
