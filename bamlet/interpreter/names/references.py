"""Definitions and references of a checked program: for every name, where it stands and where it was declared.

It is what an editor asks for (go to definition, find references, rename), worked out from the trees and the
checker's tables when somebody asks.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from ...grammar import nodes as n
from ..declarations.settings import setting
from ..facts.code_names import constant_name
from ..facts.interface import Definition, Reference, SymbolTable
from ..facts.symbols import Names
from ..facts.typing_tables import (
    ConstantUse,
    FunctionCall,
    FunctionUse,
    InterfaceCall,
    LocalUse,
    OrTest,
    Tables,
    TypeTest,
    UnionCall,
    Variable,
    VariantTest,
    VariantUse,
)
from .resolve_types import BUILTIN_TYPES

_KINDS: dict[type, str] = {
    n.ClassDecl: "class",
    n.InterfaceDecl: "interface",
    n.EnumDecl: "enum",
    n.AliasDecl: "type",
    n.FunctionDecl: "function",
    n.ClientDecl: "client",
    n.ClientValueDecl: "client",
    n.RetryPolicyDecl: "retry policy",
    n.TemplateStringDecl: "template string",
    n.LetDecl: "constant",
}


def symbol_table(items: Iterable[n.Placed[n.Item]], names: Names, tables: Mapping[str, Tables]) -> SymbolTable:
    """All definitions, by full name, and all references to them and to local variables.

    `names` knows the namespaces of files; `tables` has what the checker learned of each function's body, by the
    function's full name.
    """
    placed = list(items)
    definitions: dict[str, Definition] = {}
    for one in placed:
        for definition in _definitions(one, names):
            definitions.setdefault(definition.name, definition)
    references = [found for one in placed for found in _Finder(one, names, tables, definitions).run()]
    return SymbolTable(definitions, tuple(references))


def _own_name(placed: n.Placed[n.Item], names: Names) -> str:
    space = names.spaces.get(placed.file.name)
    return f"{space}.{placed.node.name.name}" if space else placed.node.name.name


def _definitions(placed: n.Placed[n.Item], names: Names) -> Iterator[Definition]:
    node = placed.node
    name = _own_name(placed, names)
    kind = _KINDS.get(type(node))
    if kind is not None:
        yield Definition(name, kind, placed.span(node.name), node.doc)
    if isinstance(node, n.ClassDecl | n.InterfaceDecl):
        for field in node.fields:
            yield Definition(f"{name}.{field.name.name}", "field", placed.span(field.name), field.doc)
    if isinstance(node, n.EnumDecl):
        for value in node.values:
            yield Definition(f"{name}.{value.name.name}", "enum value", placed.span(value.name), value.doc)
    for owner, method in _methods(placed, names):
        yield Definition(f"{owner}.{method.name.name}", "method", placed.span(method.name), method.doc)


def _methods(placed: n.Placed[n.Item], names: Names) -> Iterator[tuple[str, n.FunctionDecl]]:
    """The methods that an item declares, each with what stands before its name."""
    node, own = placed.node, _own_name(placed, names)
    if isinstance(node, n.ClassDecl | n.InterfaceDecl | n.EnumDecl):
        yield from ((own, method) for method in node.methods)
    if isinstance(node, n.ClassDecl):
        for block in node.implements:
            interface = _written(block.interface, placed, names)
            yield from ((f"{own}.{interface}", method) for method in block.methods)
    if isinstance(node, n.ImplementsDecl):
        owner = f"{_written(node.target, placed, names)}.{_written(node.block.interface, placed, names)}"
        yield from ((owner, method) for method in node.block.methods)


def _written(node: n.TypeNode, placed: n.Placed[n.Item], names: Names) -> str:
    """The full name of an interface, or what tells the kind of a type that implements one."""
    if isinstance(node, n.TypeName):
        return node.name if node.name in BUILTIN_TYPES else names.full(node.name, placed.file.name)
    return "[]" if isinstance(node, n.ListType) else "->"


class _Finder:
    """The references in one item."""

    def __init__(
        self,
        placed: n.Placed[n.Item],
        names: Names,
        checked: Mapping[str, Tables],
        definitions: dict[str, Definition],
    ) -> None:
        self._placed = placed
        self._names = names
        self._checked = checked
        self._definitions = definitions
        self._locals: dict[Variable, Definition] = {}
        self._tables = Tables()

    def run(self) -> Iterator[Reference]:
        yield from self._walk(self._placed.node, "")

    def _walk(self, node: n.Node, owner: str) -> Iterator[Reference]:
        if isinstance(node, n.FunctionDecl):
            name = f"{owner}.{node.name.name}" if owner else _own_name(self._placed, self._names)
            self._tables = self._checked.get(name, Tables())
        elif isinstance(node, n.LetDecl):
            self._tables = self._checked.get(constant_name(_own_name(self._placed, self._names)), Tables())
        elif isinstance(node, n.ClassDecl | n.InterfaceDecl | n.EnumDecl):
            owner = _own_name(self._placed, self._names)
        elif isinstance(node, n.ImplementsDecl):
            owner = _written(node.target, self._placed, self._names)
        elif isinstance(node, n.Implements):
            owner = f"{owner}.{_written(node.interface, self._placed, self._names)}"
        self._declare(node, _declared_name(node))
        if isinstance(node, n.CatchClause) and node.context is not None:
            self._declare(node.context, node.context)
        find = _FIND.get(type(node))
        if find is not None:
            yield from find(self, node)
        for child in node.children():
            yield from self._walk(child, owner)

    def _declare(self, node: n.Node, name: n.Identifier | None) -> None:
        variable = self._tables.variables.get(id(node))
        if variable is not None and name is not None:
            kind = "parameter" if isinstance(node, n.Param) else "variable"
            self._locals[variable] = Definition(name.name, kind, self._placed.span(name), None)

    def _to(self, name: str, node: n.Node) -> Iterator[Reference]:
        definition = self._definitions.get(name)
        if definition is not None:
            yield Reference(self._placed.span(node), definition)

    def _written(self, name: str, node: n.Node) -> Iterator[Reference]:
        return self._to(self._names.full(name, self._placed.file.name), node)

    def type_name(self, node: n.TypeName) -> Iterator[Reference]:
        return self._written(node.name, node)

    def path(self, node: n.Path) -> Iterator[Reference]:
        match self._tables.uses.get(id(node)):
            case LocalUse(variable=variable) if variable in self._locals:
                yield Reference(self._placed.span(node.parts[0]), self._locals[variable])
            case VariantUse(enum=enum, name=name):
                yield from self._to(enum, node.parts[-2])
                yield from self._to(f"{enum}.{name}", node.parts[-1])
            case FunctionUse(symbol=symbol):
                yield from self._to(symbol.name, node)
            case ConstantUse(symbol=constant):
                yield from self._to(constant.name, node.parts[0])
            case _:
                return

    def call(self, node: n.Call) -> Iterator[Reference]:
        plan = self._tables.calls.get(id(node))
        if isinstance(plan, UnionCall):
            name = node.callee.parts[-1] if isinstance(node.callee, n.Path) else node.callee
            for _, symbol in plan.methods:
                yield from self._to(symbol.name, name.name if isinstance(name, n.FieldAccess) else name)
            if isinstance(plan.receiver, n.Path):
                yield from self.path(plan.receiver)
        if not isinstance(plan, FunctionCall | InterfaceCall):
            return
        callee = node.callee
        if isinstance(callee, n.FieldAccess):
            yield from self._to(plan.symbol.name, callee.name)
        elif isinstance(callee, n.Path):
            yield from self._to(plan.symbol.name, callee if plan.receiver is None else callee.parts[-1])
            if isinstance(plan.receiver, n.Path):
                yield from self.path(plan.receiver)

    def constructor(self, node: n.Constructor) -> Iterator[Reference]:
        symbol = self._tables.constructors.get(id(node))
        if symbol is None:
            return
        yield from self._to(symbol.name, node.path)
        for entry in node.entries:
            if isinstance(entry, n.FieldInit):
                yield from self._to(f"{symbol.name}.{entry.name.name}", entry.name)

    def path_pattern(self, node: n.PathPattern) -> Iterator[Reference]:
        test = self._tables.patterns.get(id(node))
        match test:
            case VariantTest(enum=enum, name=name):
                yield from self._to(enum, node.path.parts[-2])
                yield from self._to(f"{enum}.{name}", node.path.parts[-1])
            case TypeTest() | OrTest():
                yield from self._written(node.path.name, node.path)
            case _:
                return

    def config_entry(self, node: n.ConfigEntry) -> Iterator[Reference]:
        """Names of clients, policies and functions in configuration."""
        if node.key.name not in (
            "client",
            "retry_policy",
            "strategy",
            "functions",
            "tools",
            "loop",
            "choose",
            "done",
        ):
            return
        values = node.value.items if isinstance(node.value, n.ConfigList) else (node.value,)
        for value in values:
            if isinstance(value, n.ConfigText):
                yield from self._written(str(setting(value)), value)


def _declared_name(node: n.Node) -> n.Identifier | None:
    match node:
        case n.Let() | n.ForIn() | n.Param() | n.BindingPattern():
            return node.name
        case n.CatchClause():
            return node.binder
        case n.PathPattern():
            return node.path.parts[0]
        case _:
            return None


_FIND: dict[type, Callable[[_Finder, Any], Iterator[Reference]]] = {
    n.TypeName: _Finder.type_name,
    n.Path: _Finder.path,
    n.Call: _Finder.call,
    n.Constructor: _Finder.constructor,
    n.PathPattern: _Finder.path_pattern,
    n.ConfigEntry: _Finder.config_entry,
}
