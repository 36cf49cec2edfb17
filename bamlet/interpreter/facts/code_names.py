"""The global names of emitted code: a blank in each, so that no name of the language can reach one.

The runtime's own functions stand beside them under names that begin with a dollar, `runtime.vocabulary`.
"""

from __future__ import annotations

HOLE = "_hole_"  # how the name begins that a hole of a prompt has in its template


FUTURE = "baml.future.Future"  # of which every value of a `FutureTy` is


BYTES = "uint8array"  # the class of the library whose values are Python's bytes


def function_name(name: str) -> str:
    return f"fn {name}"


def showing_name(name: str) -> str:
    """The function once more, which shows on its way what it will give."""
    return f"show {name}"


def plain_name(name: str) -> str:
    """The function once more, for functions as arguments that never wait; see `emit.twins`."""
    return f"plain {name}"


def test_name(word: str, label: str) -> str:
    """The name of a test or testset as a function: with a blank in it, so that no program can call it."""
    return f"{word} {label}"


def prompt_name(function: str) -> str:
    """The function that works out what stands in the holes of another's prompt."""
    return f"prompt {function}"


def arguments_name(function: str) -> str:
    """The function that gives the arguments of a function of a model by name, those left out among them."""
    return f"arguments {function}"


def filled_for(name: str) -> str | None:
    """The function of a model whose arguments a function of this name gives."""
    function = name.removeprefix("arguments ")
    return None if function == name else function


def is_hidden(name: str) -> bool:
    """Whether a function is none that a program or a host calls by its name."""
    return " " in name


def is_testset(name: str) -> bool:
    return name.partition(" ")[0].rpartition(".")[2] == "testset"


def dispatch_name(method: str) -> str:
    """The table of a method of an interface, by Python class; also its key in the graph of calls."""
    return f"dispatch {method}"


def implementors_name(interface: str) -> str:
    return f"implementors {interface}"


def type_name(parameter: str) -> str:
    """The variable that holds what a type parameter is, in a function that looks at it."""
    return f"type {parameter}"


def class_name(name: str) -> str:
    return f"class {name}"


def enum_value_name(enum: str, member: str) -> str:
    return f"enum {enum}.{member}"


def constant_name(name: str) -> str:
    """Also the key of a constant wherever functions and constants stand in one table."""
    return f"let {name}"


def is_constant_name(name: str) -> bool:
    return name.startswith("let ")


# What values of a class hold beside their fields, which nobody sees who prints or compares one.
BODY = "__body__"  # the bytes of an answer that is no text
BESIDE = {"baml.http.Response": (BODY,)}

FINALISED = "__finalised__"  # an attribute of instances whose finaliser has been called
