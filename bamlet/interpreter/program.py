"""Sources to a program: the stages in a row, and linking their code into a namespace that can be called."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from types import CodeType
from typing import Any

from ..diagnostics import Diagnostic, catalogue
from ..grammar import Parsed
from . import abi
from .check import check
from .effects import Effects, infer_effects
from .emit import emit
from .interface import FunctionInfo, Interface
from .report import Report
from .resolve import resolve
from .space import ValueSpace
from .symbols import FunctionSymbol, Names


@dataclass(frozen=True, slots=True)
class Unit:
    """What compiling some files gives: data and code, no live values. It can be stored."""

    names: Names
    effects: Effects
    code: tuple[CodeType, ...]


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

    def callee(self, name: str) -> Callee | None:
        """A function by its full name; native operations are not called from outside."""
        info, code = self.interface.functions.get(name), self.namespace.get(f"fn {name}")
        if info is None or code is None:
            return None
        effects = self.unit.effects
        return Callee(info, code, name in effects.suspends, name in effects.needs_context)

    @property
    def tests(self) -> tuple[Any, ...]:
        return self.interface.tests


def compile_unit(
    files: Sequence[Parsed],
    library: Unit | None,
    namespaces: Mapping[str, str] | None = None,
    *,
    all_async: bool = False,
) -> tuple[Unit | None, tuple[Diagnostic, ...]]:
    """All stages. There is no unit when a diagnostic is an error; later stages run all the same to find more."""
    below = library.names if library else None
    items = [placed for parsed in files for placed in parsed.items]
    names, report = resolve(items, below, namespaces)
    report.diagnostics[:0] = [d for parsed in files for d in parsed.diagnostics]
    view = names.over(below)
    checked = check(names, view, report)
    effects = infer_effects(names, checked, library.effects if library else None, all_async)
    _check_constants(names, effects, report)
    if any(d.severity == "error" for d in report.diagnostics):
        return None, tuple(report.diagnostics)
    code = emit(names, view, checked, effects, report)
    if any(d.severity == "error" for d in report.diagnostics):
        return None, tuple(report.diagnostics)
    return Unit(names.without_nodes(), effects, code), tuple(report.diagnostics)


def _check_constants(names: Names, effects: Effects, report: Report) -> None:
    for constant in names.constants.values():
        if f"let {constant.name}" in effects.needs_context:
            assert constant.placed is not None
            assert constant.node is not None
            message = "a constant cannot loop or reach outside the program"
            hint = "make it a function"
            report.at(constant.placed, constant.node.value, catalogue.UNSUPPORTED, message, hint=hint)


def link(unit: Unit, library: Program | None, diagnostics: tuple[Diagnostic, ...] = ()) -> Program:
    """Run the unit's definitions in a namespace of its own, above the library's."""
    names = unit.names.over(library.unit.names if library else None)
    schemas = names.schemas()
    space = ValueSpace(schemas)
    namespace: dict[str, Any] = {**(library.namespace if library else abi.HELPERS), "__name__": "baml"}
    for enum in schemas.enums.values():
        for member in enum.members:
            namespace[f"enum {enum.name}.{member.name}"] = space.enum_value(enum.name, member.name)
    if library is not None:
        _share_enums(namespace, space, library)
    for code in unit.code:
        exec(code, namespace)
    for name in schemas.classes:
        if f"class {name}" in namespace:
            space.classes[name] = namespace[f"class {name}"]
    for constant in unit.names.constants:
        # A constant is evaluated when it is first used, and is one object from then on.
        namespace[f"let {constant}"] = cache(namespace[f"let {constant}"])
    functions = {f.name: _info(f) for f in names.functions.values() if f.kind != "stub"}
    interface = Interface(
        functions,
        schemas,
        dict(names.clients),
        dict(names.retry_policies),
        dict(names.templates),
        tuple(names.tests),
    )
    return Program(interface, space, diagnostics, namespace, unit)


def _share_enums(namespace: dict[str, Any], space: ValueSpace, library: Program) -> None:
    """An enum value of the library is the same object in every program, since code compares by identity."""
    for key, value in library.space.enums.items():
        space.enums[key] = value
        namespace[f"enum {key[0]}.{key[1]}"] = value


def _info(symbol: FunctionSymbol) -> FunctionInfo:
    return FunctionInfo(symbol.name, symbol.params, symbol.result, symbol.llm, symbol.doc)
