"""One exchange over HTTP: a request goes out, its answer is checked and read, within limits of time and size."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from http import HTTPStatus
from types import TracebackType
from typing import TYPE_CHECKING, Any

from ..interpreter.runtime.failures import Cancelled
from ..providers.nobody import SCHEME as NOBODY
from ..wire.message import (
    BrokenBody,
    ConnectError,
    ConnectTimeout,
    InvalidRequest,
    NoAnswer,
    Request,
    Response,
    TransportError,
)
from ..wire.redact import sent_secrets
from .deadlines import Deadlines
from .host import Context
from .host_failure import HostFailure
from .lent import NotLent
from .registry import Failure

if TYPE_CHECKING:
    from ..providers import ClientOptions

MAX_ANSWER = 32 << 20
MAX_ERROR_BODY = 64 << 10
MAX_SHOWN_PAGE = 2 << 10
MAX_SHOWN_BODY = 2_000

UNAUTHORIZED = 401
_STATUSES = frozenset(map(int, HTTPStatus))
_PAGES = ("text/html", "application/xhtml+xml")  # what a proxy or a wrong base_url answers with


def now() -> float:
    return asyncio.get_running_loop().time()


class within:
    """For `with`: what is awaited in it ends with a failure of the phase when that has passed.

    As `asyncio.timeout_at`, which has states that are not needed here, and takes three times as long. Its word and
    a cancellation from outside are told apart as there: who counts fewer cancellations than there were has been
    stopped by somebody else too, and that one is heard.
    """

    __slots__ = ("_before", "_deadlines", "_end", "_has_passed", "_task", "_timer")

    def __init__(self, deadlines: Deadlines, end: tuple[float, str] | None) -> None:
        self._deadlines, self._end = deadlines, end
        self._has_passed = False
        self._timer: asyncio.TimerHandle | None = None

    def __enter__(self) -> None:
        if self._end is None:
            return
        task = asyncio.current_task()
        assert task is not None, "it is awaited in a task"
        self._task, self._before = task, task.cancelling()
        self._timer = asyncio.get_running_loop().call_at(self._end[0], self._pass)

    def _pass(self) -> None:
        self._has_passed = True
        self._task.cancel()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._timer is None:
            return
        # First: from here on it says nothing more.
        self._timer.cancel()
        if (
            self._has_passed
            and self._task.uncancel() <= self._before
            and isinstance(error, asyncio.CancelledError)
        ):
            assert self._end is not None, "what has no end does not pass"
            raise self._deadlines.passed(self._end[1], now()) from None


async def open_response(context: Context, request: Any, deadlines: Deadlines) -> Response:
    call = context.host
    # As late as this: what the program holds of a lent token is a stand-in.
    try:
        headers = call.services.lent.exchanged(request.url, request.headers)
    except NotLent as failure:
        raise Failure("InvalidArgument", str(failure)) from failure
    call.secrets.update(sent_secrets(request.url, headers))
    secrets = tuple(call.secrets)
    noted = call.noted
    wire = Request(
        request.method,
        request.url,
        tuple(headers.items()),
        request.body.encode(),
        secrets=secrets,
        note=noted[1] if noted is not None and noted[0] == request.body else None,
    )
    nobody = request.url.startswith(NOBODY)
    transport = call.services.offline() if nobody else call.services.transport_here()
    try:
        return await transport.open(wire, connect_timeout=deadlines.connect)
    except ConnectTimeout:
        raise deadlines.passed("connect", now()) from None
    except Exception as failure:
        if call.services.is_closed_here():
            raise Cancelled from None  # under a call that was on its way: no fallback has anybody to ask
        raise failure_of(failure, call.hide) from failure


def failure_of(failure: Exception, hide: Callable[[str], str] = str) -> Failure | HostFailure:
    """A transport that the host handed in has rules of its own, such as what may be recorded."""
    from ..wire.replay import NotRecorded

    # What a server says of an answer that cannot be read, a header for example, may be a key that it was sent. No
    # key goes out with media and with requests of the host's own.
    hide_in_causes(failure, hide)
    match failure:
        case NotRecorded():
            # No failure of a provider: a program that went on after it would be another one than was recorded.
            return HostFailure(failure)
        case InvalidRequest():
            return Failure("InvalidArgument", str(failure))
        case TransportError():
            return Failure("Io", str(failure), connected=_was_connected(failure))
        case Failure():
            return failure
        case _:
            return HostFailure(failure)


def _was_connected(failure: TransportError) -> bool | None:
    """Nothing when the connection held and what came was nonsense."""
    if isinstance(failure, ConnectError):
        return False
    return True if isinstance(failure, NoAnswer | BrokenBody) else None


async def read_whole(response: Response, hide: Callable[[str], str] = str, *, most: int = MAX_ANSWER) -> bytes:
    # Most answers come in one piece, and to read one as a stream costs as much as what came before.
    whole: Callable[[], bytes | None] | None = getattr(response, "whole", None)
    if whole is not None and (body := whole()) is not None:
        if len(body) > most:
            raise _too_large(most)
        return body
    parts: list[bytes] = []
    size = 0
    try:
        async for chunk in response.chunks():
            parts.append(chunk)
            size += len(chunk)
            if size > most:
                raise _too_large(most)
    except Failure:
        raise
    except Exception as failure:
        raise failure_of(failure, hide) from failure
    return b"".join(parts)


def _too_large(most: int) -> Failure:
    return Failure("Io", f"the answer is larger than {most >> 20} MiB")


async def check_head(context: Context, response: Response, request: Any) -> None:
    """Raises unless the answer is a success and may be a stream of events."""
    if not is_success(response):
        text = context.host.hide(_text(await read_some(response, MAX_ERROR_BODY)))
        fields = status_fields(response.status, shown_headers(context, response), text, request.client_name)
        known = context.host.services.clients.get(request.client_name)
        if known is not None:
            fields["message"] += keyless(response.status, known[1].payload.options, request.headers)
        raise Failure("HttpStatus", **fields)
    if (kind := content_type(response)) in _PAGES:
        page = context.host.hide(_text(await read_some(response, MAX_SHOWN_PAGE)))
        raise Failure("Io", f"the answer is {kind} and not a stream of events: {page}")


def shown_headers(context: Context, response: Response) -> tuple[tuple[str, str], ...]:
    return tuple((name, context.host.hide(value)) for name, value in response.headers)


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


def hide_in_causes(failure: BaseException, hide: Callable[[str], str]) -> None:
    """Take secrets from an exception and those under it, which a traceback shows and a crash report takes apart.

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
        "message": _status_message(status, body, error.message),
        "status_code": status,
        "headers": dict(headers),
        "body": body,
        "retryable": bool(error.retryable),
        "retry_after_ms": error.retry_after_ms,
        "client_name": client_name,
    }


def keyless(status: int, client: ClientOptions, headers: Mapping[str, str]) -> str:
    """What a refusal is told beside, if the client sent no key."""
    from ..providers import without_key

    remedy = without_key(client, headers) if status == UNAUTHORIZED else None
    return f" (no api_key was sent: {remedy})" if remedy else ""


def _status_message(status: int, body: str, said: str) -> str:
    """In the words of BAML, which programs look for: with the body, if that is JSON and not long."""
    shown = body.strip()
    if shown and (not shown.startswith("{") or len(shown) > MAX_SHOWN_BODY):
        shown = said
    phrase = f" {HTTPStatus(status).phrase}" if status in _STATUSES else ""
    return f"Request failed with status code: {status}{phrase}" + (f". {shown}" if shown else "")


def content_type(response: Response) -> str:
    value = next((value for name, value in response.headers if name == "content-type"), "")
    return value.partition(";")[0].strip().lower()
