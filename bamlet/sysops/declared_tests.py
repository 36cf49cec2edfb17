"""A testset as a function to the tests that it declares when it runs."""

from __future__ import annotations

from typing import Any

from ..interpreter.runtime.calling import call_value
from ..interpreter.runtime.values import FunctionValue
from .host import Context
from .registry import sysop


@sysop("testing.declared_by")
async def declared_by(context: Context, body: FunctionValue) -> list[Any]:
    tests: list[Any] = []
    await _gather(context, body, "", tests)
    return tests


async def _gather(context: Context, body: FunctionValue, path: str, tests: list[Any]) -> None:
    outer, context.tests = context.tests, []
    try:
        await call_value(context, body)
        found = context.tests
    finally:
        context.tests = outer
    for kind, label, function, _ in found:
        if kind == "set":
            await _gather(context, function, f"{path}{label}::", tests)
        else:
            fields = {"name": path + label, "body": function}
            tests.append(context.space.instance("testing.DeclaredTest", fields))
