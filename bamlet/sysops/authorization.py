"""The last thing that a request may need: a token that is lent for some time, or a signature of its bytes."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from ..interpreter.runtime.values import Opaque
from ..providers import ClientConfigError, read_error_text, without_key
from ..records import dataclass
from ..wire.message import Request, Transport, TransportError
from .clients import Primitive, missing_key
from .credential_files import aws_profile, google_default_credentials
from .deadlines import Deadlines
from .exchange import failure_of, is_success, now, read_some, within
from .host import Context, Host, client_variable
from .lent import NotLent
from .registry import Failure, sysop

EXCHANGE_SECONDS = 10.0
METADATA_SECONDS = 2.0
"""For servers that are a hop away, or do not exist."""
MAX_TOKEN_BYTES = 64 << 10
_METADATA = ("http://169.254.", "http://metadata.google.internal/")
_AWS_SERVICE = "bedrock"
_AWS_VARIABLES = (
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN",
)


@sysop("baml.llm.PrimitiveClient.authorize", throws=("Io", "Timeout", "InvalidArgument", "LlmClient"))
async def authorize(context: Context, client: Opaque, request: Any) -> Any:
    primitive: Primitive = client.payload
    options = primitive.options
    if options.needs_key and (remedy := without_key(options, request.headers)) is not None:
        raise missing_key(options.name, f"client `{options.name}`: there is no api_key; {remedy}")
    way = _WAYS.get(primitive.dialect.authorization or "")
    if way is None or any(name.lower() in _KEY_HEADERS for name in request.headers):
        return request
    # Credentials must not be recorded, and what is replayed needs none.
    transport = context.host.services.transport_here()
    unrecorded: Transport | None = getattr(transport, "unrecorded", transport)
    if unrecorded is None:
        return request
    wire = Request(request.method, request.url, tuple(request.headers.items()), request.body.encode())
    try:
        authorized = await way(_Work(context, primitive, unrecorded), wire)
    except ClientConfigError as failure:
        raise Failure("InvalidArgument", str(failure)) from failure
    fields = {name: getattr(request, name) for name in ("method", "url", "body", "timeouts", "client_name")}
    return context.space.instance("baml.http.Request", {**fields, "headers": dict(authorized.headers)})


@sysop("baml.llm.PrimitiveClient.signs_requests")
def signs_requests(context: Context, client: Opaque) -> bool:
    primitive: Primitive = client.payload
    return primitive.dialect.authorization == "aws"


_KEY_HEADERS = ("authorization", "x-goog-api-key")


@dataclass(frozen=True, slots=True)
class _Work:
    context: Context
    primitive: Primitive
    transport: Transport

    @property
    def host(self) -> Host:
        return self.context.host

    @property
    def client_name(self) -> str:
        return self.primitive.options.name

    def unix(self) -> float:
        """The time of day, for what is signed or lent."""
        return self.host.services.clock.unix()

    async def lent(self, key: Any, ask: Callable[[], Awaitable[tuple[Any, float]]]) -> Any:
        services = self.host.services
        return await services.lent.get(key, services.clock.now, ask)

    def check(self, request: Request) -> None:
        """Before anything is asked for or read: what a host must not have is not got for it."""
        try:
            self.host.services.lent.check(self.primitive.dialect.authorization or "", request.url)
        except NotLent as failure:
            raise Failure("InvalidArgument", f"client `{self.client_name}`: {failure}") from failure

    async def lent_token(self, owner: str, key: Any, ask: Callable[[], Awaitable[tuple[Any, float]]]) -> str:
        """What stands for the token until the request goes out."""
        await self.lent((owner, key), ask)
        return self.host.services.lent.stand_in((owner, key), owner)

    def ask_the_machine(self) -> None:
        """What a machine lends to whoever runs on it is of its environment."""
        self.host.services.check("env", "what this machine lends")

    async def fetch(self, request: Request) -> bytes:
        """A small answer of a server that lends; what goes wrong says which, and shows no secret."""
        started = now()
        limits = dict.fromkeys(("first_token", "idle", "total"), None)
        limit = METADATA_SECONDS if request.url.startswith(_METADATA) else EXCHANGE_SECONDS
        deadlines = Deadlines(started, started, {**limits, "connect": limit, "request": limit}, self.client_name)
        with within(deadlines, deadlines.for_whole()):
            try:
                response = await self.transport.open(request, connect_timeout=limit)
            except TransportError as failure:
                raise failure_of(failure, self.host.hide) from failure
            try:
                body = await read_some(response, MAX_TOKEN_BYTES)
            finally:
                await response.aclose()
        if not is_success(response):
            said = read_error_text(body.decode("utf-8", "replace")).message
            message = f"client `{self.client_name}`: {request.url} answered with status {response.status}: {said}"
            raise Failure("Io" if response.status >= 500 else "InvalidArgument", message)
        return body


# --- Google


async def _with_token(work: _Work, request: Request) -> Request:
    from ..providers.vertex import is_express

    if is_express(work.primitive.options):
        return request
    work.check(request)
    token = await _google_token(work)
    return _with_header(request, "authorization", f"Bearer {token}")


async def _google_token(work: _Work) -> str:
    from ..providers.google_tokens import METADATA_REQUEST, token_request
    from ..providers.tokens import read_token
    from ..providers.vertex import given_credentials

    found = given_credentials(work.primitive.options)
    if found is None and (text := google_default_credentials(work.context)) is not None:
        found = _gcloud_credentials(work, text)

    async def ask() -> tuple[str, float]:
        if found is None:
            work.ask_the_machine()
            request = METADATA_REQUEST
        else:
            request = token_request(work.client_name, found, int(work.unix()))
        try:
            token = read_token(work.client_name, await work.fetch(request))
        except Failure as failure:
            raise _without_credentials(work, failure) if found is None else failure from failure
        return token.value, token.lifetime_seconds

    key = found and _digest(json.dumps(found, sort_keys=True).encode())
    return await work.lent_token("google", key, ask)


def _gcloud_credentials(work: _Work, text: str) -> Mapping[str, object]:
    from ..providers.client import credentials

    try:
        return credentials(text)
    except ValueError as failure:
        raise ClientConfigError(
            f"client `{work.client_name}`: the credentials that gcloud has left here are no JSON object; run"
            " `gcloud auth application-default login` again"
        ) from failure


def _without_credentials(work: _Work, failure: Failure) -> Failure:
    """Nobody means the metadata server who runs this at home."""
    return missing_key(
        work.client_name,
        f"client `{work.client_name}`: there are no Google credentials; give credentials or a token, or set"
        f" GOOGLE_APPLICATION_CREDENTIALS ({failure})",
    )


# --- Azure


async def _with_entra_token(work: _Work, request: Request) -> Request:
    from ..providers.azure import token_request
    from ..providers.tokens import read_token

    asks = token_request(work.primitive.options)
    if asks is None:
        return request
    work.check(request)

    async def ask() -> tuple[str, float]:
        token = read_token(work.client_name, await work.fetch(asks))
        return token.value, token.lifetime_seconds

    token = await work.lent_token("azure", (asks.url, _digest(asks.body)), ask)
    return _with_header(request, "authorization", f"Bearer {token}")


# --- AWS


async def _with_signature(work: _Work, request: Request) -> Request:
    from ..wire.signing import Scope, signed

    region = work.primitive.options.own["region"]
    if not region:
        raise ClientConfigError(
            f"client `{work.client_name}`: a signature needs a region, beside endpoint_url too"
        )
    key = await _aws_key(work, request)
    time = datetime.fromtimestamp(work.unix(), UTC).strftime("%Y%m%dT%H%M%SZ")
    return signed(request, key, Scope(region, _AWS_SERVICE, time))


async def _aws_key(work: _Work, request: Request) -> Any:
    """The first that there is of: options and environment, a profile, the container's key, the machine's.

    A key of the options signs for whatever endpoint they name, as any other key goes to its client's base_url.
    """
    from ..providers.aws_keys import (
        SESSION_REQUEST,
        USUAL_LIFETIME,
        LentKey,
        container_request,
        instance_request,
        read_lent_key,
    )
    from ..wire.signing import AwsKey

    own = work.primitive.options.own
    if own["access_key_id"] and own["secret_access_key"]:
        return AwsKey(own["access_key_id"], own["secret_access_key"], own["session_token"])
    work.check(request)
    if (key := aws_profile(work.context, own["profile"]).key(work.client_name)) is not None:
        return key
    told = {name: client_variable(work.context, name) for name in _AWS_VARIABLES}

    def lasting(lent: LentKey) -> tuple[AwsKey, float]:
        seconds = USUAL_LIFETIME if lent.expires is None else lent.expires - work.unix()
        return lent.key, seconds

    async def ask_container() -> tuple[AwsKey, float]:
        assert in_container is not None
        return lasting(read_lent_key(work.client_name, await work.fetch(in_container)))

    async def ask_machine() -> tuple[AwsKey, float]:
        work.ask_the_machine()
        session = (await work.fetch(SESSION_REQUEST)).decode()
        role = (await work.fetch(instance_request(session))).decode().split("\n")[0]
        return lasting(read_lent_key(work.client_name, await work.fetch(instance_request(session, role))))

    if (in_container := container_request(told)) is not None:
        return await work.lent(("aws", in_container.url), ask_container)
    try:
        if client_variable(work.context, "AWS_EC2_METADATA_DISABLED") == "true":
            raise Failure("Io", "the metadata of the machine are not to be asked")
        return await work.lent(("aws", None), ask_machine)
    except Failure as failure:
        raise missing_key(
            work.client_name,
            f"client `{work.client_name}`: there are no AWS credentials; set AWS_ACCESS_KEY_ID and"
            f" AWS_SECRET_ACCESS_KEY, or give a profile ({failure})",
        ) from failure


def _digest(secret: bytes) -> bytes:
    """Tells credentials apart in the table of what is lent, which outlives the call: no key may stand in it."""
    return hashlib.sha256(secret).digest()


def _with_header(request: Request, name: str, value: str) -> Request:
    return Request(request.method, request.url, (*request.headers, (name, value)), request.body)


_WAYS: Mapping[str, Callable[[_Work, Request], Awaitable[Request]]] = {
    "google": _with_token,
    "aws": _with_signature,
    "azure": _with_entra_token,
}
