"""What names stand for: the result of resolving, and what checking one function needs to know of the others."""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Iterable, Mapping, MutableMapping
from typing import TYPE_CHECKING, Literal

from ...records import dataclass, field, fields, replace
from ...source import Span
from ...types.relate import Relation
from ...types.schema import ClassSchema, EnumSchema, Schemas
from ...types.ty import NEVER, AliasTy, ClassTy, EnumTy, FunctionTy, InterfaceTy, ParameterTy, Ty
from .implementations import Implementation, InterfaceSymbol, ProgramViews
from .interface import (
    LIBRARY_SPACES,
    ClientInfo,
    GeneratorInfo,
    LlmInfo,
    McpInfo,
    Param,
    RetryPolicyInfo,
    TemplateInfo,
    TestBodyInfo,
    TestInfo,
)

if TYPE_CHECKING:
    from ...grammar import nodes as n  # what was kept between processes has no trees


@dataclass(frozen=True, slots=True)
class FunctionSymbol:
    """A function or method by its full name. `owner` is the class of a method; `static` ones take no `self`."""

    name: str
    params: tuple[Param, ...]
    result: Ty
    throws: Ty | None
    kind: Literal["code", "llm", "stub", "host"]
    owner: str | None = None
    static: bool = False
    # Those of the class or interface around it come first; `outer` is how many they are.
    type_params: tuple[ParameterTy, ...] = ()
    outer: int = 0
    # What types are called in its body: type parameters, `Self` and the types of an interface among them.
    scope: Mapping[str, Ty] = field(default_factory=dict, compare=False, repr=False)
    suspends: bool = False  # of a stub; for code the call graph decides
    thrown: Ty = NEVER  # what a call may throw: the contract if there is one, else what checking found
    llm: LlmInfo | None = None
    asserted: tuple[str, ...] = ()  # of code: the parameters of which something is asserted
    doc: str | None = None
    placed: n.Placed[n.Item] | None = field(default=None, compare=False, repr=False)
    node: n.FunctionDecl | None = field(default=None, compare=False, repr=False)

    @property
    def told(self) -> tuple[ParameterTy, ...]:
        """The type parameters that a call names or finds out; those of a class are gone once a value is made."""
        return self.type_params[0 if self.static else self.outer :]

    @property
    def ty(self) -> FunctionTy:
        """Of the function as a value: what may be left out is no part of it."""
        params = tuple(param.ty for param in self.params if not param.has_default)
        return FunctionTy(params, self.result, self.thrown)

    @property
    def span(self) -> Span | None:
        if self.placed is None or self.node is None:
            return None
        return self.placed.span(self.node.name)


@dataclass(frozen=True, slots=True)
class ClassSymbol:
    """`opaque` classes have no fields, only native methods: their values are handles."""

    schema: ClassSchema
    methods: dict[str, str]
    opaque: bool = False
    params: tuple[ParameterTy, ...] = ()
    varies: tuple[bool, ...] = ()
    # Names of methods that two interfaces have given it, so that neither is the class's own.
    ambiguous: frozenset[str] = frozenset()
    span: Span | None = field(default=None, compare=False, repr=False)

    @property
    def name(self) -> str:
        return self.schema.name

    @property
    def ty(self) -> ClassTy:
        """What the class is inside of itself."""
        return ClassTy(self.name, self.params)


@dataclass(frozen=True, slots=True)
class ConstantSymbol:
    name: str
    ty: Ty
    thrown: Ty = NEVER  # what its first use may throw
    placed: n.Placed[n.Item] | None = field(default=None, compare=False, repr=False)
    node: n.LetDecl | None = field(default=None, compare=False, repr=False)


@dataclass(slots=True, kw_only=True)
class Names:
    """Everything that a program and the library below it declare, by full name."""

    functions: MutableMapping[str, FunctionSymbol] = field(default_factory=dict)
    classes: MutableMapping[str, ClassSymbol] = field(default_factory=dict)
    interfaces: MutableMapping[str, InterfaceSymbol] = field(default_factory=dict)
    implementations: MutableMapping[tuple[str, str], Implementation] = field(default_factory=dict)
    # Methods of interfaces that have no body.
    demands: MutableMapping[str, FunctionSymbol] = field(default_factory=dict)
    enums: MutableMapping[str, EnumSchema] = field(default_factory=dict)
    aliases: MutableMapping[str, Ty] = field(default_factory=dict)
    recursive_aliases: MutableMapping[str, Ty] = field(default_factory=dict)
    constants: MutableMapping[str, ConstantSymbol] = field(default_factory=dict)
    clients: dict[str, ClientInfo] = field(default_factory=dict)
    mcp_servers: dict[str, McpInfo] = field(default_factory=dict)
    retry_policies: dict[str, RetryPolicyInfo] = field(default_factory=dict)
    templates: dict[str, TemplateInfo] = field(default_factory=dict)
    tests: list[TestInfo] = field(default_factory=list)
    generators: list[GeneratorInfo] = field(default_factory=list)
    bodies: list[TestBodyInfo] = field(default_factory=list)
    # Names declared twice, or so that nothing can be told of them: their uses are not reported.
    broken: set[str] = field(default_factory=set)
    # Types that a program makes of text at run time, by the words for them.
    decoded: dict[str, Ty] = field(default_factory=dict)
    # The namespace of each file by the file's name, in the library and where folders of a project are some.
    spaces: dict[str, str] = field(default_factory=dict)
    # The first words of what each namespace declares.
    declared: dict[str, set[str]] = field(default_factory=dict)

    def over(self, library: Names | None) -> Names:
        """These names with the library's below them; what is declared later shows up too."""
        if library is None:
            return self
        return replace(
            self,
            functions=ChainMap(self.functions, library.functions),
            classes=ChainMap(self.classes, library.classes),
            interfaces=ChainMap(self.interfaces, library.interfaces),
            implementations=ChainMap(self.implementations, library.implementations),
            demands=ChainMap(self.demands, library.demands),
            enums=ChainMap(self.enums, library.enums),
            aliases=ChainMap(self.aliases, library.aliases),
            recursive_aliases=ChainMap(self.recursive_aliases, library.recursive_aliases),
            constants=ChainMap(self.constants, library.constants),
        )

    def full(self, name: str, file: str) -> str:
        """The full name behind a name that is written in a file: what its own namespace declares, what the library
        has, or an absolute path from `root`. A name that is none of these stays as it is, and is not found."""
        if not self.spaces and not name.startswith("root."):
            return name
        head, _, rest = name.partition(".")
        if head == "root" and rest and "root" not in self.constants:
            return rest
        own = self.spaces.get(file, "")
        if own and head in self.declared.get(own, ()):
            return f"{own}.{name}"
        if head in LIBRARY_SPACES:
            return name
        if own:
            return f"{own}.{name}"
        return f"{name} " if self._is_space(head) else name

    def _is_space(self, head: str) -> bool:
        return any(space == head or space.startswith(f"{head}.") for space in self.spaces.values())

    def named_type(self, name: str) -> Ty | None:
        if name in self.classes:
            return ClassTy(name)
        if name in self.enums:
            return EnumTy(name)
        if name in self.interfaces:
            return InterfaceTy(name)
        if name in self.recursive_aliases:
            return AliasTy(name)
        return self.aliases.get(name)

    @property
    def type_names(self) -> Iterable[str]:
        return (*self.classes, *self.interfaces, *self.enums, *self.aliases, *self.recursive_aliases)

    def relation(self) -> Relation:
        closed = {name: enum for name, enum in self.enums.items() if not enum.dynamic}
        variants = {name: tuple(member.name for member in enum.members) for name, enum in closed.items()}
        varying = {name: symbol.varies for name, symbol in self.classes.items() if symbol.params}
        views = ProgramViews(self.interfaces, self.implementations, varying)
        return Relation(self.recursive_aliases, variants, views)

    def method(self, full: str) -> FunctionSymbol:
        """A method by its full name, whether it has a body or not."""
        return self.functions[full] if full in self.functions else self.demands[full]

    def schemas(self) -> Schemas:
        classes = {name: symbol.schema for name, symbol in self.classes.items()}
        return Schemas(classes, dict(self.enums), dict(self.recursive_aliases))

    def copied(self) -> Names:
        """The same, where something may be declared anew without a trace in these."""
        every = ((each.name, getattr(self, each.name)) for each in fields(self))
        return Names(**{name: value.copy() for name, value in every})

    def without_nodes(self) -> Names:
        """For keeping: the same names without trees and places."""
        names = replace(self)
        names.functions = {k: without_node(f) for k, f in self.functions.items()}
        names.classes = {k: replace(c, span=None) for k, c in self.classes.items()}
        names.demands = {k: without_node(f) for k, f in self.demands.items()}
        names.interfaces = {k: replace(i, span=None) for k, i in self.interfaces.items()}
        names.implementations = {k: replace(i, span=None) for k, i in self.implementations.items()}
        names.constants = {k: replace(c, placed=None, node=None) for k, c in self.constants.items()}
        return names


def without_node(symbol: FunctionSymbol) -> FunctionSymbol:
    return replace(symbol, placed=None, node=None, scope={})
