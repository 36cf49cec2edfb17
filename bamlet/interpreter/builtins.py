"""Methods and functions that the compiler knows by itself: their types here, their code in `emit`.

They are the ones that a `.baml` stub cannot describe, because they are generic, or that would cost too much as
a call of a native operation.
"""

from __future__ import annotations

from dataclasses import dataclass

from ..types.ty import BOOL, FLOAT, INT, NEVER, NULL, STRING, UNKNOWN, ListTy, MapTy, MediaTy, Ty, optional


@dataclass(frozen=True, slots=True)
class Builtin:
    """`name` is the key of the emitter's table."""

    name: str
    params: tuple[Ty, ...]
    result: Ty


def method(receiver: Ty, name: str) -> Builtin | None:
    """The builtin method of a type without attributes, if it has one of that name."""
    return _methods(receiver).get(name)


def method_names(receiver: Ty) -> list[str]:
    return list(_methods(receiver))


def _methods(receiver: Ty) -> dict[str, Builtin]:
    match receiver:
        case ListTy(item=item):
            table = {
                "length": ((), INT),
                "push": ((item,), NULL),
                "at": ((INT,), item),
                "concat": ((receiver,), receiver),
            }
            return _table("list", table)
        case MapTy(key=key):
            return _table("map", {"length": ((), INT), "has": ((key,), BOOL)})
        case MediaTy():
            text = optional(STRING)
            names = ("as_url", "as_base64", "as_file", "mime_type")
            return _table("media", dict.fromkeys(names, ((), text)))
        case _ if receiver == STRING:
            return _STRING
        case _:
            return {}


def _table(family: str, rows: dict[str, tuple[tuple[Ty, ...], Ty]]) -> dict[str, Builtin]:
    return {name: Builtin(f"{family}.{name}", params, result) for name, (params, result) in rows.items()}


_STRING = _table(
    "string",
    {
        "length": ((), INT),
        "toLowerCase": ((), STRING),
        "toUpperCase": ((), STRING),
        "trim": ((), STRING),
        "includes": ((STRING,), BOOL),
        "startsWith": ((STRING,), BOOL),
        "endsWith": ((STRING,), BOOL),
        "split": ((STRING,), ListTy(STRING)),
        "substring": ((INT, INT), STRING),
        "replace": ((STRING, STRING), STRING),
    },
)

# The other spelling of a method: `baml.Array.length(xs)` is `xs.length()`.
METHODS: dict[str, str] = {
    f"baml.{space}.{name}": builtin.name
    for space, table in (
        ("Array", _methods(ListTy(UNKNOWN))),
        ("Map", _methods(MapTy(STRING, UNKNOWN))),
        ("String", _STRING),
    )
    for name, builtin in table.items()
}

METHOD_NAMES = {name.rpartition(".")[2] for name in METHODS.values()}

# Free functions. Where the result is UNKNOWN here and the first parameter too, the result has the type of the
# first argument (`deep_copy`).
FUNCTIONS: dict[str, Builtin] = {
    "baml.deep_copy": Builtin("deep_copy", (UNKNOWN,), UNKNOWN),
    "baml.deep_equals": Builtin("deep_equals", (UNKNOWN, UNKNOWN), BOOL),
    "baml.unstable.string": Builtin("unstable_string", (UNKNOWN,), STRING),
    "baml.math.trunc": Builtin("trunc", (FLOAT,), INT),
    "baml.sys.panic": Builtin("panic", (STRING,), NEVER),
    "reveal": Builtin("reveal", (UNKNOWN,), UNKNOWN),
}
# Whose result is a list or a map that nobody else holds.
FRESH = {
    "deep_copy",
    "string.split",
    *("list.concat", "list.filter", "list.flat_map", "list.map", "list.slice", "list.sort_by"),
    *("map.keys", "map.values"),
}
SAME_AS_ARGUMENT = {"deep_copy", "reveal"}
