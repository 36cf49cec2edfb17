"""Requests and responses for a host that looks at them: one that it may send, or what a collector kept."""

from __future__ import annotations

import json
from typing import Any

from ..records import dataclass, field
from .errors import BamlError


@dataclass(frozen=True, slots=True)
class HTTPBody:
    """The bytes."""

    _raw: bytes

    def raw(self) -> bytes:
        return self._raw

    def text(self) -> str:
        return self._raw.decode("utf-8", "replace")

    def json(self) -> Any:
        """Raises `BamlError` for what is no JSON."""
        try:
            return json.loads(self._raw)
        except ValueError as failure:
            raise BamlError(f"the body is no JSON: {failure}") from None

    def __repr__(self) -> str:
        return f"HTTPBody({len(self._raw)} bytes)"


@dataclass(frozen=True, slots=True)
class HTTPRequest:
    """`url` and `headers` of a request to be sent hold keys; its text does not show them."""

    method: str
    url: str = field(repr=False)
    headers: dict[str, str] = field(repr=False)
    body: HTTPBody
    id: str = field(default="", compare=False)

    def __repr__(self) -> str:
        from ..wire.redact import redact_url

        return f"HTTPRequest({self.method} {redact_url(self.url)}, {self.body!r})"


@dataclass(frozen=True, slots=True)
class HTTPResponse:
    """What a provider answered. The body of an answer that was streamed is empty."""

    status: int
    headers: dict[str, str] = field(repr=False)
    body: HTTPBody
