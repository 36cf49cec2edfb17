"""Names to types: every function body is checked, and what was learnt stands in tables beside the trees."""

from __future__ import annotations

from collections.abc import Iterator, MutableMapping
from functools import partial
from typing import Any

from ...grammar import nodes as n
from ...records import dataclass, field, replace
from ...types.ty import ERROR, UNKNOWN, ClassTy, Ty, union
from ..facts.builtins import HARMLESS_METHODS
from ..facts.code_names import BYTES, arguments_name, constant_name, filled_for
from ..facts.edition import Edition
from ..facts.interface import CALL_OF_HOST, call_entry
from ..facts.panics import is_panic
from ..facts.report import Report
from ..facts.symbols import ClassSymbol, ConstantSymbol, FunctionSymbol, Names
from ..facts.typing_tables import Tables
from .bodies import check_constant, check_function
from .constants import in_order_of_use
from .constructs import CONSTRUCTS
from .divergence import never_returning
from .lambdas import reassigned
from .order import Group, Symbol, callees_first
from .state import Checker
from .throws import check_contract, may_throw

__all__ = ["CONSTRUCTS", "Checked", "check"]

# How often a group of functions that call each other is checked until what they throw stands still.
MAX_ROUNDS = 10


@dataclass(slots=True)
class Checked:
    """The tables of each function, constant and lambda that has code, by name; constants as `let NAME`. `endless`
    are the functions that never come back."""

    endless: frozenset[str]
    tables: dict[str, Tables] = field(default_factory=dict)

    def add(self, name: str, tables: Tables) -> None:
        self.tables[name] = tables
        self.tables.update((closure.name, closure.tables) for closure in tables.lambdas.values())


def check(
    own: Names, names: Names, report: Report, edition: Edition = 1, endless: frozenset[str] = frozenset()
) -> Checked:
    """Check what `own` declares, with `names` (its own and the library's) in view, of which some are known to be
    `endless`."""
    endless = never_returning(own.functions.values(), names, endless)
    work = _Work(names, endless, edition)
    constants = in_order_of_use(own, report)
    keys = [constant_name(symbol.name) for symbol in constants] + list(own.functions)
    for symbol in list(own.functions.values()):
        if symbol.kind in ("llm", "host"):
            work.check_delegating(symbol)
    for group in callees_first(own, constants):
        work.check_group(group)
    for key in keys:
        if key in work.reports:
            report.diagnostics += work.reports[key].diagnostics
    checked = Checked(endless)
    for key in keys:
        if key in work.tables:
            checked.add(key, work.tables[key])
    return checked


class _Work:
    """Checking function by function; `reports` and `tables` hold what the last look at each gave."""

    def __init__(self, names: Names, endless: frozenset[str], edition: Edition) -> None:
        self.names = names
        self._edition = edition
        self.tables: dict[str, Tables] = {}
        self.reports: dict[str, Report] = {}
        self._relation = names.relation()
        self._endless = endless
        # Those of bytes change nothing, like those of the types that are no classes.
        classes = (symbol for symbol in names.classes.values() if symbol.name != BYTES)
        members = {name for symbol in classes for name in (*symbol.methods, *_fields(symbol))}
        self._builtin_only = frozenset(HARMLESS_METHODS - members)
        self._panics = union(ty for name in names.classes if is_panic(ty := ClassTy(name)))

    def check_group(self, group: Group) -> None:
        """Again as long as one of them is found to throw more: the others may call it."""
        for _ in range(MAX_ROUNDS):
            grown = [self._check(symbol) for symbol in group.symbols]
            if not group.is_circle or not any(grown):
                return
        # What is thrown grows with every round: a list of what was thrown before, for example.
        for symbol in group.symbols:
            self._throws_more(symbol, UNKNOWN)
        for symbol in group.symbols:
            self._check(symbol)

    def check_delegating(self, symbol: FunctionSymbol) -> None:
        """Its body is a call of a function of the library."""
        c = self._checker(symbol, symbol.result)
        entry = CALL_OF_HOST if symbol.kind == "host" else call_entry(symbol.llm)
        orchestration = self.names.functions.get(entry)
        if orchestration is not None and symbol.node is not None:
            may_throw(c, orchestration.thrown, symbol.node.name)
            arguments = self.names.functions.get(arguments_name(symbol.name))
            if arguments is not None:
                c.tables.reaches.add(arguments.name)
                may_throw(c, arguments.thrown, symbol.node.name)
                self.tables[symbol.name] = c.tables
            check_contract(c, symbol)
            self._throws_more(symbol, self._relation.join(c.thrown))
            self.reports[symbol.name] = c.report

    def _check(self, symbol: Symbol) -> bool:
        """Whether it was found to throw more than was known."""
        if isinstance(symbol, ConstantSymbol):
            key = constant_name(symbol.name)
            c = check_constant(partial(self._checker, symbol, ERROR), symbol)
        else:
            key = symbol.name
            c = check_function(partial(self._checker, symbol, symbol.result), symbol)
        self.reports[key], self.tables[key] = c.report, c.tables
        grown = self._throws_more(symbol, self._relation.join(c.thrown))
        if grown and (asks := filled_for(key)) is not None:
            self.check_delegating(self.names.functions[asks])
        return grown

    def _throws_more(self, symbol: Symbol, thrown: Ty) -> bool:
        """Note what a function was found to throw. A contract is not changed by what is behind it."""
        table: MutableMapping[str, Any] = self.names.functions
        if isinstance(symbol, ConstantSymbol):
            table = self.names.constants
        elif symbol.throws is not None:
            return False
        known = table[symbol.name]
        both: Ty = self._relation.join((known.thrown, thrown))
        table[symbol.name] = replace(known, thrown=both)
        return bool(both != known.thrown)

    def _checker(self, symbol: Symbol, result: Ty) -> Checker:
        assert symbol.placed is not None
        assert symbol.node is not None
        key = symbol.name if isinstance(symbol, FunctionSymbol) else constant_name(symbol.name)
        body: n.Node | None = symbol.node.value if isinstance(symbol.node, n.LetDecl) else symbol.node.body
        assert body is not None
        assigned, shared = reassigned(body)
        return Checker(
            CONSTRUCTS,
            self.names,
            self._relation,
            Report(),
            symbol.placed,
            key,
            result,
            self._endless,
            self._builtin_only,
            self._panics,
            self._edition,
            symbol.scope if isinstance(symbol, FunctionSymbol) else {},
            frozenset(param.name for param in symbol.told) if isinstance(symbol, FunctionSymbol) else frozenset(),
            reassigned=assigned,
            shared=shared,
        )


def _fields(symbol: ClassSymbol) -> Iterator[str]:
    return (field.name for field in symbol.schema.fields)
