"""Client and retry policy blocks to plain data, with what is missing, unknown or contradictory reported."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from ..diagnostics import catalogue, did_you_mean
from ..grammar import nodes as n
from .cycles import cycles, show_cycle
from .interface import ClientInfo, RetryPolicyInfo, Setting
from .report import Report
from .settings import entries, find, setting
from .symbols import Names

COMPOSITES = {"fallback": "fallback", "round-robin": "round-robin"}
OLD_SPELLINGS = {
    "baml-openai-chat": "openai",
    "baml-azure-chat": "azure-openai",
    "baml-anthropic-chat": "anthropic",
    "baml-ollama-chat": "ollama",
    "baml-fallback": "fallback",
    "baml-round-robin": "round-robin",
}
PROVIDERS = (
    "openai",
    "openai-generic",
    "openai-responses",
    "azure-openai",
    "anthropic",
    "google-ai",
    "vertex-ai",
    "aws-bedrock",
    "ollama",
    "openrouter",
    *COMPOSITES,
)
_CLIENT_PROPERTIES = ("provider", "retry_policy", "options")


@dataclass(slots=True)
class ConfigReader:
    """Reads the configuration of one item."""

    placed: n.Placed[n.Item]
    report: Report

    def client(self, node: n.ClientDecl) -> ClientInfo | None:
        if node.kind not in (None, "llm"):
            message = f"there are no `{node.kind}` clients"
            self._wrong(node.name, catalogue.UNKNOWN_CLIENT_PROPERTY, message, "write client<llm>")
        for entry in node.config.entries:
            if entry.key.name not in _CLIENT_PROPERTIES:
                self._unknown_property(entry)
        provider = self._provider(node)
        if provider is None:
            return None
        options = self._options(node.config)
        policy = find(node.config, "retry_policy")
        if provider in COMPOSITES:
            self._strategy(node, options)
        return ClientInfo(
            node.name.name,
            provider,
            options,
            str(setting(policy.value)) if policy else None,
            self.placed.file.name,
        )

    def _unknown_property(self, entry: n.ConfigEntry) -> None:
        message = f"a client has no property `{entry.key.name}`"
        hint = did_you_mean(entry.key.name, _CLIENT_PROPERTIES)
        self._wrong(entry.key, catalogue.UNKNOWN_CLIENT_PROPERTY, message, hint or "put it into options { … }")

    def _provider(self, node: n.ClientDecl) -> str | None:
        entry = find(node.config, "provider")
        if entry is None:
            message = f"client `{node.name.name}` has no provider"
            self._wrong(node.name, catalogue.MISSING_PROVIDER, message, "write `provider openai`, for example")
            return None
        given = str(setting(entry.value))
        provider = OLD_SPELLINGS.get(given, given)
        if provider not in PROVIDERS:
            hint = did_you_mean(provider, PROVIDERS) or f"providers are {', '.join(PROVIDERS)}"
            self._wrong(entry.value, catalogue.UNKNOWN_PROVIDER, f"no provider is called `{given}`", hint)
            return None
        return provider

    def _options(self, config: n.Config) -> dict[str, Setting]:
        entry = find(config, "options")
        if entry is None:
            return {}
        if not isinstance(entry.value, n.Config):
            self._wrong(entry.value, catalogue.CLIENT_OPTION, "options are a block", "write options { … }")
            return {}
        return entries(entry.value)

    def _strategy(self, node: n.ClientDecl, options: dict[str, Setting]) -> None:
        strategy = options.get("strategy")
        if not isinstance(strategy, list) or not strategy:
            message = f"client `{node.name.name}` has no members"
            self._wrong(node.name, catalogue.EMPTY_STRATEGY, message, "write strategy [A, B] in its options")
            options["strategy"] = []

    def retry_policy(self, node: n.RetryPolicyDecl) -> RetryPolicyInfo | None:
        values = entries(node.config)
        retries = values.get("max_retries")
        if not isinstance(retries, int) or isinstance(retries, bool):
            message = f"retry policy `{node.name.name}` needs `max_retries`, a whole number"
            self._wrong(node.name, catalogue.RETRY_PROPERTY, message, "write `max_retries 3`, for example")
            return None
        strategy = values.get("strategy", {})
        if not isinstance(strategy, dict):
            self._wrong(node.name, catalogue.RETRY_PROPERTY, "a strategy is a block", "write strategy { type … }")
            return None
        return self._policy(node, retries, strategy)

    def _policy(
        self, node: n.RetryPolicyDecl, retries: int, strategy: dict[str, Setting]
    ) -> RetryPolicyInfo | None:
        kind = strategy.get("type", "constant_delay")
        if kind not in ("constant_delay", "exponential_backoff"):
            hint = "strategies are constant_delay and exponential_backoff"
            self._wrong(node.name, catalogue.RETRY_PROPERTY, f"no strategy is called `{kind}`", hint)
            return None
        numbers = {
            key: value
            for key in ("delay_ms", "multiplier", "max_delay_ms")
            if isinstance(value := strategy.get(key), int | float)
        }
        return RetryPolicyInfo(
            node.name.name,
            max(0, retries),
            "constant_delay" if kind == "constant_delay" else "exponential_backoff",
            int(numbers.get("delay_ms", 200)),
            float(numbers.get("multiplier", 1.5)),
            int(numbers.get("max_delay_ms", 10_000)),
        )

    def _wrong(self, node: n.Node, code: object, message: str, hint: str | None) -> None:
        self.report.at(self.placed, node, code, message, hint=hint)  # type: ignore[arg-type]


def check_references(names: Names, items: Iterable[tuple[n.Placed[n.Item], n.ClientDecl]], report: Report) -> None:
    """Policies and members that clients name must exist, and no composite may contain itself."""
    places = {node.name.name: (placed, node) for placed, node in items}
    for cycle in cycles(names.clients, lambda name: _strategy_of(names.clients[name])):
        placed, node = places[cycle[0]]
        message = f"these clients contain each other: {show_cycle(cycle)}"
        report.at(placed, node.name, catalogue.CLIENT_CYCLE, message)
    for placed, node in places.values():
        info = names.clients.get(node.name.name)
        if info is None:
            continue
        if info.retry_policy is not None and info.retry_policy not in names.retry_policies:
            entry = find(node.config, "retry_policy")
            assert entry is not None
            message = f"no retry policy is called `{info.retry_policy}`"
            hint = did_you_mean(info.retry_policy, names.retry_policies)
            report.at(placed, entry.value, catalogue.UNKNOWN_RETRY_POLICY, message, hint=hint)
        for member in _strategy_of(info):
            if not is_client(member, names):
                hint = did_you_mean(member, names.clients)
                message = f"no client is called `{member}`"
                report.at(placed, node.name, catalogue.UNKNOWN_CLIENT, message, hint=hint)


def is_client(name: str, names: Names) -> bool:
    """A declared client, or a `provider/model` shorthand."""
    provider, slash, model = name.partition("/")
    return name in names.clients or bool(slash and model and OLD_SPELLINGS.get(provider, provider) in PROVIDERS)


def _strategy_of(info: ClientInfo) -> list[str]:
    strategy = info.options.get("strategy") if info.provider in COMPOSITES else None
    return [str(member) for member in strategy] if isinstance(strategy, list) else []
