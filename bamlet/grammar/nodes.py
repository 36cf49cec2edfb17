"""The syntax tree: one frozen value for each rule of `bamlet.lark`, with the rule's name and parts.

Positions are offsets into the text of the item that holds the node, so an item whose text did not change is
the same tree wherever it stands; `Placed` says where that is. Positions do not count for equality.
"""

from __future__ import annotations

from typing import Generic, Literal, TypeAlias, TypeVar

from ..records import dataclass
from ..source import SourceFile, Span
from .node import Node as Node


class Identifier(Node):
    name: str


# --- types


class TypeBinding(Node):
    """`Item = T` among type arguments: what a type that belongs to an interface is."""

    name: Identifier
    type: TypeNode


class TypeName(Node):
    parts: tuple[Identifier, ...]
    arguments: tuple[TypeNode, ...] | None
    bindings: tuple[TypeBinding, ...]

    @property
    def name(self) -> str:
        return ".".join(part.name for part in self.parts)


class LiteralType(Node):
    value: str | int | float | bool


class ListType(Node):
    item: TypeNode


class OptionalType(Node):
    inner: TypeNode


class UnionType(Node):
    members: tuple[TypeNode, ...]


class GroupType(Node):
    """Parentheses: they stop attributes from being hoisted, and the formatter keeps them."""

    inner: TypeNode


class FunctionType(Node):
    params: tuple[TypeNode, ...]
    result: TypeNode
    throws: TypeNode | None


class TupleType(Node):
    """`(A, B)`: it parses, so that the checker can say that there are no tuples."""

    items: tuple[TypeNode, ...]


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


class AttributeArgument(Node):
    kind: Literal["string", "raw", "jinja", "bare"]
    text: str


class Attribute(Node):
    """`@name(args)`, or `@@name(args)` when `block` is set; `arguments` is None without parentheses."""

    name: str
    arguments: tuple[AttributeArgument, ...] | None
    block: bool


# --- expressions


class IntLiteral(Node):
    value: int


class FloatLiteral(Node):
    value: float


class StringLiteral(Node):
    value: str


class BoolLiteral(Node):
    value: bool


class NullLiteral(Node):
    pass


class TemplateText(Node):
    """The text between two holes: its indentation is taken off and its escapes are decoded."""

    value: str


class Hole(Node):
    """`${e}`"""

    value: Expr


class Tag(Node):
    """`${if c} … ${else} … ${endif}` is an `if` with templates for blocks, `${for …}` a repetition."""

    value: If | Match | Repeated


class Template(Node):
    """A string between back-ticks."""

    parts: tuple[TemplateText | Hole | Tag, ...]

    @property
    def text(self) -> str | None:
        """The value of a template without holes."""
        texts = [part.value for part in self.parts if isinstance(part, TemplateText)]
        return "".join(texts) if len(texts) == len(self.parts) else None


class Path(Node):
    """`a.b.c`: whether the dots separate namespaces or fields is decided by the checker."""

    parts: tuple[Identifier, ...]

    @property
    def name(self) -> str:
        return ".".join(part.name for part in self.parts)


class Group(Node):
    """Parentheses: a `throw` does not take a catch clause out of them."""

    inner: Expr


class FieldAccess(Node):
    value: Expr
    name: Identifier


class AsInterface(Node):
    """`value.as<I>`: the same value, of which only what the interface has is seen."""

    value: Expr
    type: TypeNode


class Index(Node):
    value: Expr
    index: Expr


class NamedArgument(Node):
    name: Identifier
    value: Expr


class Call(Node):
    """Arguments by name stand behind the others; the checker says so of one that does not."""

    callee: Expr
    type_arguments: tuple[TypeNode, ...]
    arguments: tuple[Expr, ...]
    named: tuple[NamedArgument, ...]


class Receiver(Node):
    """What stands before the `?.` of the chain around it, and is not null."""


class OptionalChain(Node):
    """`receiver?.rest`: null if the receiver is, and then nothing of the rest is evaluated."""

    receiver: Expr
    rest: Expr


class Unary(Node):
    op: str
    operand: Expr


class Binary(Node):
    op: str
    left: Expr
    right: Expr


class Coalesce(Node):
    """`left ?? right`: the right side is evaluated only if the left is null."""

    left: Expr
    right: Expr


class InstanceOf(Node):
    value: Expr
    type: TypeNode


class Is(Node):
    """`value is pattern`"""

    value: Expr
    pattern: Pattern


class ListLiteral(Node):
    items: tuple[Expr, ...]


class MapEntry(Node):
    key: StringLiteral
    value: Expr


class MapLiteral(Node):
    entries: tuple[MapEntry, ...]


class FieldInit(Node):
    name: Identifier
    value: Expr


class Spread(Node):
    value: Expr


class Constructor(Node):
    """`type_arguments` is None where none are written: then fields and place tell them."""

    path: Path
    type_arguments: tuple[TypeNode, ...] | None
    entries: tuple[FieldInit | Spread, ...]


class Block(Node):
    """`tail` is the value of the block; without one the value is null."""

    statements: tuple[Statement, ...]
    tail: Expr | None


class Lambda(Node):
    """`(x: int) -> int { … }`, `(x, y) => e` or `x => e`: a function without a name, written where it is used."""

    params: tuple[Param, ...]
    result: TypeNode | None
    throws: TypeNode | None
    body: Expr
    bare_arrow: bool  # its brace stands directly behind the arrow


class Spawn(Node):
    """`spawn name with options { … }`: the block is a lambda without parameters, which runs as a task."""

    name: Expr | None
    options: tuple[Expr, ...]
    body: Lambda


class Await(Node):
    """`await future`: its value, or what its task has thrown."""

    value: Expr


class If(Node):
    """`bare` is a condition without parentheses, here and elsewhere."""

    condition: Expr
    then: Block
    otherwise: Block | If | Match | None
    bare: bool


class Repeated(Node):
    """What the body of a loop gives in its rounds: the whole text if it is `joined`, else a list."""

    loop: ForIn
    joined: bool


class MatchArm(Node):
    pattern: Pattern
    guard: Expr | None
    body: Expr


class Match(Node):
    """`if let P = e { a } else { b }` is `match (e) { P => { a }, _ => { b } }`."""

    scrutinee: Expr
    type: TypeNode | None
    arms: tuple[MatchArm, ...]
    bare: bool
    is_if_let: bool


class CatchClause(Node):
    """`exhaustive` is `catch_all`, and `with_panics` too is `catch_all_panics`, where panics come like all else.

    `context` is the second name: what was being handled when the value was thrown.
    """

    binder: Identifier | None
    context: Identifier | None
    arms: tuple[MatchArm, ...]
    exhaustive: bool
    with_panics: bool


class Catch(Node):
    value: Expr
    clauses: tuple[CatchClause, ...]


class Throw(Node):
    value: Expr


class Return(Node):
    value: Expr | None


class Break(Node):
    pass


class Continue(Node):
    pass


Expr: TypeAlias = (
    IntLiteral
    | FloatLiteral
    | StringLiteral
    | BoolLiteral
    | NullLiteral
    | Template
    | Path
    | Group
    | FieldAccess
    | AsInterface
    | Index
    | Call
    | Receiver
    | OptionalChain
    | Unary
    | Await
    | Spawn
    | Binary
    | Coalesce
    | InstanceOf
    | Is
    | ListLiteral
    | MapLiteral
    | Constructor
    | Block
    | If
    | Match
    | Repeated
    | Catch
    | Lambda
    | Throw
    | Return
    | Break
    | Continue
)


# --- patterns


class LiteralPattern(Node):
    value: str | int | float | bool | None


class PathPattern(Node):
    """A type test, an enum value, a binder or `_`: the checker decides by what the name means."""

    path: Path


class BindingPattern(Node):
    """`name: type`, or the later spellings `let name`, `let name: type` and `let name: pattern`."""

    name: Identifier
    type: TypeNode | None
    inner: Pattern | None


class TypePattern(Node):
    """A type that is no name alone: `int[]`, `map<string, int>`."""

    type: TypeNode


class FieldPattern(Node):
    """`name` alone is `name: let name`."""

    name: Identifier
    pattern: Pattern


class ClassPattern(Node):
    """`C { f: P, g }`"""

    path: Path
    type_arguments: tuple[TypeNode, ...] | None
    fields: tuple[FieldPattern, ...]


class RestPattern(Node):
    """`..` or `..P`: the elements of a list that no other pattern takes."""

    pattern: Pattern | None


class ListPattern(Node):
    """`[P, ..let rest, Q]`"""

    items: tuple[Pattern | RestPattern, ...]


class OrPattern(Node):
    alternatives: tuple[Pattern, ...]


Pattern: TypeAlias = (
    LiteralPattern | PathPattern | TypePattern | BindingPattern | ClassPattern | ListPattern | OrPattern
)


# --- statements


class Let(Node):
    name: Identifier
    type: TypeNode | None
    value: Expr
    watched: bool


class LetPattern(Node):
    """`let P = e;`, or `let P = e else { … };` whose block is left by force if `P` does not match."""

    pattern: Pattern
    value: Expr
    otherwise: Block | None


class Assign(Node):
    """`op` is None for `=`, else the operator of `op=`."""

    target: Expr
    op: str | None
    value: Expr


class ExprStatement(Node):
    value: Expr


class While(Node):
    """`while let P = e { a }` is `while (true) { if let P = e { a } else { break } }`."""

    condition: Expr
    body: Block
    bare: bool


class ForIn(Node):
    """`for (let P in xs) { a }` is `for ($each in xs) { let P = $each; a }`."""

    name: Identifier
    iterable: Expr
    body: Block
    bare: bool


class For(Node):
    init: Let | Assign | ExprStatement | None
    condition: Expr | None
    step: Assign | ExprStatement | None
    body: Block


class Assert(Node):
    value: Expr


class Defer(Node):
    """`defer { … }`: the block is a lambda without parameters, called when the block around it is left."""

    body: Lambda


# --- configuration


class ConfigText(Node):
    """`bare` text is typed by what reads it: number, bool, null, `env.X` or a plain string; a `template` has no
    holes here, and no Jinja."""

    kind: Literal["string", "raw", "bare", "template"]
    text: str


class ConfigList(Node):
    items: tuple[ConfigValue, ...]


class ConfigCall(Node):
    """`Name(value, …)`: the text that a template string makes, for an argument of a test."""

    name: str
    arguments: tuple[ConfigValue, ...]


class ConfigEntry(Node):
    key: Identifier
    value: ConfigValue


class TypeBuilder(Node):
    items: tuple[TypeBuilderItem, ...]


class Config(Node):
    entries: tuple[ConfigEntry, ...]
    attributes: tuple[Attribute, ...]
    type_builders: tuple[TypeBuilder, ...]


ConfigValue: TypeAlias = ConfigText | Template | ConfigList | ConfigCall | Config


# --- items


class FieldDecl(Node):
    name: Identifier
    type: TypeNode
    doc: str | None


class EnumValueDecl(Node):
    name: Identifier
    attributes: tuple[Attribute, ...]
    doc: str | None


class Param(Node):
    name: Identifier
    type: TypeNode | None
    default: Expr | None


class LlmBody(Node):
    entries: tuple[ConfigEntry, ...]


class SysopStub(Node):
    """The body of a native operation; `suspends` tells `$sysop_async` from `$sysop`."""

    suspends: bool


class HostStub(Node):
    """The body of a function that the host gives."""


class TypeParam(Node):
    """`T extends I & J`"""

    name: Identifier
    bounds: tuple[TypeNode, ...]


class FunctionDecl(Node):
    """Without a body it is what an interface demands."""

    name: Identifier
    type_params: tuple[TypeParam, ...]
    params: tuple[Param, ...]
    result: TypeNode | None
    throws: TypeNode | None
    body: Block | LlmBody | SysopStub | HostStub | None
    doc: str | None


class AssociatedType(Node):
    """`type Item extends B = T`: a type that each implementation names; in an interface `type` is its default."""

    name: Identifier
    bound: TypeNode | None
    type: TypeNode | None
    doc: str | None


class FieldLink(Node):
    """`name as own`: the field that an interface demands is one of another name."""

    name: Identifier
    own: Identifier


class Implements(Node):
    """`implements I { … }` inside of a class."""

    interface: TypeNode
    methods: tuple[FunctionDecl, ...]
    associated: tuple[AssociatedType, ...]
    links: tuple[FieldLink, ...]


class ImplementsDecl(Node):
    """`implements<T> I for T[] { … }`. `name` is that of an item among the others."""

    name: Identifier
    type_params: tuple[TypeParam, ...]
    target: TypeNode
    block: Implements
    doc: str | None


class InterfaceDecl(Node):
    name: Identifier
    type_params: tuple[TypeParam, ...]
    requires: tuple[TypeNode, ...]
    fields: tuple[FieldDecl, ...]
    attributes: tuple[Attribute, ...]
    methods: tuple[FunctionDecl, ...]
    associated: tuple[AssociatedType, ...]
    doc: str | None


class ClassDecl(Node):
    name: Identifier
    type_params: tuple[TypeParam, ...]
    fields: tuple[FieldDecl, ...]
    attributes: tuple[Attribute, ...]
    methods: tuple[FunctionDecl, ...]
    implements: tuple[Implements, ...]
    doc: str | None


class EnumDecl(Node):
    name: Identifier
    values: tuple[EnumValueDecl, ...]
    attributes: tuple[Attribute, ...]
    methods: tuple[FunctionDecl, ...]
    doc: str | None


class AliasDecl(Node):
    name: Identifier
    type: TypeNode
    doc: str | None


class ClientDecl(Node):
    name: Identifier
    kind: str | None
    config: Config
    doc: str | None


class ClientValueDecl(Node):
    """`client C = openai.ChatClient.new(model = "m");`: a client as a value, of which nothing runs."""

    name: Identifier
    value: Expr
    doc: str | None


class RetryPolicyDecl(Node):
    name: Identifier
    config: Config
    doc: str | None


class GeneratorDecl(Node):
    name: Identifier
    config: Config
    doc: str | None


class TestDecl(Node):
    name: Identifier
    config: Config
    doc: str | None


class TestBody(Node):
    """`test "label" { … }`: a function that must come to its end. `name` is that of an item among the others."""

    name: Identifier
    label: Expr
    body: Lambda
    doc: str | None


class TestSet(Node):
    """`testset "label" { … }`: a function that says, when it runs, which tests there are.

    One with a runner `is_one_test`: its function runs the tests, and the runner judges them.
    """

    name: Identifier
    label: Expr
    body: Lambda
    is_one_test: bool
    doc: str | None


Statement: TypeAlias = (
    Let | LetPattern | Assign | ExprStatement | While | ForIn | For | Assert | Defer | TestBody | TestSet
)


class TemplateStringDecl(Node):
    name: Identifier
    params: tuple[Param, ...]
    body: ConfigText | Template
    doc: str | None


class LetDecl(Node):
    name: Identifier
    type: TypeNode | None
    value: Expr
    doc: str | None


class DynamicDecl(Node):
    """`dynamic class X { … }` in a type builder: more fields or values for a type of the project."""

    item: ClassDecl | EnumDecl


TypeBuilderItem: TypeAlias = ClassDecl | EnumDecl | AliasDecl | DynamicDecl

Item: TypeAlias = (
    ClassDecl
    | InterfaceDecl
    | ImplementsDecl
    | EnumDecl
    | AliasDecl
    | FunctionDecl
    | ClientDecl
    | ClientValueDecl
    | RetryPolicyDecl
    | GeneratorDecl
    | TestDecl
    | TestBody
    | TestSet
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
