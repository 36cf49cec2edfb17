"""Types for those who call a plain `Runtime`: stubs by which a checker knows functions, arguments and values.

The package has one class for each runtime. When it runs they are bamlet's own; the stubs say what each function
takes and gives, so that a name that does not exist is an error before anything runs.
"""

from __future__ import annotations

import keyword
from collections.abc import Iterator, Mapping, Sequence

from ..client.shapes import Checks, Enum, Listed, Mapped, Maybe, Object, Shape, Shapes, State
from ..interpreter.facts.interface import FunctionInfo, Interface, Param
from ..types.schema import ClassSchema, EnumSchema, Schemas
from .annotations import Annotations
from .breaking import annotated
from .layout import kept, text
from .spaces import flat, own_classes, own_enums

RUNTIME = '''"""The runtimes of bamlet, of which checkers know the functions of the program."""

import bamlet


class Runtime(bamlet.Runtime):
    """`bamlet.Runtime`, typed."""


class AsyncRuntime(bamlet.AsyncRuntime):
    """`bamlet.AsyncRuntime`, typed."""
'''

_VALUES = """from collections.abc import AsyncIterator, Iterator
from typing import Any, Generic, Literal, TypeVar

import bamlet
from bamlet import Audio as Audio
from bamlet import Image as Image
from bamlet import Pdf as Pdf
from bamlet import Video as Video

T = TypeVar("T")
N = TypeVar("N", bound=str)
P = TypeVar("P")
F = TypeVar("F")

class Value:
    def to_dict(self) -> dict[str, Any]: ...
    def to_json(self) -> str: ...

class EnumValue:
    def __eq__(self, other: object) -> bool: ...
    def __hash__(self) -> int: ...

class Check(Value):
    name: str
    expression: str
    status: Literal["succeeded", "failed"]

class Checked(Value, Generic[T, N]):
    value: T
    checks: dict[N, Check]

class StreamState(Value, Generic[T]):
    value: T
    state: Literal["Pending", "Incomplete", "Complete"]

class Stream(bamlet.Stream, Generic[P, F]):
    def __iter__(self) -> Iterator[P]: ...
    def final(self) -> F: ...

class AsyncStream(bamlet.AsyncStream, Generic[P, F]):
    def __aiter__(self) -> AsyncIterator[P]: ...
    async def final(self) -> F: ...
"""

_SHOWN = 'partials: _typing.Literal["latest", "every", "deltas"] = ..., view: _typing.Literal["partial"] = ...'
_HEAD = """# mypy: disable-error-code="override"
# pyright: reportIncompatibleMethodOverride=false

from collections.abc import Mapping as _Mapping
from collections.abc import Sequence as _Sequence
from typing import Any as _Any
from typing import overload as _overload
import typing as _typing

import bamlet
from bamlet import CallContext as _CallContext
from bamlet import HTTPRequest as _HTTPRequest

from . import partials as _stream_types
from . import types as _types
from . import values as _client
"""


def stub_files(interface: Interface, functions: Sequence[FunctionInfo]) -> dict[str, str]:
    """Each file by its name."""
    shapes = Shapes(interface.schemas)
    return {
        "__init__.py": RUNTIME,
        "__init__.pyi": _runtimes(interface.schemas, shapes, functions),
        "types.pyi": _types(interface, shapes),
        "partials.pyi": _partials(interface, shapes),
        "values.pyi": _VALUES,
        "py.typed": "",
    }


# --- runtimes


def _runtimes(schemas: Schemas, shapes: Shapes, functions: Sequence[FunctionInfo]) -> str:
    annotations = Annotations(None, is_flat=True)
    lines = [_HEAD]
    for is_async in (False, True):
        name = "AsyncRuntime" if is_async else "Runtime"
        lines.append(f"class {name}(bamlet.{name}):")
        for method in ("call", "stream", "request", "stream_request", "parse", "parse_partial"):
            overloads = [
                overload
                for function in functions
                for overload in _overloads(annotations, schemas, shapes, function, method, is_async)
            ]
            decorate = ["    @_overload"] if len(overloads) > 1 else []
            for overload in overloads:
                lines += [*decorate, kept(f"    {overload}")]
        if not functions:
            lines.append("    pass")
        lines.append("")
    return "\n".join(lines)


def _overloads(
    annotations: Annotations,
    schemas: Schemas,
    shapes: Shapes,
    function: FunctionInfo,
    method: str,
    is_async: bool,
) -> Iterator[str]:
    final = annotations.write(shapes.final(function.result))
    partial = annotations.write(shapes.partial(function.result))
    first = "function"  # given by its place, so another name is the same
    while any(param.name == first for param in function.params):
        first += "_"
    name = f"{first}: _typing.Literal[{text(function.name)}]"
    if method.startswith("parse"):
        if function.llm is not None:
            gives = final if method == "parse" else _nullable(partial)
            more = ", strict: bool = ..., finish_reason: str | None = ..." if method == "parse" else ""
            star = ", *" if more else ""
            yield f"def {method}(self, {name}, text: str{star}{more}) -> {gives}: ..."
        return
    if method.endswith("request") and function.llm is None:
        return
    gives = {
        "call": final,
        "stream": f"_client.{'AsyncStream' if is_async else 'Stream'}[{partial}, {final}]",
    }.get(method, "_HTTPRequest")
    define = "async def" if is_async and method != "stream" else "def"
    context = "context: _CallContext | None = ..."
    if method == "stream":
        context += f", {_SHOWN}"
    params = [_param(annotations, schemas, shapes, param) for param in function.params]
    if all(param is not None for param in params):
        words = ", ".join(["*", context, *filter(None, params)])
        yield f"{define} {method}(self, {name}, /, {words}) -> {gives}: ..."
    if function.params:
        yield f"{define} {method}(self, {name}, arguments: _Mapping[str, _Any], /, *, {context}) -> {gives}: ..."


def _param(annotations: Annotations, schemas: Schemas, shapes: Shapes, param: Param) -> str | None:
    """None if it can be given in a mapping only."""
    if keyword.iskeyword(param.name) or param.name in ("context", "self", "partials", "view"):
        return None
    shape = shapes.final(param.ty)
    default = " = ..." if param.has_default or isinstance(shape, Maybe) else ""
    return f"{param.name}: {_argument(annotations, schemas, shape)}{default}"


def _argument(annotations: Annotations, schemas: Schemas, shape: Shape) -> str:
    """What a host may give: names for values of enums, mappings for instances, any sequence for a list."""
    match shape:
        case Enum(name=name, only=None):
            members = ", ".join(text(member.name) for member in schemas.enums[name].members)
            literal = f" | _typing.Literal[{members}]" if members else ""
            return annotations.write(shape) + literal
        case Object():
            return f"{annotations.write(shape)} | _Mapping[str, _Any]"
        case Listed(item=item):
            return f"_Sequence[{_argument(annotations, schemas, item)}]"
        case Mapped(value=value):
            return f"_Mapping[str, {_argument(annotations, schemas, value)}]"
        case Maybe(inner=inner):
            return _nullable(_argument(annotations, schemas, inner))
        case Checks(inner=inner) | State(inner=inner):
            return _argument(annotations, schemas, inner)
        case _:
            return annotations.write(shape)


# --- values


def _types(interface: Interface, shapes: Shapes) -> str:
    annotations = Annotations("types", is_flat=True)
    body: list[str] = []
    for enum in own_enums(interface):
        body += _enum(enum)
    for schema in own_classes(interface):
        body += _class(annotations, schema, shapes.final_fields(schema.name))
    for name, ty in interface.aliases.items():
        annotations.hidden = set()
        written = annotations.write(shapes.final(ty))
        if name in interface.schemas.aliases:
            body += [_recursive(name, written)]
        else:
            body += [f"{flat(name)} = {written}"]
    return "\n".join([*_imports(annotations), *body, ""])


def _partials(interface: Interface, shapes: Shapes) -> str:
    annotations = Annotations("stream_types", is_flat=True)
    body: list[str] = []
    for schema in own_classes(interface):
        fields = {name: _missing(shape) for name, shape in shapes.partial_fields(schema.name).items()}
        body += _class(annotations, schema, fields)
    for name, ty in interface.aliases.items():
        if name in interface.schemas.aliases:
            written = annotations.write(shapes.partial(ty))
            body += [_recursive(name, written)]
    return "\n".join([*_imports(annotations), *body, ""])


def _recursive(name: str, written: str) -> str:
    return f"{flat(name)}: _typing.TypeAlias = {text(written)}"


def _missing(shape: Shape) -> Shape:
    """A plain partial value may lack everything but lists, maps and states."""
    return shape if isinstance(shape, Maybe | Listed | Mapped | State) else Maybe(shape)


def _enum(schema: EnumSchema) -> list[str]:
    names = ", ".join(text(member.name) for member in schema.members) or '""'
    gives = "str" if schema.dynamic else f"_typing.Literal[{names}]"
    return [
        f"class {flat(schema.name)}(_client.EnumValue):",
        "    @property",
        kept(f"    def name(self) -> {gives}: ..."),
        "    @property",
        kept(f"    def value(self) -> {gives}: ..."),
        "",
    ]


def _class(annotations: Annotations, schema: ClassSchema, fields: Mapping[str, Shape]) -> list[str]:
    annotations.hidden = set(fields)
    lines = [f"class {flat(schema.name)}(_client.Value):"]
    lines += [
        line
        for name, shape in fields.items()
        if not keyword.iskeyword(name)
        for line in annotated(f"{name}: ", annotations.write(shape), "", 4)
    ]
    if schema.dynamic:
        lines.append(f"    def __getattr__(self, name: {annotations.builtin('str')}) -> _typing.Any: ...")
    return [*(lines if len(lines) > 1 else [*lines, "    pass"]), ""]


def _imports(annotations: Annotations) -> list[str]:
    other = "partials as _stream_types" if annotations.side == "types" else "types as _types"
    own = "types as _types" if annotations.side == "types" else "partials as _stream_types"
    return [
        "import builtins as _builtins",
        "import typing as _typing",
        "",
        f"from . import {other}",
        f"from . import {own}",
        "from . import values as _client",
        "",
    ]


def _nullable(written: str) -> str:
    return written if written.endswith("| None") or written == "None" else f"{written} | None"
