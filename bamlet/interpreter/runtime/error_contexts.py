"""What a `catch` is told beside the value: where it was thrown, and what was being handled then."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..facts.code_names import class_name
from .failures import CATCHABLE, caught, is_of_program, under_way

MOST_FRAMES = 50  # the innermost


def error_context(namespace: Mapping[str, Any], failure: BaseException) -> Any:
    """A `baml.errors.Context`. `namespace` is that of compiled code."""
    made = None
    handled = [above for above in under_way(failure) if isinstance(above, CATCHABLE)]
    for one in reversed((failure, *handled)):
        value, trace = caught(namespace, one), _stack_trace(namespace, one)
        made = namespace[class_name("baml.errors.Context")](value, trace, made)
    return made


def _stack_trace(namespace: Mapping[str, Any], failure: BaseException) -> Any:
    from traceback import walk_tb  # brings what reads lines, and most programs ask for none

    frame_class = namespace[class_name("baml.errors.StackFrame")]
    frames = [
        frame_class(frame.f_code.co_name, frame.f_code.co_filename, line)
        for frame, line in walk_tb(failure.__traceback__)
        if is_of_program(frame)
    ]
    return namespace[class_name("baml.errors.StackTrace")](frames[-MOST_FRAMES:])
