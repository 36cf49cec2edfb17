"""A request as it would be sent, for a host that looks at it or sends it by itself."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class HTTPBody:
    """The bytes that would be sent."""

    _raw: bytes

    def raw(self) -> bytes:
        return self._raw

    def text(self) -> str:
        return self._raw.decode("utf-8")

    def json(self) -> Any:
        return json.loads(self._raw)

    def __repr__(self) -> str:
        return f"HTTPBody({len(self._raw)} bytes)"


@dataclass(frozen=True, slots=True)
class HTTPRequest:
    """`url` and `headers` hold keys; the text of a request does not show them."""

    method: str
    url: str = field(repr=False)
    headers: dict[str, str] = field(repr=False)
    body: HTTPBody

    def __repr__(self) -> str:
        from ..wire.redact import redact_url

        return f"HTTPRequest({self.method} {redact_url(self.url)}, {self.body!r})"
