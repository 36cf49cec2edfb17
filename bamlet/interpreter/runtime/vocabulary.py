"""The words of emitted code: the name by which it reaches each function of the runtime."""

from __future__ import annotations

from itertools import compress, repeat
from typing import Any

from . import collections, forgiving_collections, more_methods
from .calling import OMITTED, call_value, operation_value
from .dispatch import adapted, call_method, dispatching, implements
from .failures import CATCHABLE, AssertionFailed, Cancelled, Thrown, prevail, thrown
from .loops import each, each_kept, each_still
from .operators import (
    _MOST,
    divide,
    equal,
    large,
    panic,
    remainder,
    shift_left,
    type_is,
    unmatched,
    unreachable,
    widen,
    wrong_index,
)
from .text import plain_text, text, text_by
from .values import FunctionValue, Instance, has_run, linked
from .whole_values import copied, deep_copy, deep_equals, place_by_content, spread, unstable_string

# By the names that emitted code uses; no name of the language begins with a dollar.
WORDS: dict[str, Any] = {
    "$each": each,
    "$each_kept": each_kept,
    "$each_still": each_still,
    "$compress": compress,
    "$next": next,
    "$for_all": repeat,
    "$range": range,
    "$Cancelled": Cancelled,
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
    "$place_by_content": place_by_content,
    "$copied": copied,
    "$unstable_string": unstable_string,
    "$spread": spread,
    "$Catchable": CATCHABLE,
    "$Thrown": Thrown,
    "$thrown": thrown,
    "$prevail": prevail,
    "$AssertionFailed": AssertionFailed,
    "$type_is": type_is,
    "$call_value": call_value,
    "$omitted": OMITTED,
    "$text": text,
    "$plain_text": plain_text,
    "$text_by": text_by,
    "$dispatching": dispatching,
    "$adapted": adapted,
    "$implements": implements,
    "$call_method": call_method,
    "$frozenset": frozenset,
    "$linked": linked,
    "$operation_value": operation_value,
    "$FunctionValue": FunctionValue,
    "$Instance": Instance,
    "$has_run": has_run,
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
    **collections.WORDS,
    **forgiving_collections.WORDS,
    **more_methods.WORDS,
}
