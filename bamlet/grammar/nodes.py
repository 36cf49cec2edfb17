"""The syntax tree: one frozen value for each rule of `bamlet.lark`, with the rule's name and parts.

Positions are offsets into the text of the item that holds the node, so an item whose text did not change is
the same tree wherever it stands; `Placed` says where that is. Positions do not count for equality.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Generic, Literal, TypeAlias, TypeVar

from ..source import SourceFile, Span


@dataclass(frozen=True, slots=True)
class Node:
    start: int = field(compare=False, repr=False)
    end: int = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Identifier(Node):
    name: str


# --- types


@dataclass(frozen=True, slots=True)
class TypeName(Node):
    parts: tuple[Identifier, ...]
    arguments: tuple[TypeNode, ...] | None

    @property
    def name(self) -> str:
        return ".".join(part.name for part in self.parts)


@dataclass(frozen=True, slots=True)
class LiteralType(Node):
    value: str | int | float | bool


@dataclass(frozen=True, slots=True)
class ListType(Node):
    item: TypeNode


@dataclass(frozen=True, slots=True)
class OptionalType(Node):
    inner: TypeNode


@dataclass(frozen=True, slots=True)
class UnionType(Node):
    members: tuple[TypeNode, ...]


@dataclass(frozen=True, slots=True)
class GroupType(Node):
    """Parentheses: they stop attributes from being hoisted, and the formatter keeps them."""

    inner: TypeNode


@dataclass(frozen=True, slots=True)
class FunctionType(Node):
    params: tuple[TypeNode, ...]
    result: TypeNode


@dataclass(frozen=True, slots=True)
class TupleType(Node):
    """`(A, B)`: it parses, so that the checker can say that there are no tuples."""

    items: tuple[TypeNode, ...]


@dataclass(frozen=True, slots=True)
class AttributedType(Node):
    inner: TypeNode
    attributes: tuple[Attribute, ...]


TypeNode: TypeAlias = (
    TypeName
    | LiteralType
    | ListType
    | OptionalType
    | UnionType
    | GroupType
    | FunctionType
    | TupleType
    | AttributedType
)


@dataclass(frozen=True, slots=True)
class AttributeArgument(Node):
    kind: Literal["string", "raw", "jinja", "bare"]
    text: str


@dataclass(frozen=True, slots=True)
class Attribute(Node):
    """`@name(args)`, or `@@name(args)` when `block` is set; `arguments` is None without parentheses."""

    name: str
    arguments: tuple[AttributeArgument, ...] | None
    block: bool


# --- expressions


@dataclass(frozen=True, slots=True)
class IntLiteral(Node):
    value: int


@dataclass(frozen=True, slots=True)
class FloatLiteral(Node):
    value: float


@dataclass(frozen=True, slots=True)
class StringLiteral(Node):
    value: str


@dataclass(frozen=True, slots=True)
class BoolLiteral(Node):
    value: bool


@dataclass(frozen=True, slots=True)
class NullLiteral(Node):
    pass


@dataclass(frozen=True, slots=True)
class Path(Node):
    """`a.b.c`: whether the dots separate namespaces or fields is decided by the checker."""

    parts: tuple[Identifier, ...]

    @property
    def name(self) -> str:
        return ".".join(part.name for part in self.parts)


@dataclass(frozen=True, slots=True)
class Group(Node):
    """Parentheses: a `throw` does not take a catch clause out of them."""

    inner: Expr


@dataclass(frozen=True, slots=True)
class FieldAccess(Node):
    value: Expr
    name: Identifier


@dataclass(frozen=True, slots=True)
class Index(Node):
    value: Expr
    index: Expr


@dataclass(frozen=True, slots=True)
class Call(Node):
    callee: Expr
    type_arguments: tuple[TypeNode, ...]
    arguments: tuple[Expr, ...]


@dataclass(frozen=True, slots=True)
class Unary(Node):
    op: str
    operand: Expr


@dataclass(frozen=True, slots=True)
class Binary(Node):
    op: str
    left: Expr
    right: Expr


@dataclass(frozen=True, slots=True)
class InstanceOf(Node):
    value: Expr
    type: TypeNode


@dataclass(frozen=True, slots=True)
class ListLiteral(Node):
    items: tuple[Expr, ...]


@dataclass(frozen=True, slots=True)
class MapEntry(Node):
    key: StringLiteral
    value: Expr


@dataclass(frozen=True, slots=True)
class MapLiteral(Node):
    entries: tuple[MapEntry, ...]


@dataclass(frozen=True, slots=True)
class FieldInit(Node):
    name: Identifier
    value: Expr


@dataclass(frozen=True, slots=True)
class Spread(Node):
    value: Expr


@dataclass(frozen=True, slots=True)
class Constructor(Node):
    path: Path
    entries: tuple[FieldInit | Spread, ...]


@dataclass(frozen=True, slots=True)
class Block(Node):
    """`tail` is the value of the block; without one the value is null."""

    statements: tuple[Statement, ...]
    tail: Expr | None


@dataclass(frozen=True, slots=True)
class If(Node):
    condition: Expr
    then: Block
    otherwise: Block | If | None


@dataclass(frozen=True, slots=True)
class MatchArm(Node):
    pattern: Pattern
    guard: Expr | None
    body: Expr


@dataclass(frozen=True, slots=True)
class Match(Node):
    scrutinee: Expr
    type: TypeNode | None
    arms: tuple[MatchArm, ...]


@dataclass(frozen=True, slots=True)
class CatchClause(Node):
    """`exhaustive` is `catch_all`."""

    binder: Identifier | None
    arms: tuple[MatchArm, ...]
    exhaustive: bool


@dataclass(frozen=True, slots=True)
class Catch(Node):
    value: Expr
    clauses: tuple[CatchClause, ...]


@dataclass(frozen=True, slots=True)
class Throw(Node):
    value: Expr


@dataclass(frozen=True, slots=True)
class Return(Node):
    value: Expr | None


@dataclass(frozen=True, slots=True)
class Break(Node):
    pass


@dataclass(frozen=True, slots=True)
class Continue(Node):
    pass


Expr: TypeAlias = (
    IntLiteral
    | FloatLiteral
    | StringLiteral
    | BoolLiteral
    | NullLiteral
    | Path
    | Group
    | FieldAccess
    | Index
    | Call
    | Unary
    | Binary
    | InstanceOf
    | ListLiteral
    | MapLiteral
    | Constructor
    | Block
    | If
    | Match
    | Catch
    | Throw
    | Return
    | Break
    | Continue
)


# --- patterns


@dataclass(frozen=True, slots=True)
class LiteralPattern(Node):
    value: str | int | float | bool | None


@dataclass(frozen=True, slots=True)
class PathPattern(Node):
    """A type test, an enum value, a binder or `_`: the checker decides by what the name means."""

    path: Path


@dataclass(frozen=True, slots=True)
class BindingPattern(Node):
    """`name: type`, or the later spellings `let name` and `let name: type`."""

    name: Identifier
    type: TypeNode | None


@dataclass(frozen=True, slots=True)
class OrPattern(Node):
    alternatives: tuple[Pattern, ...]


Pattern: TypeAlias = LiteralPattern | PathPattern | BindingPattern | OrPattern


# --- statements


@dataclass(frozen=True, slots=True)
class Let(Node):
    name: Identifier
    type: TypeNode | None
    value: Expr
    watched: bool


@dataclass(frozen=True, slots=True)
class Assign(Node):
    """`op` is None for `=`, else the operator of `op=`."""

    target: Expr
    op: str | None
    value: Expr


@dataclass(frozen=True, slots=True)
class ExprStatement(Node):
    value: Expr


@dataclass(frozen=True, slots=True)
class While(Node):
    condition: Expr
    body: Block


@dataclass(frozen=True, slots=True)
class ForIn(Node):
    name: Identifier
    iterable: Expr
    body: Block


@dataclass(frozen=True, slots=True)
class For(Node):
    init: Let | Assign | ExprStatement | None
    condition: Expr | None
    step: Assign | ExprStatement | None
    body: Block


@dataclass(frozen=True, slots=True)
class Assert(Node):
    value: Expr


Statement: TypeAlias = Let | Assign | ExprStatement | While | ForIn | For | Assert


# --- configuration


@dataclass(frozen=True, slots=True)
class ConfigText(Node):
    """`bare` text is typed by what reads it: number, bool, null, `env.X` or a plain string."""

    kind: Literal["string", "raw", "bare"]
    text: str


@dataclass(frozen=True, slots=True)
class ConfigList(Node):
    items: tuple[ConfigValue, ...]


@dataclass(frozen=True, slots=True)
class ConfigEntry(Node):
    key: Identifier
    value: ConfigValue


@dataclass(frozen=True, slots=True)
class TypeBuilder(Node):
    items: tuple[TypeBuilderItem, ...]


@dataclass(frozen=True, slots=True)
class Config(Node):
    entries: tuple[ConfigEntry, ...]
    attributes: tuple[Attribute, ...] = ()
    type_builders: tuple[TypeBuilder, ...] = ()


ConfigValue: TypeAlias = ConfigText | ConfigList | Config


# --- items


@dataclass(frozen=True, slots=True)
class FieldDecl(Node):
    name: Identifier
    type: TypeNode
    doc: str | None


@dataclass(frozen=True, slots=True)
class EnumValueDecl(Node):
    name: Identifier
    attributes: tuple[Attribute, ...]
    doc: str | None


@dataclass(frozen=True, slots=True)
class Param(Node):
    name: Identifier
    type: TypeNode | None


@dataclass(frozen=True, slots=True)
class LlmBody(Node):
    entries: tuple[ConfigEntry, ...]


@dataclass(frozen=True, slots=True)
class SysopStub(Node):
    """The body of a native operation; `suspends` tells `$sysop_async` from `$sysop`."""

    suspends: bool


@dataclass(frozen=True, slots=True)
class FunctionDecl(Node):
    name: Identifier
    params: tuple[Param, ...]
    result: TypeNode | None
    throws: TypeNode | None
    body: Block | LlmBody | SysopStub
    doc: str | None


@dataclass(frozen=True, slots=True)
class ClassDecl(Node):
    name: Identifier
    fields: tuple[FieldDecl, ...]
    attributes: tuple[Attribute, ...]
    methods: tuple[FunctionDecl, ...]
    doc: str | None


@dataclass(frozen=True, slots=True)
class EnumDecl(Node):
    name: Identifier
    values: tuple[EnumValueDecl, ...]
    attributes: tuple[Attribute, ...]
    methods: tuple[FunctionDecl, ...]
    doc: str | None


@dataclass(frozen=True, slots=True)
class AliasDecl(Node):
    name: Identifier
    type: TypeNode
    doc: str | None


@dataclass(frozen=True, slots=True)
class ClientDecl(Node):
    name: Identifier
    kind: str | None
    config: Config
    doc: str | None


@dataclass(frozen=True, slots=True)
class RetryPolicyDecl(Node):
    name: Identifier
    config: Config
    doc: str | None


@dataclass(frozen=True, slots=True)
class GeneratorDecl(Node):
    name: Identifier
    config: Config
    doc: str | None


@dataclass(frozen=True, slots=True)
class TestDecl(Node):
    name: Identifier
    config: Config
    doc: str | None


@dataclass(frozen=True, slots=True)
class TemplateStringDecl(Node):
    name: Identifier
    params: tuple[Param, ...]
    body: ConfigText
    doc: str | None


@dataclass(frozen=True, slots=True)
class LetDecl(Node):
    name: Identifier
    type: TypeNode | None
    value: Expr
    doc: str | None


@dataclass(frozen=True, slots=True)
class DynamicDecl(Node):
    """`dynamic class X { … }` in a type builder: more fields or values for a type of the project."""

    item: ClassDecl | EnumDecl


TypeBuilderItem: TypeAlias = ClassDecl | EnumDecl | AliasDecl | DynamicDecl

Item: TypeAlias = (
    ClassDecl
    | EnumDecl
    | AliasDecl
    | FunctionDecl
    | ClientDecl
    | RetryPolicyDecl
    | GeneratorDecl
    | TestDecl
    | TemplateStringDecl
    | LetDecl
)

N = TypeVar("N", bound=Node, covariant=True)


@dataclass(frozen=True, slots=True)
class Placed(Generic[N]):
    """An item and where its text begins in its file."""

    node: N
    file: SourceFile
    offset: int

    def span(self, node: Node) -> Span:
        return Span(self.file, self.offset + node.start, self.offset + node.end)
