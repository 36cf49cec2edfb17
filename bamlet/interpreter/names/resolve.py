"""Trees to names: what each item declares, with its types looked up. Bodies are left to the checker."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

from ...diagnostics import Note, catalogue
from ...grammar import nodes as n
from ...grammar.walk import walk
from ...types.reach import constraints_of
from ...types.schema import ClassSchema, EnumMember, EnumSchema, Field
from ...types.ty import (
    ERROR,
    NEVER,
    NULL,
    UNKNOWN,
    AliasTy,
    ClassTy,
    EnumTy,
    ListTy,
    ParameterTy,
    Ty,
    bare,
    is_optional,
    members,
)
from ..declarations.attributes import annotate, describe
from ..declarations.blocks import Block
from ..declarations.client_values import as_block
from ..declarations.clients import ClientReader, check_client, check_references
from ..declarations.generators import read_generators
from ..declarations.llm_bodies import client_of, holes_of, read_llm_body
from ..declarations.prompts import simple_text
from ..declarations.retry_policies import read_retry_policy
from ..declarations.testcases import TestReader
from ..facts.code_names import prompt_name
from ..facts.cycles import cycles, finished, groups, show_cycle
from ..facts.implementations import Implementation, InterfaceSymbol
from ..facts.interface import Param, TemplateInfo, TestBodyInfo
from ..facts.report import Report
from ..facts.symbols import ClassSymbol, ConstantSymbol, FunctionSymbol, Names
from .interfaces import InterfaceReader
from .kinds import check_answers, check_kinds
from .resolve_types import BUILTIN_TYPES, TypeResolver
from .type_params import EMPTY, Scope, declared_params, plain_params
from .varying import settle_variance

Items = Sequence[n.Placed[n.Item]]
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
MAX_TYPE_PARTS = 20_000
_ONE_OF_TWO = "take one of them away, or rename it"
# Beside the types that there are: what BAML keeps for its scalars.
_RESERVED = frozenset({"map", "Json", "String", "Int", "Float", "Bytes", "BigInt"})


def resolve(
    items: Items,
    library: Names | None,
    namespaces: Mapping[str, str] | None = None,
    broken: Iterable[str] = (),
) -> tuple[Names, Report]:
    """The names that `items` declare. `namespaces` gives files, by name, a prefix: the library's have one.

    `broken` are names whose declarations could not be read.
    """
    work = _Resolver(library, namespaces or {})
    if library is not None:
        work.names.spaces.update(namespaces or {})
    work.names.broken.update(broken)
    work.run(items)
    return work.names, work.report


@dataclass(slots=True)
class _Resolver:
    library: Names | None
    namespaces: Mapping[str, str]
    names: Names = field(default_factory=Names)
    view: Names = field(default_factory=Names)
    report: Report = field(default_factory=Report)
    # Each item under its full name. A second one of the same name is looked into as well, under a name of its own.
    _declared: dict[str, n.Placed[n.Item]] = field(default_factory=dict)
    _keys: dict[int, str] = field(default_factory=dict)
    _aliases: dict[str, n.Placed[n.Item]] = field(default_factory=dict)
    _implementations: list[tuple[n.Placed[n.Item], n.Implements, Implementation]] = field(default_factory=list)
    _interfaces: InterfaceReader = field(init=False)

    def run(self, items: Items) -> None:
        self.view = self.names.over(self.library)
        items = list(self._blocks(items))
        for placed in items:
            if not isinstance(placed.node, n.TestDecl | n.GeneratorDecl):
                self._declare(placed)
        self._declare_types()
        self._check_aliases()
        self._check_sizes()
        mentioned = {name: self._mentioned(placed, _names_in) for name, placed in self._aliases.items()}
        # An alias that leads back to itself keeps its name. Prompts show them in this order, that of declaration.
        recursive = {name for cycle in groups(mentioned) for name in cycle if _comes_back(cycle, mentioned)}
        for name in self._aliases:
            if name in recursive and name not in self.names.aliases:
                self.names.recursive_aliases[name] = ERROR  # until it is resolved
        for name in finished(mentioned):
            self._guarded(self._aliases[name], lambda placed, node: self._resolve_alias(self._key(placed), node))
        steps: dict[type, Callable[[n.Placed[n.Item], Any], None]] = {
            n.InterfaceDecl: self._interface,
            n.ClassDecl: self._class,
            n.ImplementsDecl: self._implements,
            n.FunctionDecl: self._function,
            n.TemplateStringDecl: self._template_string,
            n.LetDecl: self._constant,
            n.TestBody: self._test,
            n.TestSet: self._test,
            n.RetryPolicyDecl: self._retry_policy,
            n.ClientDecl: self._client,
        }
        self._interfaces = InterfaceReader(self.names, self.view, self.report, self._scoped, self._signature)
        for placed in self._declared.values():
            if isinstance(placed.node, n.InterfaceDecl):
                self._interfaces.associated(placed, placed.node, self._key(placed))
        for kind, step in steps.items():
            for placed in self._declared.values():
                if isinstance(placed.node, kind):
                    self._guarded(placed, step)
        self._check_classes()
        self._check_generics()
        check_references(self.names, self.view, _of(n.ClientDecl, self._declared.items()), self.report)
        self._check_llm_clients()
        self._check_llm_parameters()
        self._find_asserted()
        self._check_texts(items)
        generators = [(p, p.node) for p in items if isinstance(p.node, n.GeneratorDecl)]
        self.names.generators += read_generators(generators, self.report)
        tests = TestReader(
            self.names, self.report, lambda inner: resolve(inner, self.view, broken=self.names.broken)
        )
        for placed in items:
            if isinstance(placed.node, n.TestDecl):
                self.names.tests += tests.read(placed, placed.node)

    def _guarded(self, placed: n.Placed[n.Item], step: Callable[[n.Placed[n.Item], Any], object]) -> None:
        """Types are resolved by recursion; one nested deeper than Python's stack is the program's mistake."""
        try:
            step(placed, placed.node)
        except RecursionError:
            name = placed.node.name
            self.names.broken.add(self._full(placed, name.name))
            self.report.at(placed, name, catalogue.NESTING_LIMIT, "a type in this is nested too deeply")

    def _full(self, placed: n.Placed[n.Item], name: str) -> str:
        namespace = self.namespaces.get(placed.file.name)
        if namespace and self.library is not None:  # of a folder of the project
            self.names.declared.setdefault(namespace, set()).add(name)
        return f"{namespace}.{name}" if namespace else name

    def _blocks(self, items: Items) -> Iterable[n.Placed[n.Item]]:
        """A client that is a value as the block that says the same."""
        for placed in items:
            if not isinstance(placed.node, n.ClientValueDecl):
                yield placed
            elif (node := as_block(Block(placed, self.report), placed.node)) is not None:
                yield n.Placed(node, placed.file, placed.offset)
            else:
                self.names.broken.add(placed.node.name.name)

    # --- declaring

    def _key(self, placed: n.Placed[n.Item]) -> str:
        return self._keys[id(placed)]

    def _declare(self, placed: n.Placed[n.Item]) -> None:
        node = placed.node
        name = node.name
        full = key = self._full(placed, name.name)
        if full in self._declared and isinstance(node, n.ImplementsDecl):
            key = f"{full} #{len(self._declared)}"
        elif full in self._declared:
            other = self._declared[full]
            kind = _KINDS[type(other.node)]
            message = f"the name `{name.name}` is taken: a {kind} is called so already"
            note = Note(other.span(other.node.name), "declared here first")
            self.report.at(placed, name, catalogue.DUPLICATE_NAME, message, note, hint="rename one of them")
            self.names.broken.add(full)
            key = f"{full} #{len(self._declared)}"
        self._declared[key] = placed
        self._keys[id(placed)] = key
        is_type = isinstance(node, n.ClassDecl | n.InterfaceDecl | n.EnumDecl | n.AliasDecl)
        self._check_reserved(placed, name, is_type)

    def _check_reserved(self, placed: n.Placed[n.Item], name: n.Identifier, is_type: bool) -> None:
        hint = "choose another name"
        if (is_type and (name.name in BUILTIN_TYPES or name.name in _RESERVED)) or name.name.startswith("__"):
            message = f"`{name.name}` is a name of the language itself"
            self.report.at(placed, name, catalogue.RESERVED_NAME, message, hint=hint)
        elif is_type and name.name.startswith("stream_"):
            message = "names of types that begin with `stream_` are kept for the partial values of streams"
            self.report.at(placed, name, catalogue.RESERVED_PREFIX, message, hint=hint)

    def _declare_types(self) -> None:
        """Names of types come first, since fields and signatures may name any of them."""
        for key, placed in self._declared.items():
            node = placed.node
            match node:
                case n.ClassDecl():
                    params = plain_params(node.type_params)
                    self.names.classes[key] = ClassSymbol(ClassSchema(key, ()), {}, params=params)
                case n.InterfaceDecl():
                    associated = dict.fromkeys(one.name.name for one in node.associated)
                    params = plain_params(node.type_params)
                    self.names.interfaces[key] = InterfaceSymbol(key, params, associated)
                case n.EnumDecl():
                    self.names.enums[key] = self._enum(placed, node, key)
                case n.AliasDecl():
                    self._aliases[key] = placed

    def _types(self, placed: n.Placed[n.Item], place: str = "type", scope: Scope = EMPTY) -> TypeResolver:
        return TypeResolver(self.view, self.report, placed, self._alias, place, scope)

    def _scoped(self, placed: n.Placed[n.Item], scope: Scope) -> TypeResolver:
        return self._types(placed, scope=scope)

    def _params_of(
        self, placed: n.Placed[n.Item], nodes: tuple[n.TypeParam, ...], scope: Scope
    ) -> tuple[ParameterTy, ...]:
        return declared_params(nodes, scope, lambda inner: self._scoped(placed, inner), placed, self.report)

    # --- types

    def _alias(self, name: str) -> Ty | None:
        """The type an alias stands for; a recursive one stands for itself."""
        placed = self._aliases.get(name)
        if placed is None:
            return None
        if name in self.names.aliases:
            return self.names.aliases[name]
        if name in self.names.recursive_aliases:
            return AliasTy(name)
        assert isinstance(placed.node, n.AliasDecl)
        ty = self.names.aliases[name] = self._types(placed, "type alias").resolve(placed.node.type)
        return ty

    def _resolve_alias(self, name: str, node: n.AliasDecl) -> None:
        if name in self.names.recursive_aliases:
            self.names.recursive_aliases[name] = self._types(self._aliases[name], "type alias").resolve(node.type)
        else:
            self._alias(name)

    def _mentioned(self, placed: n.Placed[n.Item], find: Callable[[n.Item], list[str]]) -> list[str]:
        return [self.view.full(name, placed.file.name) for name in find(placed.node)]

    def _check_aliases(self) -> None:
        """Aliases that stand for each other and for nothing else have no type; a list between them gives one."""
        edges = {key: self._mentioned(placed, _bare_names) for key, placed in self._aliases.items()}
        while found := list(cycles(edges, lambda name: edges[name])):
            for cycle in found:
                placed = self._aliases[cycle[0]]
                message = f"these aliases stand for each other and for nothing else: {show_cycle(cycle)}"
                if len(cycle) == 2:
                    message = f"`{placed.node.name.name}` stands for itself"
                hint = "let the recursion pass through a list or a map"
                self.report.at(placed, placed.node.name, catalogue.ALIAS_CYCLE, message, hint=hint)
                for name in cycle:
                    self.names.aliases[name] = ERROR
                    edges[name] = []

    def _check_sizes(self) -> None:
        """An alias of aliases that are used twice each doubles with every one of them."""
        mentioned = {key: self._mentioned(placed, _names_in) for key, placed in self._aliases.items()}
        sizes: dict[str, int] = {}
        for key in finished(mentioned):
            sizes[key] = 1 + sum(sizes.get(name, 1) for name in mentioned[key])
            if sizes[key] > MAX_TYPE_PARTS:
                placed = self._aliases[key]
                message = f"`{placed.node.name.name}` stands for a type of more than {MAX_TYPE_PARTS:,} parts"
                hint = "make a class of one of the aliases that it uses"
                self.report.at(placed, placed.node.name, catalogue.NESTING_LIMIT, message, hint=hint)
                self.names.aliases[key] = ERROR
                sizes[key] = 1

    def _enum(self, placed: n.Placed[n.Item], node: n.EnumDecl, name: str) -> EnumSchema:
        values: dict[str, EnumMember] = {}
        places: dict[str, n.Identifier] = {}
        for value in node.values:
            if value.name.name in values:
                note = Note(placed.span(places[value.name.name]), "declared here first")
                message = f"`{node.name.name}` has two values called `{value.name.name}`"
                self.report.at(placed, value.name, catalogue.DUPLICATE_VARIANT, message, note, hint=_ONE_OF_TWO)
                continue
            d = describe(value.attributes, "enum value", placed, self.report)
            values[value.name.name] = EnumMember(value.name.name, d.alias, d.description, d.skip, value.doc)
            places[value.name.name] = value.name
        d = describe(node.attributes, "enum", placed, self.report)
        members = tuple(values.values())
        return EnumSchema(name, members, d.alias, d.description, d.dynamic, d.stream.constraints, node.doc)

    def _class(self, placed: n.Placed[n.Item], node: n.ClassDecl) -> None:
        name = self._key(placed)
        params = self._params_of(placed, node.type_params, EMPTY)
        scope: dict[str, Ty] = {param.name: param for param in params}
        fields = self._fields(placed, node.fields, node.name.name, scope)
        d = describe(node.attributes, "class", placed, self.report)
        schema = ClassSchema(
            name,
            fields,
            d.alias,
            d.description,
            d.dynamic,
            d.stream.stream_done,
            d.stream.constraints,
            d.stream.stream_not_null,
            d.stream.stream_with_state,
            node.doc,
        )
        methods: dict[str, str] = {}
        itself = ClassTy(name, params)
        taken = {decl.name.name: decl.name for decl in reversed(node.fields)}
        for method in node.methods:
            if method.name.name in taken:
                message = f"`{node.name.name}` has two members called `{method.name.name}`"
                note = Note(placed.span(taken[method.name.name]), "declared here first")
                self.report.at(placed, method.name, catalogue.DUPLICATE_FIELD, message, note, hint=_ONE_OF_TWO)
                continue
            taken[method.name.name] = method.name
            symbol = self._signature(placed, method, f"{name}.{method.name.name}", name, scope, params, itself)
            methods[method.name.name] = symbol.name
            self.names.functions[symbol.name] = symbol
        opaque = not fields and any(isinstance(m.body, n.SysopStub) for m in node.methods)
        self.names.classes[name] = ClassSymbol(schema, methods, opaque, params, span=placed.span(node.name))
        for block in node.implements:
            self._implemented(placed, block, itself, params)

    def _interface(self, placed: n.Placed[n.Item], node: n.InterfaceDecl) -> None:
        key = self._key(placed)
        self._interfaces.interface(placed, node, key)
        for attribute in node.attributes:
            message = "an interface has no attributes: no model is asked for one"
            self.report.at(placed, attribute, catalogue.MISPLACED_ATTRIBUTE, message, hint="take it away")
        symbol = self.names.interfaces[key]
        scope: dict[str, Ty] = {param.name: param for param in symbol.params}
        scope |= {name: ParameterTy(f"Self.{name}") for name in symbol.associated}
        fields = self._fields(placed, node.fields, node.name.name, scope)
        self.names.interfaces[key] = replace(symbol, fields=fields)

    def _implements(self, placed: n.Placed[n.Item], node: n.ImplementsDecl) -> None:
        params = self._params_of(placed, node.type_params, EMPTY)
        scope: dict[str, Ty] = {param.name: param for param in params}
        self._implemented(placed, node.block, self._scoped(placed, scope).resolve(node.target), params)

    def _implemented(
        self, placed: n.Placed[n.Item], block: n.Implements, target: Ty, params: tuple[ParameterTy, ...]
    ) -> None:
        found = self._interfaces.implemented(placed, block, target, params)
        if found is None:
            return
        self._implementations.append((placed, block, found))
        if isinstance(target, ClassTy) and target.name in self.names.classes:
            symbol = self.names.classes[target.name]
            twice = {name for name in found.methods if name in symbol.methods and name in self._given(symbol)}
            methods = {**found.methods, **symbol.methods}
            self.names.classes[target.name] = replace(symbol, methods=methods, ambiguous=symbol.ambiguous | twice)

    def _given(self, symbol: ClassSymbol) -> set[str]:
        """The methods of a class that interfaces have given it."""
        return {name for name, full in symbol.methods.items() if full != f"{symbol.name}.{name}"}

    def _check_generics(self) -> None:
        """What can be told of interfaces and type parameters once everything is declared."""
        self._check_interfaces()
        settle_variance(self.names, self.view, [placed.node for placed in self._declared.values()])
        self._interfaces.check(self._implementations)
        check_kinds(self.names, self.view, _of(n.ClassDecl, self._declared.items()), self.report)
        if self.view.interfaces:
            check_answers(self.names, self.view, self.report)

    def _check_interfaces(self) -> None:
        interfaces = _of(n.InterfaceDecl, self._declared.items())

        def requires(name: str) -> list[str]:
            return [base.name for base in self.names.interfaces[name].requires]

        for cycle in cycles(interfaces, requires):
            placed, node = interfaces[cycle[0]]
            message = f"these interfaces require each other: {show_cycle(cycle)}"
            self.report.at(placed, node.name, catalogue.INTERFACE_CYCLE, message, hint="take one `requires` away")
            for name in cycle:
                self.names.interfaces[name] = replace(self.names.interfaces[name], requires=())

    def _fields(
        self, placed: n.Placed[n.Item], declared: Iterable[n.FieldDecl], owner: str, scope: Scope
    ) -> tuple[Field, ...]:
        fields: dict[str, Field] = {}
        places: dict[str, n.Identifier] = {}
        for decl in declared:
            name = decl.name.name
            if name in fields:
                note = Note(placed.span(places[name]), "declared here first")
                message = f"`{owner}` has two fields called `{name}`"
                self.report.at(placed, decl.name, catalogue.DUPLICATE_FIELD, message, note, hint=_ONE_OF_TWO)
                continue
            self._check_reserved(placed, decl.name, False)
            ty, attributes = self._scoped(placed, scope).field(decl.type)
            d = describe(attributes, "field", placed, self.report)
            self._check_field(placed, decl, ty, d.skip)
            fields[name] = Field(name, annotate(ty, d.stream), d.alias, d.description, d.skip, decl.doc)
            places[name] = decl.name
        return tuple(fields.values())

    def _check_field(self, placed: n.Placed[n.Item], decl: n.FieldDecl, ty: Ty, is_skipped: bool) -> None:
        name = decl.name.name
        if is_skipped and not is_optional(ty) and ty != ERROR:
            message = f"`{name}` is skipped, so its type must allow null"
            hint = "add `?` to its type, or take @skip away"
            self.report.at(placed, decl.name, catalogue.MISPLACED_ATTRIBUTE, message, hint=hint)
        if any(bare(member) in (ClassTy(name), EnumTy(name)) for member in members(bare(ty))):
            message = f"field `{name}` has the name of its type, which generated Python cannot tell apart"
            hint = "write the field in lower case, with an @alias for the model if it needs one"
            self.report.at(placed, decl.name, catalogue.FIELD_LIKE_TYPE, message, hint=hint)

    def _check_classes(self) -> None:
        """A class that needs a value of itself to exist can never exist."""
        places = {
            key: (placed, node.name) for key, (placed, node) in _of(n.ClassDecl, self._declared.items()).items()
        }
        for cycle in cycles(places, self._required):
            placed, name = places[cycle[0]]
            message = f"these classes require each other: {show_cycle(cycle)}"
            if len(cycle) == 2:
                message = f"a value of class `{name.name}` would need another one inside, and so on for ever"
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
        self,
        placed: n.Placed[n.Item],
        node: n.FunctionDecl,
        name: str,
        owner: str | None = None,
        scope: Scope = EMPTY,
        outer: tuple[ParameterTy, ...] = (),
        self_ty: Ty = ERROR,
    ) -> FunctionSymbol:
        own = self._params_of(placed, node.type_params, scope)
        scope = {**scope, **{param.name: param for param in own}}
        types = self._scoped(placed, scope)
        params = self._params(placed, node.params, owner, scope, self_ty)
        result = ERROR if node.result is None else self._types(placed, "result", scope).resolve(node.result)
        if node.result is None and not isinstance(node.body, n.LlmBody):
            message = f"`{node.name.name}` has no return type"
            hint = "write `-> int` behind the parameters, for example, or `-> null` if it has no value"
            self.report.at(placed, node.name, catalogue.SYNTAX.for_lack(), message, hint=hint)
        throws = None if node.throws is None else types.resolve(node.throws)
        static = owner is not None and not (node.params and node.params[0].name.name == "self")
        symbol = FunctionSymbol(
            name,
            params,
            result,
            throws,
            "code",
            owner,
            static,
            (*outer, *own),
            len(outer),
            scope,
            thrown=throws or NEVER,
            doc=node.doc,
            placed=placed,
            node=node,
        )
        match node.body:
            case n.SysopStub(suspends=suspends):
                if self.library is not None:
                    message = "only the standard library declares native operations"
                    self.report.at(placed, node.body, catalogue.SYSOP_STUB, message)
                return replace(symbol, kind="stub", suspends=suspends)
            case n.LlmBody():
                if own:
                    message = "a function of a model knows what it asks for: it has no type parameters"
                    self.report.at(placed, node.type_params[0], catalogue.UNSUPPORTED, message)
                self._refuse_defaults(placed, node.params, "an LLM function")
                llm = read_llm_body(Block(placed, self.report), node, node.body)
                if llm is not None and "/" not in llm.client:
                    llm = replace(llm, client=self.names.full(llm.client, placed.file.name))
                if llm is not None and llm.holes:
                    self._prompt(placed, node, symbol, holes_of(placed, node.body))
                return replace(symbol, kind="llm", suspends=True, llm=llm)
            case _:
                return symbol

    def _params(
        self,
        placed: n.Placed[n.Item],
        nodes: Iterable[n.Param],
        owner: str | None,
        scope: Scope = EMPTY,
        self_ty: Ty = ERROR,
    ) -> tuple[Param, ...]:
        params: dict[str, Param] = {}
        places: dict[str, n.Identifier] = {}
        for at, node in enumerate(nodes):
            name = node.name.name
            if name in params:
                message = f"two parameters are called `{name}`"
                note = Note(placed.span(places[name]), "declared here first")
                self.report.at(
                    placed, node.name, catalogue.DUPLICATE_NAME, message, note, hint="rename one of them"
                )
                continue
            places[name] = node.name
            has_default = node.default is not None
            if node.type is not None:
                params[name] = Param(name, self._types(placed, "parameter", scope).resolve(node.type), has_default)
            elif name == "self" and at == 0 and owner is not None:
                params[name] = Param(name, ERROR if owner in self.names.broken else self_ty)
            else:
                message = f"parameter `{name}` has no type"
                hint = f"write `{name}: string`, for example"
                self.report.at(placed, node.name, catalogue.SYNTAX, message, hint=hint)
                params[name] = Param(name, ERROR)
        return tuple(params.values())

    def _prompt(
        self, placed: n.Placed[n.Item], node: n.FunctionDecl, symbol: FunctionSymbol, holes: tuple[n.Expr, ...]
    ) -> None:
        """A hidden function of the same parameters, whose value is the list of what stands in the holes."""
        start, end = holes[0].start, holes[-1].end
        body = n.Block(start, end, (), n.ListLiteral(start, end, holes))
        name = prompt_name(symbol.name)
        function = n.FunctionDecl(start, end, node.name, (), node.params, None, None, body, None)
        self.names.functions[name] = FunctionSymbol(
            name, symbol.params, ListTy(UNKNOWN), None, "code", symbol.owner, placed=placed, node=function
        )

    def _refuse_defaults(self, placed: n.Placed[n.Item], params: Iterable[n.Param], what: str) -> None:
        for param in params:
            if param.default is not None:
                message = f"a parameter of {what} has no default value"
                hint = "make its type optional with `?`"
                self.report.at(placed, param.default, catalogue.UNSUPPORTED, message, hint=hint)

    def _function(self, placed: n.Placed[n.Item], node: n.FunctionDecl) -> None:
        name = self._key(placed)
        self.names.functions[name] = self._signature(placed, node, name)

    def _test(self, placed: n.Placed[n.Item], node: n.TestBody | n.TestSet) -> None:
        """A function that no program can call: whoever runs tests does."""
        name = self._key(placed)
        if not isinstance(node.label, n.StringLiteral) and getattr(node.label, "text", None) is None:
            message = "the label of a test at the top of a file is a string without holes"
            self.report.at(placed, node.label, catalogue.TEST_PROPERTY, message, hint="put it into a testset")
            return
        body = node.body.body
        assert isinstance(body, n.Block)
        function = n.FunctionDecl(node.start, node.end, node.name, (), (), None, None, body, node.doc)
        self.names.functions[name] = FunctionSymbol(
            name, (), NULL, None, "code", doc=node.doc, placed=placed, node=function
        )
        label = node.name.name.partition(" ")[2]
        is_set = isinstance(node, n.TestSet) and not node.is_one_test
        info = TestBodyInfo(label, name, is_set, placed.span(node.name))
        self.names.bodies.append(info)

    def _check_texts(self, items: Items) -> None:
        """A configuration is read before anything runs, so that its texts have no holes."""
        for placed in items:
            if isinstance(placed.node, n.ClientDecl | n.RetryPolicyDecl | n.GeneratorDecl | n.TestDecl):
                for node in walk(placed.node):
                    if isinstance(node, n.Template):
                        message = "a text of a configuration has no holes"
                        hint = "write it out, or take it from the environment with `env.NAME`"
                        self.report.at(placed, node, catalogue.TEMPLATE_HOLE, message, hint=hint)

    def _check_llm_clients(self) -> None:
        for symbol in self.names.functions.values():
            if symbol.llm is not None and symbol.placed is not None and symbol.node is not None:
                check_client(self.names, symbol.placed, client_of(symbol.node), self.report)

    def _check_llm_parameters(self) -> None:
        """A `@check` wraps a value in its outcome, and a prompt would show that in its place."""
        schemas = self.view.schemas()
        if not any("@check" in placed.span(placed.node).text for placed in self._declared.values()):
            return
        for symbol in self.names.functions.values():
            if symbol.llm is None or symbol.placed is None or symbol.node is None:
                continue
            for node in symbol.node.params:
                param = next((param for param in symbol.params if param.name == node.name.name), None)
                reached = constraints_of(param.ty, schemas) if param else ()
                found = next((at for at in reached if at.constraint.kind == "check"), None)
                if found is not None and found.place is not None:
                    message = f"`{node.name.name}` has a check in it: `@check` of `{found.place}`"
                    hint = "a prompt takes a class without checks, or with `@assert` in their place"
                    self.report.at(symbol.placed, node, catalogue.MISPLACED_ATTRIBUTE, message, hint=hint)

    def _find_asserted(self) -> None:
        """The parameters of code that must be looked at when it is called, by whomever."""
        if not any("@assert" in placed.span(placed.node).text for placed in self._declared.values()):
            return
        schemas = self.view.schemas()
        for name, symbol in list(self.names.functions.items()):
            if symbol.kind != "code":
                continue
            params = symbol.params[1:] if symbol.owner is not None and not symbol.static else symbol.params
            asserted = (
                param.name
                for param in params
                if any(reached.constraint.kind == "assert" for reached in constraints_of(param.ty, schemas))
            )
            self.names.functions[name] = replace(symbol, asserted=tuple(asserted))

    def _template_string(self, placed: n.Placed[n.Item], node: n.TemplateStringDecl) -> None:
        self._refuse_defaults(placed, node.params, "a template string")
        params = self._params(placed, node.params, None)
        text, wrong = simple_text(placed, node.body)
        for hole in wrong:
            message = "a hole of a template string is a name, a field or a call of another one"
            hint = "hand it in as a parameter, or write a function that gives a string"
            self.report.at(placed, hole, catalogue.TEMPLATE_HOLE, message, hint=hint)
        self.names.templates[self._key(placed)] = TemplateInfo(node.name.name, params, text)

    def _constant(self, placed: n.Placed[n.Item], node: n.LetDecl) -> None:
        name = self._key(placed)
        ty = ERROR if node.type is None else self._types(placed).resolve(node.type)
        self.names.constants[name] = ConstantSymbol(name, ty, placed=placed, node=node)

    def _retry_policy(self, placed: n.Placed[n.Item], node: n.RetryPolicyDecl) -> None:
        if info := read_retry_policy(Block(placed, self.report), node):
            self.names.retry_policies[self._key(placed)] = info
        else:
            self.names.broken.add(node.name.name)

    def _client(self, placed: n.Placed[n.Item], node: n.ClientDecl) -> None:
        if info := ClientReader(Block(placed, self.report), node).read():
            self.names.clients[self._key(placed)] = info
        else:
            self.names.broken.add(node.name.name)


def _of(kind: type[I], declared: Iterable[tuple[str, n.Placed[n.Item]]]) -> dict[str, tuple[n.Placed[n.Item], I]]:
    """The items of one kind, by their names."""
    return {key: (placed, placed.node) for key, placed in declared if isinstance(placed.node, kind)}


def _names_in(item: n.Item) -> list[str]:
    """The names of types that a declaration mentions."""
    return [node.name for node in walk(item) if isinstance(node, n.TypeName)]


def _comes_back(group: set[str], edges: Mapping[str, list[str]]) -> bool:
    first = next(iter(group))
    return len(group) > 1 or first in edges[first]


def _bare_names(item: n.Item) -> list[str]:
    """The names that an alias reaches without passing through a list, a map or a function."""
    parts = walk(*item.children(), below=_transparent)
    return [node.name for node in parts if isinstance(node, n.TypeName) and node.arguments is None]


def _transparent(node: n.Node) -> Iterable[n.Node]:
    wraps = isinstance(node, n.OptionalType | n.GroupType | n.AttributedType | n.UnionType)
    return node.children() if wraps else ()
