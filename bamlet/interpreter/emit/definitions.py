"""Checked trees to Python: `ast` nodes for each function, with the file's own positions, and their code.

A function of the language is a Python function whose code object carries the `.baml` name, lines and columns,
so tracebacks, debuggers, coverage and profilers need no translation.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from types import CodeType

from ...deep import with_room
from ...diagnostics import catalogue
from ...grammar import nodes as n
from ..check import Checked
from ..facts.builtins import CHECK_ARGUMENTS
from ..facts.code_names import (
    BESIDE,
    FINALISED,
    class_name,
    constant_name,
    function_name,
    plain_name,
    showing_name,
    type_name,
)
from ..facts.effects import Effects
from ..facts.interface import CALL_OF_HOST, call_entry, in_call_order
from ..facts.pieces import NOTHING, Code, Piece, moved
from ..facts.report import Report
from ..facts.symbols import ClassSymbol, ConstantSymbol, FunctionSymbol, Names
from ..facts.typing_tables import Tables, python_name
from .constructs import CONSTRUCTS
from .dispatch import dispatch_tables
from .functions import ask_model, call_function, function_values, may_go_on, operation
from .showing import given_whole, handed_on
from .state import CONTEXT, GIVE, Emitter, Unit, call, compare, load, place_of_item, store
from .type_tests import test_functions


def emit(own: Names, names: Names, checked: Checked, effects: Effects, report: Report) -> Code:
    """Code that, run in a namespace with the words of `runtime.vocabulary`, defines everything `own` declares."""
    unit = unit_of(names, effects, own is names)
    pieces = pieces_of(own, unit, checked, report)
    return Code(_classes(own, checked), pieces, shared(unit, pieces.values()))


def pieces_of(own: Names, unit: Unit, checked: Checked, report: Report) -> dict[str, Piece]:
    """Of each function and constant that has code."""
    symbols: dict[str, FunctionSymbol | ConstantSymbol] = {
        name: symbol for name, symbol in own.functions.items() if symbol.kind != "stub"
    }
    symbols |= {constant_name(name): symbol for name, symbol in own.constants.items()}
    return {
        name: piece
        for name, symbol in symbols.items()
        if symbol.placed is not None and (piece := _piece(symbol, unit.alone(), checked, report)) is not None
    }


def shared(unit: Unit, pieces: Iterable[Piece]) -> CodeType:
    """What the pieces want beside what each defines."""
    for wants in (piece.wants for piece in pieces if piece.wants is not NOTHING):
        unit.tested.update(wants.tested)
        unit.values.update((name, unit.names.functions[name]) for name in sorted(wants.values))
        unit.implementors.update(wants.implementors)
        unit.dispatched.update((name, unit.names.method(name)) for name in sorted(wants.dispatched))
    return _compile([*test_functions(unit), *function_values(unit), *dispatch_tables(unit)], "<shared>")


def _piece(symbol: FunctionSymbol | ConstantSymbol, unit: Unit, checked: Checked, report: Report) -> Piece | None:
    """Emitting and Python's own compiler recurse; what is too deep for them is the program's mistake."""
    assert symbol.placed is not None
    assert symbol.node is not None
    file, place = symbol.placed.file, place_of_item(symbol.placed.file, symbol.placed.offset)
    try:
        body = with_room(lambda: list(_definitions(symbol, unit, checked)))
        code = _compile(body, file.name)
    except RecursionError:
        report.at(symbol.placed, symbol.node.name, catalogue.NESTING_LIMIT, "this is nested too deeply")
        return None
    return Piece(file.name, place, moved(code, place[0] - 1), unit.wants(), unit.subscripts)


def _definitions(symbol: FunctionSymbol | ConstantSymbol, unit: Unit, checked: Checked) -> Iterator[ast.stmt]:
    yield from definition(symbol, unit, checked)
    if symbol.name in unit.effects.shows:
        yield from showing_definition(symbol, unit, checked)
    if symbol.name in unit.effects.served.takes and isinstance(symbol, FunctionSymbol):
        yield from twin_definition(symbol, unit, checked)


def unit_of(names: Names, effects: Effects, is_library: bool = False) -> Unit:
    return Unit(CONSTRUCTS, names, names.relation(), effects, is_library)


def _compile(body: list[ast.stmt], name: str) -> CodeType:
    def step() -> CodeType:
        return compile(ast.fix_missing_locations(ast.Module(body, [])), name, "exec", dont_inherit=True)

    return with_room(step)


def definition(symbol: FunctionSymbol | ConstantSymbol, unit: Unit, checked: Checked) -> Iterable[ast.stmt]:
    """The statements that define a function or a constant."""
    if isinstance(symbol, ConstantSymbol):
        return _constant(symbol, unit, checked.tables[constant_name(symbol.name)])
    return _function(symbol, unit, checked.tables.get(symbol.name))


def showing_definition(
    symbol: FunctionSymbol | ConstantSymbol, unit: Unit, checked: Checked
) -> Iterable[ast.stmt]:
    """The function once more, for who wants to see what it will give."""
    assert isinstance(symbol, FunctionSymbol)
    tables = checked.tables[symbol.name]
    called = handed_on(symbol, tables, unit.relation)
    shown = frozenset(node for node, name in called.items() if name in unit.effects.shows or _is_llm(unit, name))
    return _function(symbol, unit, tables, shown)


def twin_definition(symbol: FunctionSymbol, unit: Unit, checked: Checked) -> Iterable[ast.stmt]:
    """The function once more, for functions as arguments that never wait."""
    return _function(symbol, unit, checked.tables[symbol.name], bare=unit.effects.served.takes[symbol.name])


def _is_llm(unit: Unit, name: str) -> bool:
    return unit.names.functions[name].kind == "llm"


def _function(
    symbol: FunctionSymbol,
    unit: Unit,
    tables: Tables | None,
    shown: frozenset[int] = frozenset(),
    bare: frozenset[int] = frozenset(),
) -> Iterable[ast.stmt]:
    assert symbol.placed is not None
    assert symbol.node is not None
    node = symbol.node
    defaults: list[ast.expr] = []
    e = Emitter(unit, tables or Tables(), symbol.placed.file, symbol.placed.offset, symbol.name, node)
    key = function_name(symbol.name)
    if bare:
        key = e.name = plain_name(symbol.name)
        e.bare = bare
    if shown:
        key, e.shown, e.whole = showing_name(symbol.name), shown, given_whole(symbol, shown)
    if symbol.kind == "llm":
        _llm_body(e, symbol)
        params = [python_name(symbol.params[at].name) for at in in_call_order(symbol.params)]
        defaults = [load("$omitted") for param in symbol.params if param.has_default]
    elif symbol.kind == "host":
        _host_body(e, symbol)
        params = [python_name(param.name) for param in symbol.params]
    else:
        assert isinstance(node.body, n.Block)
        params = [e.tables.variables[id(node.params[at])].python for at in in_call_order(symbol.params)]
        defaults = [load("$omitted") for param in symbol.params if param.has_default]
        if e.tables.runs_once:
            again = call("$has_run", load(params[0]))
            e.add(ast.If(again, [ast.Return(ast.Constant(None))], []), node.name)
        _defaults(e, node)
        _assertions(e, symbol, node)
        if e.name in unit.effects.heavy:
            e.add(ast.Expr(may_go_on()), node.name)
        e.into(node.body, GIVE)
    params = [*map(type_name, unit.effects.told.get(symbol.name, ())), *params]
    if e.name in unit.effects.needs_context:
        params = [CONTEXT, *params]
    suspends = e.name in unit.effects.suspends
    return _definition(e, node, symbol.name, key, params, suspends, defaults)


def _defaults(e: Emitter, node: n.FunctionDecl) -> None:
    """What a call leaves out is worked out by the function itself, in order, before anything else."""
    for param in node.params:
        if param.default is None:
            continue
        variable = e.tables.variables[id(param)]
        omitted = compare(load(variable.python), ast.Is(), load("$omitted"))
        e.add(ast.If(omitted, e.body(partial(e.into_variable, param.default, variable)), []), param)


def _assertions(e: Emitter, symbol: FunctionSymbol, node: n.FunctionDecl) -> None:
    """What is asserted of arguments is looked at here, so that every way into the function passes it."""
    if not symbol.asserted:
        return
    asserted = [param for param in node.params if param.name.name in symbol.asserted]
    values: list[ast.expr] = [load(e.tables.variables[id(param)].python) for param in asserted]
    given = ast.Dict([ast.Constant(param.name.name) for param in asserted], values)
    checking = e.unit.names.functions[CHECK_ARGUMENTS]
    e.add(ast.Expr(call_function(e, checking, [ast.Constant(symbol.name), given])), node.name)


def _definition(
    e: Emitter,
    node: n.Node,
    name: str,
    key: str,
    params: Sequence[str],
    suspends: bool,
    defaults: Sequence[ast.expr] = (),
) -> Iterable[ast.stmt]:
    """A function under the name that tracebacks show, then the global by which other code finds it."""
    kind = ast.AsyncFunctionDef if suspends else ast.FunctionDef
    arguments = ast.arguments([], [ast.arg(param) for param in params], None, [], [], None, list(defaults))
    shown = python_name(name)
    yield e.locate(kind(name=shown, args=arguments, body=e.out or [ast.Pass()], decorator_list=[]), node)
    yield e.locate(ast.Assign([store(key)], load(shown)), node)


def _llm_body(e: Emitter, symbol: FunctionSymbol) -> None:
    assert symbol.node is not None
    ordered = [symbol.params[at] for at in in_call_order(symbol.params)]
    arguments: list[ast.expr] = [load(python_name(param.name)) for param in ordered]
    asked = ast.Await(ask_model(e, symbol, call_entry(symbol.llm), arguments))
    e.add(ast.Return(asked), symbol.node)


def _host_body(e: Emitter, symbol: FunctionSymbol) -> None:
    assert symbol.node is not None
    arguments = ast.List([load(python_name(param.name)) for param in symbol.params], ast.Load())
    asked = ast.Await(operation(CALL_OF_HOST, [ast.Constant(symbol.name), arguments]))
    e.add(ast.Return(asked), symbol.node)


def _constant(symbol: ConstantSymbol, unit: Unit, tables: Tables) -> Iterable[ast.stmt]:
    assert symbol.placed is not None
    assert symbol.node is not None
    name = constant_name(symbol.name)
    e = Emitter(unit, tables, symbol.placed.file, symbol.placed.offset, name, symbol.node)
    e.into(symbol.node.value, GIVE)
    params = [CONTEXT] if name in unit.effects.needs_context else []
    return _definition(e, symbol.node, symbol.name, name, params, False)


def _classes(own: Names, checked: Checked) -> CodeType:
    body: list[ast.stmt] = []
    for symbol in own.classes.values():
        if not symbol.opaque:
            finaliser = checked.tables.get(symbol.methods.get("cleanup", ""))
            body += _class(symbol, finaliser is not None and finaliser.runs_once)
    for found in own.implementations.values():
        for name, field in found.links.items():
            linked = call("$linked", load(class_name(found.key[1])), ast.Constant(name), ast.Constant(field))
            body.append(ast.Expr(linked))
    return _compile(body, "<classes>")


def _class(symbol: ClassSymbol, has_finaliser: bool) -> Iterable[ast.stmt]:
    """A class with slots and an initialiser that takes the fields in order; those left out are null."""
    names = [field.name for field in symbol.schema.fields]
    shown = python_name(symbol.name)
    tuple_of_names = ast.Tuple([ast.Constant(name) for name in names], ast.Load())
    settings: dict[str, ast.expr] = {
        "__class_name__": ast.Constant(symbol.name),
        "__fields__": tuple_of_names,
        "__match_args__": tuple_of_names,
    }
    if all(name.isidentifier() for name in names):
        settings["__slots__"] = tuple_of_names
        beside = (*BESIDE.get(symbol.name, ()), *((FINALISED,) if has_finaliser else ()))
        if beside:
            slots: list[ast.expr] = [ast.Constant(name) for name in (*names, *beside)]
            settings["__slots__"] = ast.Tuple(slots, ast.Load())
    body: list[ast.stmt] = [ast.Assign([store(key)], value) for key, value in settings.items()]
    assigns: list[ast.stmt] = [
        ast.Assign([ast.Attribute(load("$self"), name, ast.Store())], load(python_name(name))) for name in names
    ]
    defaults: list[ast.expr] = [ast.Constant(None) for _ in names]
    arguments = ast.arguments(
        [], [ast.arg("$self"), *map(ast.arg, map(python_name, names))], None, [], [], None, defaults
    )
    body.append(ast.FunctionDef(name="__init__", args=arguments, body=assigns or [ast.Pass()], decorator_list=[]))
    yield ast.ClassDef(name=shown, bases=[load("$Instance")], keywords=[], body=body, decorator_list=[])
    yield ast.Assign([store(class_name(symbol.name))], load(shown))
