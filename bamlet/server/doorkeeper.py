"""What every request passes: the guard before it, problems as answers behind it, and a word that it was there."""

from __future__ import annotations

import asyncio
from typing import Any

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from .errors import Problem, Refused, problem_of
from .guard import OPEN_PATHS, slow_down, unauthorized
from .heads import is_too_long, too_long
from .runs import Run
from .service import Service
from .streamed import Stalled
from .wire import compact

PASSED_ON = "bamlet.passed_on"  # in a scope that another process answers, which also writes its line of the log


class Doorkeeper:
    def __init__(self, app: ASGIApp, service: Service) -> None:
        self._app = app
        self._service = service

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        seen = _Seen(send, self._service.settings.guard.cors(Headers(scope=scope).get("origin")))
        began = asyncio.get_running_loop().time()
        try:
            await self._answer(scope, receive, seen)
        finally:
            if self._service.settings.on_access is not None and PASSED_ON not in scope:
                elapsed = asyncio.get_running_loop().time() - began
                self._service.settings.on_access(_access(scope, seen.status, elapsed))

    async def _answer(self, scope: Scope, receive: Receive, seen: _Seen) -> None:
        headers = Headers(scope=scope)
        origin = headers.get("origin")
        problem = self._stranger(scope, headers, origin)
        if problem is None and scope["method"] == "OPTIONS" and origin is not None:
            preflight = Response(status_code=204, headers=self._service.settings.guard.preflight(origin))
            await preflight(scope, receive, seen.send)
            return
        if problem is None and _path(scope) not in OPEN_PATHS:
            problem = await self._unknown(scope, headers)
        if problem is None:
            problem = await self._served(scope, receive, seen)
        if problem is not None:
            await _as_response(problem)(scope, receive, seen.send)

    def _stranger(self, scope: Scope, headers: Headers, origin: str | None) -> Problem | None:
        if is_too_long(scope):
            return too_long()
        guard, host = self._service.settings.guard, headers.get("host", "")
        server = scope.get("server")
        port = server[1] if server is not None else None
        return guard.host_problem(host, port) or guard.origin_problem(origin, scope["scheme"], host)

    async def _unknown(self, scope: Scope, headers: Headers) -> Problem | None:
        guard = self._service.settings.guard
        if not guard.tokens:
            return None
        owner = guard.owner(headers)
        if owner is not None:
            scope["bamlet.owner"] = owner
            return None
        self._service.metrics.unauthorized += 1
        await slow_down()
        return unauthorized("a token is needed: `Authorization: Bearer …`, and this one, if any, does not count")

    async def _served(self, scope: Scope, receive: Receive, seen: _Seen) -> Problem | None:
        """The problem that is still to be told; behind the head of an answer there is no place for one."""
        try:
            await self._app(scope, receive, seen.send)
        except Refused as failure:
            return failure.problem
        except Stalled:
            return None
        except Exception as failure:
            if seen.status is not None:
                raise
            return problem_of(failure, shows_answers=self._service.settings.shows_answers)
        return None


class _Seen:
    """What went out, with the headers that a page of another origin needs."""

    def __init__(self, send: Send, cors: dict[str, str]) -> None:
        self._send = send
        self._cors = cors
        self.status: int | None = None

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            MutableHeaders(raw=message["headers"]).update(self._cors)
        await self._send(message)


def owner_of(scope: Scope) -> str | None:
    owner: str | None = scope.get("bamlet.owner")
    return owner


def _path(scope: Scope) -> str:
    path: str = scope["path"]
    return path.removeprefix(scope.get("root_path", ""))


def _as_response(problem: Problem) -> Response:
    return Response(
        compact(problem.body()), problem.status, headers=dict(problem.headers), media_type="application/json"
    )


def _access(scope: Scope, status: int | None, seconds: float) -> dict[str, Any]:
    """No arguments, no values, no query: whoever reads logs learns what was called, not what was said."""
    told: dict[str, Any] = {
        "method": scope["method"],
        "path": _path(scope),
        "status": status,
        "ms": round(seconds * 1000),
    }
    run: Run | None = scope.get("bamlet.run")
    if run is None:
        return told
    data = run.log.end.data if run.log.end is not None else {}
    return {
        **told,
        "run": run.id,
        "function": run.wanted.function,
        "first_token_ms": data.get("first_token_ms"),
        "tokens": run.recorder.usage["output_tokens"],
        "attempts": len(run.recorder.calls),
    }
