"""The URL and the headers of a request in; out, who is to be asked for what, or an error that says what is wrong.

What one engine would refuse, and another resolve to something, is refused before any sees it.
"""

from __future__ import annotations

import re
from base64 import b64encode

import httpx

from ..records import dataclass
from .h1.exchange import Origin
from .message import ConnectError, InvalidRequest, Request

_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_FIELD_VALUE = re.compile(r"[\t\x20-\x7e]*")
_PORT = re.compile(r"https?://(?:[^/?#]*@)?(?:\[[^/?#@]*\]|[^/?#:@\[]*):([^/?#@]*)(?:[/?#]|$)")
_LONGEST_HOST = 253
_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True, repr=False)
class Address:
    """`url` is without user and password: these are a header, `authorized`. No `repr`, which would show keys."""

    url: httpx.URL
    authorized: tuple[tuple[str, str], ...]
    origin: Origin
    authority: str
    target: str


def address_of(text: str) -> Address:
    if not text.startswith(("http://", "https://")):
        raise InvalidRequest("the URL of the request does not begin with http:// or https://")
    try:
        url = httpx.URL(text)
        host, port = url.host, url.port
    except (httpx.InvalidURL, UnicodeError) as failure:
        raise _unreachable(str(failure)) from failure
    written = _PORT.match(text)
    if written is not None and not re.fullmatch("[0-9]*", written[1]):
        raise _unreachable("the port is no number")  # though Python reads `+80` and `8_0` as one
    if port is not None and not 0 < port < 1 << 16:
        raise _unreachable(f"the port {port} is not between 1 and 65535")
    raw_host = url.raw_host.decode("ascii")
    labels = raw_host.removesuffix(".").split(".")
    if ":" not in host and (not all(0 < len(label) < 64 for label in labels) or len(host) > _LONGEST_HOST):
        raise _unreachable("the host name has a part that is empty or too long")
    authorized: tuple[tuple[str, str], ...] = ()
    if url.userinfo:
        credentials = f"{url.username}:{url.password}".encode()
        authorized = (("authorization", f"Basic {b64encode(credentials).decode()}"),)
        url = url.copy_with(userinfo=b"")
    return Address(
        url,
        authorized,
        Origin(raw_host, port or _PORTS[url.scheme], over_tls=url.scheme == "https"),
        authority=url.netloc.decode("ascii"),
        target=url.raw_path.decode("ascii"),
    )


def _unreachable(why: str) -> ConnectError:
    return ConnectError(f"no server has such a URL: {why}; check it, for a client its base_url")


def sent_headers(request: Request, address: Address, user_agent: str) -> tuple[tuple[str, str], ...]:
    """Those of the request, and who we are unless that is said. Raises `InvalidRequest`."""
    if not _TOKEN.fullmatch(request.method):
        raise InvalidRequest(f"the request cannot be sent: {request.method[:20]!r} is no method of HTTP")
    headers = request.headers
    named = False
    for name, value in headers:
        if not (_TOKEN.fullmatch(name) and _FIELD_VALUE.fullmatch(value)):
            # Without the value, which may be a key.
            raise InvalidRequest(f"the header {name!r} holds a character that HTTP does not allow")
        named = named or name.lower() == "user-agent"
    if not named:
        headers = (*headers, ("user-agent", user_agent))
    if address.authorized:
        headers = (
            *((name, value) for name, value in headers if name.lower() != "authorization"),
            *address.authorized,
        )
    return headers
