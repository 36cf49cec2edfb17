"""What compiled code and native operations share: the call's context, what can be raised, and the operators whose
meaning is not Python's.

Integers are Python's: exact, of any size, never wrapping. Division truncates, only null and false are falsy,
equality does not cross kinds, and an index never counts from the end.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from itertools import chain, compress, islice, repeat
from typing import Any, cast

from ..facts.interface import EnvRef, Interface
from ..facts.panics import NAMESPACE as PANICS
from .media import MediaKind, MediaValue
from .space import ValueSpace
from .values import EnumValue, FunctionValue, Handle, Instance, Opaque, instance_from_fields, parts, to_plain

__all__ = [
    "AssertionFailed",
    "Cancelled",
    "Context",
    "EnumValue",
    "EnvRef",
    "FunctionValue",
    "Handle",
    "Instance",
    "Interface",
    "InternalError",
    "MediaKind",
    "MediaValue",
    "Opaque",
    "Panic",
    "Thrown",
    "ValueSpace",
    "to_plain",
]


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


class AssertionFailed(Panic):
    def __init__(self) -> None:
        super().__init__("assertion failed", "AssertionFailed")


class InternalError(Exception):
    """An invariant of ours broke. Nothing catches it, not even a `catch` of the language."""


class Cancelled(BaseException):
    """The host said stop while compiled code was running."""


class Context:
    """What one call carries through compiled code to the native operations.

    `invoke` is the only way out: every act that the program does not determine goes through it. `host` belongs
    to the operations. `constants` has the values of those constants that a program can change, by name.

    `look` is asked now and then by all loops together, says how many rounds may pass until it is asked again,
    and raises to stop the call. `calls` is None while nothing but the end of the program can end its recursion;
    else it is called before each call that may multiply, and raises to stop.

    Tasks that run at once have a context each, `branches` of the one that started them.
    """

    __slots__ = ("branches", "calls", "constants", "host", "invoke", "program", "rounds", "space")

    def __init__(
        self,
        invoke: Callable[..., Any],
        program: Interface,
        space: ValueSpace,
        host: Any,
        look: Callable[[], int],
    ) -> None:
        self.invoke = invoke
        self.program = program
        self.space = space
        self.host = host
        self.constants: dict[str, Any] = {}
        self.rounds = rounds(look)
        self.calls: Callable[[], bool] | None = None
        self.branches: list[Context] = []

    def branch(self, host: Any) -> Context:
        """The same for a task of its own."""
        made = Context.__new__(Context)
        made.invoke, made.program, made.space, made.host = self.invoke, self.program, self.space, host
        made.constants, made.rounds, made.calls, made.branches = self.constants, self.rounds, self.calls, []
        self.branches.append(made)
        return made

    def refuse_calls(self, refuse: Callable[[], bool]) -> None:
        self.calls = refuse
        for branch in list(self.branches):
            branch.refuse_calls(refuse)


# --- loops

POLL_EVERY = 4096  # rounds between two looks, at most; a look costs 60 ns, so the loop does not notice
SHORT = 16  # elements of a list over which a loop is one round


def rounds(look: Callable[[], int]) -> Iterator[bool]:
    """True for ever, and a look between: all loops of a call run over one such iterator.

    All rounds but those with a look run in C: cheaper than a `while` with a test of its own.
    """
    return chain.from_iterable(map(_TRUE, iter(look, None)))


_TRUE = partial(repeat, True)


def each(rounds: Iterator[bool], items: list[Any]) -> Iterator[Any]:
    """The elements that the list has now; what the body appends is not visited.

    Each takes a round, but those of a short list take one together: most lists are short, and counting dear.
    """
    return _first(rounds, iter(items), len(items))


def each_still(rounds: Iterator[bool], items: list[Any]) -> Iterator[Any]:
    """The same where the body may take elements away, which is a panic. A short loop takes twice the time."""
    reading = iter(items)
    return chain(_first(rounds, reading, len(items)), _none_missing(reading, len(items)))


def _first(rounds: Iterator[bool], reading: Iterator[Any], count: int) -> Iterator[Any]:
    if count > SHORT:
        return compress(islice(reading, count), rounds)
    next(rounds, None)
    return islice(reading, count)


def _none_missing(reading: Iterator[Any], count: int) -> Iterator[Any]:
    """Yields nothing. An iterator that has tried to read behind the end of its list has let go of it."""
    if count and len(cast(tuple[Any, ...], reading.__reduce__())) < 3:
        raise Panic("index out of bounds: the list became shorter in a loop over it", "IndexOutOfBounds")
    yield from ()


def constant(name: str, make: Callable[..., Any]) -> Callable[[Context], Any]:
    """A constant that a program can change: evaluated when a call first uses it, one object in that call."""

    def read(context: Context) -> Any:
        if name not in context.constants:
            context.constants[name] = make(context)
        return context.constants[name]

    return read


# --- operators


def is_true(value: object) -> bool:
    return value is not None and value is not False


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


def wrong_index(index: int) -> int:
    """Called for a negative index, which Python would take from the end."""
    raise Panic(f"index out of bounds: {index}", "IndexOutOfBounds")


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


# --- whole values


def deep_equals(left: Any, right: Any) -> bool:
    """Equality by content, of any depth: not-a-number equals itself, instances need the same class.

    Two that contain themselves are equal when no way into both of them finds a difference.
    """
    pending = [(left, right)]
    seen: set[tuple[int, int]] = set()
    while pending:
        a, b = pending.pop()
        if a is b or (id(a), id(b)) in seen:
            continue
        if isinstance(a, list | dict | Instance):
            seen.add((id(a), id(b)))
        match a, b:
            case list(), list() if len(a) == len(b):
                pending += zip(a, b, strict=True)
            case dict(), dict() if a.keys() == b.keys():
                pending += ((a[key], b[key]) for key in a)
            case Instance(), Instance() if type(a) is type(b):
                pending += ((getattr(a, name), getattr(b, name)) for name in a.__fields__)
            case float(), float() if a != a and b != b:
                continue
            case _ if not equal(a, b):
                return False
    return True


def deep_copy(value: Any) -> Any:
    """A copy that shares no list, map or instance with the original. What occurs twice is copied once."""
    copies: dict[int, Any] = {}
    pending: list[Any] = [value]
    while pending:
        original = pending.pop()
        if id(original) in copies or not isinstance(original, list | dict | Instance):
            continue
        kind: Any = type(original)
        copies[id(original)] = kind.__new__(kind)
        pending += parts(original)
    for original in _reached(value):
        _fill(copies, original)
    return copies.get(id(value), value)


def _reached(value: Any) -> Iterator[Any]:
    seen: set[int] = set()
    pending = [value]
    while pending:
        current = pending.pop()
        if id(current) in seen or not isinstance(current, list | dict | Instance):
            continue
        seen.add(id(current))
        yield current
        pending += parts(current)


def _fill(copies: dict[int, Any], original: Any) -> None:
    copy = copies[id(original)]
    match original:
        case list():
            copy.extend(copies.get(id(item), item) for item in original)
        case dict():
            copy.update((key, copies.get(id(item), item)) for key, item in original.items())
        case Instance():
            for name in original.__fields__:
                item = getattr(original, name)
                setattr(copy, name, copies.get(id(item), item))


def copied(value: Any, copies: dict[int, Any] | None = None) -> Any:
    """A list or a map that was looked into, with what lies in it, for one who trusts what was seen."""
    copies = {} if copies is None else copies
    kind = type(value)
    if (kind is not list and kind is not dict) or id(value) in copies:
        return copies.get(id(value), value)
    copy: Any = kind()
    copies[id(value)] = copy
    if kind is list:
        copy.extend(copied(item, copies) for item in value)
    else:
        copy.update((key, copied(item, copies)) for key, item in value.items())
    return copy


def unstable_string(value: Any) -> str:
    """A value for a debugging eye: strings bare at the top, quoted inside, and dots for what contains them."""
    return value if isinstance(value, str) else _debug(value, 0, frozenset())


def _debug(value: Any, depth: int, above: frozenset[int]) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case str():
            return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
        case list() | dict() | Instance():
            return "..." if id(value) in above else _debug_inside(value, depth, above | {id(value)})
        case EnumValue():
            return f"{value.enum}.{value.name}"
        case _:
            return repr(value)


def _debug_inside(value: list[Any] | dict[Any, Any] | Instance, depth: int, above: frozenset[int]) -> str:
    match value:
        case list():
            return "[" + ", ".join(_debug(item, depth, above) for item in value) + "]"
        case dict():
            rows = (f"{_debug(key, depth, above)}: {_debug(item, depth, above)}" for key, item in value.items())
            return "{" + ", ".join(rows) + "}"
        case Instance():
            pad = "    " * depth
            fields = ((name, _debug(getattr(value, name), depth + 1, above)) for name in value.__fields__)
            lines = "".join(f"{pad}    {name}: {shown},\n" for name, shown in fields)
            return f"{value.__class_name__} {{\n{lines}{pad}}}"


def spread(cls: type[Instance], *entries: tuple[str, Any]) -> Instance:
    """A constructor with spreads: an entry with an empty name is the source of all fields. Later ones win."""
    fields: dict[str, Any] = {}
    for name, value in entries:
        if name:
            fields[name] = value
        else:
            fields.update((field, getattr(value, field)) for field in value.__fields__)
    return instance_from_fields(cls, fields)


# --- throwing and calling

# What a `catch` of the language can take. Python's own exceptions come from operators in emitted code.
CATCHABLE = (
    Thrown,
    Panic,
    ZeroDivisionError,
    IndexError,
    KeyError,
    RecursionError,
    MemoryError,
    OverflowError,
    ValueError,
)


def caught(namespace: Mapping[str, Any], failure: BaseException) -> Any:
    """The value that arrives at a `catch`, or at the host. `namespace` is that of compiled code."""
    if isinstance(failure, Thrown):
        return failure.value
    panic = as_panic(failure)
    if panic.value is not None:
        return panic.value
    return namespace[f"class {PANICS}{panic.kind}"](str(panic))


def as_panic(failure: BaseException) -> Panic:
    """A failure of emitted code, other than a thrown value, as what it is to the language."""
    match failure:
        case Panic():
            return failure
        case ZeroDivisionError():
            return Panic("division by zero", "DivisionByZero")
        case IndexError():
            return Panic("index out of bounds", "IndexOutOfBounds")
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


def type_is(value: Any, kind: str, name: str) -> bool:
    """Type tests that one Python expression cannot make: enums, media, and handles of opaque classes."""
    if kind == "enum":
        return isinstance(value, EnumValue) and value.enum == name
    if kind == "media":
        return isinstance(value, MediaValue) and value.kind == name
    return isinstance(value, Handle | Opaque) and value.kind == name


def operation_value(name: str, suspends: bool) -> FunctionValue:
    """A native operation used as a value."""

    def code(context: Context, *arguments: Any) -> Any:
        return context.invoke(name, context, *arguments)

    return FunctionValue(name, code, suspends, needs_context=True)


async def call_value(context: Context, function: FunctionValue, *arguments: Any) -> Any:
    """Call a function whose kind is known at run time only. What it may call in turn, nobody knows."""
    if context.calls is not None:
        context.calls()
    result = function.code(context, *arguments) if function.needs_context else function.code(*arguments)
    return await result if function.suspends else result


# By the names that emitted code uses; no name of the language begins with a dollar.
HELPERS: dict[str, Any] = {
    "$each": each,
    "$each_still": each_still,
    "$compress": compress,
    "$range": range,
    "$Cancelled": Cancelled,
    "$is_true": is_true,
    "$equal": equal,
    "$divide": divide,
    "$remainder": remainder,
    "$least": -_MOST,
    "$most": _MOST,
    "$large": large,
    "$shift_left": shift_left,
    "$wrong_index": wrong_index,
    "$panic": panic,
    "$unmatched": unmatched,
    "$unreachable": unreachable,
    "$widen": widen,
    "$deep_equals": deep_equals,
    "$deep_copy": deep_copy,
    "$copied": copied,
    "$unstable_string": unstable_string,
    "$spread": spread,
    "$Catchable": CATCHABLE,
    "$Thrown": Thrown,
    "$thrown": thrown,
    "$AssertionFailed": AssertionFailed,
    "$type_is": type_is,
    "$call_value": call_value,
    "$operation_value": operation_value,
    "$FunctionValue": FunctionValue,
    "$Instance": Instance,
    "$len": len,
    "$abs": abs,
    "$float": float,
    "$type": type,
    "$int": int,
    "$str": str,
    "$bool": bool,
    "$list": list,
    "$dict": dict,
    "$isinstance": isinstance,
    "$all": all,
    "$map": map,
}
