"""Tools for a model that calls in its text: what it is told of them in words, and a history with calls in it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence

from ..records import replace
from ..types.schema import ClassSchema, Field, Schemas
from ..types.ty import ClassTy, ListTy, LiteralTy, Ty, union
from .output_format import output_format
from .parts import Message, Part, Prompt, Text, ToolResult, ToolUse
from .tools import Tool, ToolInput, Tools

CALLED = "tool"
"""The key of a call that names the tool: its first."""

_MAY = "To call functions, answer with nothing but a JSON Array of calls like these:\n"
_MUST = "Answer with nothing but a JSON Array of calls of functions like these:\n"
_RESULTS = "You are told what came of them. When you need none, answer without a call."


def in_words(prompt: Prompt, tools: Tools, inputs: Sequence[ToolInput], history: Sequence[Message]) -> Prompt:
    """The prompt that tells of tools and has the history behind it. Neither is left to the provider."""
    messages = prompt.messages
    told = _told(tools, inputs)
    if told and messages:
        # Beside what is asked: a message of its own could stand where a provider takes none.
        last = messages[-1]
        messages = (*messages[:-1], replace(last, parts=(*last.parts, Text(f"\n\n{told}"))))
    spoken = replace(tools, are_spoken=True)
    return replace(prompt, messages=(*messages, *map(_spoken, history)), answer=None, tools=spoken)


def _told(tools: Tools, inputs: Sequence[ToolInput]) -> str:
    if tools.choice == "none" or not tools.declared:
        return ""
    schemas, calls = Schemas(), list[Ty]()
    for tool, shape in zip(tools.declared, inputs, strict=True):
        if isinstance(tools.choice, Tool) and tool.name != tools.choice.name:
            continue
        made = _call(tool, shape)
        schemas = shape.schemas.with_types(schemas).with_types(Schemas({made.name: made}))
        calls.append(ClassTy(made.name))
    if tools.choice == "auto":
        return f"{output_format(ListTy(union(calls)), schemas, prefix=_MAY)}\n{_RESULTS}"
    return output_format(ListTy(union(calls)), schemas, prefix=_MUST)


def _call(tool: Tool, shape: ToolInput) -> ClassSchema:
    """A class whose first field says which tool is meant."""
    named = Field(CALLED, LiteralTy("string", tool.name))
    name = f"{tool.name}(…) in words"  # no program can declare such a name
    if isinstance(shape.ty, ClassTy):
        fields = shape.schemas.classes[shape.ty.name].fields
        return ClassSchema(name, (named, *fields), description=tool.description or None)
    # Of a schema of somebody else we have the JSON, and models read that, too.
    given = json.dumps(tool.schema.schema, ensure_ascii=False, separators=(",", ":"))
    described = f"{tool.description}\nIts further fields are those of the JSON Schema {given}".lstrip()
    return ClassSchema(name, (named,), description=described)


def _spoken(message: Message) -> Message:
    role = "user" if message.role == "tool" else message.role
    return replace(message, role=role, parts=tuple(_parts(message.parts)))


def _parts(parts: Sequence[Part]) -> Iterator[Part]:
    """What belongs together is one list, as the model writes it."""
    together: list[str] = []
    before = ""
    for part in parts:
        match part:
            case ToolUse(name=name, arguments=arguments):
                together.append(call_in_words(name, arguments or "{}"))
            case ToolResult(name=name, content=content, is_error=is_error):
                told = {CALLED: name, "error" if is_error else "result": content}
                together.append(json.dumps(told, ensure_ascii=False))
            case _:
                before = "\n"
                yield part
    if together:
        yield Text(f"{before}[{', '.join(together)}]")


def call_in_words(name: str, arguments: str) -> str:
    """As it was said: the name, and behind it what the object of the arguments holds."""
    opened = f"{{{json.dumps(CALLED)}: {json.dumps(name, ensure_ascii=False)}"
    inner = arguments.strip().removeprefix("{").lstrip()
    return f"{opened}{inner}" if inner.startswith("}") else f"{opened}, {inner}"
