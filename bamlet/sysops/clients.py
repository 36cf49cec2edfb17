"""Clients of a program: their tree for the orchestration, and one of them ready for use."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from functools import cached_property
from typing import Any, TypeAlias, cast

from ..diagnostics import did_you_mean
from ..interpreter.runtime.context import ClientInfo as Declared
from ..interpreter.runtime.context import EnvRef
from ..interpreter.runtime.values import Opaque
from ..options.timeouts import Timeouts
from ..prompt import ClientInfo
from ..providers import ClientConfigError, ClientOptions, ClientSpec, Dialect, MissingEnv, MissingKey, dialect
from ..records import dataclass, field
from .credential_files import with_files
from .host import CLIENT_VARIABLE, Context, client_variable
from .registry import Failure, sysop

Read: TypeAlias = "Callable[[str], str | None]"

DEFAULT_TOTAL_MS = 600_000
_SECRET_OPTIONS = frozenset(
    {
        *("authorization_token", "client_secret", "secret_access_key", "session_token"),
        *("private_key", "refresh_token"),  # of Google's credentials
    }
)
_TYPES = {"fallback": "Fallback", "round-robin": "RoundRobin", "strategy": "Strategy"}


@dataclass(frozen=True)
class Primitive:
    """What a `PrimitiveClient` is to us, and what of it is the same in every call."""

    options: ClientOptions
    dialect: Dialect
    provider: str = ""
    fixed: Declared | None = field(default=None, compare=False, repr=False)
    """The declaration, if it alone has told what the options are, and nothing around it."""

    @cached_property
    def info(self) -> ClientInfo:
        return self.options.info()

    @cached_property
    def secrets(self) -> frozenset[str]:
        """What of its options must not be shown, whatever a request calls it."""
        return frozenset(self._secrets())

    @cached_property
    def limits_ms(self) -> Mapping[str, int | None]:
        """The limits of one request, as its options have them."""
        return limits_ms(self.options.timeouts, {})

    def _secrets(self) -> Iterator[str]:
        from ..wire.redact import SECRET_HEADERS, is_secret_query_key, secrets_of_url

        options = self.options
        yield options.api_key or ""
        yield from (value for name, value in options.headers.items() if name.lower() in SECRET_HEADERS)
        yield from (value for name, value in options.query_params.items() if is_secret_query_key(name))
        yield from secrets_of_url(options.base_url or "")
        for own in (options.own, *filter(_is_block, options.own.values())):
            yield from (value for name, value in own.items() if name in _SECRET_OPTIONS and isinstance(value, str))


_REQUEST_LIMITS = ("connect", "first_token", "idle", "request")


def limits_ms(own: Timeouts, given: Mapping[str, float]) -> dict[str, int | None]:
    """The shorter of what a client and a host allow, as a `baml.http.Timeouts` has it."""
    return {f"{name}_ms": _milliseconds(getattr(own, name), given.get(name)) for name in _REQUEST_LIMITS}


def _milliseconds(*limits: float | None) -> int | None:
    """The shortest of some limits in seconds; None is no limit."""
    seconds = min((limit for limit in limits if limit is not None), default=None)
    return None if seconds is None else round(seconds * 1000)


def primitive_of(client: Opaque) -> Primitive:
    return cast(Primitive, client.payload)


@sysop("baml.llm.get_client", throws=("InvalidArgument",))
def get_client(context: Context, function_name: str) -> Any:
    return get_client_or(context, function_name, None)


@sysop("baml.llm.get_client_or", throws=("InvalidArgument",))
def get_client_or(context: Context, function_name: str, client_name: str | None) -> Any:
    function = context.program.functions.get(function_name)
    if function is None or function.llm is None:
        raise Failure("InvalidArgument", f"there is no LLM function `{function_name}`")
    context.host.asking.begin_run(function_name)
    tree = _tree(context, context.host.client or client_name or function.llm.client, ())
    total = context.host.limits.get("total")
    if total is not None:
        given = round(total * 1000)
        tree.total_timeout_ms = given if tree.total_timeout_ms is None else min(given, tree.total_timeout_ms)
    return tree


@sysop("baml.llm.resolve_client", throws=("InvalidArgument", "LlmClient"))
def resolve_client(context: Context, client_name: str) -> Opaque:
    """Options are read once, and again when the environment has changed what they are."""
    declared = _declared(context, client_name)
    known = context.host.services.clients
    before, primitive = known.get(client_name, (None, None))
    try:
        if primitive is None or primitive.payload.fixed is not declared:
            found = dialect(declared.provider)
            given, is_fixed = _resolved(context, declared, found)
            if primitive is None or before != (declared.provider, given):
                options = found.read_client(ClientSpec(declared.name, declared.provider, given))
                made = Primitive(options, found, declared.provider, declared if is_fixed else None)
                primitive = Opaque("baml.llm.PrimitiveClient", made)
                known[client_name] = (declared.provider, given), primitive
    except MissingKey as failure:
        raise missing_key(client_name, str(failure)) from failure
    except ClientConfigError as failure:
        raise Failure("InvalidArgument", str(failure)) from failure
    context.host.secrets |= primitive.payload.secrets
    return primitive


def missing_key(client_name: str, message: str) -> Failure:
    """An attempt that fails before anything is sent: the next client of a fallback may have its key."""
    return Failure("LlmClient", message, kind="missing_key", retryable=False, client_name=client_name)


@sysop("baml.llm.round_robin_next")
def round_robin_next(context: Context, client_name: str) -> int:
    counters = context.host.services.counters
    number = counters.get(client_name, _start(context, client_name))
    counters[client_name] = number + 1
    return number


@sysop("baml.llm.round_robin_peek")
def round_robin_peek(context: Context, client_name: str) -> int:
    return context.host.services.counters.get(client_name, _start(context, client_name))


def _start(context: Context, client_name: str) -> int:
    declared = context.program.clients.get(client_name)
    start = declared.options.get("start") if declared else None
    return start if isinstance(start, int) else 0


def _declared(context: Context, name: str) -> Declared:
    """A client by its declaration or, for a `provider/model` shorthand, by its name alone."""
    info = context.program.clients.get(name)
    if info is not None:
        return info
    provider, slash, model = name.partition("/")
    if slash and not model:
        raise Failure("InvalidArgument", f"client `{name}` names no model")
    if not slash:
        raise Failure(
            "InvalidArgument", f"Could not find client `{name}`; {_known(name, context.program.clients)}"
        )
    return Declared(name, provider, {"model": model})


def _known(name: str, names: Iterable[str]) -> str:
    there_are = ", ".join(f"`{known}`" for known in names) or "none"
    return did_you_mean(name, names) or f"there are: {there_are}"


def _tree(context: Context, name: str, above: tuple[str, ...]) -> Any:
    """The client and what it is made of. The checker has refused circles, but a host may name any client."""
    if name in above:
        raise Failure("InvalidArgument", f"the clients contain each other: {' -> '.join((*above, name))}")
    declared = _declared(context, name)
    space = context.space
    kind = _TYPES.get(declared.provider, "Primitive")
    members: Any = declared.options.get("strategy", []) if kind != "Primitive" else []
    fields = {
        "name": name,
        "client_type": space.enum_value("baml.llm.ClientType", kind),
        "sub_clients": [_tree(context, str(member), (*above, name)) for member in members],
        "retry": _retry(context, declared),
        "total_timeout_ms": _total_timeout(declared),
        "strategy": space.functions.get(str(declared.options.get("call"))) if kind == "Strategy" else None,
    }
    return space.instance("baml.llm.Client", fields)


def _retry(context: Context, declared: Declared) -> Any:
    if declared.retry_policy is None:
        return None
    policies = context.program.retry_policies
    policy = policies.get(declared.retry_policy)
    if policy is None:  # of a client that was made at run time
        known = _known(declared.retry_policy, policies)
        message = f"Could not find retry policy `{declared.retry_policy}` of client `{declared.name}`; {known}"
        raise Failure("InvalidArgument", message)
    constant = policy.strategy == "constant_delay"
    fields = {
        "max_retries": policy.max_retries,
        "initial_delay_ms": policy.delay_ms,
        "multiplier": 1.0 if constant else policy.multiplier,
        "max_delay_ms": policy.delay_ms if constant else policy.max_delay_ms,
        "jitter": policy.jitter,
        "on": None if policy.on is None else list(policy.on),
    }
    return context.space.instance("baml.llm.RetryPolicy", fields)


def _total_timeout(declared: Declared) -> int | None:
    limits = declared.options.get("http")
    if limits is None:
        return DEFAULT_TOTAL_MS
    given = limits.get("total_timeout_ms") if isinstance(limits, Mapping) else None
    if isinstance(given, bool) or not isinstance(given, int | float):
        return DEFAULT_TOTAL_MS
    return int(given) or None


def _is_block(value: object) -> bool:
    return isinstance(value, Mapping)


def _resolved(context: Context, declared: Declared, found: Dialect) -> tuple[dict[str, object], bool]:
    """The options with the environment's values in them, also where they say nothing and it does. And whether
    neither it nor a file was asked, so that they stay what they are."""
    asked = found.authorization is not None or bool(found.files)

    def read(name: str) -> str | None:
        nonlocal asked
        asked = True
        return client_variable(context, name)

    taken = {name for name, value in context.host.env.items() if value is None}
    options = {name: _value(read, taken, value) for name, value in declared.options.items()}
    filled = with_files(context, found, found.with_environment(options, read))
    return filled, not asked


@sysop(CLIENT_VARIABLE)
def read_client_variable(context: Context, name: str) -> str | None:
    """None also where the host denies the environment: a client then lacks what it names, and says so."""
    return context.host.variable(name)


def _value(read: Read, taken: Collection[str], value: object) -> object:
    match value:
        case EnvRef(name=name):
            found = read(name)
            return MissingEnv(name, name in taken) if found is None else found
        case dict():
            return {key: _value(read, taken, item) for key, item in value.items()}
        case list():
            return [_value(read, taken, item) for item in value]
        case _:
            return value
