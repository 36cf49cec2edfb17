"""What checking learns about a function, beside the tree: types, what names mean, what calls reach.

Keys are the `id` of nodes. The tables live no longer than the trees they speak of.
"""

from __future__ import annotations

from typing import TypeAlias

from ...grammar import nodes as n
from ...records import dataclass, field
from ...types.ty import NEVER, Ty
from .symbols import ClassSymbol, ConstantSymbol, FunctionSymbol


@dataclass(slots=True, eq=False)
class Variable:
    """A local of the language. `python` is its name in the emitted function, which has one scope only."""

    name: str
    ty: Ty
    python: str
    closure: Closure | None = None  # the lambda that declares it
    in_loop: bool = False  # a new one in every round
    is_captured: bool = False
    is_reassigned: bool = False
    function: str | None = None  # the lambda that it always holds
    place: int | None = None  # of a parameter of a function, among the others

    @property
    def is_boxed(self) -> bool:
        """Whether it lives in a list of its own: Python's closures would see the variable of the last round."""
        return self.in_loop and self.is_captured and self.is_reassigned


def python_name(name: str) -> str:
    """Any name will do for Python's code, even a keyword, but for the few that are not names at all, and for those
    that begin like ours. No word of the language ends in a dollar."""
    ours = name.startswith("$") or name in ("None", "True", "False", "__debug__")
    return f"{name}$" if ours else name


@dataclass(frozen=True, slots=True)
class LocalUse:
    variable: Variable
    fields: tuple[n.Identifier, ...]


@dataclass(frozen=True, slots=True)
class ConstantUse:
    symbol: ConstantSymbol
    fields: tuple[n.Identifier, ...]


@dataclass(frozen=True, slots=True)
class VariantUse:
    enum: str
    name: str


@dataclass(frozen=True, slots=True)
class FunctionUse:
    symbol: FunctionSymbol


@dataclass(frozen=True, slots=True)
class EnvUse:
    name: str


Use: TypeAlias = LocalUse | ConstantUse | VariantUse | FunctionUse | EnvUse


# What the type parameters of a function are in a call.
Types: TypeAlias = "tuple[tuple[str, Ty], ...]"


@dataclass(frozen=True, slots=True)
class FunctionCall:
    """A call of a known function; `receiver` is the `self` of a method call.

    `slots` says of each parameter behind it which argument it gets, by the order in which they are written; None
    is its default. It is itself None where arguments and parameters are the same, in the same order.
    """

    symbol: FunctionSymbol
    receiver: n.Expr | None
    slots: tuple[int | None, ...] | None = None
    types: Types = ()


@dataclass(frozen=True, slots=True)
class InterfaceCall:
    """A call of a method that a value has by an interface: which function it is, its Python class tells."""

    symbol: FunctionSymbol
    receiver: n.Expr
    slots: tuple[int | None, ...] | None = None
    types: Types = ()


@dataclass(frozen=True, slots=True)
class UnionCall:
    """A call of a method that every class of a union has; `methods` are by the names of the classes."""

    methods: tuple[tuple[str, FunctionSymbol], ...]
    receiver: n.Expr
    slots: tuple[int | None, ...] | None = None
    thrown: Ty = NEVER


@dataclass(frozen=True, slots=True)
class BuiltinCall:
    """`operands` begin with the receiver of a method."""

    name: str
    operands: tuple[n.Expr, ...]


@dataclass(frozen=True, slots=True)
class TypedCall:
    """A call of a library function that is told, by a word in front of its arguments, what it is to make.

    `ty` stands for the word where that speaks of type parameters.
    """

    symbol: FunctionSymbol
    word: str
    ty: Ty | None = None


@dataclass(frozen=True, slots=True)
class CompanionCall:
    """A call of what the library does with a function of a model and its arguments. `names` are those of the
    parameters that the arguments are for, as they are written, and `more` what the library is told beside them.
    `completed` gives the arguments by name where some may be left out, called with `slots`.
    """

    symbol: FunctionSymbol
    function: str
    names: tuple[str, ...]
    more: tuple[bool, ...]
    completed: FunctionSymbol | None = None
    slots: tuple[int | None, ...] | None = None


@dataclass(frozen=True, slots=True)
class ValueCall:
    """A call of a function value. `known` is the lambda that it must be; else nobody knows what it reaches."""

    known: str | None = None
    in_lambda: bool = False


@dataclass(frozen=True, slots=True)
class DeadCall:
    """A call that is never made, because what stands before it does not come back; `first` is evaluated for it."""

    first: n.Expr


CallPlan: TypeAlias = (
    FunctionCall | InterfaceCall | UnionCall | BuiltinCall | TypedCall | CompanionCall | ValueCall | DeadCall
)


@dataclass(frozen=True, slots=True)
class AnyTest:
    """Matches everything; `variable` is None for `_`."""

    variable: Variable | None


@dataclass(frozen=True, slots=True)
class TypeTest:
    """`by_tag`: the static type leaves no doubt about what is in a list or a map, so nobody looks inside.

    One that was looked into may be held by others, who can change what was seen: such a test tells nothing about
    the place that it looked at, and the variable that it binds has a copy.
    """

    ty: Ty
    by_tag: bool
    variable: Variable | None = None


@dataclass(frozen=True, slots=True)
class LiteralTest:
    value: str | int | float | bool | None


@dataclass(frozen=True, slots=True)
class VariantTest:
    enum: str
    name: str


@dataclass(frozen=True, slots=True)
class OrTest:
    tests: tuple[PatternTest, ...]


@dataclass(frozen=True, slots=True)
class BoundTest:
    """What fits the inner test is kept in the variable."""

    variable: Variable
    inner: PatternTest


@dataclass(frozen=True, slots=True)
class ClassTest:
    """An instance of which each field, read once and in this order, fits its own test."""

    of: TypeTest
    fields: tuple[tuple[str, PatternTest], ...]


@dataclass(frozen=True, slots=True)
class ListTest:
    """A list whose elements fit one by one; with a `rest`, those between `before` and `after` fit that."""

    is_list: bool  # whether the static type says so
    before: tuple[PatternTest, ...]
    rest: PatternTest | None
    after: tuple[PatternTest, ...]


PatternTest: TypeAlias = AnyTest | TypeTest | LiteralTest | VariantTest | OrTest | BoundTest | ClassTest | ListTest


def binds(test: PatternTest) -> bool:
    """Whether a variable gets its value by the test."""
    match test:
        case AnyTest(variable=variable) | TypeTest(variable=variable):
            return variable is not None
        case OrTest(tests=tests):
            return any(map(binds, tests))
        case BoundTest():
            return True
        case ClassTest(fields=fields):
            return any(binds(inner) for _, inner in fields)
        case ListTest(before=before, rest=rest, after=after):
            return any(map(binds, (*before, *after))) or (rest is not None and binds(rest))
        case _:
            return False


def looks_inside(test: PatternTest) -> bool:
    match test:
        case BoundTest(inner=inner):
            return looks_inside(inner)
        case TypeTest(by_tag=by_tag):
            return not by_tag
        case OrTest(tests=tests):
            return any(map(looks_inside, tests))
        case _:
            return False


@dataclass(slots=True, eq=False)
class Closure:
    """A lambda. `tables` are those of the function around it, but for what it reaches, which is its own.
    `is_deferred` is the body of a `defer`: it runs in the midst of that function.

    `captures` are the variables of others that it or a lambda inside it uses, `assigns` those that it assigns.
    """

    name: str
    tables: Tables
    is_deferred: bool = False
    captures: dict[Variable, None] = field(default_factory=dict)
    assigns: dict[Variable, None] = field(default_factory=dict)


@dataclass(slots=True)
class Tables:
    types: dict[int, Ty] = field(default_factory=dict)
    uses: dict[int, Use] = field(default_factory=dict)
    calls: dict[int, CallPlan] = field(default_factory=dict)
    # Ints that flow into a float slot: the value becomes a float there.
    widened: set[int] = field(default_factory=set)
    # Let, ForIn, CatchClause and Param nodes to the variable they declare.
    variables: dict[int, Variable] = field(default_factory=dict)
    patterns: dict[int, PatternTest] = field(default_factory=dict)
    constructors: dict[int, ClassSymbol] = field(default_factory=dict)
    tests: dict[int, TypeTest] = field(default_factory=dict)  # of an InstanceOf, and of an Is with a type
    # Of each assignment behind a `?.`, the one that is made if what stands before it is there.
    inner: dict[int, n.Assign] = field(default_factory=dict)
    # Of each `for` that asks an iterator: the statements that it stands for.
    walks_of: dict[int, n.Block] = field(default_factory=dict)
    # Each `==` and `!=` that compares contents: on both sides may be a list, a map or an object.
    by_content: set[int] = field(default_factory=set)
    lambdas: dict[int, Closure] = field(default_factory=dict)
    # Nodes that checking made itself, kept so that their ids stay theirs.
    made: list[n.Node] = field(default_factory=list)
    # Each Catch of which an arm names a panic.
    panic_catches: set[int] = field(default_factory=set)
    # For the call graph.
    reaches: set[str] = field(default_factory=set)
    # Of calls that hand over functions: the places of the parameters for them, and the arguments. `hands` has the
    # calls that are made right here, not in a lambda; what they reach is not among `reaches`.
    handed: dict[int, tuple[tuple[int, n.Expr], ...]] = field(default_factory=dict)
    hands: set[int] = field(default_factory=set)
    # Values that are called: parameters of the function by their places, None for what nobody knows. `called_at`
    # are the nodes that name them, in lambdas, too.
    called: set[int | None] = field(default_factory=set)
    called_at: set[int] = field(default_factory=set)
    loops: bool = False
    uses_context: bool = False
    # A finaliser: its body runs at most once for each instance.
    runs_once: bool = False
    # Whether it goes through a value that may be of any size.
    walks: bool = False
    # Type parameters that are looked at at run time, by name: by a test, or by what makes values of text.
    wants_types: set[str] = field(default_factory=set)
