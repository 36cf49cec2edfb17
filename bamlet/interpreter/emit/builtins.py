"""Builtins to Python expressions, each in the cheapest form that has its meaning. Those that call back are loops:
`builtin_loops` has them."""

from __future__ import annotations

import ast
from collections.abc import Callable

from ..facts.builtins import PRINT, THROWING
from ..facts.code_names import class_name
from .functions import operation
from .state import CONTEXT, Emitter, attribute, call, compare, load, rounds
from .texts import any_shows_itself, shown

Builtin = Callable[[Emitter, list[ast.expr]], ast.expr]


def _helper(name: str) -> Builtin:
    return lambda e, values: call(name, *values)


def _method(name: str) -> Builtin:
    return lambda e, values: ast.Call(attribute(values[0], name), values[1:], [])


def _field(name: str) -> Builtin:
    return lambda e, values: attribute(values[0], name)


def _contains(e: Emitter, values: list[ast.expr]) -> ast.expr:
    """`in` is four times as fast as a method, but reads what is looked for first."""
    container, part = values
    if all(isinstance(value, ast.Name | ast.Constant) for value in values):
        return compare(part, ast.In(), container)
    return ast.Call(attribute(container, "__contains__"), [part], [])


def _list_index(e: Emitter, values: list[ast.expr]) -> ast.expr:
    return call("$index_of", load("$equal"), *values)


def _list_includes(e: Emitter, values: list[ast.expr]) -> ast.expr:
    return compare(_list_index(e, values), ast.GtE(), ast.Constant(0))


def _slice(e: Emitter, values: list[ast.expr]) -> ast.expr:
    """Python's slices have the meaning wanted, negative ends included."""
    receiver, *ends = values
    lower, upper = ends if len(ends) == 2 else (ends[0], None)
    return ast.Subscript(receiver, ast.Slice(lower, upper), ast.Load())


def _backwards(e: Emitter, values: list[ast.expr]) -> ast.expr:
    return ast.Subscript(values[0], ast.Slice(None, None, ast.Constant(-1)), ast.Load())


def _join(e: Emitter, values: list[ast.expr]) -> ast.expr:
    """The receiver is evaluated first, as everywhere."""
    return call("$join", *values)


def _throwing(name: str, builtin: str) -> Builtin:
    """A helper that is handed the class of what it may throw."""
    return lambda e, values: call(name, load(class_name(THROWING[builtin])), *values)


def _of_kind(kind: str) -> Builtin:
    return lambda e, values: call("$is_ascii", *values, ast.Constant(kind))


def _walking(name: str) -> Builtin:
    """A helper that goes through a value of any size."""
    return lambda e, values: call(name, rounds(), *values)


_written = _walking("$unstable_string")
_place = _walking("$place_by_content")


def _joined(e: Emitter, values: list[ast.expr]) -> ast.expr:
    if any_shows_itself(e.unit):
        return call("$join_by", load(CONTEXT), *values)
    return call("$join2", rounds(), *values)


BUILTINS: dict[str, Builtin] = {
    "list.length": _helper("$len"),
    "list.push": _method("append"),
    "list.pop": _helper("$pop"),
    "list.shift": _helper("$shift"),
    "list.unshift": lambda e, values: ast.Call(attribute(values[0], "insert"), [ast.Constant(0), values[1]], []),
    "list.insert": _helper("$insert"),
    "list.remove_at": _helper("$remove_at"),
    "list.clear": _method("clear"),
    "list.concat": lambda e, values: ast.BinOp(values[0], ast.Add(), values[1]),
    "list.slice": _slice,
    "list.reverse": _backwards,
    "list.sort": _helper("$sort"),
    "list.join": _join,
    "list.includes": _list_includes,
    "list.index_of": _list_index,
    "list.at2": _helper("$at"),
    "list.push2": _helper("$push"),
    "list.unshift2": _helper("$unshift"),
    "list.insert2": _throwing("$insert2", "list.insert2"),
    "string_from_code_points": _throwing("$from_code_points", "string_from_code_points"),
    "list.remove_at2": _helper("$remove_at2"),
    "list.sort2": _helper("$sort2"),
    "list.index_of2": lambda e, values: call("$found_or_null", _place(e, values)),
    "list.includes2": lambda e, values: compare(_place(e, values), ast.GtE(), ast.Constant(0)),
    "list.join2": _joined,
    "map.set2": _helper("$set2"),
    "map.delete2": _helper("$delete2"),
    "string.index_of2": _helper("$find2"),
    "string.at": _helper("$at"),
    "string.is_empty": lambda e, values: compare(values[0], ast.Eq(), ast.Constant("")),
    "string.byte_length": _helper("$byte_length"),
    "string.is_ascii_numeric": _of_kind("numeric"),
    "string.is_ascii_alphabetic": _of_kind("alphabetic"),
    "string.is_ascii_alphanumeric": _of_kind("alphanumeric"),
    "string.is_ascii_whitespace": _of_kind("whitespace"),
    "string.last_index_of": _helper("$find_last"),
    "string_from": lambda e, values: shown(e, *values),
    "list.splice": _throwing("$splice", "list.splice"),
    "list.last_index_of": lambda e, values: call("$last_index_of", load("$equal"), *values),
    "list.sum": _helper("$sum"),
    "list.sum_of_floats": lambda e, values: call("$sum", *values, ast.Constant(0.0)),
    "Array_filled": _helper("$filled"),
    "string.code_point_at": _helper("$code_point_at"),
    "map.get_or_insert": _method("setdefault"),
    "int.abs": _helper("$abs"),
    "int.min": _helper("$minimum"),
    "int.max": _helper("$maximum"),
    "int.clamp": _helper("$clamp"),
    "int.pow": _helper("$power"),
    "float.abs": _helper("$abs"),
    "float.floor": _helper("$floor"),
    "float.ceil": _helper("$ceil"),
    "float.round": _helper("$round_number"),
    "float.is_nan": _helper("$is_nan"),
    "map.length": _helper("$len"),
    "map.has": _contains,
    "map.get": _method("get"),
    "map.set": _method("__setitem__"),
    "map.delete": _helper("$delete"),
    "map.clear": _method("clear"),
    "map.keys": _helper("$list"),
    "map.values": lambda e, values: call("$list", ast.Call(attribute(values[0], "values"), [], [])),
    "map.merge": lambda e, values: ast.BinOp(values[0], ast.BitOr(), values[1]),
    "string.length": _helper("$len"),
    "string.toLowerCase": _method("lower"),
    "string.toUpperCase": _method("upper"),
    "string.trim": _method("strip"),
    "string.to_utf8": _method("encode"),
    "string.trim_start": _method("lstrip"),
    "string.trim_end": _method("rstrip"),
    "string.includes": _contains,
    "string.startsWith": _method("startswith"),
    "string.endsWith": _method("endswith"),
    "string.index_of": _method("find"),
    "string.split": _helper("$split"),
    "string.chars": _helper("$list"),
    "string.lines": _helper("$lines"),
    "string.substring": _helper("$substring"),
    "string.slice": _slice,
    "string.replace": lambda e, values: ast.Call(
        attribute(values[0], "replace"), [*values[1:], ast.Constant(1)], []
    ),
    "string.replace_all": _helper("$replace_all"),
    "string.repeat": _helper("$repeat"),
    "string.reverse": _backwards,
    "string.pad_start": _helper("$pad_start"),
    "string.pad_end": _helper("$pad_end"),
    "string.to_int": _helper("$to_int"),
    "string.to_float": _helper("$to_float"),
    "media.as_url": _field("url"),
    "media.as_base64": _field("base64"),
    "media.as_file": _field("file"),
    "media.mime_type": _field("media_type"),
    "deep_copy": _walking("$deep_copy"),
    "deep_equals": _walking("$deep_equals"),
    "unstable_string": _walking("$unstable_string"),
    "math_abs": _helper("$abs"),
    "math_min": _helper("$minimum"),
    "math_max": _helper("$maximum"),
    "math_trunc": _helper("$trunc"),
    "math_floor": _helper("$floor"),
    "math_ceil": _helper("$ceil"),
    "math_round": _helper("$round_number"),
    "math_sqrt": _helper("$sqrt"),
    "math_pow": _helper("$pow"),
    "math_exp": _helper("$exp"),
    "math_log": _helper("$log"),
    "sys_panic": _helper("$panic"),
    "print": lambda e, values: operation(PRINT, [_written(e, values)]),
    "reveal": lambda e, values: values[0],
}
