"""The routes: one function each, from a request to what `runs` does and back. Nothing here starts a server."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from hashlib import sha256
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from .._version import __version__
from ..clientgen.openapi import Version, document, text
from ..embed import AsyncRuntime, CallContext, Program, to_plain
from ..embed.request_text import as_json
from ..embed.tagged import tagged
from . import page
from .bodies import read_object
from .doorkeeper import Doorkeeper, owner_of
from .errors import Problem, refused
from .events import PROTOCOL, report_data
from .forms import Form
from .guard import Guard
from .limits import PATIENCE, Limits, OnDisconnect
from .options import context_for
from .passed_on import by_key, by_run
from .peers import summed
from .runs import Run, Store, Verb, Wanted
from .service import Service, Settings
from .streamed import Streamed
from .wanted_form import form_for, wants_tags
from .wire import compact

OPTIONS_KEY = "__baml_options__"
MAX_ID_LENGTH = 20  # digits of the number of an event: more than any run has


def app(
    program: Program,
    *,
    runtime: AsyncRuntime | None = None,
    token: str | Sequence[str] | None = None,
    allow_hosts: Sequence[str] = (),
    cors: Sequence[str] = (),
    limits: Limits | None = None,
    on_disconnect: OnDisconnect = "grace",
    context: Callable[[Request], Awaitable[CallContext]] | None = None,
    on_start: Callable[[Run], object] | None = None,
    on_end: Callable[[Run], object] | None = None,
    store: Store | None = None,
) -> Starlette:
    """A program as an application of ASGI, to be served or to be mounted in another one.

    A mounted application hears of no lifespan: `await app.state.close()` cancels what goes on. `context` gives
    each call its options, by its request; the hooks hear of runs. `allow_hosts` are the names that it answers to
    beside those of this machine, `["*"]` if its host looks at them already.
    """
    tokens = [token] if isinstance(token, str) else list(token or ())
    settings = Settings(
        guard=Guard(tokens, allow_hosts, cors),
        limits=limits or Limits(),
        on_disconnect=on_disconnect,
        context=context,
        on_start=on_start,
        on_end=on_end,
    )
    return application(Service(settings, program, runtime, store=store))


def application(service: Service) -> Starlette:
    @asynccontextmanager
    async def lifespan(made: Starlette) -> AsyncIterator[None]:
        yield
        await service.close()

    made = Starlette(routes=_ROUTES, lifespan=lifespan, exception_handlers={HTTPException: _starlette_says})
    made.add_middleware(Doorkeeper, service=service)
    made.state.service = service
    made.state.close = service.close
    return made


# --- calling


@by_key
async def call(request: Request) -> Response:
    write = _writer(request)
    run = await _started(request, "call")
    with run.attended():
        # Whoever is first: a caller that has gone away leaves the run to its patience.
        gone = asyncio.ensure_future(_wait_disconnect(request))
        ended = asyncio.ensure_future(run.wait_end())
        try:
            await asyncio.wait((gone, ended), return_when=asyncio.FIRST_COMPLETED)
        finally:
            # Not waited for: neither holds anything, and the run itself is not cancelled by it.
            gone.cancel()
            ended.cancel()
    headers = _headers_of(run)
    if run.problem is not None:
        return answer(run.problem, run.id, headers)
    if not run.is_over:
        return Response(status_code=499)  # nobody reads it
    return _json(write(run.end.value), headers=headers)


@by_key
async def stream(request: Request) -> Response:
    form = _form(request)  # before there is a run, which a mistake in the form would leave alone
    return _streamed(request, await _started(request, "stream"), form, 0)


async def _started(request: Request, verb: Verb) -> Run:
    """Raises `Refused`, and what the context of the host or binding the arguments raises."""
    service = _service(request)
    function = service.function(request.path_params["function"])
    body = await read_object(request.headers.get("content-type", ""), request.stream(), service.settings.limits)
    digest = sha256(compact([verb, function, body]).encode()).hexdigest()
    context = await service.settings.context(request) if service.settings.context else CallContext()
    if OPTIONS_KEY in body:
        allowed = service.settings.allowed_options
        context = context_for(body.pop(OPTIONS_KEY), service.program, allowed, context)
    if request.query_params.get("lenient") == "1":
        body = _declared(service.program, function, body)
    wanted = Wanted(
        verb=verb,
        function=function,
        arguments=body,
        context=context,
        owner=owner_of(request.scope),
        on_disconnect=_patience(request, service.settings.on_disconnect),
        key=request.headers.get("idempotency-key"),
        digest=digest,
    )
    run = service.desk.start(service.runtime, wanted)
    request.scope["bamlet.run"] = run
    return run


def _declared(program: Program, function: str, body: Mapping[str, Any]) -> dict[str, Any]:
    names = {param.name for param in program.interface.functions[function].params}
    return {name: value for name, value in body.items() if name in names}


def _patience(request: Request, most: OnDisconnect) -> OnDisconnect:
    """What a request asks for, within what the server allows."""
    wanted = request.query_params.get("on_disconnect", most)
    known: dict[str, OnDisconnect] = {name: name for name in PATIENCE}
    if wanted not in known or PATIENCE.index(known[wanted]) > PATIENCE.index(most):
        allowed = ", ".join(PATIENCE[: PATIENCE.index(most) + 1])
        raise refused(400, "bad_request", f"`on_disconnect` is one of {allowed}, not `{wanted}`")
    return known[wanted]


async def _wait_disconnect(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass


def _form(request: Request) -> Form:
    query = request.query_params
    accept = request.headers.get("accept", "")
    has_tags = wants_tags(request.headers.get("bamlet-types"))
    return form_for(accept, query.get("events"), query.get("patch"), query.get("as"), has_tags=has_tags)


def _writer(request: Request) -> Callable[[Any], Any]:
    """What makes JSON of a value of the program, in the form that is asked for."""
    return tagged if wants_tags(request.headers.get("bamlet-types")) else to_plain


def _streamed(request: Request, run: Run, form: Form, after: int) -> Streamed:
    service = _service(request)
    limits = service.settings.limits
    return Streamed(
        run,
        form,
        service.metrics,
        after=after,
        heartbeat=limits.heartbeat,
        stall=limits.stall,
        headers=_headers_of(run),
    )


def _headers_of(run: Run) -> dict[str, str]:
    return {"Bamlet-Run-Id": run.id, "Bamlet-Protocol": str(PROTOCOL)}


# --- runs


@by_run
async def run_state(request: Request) -> Response:
    return _json(_found(request).described())


@by_run
async def run_events(request: Request) -> Response:
    run = _found(request)
    given = request.headers.get("last-event-id") or request.query_params.get("after") or "0"
    if not given.isascii() or not given.isdigit():
        raise refused(400, "bad_request", "Last-Event-ID is the number of an event")
    form = _form(request)
    # Of one that is longer the beginning will do: no run has come so far, and it starts over.
    after = int(given[:MAX_ID_LENGTH]) if form.is_numbered else 0
    if request.method != "HEAD":
        _service(request).metrics.resumes["resumed" if after else "from the start"] += 1
    return _streamed(request, run, form, after)


@by_run
async def run_delete(request: Request) -> Response:
    run = _found(request)
    if run.is_over:
        return _json({"id": run.id, "state": run.state})
    run.cancel()
    return _json({"id": run.id, "state": "cancelled"}, status=202)


def _found(request: Request) -> Run:
    run = _service(request).desk.find(request.path_params["run"], owner_of(request.scope))
    request.scope["bamlet.run"] = run
    return run


# --- parts of a call


async def parse(request: Request) -> Response:
    write = _writer(request)
    service = _service(request)
    function = service.function(request.path_params["function"])
    if service.program.interface.functions[function].llm is None:
        raise refused(400, "invalid_argument", f"`{function}` asks no model, so it has no answer to read")
    body = await read_object(request.headers.get("content-type", ""), request.stream(), service.settings.limits)
    said = body.get("text")
    if not isinstance(said, str):
        raise refused(400, "bad_request", '`text` is the model\'s answer: {"text": "…"}')
    if body.get("partial"):
        return _json({"value": write(service.runtime.parse_partial(function, said)), "report": None})
    found = service.runtime.parse_with_report(function, said)
    return _json({"value": write(found.value), "report": report_data(found.report)})


async def provider_request(request: Request) -> Response:
    service = _service(request)
    if "request" not in service.settings.allowed_options:
        raise refused(403, "forbidden", "this server shows no requests; --allow-options request would let it")
    function = service.function(request.path_params["function"])
    body = await read_object(request.headers.get("content-type", ""), request.stream(), service.settings.limits)
    async with service.lend() as runtime:
        made = await runtime.request(function, body)
    return _json(as_json(made, {}))


# --- the server


async def healthz(request: Request) -> Response:
    return PlainTextResponse("ok")


async def readyz(request: Request) -> Response:
    service = _service(request)
    if service.desk.is_draining:
        return _json({"ready": False, "why": "draining"}, status=503)
    if service.broken is not None:
        return _json({"ready": False, "why": "the program does not compile"}, status=503)
    return _json({"ready": True})


async def metrics(request: Request) -> Response:
    service = _service(request)
    if not service.settings.metrics:
        raise refused(404, "not_found", "this server shows no metrics; --metrics would let it")
    told = service.metrics.text(service.desk, service.open_handles)
    if service.peers is not None and not service.peers.is_passed_on(request.scope):
        others = await service.peers.ask_others(request.scope)
        told = summed([told, *(text.decode() for text in others)])
    return PlainTextResponse(told, media_type="text/plain; version=0.0.4")


async def openapi(request: Request) -> Response:
    service = _service(request)
    versions: dict[str, Version] = {"3.1": "3.1", "3.2": "3.2"}
    wanted = versions.get(request.query_params.get("version", "3.1"))
    if wanted is None:
        raise refused(400, "bad_request", f"`version` is one of {', '.join(versions)}")
    made = document(
        service.program.interface,
        version=wanted,
        # Not `base_url`: of a mounted application that is the address of its host.
        server=str(request.url.replace(path=request.scope.get("root_path", ""), query="")).rstrip("/"),
        functions=service.functions,
        has_token=bool(service.settings.guard.tokens),
    )
    return Response(text(made), media_type="application/json")


async def docs(request: Request) -> Response:
    return page.answer("docs.html")


async def docs_style(request: Request) -> Response:
    return page.answer("docs.css")


async def docs_script(request: Request) -> Response:
    return page.answer("docs.js")


async def ping(request: Request) -> Response:
    return PlainTextResponse(f"pong (from bamlet v{__version__})")


async def status(request: Request) -> Response:
    guard = _service(request).settings.guard
    if not guard.tokens:
        return _json({"authz": {"enforcement": "none"}})
    if guard.owner(request.headers) is not None:
        return _json({"authz": {"enforcement": "active", "outcome": "pass"}})
    outcome = {"enforcement": "active", "outcome": "fail", "reason": "no token that counts"}
    return _json({"authz": outcome}, status=403)


# --- answers


def answer(problem: Problem, run: str | None = None, headers: Mapping[str, str] | None = None) -> Response:
    return _json(problem.body(run), status=problem.status, headers={**(headers or {}), **problem.headers})


def _json(data: Any, *, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    return Response(compact(data), status, headers=dict(headers or {}), media_type="application/json")


async def _starlette_says(request: Request, failure: Exception) -> Response:
    assert isinstance(failure, HTTPException)
    told = f"there is no {request.method} {request.url.path}"
    slug = "not_found" if failure.status_code == 404 else "bad_request"
    return answer(Problem(failure.status_code, slug, told, headers=failure.headers or {}))


def _service(request: Request) -> Service:
    service: Service = request.app.state.service
    return service


_ROUTES = [
    Route("/call/{function}", call, methods=["POST"]),
    Route("/stream/{function}", stream, methods=["POST"]),
    Route("/parse/{function}", parse, methods=["POST"]),
    Route("/request/{function}", provider_request, methods=["POST"]),
    Route("/runs/{run}", run_state, methods=["GET"]),
    Route("/runs/{run}", run_delete, methods=["DELETE"]),
    Route("/runs/{run}/events", run_events, methods=["GET"]),
    Route("/healthz", healthz),
    Route("/readyz", readyz),
    Route("/metrics", metrics),
    Route("/openapi.json", openapi),
    Route("/docs", docs),
    Route("/docs/page.css", docs_style),
    Route("/docs/page.js", docs_script),
    Route("/_debug/ping", ping),
    Route("/_debug/status", status),
]
