"""Methods and functions that the compiler knows by itself: their types here, their code in `emit`.

They are the ones that a `.baml` function cannot describe, because they are generic, or that would cost too much as
a call of one. T is what a list holds, K and V are a map's keys and values, U is what a function given to it makes.
"""

from __future__ import annotations

from typing import Literal

from ...records import dataclass, replace
from ...types.ty import (
    BOOL,
    FLOAT,
    INT,
    MEDIA,
    NEVER,
    NULL,
    STRING,
    UNKNOWN,
    ClassTy,
    FunctionTy,
    ListTy,
    MapTy,
    MediaTy,
    Ty,
    VariableTy,
    optional,
)
from ...types.variables import filled
from .code_names import BYTES
from .edition import Edition


@dataclass(frozen=True, slots=True)
class Builtin:
    """`name` is the key of the emitter's tables. Of the parameters only the first `required` must be given.

    `needs` is what the elements of a list, or the arguments of a function, must be.
    """

    name: str
    params: tuple[Ty, ...]
    result: Ty
    required: int
    needs: Literal["strings", "ordered", "numbers"] | None = None

    @property
    def calls_back(self) -> bool:
        """Whether it calls a function that is handed to it."""
        return any(isinstance(param, FunctionTy) for param in self.params)

    def over(self, found: dict[str, Ty]) -> Builtin:
        params = tuple(filled(param, found) for param in self.params)
        return replace(self, params=params, result=filled(self.result, found))


T, U, K, V, N = map(VariableTy, "TUKVN")


def _takes(
    *params: Ty, gives: Ty, required: int | None = None, needs: str | None = None, name: str = ""
) -> Builtin:
    return Builtin(name, params, gives, len(params) if required is None else required, needs)  # type: ignore[arg-type]


def _from(item: Ty, *, to: Ty) -> FunctionTy:
    return FunctionTy((item,), to)


_TESTS = _from(T, to=BOOL)

_LIST = {
    "length": _takes(gives=INT),
    "at": _takes(INT, gives=T),
    "push": _takes(T, gives=NULL),
    "pop": _takes(gives=optional(T)),
    "shift": _takes(gives=optional(T)),
    "unshift": _takes(T, gives=NULL),
    "insert": _takes(INT, T, gives=NULL),
    "remove_at": _takes(INT, gives=T),
    "clear": _takes(gives=NULL),
    "concat": _takes(ListTy(T), gives=ListTy(T)),
    "slice": _takes(INT, INT, gives=ListTy(T), required=1),
    "reverse": _takes(gives=ListTy(T)),
    "sort": _takes(gives=ListTy(T), needs="ordered"),
    "join": _takes(STRING, gives=STRING, needs="strings"),
    "includes": _takes(T, gives=BOOL),
    "index_of": _takes(T, gives=INT),
    "map": _takes(_from(T, to=U), gives=ListTy(U)),
    "filter_map": _takes(_from(T, to=U), gives=ListTy(U)),  # without null
    "flat_map": _takes(_from(T, to=ListTy(U)), gives=ListTy(U)),
    "filter": _takes(_TESTS, gives=ListTy(T)),
    "find": _takes(_TESTS, gives=optional(T)),
    "find_index": _takes(_TESTS, gives=INT),
    "some": _takes(_TESTS, gives=BOOL),
    "every": _takes(_TESTS, gives=BOOL),
    "sort_by": _takes(_from(T, to=U), gives=ListTy(T), needs="ordered"),
    "sort_by_key": _takes(_from(T, to=U), gives=ListTy(T), needs="ordered", name="list.sort_by"),
    "reduce": _takes(FunctionTy((U, T), U), U, gives=U),
    "for_each": _takes(_from(T, to=UNKNOWN), gives=NULL),
    "find_last": _takes(_TESTS, gives=optional(T)),
    "find_last_index": _takes(_TESTS, gives=optional(INT)),
    "splice": _takes(INT, INT, ListTy(T), gives=NULL),
    "last_index_of": _takes(T, gives=optional(INT)),
    "sum": _takes(gives=T, needs="numbers"),
}

_MAP = {
    "length": _takes(gives=INT),
    "has": _takes(K, gives=BOOL),
    "get": _takes(K, gives=optional(V)),
    "set": _takes(K, V, gives=NULL),
    "delete": _takes(K, gives=BOOL),
    "get_or_insert": _takes(K, V, gives=V),
    "clear": _takes(gives=NULL),
    "keys": _takes(gives=ListTy(K)),
    "values": _takes(gives=ListTy(V)),
    "merge": _takes(MapTy(K, V), gives=MapTy(K, V)),
    "map": _takes(FunctionTy((K, V), U), gives=ListTy(U)),
    "map_values": _takes(_from(V, to=U), gives=MapTy(K, U)),
    "filter": _takes(FunctionTy((K, V), BOOL), gives=MapTy(K, V)),
}

_STRING = {
    "length": _takes(gives=INT),
    "toLowerCase": _takes(gives=STRING),
    "toUpperCase": _takes(gives=STRING),
    "trim": _takes(gives=STRING),
    "trim_start": _takes(gives=STRING),
    "trim_end": _takes(gives=STRING),
    "includes": _takes(STRING, gives=BOOL),
    "startsWith": _takes(STRING, gives=BOOL),
    "endsWith": _takes(STRING, gives=BOOL),
    "index_of": _takes(STRING, gives=INT),
    "split": _takes(STRING, gives=ListTy(STRING)),
    "chars": _takes(gives=ListTy(STRING)),
    "lines": _takes(gives=ListTy(STRING)),
    "substring": _takes(INT, INT, gives=STRING),
    "slice": _takes(INT, INT, gives=STRING, required=1),
    "replace": _takes(STRING, STRING, gives=STRING),
    "replace_all": _takes(STRING, STRING, gives=STRING),
    "repeat": _takes(INT, gives=STRING),
    "reverse": _takes(gives=STRING),
    "pad_start": _takes(INT, STRING, gives=STRING, required=1),
    "pad_end": _takes(INT, STRING, gives=STRING, required=1),
    "to_int": _takes(gives=optional(INT)),
    "to_float": _takes(gives=optional(FLOAT)),
    "at": _takes(INT, gives=optional(STRING)),
    "char_at": _takes(INT, gives=STRING),
    "code_point_at": _takes(INT, gives=optional(INT)),
    "is_empty": _takes(gives=BOOL),
    "byte_length": _takes(gives=INT),
    "is_ascii_numeric": _takes(gives=BOOL),
    "is_ascii_alphabetic": _takes(gives=BOOL),
    "is_ascii_alphanumeric": _takes(gives=BOOL),
    "is_ascii_whitespace": _takes(gives=BOOL),
    "last_index_of": _takes(STRING, gives=optional(INT)),
    # What the second edition calls them; both know both.
    "to_lower_case": _takes(gives=STRING, name="string.toLowerCase"),
    "to_upper_case": _takes(gives=STRING, name="string.toUpperCase"),
    "starts_with": _takes(STRING, gives=BOOL, name="string.startsWith"),
    "ends_with": _takes(STRING, gives=BOOL, name="string.endsWith"),
    "to_utf8": _takes(gives=ClassTy(BYTES)),
    "char_count": _takes(gives=INT, name="string.length"),
}

_INT = {
    "abs": _takes(gives=INT),
    "min": _takes(INT, gives=INT),
    "max": _takes(INT, gives=INT),
    "clamp": _takes(INT, INT, gives=INT),
    "pow": _takes(INT, gives=INT),
}

_FLOAT = {
    "abs": _takes(gives=FLOAT),
    "floor": _takes(gives=INT),
    "ceil": _takes(gives=INT),
    "round": _takes(gives=INT),
    "is_nan": _takes(gives=BOOL),
}

# What means something else in the second edition: what is not there is null, and what changes tells what it was.
_LATER = {
    "list": {
        "at": _takes(INT, gives=optional(T)),
        "push": _takes(T, gives=INT),
        "unshift": _takes(T, gives=INT),
        "insert": _takes(T, INT, gives=INT),
        "remove_at": _takes(INT, gives=optional(T)),
        "sort": _takes(gives=ListTy(T), needs="ordered"),
        "sort_by": _takes(FunctionTy((T, T), INT), gives=ListTy(T)),
        "sort_by_key": _takes(_from(T, to=U), gives=ListTy(T), needs="ordered"),
        "index_of": _takes(T, gives=optional(INT)),
        "find_index": _takes(_TESTS, gives=optional(INT)),
        "includes": _takes(T, gives=BOOL),
        "join": _takes(STRING, gives=STRING),
    },
    "map": {
        "set": _takes(K, V, gives=optional(V)),
        "delete": _takes(K, gives=optional(V)),
    },
    "string": {
        "index_of": _takes(STRING, gives=optional(INT)),
    },
    "media": {},
}

_MEDIA = dict.fromkeys(("as_url", "as_base64", "as_file", "mime_type"), _takes(gives=optional(STRING)))

# Of each kind of value: its methods, and the name of the kind in the other spelling, `baml.Array.length(xs)`.
_KINDS = {
    "list": (_LIST, "Array"),
    "map": (_MAP, "Map"),
    "string": (_STRING, "String"),
    "media": (_MEDIA, None),
    "int": (_INT, None),
    "float": (_FLOAT, None),
}

_NAMED = {
    kind: {name: replace(signature, name=signature.name or f"{kind}.{name}") for name, signature in table.items()}
    for kind, (table, _) in _KINDS.items()
}
_NAMED_LATER = {
    kind: {name: replace(signature, name=f"{kind}.{name}2") for name, signature in table.items()}
    for kind, table in _LATER.items()
}
_TO_STRING = _takes(gives=STRING, name="string_from")  # of every value


def method(receiver: Ty, name: str, edition: Edition = 1) -> Builtin | None:
    """The builtin method of a type without attributes, if it has one of that name."""
    kind, found = _kind(receiver)
    builtin = _NAMED_LATER.get(kind, {}).get(name) if edition == 2 else None
    builtin = builtin or _NAMED.get(kind, {}).get(name)
    if builtin is None and name == "to_string" and edition == 2:
        return _TO_STRING
    if builtin is not None and builtin.name == "list.sum" and found["T"] == FLOAT:
        builtin = replace(builtin, name="list.sum_of_floats")  # that of none is 0.0
    return builtin.over(found) if builtin is not None and found else builtin


def method_names(receiver: Ty) -> list[str]:
    return list(_NAMED.get(_kind(receiver)[0], ()))


def _kind(receiver: Ty) -> tuple[str, dict[str, Ty]]:
    match receiver:
        case ListTy(item=item):
            return "list", {"T": item}
        case MapTy(key=key, value=value):
            return "map", {"K": key, "V": value}
        case MediaTy():
            return "media", {}
        case _:
            return _SCALARS.get(receiver, ""), {}


_SCALARS: dict[Ty, str] = {STRING: "string", INT: "int", FLOAT: "float"}

METHODS: dict[str, str] = {
    f"baml.{space}.{name}": builtin.name
    for kind, (_, space) in _KINDS.items()
    if space
    for name, builtin in _NAMED[kind].items()
}

_BY_NAME = [
    builtin for tables in (_NAMED, _NAMED_LATER) for table in tables.values() for builtin in table.values()
]

# Those that call nothing back change no field of any object, whatever they are called on.
HARMLESS_METHODS = {name.rpartition(".")[2] for name in METHODS} - {
    name for table in _NAMED.values() for name, builtin in table.items() if builtin.calls_back
}

# Methods that run a function of the program once for each element.
CALLING_BACK = frozenset(builtin.name for builtin in _BY_NAME if builtin.calls_back)

SHRINKING = frozenset({"list.pop", "list.shift", "list.splice", "list.remove_at", "list.remove_at2", "list.clear"})

# What a builtin may throw beside what it calls back: classes of the library.
THROWING = dict.fromkeys(("list.insert2", "list.splice", "string_from_code_points"), "baml.errors.InvalidArgument")

PRINT = "baml.sys.print"  # the operation behind `print`
START, WAIT = "baml.future.start", "baml.future.wait"  # behind `spawn` and `await`
FINISH = "baml.future.finish"  # behind a `defer` that waits
CHECK_ARGUMENTS = (
    "baml.llm.check_arguments"  # with which a function begins that asserts something of its parameters
)

FUNCTIONS: dict[str, Builtin] = {
    path: replace(signature, name=signature.name or path.removeprefix("baml.").replace(".", "_"))
    for path, signature in {
        "baml.deep_copy": _takes(T, gives=T),
        "baml.deep_equals": _takes(UNKNOWN, UNKNOWN, gives=BOOL),
        "baml.unstable.string": _takes(UNKNOWN, gives=STRING),
        "string.from": _takes(UNKNOWN, gives=STRING),
        "baml.Array.filled": _takes(INT, T, gives=ListTy(T)),
        "string.from_code_points": _takes(ListTy(INT), gives=STRING),
        "baml.String.from": _takes(UNKNOWN, gives=STRING, name="string_from"),
        "baml.math.abs": _takes(N, gives=N, needs="numbers"),
        "baml.math.min": _takes(N, N, gives=N, needs="numbers"),
        "baml.math.max": _takes(N, N, gives=N, needs="numbers"),
        "baml.math.trunc": _takes(FLOAT, gives=INT),
        "baml.math.floor": _takes(FLOAT, gives=INT),
        "baml.math.ceil": _takes(FLOAT, gives=INT),
        "baml.math.round": _takes(FLOAT, gives=INT),
        "baml.math.sqrt": _takes(FLOAT, gives=FLOAT),
        "baml.math.pow": _takes(FLOAT, FLOAT, gives=FLOAT),
        "baml.math.exp": _takes(FLOAT, gives=FLOAT),
        "baml.math.log": _takes(FLOAT, gives=FLOAT),
        "baml.sys.panic": _takes(STRING, gives=NEVER),
        "print": _takes(UNKNOWN, gives=NULL),
        "reveal": _takes(T, gives=T),
    }.items()
}

# Which go through a value with all that it holds, to write, compare or copy it.
WALKING = {
    *("deep_copy", "deep_equals", "list.includes2", "list.index_of2"),
    *("list.join2", "print", "string_from", "unstable_string"),
}

# Other spellings of functions of the library.
SAME_FUNCTION = {
    "baml.Int.parse": "int.parse",
    "baml.Float.parse": "float.parse",
    "Array.filled": "baml.Array.filled",
    "baml.env.get": "env.get",
    "baml.env.get_or_panic": "env.get_or_panic",
}

# Functions of the library whose defaults may be given by position, too.
BY_POSITION = frozenset(
    {"baml.sys.shell", "baml.sys.exec", "baml.io.input", "baml.fs.open", "baml.fs.mkdir"}
    | {f"{kind}.{function}" for kind in MEDIA for function in ("from_url", "from_base64", "from_file")}
)

# Whose result is a list or a map that nobody else holds.
FRESH = {
    "deep_copy",
    *("string.split", "string.chars", "string.lines"),
    *(
        "list.concat",
        "list.filter",
        "list.filter_map",
        "list.flat_map",
        "list.map",
        "list.reverse",
        "list.slice",
        "list.sort",
    ),
    "list.sort_by",
    *("map.filter", "map.keys", "map.map", "map.map_values", "map.merge", "map.values"),
}
