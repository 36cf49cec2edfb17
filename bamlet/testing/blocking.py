"""Test blocks: run one and say whether its constraints hold, with what was found instead when they do not."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Protocol

from ..embed import BamlError, CallContext, to_plain
from ..embed.compiling import with_types
from ..embed.constraints import TestInfo, constraint_failure, now_ms
from ..embed.discovery import BodyTest
from ..embed.runtime import Program
from ..embed.test_arguments import arguments_of_test
from ..records import dataclass

_SHOWN = 400


class Caller(Protocol):
    """A blocking runtime."""

    program: Program

    def call(self, function: str, arguments: Mapping[str, Any], /, *, context: CallContext) -> Any: ...

    def run_body(self, test: BodyTest) -> None: ...


@dataclass(frozen=True, slots=True)
class Outcome:
    """`message` is empty when the test passed."""

    passed: bool
    message: str = ""


def run_test(runtime: Caller, test: TestInfo | BodyTest) -> Outcome:
    """Run a test's body, or call its function with its arguments and look at every constraint."""
    if isinstance(test, BodyTest):
        return _run_body(runtime, test)
    begun = now_ms()
    try:
        arguments = arguments_of_test(runtime.program, test)
        value = runtime.call(test.function, arguments, context=CallContext(types=test.types))
    except BamlError as failure:
        return Outcome(False, f"{type(failure).__name__}: {failure}\n{failure.trace_text}".rstrip())
    latency = now_ms() - begun
    program = with_types(runtime.program, test.types) if test.types else runtime.program
    problems: list[str] = []
    checks: dict[str, bool] = {}
    for constraint in test.constraints:
        problem = constraint_failure(program, constraint.expression, value, latency, checks)
        if constraint.kind == "check" and constraint.name is not None:
            checks[constraint.name] = problem is None
        if problem is not None:
            label = f"{constraint.kind} {constraint.name or ''}".rstrip()
            problems.append(f"{label}: {{{{ {constraint.expression} }}}} {problem}")
    if not problems:
        return Outcome(True)
    return Outcome(False, "\n".join([*problems, f"the value was {_shown(value)}"]))


def _run_body(runtime: Caller, test: BodyTest) -> Outcome:
    try:
        runtime.run_body(test)
    except BamlError as failure:
        return Outcome(False, f"{type(failure).__name__}: {failure}\n{failure.trace_text}".rstrip())
    return Outcome(True)


def _shown(value: Any) -> str:
    text = json.dumps(to_plain(value), ensure_ascii=False)
    return text if len(text) <= _SHOWN else text[:_SHOWN] + "…"
