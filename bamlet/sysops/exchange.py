"""One exchange over HTTP: a request goes out, its answer is checked and read, within limits of time and size."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from ..wire.message import ConnectTimeout, InvalidRequest, Request, Response, TransportError
from .deadlines import Deadlines
from .host import Context
from .host_failure import HostFailure
from .registry import Failure

MAX_ANSWER = 32 << 20
MAX_ERROR_BODY = 64 << 10
MAX_SHOWN_PAGE = 2 << 10
SHORTEST_SECRET = 8  # a shorter one would be found in words

_PAGES = ("text/html", "application/xhtml+xml")  # what a proxy or a wrong base_url answers with


def now() -> float:
    return asyncio.get_running_loop().time()


@asynccontextmanager
async def within(deadlines: Deadlines, end: tuple[float, str] | None) -> AsyncIterator[None]:
    try:
        async with asyncio.timeout_at(end[0] if end else None) as timeout:
            yield
    except TimeoutError:
        if end is None or not timeout.expired():
            raise  # not ours: it was raised inside
        raise deadlines.passed(end[1], now()) from None


async def open_response(context: Context, request: Any, deadlines: Deadlines) -> Response:
    # As late as this: what the program holds of a lent token is a stand-in.
    headers = host(context).services.lent.exchanged(request.url, request.headers)
    wire = Request(request.method, request.url, tuple(headers.items()), request.body.encode())
    transport = host(context).services.transport_here()
    try:
        return await transport.open(wire, connect_timeout=deadlines.connect)
    except ConnectTimeout:
        raise deadlines.passed("connect", now()) from None
    except Exception as failure:
        hide_in_causes(failure, lambda text: hide_secrets(text, request.headers, _query(request)))
        raise failure_of(failure) from failure


def failure_of(failure: Exception) -> Failure | HostFailure:
    """A transport that the host handed in has rules of its own, such as what may be recorded."""
    from ..wire.replay import NotRecorded

    match failure:
        case InvalidRequest() | NotRecorded():
            return Failure("InvalidArgument", str(failure))
        case TransportError():
            return Failure("Io", str(failure))
        case Failure():
            return failure
        case _:
            return HostFailure(failure)


async def read_whole(response: Response) -> bytes:
    parts: list[bytes] = []
    size = 0
    try:
        async for chunk in response.chunks():
            parts.append(chunk)
            size += len(chunk)
            if size > MAX_ANSWER:
                raise Failure("Io", f"the answer is larger than {MAX_ANSWER >> 20} MiB")
    except Failure:
        raise
    except Exception as failure:
        raise failure_of(failure) from failure
    return b"".join(parts)


async def check_head(response: Response, request: Any) -> None:
    """Raises unless the answer is a success and may be a stream of events."""
    if not is_success(response):
        text = hide_secrets(_text(await read_some(response, MAX_ERROR_BODY)), request.headers, _query(request))
        fields = status_fields(response.status, response.headers, text, request.client_name)
        raise Failure("HttpStatus", **fields)
    if (kind := content_type(response)) in _PAGES:
        page = hide_secrets(_text(await read_some(response, MAX_SHOWN_PAGE)), request.headers, _query(request))
        raise Failure("Io", f"the answer is {kind} and not a stream of events: {page}")


def _query(request: Any) -> list[tuple[str, str]]:
    return parse_qsl(urlsplit(request.url).query)


def is_success(response: Response) -> bool:
    return 200 <= response.status <= 299


async def read_some(response: Response, limit: int) -> bytes:
    """As much of an error's body as tells what is wrong; a body that breaks off has said enough."""
    body = b""
    try:
        async for chunk in response.chunks():
            body += chunk
            if len(body) >= limit:
                break
    except TransportError:
        return body
    return body[:limit]


def _text(body: bytes) -> str:
    return body.decode("utf-8", "replace")


def hide_secrets(text: str, headers: Mapping[str, str], query: Iterable[tuple[str, str]] = ()) -> str:
    """Without the keys that were sent in the headers or the URL: some servers say them back."""
    from ..wire.redact import REDACTED, SECRET_HEADERS, is_secret_query_key

    secrets = [value.rpartition(" ")[2] for name, value in headers.items() if name.lower() in SECRET_HEADERS]
    secrets += [value for name, value in query if is_secret_query_key(name)]
    for secret in secrets:  # of a header, what stands behind `Bearer`
        if len(secret) >= SHORTEST_SECRET:
            text = text.replace(secret, REDACTED)
    return text


def hide_in_causes(failure: BaseException, hide: Callable[[str], str]) -> None:
    """The same for an exception and those under it, which a traceback shows and a crash report takes apart.

    JSON errors hold the whole body, those of the libraries below us requests with their headers.
    """
    found: BaseException | None = failure
    while found is not None:
        found.args = tuple(_hidden(value, hide) for value in found.args)
        fields = vars(found)
        for name, value in fields.items():
            fields[name] = _hidden(value, hide)
        found = found.__cause__ or found.__context__


def _hidden(value: Any, hide: Callable[[str], str]) -> Any:
    if isinstance(value, str):
        return hide(value)
    shown = repr(value)
    return value if (hidden := hide(shown)) == shown else hidden


def status_fields(
    status: int, headers: tuple[tuple[str, str], ...], body: str, client_name: str | None
) -> dict[str, Any]:
    """The fields of a `baml.errors.HttpStatus`."""
    from ..providers import http_error

    error = http_error(status, headers, body)
    return {
        "message": f"the provider answered with status {status}: {error.message}",
        "status_code": status,
        "headers": dict(headers),
        "body": body,
        "retryable": bool(error.retryable),
        "retry_after_ms": error.retry_after_ms,
        "client_name": client_name,
    }


def content_type(response: Response) -> str:
    value = next((value for name, value in response.headers if name == "content-type"), "")
    return value.partition(";")[0].strip().lower()
