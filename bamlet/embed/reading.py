"""Model text to values, without a call."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..interpreter.facts.interface import FunctionInfo
from ..interpreter.program.link import Program
from ..interpreter.runtime.values import Opaque
from ..prompt import Prompt
from ..sap import Parsed, ParseFailure, PartialParser, read_plain
from ..sysops.parser import make_parser
from ..types.nothing import NOTHING
from .call import Call
from .collector import Usage
from .errors import BamlInvalidArgumentError
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


async def read_body(call: Callable[[list[Any]], Call], function: FunctionInfo, body: str) -> tuple[Any, Usage]:
    """Of a whole answer; `call` is of `baml.llm.read_answer`. Nobody was asked here, so there is no prompt."""
    if function.llm is None:
        raise BamlInvalidArgumentError(f"`{function.name}` asks no model, so there is no answer to read")
    found = await call([function.name, body, Opaque("baml.llm.Prompt", Prompt(()))]).run()
    return found.value, Usage(found.input_tokens, found.output_tokens, found.cached_tokens)


def parse_partial_answer(program: Program, function: FunctionInfo, text: str) -> Any:
    parser = parser_of(program, function)
    parser.feed(text)
    shown = parser.partial()
    return None if shown is NOTHING else shown


def parser_of(program: Program, function: FunctionInfo, *, skeleton: bool = False) -> PartialParser:
    return make_parser(function.result, program.interface.schemas, program.space, skeleton=skeleton)
