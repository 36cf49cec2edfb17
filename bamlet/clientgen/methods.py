"""Functions of a program as methods: a class for each way of calling them, in a file of its own.

A process that never asks for a request does not load the methods that make one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal

from ..client.package import GLOBALS
from ..client.shapes import Maybe, Shapes
from ..interpreter.facts.interface import FunctionInfo, Interface
from ..records import dataclass
from ..types.ty import NULL, bare
from .annotations import Annotations
from .breaking import annotated
from .layout import WIDTH, docstring, text
from .models import import_lines
from .spaces import TOP, around, inside, last_name, of_space, space_of

_OPTIONS = "baml_options: _client.Options = None"

Result = Literal["final", "partial", "BamlStream", "BamlSyncStream", "HTTPRequest"]


@dataclass(frozen=True, slots=True)
class _Form:
    """One way of calling: its class, what that inherits, and what a method of it gives and goes through.

    One that `reads` takes a model's answer in place of the arguments.
    """

    name: str
    inherits: str
    doc: str
    result: Result
    through: str
    is_async: bool = False
    reads: bool = False


_CALLS = "Calls the functions of the program."
_STREAMS = "Calls the functions, and shows their values as they arrive."
_REQUESTS = "Makes the requests of calls, which are not sent."
_SYNC = _Form("BamlSyncClient", "SyncCaller", _CALLS, "final", "_call")
_ASYNC = _Form("BamlAsyncClient", "AsyncCaller", _CALLS, "final", "_call", is_async=True)
_READS = "Reads whole answers of a model."
_READS_PARTS = "Reads answers of a model as far as they have come."

_FILES: dict[str, tuple[_Form, ...]] = {
    "_sync_stream": (_Form("BamlStreamClient", "SyncStreamer", _STREAMS, "BamlSyncStream", "_stream"),),
    "_async_stream": (_Form("BamlStreamClient", "AsyncStreamer", _STREAMS, "BamlStream", "_stream"),),
    "_sync_request": (_Form("BamlHttpRequestClient", "SyncRequester", _REQUESTS, "HTTPRequest", "_request"),),
    "_async_request": (
        _Form("BamlHttpRequestClient", "AsyncRequester", _REQUESTS, "HTTPRequest", "_request", is_async=True),
    ),
    "parser": (
        _Form("LlmResponseParser", "Reader", _READS, "final", "_parse", reads=True),
        _Form("LlmStreamParser", "Reader", _READS_PARTS, "partial", "_parse_partial", reads=True),
    ),
}

_STREAM_REQUESTS = '''

class BamlHttpStreamRequestClient(BamlHttpRequestClient):
    """Makes the requests of streams, which are not sent."""

    _streams = True
'''

_CLIENT = '''"""The {kind} client."""

from __future__ import annotations

import typing as _typing

from bamlet import client as _client

{modules}from .globals import (
    {globals} as _PACKAGE,
)

if _typing.TYPE_CHECKING:
    from ._{kind}_request import BamlHttpRequestClient, BamlHttpStreamRequestClient
    from ._{kind}_stream import BamlStreamClient
    from .parser import LlmResponseParser, LlmStreamParser


{head}
    @property
    def stream(self) -> BamlStreamClient:
        return self._part("_{kind}_stream", "BamlStreamClient")

    @property
    def request(self) -> BamlHttpRequestClient:
        return self._part("_{kind}_request", "BamlHttpRequestClient")

    @property
    def stream_request(self) -> BamlHttpStreamRequestClient:
        return self._part("_{kind}_request", "BamlHttpStreamRequestClient")

    @property
    def parse(self) -> LlmResponseParser:
        return self._part("parser", "LlmResponseParser")

    @property
    def parse_stream(self) -> LlmStreamParser:
        return self._part("parser", "LlmStreamParser")
{methods}

b = {name}(_PACKAGE)
'''


def method_files(interface: Interface, functions: Sequence[FunctionInfo]) -> dict[str, str]:
    """Each file by its name."""
    shapes = Shapes(interface.schemas)
    files = {
        "sync_client.py": _client_file("sync", _SYNC, shapes, functions),
        "async_client.py": _client_file("async", _ASYNC, shapes, functions),
    }
    for name, forms in _FILES.items():
        files[f"{name}.py"] = _forms_file(name, forms, shapes, functions)
    files["_sync_request.py"] += _STREAM_REQUESTS
    files["_async_request.py"] += _STREAM_REQUESTS
    return files


def _client_file(kind: str, form: _Form, shapes: Shapes, functions: Sequence[FunctionInfo]) -> str:
    annotations = Annotations(None, hidden={function.name for function in functions})
    module = f"{kind}_client"
    top, *others = _spaces(functions)
    inner = "".join(f"{_class(form, module, annotations, shapes, functions, space)}\n\n" for space in others)
    methods = _body(form, module, annotations, shapes, functions, top)
    own = {name for name in annotations.modules if name.startswith(("_types", "_stream_types"))}
    modules = [line + "\n" for line in import_lines(own)]
    return _CLIENT.format(
        kind=kind,
        modules="".join(modules),
        globals=GLOBALS,
        head=inner + _head(form),
        methods=methods,
        name=form.name,
    )


def _forms_file(module: str, forms: Sequence[_Form], shapes: Shapes, functions: Sequence[FunctionInfo]) -> str:
    annotations = Annotations(None, {"_client"}, hidden={function.name for function in functions})
    classes = [
        _class(form, module, annotations, shapes, functions, space)
        for form in forms
        for space in _spaces(functions)
    ]
    lines = [f'"""{forms[0].doc}"""', "", "from __future__ import annotations", ""]
    return "\n".join([*lines, *import_lines(annotations.modules), "", "", "\n\n".join(classes)])


def _spaces(functions: Sequence[FunctionInfo]) -> list[str]:
    """The top first."""
    return sorted({TOP, *(space for function in functions for space in around(function.name))})


def _class(
    form: _Form,
    module: str,
    annotations: Annotations,
    shapes: Shapes,
    functions: Sequence[FunctionInfo],
    space: str,
) -> str:
    return _head(form, space) + _body(form, module, annotations, shapes, functions, space)


def _body(
    form: _Form,
    module: str,
    annotations: Annotations,
    shapes: Shapes,
    functions: Sequence[FunctionInfo],
    space: str,
) -> str:
    """The namespaces inside of one, and its functions."""
    lines: list[str] = []
    for inner in inside(space, _spaces(functions)):
        name = of_space(form.name, inner)
        lines += ["", "    @property", f"    def {last_name(inner)}(self) -> {name}:"]
        lines += [f'        return self._space("{module}", "{name}")']
    methods = [_method(form, annotations, shapes, one) for one in functions if space_of(one.name) == space]
    return "".join(f"{line}\n" for line in lines) + "".join(methods)


def _head(form: _Form, space: str = TOP) -> str:
    doc = f"{form.doc.removesuffix('.')} in `{space}`." if space else form.doc
    return f'class {of_space(form.name, space)}(_client.{form.inherits}):\n    """{doc}"""\n'


def _method(form: _Form, annotations: Annotations, shapes: Shapes, function: FunctionInfo) -> str:
    params = ["llm_response: str"] if form.reads else _params(annotations, shapes, function)
    gives = _RESULTS[form.result](annotations, shapes, function)
    head = ("async " if form.is_async else "") + f"def {last_name(function.name)}"
    more = [] if form.reads else _more(annotations, shapes, function)
    lines = ["", *_signature(head, ["self", *params, _OPTIONS, *more], gives)]
    if function.doc:
        lines.append(docstring(function.doc, 8))
    arguments = _arguments(form, function)
    call = f'self.{form.through}("{function.name}", {", ".join(arguments)})'
    if form.is_async:
        call = f"await {call}"
    lines += _statement(call if gives == "None" else f"return {call}", form, function)
    return "\n".join(lines) + "\n"


def _statement(line: str, form: _Form, function: FunctionInfo) -> list[str]:
    if len(line) + 8 <= WIDTH:
        return [f"        {line}"]
    head, _, rest = line.partition("(")
    inside = rest.removesuffix(")")
    if len(inside) + 12 <= WIDTH:
        return [f"        {head}(", f"            {inside}", "        )"]
    lines = [
        f'"{function.name}",',
        *(line for argument in _arguments(form, function) for line in _broken(argument)),
    ]
    return [f"        {head}(", *(f"            {line}" for line in lines), "        )"]


def _arguments(form: _Form, function: FunctionInfo) -> list[str]:
    if form.reads:
        return ["llm_response", "baml_options"]
    more = [f"{text(param.name)}: {param.name}" for param in function.params if param.has_default]
    named = [f"{{{', '.join(more)}}}"] if more else []
    return [_tuple([param.name for param in function.params if not param.has_default]), "baml_options", *named]


def _broken(argument: str) -> list[str]:
    """An argument on a line of its own, or each part of it."""
    if len(argument) + 13 <= WIDTH:
        return [f"{argument},"]
    parts = argument[1:-1].rstrip(",").split(", ")
    return [argument[0], *(f"    {part}," for part in parts), f"{argument[-1]},"]


def _tuple(names: Sequence[str]) -> str:
    return f"({names[0]},)" if len(names) == 1 else f"({', '.join(names)})"


def _params(annotations: Annotations, shapes: Shapes, function: FunctionInfo) -> list[str]:
    """Those at the end that may be left out have a default."""
    written: list[str] = []
    may_be_left_out = True
    for param in reversed([param for param in function.params if not param.has_default]):
        shape = shapes.final(param.ty)
        may_be_left_out = may_be_left_out and (isinstance(shape, Maybe) or bare(param.ty) == NULL)
        default = " = None" if may_be_left_out else ""
        written.append(f"{param.name}: {annotations.write(shape)}{default}")
    return written[::-1]


def _more(annotations: Annotations, shapes: Shapes, function: FunctionInfo) -> list[str]:
    """Those with a default of the program, which come last and by name."""
    more = [param for param in function.params if param.has_default]
    written = [f"{param.name}: {annotations.write(shapes.final(param.ty))} = _client.UNSET" for param in more]
    return ["*", *written] if more else []


def _signature(head: str, params: Sequence[str], gives: str) -> list[str]:
    flat = f"    {head}({', '.join(params)}) -> {gives}:"
    if len(flat) <= WIDTH:
        return [flat]
    joined = f"        {', '.join(params)}"
    inside = [joined] if len(joined) <= WIDTH else [line for param in params for line in _param_lines(param)]
    return [f"    {head}(", *inside, *annotated(") -> ", gives, ":", 4)]


def _param_lines(param: str) -> list[str]:
    name, _, annotation = param.partition(": ")
    if not annotation:
        return [f"        {param},"]
    annotation, equals, default = annotation.partition(" = ")
    return annotated(f"{name}: ", annotation, f"{equals}{default},", 8, in_parentheses=False)


def _final(annotations: Annotations, shapes: Shapes, function: FunctionInfo) -> str:
    return annotations.write(shapes.final(function.result))


def _partial(annotations: Annotations, shapes: Shapes, function: FunctionInfo) -> str:
    return annotations.write(shapes.partial(function.result))


def _streamed(stream: str) -> Callable[[Annotations, Shapes, FunctionInfo], str]:
    return lambda annotations, shapes, function: (
        f"_client.{stream}[{_partial(annotations, shapes, function)}, {_final(annotations, shapes, function)}]"
    )


_RESULTS: dict[Result, Callable[[Annotations, Shapes, FunctionInfo], str]] = {
    "final": _final,
    "partial": _partial,
    "BamlStream": _streamed("BamlStream"),
    "BamlSyncStream": _streamed("BamlSyncStream"),
    "HTTPRequest": lambda annotations, shapes, function: "_client.HTTPRequest",
}
