"""A prompt template and its arguments to a `Prompt`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ..jinja import Budget, TemplateError, TemplateObject, parse_template
from ..jinja.values import Callback, debug
from ..records import dataclass, field, replace
from ..types.schema import Schemas
from ..types.ty import Ty
from .errors import PromptError
from .marks import Marks, MediaValue
from .output_format import output_format
from .parts import Media, Prompt
from .plain import render_plain
from .values import ClassValue, EnumNames


@dataclass(frozen=True, slots=True)
class TemplateString:
    """A `template_string` of the program."""

    name: str
    parameters: tuple[str, ...]
    text: str


@dataclass(frozen=True, slots=True)
class ClientInfo:
    """What `ctx.client` shows of the client that the prompt is rendered for."""

    name: str
    provider: str
    default_role: str
    allowed_roles: tuple[str, ...] = ("system", "user", "assistant")
    remap_role: Mapping[str, str] = field(default_factory=dict)
    options: Mapping[str, object] = field(default_factory=dict)


def render_prompt(
    template: str,
    arguments: Mapping[str, object],
    *,
    output: Ty,
    schemas: Schemas,
    client: ClientInfo,
    tags: Mapping[str, object],
    templates: Mapping[str, TemplateString],
    look: Callable[[int], object] | None = None,
) -> Prompt:
    """Raises `TemplateError` for a template that fails, `PromptError` for what it asks in vain.

    `look` is told now and then of so many steps more, and raises what stops the rendering.
    """
    plain = render_plain(template, arguments, lambda: output_format(output, schemas))
    if plain is not None:
        return plain
    return render_template(
        template,
        arguments,
        output=output,
        schemas=schemas,
        client=client,
        tags=tags,
        templates=templates,
        look=look,
    )


def render_template(
    template: str,
    arguments: Mapping[str, object],
    *,
    output: Ty,
    schemas: Schemas,
    client: ClientInfo,
    tags: Mapping[str, object],
    templates: Mapping[str, TemplateString],
    look: Callable[[int], object] | None = None,
) -> Prompt:
    """`render_prompt` by the template engine, whatever the template."""
    marks, budget = Marks(), Budget(look)
    role = Callback("role", marks.role)
    shared = _shared(schemas, templates, budget)
    shared["_"] = _Named({"chat": role, "role": role, "history": Callback("history", marks.history)})
    shared["ctx"] = _Named(
        {"client": _client_map(client), "tags": dict(tags), "output_format": _OutputFormat(output, schemas)}
    )
    done: dict[int, Any] = {}
    bound = {name: _bind(value, marks, name, done) for name, value in arguments.items()}
    return marks.cut(parse_template(template).render(shared | bound, budget))


def render_text(
    name: str, arguments: Sequence[object], *, schemas: Schemas, templates: Mapping[str, TemplateString]
) -> str:
    """What a template string says on its own: without a prompt there are no roles and no `ctx`.

    Raises `TemplateError`.
    """
    budget = Budget(None)
    return _template_call(templates[name], _shared(schemas, templates, budget), budget)(*arguments)


def _shared(schemas: Schemas, templates: Mapping[str, TemplateString], budget: Budget) -> dict[str, object]:
    """What every template knows. Template strings see what is added to it later."""
    shared: dict[str, object] = {**_enum_names(schemas)}
    for name, definition in templates.items():
        shared[name] = Callback(name, _template_call(definition, shared, budget))
    return shared


def _enum_names(schemas: Schemas) -> dict[str, EnumNames]:
    known: dict[str, EnumNames] | None = schemas.derived.get(EnumNames)
    if known is None:
        known = {name: EnumNames(schema) for name, schema in schemas.enums.items()}
        schemas.derived[EnumNames] = known
    return known


@dataclass(frozen=True, slots=True)
class _Named(TemplateObject):
    """A fixed set of names: `ctx` and `_`."""

    members: Mapping[str, object]

    def entries(self) -> Mapping[str, object]:
        return self.members

    def show(self) -> str:
        return "{" + ", ".join(f"{debug(name)}: {debug(value)}" for name, value in self.members.items()) + "}"


@dataclass(frozen=True, slots=True)
class _OutputFormat(TemplateObject):
    """`ctx.output_format`: a text where it is printed, a function where it is called."""

    ty: Ty
    schemas: Schemas

    def entries(self) -> Mapping[str, object]:
        return {}

    def show(self) -> str:
        return output_format(self.ty, self.schemas)

    def function(self) -> Callable[..., object]:
        return self._call

    def _call(self, *positional: object, **options: object) -> str:
        if positional:
            raise PromptError("ctx.output_format takes its options by keyword only")
        return output_format(self.ty, self.schemas, **options)


def _template_call(definition: TemplateString, shared: Mapping[str, object], budget: Budget) -> Callable[..., str]:
    """Call it as a macro: by position or keyword; what is not given is undefined."""

    def call(*positional: object, **keywords: object) -> str:
        if len(positional) > len(definition.parameters):
            raise PromptError(
                f"{definition.name} takes {len(definition.parameters)} arguments, not {len(positional)}"
            )
        for name in keywords:
            if name not in definition.parameters:
                raise PromptError(f"{definition.name} has no parameter `{name}`")
        given = dict(zip(definition.parameters, positional, strict=False)) | keywords
        try:
            return parse_template(definition.text).render({**shared, **given}, budget)
        except TemplateError as error:
            raise PromptError(f"in template_string {definition.name}: {error}") from error

    return call


def _client_map(client: ClientInfo) -> dict[str, object]:
    return {
        "name": client.name,
        "provider": client.provider,
        "default_role": client.default_role,
        "allowed_roles": list(client.allowed_roles),
        "remap_role": dict(client.remap_role),
        "options": dict(client.options),
    }


def _bind(value: Any, marks: Marks, name: str, done: dict[int, Any]) -> Any:
    """The value with its media tied to this rendering. Without media it is the value itself, not a copy.

    What occurs twice is looked through once.
    """
    if isinstance(value, str | int | float | None):
        return value
    if id(value) not in done:
        done[id(value)] = _bind_whole(value, marks, name, done)
    return done[id(value)]


def _bind_whole(value: Any, marks: Marks, name: str, done: dict[int, Any]) -> Any:
    if isinstance(value, Media):
        return MediaValue(value, marks)
    if isinstance(value, list | tuple):
        items = [_bind(item, marks, name, done) for item in value]
        return items if any(new is not old for new, old in zip(items, value, strict=True)) else value
    if isinstance(value, ClassValue):
        fields = _bind(value.fields, marks, name, done)
        return value if fields is value.fields else replace(value, fields=fields)
    if isinstance(value, Mapping):
        entries = {key: _bind(item, marks, name, done) for key, item in value.items()}
        return entries if any(entries[key] is not item for key, item in value.items()) else value
    if isinstance(value, TemplateObject):
        return value
    raise PromptError(f"the argument `{name}` holds a value of the Python type {type(value).__name__}")
