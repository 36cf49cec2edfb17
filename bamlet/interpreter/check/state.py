"""The state of checking one function: scopes, what is known about variables here, and where results go."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, TypeAlias, TypeVar

from ...diagnostics import Code, Note, catalogue
from ...grammar import nodes as n
from ...records import dataclass, field
from ...types.relate import Relation
from ...types.show import show
from ...types.ty import (
    BOOL,
    ERROR,
    FLOAT,
    INT,
    STRING,
    ErrorTy,
    FunctionTy,
    FutureTy,
    ListTy,
    LiteralTy,
    MapTy,
    NeverTy,
    Ty,
    bare,
    is_optional,
)
from ..facts.builtins import FRESH
from ..facts.edition import LATER_FUNCTIONS, Edition
from ..facts.report import Report
from ..facts.symbols import Names
from ..facts.typing_tables import BuiltinCall, Closure, LocalUse, Tables, Variable, python_name
from ..names.resolve_types import TypeResolver

# Of loops, of what a `catch` guards, and twice of its arms: what Python's compiler takes.
PYTHON_BLOCKS = 20

# Found and expected, of what many a language converts by itself.
_CONVERSIONS: dict[tuple[Ty, Ty], str] = {
    (FLOAT, INT): "a float does not become an int by itself: write `baml.math.round(…)` or `baml.math.trunc(…)`",
    (STRING, INT): "`to_int()` of a string is the number in it, or null",
    (STRING, FLOAT): "`to_float()` of a string is the number in it, or null",
    (INT, STRING): "write `baml.unstable.string(…)`",
    (FLOAT, STRING): "write `baml.unstable.string(…)`",
    (BOOL, STRING): "write `baml.unstable.string(…)`",
}

_CONVERSIONS_LATER: dict[tuple[Ty, Ty], str] = {
    **_CONVERSIONS,
    (STRING, INT): "write `int.parse(…)`, which throws if the text is no number",
    (STRING, FLOAT): "write `float.parse(…)`, which throws if the text is no number",
    **dict.fromkeys(((INT, STRING), (FLOAT, STRING), (BOOL, STRING)), "write `string.from(…)`"),
}

# A variable, or a field of a field of one: what a condition can tell something about.
Place: TypeAlias = "tuple[Variable | str, ...]"
Facts: TypeAlias = "dict[Place, Ty]"
# What may be thrown, each type with the first place that it comes from.
Thrown: TypeAlias = "dict[Ty, n.Node]"

K = TypeVar("K", bound="Ty")

# How a construct is checked: what is expected of an expression guides it; a statement tells whether it diverges.
Infer: TypeAlias = "Callable[[Checker, Any, Ty | None], Ty]"
CheckStatement: TypeAlias = "Callable[[Checker, Any], bool]"


@dataclass(frozen=True, slots=True)
class Constructs:
    """Every construct with the function that checks it, by the type of its node."""

    infer: Mapping[type, Infer]
    check_statement: Mapping[type, CheckStatement]


@dataclass(slots=True)
class Checker:
    constructs: Constructs
    names: Names
    relation: Relation
    report: Report
    placed: n.Placed[n.Item]
    name: str
    result: Ty
    endless: frozenset[str]  # functions that never come back
    builtin_only: frozenset[str]  # names of methods that no class has, only builtin types
    panics: Ty  # the union of all
    edition: Edition
    scope_of_types: Mapping[str, Ty] = field(default_factory=dict)
    runtime_types: frozenset[str] = frozenset()  # the type parameters that a call can tell at run time
    tables: Tables = field(default_factory=Tables)
    facts: Facts = field(default_factory=dict)
    thrown: Thrown = field(default_factory=dict)
    # The types of the fields of classes, each by its name: a union of classes is asked for one again and again.
    fields: dict[str, dict[str, Ty]] = field(default_factory=dict)
    # Of the connectives that stand on the left of others, which ask again: by node and by whether it held.
    facts_of: dict[tuple[int, bool], Facts] = field(default_factory=dict)
    loop_depth: int = 0
    in_loop_head: bool = False
    # The next lambda that is checked is the body of a `defer`.
    deferring: bool = False
    blocks: int = 0
    # In a lambda whose result is not written: the types of what it returns so far.
    returned: list[Ty] | None = None
    # In an alternative of a pattern: the variables that the alternatives before it declare.
    alternatives: Mapping[str, Variable] = field(default_factory=dict)
    in_test: bool = False
    # What stands before each `?.` around this point, without null.
    receivers: list[Ty] = field(default_factory=list)
    # The lambdas around this point, and which variables are assigned: anywhere, and by lambdas; by name.
    closures: list[Closure] = field(default_factory=list)
    reassigned: frozenset[str] = frozenset()
    shared: frozenset[str] = frozenset()
    # For each `let` with an empty collection: the type that its first use gave it.
    filled: dict[int, Ty] = field(default_factory=dict)
    _open: dict[Variable, n.Let] = field(default_factory=dict)
    _scopes: list[dict[str, Variable]] = field(default_factory=lambda: [{}])
    _taken: dict[str, int] = field(default_factory=dict)

    # --- expressions

    def infer(self, node: n.Expr, expected: Ty | None = None) -> Ty:
        """The type of an expression. What is expected guides literals and empty collections, no more."""
        ty = self.constructs.infer[type(node)](self, node, expected)
        self.tables.types[id(node)] = ty
        return ty

    def check_statement(self, node: n.Statement) -> bool:
        """Whether nothing comes behind it."""
        return self.constructs.check_statement[type(node)](self, node)

    def full(self, name: str) -> str:
        """The full name of what a name stands for in this file; see `Names.full`."""
        return self.names.full(name, self.placed.file.name)

    def called(self, full: str) -> str:
        """The function that a full name stands for in the edition of the program."""
        return LATER_FUNCTIONS.get(full, full) if self.edition == 2 else full

    def may_be_null(self, instead: str) -> str:
        """A hint, for what cannot be done with null."""
        return "the value may be null: test it first" + (f", or write `{instead}`" if self.edition == 2 else "")

    def from_root(self, name: str) -> str | None:
        """A hint if the name is declared, but in another namespace than this file's."""
        known = self.names
        meant = name.replace("ns_", "")  # as the folder is called
        found = meant in known.functions or meant in known.constants or known.named_type(meant) is not None
        return f"did you mean `root.{meant}`?" if found and self.full(meant) != meant else None

    def look(self, node: n.Expr) -> None:
        """Check a part of something that is wrong already: what a lambda in it is given, nobody can tell."""
        lost = FunctionTy((ERROR,) * len(node.params), ERROR) if isinstance(node, n.Lambda) else None
        self.infer(node, lost)

    def require(self, node: n.Expr, expected: Ty) -> Ty:
        """Infer, and report unless the value may stand where `expected` is wanted."""
        return self.accept(node, self.infer(node, expected), expected)

    def accept(self, node: n.Expr, found: Ty, expected: Ty) -> Ty:
        """Report unless what was inferred may stand where `expected` is wanted."""
        found = self._settle(node, found, expected)
        if not self.relation.is_subtype(found, expected) and not is_new_and_fits(self, node, expected):
            self._mismatch(self._culprit(node, expected), expected)
            return ERROR
        if self._becomes_float(found, expected):
            self.tables.widened.add(id(node))
        return found

    def require_as_is(self, node: n.Expr, expected: Ty) -> Ty:
        """Like `require` for what only reads the value: its type stays its own, and lists may be of less."""
        found = self.infer(node)
        own, wanted = self.relation.expand(found), expected
        if isinstance(own, ListTy) and isinstance(wanted, ListTy):
            own, wanted = own.item, wanted.item
        if not self.relation.is_subtype(own, wanted):
            self._mismatch(node, expected)
            return ERROR
        return found

    def _culprit(self, node: n.Expr, expected: Ty) -> n.Expr:
        """The part of an expression that gives the value which does not fit, if it is just one."""
        while True:
            types = ((part, self.tables.types[id(part)]) for part in ways(node))
            misfits = [
                part
                for part, ty in types
                if not self.relation.is_subtype(ty, expected) and not is_new_and_fits(self, part, expected)
            ]
            if len(misfits) != 1:
                return node
            node = misfits[0]

    def _mismatch(self, node: n.Expr, expected: Ty) -> None:
        found = self.tables.types[id(node)]
        wanted, given = show(expected), show(found)
        if wanted == given and isinstance(expected, FunctionTy) and isinstance(found, FunctionTy):
            wanted, given = f"{wanted} throws {show(expected.throws)}", f"{given} throws {show(found.throws)}"
        message = f"expected `{wanted}`, found `{given}`"
        self.wrong(node, catalogue.TYPE_MISMATCH, message, hint=self._mismatch_hint(node, found, expected))

    def _mismatch_hint(self, node: n.Expr, found: Ty, expected: Ty) -> str | None:
        if isinstance(expected, NeverTy) and not isinstance(self.result, NeverTy):
            return "nothing here says what the list or map holds: write its type where it is declared"
        if isinstance(node, n.If) and node.otherwise is None:
            return "without an `else` the value may be null: add one"
        if any(
            isinstance(member, FutureTy) and self.relation.is_subtype(member.value, expected)
            for member in self.relation.members(found)
        ):
            return "this is a future: `await` it first"
        if is_optional(found) and not is_optional(expected):
            return "the value may be null: test it first, or make the type optional with `?`"
        if plain := (_CONVERSIONS if self.edition == 1 else _CONVERSIONS_LATER).get((found, expected)):
            return plain
        inside, wanted = content(found), content(expected)
        if isinstance(inside, FutureTy) and isinstance(wanted, FunctionTy):
            return "these run already: `await baml.future.all(…)` waits for them"
        if isinstance(inside, FunctionTy) and isinstance(wanted, FutureTy):
            return "these are functions: `baml.task.all(…)` runs them, and `spawn { … }` makes a future of one"
        if inside is not None and self.relation.is_part(found, expected):
            kind = "list" if isinstance(found, ListTy) else "map"
            return (
                f"others may hold this {kind}, so it must hold just the same: "
                f"declare it as `{show(expected)}` where it is made, or give `baml.deep_copy(…)` of it"
            )
        if inside is None or wanted is None:
            return None
        if self.relation.is_subtype(inside, wanted) and not self.relation.is_part(inside, wanted):
            return "an int becomes a float where it is stored, but what is in a list or map stays as it is"
        return None

    def _becomes_float(self, found: Ty, expected: Ty) -> bool:
        """Ints that fit only because an int may stand where a float is wanted."""
        ints = (member for member in self.relation.members(found) if is_int(member))
        return any(not self.relation.is_part(member, expected) for member in ints)

    def cut_short(self, parts: Iterable[n.Expr]) -> bool:
        """Whether one of the parts, all of which are evaluated, does not come back."""
        return any(isinstance(self.tables.types[id(part)], NeverTy) for part in parts)

    def resolve(self, node: n.TypeNode) -> Ty:
        return TypeResolver(self.names, self.report, self.placed, parameters=self.scope_of_types).resolve(node)

    # --- variables

    def declare(self, identifier: n.Identifier, ty: Ty, owner: n.Node) -> Variable:
        """A new variable in the innermost scope; it may shadow one of the same name."""
        name = identifier.name
        if self.edition == 2 and name in ("assert", "log", "testing"):
            message = f"this hides the namespace `{name}` from here on"
            self.wrong(identifier, catalogue.SHADOWED_NAMESPACE, message, hint="choose another name")
        number = self._taken.get(name, 0)
        self._taken[name] = number + 1
        variable = Variable(
            name,
            ty,
            python_name(name) if number == 0 else f"{name}${number}",
            self.closures[-1] if self.closures else None,
            in_loop=self.loop_depth > 0 or self.in_loop_head,
        )
        self._scopes[-1][name] = variable
        self.tables.variables[id(owner)] = variable
        return variable

    def note_called(self, node: n.Expr) -> None:
        """A value is called of which nobody knows what it reaches."""
        use = self.tables.uses.get(id(node))
        self.tables.called.add(use.variable.place if isinstance(use, LocalUse) and not use.fields else None)
        self.tables.called_at.add(id(node))

    # --- empty collections, which have no element type until their first use

    def declare_open(self, node: n.Let, ty: Ty) -> None:
        """Declare a variable that holds `[]` or `{}`."""
        self._open[self.declare(node.name, ty, node)] = node

    def open_variable(self, node: n.Expr) -> Variable | None:
        """The variable that the node names, if it still holds nobody knows what."""
        use = self.tables.uses.get(id(ungrouped(node)))
        if isinstance(use, LocalUse) and not use.fields and use.variable in self._open:
            return use.variable if is_open(use.variable.ty) else None
        return None

    def fill(self, node: n.Expr, ty: Ty) -> None:
        """Let the open variable that the node names be of this type."""
        variable = self.open_variable(node)
        assert variable is not None
        variable.ty = self.filled[id(self._open[variable])] = ty
        self.forget((variable,))
        self.tables.types[id(node)] = self.tables.types[id(ungrouped(node))] = ty

    def _settle(self, node: n.Expr, found: Ty, expected: Ty) -> Ty:
        """What is expected of an empty collection is what it holds."""
        wanted = self.only_member(expected, type(found)) if is_open(found) else None
        if wanted is None or is_open(wanted) or self.open_variable(node) is None:
            return found
        self.fill(node, wanted)
        return wanted

    def only_member(self, expected: Ty | None, kind: type[K]) -> K | None:
        """The only member of an expected type that is of a kind, if there is just one."""
        if expected is None:
            return None
        found = [member for member in self.relation.members(expected) if isinstance(member, kind)]
        return found[0] if len(found) == 1 else None

    # --- scopes

    def find(self, name: str) -> Variable | None:
        return next((scope[name] for scope in reversed(self._scopes) if name in scope), None)

    @property
    def next_closure(self) -> str:
        """The name of the next lambda that is checked."""
        return f"{self.name}.lambda {len(self.tables.lambdas) + 1}"

    def capture(self, variable: Variable) -> None:
        """The variable is used here: every lambda between this point and its declaration takes it along."""
        for closure in reversed(self.closures):
            if closure is variable.closure:
                break
            closure.captures[variable] = None
            variable.is_captured = True

    def reassign(self, variable: Variable) -> None:
        variable.is_reassigned = True
        if self.closures and self.closures[-1] is not variable.closure:
            self.closures[-1].assigns[variable] = None

    @property
    def visible(self) -> list[str]:
        return [name for scope in self._scopes for name in scope]

    @contextmanager
    def scope(self) -> Iterator[dict[str, Variable]]:
        """A scope of its own; what it holds in the end are the names that were declared in it."""
        self._scopes.append({})
        try:
            yield self._scopes[-1]
        finally:
            self._scopes.pop()

    def bring_in(self, variables: Mapping[str, Variable]) -> None:
        """Let variables that were declared elsewhere be seen in the innermost scope."""
        self._scopes[-1].update(variables)

    @contextmanager
    def nested(self, node: n.Node, blocks: int = 1) -> Iterator[None]:
        """What is checked inside stands in that many more blocks of Python, which has a limit for them."""
        if self.blocks <= PYTHON_BLOCKS < self.blocks + blocks:
            message = f"loops, catches and defers are nested more than {PYTHON_BLOCKS} deep here"
            self.wrong(node, catalogue.NESTING_LIMIT, message, hint="move the inner ones into a function")
        self.blocks += blocks
        yield
        self.blocks -= blocks

    # --- facts

    def known(self, place: Place, declared: Ty) -> Ty:
        """Of a variable that a lambda assigns nothing is known: the lambda may run at any time."""
        return declared if root(place).name in self.shared else self.facts.get(place, declared)

    def is_reassigned(self, place: Place) -> bool:
        return root(place).name in self.reassigned

    def forget(self, place: Place) -> None:
        """After an assignment nothing is known of the place and of what lies below it."""
        for known in [other for other in self.facts if other[: len(place)] == place]:
            del self.facts[known]

    def forget_fields(self) -> None:
        """A call may change any field of any object, but no local variable."""
        for place in [place for place in self.facts if len(place) > 1]:
            del self.facts[place]

    def forget_field(self, name: str) -> None:
        """An object may be known by several names: a field of that name may have changed wherever it is known."""
        for place in [place for place in self.facts if name in place[1:]]:
            del self.facts[place]

    def merge(self, one: Facts, other: Facts) -> Facts:
        """What holds on both ways."""
        return {
            place: ty if ty is other[place] else self.relation.join((ty, other[place]))
            for place, ty in one.items()
            if place in other
        }

    # --- reporting

    def wants_parentheses(
        self, node: n.If | n.While | n.ForIn | n.Match, head: n.Node, what: str, word: str
    ) -> None:
        """In the first edition a head stands in parentheses: other compilers of that time read no other."""
        if node.bare and self.edition == 1:
            message = f"the {what} of `{word}` must be in parentheses"
            self.wrong(head, catalogue.CONDITION_PARENTHESES, message, hint=f"write `{word} (…)`")

    def wrong(self, node: n.Node, code: Code, message: str, *notes: Note, hint: str | None = None) -> None:
        self.report.at(self.placed, node, code, message, *notes, hint=hint)


def is_new_and_fits(c: Checker, node: n.Expr, expected: Ty) -> bool:
    """Whether the value is a list or a map that nobody else holds, with nothing in it that does not fit."""
    parts = ways(node)
    if parts:
        return all(
            c.relation.is_subtype(c.tables.types[id(part)], expected) or is_new_and_fits(c, part, expected)
            for part in parts
        )
    if isinstance(node, n.ListLiteral | n.MapLiteral):
        return _is_usable_inside(c, c.relation.expand(c.tables.types[id(node)]), c.relation.members(expected))
    plan = c.tables.calls.get(id(node))
    if not isinstance(plan, BuiltinCall) or plan.name not in FRESH:
        return False
    found, wanted = c.relation.expand(c.tables.types[id(node)]), c.relation.members(expected)
    if plan.name == "deep_copy":
        return c.relation.is_part(found, expected)
    return _is_usable_inside(c, found, wanted)


def _is_usable_inside(c: Checker, found: Ty, wanted: Iterable[Ty]) -> bool:
    """Whether what is in a new value fits; nobody else can put anything into it."""
    match found:
        case ListTy(item=item):
            return any(isinstance(ty, ListTy) and c.relation.is_usable(item, ty.item) for ty in wanted)
        case MapTy(value=value):
            same_keys = (ty for ty in wanted if isinstance(ty, MapTy) and c.relation.is_usable(found.key, ty.key))
            return any(c.relation.is_usable(value, ty.value) for ty in same_keys)
        case _:
            return False


def root(place: Place) -> Variable:
    variable = place[0]
    assert isinstance(variable, Variable)
    return variable


def is_int(ty: Ty) -> bool:
    plain = bare(ty)
    return plain == INT or (isinstance(plain, LiteralTy) and plain.base == "int")


def is_error(ty: Ty) -> bool:
    return isinstance(bare(ty), ErrorTy)


def content(ty: Ty) -> Ty | None:
    """What a list or a map holds."""
    match ty:
        case ListTy(item=held) | MapTy(value=held):
            return held
        case _:
            return None


def is_open(ty: Ty) -> bool:
    """Whether it is the type of an empty list or map of which nothing else is known."""
    return isinstance(content(ty), NeverTy)


def ungrouped(node: n.Expr) -> n.Expr:
    while isinstance(node, n.Group):
        node = node.inner
    return node


def ways(node: n.Expr) -> tuple[n.Expr, ...]:
    """The parts from which an expression can have its value; none when it makes its value itself."""
    match node:
        case n.Group(inner=inner):
            return (inner,)
        case n.Block(tail=tail) if tail is not None:
            return (tail,)
        case n.If(then=then, otherwise=otherwise) if otherwise is not None:
            return (then, otherwise)
        case n.Match(arms=arms):
            return tuple(arm.body for arm in arms)
        case n.Catch(value=value, clauses=clauses):
            return (value, *(arm.body for clause in clauses for arm in clause.arms))
        case _:
            return ()
