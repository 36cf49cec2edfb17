"""Checked trees to Python: one module of `ast` nodes for each file, with the file's own positions, and its code.

A function of the language is a Python function whose code object carries the `.baml` name, lines and columns,
so tracebacks, debuggers, coverage and profilers need no translation.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Sequence
from types import CodeType

from ...diagnostics import catalogue
from ...grammar import nodes as n
from ...source import SourceFile
from ..check import Checked
from ..effects import Effects
from ..report import Report
from ..symbols import ClassSymbol, ConstantSymbol, FunctionSymbol, Names
from ..typing_tables import Tables
from . import statements
from .expressions import call_function, class_name, function_name
from .state import CONTEXT, EMIT, EMIT_STATEMENT, GIVE, INTO, Emitter, load, store

__all__ = ["EMIT", "EMIT_STATEMENT", "INTO", "emit", "statements"]


def emit(own: Names, names: Names, checked: Checked, effects: Effects, report: Report) -> tuple[CodeType, ...]:
    """Code that, run in a namespace with the helpers of `abi`, defines everything `own` declares."""
    modules: dict[SourceFile, list[ast.stmt]] = {}
    for symbol in own.functions.values():
        if symbol.kind == "stub" or symbol.placed is None:
            continue
        body = modules.setdefault(symbol.placed.file, [])
        body += _guarded(symbol, _function(symbol, names, checked.tables.get(symbol.name), effects), report)
    for constant in own.constants.values():
        assert constant.placed is not None
        body = modules.setdefault(constant.placed.file, [])
        body += _constant(constant, names, checked.tables[f"let {constant.name}"], effects)
    return (_classes(own.classes.values()), *(_compile(file, body) for file, body in modules.items()))


def _guarded(symbol: FunctionSymbol, statements: Iterable[ast.stmt], report: Report) -> list[ast.stmt]:
    """Emitting and Python's own compiler recurse; a function too deep for them is the program's mistake."""
    assert symbol.placed is not None
    assert symbol.node is not None
    try:
        made = list(statements)
        compile(ast.Module(made, []), symbol.placed.file.name, "exec")
    except RecursionError:
        report.at(symbol.placed, symbol.node.name, catalogue.NESTING_LIMIT, "this is nested too deeply")
        return []
    return made


def _compile(file: SourceFile, body: list[ast.stmt]) -> CodeType:
    return compile(ast.Module(body, []), file.name, "exec", dont_inherit=True)


def _function(symbol: FunctionSymbol, names: Names, tables: Tables | None, effects: Effects) -> Iterable[ast.stmt]:
    assert symbol.placed is not None
    assert symbol.node is not None
    node = symbol.node
    e = Emitter(names, effects, tables or Tables(), symbol.placed.file, symbol.placed.offset)
    if symbol.kind == "llm":
        _llm_body(e, symbol)
        params = [param.name for param in symbol.params]
    else:
        assert isinstance(node.body, n.Block)
        params = [e.tables.variables[id(param)].python for param in node.params]
        e.into(node.body, GIVE)
    body = e.out or [ast.Pass()]
    if symbol.name in effects.needs_context:
        params = [CONTEXT, *params]
    yield from _definition(
        e, node, symbol.name, function_name(symbol.name), params, body, symbol.name in effects.suspends
    )


def _definition(
    e: Emitter,
    node: n.Node,
    shown: str,
    key: str,
    params: Sequence[str],
    body: list[ast.stmt],
    suspends: bool,
) -> Iterable[ast.stmt]:
    """A function under the name that tracebacks show, then the global by which other code finds it."""
    kind = ast.AsyncFunctionDef if suspends else ast.FunctionDef
    arguments = ast.arguments([], [ast.arg(name) for name in params], None, [], [], None, [])
    yield e.locate(kind(name=shown, args=arguments, body=body, decorator_list=[]), node)
    yield e.locate(ast.Assign([store(key)], load(shown)), node)


def _llm_body(e: Emitter, symbol: FunctionSymbol) -> None:
    """An LLM function hands its name and arguments to the orchestration, which is written in the language."""
    assert symbol.node is not None
    target = e.names.functions["baml.llm.call_llm_function"]
    keys: list[ast.expr | None] = [ast.Constant(param.name) for param in symbol.params]
    arguments = ast.Dict(keys, [load(param.name) for param in symbol.params])
    e.add(ast.Return(call_function(e, target, [ast.Constant(symbol.name), arguments])), symbol.node)


def _constant(symbol: ConstantSymbol, names: Names, tables: Tables, effects: Effects) -> Iterable[ast.stmt]:
    assert symbol.placed is not None
    assert symbol.node is not None
    e = Emitter(names, effects, tables, symbol.placed.file, symbol.placed.offset)
    e.into(symbol.node.value, GIVE)
    return _definition(e, symbol.node, symbol.name, f"let {symbol.name}", [], e.out, False)


def _classes(symbols: Iterable[ClassSymbol]) -> CodeType:
    body: list[ast.stmt] = []
    for symbol in symbols:
        if not symbol.opaque:
            body += _class(symbol)
    module = ast.fix_missing_locations(ast.Module(body, []))
    return compile(module, "<classes>", "exec", dont_inherit=True)


def _class(symbol: ClassSymbol) -> Iterable[ast.stmt]:
    """A class with slots and an initialiser that takes the fields in order; those left out are null."""
    names = [field.name for field in symbol.schema.fields]
    tuple_of_names = ast.Tuple([ast.Constant(name) for name in names], ast.Load())
    settings: dict[str, ast.expr] = {
        "__class_name__": ast.Constant(symbol.name),
        "__fields__": tuple_of_names,
        "__match_args__": tuple_of_names,
    }
    if all(name.isidentifier() for name in names):
        settings["__slots__"] = tuple_of_names
    body: list[ast.stmt] = [ast.Assign([store(key)], value) for key, value in settings.items()]
    assigns: list[ast.stmt] = [
        ast.Assign([ast.Attribute(load("$self"), name, ast.Store())], load(name)) for name in names
    ]
    defaults: list[ast.expr] = [ast.Constant(None) for _ in names]
    arguments = ast.arguments([], [ast.arg("$self"), *map(ast.arg, names)], None, [], [], None, defaults)
    body.append(ast.FunctionDef(name="__init__", args=arguments, body=assigns or [ast.Pass()], decorator_list=[]))
    yield ast.ClassDef(name=symbol.name, bases=[load("$Instance")], keywords=[], body=body, decorator_list=[])
    yield ast.Assign([store(class_name(symbol.name))], load(symbol.name))
