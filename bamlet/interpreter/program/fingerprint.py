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
_NOT_REACHED = n.TestDecl | n.TestBody | n.TestSet | n.GeneratorDecl | n.RetryPolicyDecl | n.ClientDecl


def _without_tables() -> Parser:
    return Parser(None)


@dataclass(frozen=True, slots=True)
class Sources:
    """The texts of a program by the names of their files, and what parses them again."""

    texts: Mapping[str, str] = field(default_factory=dict, repr=False)
    parser: Callable[[], Parser] = field(default=_without_tables, repr=False)


NO_SOURCES = Sources()


def fingerprint(sources: Sources, interface: Interface, function: str) -> str:
    """64 hexadecimal digits."""
    reach = _Reach(_declarations(sources), interface)
    reach.follow(function)
    texts = {
        name: [_plain(node) for node in reach.declared[name]]
        for name in sorted(reach.names & reach.declared.keys())
    }
    clients = {name: _client(found) for name, found in interface.clients.items() if name in reach.clients}
    shorthands = sorted(reach.clients - clients.keys())
    told = json.dumps([function, texts, clients, shorthands], sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(told.encode("utf-8", "surrogatepass")).hexdigest()


def _declarations(sources: Sources) -> dict[str, list[n.Item]]:
    """By the last part of their names: in which namespace one stands, its file says."""
    parser = sources.parser()
    found: dict[str, list[n.Item]] = {}
    for name, text in sources.texts.items():
        for placed in parser.parse(SourceFile(name, text)).items:
            if not isinstance(placed.node, _NOT_REACHED):
                found.setdefault(placed.node.name.name, []).append(placed.node)
    return found


class _Reach:
    """Words that are followed: to declarations, and to clients, the shorthands among them."""

    def __init__(self, declared: Mapping[str, list[n.Item]], interface: Interface) -> None:
        self.declared = declared
        self.names: set[str] = set()
        self.clients: set[str] = set()
        self._interface = interface
        self._llm: dict[str, list[str]] = {}
        for full, info in interface.functions.items():
            if info.llm is not None:
                self._llm.setdefault(full.rpartition(".")[2], []).append(info.llm.client)

    def follow(self, function: str) -> None:
        left = set(function.split("."))
        while left:
            name = left.pop()
            self.names.add(name)
            words = {
                word
                for node in self.declared.get(name, ())
                for text in _texts(node)
                for word in _WORD.findall(text)
            }
            for client in (*self._llm.get(name, ()), *(words & self._interface.clients.keys())):
                words |= set(self._ask(client))
            left |= (words & self.declared.keys()) - self.names

    def _ask(self, client: str) -> Iterator[str]:
        """The client and its members; the functions that are strategies are followed."""
        if client in self.clients:
            return
        self.clients.add(client)
        info = self._interface.clients.get(client)
        if info is not None:
            if info.strategy is not None:
                yield from info.strategy.split(".")
            for member in _members(info):
                yield from self._ask(member)


def _members(client: ClientInfo) -> Iterator[str]:
    members = client.options.get("strategy")
    if isinstance(members, list | tuple):
        yield from map(str, members)


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
