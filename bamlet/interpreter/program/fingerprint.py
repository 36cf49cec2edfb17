"""A program and one of its functions to a fingerprint of what decides the function's answers."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from ...grammar import nodes as n
from ..facts.interface import ClientInfo, EnvRef, Interface
from .reach import Declared, Reach
from .sources import Sources

# How an answer is got, not what is asked.
_BESIDE = frozenset(
    {
        *("api_key", "headers", "base_url", "query_params", "http", "strategy", "start", "rate", "price", "hedge"),
        *("credentials", "credentials_content", "authorization_token", "tenant_id", "client_id", "client_secret"),
        *("authority_host", "endpoint_url", "access_key_id", "secret_access_key", "session_token", "profile"),
    }
)


def fingerprint(sources: Sources, interface: Interface, function: str) -> str:
    """64 hexadecimal digits."""
    declared = Declared(sources)
    reach = Reach(declared, interface)
    reach.follow(function.split("."))
    texts = {
        name: [_plain(node) for node in declared.items[name]]
        for name in sorted(reach.names & declared.items.keys())
    }
    clients = {name: _client(found) for name, found in interface.clients.items() if name in reach.clients}
    shorthands = sorted(reach.clients - clients.keys())
    told = json.dumps([function, texts, clients, shorthands], sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(told.encode("utf-8", "surrogatepass")).hexdigest()


def _client(client: ClientInfo) -> Any:
    options = {name: value for name, value in client.options.items() if name not in _BESIDE}
    return [client.provider, _setting(options)]


def _setting(value: Any) -> Any:
    match value:
        case EnvRef(name=name):
            return {"env": name}
        case Mapping():
            return {str(key): _setting(item) for key, item in value.items()}
        case list() | tuple():
            return [_setting(item) for item in value]
        case _:
            return value


def _plain(value: Any) -> Any:
    """A tree without places and comments."""
    match value:
        case n.Node():
            parts = type(value).__parts__[2:]
            return [type(value).__name__, *(_plain(getattr(value, part)) for part in parts if part != "doc")]
        case tuple():
            return [_plain(item) for item in value]
        case _:
            return value
