"""Looking at a request without sending it: keys may be missing, and only media are fetched."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping

from ..wire.message import Request, Response, Transport
from ..wire.redact import SHORTEST_SECRET, is_secret_name

MISSING_KEY = "not-set"


class LookingEnvironment(Mapping[str, str]):
    """The environment, in which a key that is not set has a stand-in. `secrets` are those asked for."""

    def __init__(self, environ: Mapping[str, str] | None = None) -> None:
        self._environ = os.environ if environ is None else environ
        self.secrets: dict[str, str] = {}

    def __getitem__(self, name: str) -> str:
        if not is_secret_name(name):
            return self._environ[name]
        found = self._environ.get(name) or f"{MISSING_KEY}-{name}"
        if len(found) >= SHORTEST_SECRET:
            self.secrets[name] = found
        return found

    def __iter__(self) -> Iterator[str]:
        return iter(self._environ)

    def __len__(self) -> int:
        return len(self._environ)


class LookingTransport:
    """Fetches media; tokens and the keys of machines are not asked for."""

    unrecorded: Transport | None = None

    def __init__(self) -> None:
        self._inner: Transport | None = None

    async def open(self, request: Request, *, connect_timeout: float | None) -> Response:
        from ..wire.http import HttpTransport

        if self._inner is None:
            self._inner = HttpTransport()
        return await self._inner.open(request, connect_timeout=connect_timeout)

    async def aclose(self) -> None:
        if self._inner is not None:
            await self._inner.aclose()
