"""What can be raised: thrown values, panics, bugs of ours and the host's stop; and what of it a `catch` sees."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from types import FrameType
from typing import Any

from ..facts.code_names import class_name
from ..facts.panics import NAMESPACE as PANICS
from .subscripts import out_of_bounds
from .values import Instance


class Thrown(Exception):
    """A value of the language on its way up. A `catch` of the language takes it, else the host sees it."""

    def __init__(self, value: Any) -> None:
        super().__init__(value)
        self.value = value


class Panic(Exception):
    """The program did what cannot be done. `kind` is the class of `baml.panics` by which a `catch` knows it.

    One that a `catch` took and that is thrown again keeps its `value`.
    """

    def __init__(self, message: str, kind: str = "UserPanic", value: Instance | None = None) -> None:
        super().__init__(message)
        self.kind = kind
        self.value = value


class Overspent(Panic):
    """What was done, or was to be, is more than a budget allows. `scope` is that budget, for who has set it."""

    def __init__(self, message: str, what: str, limit: float, scope: object) -> None:
        super().__init__(message, "OverBudget")
        self.what = what
        self.limit = limit
        self.scope = scope


class AssertionFailed(Panic):
    def __init__(self) -> None:
        super().__init__("assertion failed", "AssertionFailed")


class InternalError(Exception):
    """An invariant of ours broke. Nothing catches it, not even a `catch` of the language."""


class Cancelled(BaseException):
    """The host said stop while compiled code was running."""


# Python's own exceptions come from operators in emitted code. Those of stack and memory pass operations unchanged.
OF_PYTHON = (ZeroDivisionError, IndexError, KeyError, OverflowError, ValueError)
# What a `catch` of the language can take.
CATCHABLE = (Thrown, Panic, RecursionError, MemoryError, *OF_PYTHON)


def under_way(failure: BaseException) -> Iterator[BaseException]:
    """What the program itself was handling when this was raised, the nearest first.

    Python knows what was being handled; whoever took it first, its traceback begins with. What operations of ours
    handle inside is none of the program's business.
    """
    seen = {id(failure)}
    above = failure.__context__
    while above is not None and id(above) not in seen:
        seen.add(id(above))
        if (trace := above.__traceback__) is not None and is_of_program(trace.tb_frame):
            yield above
        above = above.__context__


def is_of_program(frame: FrameType) -> bool:
    """Whether it is one of emitted code."""
    return frame.f_globals.get("__name__") == "baml"


def prevail(failure: BaseException) -> None:
    """Raise what this has replaced in our caller, if it may not: the host's word to stop, a bug of ours."""
    here = sys._getframe(1)
    for above in under_way(failure):
        trace = above.__traceback__
        if not isinstance(above, CATCHABLE) and trace is not None and trace.tb_frame is here:
            raise above


def caught(namespace: Mapping[str, Any], failure: BaseException) -> Any:
    """The value that arrives at a `catch`, or at the host. `namespace` is that of compiled code."""
    if isinstance(failure, Thrown):
        return failure.value
    panic = as_panic(failure)
    if panic.value is not None:
        return panic.value
    return namespace[class_name(f"{PANICS}{panic.kind}")](str(panic))


def as_panic(failure: BaseException) -> Panic:
    """A failure of emitted code, other than a thrown value, as what it is to the language."""
    match failure:
        case Panic():
            return failure
        case ZeroDivisionError():
            return Panic("division by zero", "DivisionByZero")
        case IndexError():
            return Panic(out_of_bounds(failure), "IndexOutOfBounds")
        case KeyError():
            key = failure.args[0] if failure.args else ""
            return Panic(f"no such key in the map: {key}", "MapKeyNotFound")
        case RecursionError():
            return Panic("stack overflow", "StackOverflow")
        case MemoryError():
            return Panic("out of memory", "OutOfMemory")
        case ValueError() if "digits" in str(failure):
            return Panic("an integer of too many digits to be written", "InvalidNumber")
        case _:
            return Panic(str(failure), "InvalidNumber")


def thrown(value: Any) -> Exception:
    """What `throw` raises when the types do not tell whether the value is a panic that was caught before."""
    if isinstance(value, Instance) and value.__class_name__.startswith(PANICS):
        return Panic(getattr(value, "message"), value.__class_name__.removeprefix(PANICS), value)  # noqa: B009
    return Thrown(value)
