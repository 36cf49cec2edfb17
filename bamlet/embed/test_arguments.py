"""The arguments of a test block as a host hands them in: files are looked for beside the block, and what template
strings say is written out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ..interpreter.facts.interface import TemplateCall, TestInfo
from ..interpreter.program.link import Program
from ..sysops.template_values import template_strings, template_value
from .arguments import as_value
from .errors import BamlInvalidArgumentError
from .media import local


def arguments_of_test(program: Program, test: TestInfo) -> dict[str, Any]:
    """Raises `BamlInvalidArgumentError` for a template string that fails."""
    folder = Path(test.span.file.name).parent
    return {name: local(_written_out(program, value), folder) for name, value in test.arguments.items()}


def _written_out(program: Program, value: Any) -> Any:
    match value:
        case TemplateCall():
            return _text(program, value)
        case dict():
            return {name: _written_out(program, item) for name, item in value.items()}
        case list():
            return [_written_out(program, item) for item in value]
        case _:
            return value


def _text(program: Program, call: TemplateCall) -> str:
    from .. import jinja, prompt

    interface = program.interface
    params = interface.templates[call.name].params
    given = [
        template_value(as_value(_written_out(program, value), param.ty, program.space), interface.schemas)
        for value, param in zip(call.arguments, params, strict=False)
    ]
    given += call.arguments[len(params) :]  # it says itself that they are too many
    try:
        return prompt.render_text(
            call.name, given, schemas=interface.schemas, templates=template_strings(interface)
        )
    except jinja.TemplateError as failure:
        raise BamlInvalidArgumentError(f"Invalid argument: {failure}") from failure
