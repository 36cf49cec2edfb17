"""What one call carries through compiled code to the native operations."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Generic, Literal, TypeAlias, TypeVar

from ..facts.interface import ClientInfo, EnvRef, Interface
from .loops import rounds
from .space import ValueSpace

__all__ = ["ClientInfo", "Context", "EnvRef", "FoundTest", "Interface", "constant"]

FoundTest: TypeAlias = tuple[Literal["test", "set"], str, Any, tuple[int, int]]


H = TypeVar("H")


class Context(Generic[H]):
    """What one call carries through compiled code to the native operations.

    `invoke` is the only way out: every act that the program does not determine goes through it. `host` belongs
    to the operations, which alone know what it is. `constants` has the values of those constants that a program
    can change, by name.

    `look` is asked now and then by all loops together, says how many rounds may pass until it is asked again,
    and raises to stop the call. `calls` is None while nothing but the end of the program can end its recursion;
    else it is called before each call that may multiply, and raises to stop.

    `tests` gathers what a testset declares while it runs: whether it is a test or a set, its label, its function
    and the place of the label in its file.

    Tasks that run at once have a context each, `branches` of the one that started them.

    `leaving` gives, when the call has been stopped, the context for what is done on the way out.
    """

    __slots__ = (
        "branches",
        "calls",
        "constants",
        "host",
        "invoke",
        "leaving",
        "program",
        "rounds",
        "space",
        "tests",
    )

    def __init__(
        self,
        invoke: Callable[..., Any],
        program: Interface,
        space: ValueSpace,
        host: H,
        look: Callable[[], int],
    ) -> None:
        self.invoke = invoke
        self.program = program
        self.space = space
        self.host = host
        self.constants: dict[str, Any] = {}
        self.rounds = rounds(look)
        self.calls: Callable[[], bool] | None = None
        self.branches: list[Context[H]] = []
        self.tests: list[FoundTest] = []
        self.leaving: Callable[[Context[H]], Context[H]] | None = None

    def branch(self, host: H) -> Context[H]:
        """The same for a task of its own."""
        made: Context[H] = Context.__new__(Context)
        made.invoke, made.program, made.space, made.host = self.invoke, self.program, self.space, host
        made.constants, made.rounds, made.branches = self.constants, self.rounds, []
        made.tests, made.leaving = self.tests, self.leaving
        # Known before it takes over what there is: `refuse_calls` may come from another thread between any two of
        # these lines. It writes here before it looks at the branches, so one that it does not see reads its word.
        made.calls = None
        self.branches.append(made)
        made.calls = self.calls
        return made

    def afterwards(self) -> Context[H]:
        """For what a block does when it is left: this one, unless the call was stopped."""
        return self if self.leaving is None else self.leaving(self)

    def outliving(self, invoke: Callable[..., Any], look: Callable[[], int]) -> Context[H]:
        """The same, but what has stopped the call does not stop it, nor the tasks that it starts: its branches are
        in no list that somebody refuses."""
        made = Context(invoke, self.program, self.space, self.host, look)
        made.constants, made.tests = self.constants, self.tests
        return made

    def refuse_all(self, refuse: Callable[..., Any]) -> None:
        """Nothing that runs in this call does anything more."""
        self.calls = self.invoke = refuse
        for branch in list(self.branches):
            branch.refuse_all(refuse)

    def refuse_calls(self, refuse: Callable[[], bool]) -> None:
        self.calls = refuse
        for branch in list(self.branches):
            branch.refuse_calls(refuse)


def constant(name: str, make: Callable[..., Any]) -> Callable[[Context[Any]], Any]:
    """A constant that a program can change: evaluated when a call first uses it, one object in that call."""

    def read(context: Context[Any]) -> Any:
        if name not in context.constants:
            context.constants[name] = make(context)
        return context.constants[name]

    return read
