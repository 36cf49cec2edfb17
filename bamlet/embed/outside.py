"""Requests that no program of ours has made, as they come to a server, to answers of the offline model.

What an answer is to look like is told by the schema in the body, or by the prompt: an LLM function of a program is
known by the output format that stands in it.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ..interpreter.program.link import Program
from ..interpreter.runtime.space import ValueSpace
from ..prompt import PromptError
from ..prompt.output_format import output_format
from ..providers import ToolCall
from ..providers.client import ClientSpec
from ..providers.nobody import read_client
from ..records import dataclass
from ..sap.dice import Dice
from ..sap.invent_depths import CannotInvent
from ..sap.invent_schema import invent_schema
from ..sysops.asked import AnswerNote, AskedFor
from ..types.schema import Schemas
from ..types.ty import STRING, Ty
from ..wire.message import NoSuchAnswer, Request, Response
from .faults import Answer
from .offline import Manner, OfflineTransport, Reply, invented

HELLO = "Hello from nobody."
_SHORTEST_FORMAT = 12  # characters; a shorter text may stand in a prompt by chance

_WAYS: tuple[dict[str, object], ...] = ({}, {"prefix": None})

_SCHEMAS = (
    ("response_format", "json_schema", "schema"),
    ("text", "format", "schema"),
    ("output_config", "format", "schema"),
    ("generationConfig", "responseJsonSchema"),
    ("generationConfig", "responseSchema"),
    ("format",),
)


@dataclass(frozen=True, slots=True)
class OutsideRequest:
    """`response_type` is the dialect that is spoken, by its name."""

    response_type: str
    body: Mapping[str, Any]
    streams: bool


class OutsideModel:
    """The same seed and body give the same answer, whatever was asked before. Raises `ValueError` for no fault."""

    def __init__(
        self, seed: int = 0, *, faults: Sequence[str] = (), pace: float = 0.0, program: Program | None = None
    ) -> None:
        self._program = program
        self._formats = dict(_formats(program)) if program is not None else {}
        self._space = program.space if program is not None else ValueSpace(Schemas())
        self._transport = OfflineTransport(seed, faults=faults, pace=pace, script=self._said)

    async def open(self, asked: OutsideRequest) -> Response:
        """Raises `NoSuchAnswer` for a type of which nothing can be invented."""
        text = json.dumps(asked.body, ensure_ascii=False, sort_keys=True)
        function, output = self._asked_for(asked.body)
        model = asked.body.get("model")
        note = AnswerNote(
            AskedFor(function, output, {"body": asked.body}),
            self._space.schemas,
            self._space,
            read_client(ClientSpec("mock", "offline", {"model": model} if isinstance(model, str) else {})),
            asked.response_type,
            "prompt",
            asked.streams,
            len(text),
            asyncio.sleep,
        )
        return await self._transport.open(Request("POST", "offline://mock", note=note), connect_timeout=None)

    def _asked_for(self, body: Mapping[str, Any]) -> tuple[str, Ty]:
        """The function of which the longest format stands in the prompt."""
        told = list(_texts(body))
        for format_ in sorted(self._formats, key=len, reverse=True):
            if any(format_ in text for text in told):
                return self._formats[format_]
        return "", STRING

    def _said(self, note: AnswerNote, attempt: int) -> Reply | Answer:
        """Attempts count for faults, not for what is said."""
        body: Mapping[str, Any] = note.asked.arguments["body"]
        manner: Manner = self._transport.manner
        dice = Dice(manner.seed, note.key)
        if (schema := _schema_of(body)) is not None:
            return Answer(_fitting(schema, dice))
        if (tool := _tool_of(body)) is not None:
            arguments = json.dumps(_fitting(tool[1], dice), ensure_ascii=False)
            return Reply(calls=(ToolCall(f"call_{tool[0]}", tool[0], arguments),))
        return invented(note, manner, 1) if note.asked.function else Reply(HELLO)


def _fitting(schema: Mapping[str, Any], dice: Dice) -> Any:
    try:
        return invent_schema(schema, dice)
    except CannotInvent as failure:
        raise NoSuchAnswer(f"nothing that fits the schema can be invented: {failure}") from None


def _formats(program: Program) -> Iterator[tuple[str, tuple[str, Ty]]]:
    """What a prompt says of each type that a function answers with, with the usual words before it and without."""
    for name, info in program.interface.functions.items():
        if info.llm is None:
            continue
        try:
            found = [
                output_format(info.result, program.interface.schemas, **way) for way in ({}, {"prefix": None})
            ]
        except PromptError:
            continue  # such a function has no prompt either
        yield from ((text.strip(), (name, info.result)) for text in found if len(text.strip()) > _SHORTEST_FORMAT)


def _texts(value: Any) -> Iterator[str]:
    match value:
        case str():
            yield value
        case Mapping():
            for part in value.values():
                yield from _texts(part)
        case list():
            for part in value:
                yield from _texts(part)


def _schema_of(asked: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """What the answer is to look like, in the words of any dialect."""
    found = (_at(asked, *way) for way in _SCHEMAS)
    return next((schema for schema in found if isinstance(schema, Mapping)), None)


def _tool_of(asked: Mapping[str, Any]) -> tuple[str, Mapping[str, Any]] | None:
    """The tool that must be called, and the schema of its arguments; of several that may be, the first."""
    named = _at(asked, "tool_choice", "function", "name") or _at(asked, "tool_choice", "name")
    forced = named is not None or asked.get("tool_choice") == "required"
    forced = forced or _at(asked, "tool_choice", "type") == "any"
    forced = forced or _at(asked, "toolConfig", "functionCallingConfig", "mode") == "ANY"
    tools = dict(_tools(asked)) if forced else {}
    name = named if named is not None else next(iter(tools), None)
    return (name, tools[name]) if isinstance(name, str) and name in tools else None


def _tools(asked: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for tool in _listed(asked.get("tools")):
        for one in _listed(_at(tool, "functionDeclarations")) or [_at(tool, "function") or tool]:
            ways = ("parameters", "input_schema", "parametersJsonSchema")
            schema: Any = next((found for way in ways if (found := _at(one, way)) is not None), {})
            if isinstance(name := _at(one, "name"), str) and isinstance(schema, Mapping):
                yield name, schema


def _listed(value: Any) -> list[Any]:
    """A stranger's request may have anything in the place of a list."""
    return value if isinstance(value, list) else []


def _at(value: Any, *steps: str) -> Any:
    for step in steps:
        value = value.get(step) if isinstance(value, Mapping) else None
    return value
