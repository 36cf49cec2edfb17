"""`bamlet mock`: a cassette, or an offline model, as a server that speaks like the providers."""

from __future__ import annotations

import argparse
import socket
import sys
from pathlib import Path

from ..embed.cassettes import CassetteError
from ..testing.mock import MockServer
from . import exits


def main(arguments: argparse.Namespace) -> int:
    try:
        import uvicorn
    except ImportError:
        print("bamlet mock: this needs the extra `serve`: pip install 'bamlet[serve]'", file=sys.stderr)
        return exits.USAGE
    try:
        path = Path(arguments.cassette) if arguments.cassette else None
        server = MockServer(path, arguments.offline or 0, arguments.speed)
        listening = socket.create_server((arguments.host, arguments.port))
    except (OSError, UnicodeDecodeError, CassetteError) as failure:
        print(f"bamlet mock: {failure}", file=sys.stderr)
        return exits.USAGE
    with listening:
        host, port = listening.getsockname()[:2]
        print(f"listening on http://{host}:{port}", file=sys.stderr, flush=True)
        if arguments.port_file:
            Path(arguments.port_file).write_text(f"{port}\n", "utf-8")
        uvicorn.Server(uvicorn.Config(server, log_level="warning", lifespan="off")).run([listening])
    return exits.OK
