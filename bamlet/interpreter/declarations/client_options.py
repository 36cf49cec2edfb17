"""The options of a client, each against what it may hold. What comes from the environment is not known yet."""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping
from dataclasses import dataclass
from functools import partial

from ...diagnostics import Code, catalogue, did_you_mean
from ...grammar import nodes as n
from ..facts.interface import EnvRef
from .blocks import Block
from .settings import setting

_RESPONSE_TYPES = ("openai", "openai-responses", "openai-transcription", "anthropic", "google", "vertex")
_MEDIA_KINDS = ("image", "audio", "video", "pdf")
_MEDIA_MODES = ("send_base64", "send_url", "send_url_add_mime_type", "send_base64_unless_google_url")
_OUTPUT_MODES = ("prompt", "json_schema", "tool", "auto")
_TOTAL = ("total_timeout_ms",)
_TIMEOUTS = (
    "connect_timeout_ms",
    "request_timeout_ms",
    "time_to_first_token_timeout_ms",
    "idle_timeout_ms",
    *_TOTAL,
)
_COMPOSITE_OPTIONS: Mapping[str, tuple[str, ...]] = {
    "fallback": ("strategy", "http"),
    "round-robin": ("strategy", "start", "http"),
    "strategy": ("strategy", "call", "http"),
}

# Options of which a provider needs the first, or all the others together; never both.
_NEEDED: Mapping[str, tuple[tuple[str, ...], str]] = {
    "openai-generic": (("base_url",), 'write base_url "http://localhost:8000/v1", for example'),
    "azure-openai": (("base_url", "resource_name", "deployment_id"), "write base_url, or the two others"),
    "vertex-ai": (("base_url", "location"), "write location us-central1, for example"),
}
# A key in place of a token needs no location.
_ALSO_ENOUGH = {"vertex-ai": ("api_key", "query_params")}

_BEDROCK_INFERENCE = ("max_tokens", "temperature", "top_p", "stop_sequences")
_BEDROCK = (
    *("model", "model_id", "api_key", "region", "endpoint_url", "profile", "headers", "http"),
    *("access_key_id", "secret_access_key", "session_token", "default_role", "allowed_roles", "remap_roles"),
    *("allowed_role_metadata", "supports_streaming", "finish_reason_allow_list", "finish_reason_deny_list"),
    *("media_url_handler", "output_mode", "client_response_type", "query_params"),
    *("inference_configuration", "additional_model_request_fields"),
)


def check_options(
    block: Block,
    owner: n.Identifier,
    config: n.Config | None,
    provider: str | None,
    composites: Container[str | None],
) -> None:
    """Report what the options of a client lack and what they have wrong."""
    given = block.entries(config.entries) if config else {}
    work = _Options(block, given)
    is_composite = provider in composites
    if provider is not None and is_composite:
        work.composite(owner, provider)
    elif provider is not None and provider in _NEEDED:
        work.needed(owner, provider)
    elif provider == "aws-bedrock":
        work.bedrock()
    for key, check in {**_CHECKS, **_OWN_CHECKS.get(provider or "", {})}.items():
        if key in given:
            check(work, given[key])
    work.roles()
    work.finish_reasons()
    if http := given.get("http"):
        work.http(http, _TOTAL if is_composite else (*_TIMEOUTS, "enable_connection_pooling"))


@dataclass(frozen=True, slots=True)
class _Options:
    block: Block
    given: Mapping[str, n.ConfigEntry]

    def composite(self, owner: n.Identifier, provider: str) -> None:
        strategy = self.given.get("strategy")
        if strategy is None or not isinstance(strategy.value, n.ConfigList) or not strategy.value.items:
            message = f"client `{owner.name}` has no members"
            place = strategy.value if strategy else owner
            self.block.wrong(place, catalogue.EMPTY_STRATEGY, message, "write strategy [A, B] in its options")
        else:
            for item in strategy.value.items:
                if not isinstance(item, n.ConfigText) or not isinstance(setting(item), str):
                    self.wrong(item, "a member of a strategy is the name of a client, or a shorthand")
        if provider == "strategy" and "call" not in self.given:
            message = f"client `{owner.name}` names no function that decides"
            self.wrong(owner, message, "write call MyStrategy in its options")
        known = _COMPOSITE_OPTIONS[provider]
        for key, entry in self.given.items():
            if key in ("start", "call") and key not in known:
                message = f"`{key}` means nothing to a {provider} client"
                self.block.wrong(entry.key, catalogue.IGNORED_OPTION, message, "take it away")
            elif key not in known:
                message = f"`{key}` has no effect here: requests are made by the members"
                hint = did_you_mean(key, known) or f"give `{key}` to the members"
                self.block.wrong(entry.key, catalogue.IGNORED_OPTION, message, hint)

    def needed(self, owner: n.Identifier, provider: str) -> None:
        (alone, *together), hint = _NEEDED[provider]
        if alone in self.given:
            for key in filter(self.given.__contains__, together):
                message = f"`{alone}` stands instead of `{key}`"
                self.wrong(self.given[key].key, message, "keep one of them")
            return
        if together and all(key in self.given for key in together):
            return
        if any(key in self.given for key in _ALSO_ENOUGH.get(provider, ())):
            return
        others = " and ".join(f"`{key}`" for key in together)
        message = f"a client of {provider} needs `{alone}`{f', or {others}' if others else ''}"
        self.block.wrong(owner, catalogue.CLIENT_OPTION.for_lack(), message, hint)

    def bedrock(self) -> None:
        """Converse takes nothing at its top that it does not know."""
        for key, entry in self.given.items():
            if key in _BEDROCK:
                continue
            hint = f"write additional_model_request_fields {{ {key} … }} if it is the model's own"
            if key == "base_url":
                hint = "write endpoint_url"
            elif key in _BEDROCK_INFERENCE:
                hint = f"write inference_configuration {{ {key} … }}"
            elif suggestion := did_you_mean(key, _BEDROCK):
                hint = suggestion
            self.wrong(entry.key, f"Bedrock has no option `{key}`", hint)
        inference = self.given.get("inference_configuration")
        for entry in inference.value.entries if inference and isinstance(inference.value, n.Config) else ():
            key = entry.key.name
            if key not in _BEDROCK_INFERENCE:
                known = f"it may have {', '.join(_BEDROCK_INFERENCE)}"
                message = f"there is no setting `{key}` in `inference_configuration`"
                self.wrong(entry.key, message, did_you_mean(key, _BEDROCK_INFERENCE) or known)

    def roles(self) -> None:
        allowed = self.given.get("allowed_roles")
        roles: list[str] | None = None
        if allowed is not None and (roles := self._texts(allowed, catalogue.ROLES_OPTION)) == []:
            message = "`allowed_roles` is empty: no message could be sent"
            self.block.wrong(
                allowed.value, catalogue.ROLES_OPTION, message, 'write ["user", "assistant"], for example'
            )
        default = self.given.get("default_role")
        if default is not None and roles and isinstance(role := setting(default.value), str) and role not in roles:
            message = f"`{role}` is not among the allowed roles"
            hint = did_you_mean(role, roles) or f"add it to `allowed_roles`, or choose {' or '.join(roles)}"
            self.block.wrong(default.value, catalogue.ROLES_OPTION, message, hint)
        remap = self.given.get("remap_roles")
        if remap is not None and not isinstance(remap.value, n.Config):
            hint = "write remap_roles { assistant model }, for example"
            self.block.wrong(remap.value, catalogue.ROLES_OPTION, "`remap_roles` is a block of roles", hint)

    def finish_reasons(self) -> None:
        lists = [
            self.given[key] for key in ("finish_reason_allow_list", "finish_reason_deny_list") if key in self.given
        ]
        for entry in lists:
            self._texts(entry, catalogue.CLIENT_OPTION)
        if len(lists) == 2:
            message = "`finish_reason_allow_list` and `finish_reason_deny_list` exclude each other"
            self.wrong(lists[1].key, message, "keep one of them")

    def http(self, entry: n.ConfigEntry, known: tuple[str, ...]) -> None:
        if not isinstance(entry.value, n.Config):
            message = "`http` is a block of timeouts"
            hint = "write http { request_timeout_ms 60000 }, for example"
            self.block.wrong(entry.value, catalogue.HTTP_BLOCK, message, hint)
            return
        for key, limit in self.block.entries(entry.value.entries).items():
            if key not in known:
                message = f"there is no setting `{key}` in `http`"
                if key in _TIMEOUTS:
                    message = f"`{key}` means nothing on a client that makes no requests itself"
                hint = did_you_mean(key, known) or f"it may have {', '.join(known)}"
                self.block.wrong(limit.key, catalogue.UNKNOWN_HTTP_FIELD, message, hint)
            elif key in _TIMEOUTS:
                self._timeout(limit)
            else:
                _flag(self, limit)

    def _timeout(self, entry: n.ConfigEntry) -> None:
        value = setting(entry.value)
        if isinstance(value, EnvRef) or (_is_number(value) and value >= 0):  # type: ignore[operator]
            return
        message = f"`{entry.key.name}` is a number of milliseconds, 0 for no limit"
        number, _, rest = str(value).partition(" ")
        is_run_on = isinstance(value, str) and number.isdigit() and rest
        hint = f"text without quotes goes on to the end of its line: put a comma behind `{number}`"
        self.block.wrong(entry.value, catalogue.TIMEOUT_VALUE, message, hint if is_run_on else None)

    def _texts(self, entry: n.ConfigEntry, code: Code) -> list[str] | None:
        values = setting(entry.value)
        if isinstance(values, list) and all(isinstance(value, str | EnvRef) for value in values):
            return [value for value in values if isinstance(value, str)]
        key = entry.key.name
        self.block.wrong(entry.value, code, f"`{key}` is a list of strings", f'write {key} ["…"]')
        return None

    def wrong(self, node: n.Node, message: str, hint: str | None = None) -> None:
        self.block.wrong(node, catalogue.CLIENT_OPTION, message, hint)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _text(work: _Options, entry: n.ConfigEntry) -> None:
    if not isinstance(setting(entry.value), str | EnvRef):
        work.wrong(entry.value, f"`{entry.key.name}` is a string", "write it in quotes")


def _function(work: _Options, entry: n.ConfigEntry) -> None:
    value = setting(entry.value)
    if not isinstance(value, str):
        work.wrong(entry.value, "`call` is the name of a function", "write call MyStrategy")


def _flag(work: _Options, entry: n.ConfigEntry) -> None:
    if not isinstance(setting(entry.value), bool | EnvRef):
        key = entry.key.name
        work.wrong(entry.value, f"`{key}` is true or false", f"write {key} true, or {key} false")


def _block(work: _Options, entry: n.ConfigEntry) -> None:
    if isinstance(entry.value, n.Config):
        work.block.entries(entry.value.entries)
    else:
        key = entry.key.name
        work.wrong(entry.value, f"`{key}` is a block of keys and values", f"write {key} {{ name value }}")


def _start(work: _Options, entry: n.ConfigEntry) -> None:
    value = setting(entry.value)
    if not isinstance(value, int | EnvRef) or isinstance(value, bool) or (isinstance(value, int) and value < 0):
        work.wrong(entry.value, "`start` is the place of a member, counted from 0")


def _response_type(work: _Options, entry: n.ConfigEntry) -> None:
    value = setting(entry.value)
    if value not in _RESPONSE_TYPES and not isinstance(value, EnvRef):
        message = f"no kind of response is called `{value}`"
        hint = did_you_mean(str(value), _RESPONSE_TYPES) or f"kinds are {', '.join(_RESPONSE_TYPES)}"
        work.block.wrong(entry.value, catalogue.CLIENT_RESPONSE_TYPE, message, hint)


def _output_mode(work: _Options, entry: n.ConfigEntry, ways: tuple[str, ...] = _OUTPUT_MODES) -> None:
    value = setting(entry.value)
    if value not in ways and not isinstance(value, EnvRef):
        whose = " of this provider" if value in _OUTPUT_MODES else ""
        hint = did_you_mean(str(value), ways) or f"ways{whose} are {', '.join(ways)}"
        work.wrong(entry.value, f"there is no way `{value}`{whose} to ask for an answer", hint)


def _media(work: _Options, entry: n.ConfigEntry) -> None:
    _block(work, entry)
    for inner in entry.value.entries if isinstance(entry.value, n.Config) else ():
        kind, mode = inner.key.name, setting(inner.value)
        if kind not in _MEDIA_KINDS:
            hint = f"kinds are {', '.join(_MEDIA_KINDS)}"
            work.wrong(inner.key, f"no kind of media is called `{kind}`", did_you_mean(kind, _MEDIA_KINDS) or hint)
        elif mode not in _MEDIA_MODES and not isinstance(mode, EnvRef):
            hint = f"ways are {', '.join(_MEDIA_MODES)}"
            message = f"there is no way `{mode}` to send media"
            work.wrong(inner.value, message, did_you_mean(str(mode), _MEDIA_MODES) or hint)


_CHECKS: dict[str, Callable[[_Options, n.ConfigEntry], None]] = {
    **dict.fromkeys(("model", "api_key", "base_url", "default_role"), _text),
    **dict.fromkeys(("headers", "query_params"), _block),
    "supports_streaming": _flag,
    "client_response_type": _response_type,
    "media_url_handler": _media,
    "output_mode": _output_mode,
    "start": _start,
}

# Of one provider only; with the others they go into the body as they are.
_OWN_CHECKS: dict[str, dict[str, Callable[[_Options, n.ConfigEntry], None]]] = {
    "strategy": {"call": _function},
    "azure-openai": dict.fromkeys(
        (
            *("resource_name", "deployment_id", "api_version"),
            *("tenant_id", "client_id", "client_secret", "authority_host"),
        ),
        _text,
    ),
    "vertex-ai": dict.fromkeys(("location", "project_id", "anthropic_version", "authorization_token"), _text),
    "aws-bedrock": {
        **dict.fromkeys(("model_id", "region", "endpoint_url", "profile"), _text),
        **dict.fromkeys(("access_key_id", "secret_access_key", "session_token"), _text),
        **dict.fromkeys(("inference_configuration", "additional_model_request_fields"), _block),
        "output_mode": partial(_output_mode, ways=("prompt", "tool", "auto")),
    },
    "ollama-native": {"output_mode": partial(_output_mode, ways=("prompt", "json_schema", "auto"))},
}
