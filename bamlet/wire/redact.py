"""What must not be written down about an exchange: header and query values that are keys by their name,
and any text that holds a secret of this process by its value.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator
from urllib.parse import quote, unquote, unquote_plus, urlsplit

from .cassette import (
    Interaction,
    Json,
    RecordedFailure,
    RecordedRequest,
    RecordedResponse,
    body_json,
    body_sha256,
)
from .message import Request

REDACTED = "<redacted>"

SECRET_HEADERS = frozenset(
    {
        *("authorization", "proxy-authorization", "x-api-key", "api-key", "x-goog-api-key"),
        *("x-amz-security-token", "cookie", "cookies", "set-cookie"),
    }
)
SECRET_QUERY_KEYS = frozenset(
    {
        "key",
        "api_key",
        "api-key",
        "access_token",
        "x-amz-credential",
        "x-amz-security-token",
        "x-amz-signature",
    }
)


def recorded_request(request: Request) -> RecordedRequest:
    """The request as a cassette holds it."""
    return RecordedRequest(
        method=request.method,
        url=redact_url(request.url),
        headers=redact_headers(request.headers),
        body=body_json(request.body),
        body_sha256=body_sha256(request.body),
    )


def redact_headers(headers: tuple[tuple[str, str], ...]) -> tuple[tuple[str, str], ...]:
    return tuple((name, REDACTED if name.lower() in SECRET_HEADERS else value) for name, value in headers)


def redact_url(url: str) -> str:
    """Without the values of secret query keys and without user and password. The rest stays as it was."""
    parts = urlsplit(url)
    query = "&".join(map(_redact_pair, parts.query.split("&")))
    _, at, host = parts.netloc.rpartition("@")
    return parts._replace(netloc=f"{REDACTED}@{host}" if at else host, query=query).geturl()


def is_secret_query_key(name: str) -> bool:
    return name.lower() in SECRET_QUERY_KEYS


def _redact_pair(pair: str) -> str:
    name, equals, _ = pair.partition("=")
    return f"{name}={REDACTED}" if equals and is_secret_query_key(unquote_plus(name)) else pair


def secret_place(interaction: Interaction, secrets: Collection[str]) -> str | None:
    """Where in the entry one of the secrets occurs first, as it is or escaped for JSON or a URL."""
    forms = {form for secret in secrets if secret for form in _forms(secret)}
    for place, text in _texts(interaction):
        if any(form in text for form in forms):
            return place
    return None


def _forms(secret: str) -> tuple[str, ...]:
    escaped = (json.dumps(secret)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1])
    return (secret, *escaped, quote(secret, safe=""))


def _texts(interaction: Interaction) -> Iterator[tuple[str, str]]:
    request = interaction.request
    yield "request.url", request.url
    yield "request.url", unquote(request.url)
    yield from ((f"request.headers.{name}", value) for name, value in request.headers)
    yield from _json_texts("request.body", request.body)
    match interaction.outcome:
        case RecordedResponse() as response:
            yield from ((f"response.headers.{name}", value) for name, value in response.headers)
            yield "response.frames", response.body.decode("utf-8", "replace")
        case RecordedFailure() as failure:
            yield "failure.message", failure.message


def _json_texts(path: str, value: Json) -> Iterator[tuple[str, str]]:
    match value:
        case str():
            yield path, value
        case list():
            for index, item in enumerate(value):
                yield from _json_texts(f"{path}[{index}]", item)
        case dict():
            for key, item in value.items():
                # First the key: a path must not show one that is a secret itself.
                yield f"a key of {path}", key
                yield from _json_texts(f"{path}.{key}", item)
