"""What in an item shows that it is written in the second edition: syntax that the first one refuses."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from ..patterns import pattern
from . import nodes as n
from .node import remembered
from .tokens import COMPANION, TRIVIA

_PIN = pattern(r"//[ \t]*bamlet:[ \t]*edition[ \t]+([0-9]+)[ \t]*$", re.MULTILINE)


def pinned_edition(text: str) -> re.Match[str] | None:
    """The comment before the first item of a file that names its edition."""
    head = TRIVIA.match(text)
    return _PIN.search(text, 0, head.end()) if head else None


@remembered
def mark_of(item: n.Node) -> tuple[n.Node, str] | None:
    """A node of an item that only the second edition has, and what it is called."""
    pending: list[Any] = [item]
    while pending:
        node = pending.pop()
        if (look := _LOOK.get(type(node))) and (name := look(node)):
            return node, name
        # Every project is asked, so this goes through the parts without a list of the children of each.
        for part in node.contents():
            if isinstance(part, n.Node):
                if type(part) not in _LEAVES:
                    pending.append(part)
            elif type(part) is tuple:
                pending += (each for each in part if type(each) not in _LEAVES and isinstance(each, n.Node))
    return None


_LEAVES = frozenset(
    {n.Identifier, n.StringLiteral, n.IntLiteral, n.NullLiteral, n.BoolLiteral, n.FloatLiteral, str}
)


def _path(node: n.Path) -> str | None:
    if COMPANION.search(node.parts[-1].name):
        return "a companion of a function"
    return "a path from `root`" if node.parts[0].name == "root" and len(node.parts) > 1 else None


def _type_name(node: n.TypeName) -> str | None:
    if node.name == "void":
        return "the type `void`"
    if node.bindings:
        return "a type argument by name"
    return "a path from `root`" if node.parts[0].name == "root" and len(node.parts) > 1 else None


def _catch_clause(node: n.CatchClause) -> str | None:
    if node.with_panics:
        return "`catch_all_panics`"
    return None if node.context is None else "a second name in `catch`"


_LOOK: dict[type, Callable[[Any], str | None]] = {
    n.Template: lambda node: "a back-tick",
    n.ConfigText: lambda node: "a back-tick" if node.kind == "template" else None,
    n.TestBody: lambda node: "a test with a body",
    n.TestSet: lambda node: "a testset",
    n.OptionalChain: lambda node: "`?.`",
    n.Coalesce: lambda node: "`??`",
    n.Await: lambda node: "`await`",
    n.ClientValueDecl: lambda node: "a client as a value",
    n.Defer: lambda node: "`defer`",
    n.CatchClause: _catch_clause,
    n.Spawn: lambda node: "`spawn`",
    n.Is: lambda node: "`is`",
    n.Match: lambda node: "`if let`" if node.is_if_let else None,
    n.LetPattern: lambda node: "a pattern behind `let`",
    n.ClassPattern: lambda node: "a pattern with fields",
    n.ListPattern: lambda node: "a pattern of a list",
    n.TypePattern: lambda node: "a pattern of a type",
    n.FieldInit: lambda node: "a field by its name alone" if node.name.end == node.end else None,
    n.NamedArgument: lambda node: "an argument by name",
    n.ForIn: lambda node: "a `for` without parentheses" if node.bare else None,
    n.Param: lambda node: None if node.default is None else "a default value",
    n.Lambda: lambda node: "a lambda without a result type" if node.bare_arrow else None,
    n.InterfaceDecl: lambda node: "an interface",
    n.ImplementsDecl: lambda node: "`implements`",
    n.Implements: lambda node: "`implements`",
    n.TypeParam: lambda node: "a type parameter",
    n.AsInterface: lambda node: "`.as<…>`",
    n.Path: _path,
    n.TypeName: _type_name,
}
