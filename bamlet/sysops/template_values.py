"""Values of the language as templates and constraints see them: real names to read, aliases to print."""

from __future__ import annotations

from typing import Any

from ..interpreter.abi import EnumValue, Instance, MediaValue
from ..types.schema import ClassSchema, EnumSchema, Schemas


def template_value(value: Any, schemas: Schemas) -> Any:
    from .. import prompt

    match value:
        case None | str() | bool() | int() | float():
            return value
        case list():
            return [template_value(item, schemas) for item in value]
        case dict():
            return {template_value(key, schemas): template_value(item, schemas) for key, item in value.items()}
        case Instance():
            fields = {name: template_value(getattr(value, name), schemas) for name in value.__fields__}
            name = value.__class_name__
            return prompt.ClassValue(schemas.classes.get(name) or ClassSchema(name, ()), fields)
        case EnumValue():
            return prompt.EnumValue(schemas.enums.get(value.enum) or EnumSchema(value.enum, ()), value.name)
        case MediaValue():
            return prompt.Media(value.kind, value.url, value.base64, value.media_type)
        case _:
            return value


def holds(expression: str, value: Any, schemas: Schemas) -> bool:
    """Whether a constraint is true of a value. Raises `ValueError` when it cannot be told."""
    from .. import jinja

    try:
        return jinja.holds(expression, template_value(value, schemas))
    except (jinja.ConstraintError, jinja.TemplateError) as failure:
        raise ValueError(str(failure)) from failure
