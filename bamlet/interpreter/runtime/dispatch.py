"""Methods of interfaces at run time: which function serves a value, told by its Python class."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ...types.ty import Ty
from ..facts.code_names import class_name
from ..facts.implementations import head_of
from .context import Context
from .media import MediaValue
from .values import EnumValue, FunctionValue, Handle, Opaque

Code = Callable[..., Any]

# Python classes of which one serves many kinds of values of the language, and where a value says which.
_SHARED: dict[type, Callable[[Any], str]] = {
    EnumValue: lambda value: value.enum,
    MediaValue: lambda value: value.kind,
    Handle: lambda value: value.kind,
    Opaque: lambda value: value.kind,
}


def dispatching(table: Mapping[Any, Code], place: int) -> dict[type, Code]:
    """The table by Python classes alone. A value that shares its class with other kinds is looked at once more: it
    is the argument at that place."""
    made: dict[type, Code] = {key: code for key, code in table.items() if isinstance(key, type)}
    named = {key: code for key, code in table.items() if isinstance(key, str)}
    if named:
        for shared, kind in _SHARED.items():
            made[shared] = lambda *given, kind=kind: named[kind(given[place])](*given)
    return made


def adapted(code: Code, adds_context: bool, adds_waiting: bool) -> Code:
    """The function as others of its table are called: with a context that it ignores, or awaited without need."""
    if not adds_waiting:
        return lambda _, *given: code(*given)
    if adds_context:

        async def waits(_: Any, *given: Any) -> Any:
            return code(*given)

        return waits

    async def also_waits(*given: Any) -> Any:
        return code(*given)

    return also_waits


_PYTHON: dict[str, type] = {
    "int": int,
    "float": float,
    "string": str,
    "bool": bool,
    "null": type(None),
    "[]": list,
    "map": dict,
    "->": FunctionValue,
}


def kind_of_type(namespace: Mapping[str, Any], target: Ty) -> Any:
    """The Python class of the values of a type, or the name of their kind where that shares one with others."""
    head = head_of(target) or ""
    return _PYTHON.get(head) or namespace.get(class_name(head)) or head


def implements(value: Any, kinds: frozenset[Any]) -> bool:
    kind = type(value)
    return kind in kinds or (kind in _SHARED and _SHARED[kind](value) in kinds)


async def call_method(context: Context[Any], name: str, value: Any, *given: Any) -> Any:
    """A method of an interface of the library, for which the program that runs may have classes of its own."""
    kind = type(value)
    function = context.space.methods[name][_SHARED[kind](value) if kind in _SHARED else kind]
    result = function.code(context, value, *given) if function.needs_context else function.code(value, *given)
    return await result if function.suspends else result
