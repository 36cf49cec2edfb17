"""Client blocks to plain data, with what is missing, unknown or contradictory reported."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from ...diagnostics import catalogue, did_you_mean
from ...grammar import nodes as n
from ...options.providers import ALIASES, COMPOSITES, PROVIDERS
from ...records import dataclass
from ...types.show import show
from ...types.ty import UNKNOWN, ClassTy, FunctionTy
from ..facts.cycles import cycles, show_cycle
from ..facts.interface import ClientInfo, Setting
from ..facts.report import Report
from ..facts.symbols import Names
from .blocks import Block, Shape
from .client_options import check_options
from .settings import entries, find, setting

_PROVIDERS = (*PROVIDERS, *COMPOSITES)
_CLIENT = Shape(
    "a client",
    ("provider", "retry_policy", "options"),
    catalogue.UNKNOWN_CLIENT_PROPERTY,
    catalogue.MISSING_PROVIDER,
    {"provider": "provider openai"},
    "put it into options { … }",
)


@dataclass(frozen=True, slots=True)
class ClientReader:
    """Reads one client."""

    block: Block
    node: n.ClientDecl

    def read(self) -> ClientInfo | None:
        node = self.node
        if node.kind not in (None, "llm"):
            message, hint = f"there are no `{node.kind}` clients", "write client<llm>, or client<mcp>"
            self.block.wrong(node.name, catalogue.UNKNOWN_CLIENT_PROPERTY, message, hint)
        given = self.block.check(node.name, node.config.entries, _CLIENT)
        provider = self._provider(given["provider"]) if "provider" in given else None
        options = self._options(given.get("options"), provider)
        if provider is None:
            return None
        policy = given.get("retry_policy")
        name = str(setting(policy.value)) if policy else None
        return ClientInfo(node.name.name, provider, options, name)

    def _provider(self, entry: n.ConfigEntry) -> str | None:
        given = str(setting(entry.value))
        provider = ALIASES.get(given, given)
        if provider in _PROVIDERS:
            return provider
        hint = run_on(given, _PROVIDERS) or did_you_mean(provider, _PROVIDERS)
        hint = hint or f"providers are {', '.join(_PROVIDERS)}"
        self.block.wrong(entry.value, catalogue.UNKNOWN_PROVIDER, f"no provider is called `{given}`", hint)
        return None

    def _options(self, entry: n.ConfigEntry | None, provider: str | None) -> dict[str, Setting]:
        if entry is not None and not isinstance(entry.value, n.Config):
            self.block.wrong(entry.value, catalogue.CLIENT_OPTION, "options are a block", "write options { … }")
            return {}
        config = entry.value if entry is not None and isinstance(entry.value, n.Config) else None
        check_options(self.block, self.node.name, config, provider)
        return entries(config) if config else {}


def run_on(given: str, known: Iterable[str]) -> str | None:
    """A hint for text that took the rest of its line for a part of it."""
    word, _, rest = given.partition(" ")
    if word not in known or not rest:
        return None
    return f"text without quotes goes on to the end of its line: put a comma or a line break behind `{word}`"


def check_references(
    names: Names, view: Names, items: Mapping[str, tuple[n.Placed[n.Item], n.ClientDecl]], report: Report
) -> None:
    """Policies, members and functions that clients name must exist, and no composite contains itself. `view` has
    the library's functions too."""
    for cycle in cycles(names.clients, lambda name: _strategy_of(names.clients[name])):
        placed, node = items[cycle[0]]
        alone = len(cycle) == 2
        message = (
            f"client `{cycle[0]}` contains itself"
            if alone
            else f"these clients contain each other: {show_cycle(cycle)}"
        )
        hint = "take it out of its own strategy" if alone else "take one of them out of the other's strategy"
        report.at(placed, node.name, catalogue.CLIENT_CYCLE, message, hint=hint)
    for key, (placed, node) in items.items():
        _check_retry_policy(names, placed, node, report)
        if key in names.clients and names.clients[key].provider == "strategy":
            _check_strategy(view, placed, node, report)
        for member in strategy_items(node):
            if isinstance(setting(member), str):
                check_client(names, placed, member, report)


def _check_retry_policy(names: Names, placed: n.Placed[n.Item], node: n.ClientDecl, report: Report) -> None:
    entry = find(node.config, "retry_policy")
    name = str(setting(entry.value)) if entry else None
    if entry is None or name is None or name in names.retry_policies or name in names.broken:
        return
    message = f"no retry policy is called `{name}`"
    hint = run_on(name, names.retry_policies) or did_you_mean(name, names.retry_policies)
    hint = hint or f"declare it: retry_policy {name} {{ max_retries 3 }}"
    report.at(placed, entry.value, catalogue.UNKNOWN_RETRY_POLICY, message, hint=hint)


# What a function takes and gives that decides how the members of a client are asked.
STRATEGY = FunctionTy((ClassTy("baml.llm.Client"), ClassTy("baml.llm.ExecutionContext")), UNKNOWN)


def _check_strategy(view: Names, placed: n.Placed[n.Item], node: n.ClientDecl, report: Report) -> None:
    entry = option(node, "call")
    if entry is None or not isinstance(name := setting(entry.value), str):
        return
    symbol = view.functions.get(name)
    if symbol is None:
        if name not in view.broken:
            message = f"no function is called `{name}`"
            hint = run_on(name, view.functions) or did_you_mean(name, view.functions)
            hint = hint or f"declare it: {_STRATEGY_EXAMPLE.format(name=name)}"
            report.at(placed, entry.value, catalogue.UNKNOWN_NAME, message, hint=hint)
    elif not view.relation().is_subtype(symbol.ty, STRATEGY):
        message = f"`{name}` decides for a client, and must be `{show(STRATEGY)}`; it is `{show(symbol.ty)}`"
        hint = f"write {_STRATEGY_EXAMPLE.format(name=name)}"
        report.at(placed, entry.value, catalogue.TYPE_MISMATCH, message, hint=hint)


_STRATEGY_EXAMPLE = "function {name}(client: baml.llm.Client, call: baml.llm.ExecutionContext) -> unknown {{ … }}"


def option(node: n.ClientDecl, key: str) -> n.ConfigEntry | None:
    options = find(node.config, "options")
    return find(options.value, key) if options and isinstance(options.value, n.Config) else None


def check_client(names: Names, placed: n.Placed[n.Item], node: n.ConfigValue, report: Report) -> None:
    """Report a value that names no declared client and is no `provider/model` shorthand either."""
    name = str(setting(node))
    provider, slash, model = name.partition("/")
    full = names.full(name, placed.file.name)
    if full in names.clients or name in names.broken:
        return
    if full in names.mcp_servers:
        message, hint = f"`{name}` has tools, and is no model", f"write it among the tools: tools [{name}]"
        report.at(placed, node, catalogue.UNKNOWN_CLIENT, message, hint=hint)
    elif not slash:
        hint = did_you_mean(name, names.clients) or 'write a declared client, or a shorthand like "openai/gpt-4o"'
        report.at(placed, node, catalogue.UNKNOWN_CLIENT, f"no client is called `{name}`", hint=hint)
    elif ALIASES.get(provider, provider) not in _PROVIDERS:
        hint = did_you_mean(provider, _PROVIDERS) or f"providers are {', '.join(_PROVIDERS)}"
        message = f"no provider is called `{provider}`"
        report.at(placed, node, catalogue.UNKNOWN_PROVIDER, message, hint=hint)
    elif not model:
        message = f"`{name}` names no model"
        report.at(placed, node, catalogue.EMPTY_MODEL, message, hint=f"write `{provider}/…`")


def strategy_items(node: n.ClientDecl) -> tuple[n.ConfigValue, ...]:
    strategy = option(node, "strategy")
    return strategy.value.items if strategy and isinstance(strategy.value, n.ConfigList) else ()


def _strategy_of(info: ClientInfo) -> list[str]:
    strategy = info.options.get("strategy") if info.provider in COMPOSITES else None
    return [str(member) for member in strategy] if isinstance(strategy, list) else []
