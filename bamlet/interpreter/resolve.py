"""Trees to names: what each item declares, with its types looked up. Bodies are left to the checker."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ..diagnostics import Note, catalogue, did_you_mean
from ..grammar import nodes as n
from ..types.schema import ClassSchema, EnumMember, EnumSchema, Field
from ..types.ty import ERROR, NULL, AliasTy, ClassTy, Ty, bare, members
from .attributes import annotate, describe
from .clients import ConfigReader, check_references, is_client
from .cycles import cycles, finished, show_cycle
from .interface import LlmInfo, Param, TemplateInfo, TestConstraint, TestInfo
from .report import Report
from .resolve_types import BUILTIN_TYPES, TypeResolver
from .settings import entries, find, setting
from .symbols import ClassSymbol, ConstantSymbol, FunctionSymbol, Names

Items = Sequence[n.Placed[n.Item]]

_KINDS: dict[type, str] = {
    n.ClassDecl: "class",
    n.EnumDecl: "enum",
    n.AliasDecl: "type",
    n.FunctionDecl: "function",
    n.ClientDecl: "client",
    n.RetryPolicyDecl: "retry policy",
    n.TemplateStringDecl: "template string",
    n.LetDecl: "constant",
}


def resolve(
    items: Items, library: Names | None, namespaces: Mapping[str, str] | None = None
) -> tuple[Names, Report]:
    """The names that `items` declare. `namespaces` gives files, by name, a prefix: the library's have one."""
    work = _Resolver(library, namespaces or {})
    work.run(items)
    return work.names, work.report


@dataclass(slots=True)
class _Resolver:
    library: Names | None
    namespaces: Mapping[str, str]
    names: Names = field(default_factory=Names)
    view: Names = field(default_factory=Names)
    report: Report = field(default_factory=Report)
    _declared: dict[str, tuple[n.Placed[n.Item], n.Identifier]] = field(default_factory=dict)
    _aliases: dict[str, n.Placed[n.Item]] = field(default_factory=dict)
    _expanding: list[str] = field(default_factory=list)

    def run(self, items: Items) -> None:
        self.view = self.names.over(self.library)
        unique = [placed for placed in items if self._declare(placed)]
        self._declare_types(unique)
        for name in finished({name: _names_in(placed.node) for name, placed in self._aliases.items()}):
            self._guarded(self._aliases[name], lambda placed, node: self._alias(self._full(placed, node.name.name)))
        steps: dict[type, Callable[[n.Placed[n.Item], Any], None]] = {
            n.ClassDecl: self._class,
            n.FunctionDecl: self._function,
            n.TemplateStringDecl: self._template_string,
            n.LetDecl: self._constant,
            n.RetryPolicyDecl: self._retry_policy,
            n.ClientDecl: self._client,
        }
        for kind, step in steps.items():
            for placed in unique:
                if isinstance(placed.node, kind):
                    self._guarded(placed, step)
        self._check_classes(unique)
        clients = [(p, p.node) for p in unique if isinstance(p.node, n.ClientDecl)]
        check_references(self.names, clients, self.report)
        self._check_llm_clients()
        for placed in items:
            if isinstance(placed.node, n.TestDecl):
                self._test(placed, placed.node)

    def _guarded(self, placed: n.Placed[n.Item], step: Callable[[n.Placed[n.Item], Any], object]) -> None:
        """Types are resolved by recursion; one nested deeper than Python's stack is the program's mistake."""
        try:
            step(placed, placed.node)
        except RecursionError:
            self._expanding.clear()
            name = placed.node.name
            self.report.at(placed, name, catalogue.NESTING_LIMIT, "a type in this is nested too deeply")

    def _full(self, placed: n.Placed[n.Item], name: str) -> str:
        namespace = self.namespaces.get(placed.file.name)
        return f"{namespace}.{name}" if namespace else name

    # --- declaring

    def _declare(self, placed: n.Placed[n.Item]) -> bool:
        node = placed.node
        if isinstance(node, n.TestDecl | n.GeneratorDecl):
            return False
        name = node.name
        full = self._full(placed, name.name)
        if full in self._declared:
            other, first = self._declared[full]
            kind = _KINDS[type(other.node)]
            message = f"the name `{name.name}` is taken: a {kind} is called so already"
            note = Note(other.span(first), "declared here first")
            self.report.at(placed, name, catalogue.DUPLICATE_NAME, message, note)
            return False
        self._declared[full] = (placed, name)
        self._check_reserved(placed, name, isinstance(node, n.ClassDecl | n.EnumDecl | n.AliasDecl))
        return True

    def _check_reserved(self, placed: n.Placed[n.Item], name: n.Identifier, is_type: bool) -> None:
        if (is_type and (name.name in BUILTIN_TYPES or name.name == "map")) or name.name.startswith("__"):
            message = f"`{name.name}` is a name of the language itself"
            self.report.at(placed, name, catalogue.RESERVED_NAME, message, hint="choose another name")

    def _declare_types(self, items: Items) -> None:
        """Names of types come first, since fields and signatures may name any of them."""
        for placed in items:
            node = placed.node
            name = self._full(placed, getattr(node, "name").name)  # noqa: B009 every kind that is declared has one
            match node:
                case n.ClassDecl():
                    self.names.classes[name] = ClassSymbol(ClassSchema(name, ()), {})
                case n.EnumDecl():
                    self.names.enums[name] = self._enum(placed, node, name)
                case n.AliasDecl():
                    self._aliases[name] = placed

    def _types(self, placed: n.Placed[n.Item], place: str = "type") -> TypeResolver:
        return TypeResolver(self.view, self.report, placed, self._alias, place)

    # --- types

    def _alias(self, name: str) -> Ty | None:
        """The type an alias stands for. One met again while it is being expanded is recursive."""
        placed = self._aliases.get(name)
        if placed is None:
            return None
        if name in self.names.aliases:
            return self.names.aliases[name]
        if name in self._expanding:
            self.names.recursive_aliases[name] = ERROR
            return AliasTy(name)
        node = placed.node
        assert isinstance(node, n.AliasDecl)
        self._expanding.append(name)
        ty = self._types(placed, "alias").resolve(node.type)
        self._expanding.pop()
        if name not in self.names.recursive_aliases:
            self.names.aliases[name] = ty
            return ty
        self._finish_recursive(name, ty, placed, node)
        return AliasTy(name)

    def _finish_recursive(self, name: str, ty: Ty, placed: n.Placed[n.Item], node: n.AliasDecl) -> None:
        if AliasTy(name) in _reached_bare(ty, self.names.recursive_aliases):
            message = f"`{node.name.name}` stands for itself"
            hint = "let the recursion pass through a list or a map"
            self.report.at(placed, node.name, catalogue.ALIAS_CYCLE, message, hint=hint)
            self.names.recursive_aliases.pop(name)
            self.names.aliases[name] = ERROR
        else:
            self.names.recursive_aliases[name] = ty

    def _enum(self, placed: n.Placed[n.Item], node: n.EnumDecl, name: str) -> EnumSchema:
        values: dict[str, EnumMember] = {}
        places: dict[str, n.Identifier] = {}
        for value in node.values:
            if value.name.name in values:
                note = Note(placed.span(places[value.name.name]), "declared here first")
                message = f"`{node.name.name}` has two values called `{value.name.name}`"
                self.report.at(placed, value.name, catalogue.DUPLICATE_VARIANT, message, note)
                continue
            d = describe(value.attributes, "enum value", placed, self.report)
            values[value.name.name] = EnumMember(value.name.name, d.alias, d.description, d.skip)
            places[value.name.name] = value.name
        d = describe(node.attributes, "enum", placed, self.report)
        return EnumSchema(name, tuple(values.values()), d.alias, d.description, d.dynamic, d.stream.constraints)

    def _class(self, placed: n.Placed[n.Item], node: n.ClassDecl) -> None:
        name = self._full(placed, node.name.name)
        fields = self._fields(placed, node)
        d = describe(node.attributes, "class", placed, self.report)
        schema = ClassSchema(
            name, fields, d.alias, d.description, d.dynamic, d.stream.stream_done, d.stream.constraints
        )
        methods: dict[str, str] = {}
        taken = {f.name for f in fields}
        for method in node.methods:
            if method.name.name in methods or method.name.name in taken:
                message = f"`{node.name.name}` has two members called `{method.name.name}`"
                self.report.at(placed, method.name, catalogue.DUPLICATE_FIELD, message)
                continue
            symbol = self._signature(placed, method, f"{name}.{method.name.name}", owner=name)
            methods[method.name.name] = symbol.name
            self.names.functions[symbol.name] = symbol
        opaque = not fields and any(isinstance(m.body, n.SysopStub) for m in node.methods)
        self.names.classes[name] = ClassSymbol(schema, methods, opaque, placed.span(node.name))

    def _fields(self, placed: n.Placed[n.Item], node: n.ClassDecl) -> tuple[Field, ...]:
        fields: dict[str, Field] = {}
        places: dict[str, n.Identifier] = {}
        for decl in node.fields:
            name = decl.name.name
            if name in fields:
                note = Note(placed.span(places[name]), "declared here first")
                message = f"`{node.name.name}` has two fields called `{name}`"
                self.report.at(placed, decl.name, catalogue.DUPLICATE_FIELD, message, note)
                continue
            self._check_reserved(placed, decl.name, False)
            types = self._types(placed)
            ty, attributes = types.field(decl.type)
            d = describe(attributes, "field", placed, self.report)
            fields[name] = Field(name, annotate(ty, d.stream), d.alias, d.description, d.skip)
            places[name] = decl.name
        return tuple(fields.values())

    def _check_classes(self, items: Items) -> None:
        """A class that needs a value of itself to exist can never exist."""
        places = {
            self._full(placed, placed.node.name.name): (placed, placed.node.name)
            for placed in items
            if isinstance(placed.node, n.ClassDecl)
        }
        for cycle in cycles(places, self._required):
            placed, name = places[cycle[0]]
            message = f"these classes require each other: {show_cycle(cycle)}"
            hint = "make one of the fields optional or a list"
            self.report.at(placed, name, catalogue.CLASS_CYCLE, message, hint=hint)

    def _required(self, name: str) -> list[str]:
        symbol = self.names.classes.get(name)
        if symbol is None:
            return []
        types = (bare(f.ty) for f in symbol.schema.fields)
        return [ty.name for ty in types if isinstance(ty, ClassTy)]

    # --- functions, templates, constants

    def _signature(
        self, placed: n.Placed[n.Item], node: n.FunctionDecl, name: str, owner: str | None = None
    ) -> FunctionSymbol:
        types = self._types(placed)
        params = self._params(placed, node.params, owner)
        result = NULL if node.result is None else types.resolve(node.result)
        throws = None if node.throws is None else types.resolve(node.throws)
        static = owner is not None and not (node.params and node.params[0].name.name == "self")
        match node.body:
            case n.SysopStub(suspends=suspends):
                if self.library is not None:
                    message = "only the standard library declares native operations"
                    self.report.at(placed, node.body, catalogue.SYSOP_STUB, message)
                return FunctionSymbol(
                    name,
                    params,
                    result,
                    throws,
                    "stub",
                    owner,
                    static,
                    suspends,
                    None,
                    node.doc,
                    placed,
                    node,
                )
            case n.LlmBody():
                llm = self._llm_body(placed, node, node.body)
                return FunctionSymbol(
                    name, params, result, throws, "llm", owner, static, True, llm, node.doc, placed, node
                )
            case _:
                return FunctionSymbol(
                    name, params, result, throws, "code", owner, static, False, None, node.doc, placed, node
                )

    def _params(self, placed: n.Placed[n.Item], nodes: Iterable[n.Param], owner: str | None) -> tuple[Param, ...]:
        params: dict[str, Param] = {}
        for at, node in enumerate(nodes):
            name = node.name.name
            if name in params:
                message = f"two parameters are called `{name}`"
                self.report.at(placed, node.name, catalogue.DUPLICATE_NAME, message)
            elif node.type is not None:
                params[name] = Param(name, self._types(placed, "parameter").resolve(node.type))
            elif name == "self" and at == 0 and owner is not None:
                params[name] = Param(name, ClassTy(owner))
            else:
                message = f"parameter `{name}` has no type"
                hint = f"write `{name}: string`, for example"
                self.report.at(placed, node.name, catalogue.SYNTAX, message, hint=hint)
                params[name] = Param(name, ERROR)
        return tuple(params.values())

    def _function(self, placed: n.Placed[n.Item], node: n.FunctionDecl) -> None:
        name = self._full(placed, node.name.name)
        self.names.functions[name] = self._signature(placed, node, name)

    def _llm_body(self, placed: n.Placed[n.Item], node: n.FunctionDecl, body: n.LlmBody) -> LlmInfo | None:
        found: dict[str, n.ConfigEntry] = {}
        for entry in body.entries:
            key = entry.key.name
            if key not in ("client", "prompt"):
                message = f"an LLM function has a client and a prompt, but no `{key}`"
                self.report.at(placed, entry.key, catalogue.LLM_BODY, message)
            elif key in found:
                note = Note(placed.span(found[key].key), "first given here")
                self.report.at(placed, entry.key, catalogue.LLM_BODY, f"`{key}` is given twice", note)
            else:
                found[key] = entry
        for key in ("client", "prompt"):
            if key not in found:
                message = f"LLM function `{node.name.name}` has no {key}"
                self.report.at(placed, node.name, catalogue.LLM_BODY, message, hint=f"add a line `{key} …`")
        if len(found) < 2:
            return None
        prompt = found["prompt"].value
        if not isinstance(prompt, n.ConfigText) or prompt.kind == "bare":
            hint = 'write prompt #"…"#'
            self.report.at(placed, prompt, catalogue.LLM_BODY, "a prompt is a string", hint=hint)
            return None
        return LlmInfo(str(setting(found["client"].value)), prompt.text)

    def _check_llm_clients(self) -> None:
        for symbol in self.names.functions.values():
            if symbol.llm is None or is_client(symbol.llm.client, self.names):
                continue
            assert symbol.placed is not None
            assert symbol.node is not None
            assert isinstance(symbol.node.body, n.LlmBody)
            entry = next(entry for entry in symbol.node.body.entries if entry.key.name == "client")
            message = f"no client is called `{symbol.llm.client}`"
            suggestion = did_you_mean(symbol.llm.client, self.names.clients)
            self.report.at(symbol.placed, entry.value, catalogue.UNKNOWN_CLIENT, message, hint=suggestion)

    def _template_string(self, placed: n.Placed[n.Item], node: n.TemplateStringDecl) -> None:
        params = self._params(placed, node.params, None)
        self.names.templates[node.name.name] = TemplateInfo(node.name.name, params, node.body.text)

    def _constant(self, placed: n.Placed[n.Item], node: n.LetDecl) -> None:
        name = self._full(placed, node.name.name)
        ty = ERROR if node.type is None else self._types(placed).resolve(node.type)
        self.names.constants[name] = ConstantSymbol(name, ty, placed, node)

    def _retry_policy(self, placed: n.Placed[n.Item], node: n.RetryPolicyDecl) -> None:
        if info := ConfigReader(placed, self.report).retry_policy(node):
            self.names.retry_policies[info.name] = info

    def _client(self, placed: n.Placed[n.Item], node: n.ClientDecl) -> None:
        if info := ConfigReader(placed, self.report).client(node):
            self.names.clients[info.name] = info

    # --- tests

    def _test(self, placed: n.Placed[n.Item], node: n.TestDecl) -> None:
        functions = find(node.config, "functions")
        if functions is None or not isinstance(functions.value, n.ConfigList):
            message = f"test `{node.name.name}` names no functions"
            hint = "write functions [Name]"
            self.report.at(placed, node.name, catalogue.TEST_PROPERTY, message, hint=hint)
            return
        args = find(node.config, "args")
        arguments = entries(args.value) if args and isinstance(args.value, n.Config) else {}
        d = describe(node.config.attributes, "test", placed, self.report)
        constraints = tuple(TestConstraint(c.kind, c.name, c.expression) for c in d.stream.constraints)
        for value in functions.value.items:
            function = str(setting(value))
            if function not in self.names.functions:
                message = f"no function is called `{function}`"
                suggestion = did_you_mean(function, self.names.functions)
                self.report.at(placed, value, catalogue.UNKNOWN_TEST_FUNCTION, message, hint=suggestion)
                continue
            span = placed.span(node.name)
            self.names.tests.append(TestInfo(node.name.name, function, arguments, constraints, span))


def _names_in(item: n.Item) -> list[str]:
    """The names of types that a declaration mentions."""
    found: list[str] = []
    stack: list[n.Node] = [item]
    while stack:
        node = stack.pop()
        if isinstance(node, n.TypeName):
            found.append(node.name)
        stack += node.children()
    return found


def _reached_bare(ty: Ty, recursive: Mapping[str, Ty]) -> set[Ty]:
    """The alias names that a type reaches without passing through a list or map."""
    reached: set[Ty] = set()
    stack = [ty]
    while stack:
        for member in members(bare(stack.pop())):
            plain = bare(member)
            if isinstance(plain, AliasTy) and plain not in reached:
                reached.add(plain)
                stack.append(recursive.get(plain.name, ERROR))
    return reached
