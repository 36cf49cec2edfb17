"""Model text to values, without a call."""

from __future__ import annotations

from typing import Any

from ..interpreter.facts.interface import FunctionInfo
from ..interpreter.program.link import Program
from ..sap import Parsed, ParseFailure, PartialParser, read_plain
from ..sysops.parser import make_parser
from ..types.nothing import NOTHING
from .host_errors import validation_error


def parse_answer(
    program: Program, function: FunctionInfo, text: str, *, strict: bool, finish_reason: str | None
) -> Parsed:
    truncated = finish_reason == "length"
    schemas, space = program.interface.schemas, program.space
    plain = read_plain(text, function.result, schemas, space, truncated=truncated, strict=strict)
    if plain is not None:
        return plain
    parser = parser_of(program, function)
    parser.feed(text)
    try:
        return parser.finish(truncated=truncated, strict=strict)
    except ParseFailure as failure:
        told = f"{failure.told}\nin a text for `{function.name}`"
        raise validation_error(told, failure.raw, failure.issues) from None


def parse_partial_answer(program: Program, function: FunctionInfo, text: str) -> Any:
    parser = parser_of(program, function)
    parser.feed(text)
    shown = parser.partial()
    return None if shown is NOTHING else shown


def parser_of(program: Program, function: FunctionInfo, *, skeleton: bool = False) -> PartialParser:
    return make_parser(function.result, program.interface.schemas, program.space, skeleton=skeleton)
