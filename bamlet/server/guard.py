"""Who may call, before anything of a request is read: its Host, its Origin, its token.

A server on this machine is open to every page that a browser here shows, if it does not look at these: a page can
make its own name stand for 127.0.0.1.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import hmac
from collections.abc import Mapping, Sequence
from hashlib import sha256

from ..records import dataclass, field
from .errors import Problem

LOOPBACK = frozenset({"localhost", "127.0.0.1", "[::1]"})
FAILURE_SECONDS = 0.05  # that a wrong token costs, so that trying many takes long

OPEN_PATHS = frozenset(
    {"/_debug/ping", "/_debug/status", "/healthz", "/readyz", "/docs", "/docs/page.css", "/docs/page.js"}
)
"""What is told to anybody: that the server is there, and the page that then asks with a token."""

ALLOWED_HEADERS = (
    "authorization, content-type, last-event-id, idempotency-key, x-baml-api-key, traceparent, bamlet-types"
)
EXPOSED_HEADERS = "bamlet-run-id, bamlet-protocol, retry-after"


def forbidden(message: str) -> Problem:
    return Problem(403, "forbidden", message)


def unauthorized(message: str) -> Problem:
    return Problem(401, "unauthorized", message, headers={"WWW-Authenticate": "Bearer"})


@dataclass(frozen=True)
class Guard:
    """`hosts` and `origins` are allowed beside the server's own; with `*` among the `hosts` any is. Any of the
    `tokens` will do, so that they can be changed one after the other."""

    tokens: Sequence[str] = ()
    hosts: Sequence[str] = ()
    origins: Sequence[str] = ()
    _digests: tuple[bytes, ...] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_digests", tuple(sha256(token.encode()).digest() for token in self.tokens))

    def host_problem(self, host: str, port: int | None) -> Problem | None:
        """`port` is the one that is listened at; None for a socket that has none."""
        if "*" in self.hosts or host in self.hosts:
            return None
        name, _, given = host.rpartition(":") if host.rpartition("]")[2].count(":") == 1 else (host, "", "")
        if name in self.hosts:
            return None
        if name in LOOPBACK and (port is None or given == str(port) or (not given and port == 80)):
            return None
        return forbidden("this server answers to its own names only; --allow-host adds one")

    def origin_problem(self, origin: str | None, scheme: str, host: str) -> Problem | None:
        if origin is None or origin == f"{scheme}://{host}" or origin in self.origins:
            return None
        return forbidden("pages of this origin may not call; --cors adds one")

    def owner(self, headers: Mapping[str, str]) -> str | None:
        """What stands for the token of a request, which itself is kept nowhere; None if none counts."""
        digest = sha256((given_token(headers) or "").encode()).digest()
        # Each is looked at, also behind one that fits: the time tells nothing.
        found = [hmac.compare_digest(digest, known) for known in self._digests]
        return digest.hex() if any(found) else None

    def cors(self, origin: str | None) -> dict[str, str]:
        """Headers for an answer to a page of another origin, of those that are allowed."""
        if origin is None or origin not in self.origins:
            return {}
        return {
            "Access-Control-Allow-Origin": origin,
            "Access-Control-Expose-Headers": EXPOSED_HEADERS,
            "Vary": "Origin",
        }

    def preflight(self, origin: str) -> dict[str, str]:
        return {
            **self.cors(origin),
            "Access-Control-Allow-Methods": "GET, POST, DELETE",
            "Access-Control-Allow-Headers": ALLOWED_HEADERS,
            "Access-Control-Max-Age": "600",
        }


def given_token(headers: Mapping[str, str]) -> str | None:
    scheme, _, value = headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return value.strip()
    if scheme.lower() == "basic":
        try:
            return base64.b64decode(value, validate=True).decode().partition(":")[2]
        except (binascii.Error, UnicodeDecodeError):
            return None
    return headers.get("x-baml-api-key")


async def slow_down() -> None:
    await asyncio.sleep(FAILURE_SECONDS)
