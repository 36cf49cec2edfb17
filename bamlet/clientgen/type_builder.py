"""The module `type_builder` of a package: bamlet's builder, with the types of the program as attributes."""

from __future__ import annotations

from ..interpreter.facts.interface import Interface


def type_builder_file(interface: Interface) -> str:
    return '"""Types that are made at run time."""\n'
