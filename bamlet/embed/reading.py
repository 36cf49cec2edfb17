"""Model text to values, without a call."""

from __future__ import annotations

from typing import Any

from ..interpreter.facts.interface import FunctionInfo
from ..interpreter.program.link import Program
from ..sap import NOTHING, Parsed, ParseFailure, PartialParser
from ..sysops.template_values import holds
from .errors import validation_error


def parse_answer(
    program: Program, function: FunctionInfo, text: str, *, strict: bool, finish_reason: str | None
) -> Parsed:
    parser = parser_of(program, function)
    parser.feed(text)
    try:
        return parser.finish(truncated=finish_reason == "length", strict=strict)
    except ParseFailure as failure:
        message = f"Failed to parse LLM response: {failure}"
        raise validation_error(message, failure.raw, failure.issues) from failure


def parse_partial_answer(program: Program, function: FunctionInfo, text: str) -> Any:
    parser = parser_of(program, function)
    parser.feed(text)
    shown = parser.partial()
    return None if shown is NOTHING else shown


def parser_of(program: Program, function: FunctionInfo, *, skeleton: bool = False) -> PartialParser:
    schemas = program.interface.schemas
    return PartialParser(
        function.result,
        schemas,
        program.space,
        holds=lambda expression, value: holds(expression, value, schemas),
        skeleton=skeleton,
    )
