"""A request as a command or a program that sends it, with the names of variables in the place of keys."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator, Mapping
from pprint import pformat
from typing import Any, TypeAlias
from urllib.parse import urlsplit

from ..records import dataclass
from ..wire.redact import REDACTED, SECRET_HEADERS, hide, is_secret_query_key
from .request import HTTPRequest

_SECRET_WORDS = ("key", "token", "secret", "auth", "password", "cookie")
_SCHEMES = ("Bearer ", "Basic ")


@dataclass(frozen=True, slots=True)
class Variable:
    """A secret, by the name of a variable of the environment that holds it."""

    name: str


Text: TypeAlias = tuple["str | Variable", ...]
"""A text in pieces, some of which are not to be shown."""


def as_curl(request: HTTPRequest, variables: Mapping[str, str], *, show_secrets: bool = False) -> str:
    """A command for a POSIX shell. `variables` are those of the environment whose values are secrets."""
    shown = _Shown(request, variables, show_secrets)
    lines = [f"curl -sS -X {request.method} {_shell(shown.url())}"]
    lines += [f"-H {_shell((f'{name}: ', *value))}" for name, value in shown.headers()]
    lines.append(f"--data-binary {shlex.quote(shown.body())}")
    return " \\\n  ".join(lines) + "\n"


def as_python(request: HTTPRequest, variables: Mapping[str, str], *, show_secrets: bool = False) -> str:
    """A program that needs nothing but Python."""
    shown = _Shown(request, variables, show_secrets)
    headers = "".join(f"        {name!r}: {_python(value)},\n" for name, value in shown.headers())
    url = _python(shown.url())
    imports = ("json", "os", "urllib.request") if "os.environ" in headers + url else ("json", "urllib.request")
    text = shown.body()
    lines = [
        *(f"import {name}" for name in imports),
        "",
        f"body = {_literal(text)}",
        "request = urllib.request.Request(",
        f"    {url},",
        f"    data={_ENCODED if _is_readable(text) else 'body.encode()'},",
        "    headers={",
        f"{headers}    }},",
        f"    method={request.method!r},",
        ")",
        "with urllib.request.urlopen(request) as response:",
        "    for line in response:",
        '        print(line.decode(), end="")',
    ]
    return "\n".join(lines) + "\n"


_ENCODED = 'json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()'


def as_json(request: HTTPRequest, variables: Mapping[str, str], *, show_secrets: bool = False) -> dict[str, Any]:
    """Method, URL, headers and body as plain data."""
    shown = _Shown(request, variables, show_secrets)
    headers = {name: _plain(value) for name, value in shown.headers()}
    return {
        "method": request.method,
        "url": _plain(shown.url()),
        "headers": headers,
        "body": json.loads(shown.body()),
    }


class _Shown:
    def __init__(self, request: HTTPRequest, variables: Mapping[str, str], show_secrets: bool) -> None:
        self._request = request
        # The longest first: a value may hold another one.
        self._names = {value: name for name, value in sorted(variables.items(), key=lambda row: len(row[1]))}
        self._show_secrets = show_secrets

    def url(self) -> Text:
        url = self._request.url
        if self._show_secrets:
            return (url,)
        parts = urlsplit(url)
        _, at, host = parts.netloc.rpartition("@")
        head: Text = (f"{parts.scheme}://",)
        if at:
            head = (*head, Variable("USER_AND_PASSWORD"), "@")
        return tuple(filter(None, (*head, *self._known(f"{host}{parts.path}"), *self._query(parts.query))))

    def body(self) -> str:
        """A client may allow secrets in it, which does not allow to show them."""
        text = self._request.body.text()
        return text if self._show_secrets else hide(text, self._names)

    def headers(self) -> Iterator[tuple[str, Text]]:
        for name, value in self._request.headers.items():
            yield name, (value,) if self._show_secrets else self._header(name, value)

    def _header(self, name: str, value: str) -> Text:
        known = self._known(value)
        lower = name.lower()
        if len(known) > 1 or isinstance(known[0], Variable):
            return known
        if lower not in SECRET_HEADERS and not any(word in lower for word in _SECRET_WORDS):
            return known
        scheme = next((scheme for scheme in _SCHEMES if value.startswith(scheme)), "")
        usual = "API_KEY" if scheme or lower.endswith("api-key") else lower.upper().replace("-", "_")
        return (scheme, Variable(usual)) if scheme else (Variable(usual),)

    def _query(self, query: str) -> Text:
        shown: list[str | Variable] = []
        for pair in filter(None, query.split("&")):
            name, equals, _ = pair.partition("=")
            shown.append("&" if shown else "?")
            secret = equals and is_secret_query_key(name)
            shown += [f"{name}=", Variable("API_KEY")] if secret else self._known(pair)
        return tuple(shown)

    def _known(self, text: str) -> Text:
        """The text with the values of variables as their names."""
        values = [value for value in reversed(self._names) if value and value in text]
        if not values:
            return (text,)
        pieces = re.split(f"({'|'.join(map(re.escape, values))})", text)
        return tuple(Variable(self._names[piece]) if piece in values else piece for piece in pieces if piece)


def _shell(text: Text) -> str:
    """One word: what is plain in single quotes, what is a variable in double ones."""
    pieces: list[str | Variable] = []
    for piece in text:
        if isinstance(piece, str) and pieces and isinstance(pieces[-1], str):
            pieces[-1] += piece
        else:
            pieces.append(piece)
    return "".join(map(_shell_piece, pieces))


def _shell_piece(piece: str | Variable) -> str:
    return f'"${{{piece.name}}}"' if isinstance(piece, Variable) else shlex.quote(piece)


def _python(text: Text) -> str:
    return " + ".join(
        f"os.environ[{piece.name!r}]" if isinstance(piece, Variable) else repr(piece) for piece in text
    )


def _plain(text: Text) -> str:
    return "".join(REDACTED if isinstance(piece, Variable) else piece for piece in text)


def _is_readable(body: str) -> bool:
    """Whether the bytes come out again of what a person can read."""
    try:
        return json.dumps(json.loads(body), ensure_ascii=False, separators=(",", ":")) == body
    except ValueError:
        return False


def _literal(body: str) -> str:
    return pformat(json.loads(body), width=100, sort_dicts=False) if _is_readable(body) else repr(body)
