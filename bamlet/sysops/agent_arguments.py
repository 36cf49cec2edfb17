"""Arguments of tools, read while a model still writes them: chunks in, what there is of the arguments out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ..interpreter.runtime.space import ValueSpace
from ..prompt import ToolInput
from ..providers import SpokenCalls, StreamChunk
from ..sap import PartialParser, read_plain
from ..types.nothing import NOTHING
from .parser import make_parser
from .stream_events import Arguments


def arguments_parser(shape: ToolInput, space: ValueSpace) -> PartialParser:
    return make_parser(shape.ty, shape.schemas, _Maps(space))  # type: ignore[arg-type]


def read_arguments(shape: ToolInput, space: ValueSpace, text: str) -> dict[str, Any]:
    """Of a call that has ended. Strict: an argument of which something would be lost is not what the model has
    meant. Raises `ParseFailure`.
    """
    maps: Any = _Maps(space)
    found = read_plain(text, shape.ty, shape.schemas, maps, strict=True)
    if found is None:
        parser = arguments_parser(shape, space)
        parser.feed(text)
        found = parser.finish(strict=True)
    value: Any = found.value
    return dict(value)


def own_id(step: int, slot: int) -> str:
    """Of a call to which its provider has given none."""
    return f"call_{step}_{slot}"


class ArgumentsReader:
    """Of one answer. A call of a tool that there is not is not read."""

    def __init__(self, tools: Mapping[str, ToolInput], space: ValueSpace, step: int) -> None:
        self._tools = tools
        self._space = space
        self._step = step
        self._open: dict[int, tuple[str, str, PartialParser]] = {}

    def take(self, chunk: StreamChunk) -> list[Arguments]:
        match chunk.type:
            case "start":
                self._open.clear()  # the answer begins anew
            case "tool_call_start" if chunk.slot is not None:
                name = chunk.name or ""
                if name in self._tools:
                    parser = arguments_parser(self._tools[name], self._space)
                    self._open[chunk.slot] = (chunk.id or own_id(self._step, chunk.slot), name, parser)
            case "tool_call_chunk" if chunk.slot in self._open:
                call_id, name, parser = self._open[chunk.slot]
                if parser.feed(chunk.text) and (value := parser.partial()) is not NOTHING:
                    return [Arguments(call_id, name, value)]
            case "tool_call_end" if chunk.slot is not None:
                self._open.pop(chunk.slot, None)
            case _:
                pass
        return []


class SpokenReader:
    """The same of an answer that has its calls in its text."""

    def __init__(self, take: Callable[[StreamChunk], list[Arguments]]) -> None:
        self._take = take
        self._calls = SpokenCalls()

    def take(self, chunk: StreamChunk) -> list[Arguments]:
        if chunk.type == "start":
            self._calls = SpokenCalls()
        if chunk.type != "content":
            return self._take(chunk)
        _, chunks = self._calls.feed(chunk.text)
        return [arguments for inner in chunks for arguments in self._take(inner)]


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
