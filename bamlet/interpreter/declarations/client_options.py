"""The options of a client, each against what it may hold. What comes from the environment is not known yet."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from ...diagnostics import Code, catalogue, did_you_mean, misspelling_of
from ...grammar import nodes as n
from ...options.clients import BEDROCK_INFERENCE, MEDIA_KINDS, MEDIA_MODES, Kind, Option, of_provider
from ...options.providers import COMPOSITES, PROVIDERS, Needs
from ...options.timeouts import COMPOSITE_LIMITS, LIMITS
from ...records import dataclass
from ..facts.interface import EnvRef
from .blocks import Block
from .client_prices import check_price
from .client_rates import check_rate
from .settings import comma_after, setting

# As near to an option as a mistake, and meant: OpenRouter's list of models.
_MEANT = ("models",)


def check_options(
    block: Block,
    owner: n.Identifier,
    config: n.Config | None,
    provider: str | None,
) -> None:
    """Report what the options of a client lack and what they have wrong."""
    given = block.entries(config.entries) if config else {}
    known = of_provider(provider or _UNKNOWN)
    work = _Options(block, given, provider, known)
    if provider in COMPOSITES:
        work.composite(owner)
    elif provider == "aws-bedrock":
        work.bedrock()
    elif (asked := PROVIDERS.get(provider or "")) and asked.needs:
        work.needed(owner, asked.needs)
    for key, entry in given.items():
        if (option := known.get(key)) and (check := _CHECKS.get(option.kind)):
            check(work, entry, option)
    if provider in PROVIDERS and provider != "aws-bedrock":
        work.misspelt()
    work.roles()
    work.finish_reasons()
    if http := given.get("http"):
        work.http(http, COMPOSITE_LIMITS if provider in COMPOSITES else (*LIMITS, "enable_connection_pooling"))


# A client whose provider is not known is looked at as one of the common kind.
_UNKNOWN = "openai"


@dataclass(frozen=True, slots=True)
class _Options:
    block: Block
    given: Mapping[str, n.ConfigEntry]
    provider: str | None
    known: Mapping[str, Option]

    def composite(self, owner: n.Identifier) -> None:
        strategy = self.given.get("strategy")
        if strategy is None or not isinstance(strategy.value, n.ConfigList) or not strategy.value.items:
            message = f"client `{owner.name}` has no members"
            place = strategy.value if strategy else owner
            self.block.wrong(place, catalogue.EMPTY_STRATEGY, message, "write strategy [A, B] in its options")
        else:
            for item in strategy.value.items:
                if not isinstance(item, n.ConfigText) or not isinstance(setting(item), str):
                    self.wrong(item, "a member of a strategy is the name of a client, or a shorthand")
        if self.provider == "strategy" and "call" not in self.given:
            message = f"client `{owner.name}` names no function that decides"
            self.wrong(owner, message, "write call MyStrategy in its options")
        for key, entry in self.given.items():
            if key in ("start", "call") and key not in self.known:
                message = f"`{key}` means nothing to a {self.provider} client"
                self.block.wrong(entry.key, catalogue.IGNORED_OPTION, message, "take it away")
            elif key not in self.known:
                message = f"`{key}` has no effect here: requests are made by the members"
                hint = did_you_mean(key, self.known) or f"give `{key}` to the members"
                self.block.wrong(entry.key, catalogue.IGNORED_OPTION, message, hint)

    def needed(self, owner: n.Identifier, needs: Needs) -> None:
        if needs.alone in self.given:
            for key in filter(self.given.__contains__, needs.together):
                message = f"`{needs.alone}` stands instead of `{key}`"
                self.wrong(self.given[key].key, message, "keep one of them")
            return
        if needs.together and all(key in self.given for key in needs.together):
            return
        if any(key in self.given for key in needs.also_enough):
            return
        others = " and ".join(f"`{key}`" for key in needs.together)
        message = f"a client of {self.provider} needs `{needs.alone}`{f', or {others}' if others else ''}"
        self.block.wrong(owner, catalogue.CLIENT_OPTION.for_lack(), message, needs.hint)

    def bedrock(self) -> None:
        """Converse takes nothing at its top that it does not know."""
        for key, entry in self.given.items():
            if key in self.known:
                continue
            hint = f"write additional_model_request_fields {{ {key} … }} if it is the model's own"
            if key == "base_url":
                hint = "write endpoint_url"
            elif key in BEDROCK_INFERENCE:
                hint = f"write inference_configuration {{ {key} … }}"
            elif suggestion := did_you_mean(key, self.known):
                hint = suggestion
            self.wrong(entry.key, f"Bedrock has no option `{key}`", hint)
        inference = self.given.get("inference_configuration")
        for entry in inference.value.entries if inference and isinstance(inference.value, n.Config) else ():
            key = entry.key.name
            if key not in BEDROCK_INFERENCE:
                known = f"it may have {', '.join(BEDROCK_INFERENCE)}"
                message = f"there is no setting `{key}` in `inference_configuration`"
                self.wrong(entry.key, message, did_you_mean(key, BEDROCK_INFERENCE) or known)

    def misspelt(self) -> None:
        """What is passed on may be called anything, but hardly nearly as what is acted on."""
        for key, entry in self.given.items():
            if key in self.known or key in _MEANT:
                continue
            if (meant := misspelling_of(key, self.known)) is not None:
                message = f"`{key}` is no option of a client: it goes into the body of the request"
                self.block.wrong(entry.key, catalogue.MISSPELT_OPTION, message, f"did you mean `{meant}`?")

    def roles(self) -> None:
        allowed = self.given.get("allowed_roles")
        roles: list[str] | None = None
        if allowed is not None and (roles := self._texts(allowed, catalogue.ROLES_OPTION)) == []:
            message = "`allowed_roles` is empty: no message could be sent"
            self.block.wrong(
                allowed.value, catalogue.ROLES_OPTION, message, 'write ["user", "assistant"], for example'
            )
        if allowed is None and (asked := PROVIDERS.get(self.provider or "")):
            roles = list(asked.allowed_roles)
        default = self.given.get("default_role")
        if default is not None and isinstance(role := setting(default.value), str):
            self._role(default.value, role, roles)
        if (remap := self.given.get("remap_roles")) is not None:
            self._remapped(remap, roles)

    def _remapped(self, remap: n.ConfigEntry, roles: list[str] | None) -> None:
        if not isinstance(remap.value, n.Config):
            hint = "write remap_roles { assistant model }, for example"
            self.block.wrong(remap.value, catalogue.ROLES_OPTION, "`remap_roles` is a block of roles", hint)
            return
        for entry in remap.value.entries:
            self._role(entry.key, entry.key.name, roles)
            if not isinstance(setting(entry.value), str | EnvRef):
                message = "the name of a role is a string"
                self.block.wrong(
                    entry.value, catalogue.ROLES_OPTION, message, "write it in quotes, or another one"
                )

    def _role(self, node: n.Node, role: str, roles: list[str] | None) -> None:
        """Of a list that is wrong itself nothing follows; of an empty one neither."""
        if roles and role not in roles:
            message = f"`{role}` is not among the allowed roles"
            hint = did_you_mean(role, roles) or f"add it to `allowed_roles`, or choose {' or '.join(roles)}"
            self.block.wrong(node, catalogue.ROLES_OPTION, message, hint)

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
                if key in LIMITS:
                    message = f"`{key}` means nothing on a client that makes no requests itself"
                hint = did_you_mean(key, known) or f"it may have {', '.join(known)}"
                self.block.wrong(limit.key, catalogue.UNKNOWN_HTTP_FIELD, message, hint)
            elif key in LIMITS:
                self._timeout(limit)
            else:
                _flag(self, limit, self.known["http"])

    def _timeout(self, entry: n.ConfigEntry) -> None:
        value = setting(entry.value)
        if isinstance(value, EnvRef) or (_is_number(value) and value >= 0):  # type: ignore[operator]
            return
        message = f"`{entry.key.name}` is a number of milliseconds, 0 for no limit"
        self.block.wrong(entry.value, catalogue.TIMEOUT_VALUE, message, comma_after(value))

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


def _text(work: _Options, entry: n.ConfigEntry, option: Option) -> None:
    if not isinstance(setting(entry.value), str | EnvRef):
        work.wrong(entry.value, f"`{entry.key.name}` is a string", "write it in quotes")


def _function(work: _Options, entry: n.ConfigEntry, option: Option) -> None:
    value = setting(entry.value)
    if not isinstance(value, str):
        work.wrong(entry.value, "`call` is the name of a function", "write call MyStrategy")


def _flag(work: _Options, entry: n.ConfigEntry, option: Option) -> None:
    if not isinstance(setting(entry.value), bool | EnvRef):
        key = entry.key.name
        work.wrong(entry.value, f"`{key}` is true or false", f"write {key} true, or {key} false")


def _block(work: _Options, entry: n.ConfigEntry, option: Option) -> None:
    if isinstance(entry.value, n.Config):
        work.block.entries(entry.value.entries)
    else:
        key = entry.key.name
        work.wrong(entry.value, f"`{key}` is a block of keys and values", f"write {key} {{ name value }}")


def _start(work: _Options, entry: n.ConfigEntry, option: Option) -> None:
    value = setting(entry.value)
    if not isinstance(value, int | EnvRef) or isinstance(value, bool) or (isinstance(value, int) and value < 0):
        work.wrong(entry.value, "`start` is the place of a member, counted from 0")


def _one_of(work: _Options, entry: n.ConfigEntry, option: Option) -> None:
    value = setting(entry.value)
    ways = option.choices
    if option.name == "output_mode" and (asked := PROVIDERS.get(work.provider or "")):
        ways = asked.output_modes
    if value in ways or isinstance(value, EnvRef):
        return
    if option.name == "client_response_type":
        message = f"no kind of response is called `{value}`"
        hint = did_you_mean(str(value), ways) or f"kinds are {', '.join(ways)}"
        work.block.wrong(entry.value, catalogue.CLIENT_RESPONSE_TYPE, message, hint)
    else:
        what = "for tools to be called" if option.name == "tool_mode" else "to ask for an answer"
        whose = " of this provider" if value in option.choices else ""
        hint = did_you_mean(str(value), ways) or f"ways{whose} are {', '.join(ways)}"
        work.wrong(entry.value, f"there is no way `{value}`{whose} {what}", hint)


def _media(work: _Options, entry: n.ConfigEntry, option: Option) -> None:
    _block(work, entry, option)
    for inner in entry.value.entries if isinstance(entry.value, n.Config) else ():
        kind, mode = inner.key.name, setting(inner.value)
        if kind not in MEDIA_KINDS:
            hint = f"kinds are {', '.join(MEDIA_KINDS)}"
            work.wrong(inner.key, f"no kind of media is called `{kind}`", did_you_mean(kind, MEDIA_KINDS) or hint)
        elif mode not in MEDIA_MODES and not isinstance(mode, EnvRef):
            hint = f"ways are {', '.join(MEDIA_MODES)}"
            message = f"there is no way `{mode}` to send media"
            work.wrong(inner.value, message, did_you_mean(str(mode), MEDIA_MODES) or hint)


# By the kind of option; lists of roles and of finish reasons, limits in time and members are looked at together.
_CHECKS: dict[Kind, Callable[[_Options, n.ConfigEntry, Option], None]] = {
    "text": _text,
    "flag": _flag,
    "strings": _block,
    "block": _block,
    "price": lambda work, entry, option: check_price(work.block, entry),
    "rate": lambda work, entry, option: check_rate(work.block, entry),
    "one of": _one_of,
    "media": _media,
    "place": _start,
    "function": _function,
}
