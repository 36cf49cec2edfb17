"""Model text to values, without a call."""

from __future__ import annotations

from typing import Any

from ..interpreter.interface import FunctionInfo
from ..interpreter.program import Program
from ..sap import NOTHING, ParseFailure, PartialParser
from ..sysops.template_values import holds
from .errors import BamlValidationError


def parse_answer(program: Program, function: FunctionInfo, text: str) -> Any:
    parser = parser_of(program, function)
    parser.feed(text)
    try:
        return parser.finish().value
    except ParseFailure as failure:
        raise BamlValidationError(str(failure), raw_output=failure.raw) from failure


def parse_partial_answer(program: Program, function: FunctionInfo, text: str) -> Any:
    parser = parser_of(program, function)
    parser.feed(text)
    shown = parser.partial()
    return None if shown is NOTHING else shown


def parser_of(program: Program, function: FunctionInfo) -> PartialParser:
    schemas = program.interface.schemas
    return PartialParser(
        function.result,
        schemas,
        program.space,
        holds=lambda expression, value: holds(expression, value, schemas),
    )
