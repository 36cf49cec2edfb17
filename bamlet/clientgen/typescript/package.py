"""A program's interface to the files of a folder of TypeScript, as texts by their names."""

from __future__ import annotations

import re
from importlib.resources import files
from typing import Literal

from ...interpreter.facts.interface import Interface
from ..first_line import first_line
from ..package import Made, exported
from .annotations import FINAL, MODULES, PARTIAL, RUNTIME
from .hooks import hook_module
from .methods import client_module
from .models import type_module

Format = Literal["cjs", "esm"]

_RUNTIME_IMPORT = f'import * as {RUNTIME} from "./runtime";\n'
_CLIENT_IMPORTS = f"""{_RUNTIME_IMPORT}import type * as partial_types from "./partial_types";
import type * as types from "./types";
"""
_INDEX = """\
export { b, BamlClient } from "./client";
export * from "./errors";
export { BamlStream, setBaseUrl, setToken } from "./runtime";
export type { CallOptions, Check, Checked, Connection, Media, StreamState } from "./runtime";
export * as types from "./types";
export type * as partial_types from "./partial_types";
"""
_IMPORT = re.compile(r'(from "\./\w+)"')


def typescript_package(interface: Interface, module_format: Format, *, react: bool = False) -> Made:
    """An import of a module of ours has an ending where modules are ES modules, and none for CommonJS. Hooks of
    React stand in modules that the index does not name: what is no component needs no React."""
    functions, warnings = exported(interface)
    texts = {
        "index.ts": _INDEX,
        "client.ts": f"{_CLIENT_IMPORTS}\n{client_module(interface, functions)}",
        "types.ts": _types(interface, final=True),
        "partial_types.ts": _types(interface, final=False),
        "errors.ts": _fixed("errors.ts"),
        "runtime.ts": _fixed("runtime.ts"),
    }
    if react:
        texts |= {"hook.ts": _fixed("hook.ts"), "react.ts": hook_module(interface, functions)}
    if module_format == "esm":
        texts = {name: _IMPORT.sub(r'\1.js"', text) for name, text in texts.items()}
    head = first_line(interface, "//")
    return Made({name: head + text for name, text in texts.items()}, warnings)


def _types(interface: Interface, *, final: bool) -> str:
    body = "\n".join(type_module(interface, FINAL if final else PARTIAL)) or "export {};\n"
    heads = []
    if f"{RUNTIME}." in body:
        heads.append(_RUNTIME_IMPORT.replace("import", "import type", 1))
    if not final and f"{MODULES[FINAL]}." in body:
        heads.append(f'import type * as {MODULES[FINAL]} from "./{MODULES[FINAL]}";\n')
    return "".join([*heads, "\n" if heads else "", body])


def _fixed(name: str) -> str:
    return files(__package__).joinpath(name).read_text("utf-8")
