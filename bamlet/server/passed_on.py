"""The answer of another process, as it comes, to a request for what that one has."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from .bodies import read
from .doorkeeper import PASSED_ON, owner_of
from .errors import not_answering, refused
from .metrics import Metrics
from .peers import SILENCE_SECONDS, PeerLost, Peers, PeerSilent
from .service import Service
from .streamed import taking

Handle = Callable[[Request], Awaitable[Response]]


class PassedOn(StreamingResponse):
    """A caller that leaves is noticed as with a stream of ours; a closed socket tells the other process."""

    def __init__(self, peers: Peers, number: int, body: bytes, metrics: Metrics, stall: float) -> None:
        super().__init__(())
        self._peers = peers
        self._number = number
        self._body = body
        self._metrics = metrics
        self._stall = stall
        self._scope: Scope = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        scope[PASSED_ON] = True
        self._scope = scope
        await super().__call__(scope, receive, send)

    async def stream_response(self, send: Send) -> None:
        begun = False
        try:
            async with self._peers.passed_on(self._scope, self._number, self._body) as answer:
                await send({"type": "http.response.start", "status": answer.status, "headers": answer.headers})
                begun = True
                async with taking(send, self._stall, self._metrics) as take:
                    async for piece in answer.body:
                        await take(piece)
        except (PeerLost, PeerSilent) as failure:
            if begun:
                return  # without an end of the body: the server closes the connection, and the reader knows
            del self._scope[PASSED_ON]
            if isinstance(failure, PeerSilent):
                raise not_answering(str(failure), SILENCE_SECONDS) from None
            raise refused(404, "run_lost", "the process that had this run is gone, and the run with it") from None
        async with taking(send, self._stall, self._metrics) as take:
            await take(b"", False)


def by_run(handle: Handle) -> Handle:
    """Of a path with a run: asked of the process that has it."""

    async def handled(request: Request) -> Response:
        service: Service = request.app.state.service
        peers = service.peers
        if peers is None or peers.is_passed_on(request.scope):
            return await handle(request)
        home = peers.home_of(request.path_params["run"])
        return await handle(request) if home == peers.number else _passed_on(service, peers, home, b"")

    return handled


def by_key(handle: Handle) -> Handle:
    """Of a path that begins a run: with a key of its caller, the process that has its run is asked."""

    async def handled(request: Request) -> Response:
        service: Service = request.app.state.service
        peers, key = service.peers, request.headers.get("idempotency-key")
        if peers is None or key is None:
            return await handle(request)
        owner = owner_of(request.scope)
        home = peers.claim(owner, key)
        if home != peers.number and not peers.is_passed_on(request.scope):
            body = await read(request.stream(), service.settings.limits)
            return _passed_on(service, peers, home, body)
        try:
            return await handle(request)
        finally:
            # A request that began no run has no claim. Its run, if there is one, gives the key back at its end.
            if home == peers.number and not service.desk.knows(owner, key):
                peers.release(owner, key)

    return handled


def _passed_on(service: Service, peers: Peers, home: int, body: bytes) -> PassedOn:
    return PassedOn(peers, home, body, service.metrics, service.settings.limits.stall)
