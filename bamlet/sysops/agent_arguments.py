"""Arguments of tools, read while a model still writes them: chunks in, what there is of the arguments out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..interpreter.runtime.space import ValueSpace
from ..prompt import ToolInput
from ..providers import StreamChunk
from ..sap import PartialParser
from ..types.nothing import NOTHING
from .parser import make_parser
from .sink import Arguments


def arguments_parser(shape: ToolInput, space: ValueSpace) -> PartialParser:
    return make_parser(shape.ty, shape.schemas, _Maps(space))  # type: ignore[arg-type]


class ArgumentsReader:
    """Of one answer. A call of a tool that there is not is not read."""

    def __init__(self, tools: Mapping[str, ToolInput], space: ValueSpace) -> None:
        self._tools = tools
        self._space = space
        self._open: dict[int, tuple[str, str, PartialParser]] = {}

    def take(self, chunk: StreamChunk) -> Arguments | None:
        match chunk.type:
            case "start":
                self._open.clear()  # the answer begins anew
            case "tool_call_start" if chunk.slot is not None:
                name = chunk.name or ""
                if name in self._tools:
                    parser = arguments_parser(self._tools[name], self._space)
                    self._open[chunk.slot] = (chunk.id or "", name, parser)
            case "tool_call_chunk" if chunk.slot in self._open:
                call_id, name, parser = self._open[chunk.slot]
                if parser.feed(chunk.text) and (value := parser.partial()) is not NOTHING:
                    return Arguments(call_id, name, value)
            case "tool_call_end" if chunk.slot is not None:
                self._open.pop(chunk.slot, None)
            case _:
                pass
        return None


class _Maps:
    """Makes the values of the program, and of the parameters, which are no class of it, a map."""

    def __init__(self, space: Any) -> None:
        self._space = space

    def __getattr__(self, name: str) -> Any:
        return getattr(self._space, name)

    def instance(self, class_name: str, fields: dict[str, Any]) -> Any:
        return self._space.instance(class_name, fields) if class_name in self._space.classes else fields

    def partial(self, class_name: str, fields: dict[str, Any]) -> Any:
        return self._space.partial(class_name, fields) if class_name in self._space.classes else fields
