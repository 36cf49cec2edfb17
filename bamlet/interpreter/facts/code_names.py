"""The global names of emitted code: a blank in each, so that no name of the language can reach one.

The runtime's own functions stand beside them under names that begin with a dollar, `runtime.vocabulary`.
"""

from __future__ import annotations


def function_name(name: str) -> str:
    return f"fn {name}"


def class_name(name: str) -> str:
    return f"class {name}"


def enum_value_name(enum: str, member: str) -> str:
    return f"enum {enum}.{member}"


def constant_name(name: str) -> str:
    """Also the key of a constant wherever functions and constants stand in one table."""
    return f"let {name}"


def is_constant_name(name: str) -> bool:
    return name.startswith("let ")
