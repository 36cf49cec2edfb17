"""What cannot be told a type at run time, and what cannot wait: found once the graph of calls is known."""

from __future__ import annotations

from collections.abc import Mapping

from ...diagnostics import catalogue
from ..facts.effects import Calls, Effects
from ..facts.implementations import TO_STRING
from ..facts.interface import is_of_library
from ..facts.report import Report
from ..facts.symbols import FunctionSymbol, Names


def check_erased(own: Names, graph: Mapping[str, Calls], effects: Effects, report: Report) -> None:
    """Only a call by name can say what the type parameters are that a function looks at."""
    methods = {
        full
        for (interface, _), found in own.implementations.items()
        for full in found.methods.values()
        if is_of_library(interface)
    }
    for name, params in effects.told.items():
        symbol = own.functions.get(name)
        listed = ", ".join(f"`{param}`" for param in params)
        if symbol is not None and name in methods:
            _say(report, symbol, f"a method of an interface of the library is not told what {listed} is")
        missing = {param.name for param in symbol.told} if symbol is not None else set()
        if symbol is not None and not set(params) <= missing:
            _say(report, symbol, f"what {listed} is cannot be found out at run time")
    for name, calls in graph.items():
        found = own.functions.get(name)
        for used in calls.values:
            if found is not None and used in effects.told:
                message = f"`{used}` looks at a type that only a call can name, so it is no value"
                _say(report, found, message, "write a lambda that calls it")
    for (interface, _), implementation in own.implementations.items():
        for full in implementation.methods.values() if interface == TO_STRING else ():
            if full in effects.suspends and full in own.functions:
                _say(report, own.functions[full], "how a value is shown must be told at once: this waits")


def _say(report: Report, symbol: FunctionSymbol, message: str, hint: str | None = None) -> None:
    if symbol.placed is not None and symbol.node is not None:
        report.at(symbol.placed, symbol.node.name, catalogue.UNSUPPORTED, message, hint=hint)
