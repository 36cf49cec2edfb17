"""Items to full names: which item each name stands for, and what is wrong with the names themselves."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TypeVar

from ...diagnostics import Note, catalogue
from ...grammar import nodes as n
from ...records import dataclass, field
from ..facts.report import Report
from ..facts.symbols import Names
from .resolve_types import BUILTIN_TYPES

I = TypeVar("I", bound=n.Item)  # noqa: E741

_KINDS: dict[type, str] = {
    n.ClassDecl: "class",
    n.InterfaceDecl: "interface",
    n.ImplementsDecl: "implementation",
    n.EnumDecl: "enum",
    n.AliasDecl: "type",
    n.FunctionDecl: "function",
    n.ClientDecl: "client",
    n.RetryPolicyDecl: "retry policy",
    n.TemplateStringDecl: "template string",
    n.LetDecl: "constant",
    n.TestBody: "test",
    n.TestSet: "testset",
}
# Beside the types that there are: what BAML keeps for its scalars.
_RESERVED = frozenset({"map", "Json", "String", "Int", "Float", "Bytes", "BigInt"})


def _with_outer(space: str) -> Iterator[str]:
    words = space.split(".")
    return (".".join(words[:length]) for length in range(1, len(words) + 1))


@dataclass(slots=True)
class Declared:
    """`names` takes what is found; `view` has the library's below."""

    library: Names | None
    namespaces: Mapping[str, str]
    names: Names = field(default_factory=Names)
    view: Names = field(init=False)
    report: Report = field(default_factory=Report)
    # Each item under its full name. A second one of the same name is looked into as well, under a name of its own.
    items: dict[str, n.Placed[n.Item]] = field(default_factory=dict)
    _keys: dict[int, str] = field(default_factory=dict)
    _spaces: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        self.view = self.names.over(self.library)
        if self.library is not None:
            self._spaces = frozenset(outer for space in self.namespaces.values() for outer in _with_outer(space))

    def key(self, placed: n.Placed[n.Item]) -> str:
        return self._keys[id(placed)]

    def full(self, placed: n.Placed[n.Item], name: str) -> str:
        namespace = self.namespaces.get(placed.file.name)
        if namespace:
            self.names.declared.setdefault(namespace, set()).add(name)
        return f"{namespace}.{name}" if namespace else name

    def declare(self, placed: n.Placed[n.Item]) -> None:
        node = placed.node
        name = node.name
        full = key = self.full(placed, name.name)
        if full in self.items and isinstance(node, n.ImplementsDecl):
            key = f"{full} #{len(self.items)}"
        elif full in self.items:
            other = self.items[full]
            kind = _KINDS[type(other.node)]
            message = f"the name `{name.name}` is taken: a {kind} is called so already"
            note = Note(other.span(other.node.name), "declared here first")
            self.report.at(placed, name, catalogue.DUPLICATE_NAME, message, note, hint="rename one of them")
            self.names.broken.add(full)
            key = f"{full} #{len(self.items)}"
        self.items[key] = placed
        self._keys[id(placed)] = key
        is_type = isinstance(node, n.ClassDecl | n.InterfaceDecl | n.EnumDecl | n.AliasDecl)
        self.check_reserved(placed, name, is_type)
        if full in self._spaces:
            message = f"`{name.name}` is a namespace, too: `root.{full}` names either"
            self.report.at(placed, name, catalogue.NAMESPACE_SHADOW, message, hint="rename one of them")

    def check_reserved(self, placed: n.Placed[n.Item], name: n.Identifier, is_type: bool) -> None:
        hint = "choose another name"
        if (is_type and (name.name in BUILTIN_TYPES or name.name in _RESERVED)) or name.name.startswith("__"):
            message = f"`{name.name}` is a name of the language itself"
            self.report.at(placed, name, catalogue.RESERVED_NAME, message, hint=hint)
        elif is_type and name.name.startswith("stream_"):
            message = "names of types that begin with `stream_` are kept for the partial values of streams"
            self.report.at(placed, name, catalogue.RESERVED_PREFIX, message, hint=hint)

    def of(self, kind: type[I]) -> dict[str, tuple[n.Placed[n.Item], I]]:
        """The items of one kind, by their names."""
        return {key: (placed, placed.node) for key, placed in self.items.items() if isinstance(placed.node, kind)}
