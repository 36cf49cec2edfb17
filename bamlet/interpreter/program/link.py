"""A compiled unit to a program: its code is linked into a namespace that can be called."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sized
from functools import cache, partial
from typing import TYPE_CHECKING, Any

from ...diagnostics import Diagnostic
from ...records import dataclass, field, replace
from ...types.schema import Schemas
from ...types.variables import parameters_in
from ..facts.code_names import (
    class_name,
    constant_name,
    dispatch_name,
    enum_value_name,
    function_name,
    is_hidden,
    prompt_name,
    showing_name,
)
from ..facts.edition import Edition
from ..facts.implementations import TO_STRING
from ..facts.interface import FunctionInfo, Interface
from ..facts.symbols import FunctionSymbol, Names
from ..runtime.context import constant
from ..runtime.dispatch import kind_of_type
from ..runtime.error_contexts import error_context
from ..runtime.failures import caught
from ..runtime.space import Generic, ValueSpace, Views
from ..runtime.types import conforms, type_of
from ..runtime.values import FunctionValue, Instance, extended_class
from ..runtime.vocabulary import WORDS
from .sources import NO_SOURCES, Sources
from .unit import Unit
from .whole_types import WholeTypes

if TYPE_CHECKING:
    from .reach import FilesReached


@dataclass(frozen=True, slots=True)
class Callee:
    """A function ready to be called, and how."""

    info: FunctionInfo
    code: Callable[..., Any]
    suspends: bool
    needs_context: bool


@dataclass(frozen=True, slots=True, eq=False)
class Program:
    """A compiled program. It is immutable, holds nothing that must be closed and may serve many runtimes."""

    interface: Interface
    space: ValueSpace
    diagnostics: tuple[Diagnostic, ...]
    namespace: Mapping[str, Any] = field(repr=False)
    unit: Unit = field(repr=False)
    sources: Sources = field(default=NO_SOURCES, repr=False)
    _callees: dict[str, Callee] = field(default_factory=dict, init=False, repr=False)

    def __repr__(self) -> str:
        """How much there is, without the library."""
        own = self.unit.names
        parts: dict[str, Sized] = {"functions": own.functions, "classes": own.classes, "clients": own.clients}
        return f"<Program: {', '.join(f'{len(names)} {kind}' for kind, names in parts.items())}>"

    def callee(self, name: str) -> Callee | None:
        """A function by its full name; native operations are not called from outside."""
        if (known := self._callees.get(name)) is not None:
            return known
        info, code = self.interface.functions.get(name), self.namespace.get(function_name(name))
        if info is None or code is None:
            return None
        effects = self.unit.effects
        made = Callee(info, code, name in effects.suspends, name in effects.needs_context)
        return self._callees.setdefault(name, made)

    def showing(self, name: str) -> Callee | None:
        """The function as it is run for a stream; None for one that gives no answer of an LLM function."""
        found, code = self.callee(name), self.namespace.get(showing_name(name))
        return None if found is None or code is None else replace(found, code=code)

    def function_value(self, name: str) -> FunctionValue:
        """Any function that has code, hidden ones included."""
        return _value(self, name)

    @property
    def edition(self) -> Edition:
        return self.unit.edition

    def fingerprint(self, function: str) -> str:
        """The same as long as nothing changes that decides an answer of the function: what it reaches of the
        program, and what its clients ask with. Their keys, addresses, limits and retries do not count, nor do
        comments and layout.
        """
        from .fingerprint import fingerprint  # of maps alone

        return fingerprint(self.sources, self.interface, function)

    def files_reached(self) -> FilesReached:
        """For each test, the files that hold something of what it reaches."""
        from .reach import FilesReached  # of `bamlet test` alone

        return FilesReached(self.sources, self.interface)

    @property
    def tests(self) -> tuple[Any, ...]:
        """Tests of functions; those with bodies, and sets of them, are in `interface.bodies`."""
        return self.interface.tests


def link(
    unit: Unit,
    library: Program | None,
    diagnostics: tuple[Diagnostic, ...] = (),
    types: Schemas | None = None,
    sources: Sources = NO_SOURCES,
) -> Program:
    """Run the unit's definitions in a namespace of its own, above the library's. `types` are added at run time."""
    names = unit.names.over(library.unit.names if library else None)
    whole = WholeTypes(names)
    functions = {**(library.interface.functions if library else {}), **_functions(unit, whole)}
    decoded = {word: whole.ty(ty) for word, ty in names.decoded.items()}
    schemas = _schemas(unit, names, whole).with_types(types or Schemas())
    space = ValueSpace(schemas)
    namespace: dict[str, Any] = {
        **(library.namespace if library else WORDS),
        "__name__": "baml",
    }
    for enum in schemas.enums.values():
        for member in enum.members:
            namespace[enum_value_name(enum.name, member.name)] = space.enum_value(enum.name, member.name)
    if library is not None:
        _share_enums(namespace, space, library)
    namespace["$caught"] = partial(caught, namespace)
    namespace["$error_context"] = partial(error_context, namespace)
    namespace["$type_of"] = partial(type_of, names.decoded)
    namespace["$subscripts"] = cache(unit.code.subscripts)
    for code in unit.code.in_order:
        exec(code, namespace)
    views = Views(_kinds_of_interfaces(names, namespace), _generic_classes(names))
    space.views = views
    namespace["$conforms"] = partial(conforms, schemas, views)
    for schema in types.classes.values() if types else ():
        key = class_name(schema.name)
        fields = tuple(field.name for field in schema.fields)
        namespace[key] = extended_class(schema.name, fields, namespace.get(key, Instance))
    for name in schemas.classes:
        if class_name(name) in namespace:
            space.classes[name] = namespace[class_name(name)]
    for name, generic in whole.kind_of.items():
        if class_name(generic) in namespace:  # the values of a native one are handles
            space.classes[name] = namespace[class_name(generic)]
    for name in map(constant_name, unit.names.constants):
        # A constant is evaluated when it is first used: in a program, or if it can be changed, in a call.
        make = namespace[name]
        namespace[name] = constant(name, make) if name in unit.effects.needs_context else cache(make)
    interface = Interface(
        functions,
        schemas,
        dict(names.clients),
        dict(names.mcp_servers),
        dict(names.retry_policies),
        dict(names.templates),
        tuple(names.tests),
        tuple(names.generators),
        {**unit.names.aliases, **unit.names.recursive_aliases},
        tuple(names.bodies),
        decoded,
    )
    program = Program(interface, space, diagnostics, namespace, unit, sources)
    _serve_library(program, names)
    for name in map(prompt_name, unit.names.functions):
        if name in unit.names.functions:
            space.functions[name] = program.function_value(name)
    for symbol in unit.names.functions.values():
        for called in symbol.llm.called if symbol.llm else ():
            if called in names.mcp_servers:
                continue
            space.functions[called] = _value(program, called)
    for client in names.clients.values():
        if client.strategy is not None:
            space.functions[client.strategy] = program.function_value(client.strategy)
    return program


def _kinds_of_interfaces(names: Names, namespace: Mapping[str, Any]) -> dict[str, frozenset[Any]]:
    """What the values are, by their Python classes, that implement each interface."""
    found: dict[str, set[Any]] = {}
    for (interface, _), implementation in names.implementations.items():
        found.setdefault(interface, set()).add(kind_of_type(namespace, implementation.target))
    return {interface: frozenset(kinds) for interface, kinds in found.items()}


def _generic_classes(names: Names) -> dict[str, Generic]:
    found = {}
    for name, symbol in names.classes.items():
        if symbol.params:
            telling = ((one.name, one.ty) for one in symbol.schema.fields if parameters_in(one.ty))
            found[name] = Generic(tuple(param.name for param in symbol.params), tuple(telling))
    return found


def _serve_library(program: Program, names: Names) -> None:
    """The library calls methods of its interfaces on values of classes that it has never seen."""
    for found in names.implementations.values():
        symbol = names.interfaces[found.interface.name]
        if not symbol.name.startswith("baml."):
            continue
        for word, full in found.methods.items():
            table = program.space.methods.setdefault(dispatch_name(symbol.methods[word]), {})
            table[kind_of_type(program.namespace, found.target)] = _value(program, full)
        if symbol.name == TO_STRING:
            kind = kind_of_type(program.namespace, found.target)
            program.space.texts[kind] = _value(program, found.methods["to_string"])


def _value(program: Program, function: str) -> FunctionValue:
    """Of a function of the program or of the library."""
    effects, code = program.unit.effects, program.namespace[function_name(function)]
    suspends, needs_context = function in effects.suspends, function in effects.needs_context
    return FunctionValue(function, code, suspends, needs_context, effects.is_plain(function))


def _share_enums(namespace: dict[str, Any], space: ValueSpace, library: Program) -> None:
    """An enum value of the library is the same object in every program, since code compares by identity."""
    for key, value in library.space.enums.items():
        space.enums[key] = value
        namespace[enum_value_name(*key)] = value


def _functions(unit: Unit, whole: WholeTypes) -> dict[str, FunctionInfo]:
    """What a host can call: no methods of interfaces, and nothing that must be told a type."""
    own = unit.names
    methods = {full for found in own.implementations.values() for full in found.methods.values()}
    hidden = {
        *unit.effects.told,
        *methods,
        *(full for one in own.interfaces.values() for full in one.methods.values()),
    }
    called = (f for f in own.functions.values() if f.kind != "stub" and not is_hidden(f.name))
    return {f.name: whole.function(_info(f)) for f in called if f.name not in hidden}


def _schemas(unit: Unit, names: Names, whole: WholeTypes) -> Schemas:
    found = names.schemas()
    own = {name: whole.schema(symbol.schema) for name, symbol in unit.names.classes.items()}
    aliases = {name: whole.ty(ty) for name, ty in found.aliases.items()}
    return Schemas({**found.classes, **own, **whole.made}, found.enums, aliases)


def _info(symbol: FunctionSymbol) -> FunctionInfo:
    return FunctionInfo(symbol.name, symbol.params, symbol.result, symbol.llm, symbol.doc, symbol.kind == "host")
