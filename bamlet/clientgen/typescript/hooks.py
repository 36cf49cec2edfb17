"""The functions of a program as hooks of React: the module `react`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ...client.shapes import Shapes
from ...interpreter.facts.interface import FunctionInfo, Interface
from ..apart import apart
from ..spaces import flat
from .annotations import FINAL, MODULES, PARTIAL, RUNTIME, Annotations
from .methods import method_name
from .models import doc

_HEAD = """"use client";
/** A hook for each function. `mutate` begins a run, and the component is drawn as its value grows. */

import type { BamlClient } from "./client";
import { useRun, type HookInput, type HookOutput } from "./hook";
"""
_HOOK = """
{doc}export function {hook}<S extends boolean = true>(
  input?: HookInput<{partial}, {final}, S>,
): HookOutput<Parameters<BamlClient["{method}"]>, {partial}, {final}, S> {{
  return useRun((client, given) => client.stream.{method}(...given), input);
}}
"""


def hook_module(interface: Interface, functions: Sequence[FunctionInfo]) -> str:
    body = "".join(_hooks(interface, functions))
    used = [
        f'import type * as {MODULES[side]} from "./{MODULES[side]}";\n'
        for side in (PARTIAL, FINAL)
        if f"{MODULES[side]}." in body
    ]
    runtime = f'import type * as {RUNTIME} from "./runtime";\n' if f"{RUNTIME}." in body else ""
    return _HEAD + runtime + "".join(used) + body + '\nexport type { HookInput, HookOutput } from "./hook";\n'


def _hooks(interface: Interface, functions: Sequence[FunctionInfo]) -> Iterator[str]:
    shapes, annotations = Shapes(interface.schemas), Annotations(None)
    names = apart((function.name for function in functions), _hook_name)
    for function in functions:
        yield _HOOK.format(
            doc=doc(function.doc),
            hook=names[function.name],
            partial=annotations.write(shapes.partial(function.result)),
            final=annotations.write(shapes.final(function.result)),
            method=method_name(function),
        )


def _hook_name(name: str) -> str:
    """React takes for a hook what has a capital behind its `use`."""
    word = flat(name)
    return f"use{word[0].upper()}{word[1:]}"
