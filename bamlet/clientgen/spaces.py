"""What of a program is its own, by namespaces: those of the second edition become modules and parts of the client.

A name of the top namespace has no dot, any other begins with the names of its namespaces: `shop.deep.Item`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ..interpreter.facts.interface import FunctionInfo, Interface, is_of_library
from ..types.schema import ClassSchema, EnumSchema

TOP = ""


def space_of(name: str) -> str:
    return name.rpartition(".")[0]


def last_name(name: str) -> str:
    return name.rpartition(".")[2]


def flat(name: str) -> str:
    """A name of any namespace as one word of Python."""
    return name.replace(".", "__")


def of_space(words: str, space: str) -> str:
    """The module, class or part of a namespace that stands beside the one of the top."""
    return f"{words}__{flat(space)}" if space else words


def own_classes(interface: Interface) -> list[ClassSchema]:
    return [schema for schema in interface.schemas.classes.values() if not is_of_library(schema.name)]


def own_enums(interface: Interface) -> list[EnumSchema]:
    return [schema for schema in interface.schemas.enums.values() if not is_of_library(schema.name)]


def own_functions(interface: Interface) -> list[FunctionInfo]:
    """Not those of the library, and not the methods of classes."""
    schemas = interface.schemas
    return [
        function
        for name, function in interface.functions.items()
        if not is_of_library(name)
        and space_of(name) not in schemas.classes
        and space_of(name) not in schemas.enums
    ]


def spaces(interface: Interface) -> list[str]:
    """Each namespace that has something, the top first, and those around it."""
    return sorted({TOP, *(space for name in own_names(interface) for space in around(name))})


def own_names(interface: Interface) -> list[str]:
    """Of classes, enums, aliases and functions."""
    return [
        *(schema.name for schema in own_classes(interface)),
        *(schema.name for schema in own_enums(interface)),
        *interface.aliases,
        *(function.name for function in own_functions(interface)),
    ]


def inside(space: str, among: Iterable[str]) -> list[str]:
    """The namespaces right inside of one."""
    return [other for other in among if other and space_of(other) == space]


def around(name: str) -> Iterator[str]:
    """The namespaces that a name stands in, the innermost first."""
    while name := space_of(name):
        yield name
