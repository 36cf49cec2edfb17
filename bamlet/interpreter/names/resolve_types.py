"""Type syntax to types: names looked up, plain aliases expanded, attributes bound, wrong forms reported."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ...diagnostics import catalogue, did_you_mean
from ...grammar import nodes as n
from ...grammar.elsewhere import TYPES_WITH_ARGUMENTS
from ...records import dataclass, field, replace
from ...types.partials import PARTIAL, partial_of
from ...types.show import show
from ...types.ty import (
    ERROR,
    JSON,
    MEDIA,
    NEVER,
    NULL,
    PRIMITIVES,
    STRING,
    UNKNOWN,
    AliasTy,
    ClassTy,
    EnumTy,
    ErrorTy,
    FunctionTy,
    FutureTy,
    InterfaceTy,
    ListTy,
    LiteralTy,
    MapTy,
    ParameterTy,
    Ty,
    bare,
    literal,
    members,
    optional,
    union,
)
from ...types.variables import replaced
from ..declarations.attributes import annotate, describe
from ..facts.code_names import FUTURE
from ..facts.implementations import InterfaceSymbol
from ..facts.report import Report
from ..facts.symbols import ClassSymbol, Names

BUILTIN_TYPES: dict[str, Ty] = PRIMITIVES | MEDIA | {"unknown": UNKNOWN, "never": NEVER, "true": literal(True)}
BUILTIN_TYPES["false"] = literal(False)

# Names of types that a program of the first edition may have given to its own.
LATER_TYPES: dict[str, Ty] = {"void": NULL, "json": JSON}

# What other languages call them.
_ELSEWHERE = {
    **dict.fromkeys(("str", "text", "char"), "write `string`"),
    **dict.fromkeys(("integer", "long", "number", "double", "decimal"), "write `int` or `float`"),
    "boolean": "write `bool`",
    **dict.fromkeys(("none", "nil", "undefined"), "write `null`"),
    **dict.fromkeys(("any", "object", "dynamic"), "write `unknown` for a value of any type"),
    **TYPES_WITH_ARGUMENTS,
}


@dataclass(slots=True)
class TypeResolver:
    """Turns the types of one item into `Ty`. `pending` expands an alias that is not resolved yet.

    `parameters` are the type parameters that can be named, `Self` and the types of an interface among them.
    """

    names: Names
    report: Report
    placed: n.Placed[n.Item]
    pending: Callable[[str], Ty | None] = field(default=lambda name: None)
    place: str = "type"
    parameters: Mapping[str, Ty] = field(default_factory=dict)
    # Of an interface that is implemented or extended: what its own types are, is told elsewhere, if at all.
    as_written: bool = False

    def resolve(self, node: n.TypeNode) -> Ty:
        return _RESOLVE[type(node)](self, node)

    def field(self, node: n.TypeNode) -> tuple[Ty, tuple[n.Attribute, ...]]:
        """A field's type, and the outermost attributes, which the caller splits."""
        if isinstance(node, n.AttributedType):
            return self.resolve(node.inner), node.attributes
        return self.resolve(node), ()

    def _name(self, node: n.TypeName) -> Ty:
        name = node.name
        if name == "map":
            return self._map(node)
        if name in self.parameters and node.arguments is None:
            return self.parameters[name]
        if "." in name and (owned := self._associated(node)) is not None:
            return owned
        full = self.names.full(name, self.placed.file.name)
        if full == FUTURE:
            return self._future(node)
        if full in self.names.classes and (node.arguments or self.names.classes[full].params):
            return self._class(node, self.names.classes[full])
        if full in self.names.interfaces:
            return self._interface(node, self.names.interfaces[full])
        if node.arguments is not None:
            instead = _ELSEWHERE.get(
                name.lower(), "only classes and interfaces with type parameters take them, and map<K, V>"
            )
            self._wrong(node, catalogue.UNKNOWN_TYPE, f"`{name}` takes no type arguments", instead)
            return ERROR
        if node.parts[0].name in self.names.broken:
            return ERROR
        found = BUILTIN_TYPES.get(name) or self.names.named_type(full) or self.pending(full)
        found = found or LATER_TYPES.get(name)
        if found is not None:
            return found
        hint = did_you_mean(name, self.names.type_names) or _ELSEWHERE.get(name.lower())
        hint = hint or did_you_mean(name, BUILTIN_TYPES)
        if full != name and self.names.named_type(name) is not None:
            hint = f"did you mean `root.{name}`?"
        if hint is None and "." in name:
            hint = "the types of a program have names without points"
        hint = hint or f"declare it: `class {name} {{ … }}`, or an enum or type of that name"
        self._wrong(node, catalogue.UNKNOWN_TYPE, f"no type is called `{name}`", hint)
        return ERROR

    def _associated(self, node: n.TypeName) -> Ty | None:
        """`T.Item`: the type that belongs to a type parameter by one of its bounds."""
        owner = self.parameters.get(node.parts[0].name)
        if not isinstance(owner, ParameterTy) or len(node.parts) != 2:
            return None
        word = node.parts[1].name
        for bound in owner.bounds:
            symbol = self.names.interfaces.get(bound.name) if isinstance(bound, InterfaceTy) else None
            if symbol is not None and word in symbol.associated:
                assert isinstance(bound, InterfaceTy)
                return dict(bound.bindings).get(word) or ParameterTy(f"{owner.name}.{word}")
        self._wrong(node, catalogue.UNKNOWN_TYPE, f"`{owner.name}` has no type `{word}` of its own")
        return ERROR

    def _class(self, node: n.TypeName, symbol: ClassSymbol) -> Ty:
        if node.parts[0].name in self.names.broken:
            return ERROR
        args = self._arguments(node, symbol.params)
        if args is None:
            return ERROR
        return partial_of(args[0]) if symbol.name == PARTIAL else ClassTy(symbol.name, args)

    def _interface(self, node: n.TypeName, symbol: InterfaceSymbol) -> Ty:
        as_written, self.as_written = self.as_written, False  # of this name alone
        args = self._arguments(node, symbol.params)
        if args is None:
            return ERROR
        named = {binding.name.name: self.resolve(binding.type) for binding in node.bindings}
        for binding in node.bindings:
            if binding.name.name not in symbol.associated:
                hint = did_you_mean(binding.name.name, symbol.associated)
                message = f"`{symbol.name}` names no type `{binding.name.name}`"
                self._wrong(binding, catalogue.TYPE_ARGUMENTS, message, hint)
                return ERROR
        found = symbol.seen_as(InterfaceTy(symbol.name, args, tuple(named.items())))
        for name, default in symbol.associated.items():
            if name not in named and default is not None and not as_written:
                named[name] = replaced(default, found)
        return InterfaceTy(symbol.name, args, tuple(sorted(named.items())))

    def _arguments(self, node: n.TypeName, params: Sequence[ParameterTy]) -> tuple[Ty, ...] | None:
        given = tuple(self.resolve(argument) for argument in node.arguments or ())
        if len(given) == len(params):
            return given
        listed = ", ".join(param.name for param in params)
        if params:
            message = f"`{node.name}` takes `<{listed}>`, found {len(given) or 'none'}"
            hint = f"write `{node.name}<{listed}>` with a type for each"
        else:
            message, hint = f"`{node.name}` takes no type arguments", "take them away"
        self._wrong(node, catalogue.TYPE_ARGUMENTS, message, hint)
        return None

    def _map(self, node: n.TypeName) -> Ty:
        arguments = node.arguments or ()
        if len(arguments) != 2:
            given = "none" if node.arguments is None else str(len(arguments))
            message = f"a map has a key type and a value type, found {given}"
            self._wrong(node, catalogue.MAP_ARITY, message, "write map<string, …>")
            return ERROR
        key, value = self.resolve(arguments[0]), self.resolve(arguments[1])
        if not _is_key(key):
            message = f"`{show(key)}` cannot be a map's key"
            hint = "keys are strings, string literals or enums"
            self._wrong(arguments[0], catalogue.MAP_KEY, message, hint)
            return ERROR
        return MapTy(key, value)

    def _future(self, node: n.TypeName) -> Ty:
        """Without arguments it is the future of anything."""
        arguments = [self.resolve(argument) for argument in node.arguments or ()]
        if len(arguments) not in (0, 2):
            message = f"a future has the type of its value and that of what it throws, found {len(arguments)}"
            self._wrong(
                node, catalogue.UNKNOWN_TYPE, message, f"write {FUTURE}<T, never> for one that throws nothing"
            )
            return ERROR
        value, error = arguments or (UNKNOWN, UNKNOWN)
        return FutureTy(value, error)

    def _literal(self, node: n.LiteralType) -> Ty:
        if isinstance(node.value, float):
            hint = "use float, and an @assert for the value"
            self._wrong(node, catalogue.FLOAT_LITERAL_TYPE, f"the float {node.value} is no type", hint)
            return ERROR
        return literal(node.value)

    def _tuple(self, node: n.TupleType) -> Ty:
        if len(node.items) < 2:
            message = "this is the start of a function type, and its result is missing"
            self._wrong(node, catalogue.SYNTAX, message, "write `-> Type` behind it, or take the parentheses away")
        else:
            self._wrong(node, catalogue.UNSUPPORTED, "there are no tuple types", "use a class or a list")
        return ERROR

    def _attributed(self, node: n.AttributedType) -> Ty:
        described = describe(node.attributes, self.place, self.placed, self.report)
        return annotate(self.resolve(node.inner), described.stream)

    def _wrong(self, node: n.Node, code: Any, message: str, hint: str | None = None) -> None:
        self.report.at(self.placed, node, code, message, hint=hint)


def _is_key(ty: Ty) -> bool:
    return all(
        bare(member) == STRING
        or isinstance(bare(member), EnumTy | ErrorTy | AliasTy)
        or (isinstance(literal_ty := bare(member), LiteralTy) and literal_ty.base == "string")
        for member in members(bare(ty))
    )


def _union(self: TypeResolver, node: n.UnionType) -> Ty:
    return union(self.resolve(member) for member in node.members)


def _function(self: TypeResolver, node: n.FunctionType) -> Ty:
    found = FunctionTy(tuple(self.resolve(param) for param in node.params), self.resolve(node.result))
    return found if node.throws is None else replace(found, throws=self.resolve(node.throws))


_RESOLVE: dict[type, Callable[[TypeResolver, Any], Ty]] = {
    n.TypeName: TypeResolver._name,
    n.LiteralType: TypeResolver._literal,
    n.ListType: lambda self, node: ListTy(self.resolve(node.item)),
    n.OptionalType: lambda self, node: optional(self.resolve(node.inner)),
    n.UnionType: _union,
    n.GroupType: lambda self, node: self.resolve(node.inner),
    n.FunctionType: _function,
    n.TupleType: TypeResolver._tuple,
    n.AttributedType: TypeResolver._attributed,
}
