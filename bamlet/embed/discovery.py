"""A program's tests with bodies: those at the top of its files, and those that testsets declare when they run."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from ..interpreter.program.link import Program
from ..interpreter.runtime.context import FoundTest
from ..interpreter.runtime.values import FunctionValue
from ..records import dataclass
from ..source import Span
from .errors import BamlInvalidArgumentError

BETWEEN = "::"


@dataclass(frozen=True, slots=True)
class BodyTest:
    """A test that is a function of its own. `name` is its id: `set::inner::name`, or `::name` outside of sets."""

    name: str
    span: Span
    body: FunctionValue

    function = "test"


async def discover(
    program: Program, run: Callable[[FunctionValue], Awaitable[list[FoundTest]]]
) -> tuple[BodyTest, ...]:
    """All of them, in order of declaration. `run` runs a testset and tells what it declared while it did.

    Raises `BamlInvalidArgumentError` for two of one id, and what a testset throws.
    """
    found: dict[str, BodyTest] = {}

    def add(test: BodyTest) -> None:
        if test.name in found:
            first = found[test.name].span
            line, _ = first.file.line_and_column(first.start)
            place = f"{first.file.name}:{line}"
            raise BamlInvalidArgumentError(f"two tests are called `{test.name}`; the first is at {place}")
        found[test.name] = test

    async def look_into(path: str, place: Span, function: FunctionValue) -> None:
        for kind, label, body, (start, end) in await run(function):
            span = Span(place.file, start, end)
            if kind == "test":
                add(BodyTest(f"{path}{BETWEEN}{label}", span, body))
            else:
                await look_into(f"{path}{BETWEEN}{label}", span, body)

    for info in program.interface.bodies:
        function = program.function_value(info.function)
        if info.is_set:
            await look_into(info.label, info.span, function)
        else:
            add(BodyTest(f"{BETWEEN}{info.label}", info.span, function))
    return tuple(found.values())
