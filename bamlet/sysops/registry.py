"""Native operations by name, and `invoke`, the one way into them.

A failure that an operation declares becomes a thrown value of the language. Any other exception is our own mistake
and stays visible as one.
"""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any, Literal, TypeVar, get_args

from ..interpreter.runtime.failures import InternalError, Panic, Thrown
from ..records import dataclass
from .host import Context
from .host_failure import HostFailure
from .running import cancelled

F = TypeVar("F", bound=Callable[..., Any])


# What a host can deny, all operations of a group together.
Group = Literal["env", "fs", "net", "process", "sockets", "host", "mcp"]
GROUPS: tuple[Group, ...] = get_args(Group)
# Those that a program has only if its host says so.
CLOSED: frozenset[Group] = frozenset({"process", "sockets"})


def groups_in(word: str, given: Iterable[Group]) -> tuple[Group, ...]:
    """What a host has given, and no text, whose letters would be groups. Raises `ValueError`."""
    if isinstance(given, str):
        raise ValueError(f'groups come together in a set: write {word}={{"{given}"}}')
    return tuple(given)


def denied_groups(deny: Iterable[Group], allow: Iterable[Group]) -> frozenset[Group]:
    """What a program may not reach; `deny` wins. Raises `ValueError` for a group that there is not."""
    denied, allowed = frozenset(groups_in("deny", deny)), frozenset(groups_in("allow", allow))
    for word, groups in (("deny", denied), ("allow", allowed)):
        if unknown := sorted(groups - set(GROUPS)):
            raise ValueError(f"there is no group `{unknown[0]}` to {word}, only {', '.join(GROUPS)}")
    return denied | (CLOSED - allowed)


class Failure(Exception):
    """A declared failure: the class to throw, of `baml.errors` unless its name is full, and its fields."""

    def __init__(self, class_name: str, message: str, **fields: object) -> None:
        super().__init__(message)
        self.class_name = class_name
        self.fields = {"message": message, **fields}


def error_class(name: str) -> str:
    """The full name of a class of errors: of `baml.errors`, unless it is one."""
    return name if "." in name else f"baml.errors.{name}"


@dataclass(frozen=True, slots=True)
class Operation:
    name: str
    run: Callable[..., Any]
    throws: frozenset[str]
    suspends: bool
    arity: int
    group: Group | None


REGISTRY: dict[str, Operation] = {}


def sysop(name: str, *, throws: tuple[str, ...] = (), group: Group | None = None) -> Callable[[F], F]:
    """Register a native operation under the name of its stub. `throws` are classes of `baml.errors`.

    Where the host denies a group, a call of one of it is a panic: no `throws` need speak of it, and no fallback
    that takes whatever comes hides it.
    """

    def register(run: F) -> F:
        assert name not in REGISTRY, f"{name} is registered twice"
        code = run.__code__  # of a plain function: to look at its signature takes ten times as long
        suspends = bool(code.co_flags & inspect.CO_COROUTINE)
        arity = code.co_argcount - 1
        REGISTRY[name] = Operation(name, run, frozenset(map(error_class, throws)), suspends, arity, group)
        return run

    return register


def invoke(name: str, context: Context, *arguments: Any) -> Any:
    """Run an operation: its value, or for one that suspends an awaitable of it."""
    operation = REGISTRY[name]
    if operation.group is not None and operation.group in context.host.services.denied:
        message = f"this program may not reach `{operation.group}`: its host denies `{name}`"
        if operation.group in CLOSED:
            message += f' unless it says `allow={{"{operation.group}"}}`'
        raise Panic(message, "AccessDenied")
    if operation.suspends:
        return _invoke_async(operation, context, arguments)
    try:
        return operation.run(context, *arguments)
    except _PASSING:
        raise
    except Exception as failure:
        raise _declared(operation, context, failure) from failure


async def _invoke_async(operation: Operation, context: Context, arguments: tuple[Any, ...]) -> Any:
    run: Callable[..., Awaitable[Any]] = operation.run
    try:
        return await run(context, *arguments)
    except asyncio.CancelledError:
        _hear_of_cancelling(context)
        raise
    except _PASSING:
        raise
    except Exception as failure:
        raise _declared(operation, context, failure) from failure


def _hear_of_cancelling(context: Context) -> None:
    """Raises the panic by which a task of the program hears that the program has cancelled it: once.

    The host's stop is no panic, and nothing in the language can catch it.
    """
    task = asyncio.current_task()
    if task is None or context.host.stopping is not task or context.host.tasks.ending:
        return
    # Taken away, so that it is heard once. And taken back from asyncio: to a task that counts as cancelled, the
    # limits of time inside of it would pass their own word on as somebody else's.
    context.host.stopping = None
    task.uncancel()
    raise cancelled() from None


def _declared(operation: Operation, context: Context, failure: Exception) -> Exception:
    if isinstance(failure, Failure):
        context.host.asking.failed(failure.class_name, failure.fields.get("kind"))
        class_name = error_class(failure.class_name)
        if class_name in operation.throws:
            return Thrown(context.space.instance(class_name, failure.fields))
    return InternalError(f"{operation.name} failed in a way it does not declare; please report this: {failure!r}")


# A program that is out of stack or memory may notice it in an operation.
_PASSING = (Thrown, Panic, InternalError, HostFailure, RecursionError, MemoryError)


def mismatches(stubs: Mapping[str, tuple[int, bool, frozenset[str]]]) -> list[str]:
    """Where the library's stubs and the registered operations differ: names, arity, kind or throws."""
    problems = [f"{name} has a stub but no operation" for name in stubs.keys() - REGISTRY.keys()]
    problems += [f"{name} has an operation but no stub" for name in REGISTRY.keys() - stubs.keys()]
    for name in stubs.keys() & REGISTRY.keys():
        operation, (arity, suspends, throws) = REGISTRY[name], stubs[name]
        if operation.arity != arity:
            problems.append(f"{name} takes {operation.arity} arguments, its stub {arity}")
        if operation.suspends != suspends:
            problems.append(f"{name} and its stub differ in whether it suspends")
        if operation.throws != throws:
            differ = ", ".join(sorted(operation.throws ^ throws))
            problems.append(f"{name} and its stub differ in what they throw: {differ}")
    return sorted(problems)
