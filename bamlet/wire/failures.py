"""Failures of httpx as `TransportError`s in words for people; and what a failure of the system says."""

from __future__ import annotations

import os
import re
import socket
import ssl
from typing import NoReturn

import httpx

from .message import (
    BrokenBody,
    ConnectError,
    ConnectionReset,
    ConnectTimeout,
    InvalidRequest,
    NoAnswer,
    ProtocolError,
    TransportError,
)
from .proxies import shown

_QUOTED = re.compile(r"[:\s(]*(?:bytearray\()?(?<!\w)b?['\"]")


def raise_not_opened(
    failure: httpx.HTTPError, url: httpx.URL, proxy: str | None, connect_timeout: float | None
) -> NoReturn:
    peer = url.netloc.decode("ascii")
    if proxy is not None:
        # Often nobody remembers that a variable names one, and it is the proxy that does not answer.
        peer = f"{peer} through the proxy {shown(proxy)}"
    _forget_request(failure)
    match failure:
        case httpx.ConnectTimeout():
            limit = "the time of the system" if connect_timeout is None else f"{connect_timeout:g} s"
            raise ConnectTimeout(f"no connection to {peer} within {limit}") from failure
        case httpx.ConnectError() | httpx.ProxyError():
            raise ConnectError(f"cannot connect to {peer}: {reason_of(failure)}") from failure
        case httpx.UnsupportedProtocol() | httpx.LocalProtocolError():
            raise InvalidRequest(f"the request cannot be sent: {failure}") from failure
        case httpx.RemoteProtocolError() if not _is_disconnect(failure):
            raise ProtocolError(
                f"{peer} answered with something that is not HTTP: {said_plainly(failure)}"
            ) from failure
        case httpx.RemoteProtocolError() | httpx.NetworkError():
            raise NoAnswer(f"{peer} closed the connection without an answer") from failure
        case _:
            raise TransportError(f"the request to {peer} failed: {failure}") from failure


def raise_broken_body(failure: httpx.HTTPError) -> NoReturn:
    _forget_request(failure)
    match failure:
        case httpx.RemoteProtocolError() if _is_disconnect(failure):
            raise BrokenBody("the connection was closed before the end of the answer") from failure
        case httpx.NetworkError():
            raise ConnectionReset("the connection was reset before the end of the answer") from failure
        case httpx.ProtocolError():
            raise ProtocolError(f"the body is not framed as HTTP asks: {said_plainly(failure)}") from failure
        case _:
            raise BrokenBody(f"the answer broke off: {failure}") from failure


def _is_disconnect(failure: httpx.RemoteProtocolError) -> bool:
    """Whether the peer merely went away. httpx has one class for that and for nonsense: the text decides."""
    return str(failure).startswith(("peer closed connection", "Server disconnected"))


def _forget_request(failure: httpx.HTTPError) -> None:
    """It would go on with the failure, headers and URL, and so keys and all."""
    failure.request = None  # type: ignore[assignment]


def said_plainly(failure: Exception) -> str:
    """What is wrong, without the bytes of the peer that are quoted after it."""
    return _QUOTED.split(str(failure), maxsplit=1)[0]


def reason_of(failure: BaseException) -> str:
    """What the system said, from under the layers that wrap it."""
    cause: BaseException | None = failure
    said = str(failure)
    while cause is not None:
        if isinstance(cause, BaseExceptionGroup):
            # One address of the host after another was tried. The last is as good as any.
            cause = cause.exceptions[-1]
        match cause:
            case ssl.SSLCertVerificationError(verify_message=str() as message):
                return f"its certificate is not trusted ({message})"
            case ssl.SSLError(reason=str() as reason):
                return f"TLS failed ({reason})"
            case socket.gaierror():
                return f"the host name is unknown ({cause.strerror})"
            case OSError(errno=int() as number):
                # Not `strerror`: asyncio puts words of its own there.
                said = os.strerror(number).lower()
        cause = cause.__cause__ or cause.__context__
    return said
