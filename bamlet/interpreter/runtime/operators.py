"""The operators whose meaning is not Python's, for the types that do not decide.

Integers are Python's: exact, of any size, never wrapping. Division truncates, only null and false are falsy,
equality does not cross kinds, and an index never counts from the end.
"""

from __future__ import annotations

import math
from typing import Any

from ..facts.code_names import BYTES
from .failures import Panic
from .media import MediaValue
from .subscripts import described
from .values import EnumValue, Handle, Instance, Opaque


def equal(left: Any, right: Any) -> bool:
    """`==` where the types do not decide: numbers, strings, bools and null by value, the rest by identity."""
    kind, other = type(left), type(right)
    if kind is bool or other is bool:
        return left is right
    if kind in _NUMBERS and other in _NUMBERS:
        return bool(left == right)
    if kind is str:
        return other is str and bool(left == right)
    return left is right


_NUMBERS = (int, float)


def divide(left: Any, right: Any) -> Any:
    """Truncating for two ints, exact otherwise."""
    if type(left) is int and type(right) is int:
        return -(-left // right) if (left < 0) != (right < 0) else left // right
    return left / right


def remainder(left: Any, right: Any) -> Any:
    """The sign is that of the dividend; a float by zero is not a number."""
    if type(left) is int and type(right) is int:
        return left % abs(right) if left >= 0 else -(-left % abs(right))
    if right == 0 or math.isinf(left):
        return math.nan
    return math.fmod(left, right)


MAX_BITS = 1_000_000  # of an int; a product of two of that size takes 10 ms
_MOST = 1 << MAX_BITS


def large(product: Any) -> Any:
    """Called for a product beyond the limit, which may also be a float that is infinite or not a number."""
    if type(product) is int:
        raise Panic(f"an integer of more than {MAX_BITS:,} bits", "InvalidNumber")
    return product


def shift_left(number: int, by: int) -> int:
    return number << by if number.bit_length() + by <= MAX_BITS else large(_MOST)


def wrong_index(held: Any, index: int) -> int:
    """Called for a negative index, which Python would take from the end."""
    raise Panic(described(held, index), "IndexOutOfBounds")


def widen(value: Any) -> Any:
    """An int on its way into a float's place becomes one; what else can stand there stays."""
    return float(value) if type(value) is int else value


def panic(message: str) -> Any:
    raise Panic(message)


def unreachable(*values: Any) -> Any:
    """Called where the checker saw that no value can arrive."""
    raise Panic("a value has come where none can come", "Unreachable")


def unmatched() -> Any:
    """Called where no arm of a match takes the value, which checked types rule out."""
    raise Panic("no arm of the match fits", "Unreachable")


def type_is(value: Any, kind: str, name: str) -> bool:
    """Type tests that one Python expression cannot make: of enums, media, partial values, opaque handles."""
    if kind == "enum":
        return isinstance(value, EnumValue) and value.enum == name
    if kind == "media":
        return isinstance(value, MediaValue) and value.kind == name
    if kind == "partial":
        return isinstance(value, Instance) and value.__class_name__ == name
    if name == BYTES:
        return isinstance(value, bytes)
    return isinstance(value, Handle | Opaque) and value.kind == name
