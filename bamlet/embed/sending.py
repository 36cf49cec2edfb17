"""A request of the host's own over the transport of a runtime: cassettes, proxies and limits hold for it, too."""

from __future__ import annotations

import asyncio

from ..options.timeouts import Timeouts
from ..sysops.exchange import MAX_ANSWER, read_whole
from ..sysops.host import Services
from ..sysops.registry import Failure
from ..wire.message import BrokenBody, ConnectTimeout, NoAnswer, Request, TransportError
from .errors import BamlClientConnectionError, BamlTimeoutError
from .host_errors import BROKEN_OFF, REFUSED
from .request import HTTPBody, HTTPRequest, HTTPResponse


async def sent(services: Services, request: HTTPRequest, max_bytes: int | None) -> HTTPResponse:
    """Whatever the status is. Raises `BamlClientConnectionError` and `BamlTimeoutError`."""
    limits = Timeouts()
    try:
        async with asyncio.timeout(limits.request) as timer:
            return await _exchanged(services, request, limits, max_bytes)
    except TimeoutError:
        if not timer.expired():
            raise
        raise _timeout("request", limits.request) from None
    except ConnectTimeout:
        raise _timeout("connect", limits.connect) from None
    except (TransportError, Failure) as failure:
        status = BROKEN_OFF if isinstance(failure, NoAnswer | BrokenBody | Failure) else REFUSED
        raise BamlClientConnectionError(None, str(failure), status) from failure


async def _exchanged(
    services: Services, request: HTTPRequest, limits: Timeouts, max_bytes: int | None
) -> HTTPResponse:
    wire = Request(request.method, request.url, tuple(request.headers.items()), request.body.raw())
    response = await services.transport_here().open(wire, connect_timeout=limits.connect)
    try:
        return HTTPResponse(
            response.status,
            dict(response.headers),
            HTTPBody(await read_whole(response, most=max_bytes or MAX_ANSWER)),
        )
    finally:
        await response.aclose()


def _timeout(name: str, seconds: float | None) -> BamlTimeoutError:
    limit = round((seconds or 0) * 1000)
    message = f"the request took longer than {limit} ms ({name})"
    return BamlTimeoutError(None, message, timeout_type=name, configured_value_ms=limit, elapsed_ms=limit)
