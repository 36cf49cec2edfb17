"""A client block, its environment resolved, to checked options: what we act on and what goes into the body."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Literal, TypeAlias, cast

from ..prompt import ClientInfo

MediaMode: TypeAlias = Literal[
    "send_base64", "send_url", "send_url_add_mime_type", "send_base64_unless_google_url"
]

OutputMode: TypeAlias = Literal["prompt", "json_schema", "tool", "auto"]

OUTPUT_MODES = ("prompt", "json_schema", "tool", "auto")
RESPONSE_TYPES = ("openai", "openai-responses", "openai-transcription", "anthropic", "google", "vertex")
MEDIA_KINDS = ("image", "audio", "pdf", "video")
MEDIA_MODES = ("send_base64", "send_url", "send_url_add_mime_type", "send_base64_unless_google_url")


class ClientConfigError(Exception):
    """A client whose options contradict each other, or lack what a request needs. Nothing was sent."""


@dataclass(frozen=True, slots=True)
class MissingEnv:
    """Stands in the options for a variable of the environment that is not set."""

    variable: str


@dataclass(frozen=True, slots=True)
class ClientSpec:
    """A client as the program or the host declares it."""

    name: str
    provider: str
    options: Mapping[str, object] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class Timeouts:
    """In seconds; None is no limit. The defaults are the product's, not a provider's."""

    connect: float | None = 10.0
    first_token: float | None = 120.0
    idle: float | None = 60.0
    request: float | None = 600.0
    total: float | None = 600.0


@dataclass(frozen=True, slots=True)
class ProviderDefaults:
    """What a client of a provider has when its options say nothing."""

    default_role: str
    base_url: str | None = None
    key_variable: str | None = None
    allowed_roles: tuple[str, ...] = ("system", "user", "assistant")
    supports_streaming: bool = True


@dataclass(frozen=True, slots=True)
class ClientOptions:
    """`body` is passed on as it stands, in the order of the source; `model` is in it too. `own` are the options
    that only this provider has."""

    name: str
    provider: str
    model: str | None
    base_url: str | None
    api_key: str | None = field(repr=False)
    key_variable: str | None
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
    own: Mapping[str, Any] = field(repr=False)
    body: Mapping[str, object] = field(repr=False)

    def info(self) -> ClientInfo:
        """What `ctx.client` shows of it."""
        return ClientInfo(
            self.name, self.provider, self.default_role, self.allowed_roles, self.remap_roles, self.body
        )


def read_options(
    spec: ClientSpec, defaults: ProviderDefaults, own: Mapping[str, Callable[[object], Any]] = {}
) -> ClientOptions:
    """Raises `ClientConfigError`, naming the client and the option. `own` tells how to read a provider's own."""
    reader = _Reader(spec)
    model = reader.take("model", text, None)
    read: dict[str, Any] = {name: reader.take(name, *how) for name, how in _OPTIONS.items()}
    if read["base_url"] is None:
        read["base_url"] = defaults.base_url
    allowed = read["allowed_roles"] or defaults.allowed_roles
    role = reader.take("default_role", text, None)
    if role is None:
        role = defaults.default_role if defaults.default_role in allowed else allowed[0]
    options = ClientOptions(
        name=spec.name,
        provider=spec.provider,
        model=model,
        key_variable=defaults.key_variable,
        default_role=role,
        supports_streaming=reader.take("supports_streaming", _flag, defaults.supports_streaming),
        timeouts=read.pop("http"),
        own={name: reader.take(name, how, None) for name, how in own.items()},
        body=reader.rest(),
        **(read | {"allowed_roles": allowed}),
    )
    _check(options, reader.error)
    return options


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
        for name, value in spec.options.items():
            self._refuse_missing(name, value)

    def error(self, message: str) -> ClientConfigError:
        return ClientConfigError(f"client `{self._name}`: {message}")

    def take(self, name: str, read: Callable[[object], Any], default: Any) -> Any:
        self._taken.add(name)
        value = self._given.get(name)
        if value is None:
            return default
        try:
            return read(value)
        except ValueError as error:
            raise self.error(f"{name} {error}") from None

    def rest(self) -> Mapping[str, object]:
        passed = self._taken - {"model"}
        return {name: value for name, value in self._given.items() if name not in passed}

    def _refuse_missing(self, name: str, value: object) -> None:
        if isinstance(value, MissingEnv):
            raise self.error(f"{name} needs the environment variable {value.variable}, which is not set")
        if isinstance(value, Mapping):
            value = list(value.values())
        if isinstance(value, list):
            for item in value:
                self._refuse_missing(name, item)


def text(value: object) -> str:
    if isinstance(value, str):
        return value
    raise ValueError(f"is a string, not {value!r}")


def _flag(value: object) -> bool:
    if isinstance(value, bool):
        return value
    raise ValueError(f"is true or false, not {value!r}")


def _texts(value: object) -> tuple[str, ...]:
    if isinstance(value, list | tuple) and all(isinstance(item, str) for item in value):
        return tuple(value)
    raise ValueError(f"is a list of strings, not {value!r}")


def _some_texts(value: object) -> tuple[str, ...]:
    texts = _texts(value)
    if not texts:
        raise ValueError("must not be empty")
    return texts


def _text_map(value: object) -> Mapping[str, str]:
    if not isinstance(value, Mapping):
        raise ValueError("is a map of strings")
    for key, item in value.items():
        if isinstance(item, Mapping | list) or item is None:
            raise ValueError(f"has a `{key}` that is not a string")
    return {str(key): _scalar(item) for key, item in value.items()}


def _scalar(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _role_metadata(value: object) -> Literal["all"] | frozenset[str]:
    if value == "all":
        return "all"
    return frozenset() if value == "none" else frozenset(_texts(value))


def _response_type(value: object) -> str:
    if value in RESPONSE_TYPES:
        return str(value)
    raise ValueError(f"is one of {', '.join(RESPONSE_TYPES)}")


def _output_mode(value: object) -> OutputMode:
    found = next((mode for mode in OUTPUT_MODES if mode == value), None)
    if found is None:
        raise ValueError(f"is one of {', '.join(OUTPUT_MODES)}")
    return cast(OutputMode, found)


def _media_modes(value: object) -> Mapping[str, MediaMode]:
    if not isinstance(value, Mapping):
        raise ValueError(f"is a block of {', '.join(MEDIA_KINDS)}")
    for kind, mode in value.items():
        if kind not in MEDIA_KINDS:
            raise ValueError(f"has no `{kind}`, only {', '.join(MEDIA_KINDS)}")
        if mode not in MEDIA_MODES:
            raise ValueError(f"has for {kind} one of {', '.join(MEDIA_MODES)}")
    return dict(value)


def _timeouts(value: object) -> Timeouts:
    if not isinstance(value, Mapping):
        raise ValueError("is a block of timeouts")
    read: dict[str, float | None] = {}
    for name, limit in value.items():
        if name == "enable_connection_pooling":
            _flag(limit)
        elif name not in _TIMEOUT_NAMES:
            raise ValueError(f"has no `{name}`, only {', '.join(_TIMEOUT_NAMES)}")
        elif isinstance(limit, bool) or not isinstance(limit, int | float) or limit < 0:
            raise ValueError(f"has a {name} that is not a number of milliseconds")
        else:
            read[_TIMEOUT_NAMES[name]] = limit / 1000 or None
    return Timeouts(**read)


_TIMEOUT_NAMES = {
    "connect_timeout_ms": "connect",
    "time_to_first_token_timeout_ms": "first_token",
    "idle_timeout_ms": "idle",
    "request_timeout_ms": "request",
    "total_timeout_ms": "total",
}
assert set(_TIMEOUT_NAMES.values()) == {item.name for item in fields(Timeouts)}

_EMPTY: Mapping[str, Any] = {}
# How to read an option, and what it is when it is not given. All but `http` are fields of the same name.
_OPTIONS: dict[str, tuple[Callable[[object], Any], Any]] = {
    "api_key": (text, None),
    "base_url": (text, None),
    "headers": (_text_map, _EMPTY),
    "query_params": (_text_map, _EMPTY),
    "allowed_roles": (_some_texts, None),
    "remap_roles": (_text_map, _EMPTY),
    "allowed_role_metadata": (_role_metadata, frozenset[str]()),
    "finish_reason_allow_list": (_texts, None),
    "finish_reason_deny_list": (_texts, None),
    "http": (_timeouts, Timeouts()),
    "media_url_handler": (_media_modes, _EMPTY),
    "client_response_type": (_response_type, None),
    "output_mode": (_output_mode, "prompt"),
}
COMMON_OPTIONS = frozenset(_OPTIONS)
"""The options of every provider, but for those whose default is a provider's own matter."""
