"""JSON: text to values and back, the operations of `baml.json`."""

from __future__ import annotations

import json
import math
from itertools import compress
from typing import Any, NoReturn

from ..interpreter.runtime.values import EnumValue, Instance
from ..interpreter.runtime.walking import Walk
from ..patterns import pattern
from .host import Context
from .registry import Failure, sysop

INDENT = 2
_MOST_DIGITS = 10**4300  # from here on Python writes no number
_HALF_CHARACTER = pattern(r"\\u[dD][89a-fA-F]")


@sysop("baml.json.parse_json", throws=("baml.json.JsonParseError",))
def parse_json(context: Context, text: str) -> Any:
    try:
        return parse(context, text)
    except Failure as failure:
        raise Failure("baml.json.JsonParseError", str(failure)) from failure


@sysop("baml.json.parse", throws=("InvalidArgument",))
def parse(context: Context, text: str) -> Any:
    try:
        value = json.loads(text, parse_constant=_no_constant, parse_float=_number)
        return _whole(value) if _HALF_CHARACTER.search(text) else value
    except json.JSONDecodeError as failure:
        where = f"line {failure.lineno}, column {failure.colno}"
        raise Failure("InvalidArgument", f"this is no JSON: {failure.msg} at {where}") from failure
    except RecursionError as failure:
        raise Failure("InvalidArgument", "this JSON is nested too deeply") from failure
    except ValueError as failure:  # a number of thousands of digits
        raise Failure("InvalidArgument", f"this is no JSON: {failure}") from failure


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"`{name}` is no number")


def _number(text: str) -> float:
    number = float(text)
    if math.isinf(number):
        raise ValueError(f"`{text}` is too large")
    return number


def _whole(value: Any) -> Any:
    """Half a character cannot be written anywhere: it becomes the sign for one that is not known."""
    match value:
        case str():
            return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        case list():
            return [_whole(item) for item in value]
        case dict():
            return {_whole(key): _whole(item) for key, item in value.items()}
        case _:
            return value


@sysop("baml.json.stringify", throws=("InvalidArgument",))
def stringify(context: Context, value: Any) -> str:
    return _written(context, value, indent=None, separators=(",", ":"))


@sysop("baml.json.pretty", throws=("InvalidArgument",))
def pretty(context: Context, value: Any) -> str:
    return _written(context, value, indent=INDENT, separators=(",", ": "))


def _written(context: Context, value: Any, indent: int | None, separators: tuple[str, str]) -> str:
    try:
        plain = _plain(value, Walk(context.rounds), indent or 0)
        encoder = json.JSONEncoder(ensure_ascii=False, indent=indent, separators=separators)
        return "".join(compress(encoder.iterencode(plain), context.rounds)) if indent else encoder.encode(plain)
    except RecursionError as failure:
        message = "a value that contains itself, or is nested too deeply, has no JSON"
        raise Failure("InvalidArgument", message) from failure
    except ValueError as failure:  # an int of thousands of digits
        raise Failure("InvalidArgument", f"this value has no JSON: {failure}") from failure


def _plain(value: Any, walk: Walk, pad: int) -> Any:
    """What `json` takes. `pad` are the blanks before each part of the value."""
    match value:
        case None | bool() | int() | float():
            walk.step(1)
            return None if isinstance(value, float) and not math.isfinite(value) else value
        case str():
            walk.step(2 + len(value))
            return value
        case list():
            walk.step(2 + (1 + pad) * len(value))
            return [_plain(item, walk, pad and pad + INDENT) for item in value]
        case dict():
            walk.step(2 + (4 + pad) * len(value) + sum(map(len, map(_key, value))))
            return {_key(key): _plain(item, walk, pad and pad + INDENT) for key, item in value.items()}
        case Instance():
            walk.step(2 + (4 + pad) * len(value.__fields__) + sum(map(len, value.__fields__)))
            return {name: _plain(getattr(value, name), walk, pad and pad + INDENT) for name in value.__fields__}
        case EnumValue():
            walk.step(len(value.name))
            return value.name
        case _:
            raise Failure("InvalidArgument", f"{value!r} has no JSON")


@sysop("baml.json.to_string", throws=("baml.json.JsonSerializationError",))
def to_string(context: Context, value: Any) -> str:
    try:
        plain = _by_alias(context, value, Walk(context.rounds))
        return _written(context, plain, indent=None, separators=(",", ":"))
    except RecursionError as failure:
        message = "a value that contains itself, or is nested too deeply, has no JSON"
        raise _unwritable(message, "$", "too_deep") from failure
    except Failure as failure:
        path, reason = _fault(value)
        raise _unwritable(str(failure), path, reason) from failure


def _unwritable(message: str, path: str, reason: str) -> Failure:
    return Failure("baml.json.JsonSerializationError", message, path=path, reason=reason)


def _fault(value: Any) -> tuple[str, str]:
    """Where something is that has no JSON, and of what kind it is; looked for when it is known to be there."""
    pending = [(value, "$")]
    seen: set[int] = set()
    while pending:
        part, path = pending.pop()
        if id(part) in seen:
            continue
        match part:
            case None | bool() | float() | str() | EnumValue():
                continue
            case int():
                if abs(part) >= _MOST_DIGITS:
                    return path, "number"
                continue
            case list():
                inside = [(item, f"{path}[{index}]") for index, item in enumerate(part)]
            case dict():
                inside = [(item, f"{path}.{_key(key)}") for key, item in part.items()]
            case Instance():
                inside = [(getattr(part, name), f"{path}.{name}") for name in part.__fields__]
            case _:
                return path, "unsupported"
        seen.add(id(part))
        pending += reversed(inside)
    return "$", "too_deep"


def _by_alias(context: Context, value: Any, walk: Walk) -> Any:
    walk.step(1)
    match value:
        case list():
            return [_by_alias(context, item, walk) for item in value]
        case dict():
            return {_key(key): _by_alias(context, item, walk) for key, item in value.items()}
        case Instance():
            schema = context.program.schemas.classes.get(value.__class_name__)
            names = {field.name: field.alias or field.name for field in schema.fields} if schema else {}
            return {
                names.get(name, name): _by_alias(context, getattr(value, name), walk) for name in value.__fields__
            }
        case _:
            return value


def _key(key: Any) -> str:
    return key.name if isinstance(key, EnumValue) else str(key)
