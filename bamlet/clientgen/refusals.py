"""What a program names so that Python cannot: each with its place, a reason, and the name to write instead."""

from __future__ import annotations

import keyword
from collections.abc import Callable, Iterator, Sequence

from ..diagnostics import Diagnostic, catalogue
from ..interpreter.facts.interface import FunctionInfo, Interface
from ..source import Span
from .spaces import around, last_name, own_classes, own_enums, own_names, spaces

# What pydantic keeps for itself in every class.
PYDANTIC = frozenset(
    f"model_{name}"
    for name in (
        "computed_fields config construct copy dump dump_json extra fields fields_set json_schema "
        "parametrized_name post_init rebuild validate validate_json validate_strings"
    ).split()
)
CLIENT = frozenset({"parse", "parse_stream", "request", "runtime", "stream", "stream_request", "with_options"})

Place = Callable[[str], Span]


def refusals(interface: Interface, functions: Sequence[FunctionInfo], place: Place) -> tuple[Diagnostic, ...]:
    """`place` knows where a name is declared; members are named after their owner: `Invoice.total`."""
    return tuple(
        catalogue.RESERVED_NAME.at(place(name), message, hint=hint)
        for name, message, hint in _found(interface, functions)
    )


def _found(interface: Interface, functions: Sequence[FunctionInfo]) -> Iterator[tuple[str, str, str]]:
    for schema in own_classes(interface):
        yield from _type("class", schema.name)
        for field in schema.fields:
            if why := _field(field.name):
                hint = f'write `{_other(field.name)}` with @alias("{field.alias or field.name}")'
                yield (
                    f"{schema.name}.{field.name}",
                    f"a Python class can have no field `{field.name}`: {why}",
                    hint,
                )
    for enum in own_enums(interface):
        yield from _type("enum", enum.name)
        for member in enum.members:
            if why := _member(member.name):
                hint = f'write `{_other(member.name)}` with @alias("{member.alias or member.name}")'
                yield f"{enum.name}.{member.name}", f"a Python enum can have no value `{member.name}`: {why}", hint
    for name in interface.aliases:
        yield from _type("type", name)
    yield from _spaces(interface)
    for function in functions:
        if why := _function(function.name):
            message = f"a Python client can have no function `{function.name}`: {why}"
            yield function.name, message, f"call it `{_other(function.name)}`, for example"
        for param in function.params:
            if why := _param(param.name):
                message = f"`{function.name}` can have no parameter `{param.name}` in Python: {why}"
                yield function.name, message, f"call it `{_other(param.name)}`, for example"


def _spaces(interface: Interface) -> Iterator[tuple[str, str, str]]:
    names = own_names(interface)
    for space in spaces(interface)[1:]:
        name = last_name(space)
        why = "another name of the program is the same" if space in names else _function(name)
        if why:
            first = next(name for name in names if space in around(name))
            message = f"a Python client can have no namespace `{space}`: {why}"
            yield first, message, f"rename the folder `ns_{name}`"


def _type(kind: str, name: str) -> Iterator[tuple[str, str, str]]:
    if why := _name(last_name(name)):
        hint = f"call it `{_other(last_name(name)).capitalize()}`, for example"
        if kind != "type":
            hint += f', with @@alias("{last_name(name)}") for the model'
        yield name, f"a Python client can have no {kind} `{name}`: {why}", hint


def _name(name: str) -> str | None:
    if keyword.iskeyword(name):
        return "that is a word of the language"
    return "names that begin with `_` are private there" if name.startswith("_") else None


def _field(name: str) -> str | None:
    return "pydantic has it in every class" if name in PYDANTIC else _name(name)


def _member(name: str) -> str | None:
    return "every enum has a method of that name" if name == "mro" else _name(name)


def _function(name: str) -> str | None:
    return "the client itself has that name" if last_name(name) in CLIENT else _name(last_name(name))


def _param(name: str) -> str | None:
    if name == "self":
        return "the client itself has that name"
    if name == "baml_options":
        return "each method has the options of its call there"
    return _name(name) if keyword.iskeyword(name) else None


def _other(name: str) -> str:
    return f"{name.lstrip('_')}_"
