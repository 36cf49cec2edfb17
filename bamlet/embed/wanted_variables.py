"""The clients of a program to the names of the environment that they would read. Values are never looked at."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ..interpreter.facts.interface import ClientInfo, EnvRef, Interface, Setting
from ..options.providers import PROVIDERS
from ..records import dataclass


@dataclass(frozen=True, slots=True)
class Wanted:
    """`names` are read in any case; of `any_of`, groups of names, one that is set is enough."""

    client: str
    provider: str
    base_url: str | None
    names: tuple[str, ...]
    any_of: tuple[tuple[str, ...], ...]

    def missing(self, is_set: Mapping[str, str]) -> list[str]:
        lacking = [name for name in self.names if not is_set.get(name)]
        return [*lacking, *(group[0] for group in self.any_of if not any(map(is_set.get, group)))]


def wanted_variables(interface: Interface) -> list[Wanted]:
    """Of clients that are declared, and of those that functions name as `provider/model`."""
    asked = sorted({function.llm.client for function in interface.functions.values() if function.llm is not None})
    short = [ClientInfo(name, name.partition("/")[0]) for name in asked if "/" in name]
    return [_wanted(client) for client in (*interface.clients.values(), *short)]


def environ_of_clients(interface: Interface, environ: Mapping[str, str]) -> dict[str, str]:
    """The part of an environment that the clients read: whoever asks elsewhere is told no more than it needs."""
    wanted = wanted_variables(interface)
    names = {
        name.upper() for each in wanted for name in (*each.names, *(n for group in each.any_of for n in group))
    }
    return {name: value for name, value in environ.items() if name.upper() in names}


def _wanted(client: ClientInfo) -> Wanted:
    names = tuple(dict.fromkeys(_named(client.options)))
    provider = PROVIDERS.get(client.provider)
    if provider is None:  # a strategy asks through its members
        return Wanted(client.name, client.provider, None, names, ())
    base_url = client.options.get("base_url", provider.base_url)
    shown = base_url if isinstance(base_url, str) else None
    # A provider's key is for that provider: a server of somebody's own is asked without one.
    keyed = provider.key_variable is not None and (provider.base_url is None or shown == provider.base_url)
    groups = [group for group in provider.variables if group.get("api_key") and not group.keys() & client.options]
    return Wanted(client.name, client.provider, shown, names, tuple(g["api_key"] for g in groups if keyed))


def _named(value: Setting) -> Iterator[str]:
    match value:
        case EnvRef(name=name):
            yield name
        case Mapping():
            for item in value.values():
                yield from _named(item)
        case list() | tuple():
            for item in value:
                yield from _named(item)
