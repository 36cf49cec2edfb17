"""Classes, enums and interfaces to their schemas, with their methods and what the classes implement."""

from __future__ import annotations

from collections.abc import Iterable

from ...diagnostics import Note, catalogue
from ...grammar import nodes as n
from ...records import dataclass, field, replace
from ...types.partials import PARTIAL
from ...types.schema import ClassSchema, EnumMember, EnumSchema, Field
from ...types.ty import ERROR, ClassTy, EnumTy, ParameterTy, Ty, bare, is_optional, members
from ..declarations.attributes import annotate, describe
from ..facts.cycles import cycles, show_cycle
from ..facts.implementations import Implementation
from ..facts.report import Report
from ..facts.symbols import ClassSymbol, Names
from .aliases import AliasReader
from .declared import Declared
from .interfaces import InterfaceReader
from .kinds import check_answers, check_kinds
from .signatures import SignatureReader
from .type_params import EMPTY, Scope
from .varying import settle_variance

_ONE_OF_TWO = "take one of them away, or rename it"


@dataclass(slots=True)
class ClassReader:
    declared: Declared
    types: AliasReader
    signatures: SignatureReader
    names: Names = field(init=False)
    view: Names = field(init=False)
    report: Report = field(init=False)
    interfaces: InterfaceReader = field(init=False)
    _implementations: list[tuple[n.Placed[n.Item], n.Implements, Implementation]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.names, self.view, self.report = self.declared.names, self.declared.view, self.declared.report
        self.interfaces = InterfaceReader(
            self.names, self.view, self.report, self.types.scoped, self.signatures.signature
        )

    def enum(self, placed: n.Placed[n.Item], node: n.EnumDecl, name: str) -> EnumSchema:
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

    def class_decl(self, placed: n.Placed[n.Item], node: n.ClassDecl) -> None:
        name = self.declared.key(placed)
        params = self.types.params(placed, node.type_params, EMPTY)
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
            symbol = self.signatures.signature(
                placed, method, f"{name}.{method.name.name}", name, scope, params, itself
            )
            methods[method.name.name] = symbol.name
            self.names.functions[symbol.name] = symbol
        is_native = any(isinstance(m.body, n.SysopStub) for m in node.methods)
        opaque = not fields and (is_native or name == PARTIAL)
        self.names.classes[name] = ClassSymbol(schema, methods, opaque, params, span=placed.span(node.name))
        for block in node.implements:
            self._implemented(placed, block, itself, params)

    def interface(self, placed: n.Placed[n.Item], node: n.InterfaceDecl) -> None:
        key = self.declared.key(placed)
        self.interfaces.interface(placed, node, key)
        for attribute in node.attributes:
            message = "an interface has no attributes: no model is asked for one"
            self.report.at(placed, attribute, catalogue.MISPLACED_ATTRIBUTE, message, hint="take it away")
        symbol = self.names.interfaces[key]
        scope: dict[str, Ty] = {param.name: param for param in symbol.params}
        scope |= {name: ParameterTy(f"Self.{name}") for name in symbol.associated}
        fields = self._fields(placed, node.fields, node.name.name, scope)
        self.names.interfaces[key] = replace(symbol, fields=fields)

    def implements(self, placed: n.Placed[n.Item], node: n.ImplementsDecl) -> None:
        params = self.types.params(placed, node.type_params, EMPTY)
        scope: dict[str, Ty] = {param.name: param for param in params}
        self._implemented(placed, node.block, self.types.scoped(placed, scope).resolve(node.target), params)

    def _implemented(
        self, placed: n.Placed[n.Item], block: n.Implements, target: Ty, params: tuple[ParameterTy, ...]
    ) -> None:
        found = self.interfaces.implemented(placed, block, target, params)
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
            self.declared.check_reserved(placed, decl.name, False)
            ty, attributes = self.types.scoped(placed, scope).field(decl.type)
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

    def check_classes(self) -> None:
        """A class that needs a value of itself to exist can never exist."""
        places = {key: (placed, node.name) for key, (placed, node) in self.declared.of(n.ClassDecl).items()}
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

    def check_generics(self) -> None:
        """What can be told of interfaces and type parameters once everything is declared."""
        self._check_interfaces()
        settle_variance(self.names, self.view, [placed.node for placed in self.declared.items.values()])
        self.interfaces.check(self._implementations)
        check_kinds(self.names, self.view, self.declared.of(n.ClassDecl), self.report)
        if self.view.interfaces:
            check_answers(self.names, self.view, self.report)

    def _check_interfaces(self) -> None:
        interfaces = self.declared.of(n.InterfaceDecl)

        def requires(name: str) -> list[str]:
            return [base.name for base in self.names.interfaces[name].requires]

        for cycle in cycles(interfaces, requires):
            placed, node = interfaces[cycle[0]]
            message = f"these interfaces require each other: {show_cycle(cycle)}"
            self.report.at(placed, node.name, catalogue.INTERFACE_CYCLE, message, hint="take one `requires` away")
            for name in cycle:
                self.names.interfaces[name] = replace(self.names.interfaces[name], requires=())
