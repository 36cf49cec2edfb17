"""What must not be shown or written down: header and query values that are keys by their name, and any text that
holds a secret by its value, wherever that value came from.
"""

from __future__ import annotations

import re
from base64 import b64decode, b64encode
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import suppress
from functools import lru_cache
from typing import NamedTuple
from urllib.parse import parse_qsl, unquote, unquote_plus, urlsplit

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
HIDDEN = "***"  # where a request is shown and not kept
SHORTEST_SECRET = 8
"""A shorter one would be found in words."""

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


_SECRET_NAME = re.compile(r"(?:KEY|TOKEN|SECRET|PASSWORD)S?\d*(?![A-Z0-9])|PASSWD|PASSPHRASE", re.IGNORECASE)


def is_secret_name(variable: str) -> bool:
    """Whether a variable of the environment holds what must not be shown, by the words of its name."""
    return _SECRET_NAME.search(variable) is not None


def hide(text: str, secrets: Iterable[str], shown: str = REDACTED) -> str:
    """The text with `shown` for these values, as they are or escaped for JSON, a URL or HTML."""
    found = {secret for secret in secrets if len(secret) >= SHORTEST_SECRET and holds_secret(text, secret)}
    for secret in sorted(found, key=len, reverse=True):  # one may hold another
        text = _spelled(secret).form.sub(lambda _: shown, text)
    return text


def holds_secret(text: str, secret: str) -> bool:
    """As it is, or escaped for JSON, a URL or HTML, also more than once."""
    spelled = _spelled(secret)
    return spelled.plain in text and spelled.form.search(text) is not None


def sent_secrets(url: str, headers: Mapping[str, str]) -> Iterator[str]:
    """The values of a request that are keys by their name or their place."""
    for name, value in headers.items():
        if name.lower() in SECRET_HEADERS:
            yield value.rpartition(" ")[2]  # what stands behind `Bearer`
    yield from secrets_of_url(url)


def strangers_secrets(url: str, headers: Iterable[tuple[str, str]]) -> frozenset[str]:
    """The same of a request whose sender has not told which are keys: any whose name says so, too."""
    found = set(secrets_of_url(url))
    for name, value in headers:
        if name.lower() in SECRET_HEADERS or is_secret_name(name):
            scheme, _, rest = value.rpartition(" ")
            found |= {value, rest, *(_basic_password(rest) if scheme.lower() == "basic" else ())}
    with suppress(ValueError):
        found |= {value for name, value in parse_qsl(urlsplit(url).query) if is_secret_name(name)}
    return frozenset(value for value in found if len(value) >= SHORTEST_SECRET)


def _basic_password(credentials: str) -> Iterator[str]:
    with suppress(ValueError):
        yield b64decode(credentials, validate=True).decode().partition(":")[2]


def secrets_of_url(url: str) -> Iterator[str]:
    if "@" not in url and "?" not in url:
        return  # most have neither user nor query, and are not taken apart
    try:
        parts = urlsplit(url)
    except ValueError:
        return
    user, at, _ = parts.netloc.rpartition("@")
    if at:
        yield from {password := user.partition(":")[2], unquote(password)} if ":" in user else (user,)
        yield b64encode(unquote(user).encode()).decode()  # as it goes over the wire
    yield from (value for name, value in parse_qsl(parts.query) if is_secret_query_key(name))


def recorded_request(request: Request) -> RecordedRequest:
    """The request as a cassette holds it."""
    headers = redact_headers(request.headers)
    return RecordedRequest(
        method=request.method,
        url=hide(redact_url(request.url), request.secrets),
        headers=tuple((name, hide(value, request.secrets)) for name, value in headers),
        body=body_json(request.body),
        body_sha256=body_sha256(request.body),
    )


def redact_headers(headers: tuple[tuple[str, str], ...]) -> tuple[tuple[str, str], ...]:
    return tuple((name, REDACTED if name.lower() in SECRET_HEADERS else value) for name, value in headers)


def redact_url(url: str) -> str:
    """Without the values of secret query keys and without user and password. The rest stays as it was."""
    try:
        parts = urlsplit(url)
    except ValueError:  # what cannot be taken apart is not shown
        return REDACTED
    query = "&".join(map(_redact_pair, parts.query.split("&")))
    _, at, host = parts.netloc.rpartition("@")
    return parts._replace(netloc=f"{REDACTED}@{host}" if at else host, query=query).geturl()


def hidden_headers(headers: Mapping[str, str], secrets: Collection[str]) -> dict[str, str]:
    return {
        name: HIDDEN if name.lower() in SECRET_HEADERS else hide(value, secrets, HIDDEN)
        for name, value in headers.items()
    }


def is_secret_query_key(name: str) -> bool:
    return name.lower() in SECRET_QUERY_KEYS


def _redact_pair(pair: str) -> str:
    name, equals, _ = pair.partition("=")
    return f"{name}={REDACTED}" if equals and is_secret_query_key(unquote_plus(name)) else pair


def secret_place(interaction: Interaction, secrets: Collection[str]) -> str | None:
    """Where in the entry one of the secrets occurs first, as it is or escaped for JSON or a URL."""
    for place, text in _texts(interaction):
        if any(holds_secret(text, secret) for secret in secrets if secret):
            return place
    return None


class _Spelled(NamedTuple):
    """A secret in all its spellings. `plain` is a part of it that none of them changes."""

    plain: str
    form: re.Pattern[str]


@lru_cache(256)
def _spelled(secret: str) -> _Spelled:
    plain = max(_PLAIN.findall(secret), key=len, default="")
    return _Spelled(plain, re.compile("".join(map(_spellings, _PIECES.findall(secret)))))


def _spellings(piece: str) -> str:
    """Each writer chooses by itself what to escape and in which case of letters: no list of forms would do."""
    if _PLAIN.fullmatch(piece):
        return re.escape(piece)
    if len(piece) > 1:  # backslashes: one by one each of them could take those of the next
        return rf"(?:\\{{{len(piece)},{len(piece) * (_DEEP + 1)}}}|(?i:%(?:25)*5c){{{len(piece)}}})"
    character = piece
    units = character.encode("utf-16-be", "surrogatepass")
    in_json = "".join(rf"\\{{1,{_DEEP}}}u{units[at : at + 2].hex()}" for at in range(0, len(units), 2))
    in_url = "".join(f"%(?:25)*{byte:02x}" for byte in character.encode("utf-8", "surrogatepass"))
    entities = "|".join(re.escape(name) for name in _ENTITIES.get(character, ()))
    code = ord(character)
    forms = [
        rf"\\{{0,{_DEEP}}}{re.escape(character)}",
        *(rf"\\{{1,{_DEEP}}}{letter}" for letter in _LETTERS.get(character, "")),
        *([r"\+"] if character == " " else []),
        f"(?i:{in_json}|{in_url}|&(?:amp;)*(?:#0*{code}|#x0*{code:x}{f'|{entities}' if entities else ''});)",
    ]
    return f"(?:{'|'.join(forms)})"


_PLAIN = re.compile(r"[A-Za-z0-9_.-]+")
_PIECES = re.compile(r"[A-Za-z0-9_.-]+|\\{2,}|[^A-Za-z0-9_.-]", re.DOTALL)
_DEEP = 15  # backslashes: a text within a text within a text
_LETTERS = {"\n": "n", "\r": "r", "\t": "t", "\b": "b", "\f": "f"}
_ENTITIES = {"&": ("amp",), "<": ("lt",), ">": ("gt",), '"': ("quot",), "'": ("apos",)}


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
