"""AWS Signature Version 4: a request and a key in, the same request with its signature out.

The bytes that are signed are the bytes that must be sent: nothing may touch URL or body afterwards.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from dataclasses import dataclass, field, replace
from urllib.parse import quote, urlsplit

from .message import Request

_ALGORITHM = "AWS4-HMAC-SHA256"
_BLANKS = re.compile(r" +")
_DEFAULT_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class AwsKey:
    """`session_token` comes with keys that are lent for some time."""

    access_key_id: str
    secret_access_key: str = field(repr=False)
    session_token: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Scope:
    """What a signature is good for. `time` is UTC, as in `20261121T020304Z`."""

    region: str
    service: str
    time: str

    @property
    def date(self) -> str:
        return self.time[:8]

    def __str__(self) -> str:
        return f"{self.date}/{self.region}/{self.service}/aws4_request"


def signed(request: Request, key: AwsKey, scope: Scope) -> Request:
    """Signs the host, the type of the content and all `x-amz-` headers; what a proxy may change is left out."""
    added = {"x-amz-date": scope.time}
    if key.session_token is not None:
        added["x-amz-security-token"] = key.session_token
    headers = [(name, value) for name, value in request.headers if name.lower() not in added]
    headers += added.items()
    covered = _covered(request.url, headers)
    signature = hmac.new(
        _signing_key(key, scope), _to_sign(request, covered, scope).encode(), hashlib.sha256
    ).hexdigest()
    authorization = (
        f"{_ALGORITHM} Credential={key.access_key_id}/{scope}, "
        f"SignedHeaders={';'.join(covered)}, Signature={signature}"
    )
    return replace(request, headers=(*headers, ("authorization", authorization)))


def _covered(url: str, headers: list[tuple[str, str]]) -> dict[str, str]:
    """The headers that are signed, in the order of their names."""
    found = {"host": _host(url)}
    for name, value in headers:
        lower = name.lower()
        if lower == "content-type" or lower.startswith("x-amz-"):
            found[lower] = _BLANKS.sub(" ", value.strip())
    return dict(sorted(found.items()))


def _host(url: str) -> str:
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    default = f":{_DEFAULT_PORTS.get(parts.scheme)}"
    return host.removesuffix(default)


def _to_sign(request: Request, covered: dict[str, str], scope: Scope) -> str:
    parts = urlsplit(request.url)
    canonical = "\n".join(
        (
            request.method,
            # The path goes over the wire quoted once, and is signed quoted twice.
            quote(parts.path or "/", safe="/~"),
            "&".join(sorted(_pair(part) for part in parts.query.split("&") if part)),
            *(f"{name}:{value}" for name, value in covered.items()),
            "",
            ";".join(covered),
            hashlib.sha256(request.body).hexdigest(),
        )
    )
    return "\n".join((_ALGORITHM, scope.time, str(scope), hashlib.sha256(canonical.encode()).hexdigest()))


def _pair(part: str) -> str:
    name, _, value = part.partition("=")
    return f"{name}={value}"


def _signing_key(key: AwsKey, scope: Scope) -> bytes:
    secret = f"AWS4{key.secret_access_key}".encode()
    for part in (scope.date, scope.region, scope.service, "aws4_request"):
        secret = hmac.new(secret, part.encode(), hashlib.sha256).digest()
    return secret
