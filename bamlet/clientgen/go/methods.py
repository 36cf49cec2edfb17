"""The functions of a program as functions of Go: calls, streams, and the reading of answers."""

from __future__ import annotations

from collections.abc import Sequence

from ...client.shapes import Listed, Mapped, Maybe, Shape, Shapes
from ...interpreter.facts.interface import FunctionInfo, Interface, Param
from ...types.ty import AnnotatedTy, Ty
from .annotations import Annotations
from .names import functions as function_names
from .names import parameter
from .texts import comment, literal

_HEAD = """\
// Package baml_client calls the functions of a BAML program over `bamlet serve`.
package baml_client

import (
	"context"
{imports})

// Stream has the same functions; each gives values as they grow, on a channel that is closed in any case. To end
// one before, end its context.
var Stream streams

type streams struct{{}}

// Parse reads answers of a model that you have.
var Parse parser

type parser struct{{}}

// ParseStream reads answers of a model that are on their way.
var ParseStream streamParser

type streamParser struct{{}}
"""


def client_file(interface: Interface, functions: Sequence[FunctionInfo], module: str) -> str:
    writer = _Methods(interface, functions)
    asked = [function for function in functions if function.llm is not None]
    parts = [
        *map(writer.call, functions),
        *map(writer.stream, functions),
        *(writer.parse(function, partial=False) for function in asked),
        *(writer.parse(function, partial=True) for function in asked),
    ]
    body = "".join(parts)
    imports = "".join(
        f'\t"{module}/{package}"\n'
        for package, used in (
            ("stream_types", "stream_types." in body),
            ("types", "types." in body.replace("stream_types.", "")),
        )
        if used
    )
    return _HEAD.format(imports="\n" + imports if imports else "") + body


class _Methods:
    def __init__(self, interface: Interface, functions: Sequence[FunctionInfo]) -> None:
        self._shapes = Shapes(interface.schemas)
        self._annotations = Annotations(interface, None)
        self._names = function_names(function.name for function in functions)

    def call(self, function: FunctionInfo) -> str:
        final = self._annotations.write(self._shapes.final(function.result))
        head = f"func {self._names[function.name]}({self._parameters(function)}) ({final}, error)"
        sent = f"call[{final}](ctx, {literal(function.name)}, {self._arguments(function)}, opts)"
        return f"\n{comment(function.doc)}{head} {{\n\treturn {sent}\n}}\n"

    def stream(self, function: FunctionInfo) -> str:
        both = f"[{self._result(function, partial=True)}, {self._result(function, partial=False)}]"
        name = self._names[function.name]
        head = f"func (streams) {name}({self._parameters(function)}) (<-chan StreamValue{both}, error)"
        sent = f"stream{both}(ctx, {literal(function.name)}, {self._arguments(function)}, opts)"
        return f"\n{comment(function.doc)}{head} {{\n\treturn {sent}\n}}\n"

    def parse(self, function: FunctionInfo, *, partial: bool) -> str:
        result = self._result(function, partial=partial)
        of = "streamParser" if partial else "parser"
        head = f"func ({of}) {self._names[function.name]}(ctx context.Context, text string, opts ...Option)"
        sent = f"parse[{result}](ctx, {literal(function.name)}, text, {str(partial).lower()}, opts)"
        return f"\n{head} ({result}, error) {{\n\treturn {sent}\n}}\n"

    def _result(self, function: FunctionInfo, *, partial: bool) -> str:
        shape = self._shapes.partial(function.result) if partial else self._shapes.final(function.result)
        return self._annotations.write(shape)

    def _parameters(self, function: FunctionInfo) -> str:
        told = [f"{parameter(param.name)} {self._type(param)}" for param in function.params]
        return ", ".join(["ctx context.Context", *told, "opts ...Option"])

    def _shape(self, param: Param) -> Shape:
        shape = self._shapes.final(_sent(param.ty))
        return Maybe(shape) if param.has_default and not isinstance(shape, Maybe) else shape

    def _type(self, param: Param) -> str:
        """What may be left out is nil then."""
        return self._annotations.write(self._shape(param))

    def _arguments(self, function: FunctionInfo) -> str:
        if not function.params:
            return "nil"
        return f"[]argument{{{', '.join(map(self._argument, function.params))}}}"

    def _argument(self, param: Param) -> str:
        name = parameter(param.name)
        match self._shape(param):
            case Listed() | Mapped() as shape:
                # One that was not set is an empty one: the server takes no null for it.
                empty = "[]any{}" if isinstance(shape, Listed) else "map[string]any{}"
                return f"{{{literal(param.name)}, orEmpty({name}, {empty})}}"
            case Maybe():
                return f"{{{literal(param.name)}, orNone({name})}}"
            case _:
                return f"{{{literal(param.name)}, {name}}}"


def _sent(ty: Ty) -> Ty:
    """Checks of a parameter are looked at, and not sent."""
    return ty.inner if isinstance(ty, AnnotatedTy) else ty
