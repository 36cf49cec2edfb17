"""Values of the language as templates and constraints see them: real names to read, aliases to print."""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from ..interpreter.runtime.context import Interface
from ..interpreter.runtime.media import MediaValue
from ..interpreter.runtime.values import EnumValue, Instance
from ..types.schema import ClassSchema, EnumSchema, Schemas

if TYPE_CHECKING:
    from ..prompt import TemplateString


def template_strings(program: Interface) -> Mapping[str, TemplateString]:
    """Those of the program, for its prompts and for what else is written with them."""
    # By what they were made of, too: programs with other texts may have the same types.
    known: Mapping[str, TemplateString]
    source, known = program.schemas.derived.get(template_strings, (None, {}))
    if source is not program.templates:
        from ..prompt import TemplateString

        known = {
            name: TemplateString(name, tuple(param.name for param in info.params), info.text)
            for name, info in program.templates.items()
        }
        program.schemas.derived[template_strings] = program.templates, known
    return known


_SCALARS = frozenset({str, int, float, bool, type(None)})
_KEYS = frozenset({str})


def template_value(value: Any, schemas: Schemas) -> Any:
    """What occurs twice in the value is one object in what is made of it."""
    if (
        type(value) is dict
        and _SCALARS.issuperset(map(type, value.values()))
        and _KEYS.issuperset(map(type, value))
    ):
        return value.copy()  # as the arguments of most prompts
    return _made(value, schemas, {})


def _made(value: Any, schemas: Schemas, done: dict[int, Any]) -> Any:
    if value is None or isinstance(value, str | int | float):
        return value
    if id(value) not in done:
        done[id(value)] = _object(value, schemas, done)
    return done[id(value)]


def _object(value: Any, schemas: Schemas, done: dict[int, Any]) -> Any:
    if isinstance(value, dict):
        return {_key(key): _made(item, schemas, done) for key, item in value.items()}
    from .. import jinja, prompt

    if isinstance(value, list):
        return jinja.GivenList([_made(item, schemas, done) for item in value])

    match value:
        case Instance():
            fields = {name: _made(content, schemas, done) for name, content in _shown_fields(value)}
            name = value.__class_name__
            if name == "baml.agent.Message":
                from .history import as_message

                return prompt.MessageValue(schemas.classes[name], fields, as_message(value))
            return prompt.ClassValue(schemas.classes.get(name) or ClassSchema(name, ()), fields)
        case EnumValue():
            return prompt.EnumValue(schemas.enums.get(value.enum) or EnumSchema(value.enum, ()), value.name)
        case MediaValue():
            return prompt.Media(value.kind, value.url, value.base64, value.media_type)
        case _:
            return value


def _key(key: Any) -> Any:
    """The keys of a map are strings to a template: of an enum their names, not their aliases."""
    return key.name if isinstance(key, EnumValue) else key


def _shown_fields(value: Instance) -> Iterator[tuple[str, Any]]:
    omitted: Container[str] = getattr(value, "__omitted__", ())
    for name in value.__fields__:
        content = getattr(value, name)
        if content is not None or name not in omitted:
            yield name, content


def holds(expression: str, value: Any, schemas: Schemas) -> bool:
    """Whether a constraint is true of a value. Raises `ValueError` when it cannot be told."""
    from .. import jinja

    try:
        return jinja.holds(expression, template_value(value, schemas))
    except (jinja.ConstraintError, jinja.TemplateError) as failure:
        raise ValueError(str(failure)) from failure
