"""Clients that are made while a program runs: beside those of the program, or in their place.

    registry = bamlet.ClientRegistry()
    registry.add_llm_client("Mine", "openai", {"model": "gpt-4o-mini", "api_key": key})
    registry.set_primary("Mine")

A call never changes a registry, so one may serve many of them at once.
"""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from typing import Any

from ..diagnostics import did_you_mean
from ..interpreter.facts.interface import ClientInfo, Interface
from ..records import replace
from .errors import BamlInvalidArgumentError

COMPOSITES = ("fallback", "round-robin")


class ClientRegistry:
    """Names, each with a provider and options. Strings in options are literal, `env.KEY` as well."""

    def __init__(self) -> None:
        self._clients: dict[str, ClientInfo] = {}
        self._primary: str | None = None

    @property
    def primary(self) -> str | None:
        return self._primary

    def add_llm_client(
        self, name: str, provider: str, options: Mapping[str, Any], retry_policy: str | None = None
    ) -> None:
        """One of the same name takes its place, also inside of fallbacks of the program. The last one counts."""
        if not isinstance(name, str) or not name:
            raise BamlInvalidArgumentError(f"Invalid argument: the name of a client is a text, not {name!r}")
        if not isinstance(options, Mapping):
            raise BamlInvalidArgumentError(
                f"Invalid argument: the options of client `{name}` are a dict, not a {type(options).__name__}"
            )
        _check_provider(name, provider)
        self._clients[name] = ClientInfo(name, provider, deepcopy(dict(options)), retry_policy)

    def set_primary(self, name: str | None = None, *, primary: str | None = None) -> None:
        """The client of every LLM function; it may also be one of the program. `primary` is BAML's word for it."""
        chosen = primary if name is None else name
        if not isinstance(chosen, str) or not chosen:
            raise BamlInvalidArgumentError(f"Invalid argument: the primary client is a name, not {chosen!r}")
        self._primary = chosen

    def over(self, interface: Interface) -> Interface:
        """The program's interface with these clients. What a call sees of it stays as it is now."""
        return replace(interface, clients={**interface.clients, **self._clients}) if self._clients else interface

    def __copy__(self) -> ClientRegistry:
        made = ClientRegistry()
        made._clients, made._primary = dict(self._clients), self._primary
        return made

    def __repr__(self) -> str:
        """Without options: keys are among them."""
        clients = ", ".join(f"{client.name} ({client.provider})" for client in self._clients.values())
        return f"ClientRegistry(primary={self._primary!r}, clients=[{clients}])"


def _check_provider(name: str, provider: str) -> None:
    from ..providers import ClientConfigError, dialect  # brings every provider

    if provider in COMPOSITES:
        return
    try:
        dialect(provider)
    except ClientConfigError as failure:
        hint = did_you_mean(str(provider), COMPOSITES)
        told = f"{failure}, {', '.join(COMPOSITES)}" + (f"; {hint}" if hint else "")
        raise BamlInvalidArgumentError(f"Invalid argument: client `{name}`: {told}") from None
