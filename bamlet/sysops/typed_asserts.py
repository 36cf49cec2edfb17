"""What a test demands of the type of a value: `assert.is_type`."""

from __future__ import annotations

from typing import Any

from ..interpreter.runtime.conforms import is_of_type
from ..interpreter.runtime.failures import Panic
from ..interpreter.runtime.text import text_by
from ..types.show import show
from ..types.ty import Ty
from .host import Context
from .registry import sysop


@sysop("assert.of_type")
def of_type(context: Context, type: Ty, value: Any) -> Any:
    if is_of_type(value, type, context.program.schemas, context.rounds, context.space.views):
        return value
    found = text_by(context, [value])[1:-1]  # so that a string has its quotes
    raise Panic(f"expected a value of type {show(type)}, found {found}", "AssertionFailed")
