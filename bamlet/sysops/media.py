"""Media that a provider takes by their bytes only: fetched, whoever wrote the URL, within limits."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Iterable
from urllib.parse import urljoin, urlsplit

from ..interpreter.runtime.values import Opaque
from ..prompt import Media, Prompt
from ..records import dataclass
from ..wire.message import InvalidRequest, Request, Response, Transport
from .clients import Primitive
from .deadlines import Deadlines
from .exchange import failure_of, is_success, now, within
from .host import Context, MediaLimits
from .registry import Failure, sysop

_REDIRECTS = (301, 302, 303, 307, 308)


@sysop("baml.llm.PrimitiveClient.fetch_media", throws=("Io", "Timeout", "InvalidArgument"))
async def fetch_media(context: Context, client: Opaque, prompt: Opaque) -> Opaque:
    primitive: Primitive = client.payload
    rendered: Prompt = prompt.payload
    wanted = primitive.dialect.media_to_fetch(primitive.options, rendered)
    if not wanted:
        return prompt
    from ..providers.media import with_fetched

    services = context.host.services
    # Not said at the registration: where nothing has to be fetched, nothing is denied.
    services.check("net", "fetching media")
    work = _Fetch(services.transport_here(), services.media, primitive.options.name)
    found = await work.all(wanted)
    return Opaque("baml.llm.Prompt", with_fetched(rendered, dict(zip(wanted, found, strict=True))))


@dataclass(slots=True)
class _Fetch:
    """All that one prompt needs. `received` are the bytes of all so far."""

    transport: Transport
    limits: MediaLimits
    client_name: str
    received: int = 0

    async def all(self, wanted: Iterable[Media]) -> list[Media]:
        """At once. The first that fails stops the others, for the prompt cannot be sent."""
        tasks = [asyncio.create_task(self.media(media)) for media in wanted]
        try:
            # When we are cancelled it cancels them, and raises when all have ended. When one fails it does not.
            return await asyncio.gather(*tasks)
        finally:
            for task in tasks:
                task.cancel()
            # Until each has closed its connection, and nothing that one raises is lost on the loop.
            await asyncio.gather(*tasks, return_exceptions=True)

    async def media(self, media: Media) -> Media:
        from ..wire.media_types import SNIFFED_BYTES, may_be, sniff

        assert media.url is not None
        data = await self._bytes(media.url)
        found = sniff(data[:SNIFFED_BYTES])
        if found is not None and not may_be(found, media.kind):
            raise self._refused(f"what {_shown(media.url)} holds is {found}, and no {media.kind}")
        media_type = media.media_type or found
        if media_type is None:
            raise self._refused(
                f"what {_shown(media.url)} holds is none of the known kinds of {media.kind}; say its media_type"
            )
        return Media(media.kind, base64=base64.b64encode(data).decode("ascii"), media_type=media_type)

    async def _bytes(self, url: str) -> bytes:
        seconds, started = self.limits.seconds, now()
        limits = dict.fromkeys(("connect", "first_token", "idle", "total"), None)
        deadlines = Deadlines(started, started, {**limits, "request": seconds}, self.client_name)
        with within(deadlines, deadlines.for_whole()):
            for _ in range(self.limits.redirects + 1):
                response = await self._open(url)
                try:
                    if response.status not in _REDIRECTS:
                        return await self._read(url, response)
                    url = self._redirected(url, response)
                finally:
                    await response.aclose()
        raise self._refused(f"{_shown(url)} is the last of more than {self.limits.redirects} redirects")

    async def _open(self, url: str) -> Response:
        if urlsplit(url).scheme.lower() not in ("http", "https"):
            raise self._refused(f"{_shown(url)} cannot be fetched: it is no http or https URL")
        request = Request("GET", url, (("accept", "*/*"),), public_only=not self.limits.private_addresses)
        try:
            return await self.transport.open(request, connect_timeout=None)
        except InvalidRequest as failure:
            raise self._refused(f"{_shown(url)} is not fetched: {failure}") from failure
        except Exception as failure:
            raise failure_of(failure) from failure

    def _redirected(self, url: str, response: Response) -> str:
        """Each place is looked at like the first, and none is less safe than the one before."""
        target = urljoin(url, next(iter(_fields(response, "location")), ""))
        if urlsplit(url).scheme == "https" and urlsplit(target).scheme != "https":
            raise self._refused(f"{_shown(url)} leads to {_shown(target)}, which is not encrypted")
        return target

    async def _read(self, url: str, response: Response) -> bytes:
        if not is_success(response):
            kind = "Io" if response.status >= 500 else "InvalidArgument"
            raise Failure(
                kind, f"client `{self.client_name}`: {_shown(url)} answered with status {response.status}"
            )
        announced = next(iter(_fields(response, "content-length")), "")
        if announced.isascii() and announced.isdigit() and int(announced) > self.limits.max_bytes:
            raise self._too_large(url)
        parts, size = [], 0
        try:
            async for chunk in response.chunks():
                size += len(chunk)
                self.received += len(chunk)
                if size > self.limits.max_bytes:
                    raise self._too_large(url)
                if self.received > self.limits.total_bytes:
                    raise self._refused(
                        f"the media of the prompt hold more than {self.limits.total_bytes:,} bytes"
                    )
                parts.append(chunk)
        except Failure:
            raise
        except Exception as failure:
            raise failure_of(failure) from failure
        return b"".join(parts)

    def _too_large(self, url: str) -> Failure:
        return self._refused(f"{_shown(url)} holds more than {self.limits.max_bytes:,} bytes")

    def _refused(self, message: str) -> Failure:
        return Failure("InvalidArgument", f"client `{self.client_name}`: {message}")


def _fields(response: Response, name: str) -> Iterable[str]:
    return (value for field, value in response.headers if field == name)


def _shown(url: str) -> str:
    """Without what may be a key in it."""
    from ..wire.redact import redact_url

    return redact_url(url)
