"""What a function or a test reaches of its program, told from the words of its declaration.

Whatever is declared under one of them counts, and what that reaches. A word that only looks like a name makes too
much of it, never too little.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from ...grammar import nodes as n
from ...patterns import pattern
from ...source import SourceFile
from ..facts.interface import ClientInfo, Interface
from .sources import Sources

_WORD = pattern(r"[A-Za-z_]\w*")
_BODIES = n.TestBody | n.TestSet
# How an answer is got: the interface has what they say.
_SETTINGS = n.RetryPolicyDecl | n.ClientDecl | n.ClientValueDecl
_ASIDE = n.TestDecl | n.GeneratorDecl


class Declared:
    """What a program declares, by the last part of its name: in which namespace it stands, its file says."""

    def __init__(self, sources: Sources) -> None:
        self.items: dict[str, list[n.Item]] = {}
        self.files: dict[str, set[str]] = {}
        self.bodies: dict[str, list[n.Item]] = {}  # tests that are functions of their own, by file
        parser = sources.parser()
        for file, text in sources.texts.items():
            for placed in parser.parse(SourceFile(file, text)).items:
                self._add(file, placed.node)

    def _add(self, file: str, node: n.Item) -> None:
        if isinstance(node, _BODIES):
            self.bodies.setdefault(file, []).append(node)
        elif not isinstance(node, _ASIDE):
            self.files.setdefault(node.name.name, set()).add(file)
            if not isinstance(node, _SETTINGS) or _has_tools(node):
                self.items.setdefault(node.name.name, []).append(node)


class Reach:
    """Words that are followed: to declarations, and to clients, the shorthands among them."""

    def __init__(self, declared: Declared, interface: Interface) -> None:
        self._declared = declared
        self.names: set[str] = set()
        self.clients: set[str] = set()
        self._interface = interface
        self._llm: dict[str, list[str]] = {}
        for full, info in interface.functions.items():
            if info.llm is not None:
                self._llm.setdefault(full.rpartition(".")[2], []).append(info.llm.client)

    def follow(self, names: Iterable[str]) -> None:
        left = set(names)
        while left:
            name = left.pop()
            self.names.add(name)
            words = {word for node in self._declared.items.get(name, ()) for word in words_of(node)}
            for client in (*self._llm.get(name, ()), *(words & self._interface.clients.keys())):
                words |= set(self._ask(client))
            left |= (words & self._declared.items.keys()) - self.names

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


class FilesReached:
    """For each test, the files of a program that hold something of what it reaches."""

    def __init__(self, sources: Sources, interface: Interface) -> None:
        self._declared = Declared(sources)
        self._interface = interface
        self._known: dict[str, frozenset[str]] = {}

    def of(self, function: str | None, file: str) -> frozenset[str]:
        """What a test in a file reaches: by the function that it calls, or by what the bodies of the file say."""
        key = file if function is None else f"\0{function}"
        if key not in self._known:
            bodies = self._declared.bodies.get(file, ())
            names = function.split(".") if function else {word for body in bodies for word in words_of(body)}
            self._known[key] = self._files(names)
        return self._known[key] | {file}

    def _files(self, names: Iterable[str]) -> frozenset[str]:
        reach = Reach(self._declared, self._interface)
        reach.follow(names)
        asked = [found for name in reach.clients if (found := self._interface.clients.get(name)) is not None]
        policies = {client.retry_policy for client in asked if client.retry_policy is not None}
        places = self._declared.files
        return frozenset(file for name in reach.names | reach.clients | policies for file in places.get(name, ()))


def _has_tools(node: n.Item) -> bool:
    """What an MCP server is decides what a model may call."""
    return isinstance(node, n.ClientDecl) and node.kind == "mcp"


def _members(client: ClientInfo) -> Iterator[str]:
    members = client.options.get("strategy")
    if isinstance(members, list | tuple):
        yield from map(str, members)


def words_of(node: n.Node) -> set[str]:
    return {word for text in _texts(node) for word in _WORD.findall(text)}


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
