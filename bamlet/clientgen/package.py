"""A program's interface and sources to the files of a Python package, as texts by their names."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from .._version import __version__
from ..client.package import GLOBALS
from ..client.protocol import PROTOCOL
from ..diagnostics import CompileError
from ..interpreter.facts.interface import FunctionInfo, Interface
from ..records import dataclass
from ..types.partials import is_partial
from ..types.ty import ClassTy, FunctionTy, FutureTy, ListTy, MapTy, Ty, UnionTy, VariableTy, bare
from .annotations import SIDES
from .layout import text
from .methods import method_files
from .models import type_files
from .refusals import Place, refusals
from .spaces import inside, own_functions, spaces
from .stubs import stub_files
from .type_builder import type_builder_file

Mode = Literal["sync", "async"]

HEADER = f"# Made by bamlet {__version__} from .baml files: change those, and run `bamlet generate`.\n"
# What the program says stands in the code as it was written: its lines may be long, its letters of any script.
_LINT = "# ruff: noqa: E501, E741, E742, E743, RUF001, RUF002, RUF100\n"

_INIT = '''"""The client of a BAML program: `b` calls its functions."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from bamlet.baml_py.stand_in import stand_in as _stand_in
from bamlet.client import require as _require

_require({protocol}, made_by="{version}")
_stand_in()

if TYPE_CHECKING:
    from . import config as config
    from . import partial_types as partial_types
    from . import stream_types as stream_types
    from . import tracing as tracing
    from . import types as types
    from . import watchers as watchers
{imports}

_HOMES = {{"b": ".{mode}_client", "reset_baml_env_vars": ".config"}}
_MODULES = ("config", "partial_types", "stream_types", "tracing", "types", "watchers")

__all__ = (
    "b",
    "config",
    "partial_types",
    "reset_baml_env_vars",
    "stream_types",
    "tracing",
    "types",
    "watchers",
)


def __getattr__(name: str) -> Any:
    if name in _MODULES:
        return import_module(f".{{name}}", __name__)
    if name in _HOMES:
        return getattr(import_module(_HOMES[name], __name__), name)
    raise AttributeError(f"module {{__name__!r}} has no attribute {{name!r}}")


def __dir__() -> list[str]:
    return sorted({{*globals(), *__all__}})
'''
_GLOBALS = f'''"""What all modules of this package share: the program, made by the first call."""

from bamlet.client import Context, Package

{GLOBALS} = Package(__name__.rpartition(".")[0], edition=EDITION)
DO_NOT_USE_DIRECTLY_UNLESS_YOU_KNOW_WHAT_YOURE_DOING_CTX = Context(
    {GLOBALS}
)
'''
_FIXED = {
    "config.py": '''"""What is logged, and how."""

from bamlet.client.config import (
    get_log_level,
    reset_baml_env_vars,
    set_log_json_mode,
    set_log_level,
    set_log_max_chunk_length,
    set_log_max_message_length,
)

__all__ = [
    "get_log_level",
    "reset_baml_env_vars",
    "set_log_json_mode",
    "set_log_level",
    "set_log_max_chunk_length",
    "set_log_max_message_length",
]
''',
    "partial_types.py": '''"""Another name of `stream_types`."""

import sys

from . import stream_types

sys.modules[__name__] = stream_types
''',
    "partial_types.pyi": "from .stream_types import *  # noqa: F403\n",
    "runtime.py": '''"""The options of a call, for annotations."""

from bamlet.client import BamlCallOptions

__all__ = ["BamlCallOptions"]
''',
    "tracing.py": '''"""Tags and listeners of the calls that this package makes."""

from .globals import DO_NOT_USE_DIRECTLY_UNLESS_YOU_KNOW_WHAT_YOURE_DOING_CTX as _CONTEXT

trace = _CONTEXT.trace_fn
set_tags = _CONTEXT.upsert_tags
flush = _CONTEXT.flush
on_log_event = _CONTEXT.on_log_event

__all__ = ["flush", "on_log_event", "set_tags", "trace"]
''',
    "watchers.py": '"""Programs have nothing to watch: accepted where BAML\'s client takes it."""\n',
    "py.typed": "",
}


@dataclass(frozen=True, slots=True)
class Made:
    """The files of a package, and what could not be put into it."""

    files: Mapping[str, str]
    warnings: tuple[str, ...]


def python_package(
    interface: Interface, edition: int, sources: Mapping[str, str], mode: Mode, place: Place
) -> Made:
    """`sources` are the program's files by their names below its folder, `place` says where a name is declared.

    Raises `CompileError` for names that Python cannot have.
    """
    functions, warnings = exported(interface)
    if refused := refusals(interface, functions, place):
        raise CompileError(refused)
    texts = {
        "__init__.py": _INIT.format(
            protocol=PROTOCOL, version=__version__, mode=mode, imports=_init_imports(mode)
        ),
        **_types(interface),
        **method_files(interface, functions),
        **_FIXED,
        "globals.py": _GLOBALS.replace("EDITION", str(edition)),
        "type_builder.py": type_builder_file(interface),
        "inlinedbaml.py": _inlined(sources),
    }
    files = {
        name: text if name == "py.typed" else HEADER + _lint(name) + "\n" + text for name, text in texts.items()
    }
    return Made(files, warnings)


def exported(interface: Interface) -> tuple[list[FunctionInfo], tuple[str, ...]]:
    """The functions that a client can have, and what is to be said of the others."""
    functions = own_functions(interface)
    left_out = {function.name: what for function in functions if (what := _left_out(function))}
    warnings = (f"`{name}` is not in the client: it cannot be given {what}" for name, what in left_out.items())
    return [function for function in functions if function.name not in left_out], tuple(warnings)


def _types(interface: Interface) -> dict[str, str]:
    found = spaces(interface)
    files: dict[str, str] = {}
    for space in found:
        for side in SIDES:
            files |= type_files(interface, side, space, inside(space, found))
    return files


def stub_package(interface: Interface) -> Made:
    """Stubs for those who call a plain runtime."""
    functions = [function for function in own_functions(interface) if not _left_out(function)]
    texts = stub_files(interface, functions)
    return Made({name: text and f"{HEADER}\n{text}" for name, text in texts.items()}, ())


def _init_imports(mode: Mode) -> str:
    lines = [
        f"from .{mode}_client import b as b",
        "from .config import reset_baml_env_vars as reset_baml_env_vars",
    ]
    return "\n".join(f"    {line}" for line in sorted(lines))


def _lint(name: str) -> str:
    said = ("_", "sync", "async", "parser", "inlined", "type_builder")
    return _LINT if name.startswith(said) and name != "__init__.py" else ""


def _left_out(function: FunctionInfo) -> str | None:
    for param in function.params:
        if _holds_function(param.ty):
            return f"the parameter `{param.name}`, which is a function"
    return "its result, which is a function" if _holds_function(function.result) else None


def _holds_function(ty: Ty) -> bool:
    match bare(ty):
        case FunctionTy() | FutureTy() | VariableTy():
            return True
        case ClassTy():
            return is_partial(ty)
        case ListTy(item=inner) | MapTy(value=inner):
            return _holds_function(inner)
        case UnionTy(members=parts):
            return any(map(_holds_function, parts))
        case _:
            return False


def _inlined(sources: Mapping[str, str]) -> str:
    lines = ['"""The sources of the program, by their names."""', "", "_FILES = {"]
    lines += [f"    {text(name)}: {text(source)}," for name, source in sorted(sources.items())]
    return "\n".join([*lines, "}", "", "", "def get_baml_files() -> dict[str, str]:", "    return _FILES", ""])
