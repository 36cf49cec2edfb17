"""The module `type_builder` of a package: bamlet's builder, with the types of the program as attributes."""

from __future__ import annotations

from ..client.package import GLOBALS
from ..interpreter.facts.interface import Interface
from .spaces import own_classes, own_enums

# What every builder has; a class of such a name is found by `class_builder`.
TAKEN = frozenset(
    "add_baml add_class add_enum applied_to bool class_builder enum_builder float int list literal_bool "
    "literal_int literal_string map null reset schemas string union".split()
)

_HEAD = f'''"""Types that are made at run time."""

from __future__ import annotations

from bamlet.baml_py import type_builder as _builders

from .globals import (
    {GLOBALS} as _PACKAGE,
)


class TypeBuilder(_builders.DeclaredTypeBuilder):
    """Classes and enums of the program are attributes; those that are `@@dynamic` take more."""

    def __init__(self) -> None:
        super().__init__(lambda: _PACKAGE.program)
'''


def type_builder_file(interface: Interface) -> str:
    lines = [
        f"    {schema.name}: _builders.{'Dynamic' if schema.dynamic else ''}{kind}Builder"
        for kind, schemas in (("Class", own_classes(interface)), ("Enum", own_enums(interface)))
        for schema in schemas
        if schema.name not in TAKEN and "." not in schema.name
    ]
    return _HEAD + "".join(f"{line}\n" for line in ["", *lines] if lines)
