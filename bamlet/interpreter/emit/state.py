"""The state of emitting one function: the statements so far, temporaries, and where positions come from.

An expression of the language may hold statements; Python's may not. So an expression is emitted as statements
before it, put into `out`, and one Python expression that gives its value when evaluated after them.
"""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, TypeAlias, TypeVar

from ...grammar import nodes as n
from ...grammar.walk import walk
from ...records import dataclass, field
from ...source import SourceFile
from ...types.relate import Relation
from ...types.ty import Ty
from ..check.state import is_int
from ..facts.builtins import CALLING_BACK
from ..facts.code_names import function_name, plain_name
from ..facts.effects import Effects
from ..facts.pieces import NOTHING, Range, Wants, Way
from ..facts.symbols import FunctionSymbol, Names
from ..facts.typing_tables import BuiltinCall, LocalUse, Tables, Variable

CONTEXT = "$context"
GIVEN_WHOLE = "baml.llm.given_whole"

A = TypeVar("A", bound=ast.AST)


@dataclass(frozen=True, slots=True)
class Into:
    """A value goes into the variable of this name."""

    name: str


@dataclass(frozen=True, slots=True)
class Gather:
    """A value goes to the end of the list that the variable of this name holds."""

    name: str


class Discard:
    """Nobody wants the value."""


class Give:
    """The value is the function's result."""


DISCARD, GIVE = Discard(), Give()
Target = Into | Gather | Discard | Give


# How a construct is emitted: as one expression, as statements that send its value on, as a statement.
Emit: TypeAlias = "Callable[[Emitter, Any], ast.expr]"
EmitInto: TypeAlias = "Callable[[Emitter, Any, Target], None]"
EmitStatement: TypeAlias = "Callable[[Emitter, Any], None]"


@dataclass(frozen=True, slots=True)
class Constructs:
    """Every construct with the functions that emit it, by the type of its node; some go both ways."""

    emit: Mapping[type, Emit]
    into: Mapping[type, EmitInto]
    statement: Mapping[type, EmitStatement]


@dataclass(frozen=True, slots=True)
class Unit:
    """What the functions of one compilation share.

    `is_library`: other programs may implement its interfaces, so that it asks the one that runs.

    `tested` gathers the types that need a function to be told at run time, by the name of that function;
    `values` the functions that are used as values, `implementors` the interfaces that are tested, `dispatched` the
    methods of interfaces that are called, by their full names, `subscripts` what `runtime.subscripts` looks up:
    their lines count from where the item begins.
    """

    constructs: Constructs
    names: Names
    relation: Relation
    effects: Effects
    is_library: bool = False
    tested: dict[str, Ty] = field(default_factory=dict)
    values: dict[str, FunctionSymbol] = field(default_factory=dict)
    implementors: set[str] = field(default_factory=set)
    dispatched: dict[str, FunctionSymbol] = field(default_factory=dict)
    subscripts: dict[Range, tuple[Way, str | int]] = field(default_factory=dict)

    def alone(self) -> Unit:
        """The same with nothing gathered."""
        return Unit(self.constructs, self.names, self.relation, self.effects, self.is_library)

    def wants(self) -> Wants:
        if not (self.tested or self.values or self.implementors or self.dispatched):
            return NOTHING
        return Wants(self.tested, frozenset(self.values), frozenset(self.implementors), frozenset(self.dispatched))


@dataclass(slots=True)
class Emitter:
    """`name` is the function's, `code` what it runs.

    Of a function that shows what it gives, by the identity of nodes: `shown` are the calls that show it,
    `whole` is what is shown when it is there.
    """

    unit: Unit
    tables: Tables
    file: SourceFile
    offset: int
    name: str
    code: n.Node
    out: list[ast.stmt] = field(default_factory=list)
    # For each loop around this point, what `continue` must do first: the step of a C-style `for`.
    steps: list[Callable[[], None]] = field(default_factory=list)
    # Where the receiver of each `?.` around this point is kept.
    receivers: list[str] = field(default_factory=list)
    shown: frozenset[int] = frozenset()
    whole: frozenset[int] = frozenset()
    # Of a twin: which of the function's parameters are Python functions here; see `twins`.
    bare: frozenset[int] = frozenset()
    # Arguments that are wanted as Python functions.
    wanted_bare: set[int] = field(default_factory=set)
    _above: int | None = None  # lines of the file before the item
    _temporaries: int = 0
    _inline: dict[int, bool] = field(default_factory=dict)
    _branches: bool = False
    _assignments: Counter[int] | None = None

    def multiplies(self, callee: str) -> bool:
        """Whether a call at this point may be the second with which one run of the function calls itself.

        One call in the whole function, outside of loops, needs no look: alone it makes a chain.
        """
        if callee not in self.unit.effects.branching.get(self.name, ()):
            return False
        first = not self._branches and not self.steps
        self._branches = True
        return not first

    def assignments(self, variable: Variable) -> int:
        """In how many places the function assigns a variable, its declaration not counted."""
        if self._assignments is None:
            targets = [
                self.tables.uses.get(id(part.target)) for part in walk(self.code) if isinstance(part, n.Assign)
            ]
            self._assignments = Counter(id(use.variable) for use in targets if isinstance(use, LocalUse))
        return self._assignments[id(variable)]

    def is_bare(self, node: n.Expr) -> bool:
        """Whether the node names a parameter that is a Python function here."""
        use = self.tables.uses.get(id(node))
        return isinstance(use, LocalUse) and not use.fields and use.variable.place in self.bare

    def known_as(self, closure: str) -> str:
        """Under which name the call graph knows a lambda of this function."""
        return plain_name(closure) if self.bare else closure

    @contextmanager
    def inside(self, name: str) -> Iterator[None]:
        """Emit a function of its own in the midst of this one."""
        outer = self.name, self.steps, self._branches
        self.name, self.steps, self._branches = name, [], False
        yield
        self.name, self.steps, self._branches = outer

    @contextmanager
    def behind(self, receiver: str) -> Iterator[None]:
        """Emit the rest of a chain whose receiver is kept under this name."""
        self.receivers.append(receiver)
        yield
        self.receivers.pop()

    # --- expressions

    def expr(self, node: n.Expr) -> ast.expr:
        """The value as one Python expression, after the statements that this adds to `out`."""
        if type(node) in self.unit.constructs.into and not self.is_inline(node):
            name = self.temporary()
            self.unit.constructs.into[type(node)](self, node, Into(name))
            made: ast.expr = load(name)
        else:
            made = self.unit.constructs.emit[type(node)](self, node)
        if id(node) in self.tables.widened:
            made = _as_float(made, all(is_int(member) for member in self.members_of(node)))
        if id(node) in self.whole:
            made = ast.Await(call(function_name(GIVEN_WHOLE), load(CONTEXT), made))
        return self.locate(made, node)

    def into(self, node: n.Expr, target: Target) -> None:
        """Evaluate the node as statements and send its value where it is wanted."""
        if type(node) in self.unit.constructs.into and id(node) not in self.tables.widened:
            self.unit.constructs.into[type(node)](self, node, target)
        else:
            self.finish(self.expr(node), target, node)

    def finish(self, value: ast.expr, target: Target, node: n.Node) -> None:
        match target:
            case Into(name=name):
                self.add(ast.Assign([store(name)], value), node)
            case Gather(name=name):
                self.add(ast.Expr(ast.Call(attribute(load(name), "append"), [value], [])), node)
            case Give():
                self.add(ast.Return(value), node)
            case Discard():
                if not isinstance(value, ast.Constant | ast.Name):
                    self.add(ast.Expr(value), node)

    def operands(self, nodes: Sequence[n.Expr]) -> list[ast.expr]:
        """Several expressions, evaluated left to right even when a later one needs statements."""
        last = max((at for at, node in enumerate(nodes) if not self.is_inline(node)), default=-1)
        values: list[ast.expr] = []
        for at, node in enumerate(nodes):
            value = self.expr(node)
            values.append(self.spill(value, node) if at < last else value)
        return values

    def spill(self, value: ast.expr, node: n.Node) -> ast.expr:
        """Keep a value in a temporary, unless it is the same whenever it is read."""
        return value if isinstance(value, ast.Constant) else self.stored(value, node)

    def stored(self, value: ast.expr, node: n.Node) -> ast.expr:
        """Keep a value in a temporary, even a constant: Python warns of one that is compared by `is`."""
        name = self.temporary()
        self.add(ast.Assign([store(name)], value), node)
        return self.locate(load(name), node)

    def twice(self, value: ast.expr) -> tuple[ast.expr, ast.expr]:
        """The value for a first and for any later reading, evaluated once."""
        if isinstance(value, ast.Constant | ast.Name):
            return value, value
        if isinstance(value, ast.NamedExpr):
            return value, load(value.target.id)
        name = self.temporary()
        return ast.NamedExpr(store(name), value), load(name)

    def is_inline(self, node: n.Node) -> bool:
        """Whether the node becomes a Python expression without statements before it."""
        known = self._inline.get(id(node))
        if known is None:
            known = self._inline[id(node)] = _is_inline(self, node)
        return known

    def members_of(self, node: n.Expr) -> tuple[Ty, ...]:
        """What a value can be: the members of the node's type, those behind alias names included."""
        return self.unit.relation.members(self.tables.types[id(node)])

    def into_variable(self, node: n.Expr, variable: Variable) -> None:
        """Assign a variable that exists."""
        if not variable.is_boxed:
            self.into(node, Into(variable.python))
            return
        name = self.temporary()
        self.into(node, Into(name))
        self.assign(variable, load(name), node)

    def assign(self, variable: Variable, value: ast.expr, node: n.Node) -> None:
        box = ast.Subscript(load(variable.python), ast.Constant(0), ast.Store())
        self.add(ast.Assign([box if variable.is_boxed else store(variable.python)], value), node)

    # --- statements

    def statement(self, node: n.Statement) -> None:
        self.unit.constructs.statement[type(node)](self, node)

    def add(self, statement: ast.stmt, node: n.Node) -> None:
        self.out.append(self.locate(statement, node))

    def body(self, emit: Callable[[], None]) -> list[ast.stmt]:
        """The statements that `emit` adds, as a body of their own."""
        outer, self.out = self.out, []
        emit()
        made, self.out = self.out, outer
        return made or [self.locate_at(ast.Pass(), 0, 0)]

    def link(
        self, emit: Callable[[], tuple[ast.expr, list[ast.stmt]]]
    ) -> tuple[list[ast.stmt], ast.expr, list[ast.stmt]]:
        """A test and a body, and before them the statements that `emit` adds."""
        outer, self.out = self.out, []
        test, body = emit()
        before, self.out = self.out, outer
        return before, test, body

    def temporary(self) -> str:
        self._temporaries += 1
        return f"${self._temporaries}"

    # --- positions

    def note_subscript(self, node: n.Node, held: ast.expr, index: ast.expr) -> None:
        """For the message of an index that is out of bounds; one that is computed on the spot is not told."""
        way, told = way_to(held), _told(index)
        if way is not None and told is not None:
            (line, column), (end_line, end_column) = self._place(node.start), self._place(node.end)
            self.unit.subscripts[line - 1, end_line - 1, column, end_column] = way, told

    def locate(self, tree: A, node: n.Node) -> A:
        """Give the tree the node's place, down to the parts that have one already."""
        return self.locate_at(tree, node.start, node.end)

    def locate_at(self, tree: A, start: int, end: int) -> A:
        if hasattr(tree, "lineno"):
            return tree
        line, column = self._place(start)
        end_line, end_column = self._place(end)
        pending: list[Any] = [tree]
        while pending:
            part = pending.pop()
            if not hasattr(part, "lineno"):
                part.lineno, part.col_offset = line, column
                part.end_lineno, part.end_col_offset = end_line, end_column
                pending += ast.iter_child_nodes(part)
        return tree

    def _place(self, at: int) -> tuple[int, int]:
        """Lines count from the one in which the item begins: the code is moved to where that is; see `Piece`."""
        line, column = place_in(self.file, self.offset + at)
        if self._above is None:
            self._above = place_of_item(self.file, self.offset)[0] - 1
        return line - self._above, column


def place_of_item(file: SourceFile, start: int) -> tuple[int, int]:
    """Of the first thing in it: blank lines before it are its own."""
    text = file.text
    while start < len(text) and text[start].isspace():
        start += 1
    return place_in(file, start)


def place_in(file: SourceFile, at: int) -> tuple[int, int]:
    """A line, and how many bytes of it stand before the place: so Python counts columns."""
    line, column = file.line_and_column(at)
    start = file.line_starts[line - 1]
    return line, len(file.text[start : start + column - 1].encode("utf-8", "surrogatepass"))


def way_to(value: ast.expr) -> Way | None:
    """How a value is reached that can be read once more without doing anything."""
    match value:
        case ast.Name(id=name) | ast.NamedExpr(target=ast.Name(id=name)):
            return name
        case ast.Attribute(value=owner, attr=name) if (way := way_to(owner)) is not None:
            return (".", way, name)
        case ast.Subscript(value=owner, slice=index) if (way := way_to(owner)) is not None:
            told = _told(index)
            return None if told is None else ("[]", way, told)
        case _:
            return None


def again_by(way: Way) -> ast.expr:
    """The value read once more; what was called on the way there is not called again."""
    if isinstance(way, str):
        return load(way)
    kind, owner, part = way
    if kind == ".":
        return attribute(again_by(owner), str(part))
    index = load(part) if isinstance(part, str) else ast.Constant(part)
    return ast.Subscript(again_by(owner), index, ast.Load())


def _told(index: ast.expr) -> str | int | None:
    """The name of an index, or the index itself."""
    match index:
        case ast.IfExp(body=ast.Name(id=name)) | ast.Name(id=name):  # a conditional keeps negative ones out
            return name
        case ast.Constant(value=int(place)):
            return place
        case _:
            return None


ALWAYS_STATEMENTS = (
    n.Lambda,
    n.Spawn,
    n.Match,
    n.Repeated,
    n.Catch,
    n.Throw,
    n.Return,
    n.Break,
    n.Continue,
)


def _is_inline(e: Emitter, node: n.Node) -> bool:
    if isinstance(node, ALWAYS_STATEMENTS):
        return False
    if isinstance(node, n.Call):
        plan = e.tables.calls.get(id(node))
        if isinstance(plan, BuiltinCall) and plan.name in CALLING_BACK:
            return False
    if isinstance(node, n.Block):
        return not node.statements and (node.tail is None or e.is_inline(node.tail))
    # Not `all`: since Python 3.12 calls that go through C may nest less deep than those of Python.
    for child in node.children():  # noqa: SIM110
        if not e.is_inline(child):
            return False
    return True


# --- small pieces of Python


def rounds() -> ast.expr:
    """The iterator over which all that goes on and on in a call runs; see `runtime.loops`."""
    return attribute(load(CONTEXT), "rounds")


def load(name: str) -> ast.Name:
    return ast.Name(name, ast.Load())


def store(name: str) -> ast.Name:
    return ast.Name(name, ast.Store())


def call(function: str, *arguments: ast.expr) -> ast.Call:
    return ast.Call(load(function), list(arguments), [])


def compare(left: ast.expr, op: ast.cmpop, right: ast.expr) -> ast.Compare:
    return ast.Compare(left, [op], [right])


def both(*conditions: ast.expr) -> ast.expr:
    return conditions[0] if len(conditions) == 1 else ast.BoolOp(ast.And(), list(conditions))


def attribute(value: ast.expr, name: str) -> ast.Attribute:
    return ast.Attribute(value, name, ast.Load())


_EXACT = 2**53  # a float holds every int up to here


def _as_float(value: ast.expr, surely_int: bool) -> ast.expr:
    """An int made a float; what else the value can be stays what it is."""
    if isinstance(value, ast.Constant) and type(value.value) is int and abs(value.value) <= _EXACT:
        return ast.Constant(float(value.value))
    return call("$float" if surely_int else "$widen", value)


def read(variable: Variable) -> ast.expr:
    name = load(variable.python)
    return ast.Subscript(name, ast.Constant(0), ast.Load()) if variable.is_boxed else name


def first_value(variable: Variable, value: ast.expr) -> ast.expr:
    """What the Python variable holds when the language's begins with this value."""
    return ast.List([value], ast.Load()) if variable.is_boxed else value
