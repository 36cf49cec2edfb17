"""A program and one of its functions to a fingerprint of what decides the function's answers.

What a function reaches is told from the words of its declaration: whatever is declared under one of them counts,
and what that reaches. A word that only looks like a name makes the fingerprint change once too often, never too
seldom.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from ...grammar import Parser
from ...grammar import nodes as n
from ...source import SourceFile
from ..facts.interface import ClientInfo, EnvRef, Interface

_WORD = re.compile(r"[A-Za-z_]\w*")

# How an answer is got, not what is asked.
_BESIDE = frozenset(
    {
        *("api_key", "headers", "base_url", "query_params", "http", "strategy", "start", "rate", "price", "hedge"),
        *("credentials", "credentials_content", "authorization_token", "tenant_id", "client_id", "client_secret"),
        *("authority_host", "endpoint_url", "access_key_id", "secret_access_key", "session_token", "profile"),
    }
)
_NOT_REACHED = n.TestDecl | n.GeneratorDecl | n.RetryPolicyDecl | n.ClientDecl


def _without_tables() -> Parser:
    return Parser(None)


@dataclass(frozen=True, slots=True)
class Sources:
    """The texts of a program by the names of their files, and what parses them again."""

    texts: Mapping[str, str] = field(default_factory=dict)
    parser: Callable[[], Parser] = _without_tables


NO_SOURCES = Sources()


def fingerprint(sources: Sources, interface: Interface, function: str) -> str:
    """64 hexadecimal digits."""
    declared = _declarations(sources)
    reached = _reached(declared, interface, function)
    clients = {name: _client(interface.clients[name]) for name in reached if name in interface.clients}
    clients |= {name: name for name in reached if "/" in name}
    texts = {name: [_plain(node) for node in declared[name]] for name in reached if name in declared}
    told = json.dumps([function, texts, clients], sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(told.encode("utf-8", "surrogatepass")).hexdigest()


def _declarations(sources: Sources) -> dict[str, list[n.Item]]:
    parser = sources.parser()
    found: dict[str, list[n.Item]] = {}
    for name, text in sources.texts.items():
        for placed in parser.parse(SourceFile(name, text)).items:
            if not isinstance(placed.node, _NOT_REACHED):
                found.setdefault(placed.node.name.name, []).append(placed.node)
    return found


def _reached(declared: Mapping[str, list[n.Item]], interface: Interface, function: str) -> set[str]:
    """Names of declarations and of clients, the shorthands among them."""
    known = declared.keys() | interface.clients.keys()
    reached: set[str] = set()
    left = {function.partition(".")[0]}
    while left:
        name = left.pop()
        reached.add(name)
        words = {word for node in declared.get(name, ()) for text in _texts(node) for word in _WORD.findall(text)}
        found = words & known
        if (info := interface.functions.get(name)) is not None and info.llm is not None:
            found.add(info.llm.client)
        if (client := interface.clients.get(name)) is not None:
            found |= set(_members(client))
        left |= found - reached
    return reached


def _members(client: ClientInfo) -> Iterator[str]:
    members = client.options.get("strategy")
    if isinstance(members, list | tuple):
        yield from map(str, members)
    if client.strategy is not None:
        yield client.strategy


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


def _texts(value: Any) -> Iterator[str]:
    match value:
        case str():
            yield value
        case n.Node():
            for part in type(value).__parts__[2:]:
                yield from _texts(getattr(value, part))
        case tuple():
            for item in value:
                yield from _texts(item)
