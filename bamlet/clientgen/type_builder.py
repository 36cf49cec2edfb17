"""The module `type_builder` of a package: bamlet's builder, with the types of the program as attributes."""

from __future__ import annotations

from ..client.package import GLOBALS
from ..interpreter.facts.interface import Interface
from .spaces import TOP, around, flat, inside, last_name, own_classes, own_enums, space_of

# What every builder has; a class of such a name is found by `class_builder`.
TAKEN = frozenset(
    "add_baml add_class add_enum applied_to bool class_builder enum_builder float int list literal_bool "
    "literal_int literal_string map null reset schemas string union".split()
)

_HEAD = '''"""Types that are made at run time."""

from __future__ import annotations
{typing}
from bamlet.baml_py import type_builder as _builders

from .globals import (
    {package} as _PACKAGE,
)
{spaces}

class TypeBuilder(_builders.DeclaredTypeBuilder):
    """Classes and enums of the program are attributes; those that are `@@dynamic` take more."""

    def __init__(self) -> None:
        super().__init__(lambda: _PACKAGE.program)
'''


def type_builder_file(interface: Interface) -> str:
    types = [*(one.name for one in own_classes(interface)), *(one.name for one in own_enums(interface))]
    found = sorted({space for name in types for space in around(name)})
    classes = [_space(interface, space, found) for space in reversed(found)]
    checked = "\nif _typing.TYPE_CHECKING:\n\n" + "\n".join(classes) if classes else ""
    head = _HEAD.format(typing="\nimport typing as _typing\n" if classes else "", package=GLOBALS, spaces=checked)
    lines = [f"    {line}\n" for line in _attributes(interface, TOP, found) if line.partition(":")[0] not in TAKEN]
    return head + "".join(["\n", *lines] if lines else [])


def _space(interface: Interface, space: str, among: list[str]) -> str:
    """For checkers only: the builder itself makes one of any name."""
    lines = _attributes(interface, space, among)
    return f"    class {_space_class(space)}(_builders.Space):\n" + "".join(f"        {line}\n" for line in lines)


def _attributes(interface: Interface, space: str, among: list[str]) -> list[str]:
    of_space = [
        f"{last_name(schema.name)}: _builders.{'Dynamic' if schema.dynamic else ''}{kind}Builder"
        for kind, schemas in (("Class", own_classes(interface)), ("Enum", own_enums(interface)))
        for schema in schemas
        if space_of(schema.name) == space
    ]
    return [*of_space, *(f"{last_name(inner)}: {_space_class(inner)}" for inner in inside(space, among))]


def _space_class(space: str) -> str:
    return f"_Space_{flat(space)}"
