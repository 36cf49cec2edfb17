"""The parts of a request that all dialects share: its URL, its headers, its JSON."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any, TypeVar
from urllib.parse import quote, urlencode, urlsplit, urlunsplit

from ..patterns import pattern
from ..wire.message import Request
from .client import ClientConfigError, ClientOptions, WrongAddress

T = TypeVar("T")

_HEADER_NAME = pattern(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_CONTROL = pattern(r"[\0-\x08\x0a-\x1f\x7f]")
_BLANK = pattern(r"[\0-\x20\x7f]")
_KEY_HEADERS = frozenset(("authorization", "api-key", "x-api-key", "x-goog-api-key"))
# The transport writes these itself.
_OURS = frozenset(("content-length", "host", "transfer-encoding"))
_encoded = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode
_MOST_KEPT = 16  # of a client


def url_for(client: ClientOptions, path: str, **query: str) -> str:
    """`path` behind the base's own path, then the base's query, then the dialect's, then `query_params`."""
    key = ("url", path, *query.items())
    known: str | None = client.derived.get(key)
    return known if known is not None else _kept(client, key, _url_for(client, path, query))


def _kept(client: ClientOptions, key: object, made: T) -> T:
    """Nearly all requests of a client have one URL and the same headers; a few kinds of them are kept."""
    if len(client.derived) < _MOST_KEPT:
        client.derived[key] = made
    return made


def _url_for(client: ClientOptions, path: str, query: Mapping[str, str]) -> str:
    given = needed(client, "base_url", client.base_url, WrongAddress)
    try:
        base = urlsplit(given)
    except ValueError:
        # Half an address is for the transport to refuse, as it refuses a name that nobody has: a fallback goes on.
        return given.rstrip("/") + path
    if base.scheme not in ("http", "https") or not base.netloc or _BLANK.search(client.base_url or ""):
        raise WrongAddress(f"client `{client.name}`: base_url is no http or https URL")
    asked = "&".join(filter(None, (base.query, urlencode({**query, **client.query_params}))))
    return urlunsplit((base.scheme, base.netloc, base.path.rstrip("/") + path, asked, ""))


def headers_for(client: ClientOptions, ours: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    """Our headers and the user's, which win. Names are in lower case."""
    key = ("headers", *ours.items())
    known: tuple[tuple[str, str], ...] | None = client.derived.get(key)
    return known if known is not None else _kept(client, key, _headers_for(client, ours))


def _headers_for(client: ClientOptions, ours: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    merged = dict(ours)
    for name, value in client.headers.items():
        lower = name.lower()
        if not _HEADER_NAME.fullmatch(name) or _CONTROL.search(value):
            raise ClientConfigError(f"client `{client.name}`: the header {name!r} is no HTTP header")
        if lower not in _OURS:
            merged[lower] = value
    return tuple(merged.items())


def key_for(client: ClientOptions) -> str | None:
    """The API key; None if the user's own header, or no key at all, is to be sent."""
    if client.api_key and _CONTROL.search(client.api_key):
        raise ClientConfigError(f"client `{client.name}`: api_key holds a control character")
    return client.api_key or None


def without_key(client: ClientOptions, headers: Iterable[str]) -> str | None:
    """What to do about a request with these headers that carries no key; None if it does."""
    if "key" in client.query_params or not _KEY_HEADERS.isdisjoint(name.lower() for name in headers):
        return None
    ways = "give one in the client's options"
    return f"set the environment variable {client.key_variable} or {ways}" if client.key_variable else ways


def needed(
    client: ClientOptions, name: str, value: str | None, error: type[ClientConfigError] = ClientConfigError
) -> str:
    """The value of an option without which there is no request."""
    if not value:
        raise error(f"client `{client.name}`: the provider {client.provider} needs a {name}")
    return value


def path_segment(text: str) -> str:
    """One segment of a path, everything quoted that would end it, or make it mean another folder."""
    return quote(text, safe="") if text.strip(".") else text.replace(".", "%2E")


def json_body(client: ClientOptions, body: Mapping[str, object]) -> bytes:
    try:
        text = _encoded(body)
    except (TypeError, ValueError) as error:
        raise ClientConfigError(f"client `{client.name}`: the options are no JSON: {error}") from error
    try:
        return text.encode()
    except UnicodeEncodeError:
        # Half a surrogate pair has no UTF-8; it goes out as U+FFFD, like any character that is not one.
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace").encode()


def json_post(client: ClientOptions, url: str, ours: Mapping[str, str], body: Mapping[str, object]) -> Request:
    """What nearly every dialect sends. Raises `ClientConfigError`."""
    return Request("POST", url, headers_for(client, ours), json_body(client, body))


# --- parts of a body that the options may have begun


def block_in(body: Mapping[str, Any], name: str) -> dict[str, Any]:
    given = body.get(name)
    return dict(given) if isinstance(given, Mapping) else {}


def list_in(body: Mapping[str, Any], name: str) -> list[Any]:
    given = body.get(name)
    return list(given) if isinstance(given, list) else []
