"""Providers' errors: a status, its headers and body, or an error inside a stream, to one `ProviderError`."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any, Literal, TypeAlias

from ..patterns import pattern
from ..records import dataclass

ErrorKind: TypeAlias = Literal[
    "http_error", "provider_error", "truncated", "empty_response", "protocol_error", "degenerate"
]

MAX_MESSAGE = 300

_NO_RETRY_CODES = frozenset(("insufficient_quota", "billing_hard_limit_reached", "enforced_spend_limit_reached"))
_RETRIED_BELOW_500 = frozenset((408, 409, 424, 425, 429, 498, 499))
_TRANSIENT = pattern(
    r"overloaded|server_error|internal|rate.?limit|too.?many.?requests|unavailable|throttl|timeout|capacity|api_error",
    re.IGNORECASE,
)
_PERMANENT = pattern(
    r"invalid|bad.?request|authenti|permission|forbidden|not.?found|validation|quota|billing|unsupported|too_large",
    re.IGNORECASE,
)

_SECONDS = pattern(r"(\d{1,9}(?:\.\d{1,9})?)s")


class ProviderError(Exception):
    """An answer that is no answer. `retryable` is None where nothing says whether another try could help."""

    def __init__(
        self,
        kind: ErrorKind,
        message: str,
        *,
        type: str | None = None,
        code: str | int | None = None,
        status: int | None = None,
        retryable: bool | None = None,
        retry_after_ms: int | None = None,
    ) -> None:
        super().__init__(message)
        self.kind = kind
        self.message = message
        self.type = type
        self.code = code
        self.status = status
        self.retryable = retryable
        self.retry_after_ms = retry_after_ms


@dataclass(frozen=True, slots=True)
class ErrorBody:
    """What an error's JSON says, in any of the shapes that are about."""

    message: str
    type: str | None = None
    code: str | int | None = None
    status: int | None = None
    retry_after_ms: int | None = None


def http_error(status: int, headers: Iterable[tuple[str, str]], body: bytes | str) -> ProviderError:
    """The error that a response with a status of 400 or more stands for."""
    text = body if isinstance(body, str) else body.decode("utf-8", "replace")
    read = read_error_text(text)
    named = {name.lower(): value for name, value in headers}
    wait = retry_after_ms(named)
    retryable = {"true": True, "false": False}.get(named.get("x-should-retry", "").lower())
    if retryable is None:
        retryable = status_is_retryable(status) and read.code not in _NO_RETRY_CODES
    return ProviderError(
        "http_error",
        read.message or f"the provider answered with status {status}",
        type=named.get("x-amzn-errortype", "").partition(":")[0] or read.type,
        code=read.code,
        status=status,
        retryable=retryable,
        retry_after_ms=read.retry_after_ms if wait is None else wait,
    )


def stream_error(error: ErrorBody) -> ProviderError:
    """An error that came inside a stream or a body with status 200."""
    return ProviderError(
        "provider_error",
        error.message,
        type=error.type,
        code=error.code,
        status=error.status,
        retryable=_is_transient(error),
        retry_after_ms=error.retry_after_ms,
    )


def status_is_retryable(status: int) -> bool:
    return status >= 500 or status in _RETRIED_BELOW_500


def read_error_text(text: str) -> ErrorBody:
    """A body that may be JSON, an event stream with an error in it, or anything else."""
    stripped = text.strip()
    if stripped.startswith(("data:", "event:", ":")):
        stripped = next((line[5:] for line in stripped.split("\n") if line.startswith("data:")), stripped)
    try:
        value = json.loads(stripped)
    except (ValueError, RecursionError):
        return ErrorBody(stripped[:MAX_MESSAGE])
    return read_error(value) or ErrorBody(stripped[:MAX_MESSAGE])


def read_error(value: Any) -> ErrorBody | None:
    """The error that a JSON value reports; None if it reports none."""
    if isinstance(value, list):
        return read_error(value[0]) if value else None
    if isinstance(value, str):
        return ErrorBody(value) if value else None
    if not isinstance(value, dict):
        return None
    error = value.get("error")
    if isinstance(error, dict) and error:
        return _from_fields(error)
    if isinstance(error, str) and error:
        return ErrorBody(error)
    return _from_fields(value)


def retry_after_ms(headers: Mapping[str, str]) -> int | None:
    """What the server asks to wait; its date form counts from the server's own clock."""
    for name, factor in (("retry-after-ms", 1.0), ("retry-after", 1000.0)):
        try:
            wait = float(headers[name]) * factor
        except (KeyError, ValueError):
            continue
        if 0 <= wait < float("inf"):
            return round(wait)
    # A tenth of our import time, for a header that hardly anybody sends.
    from email.utils import parsedate_to_datetime

    try:
        until = parsedate_to_datetime(headers["retry-after"])
        return max(0, round((until - parsedate_to_datetime(headers["date"])).total_seconds() * 1000))
    except (KeyError, ValueError, TypeError):
        return None


def _from_fields(error: Mapping[str, Any]) -> ErrorBody | None:
    message, kind, code = _message(error), _kind(error), _code(error)
    if message is None and not (code or kind):
        return None
    status = error.get("status_code", error.get("statusCode"))
    return ErrorBody(
        message or str(kind or code),
        kind,
        code,
        status if isinstance(status, int) else None,
        _retry_info_ms(error.get("details")),
    )


def _kind(error: Mapping[str, Any]) -> str | None:
    """OpenAI and Anthropic call it `type`, Google `status`, and AWS `__type`, behind a name space."""
    for name in ("type", "status", "__type"):
        kind = error.get(name)
        # An event that is an error says so in its type, and nothing about which.
        if isinstance(kind, str) and kind and kind != "error":
            return kind.rpartition("#")[2]
    return None


def _code(error: Mapping[str, Any]) -> str | int | None:
    details = error.get("details")
    for code in (error.get("code"), details.get("error_code") if isinstance(details, Mapping) else None):
        if isinstance(code, str | int) and not isinstance(code, bool):
            return code
    return None


def _retry_info_ms(details: Any) -> int | None:
    """Google's wait: `{"@type": "…RetryInfo", "retryDelay": "13.5s"}` among the details."""
    for detail in details if isinstance(details, list) else ():
        delay = detail.get("retryDelay") if isinstance(detail, Mapping) else None
        if isinstance(delay, str) and (found := _SECONDS.fullmatch(delay)):
            return round(float(found[1]) * 1000)
    return None


def _message(error: Mapping[str, Any]) -> str | None:
    detail, errors = error.get("detail"), error.get("errors")
    candidates = [
        error.get("message"),
        error.get("Message"),
        detail[0].get("msg") if isinstance(detail, list) and detail and isinstance(detail[0], dict) else detail,
        errors[0].get("message") if isinstance(errors, list) and errors and isinstance(errors[0], dict) else None,
    ]
    return next((text for text in candidates if isinstance(text, str) and text), None)


def _is_transient(error: ErrorBody) -> bool | None:
    if error.code in _NO_RETRY_CODES:
        return False
    for number in (error.status, error.code):
        if isinstance(number, int) or (isinstance(number, str) and number.isdecimal()):
            return status_is_retryable(int(number))
    words = f"{error.type or ''} {error.code or ''}"
    if _PERMANENT.search(words):
        return False
    return True if _TRANSIENT.search(words) else None
