"""A client block, its environment resolved, to checked options: what we act on and what goes into the body."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any, Literal, TypeAlias

from ..options.clients import MEDIA_KINDS, MEDIA_MODES, Kind, Option, of_provider
from ..options.providers import Provider
from ..options.timeouts import LIMITS, Timeouts
from ..prompt import ClientInfo
from ..records import dataclass, field, fields

MediaMode: TypeAlias = Literal[
    "send_base64", "send_url", "send_url_add_mime_type", "send_base64_unless_google_url"
]

OutputMode: TypeAlias = Literal["prompt", "json_schema", "tool", "auto"]

ToolMode: TypeAlias = Literal["native", "prompt", "auto"]


class ClientConfigError(Exception):
    """A client whose options contradict each other, or lack what a request needs. Nothing was sent."""


class WrongAddress(ClientConfigError):
    """A `base_url` that leads nowhere: like a server that is not there, it is one client's misfortune."""


class MissingKey(ClientConfigError):
    """A client for which this machine lacks a key, credentials or a variable: another one may have them."""


@dataclass(frozen=True, slots=True)
class MissingEnv:
    """Stands in the options for a variable of the environment that is not set, or that the call takes away."""

    variable: str
    taken_away: bool = False


@dataclass(frozen=True, slots=True)
class ClientSpec:
    """A client as the program or the host declares it."""

    name: str
    provider: str
    options: Mapping[str, object] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class ClientOptions:
    """`body` is passed on as it stands, in the order of the source; `model` is in it too. `own` are the options
    that only this provider has. `key_variable` is where a key that is missing is looked for; `needs_key` says that
    the provider's own servers are asked, which answer to nobody without one.

    `derived` keeps what is worked out from the options alone, each under a key of its own: a URL, headers. It is
    made once, since options never change."""

    name: str
    provider: str
    model: str | None
    base_url: str | None
    api_key: str | None = field(repr=False)
    key_variable: str | None
    needs_key: bool
    headers: Mapping[str, str] = field(repr=False)
    query_params: Mapping[str, str] = field(repr=False)
    default_role: str
    allowed_roles: tuple[str, ...]
    remap_roles: Mapping[str, str]
    allowed_role_metadata: Literal["all"] | frozenset[str]
    finish_reason_allow_list: tuple[str, ...] | None
    finish_reason_deny_list: tuple[str, ...] | None
    supports_streaming: bool
    timeouts: Timeouts
    media_url_handler: Mapping[str, MediaMode]
    client_response_type: str | None
    output_mode: OutputMode
    tool_mode: ToolMode
    secrets_in_body: bool
    own: Mapping[str, Any] = field(repr=False)
    body: Mapping[str, object] = field(repr=False)
    derived: dict[object, Any] = field(init=False, compare=False, repr=False, default_factory=dict)

    def info(self) -> ClientInfo:
        """What `ctx.client` shows of it."""
        return ClientInfo(
            self.name, self.provider, self.default_role, self.allowed_roles, self.remap_roles, self.body
        )


def read_options(spec: ClientSpec, provider: Provider) -> ClientOptions:
    """Raises `ClientConfigError`, naming the client and the option. `provider` says what the options do not."""
    reader = _Reader(spec)
    read = {name: reader.take(option) for name, option in of_provider(provider.name).items()}
    allowed = read.pop("allowed_roles") or provider.allowed_roles
    role = read.pop("default_role")
    if role is None:
        role = provider.default_role if provider.default_role in allowed else allowed[0]
    streams, base_url = read.pop("supports_streaming"), read.pop("base_url", None)
    options = ClientOptions(
        name=spec.name,
        provider=spec.provider,
        base_url=provider.base_url if base_url is None else base_url,
        key_variable=reader.key_variable or provider.key_variable,
        needs_key=provider.key_variable is not None and _is_own(base_url, provider),
        default_role=role,
        allowed_roles=allowed,
        supports_streaming=provider.supports_streaming if streams is None else streams,
        timeouts=read.pop("http") or Timeouts(),
        own={name: read.pop(name) for name in tuple(read) if name not in _SHARED},
        body=reader.rest(),
        **read,
    )
    _check(options, reader.error)
    return options


def _is_own(base_url: str | None, provider: Provider) -> bool:
    return base_url is None or base_url.rstrip("/") == provider.base_url


def _check(options: ClientOptions, error: Callable[[str], ClientConfigError]) -> None:
    if options.default_role not in options.allowed_roles:
        raise error(f"default_role `{options.default_role}` is not among the allowed_roles")
    for role in options.remap_roles:
        if role not in options.allowed_roles:
            raise error(f"remap_roles names `{role}`, which is not among the allowed_roles")
    if options.finish_reason_allow_list is not None and options.finish_reason_deny_list is not None:
        raise error("finish_reason_allow_list and finish_reason_deny_list exclude each other")


class _Reader:
    """The options of one client, each taken once; what is left goes into the body."""

    def __init__(self, spec: ClientSpec) -> None:
        self._name = spec.name
        self._given = spec.options
        self._taken: set[str] = set()
        # A key that is not set may not be needed: a server of one's own often takes none.
        key = spec.options.get("api_key")
        self.key_variable = key.variable if isinstance(key, MissingEnv) and not key.taken_away else None
        if self.key_variable is not None:
            self._given = {name: value for name, value in spec.options.items() if name != "api_key"}
        for name, value in self._given.items():
            self._refuse_missing(name, value)

    def error(self, message: str) -> ClientConfigError:
        return ClientConfigError(f"client `{self._name}`: {message}")

    def take(self, option: Option) -> Any:
        self._taken.add(option.name)
        value = self._given.get(option.name)
        if value is None:
            return option.default
        try:
            return _READ[option.kind](option, value)
        except ValueError as error:
            raise self.error(f"{option.name} {error}") from None

    def rest(self) -> Mapping[str, object]:
        passed = self._taken - {"model"}
        return {name: value for name, value in self._given.items() if name not in passed}

    def _refuse_missing(self, name: str, value: object) -> None:
        if isinstance(value, MissingEnv):
            message = f"{name} needs the environment variable {value.variable}, which is not set"
            raise MissingKey(f"client `{self._name}`: {message}")
        if isinstance(value, Mapping):
            value = list(value.values())
        if isinstance(value, list):
            for item in value:
                self._refuse_missing(name, item)


# How a value is read, by the kind of its option. Each raises `ValueError`: what stands behind the option's name.


def _text(option: Option, value: object) -> str:
    if isinstance(value, str):
        return value
    raise ValueError(f"is a string, not {value!r}")


def _flag(option: Option, value: object) -> bool:
    if isinstance(value, bool):
        return value
    raise ValueError(f"is true or false, not {value!r}")


def _number(option: Option, value: object) -> float:
    if isinstance(value, int | float) and not isinstance(value, bool) and value >= 0:
        return value
    raise ValueError(f"is a number of 0 or more, not {value!r}")


def _texts(option: Option, value: object) -> tuple[str, ...]:
    if not isinstance(value, list | tuple) or not all(isinstance(item, str) for item in value):
        raise ValueError(f"is a list of strings, not {value!r}")
    if option.name == "allowed_roles" and not value:
        raise ValueError("must not be empty")
    return tuple(value)


def _block(option: Option, value: object) -> Mapping[str, object]:
    if not isinstance(value, Mapping):
        raise ValueError("is a block of keys and values")
    for name in value:
        if option.choices and name not in option.choices:
            raise ValueError(f"has no `{name}`, only {', '.join(option.choices)}")
    return value


def _price(option: Option, value: object) -> Mapping[str, object]:
    block = _block(option, value)
    for name in ("input", "output"):
        if name not in block:
            raise ValueError(f"has no `{name}`")
    for name, amount in block.items():
        if not _is_amount(amount):
            raise ValueError(f"has for {name} a number of dollars for a million tokens, not {amount!r}")
    return block


def _rate(option: Option, value: object) -> Mapping[str, object]:
    block = _block(option, value)
    for name, amount in block.items():
        if not (_is_amount(amount) and amount):
            raise ValueError(f"has for {name} a number above 0, as many a minute, not {amount!r}")
    return block


def _is_amount(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < float("inf")


def _strings(option: Option, value: object) -> Mapping[str, str]:
    if not isinstance(value, Mapping):
        raise ValueError("is a map of strings")
    for key, item in value.items():
        if isinstance(item, Mapping | list) or item is None:
            raise ValueError(f"has a `{key}` that is not a string")
    return {str(key): _scalar(item) for key, item in value.items()}


def _scalar(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _role_metadata(option: Option, value: object) -> Literal["all"] | frozenset[str]:
    if value == "all":
        return "all"
    return frozenset() if value == "none" else frozenset(_texts(option, value))


def _one_of(option: Option, value: object) -> str:
    if value in option.choices:
        return str(value)
    raise ValueError(f"is one of {', '.join(option.choices)}")


def _media(option: Option, value: object) -> Mapping[str, MediaMode]:
    if not isinstance(value, Mapping):
        raise ValueError(f"is a block of {', '.join(MEDIA_KINDS)}")
    for kind, mode in value.items():
        if kind not in MEDIA_KINDS:
            raise ValueError(f"has no `{kind}`, only {', '.join(MEDIA_KINDS)}")
        if mode not in MEDIA_MODES:
            raise ValueError(f"has for {kind} one of {', '.join(MEDIA_MODES)}")
    return dict(value)


def _timeouts(option: Option, value: object) -> Timeouts:
    if not isinstance(value, Mapping):
        raise ValueError("is a block of timeouts")
    read: dict[str, float | None] = {}
    for name, limit in value.items():
        if name == "enable_connection_pooling":
            _flag(option, limit)
        elif name not in LIMITS:
            raise ValueError(f"has no `{name}`, only {', '.join(LIMITS)}")
        elif isinstance(limit, bool) or not isinstance(limit, int | float) or limit < 0:
            raise ValueError(f"has a {name} that is not a number of milliseconds")
        else:
            read[LIMITS[name]] = limit / 1000 or None
    return Timeouts(**read)


def credentials(value: object) -> Mapping[str, object]:
    """A block, or the JSON of a credentials file."""
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except ValueError:
            raise ValueError("is neither a block, nor JSON, nor the path of a file that can be read") from None
    if isinstance(value, Mapping):
        return value
    raise ValueError("is a block, JSON, or the path of a file")


_READ: Mapping[Kind, Callable[[Option, object], Any]] = {
    "text": _text,
    "flag": _flag,
    "texts": _texts,
    "number": _number,
    "strings": _strings,
    "roles": _strings,
    "block": _block,
    "price": _price,
    "rate": _rate,
    "role metadata": _role_metadata,
    "one of": _one_of,
    "media": _media,
    "timeouts": _timeouts,
    "credentials": lambda option, value: credentials(value),
}
# What every dialect reads of a client; any other option is a provider's own.
_SHARED = frozenset(item.name for item in fields(ClientOptions))
