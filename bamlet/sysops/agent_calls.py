"""Calls as models make them: what an answer wants done, each read by its tool, and which of them are the same."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from ..diagnostics import did_you_mean
from ..interpreter.runtime.values import FunctionValue, Handle, Instance, Opaque
from ..providers import ToolCall, are_spoken, spoken_calls
from ..records import dataclass, replace
from ..sap import ParseFailure
from .agent import MAX_TOLD, Input, read_given, tool_name_of
from .agent_arguments import own_id
from .answers import answer_of
from .host import Context, ToolCallHere
from .registry import sysop

MAX_CALLS = 64  # of one answer

_sorted = json.JSONEncoder(sort_keys=True).encode


@sysop("baml.agent.message_of")
def message_of(context: Context, answer: Handle | Opaque, tools: list[Any], step: int) -> Instance:
    space, found = context.space, answer_of(context, answer)
    said = found.said
    known = {tool_name_of(one): one.input.payload for one in tools}
    text, calls = said.text, said.tool_calls
    if not calls and are_spoken(found.client.options):
        before, calls = spoken_calls(text)
        text = before.rstrip() if calls else text
    parts: list[Any] = [space.instance("baml.agent.Text", {"text": text})] if text else []
    is_cut = said.finish_reason == "length"
    last = len(calls) - 1
    ids: set[str] = set()
    signed: dict[str, str] = {}
    for at, made in enumerate(calls):
        # Some servers give no id, and some the same one twice.
        call = made if made.id and made.id not in ids else replace(made, id=own_id(step, at))
        ids.add(call.id)
        reader = CallReader(context, known, is_cut=is_cut and at == last, is_too_many=at >= MAX_CALLS)
        parts.append(reader.call(call))
        if call.signature is not None:
            signed[call.id] = call.signature
    if last >= 0 and found.attempt is not None:
        found.attempt.gives_value()  # the calls; of an answer without any the value is read first
    opaque: dict[str, Any] = {found.dialect: [*map(dict, said.unread)]} if said.unread else {}
    if signed:
        opaque["google"] = signed
    return space.instance("baml.agent.Message", {"role": "assistant", "parts": parts, "opaque": opaque})


@dataclass(frozen=True, slots=True)
class CallReader:
    """Makes of what the model wrote a call that can be run, or one that says why it cannot."""

    context: Context
    tools: Mapping[str, Input]
    is_cut: bool
    is_too_many: bool

    def call(self, made: ToolCall) -> Instance:
        arguments, error = self._read(made)
        fields = {
            "id": made.id,
            "name": made.name,
            "arguments": arguments,
            "raw": made.arguments,
            "error": error,
        }
        return self.context.space.instance("baml.agent.Call", fields)

    def _read(self, made: ToolCall) -> tuple[dict[str, Any], str | None]:
        found = self.tools.get(made.name)
        if self.is_too_many:
            return {}, f"only {MAX_CALLS} calls of one answer are made"
        if found is None:
            hint = did_you_mean(made.name, self.tools) or f"there are {', '.join(self.tools) or 'none'}"
            return {}, f"there is no tool `{made.name}`; {hint}"
        if self.is_cut or not _is_whole(made.arguments):
            return {}, "the arguments are cut off; write fewer, or shorter ones"
        try:
            return read_given(self.context, found, made.arguments), None
        except ParseFailure as failure:
            return {}, _unfit(failure)


def _unfit(failure: ParseFailure) -> str:
    told = "; ".join(f"{issue.path}: {issue.reason}" for issue in failure.issues) or str(failure)
    return f"the arguments do not fit: {told}"[:MAX_TOLD]


def _is_whole(arguments: str) -> bool:
    """Half of an object can be read like a whole one, and is not what the model has meant."""
    try:
        json.loads(arguments or "{}")
    except ValueError:
        return False
    except RecursionError:
        return True  # their reader says that they are too deep
    return True


# --- which are the same


@sysop("baml.agent.key_of")
def key_of(context: Context, call: Any) -> str:
    return key(call)


def key(call: Any) -> str:
    return key_as_written(call.name, call.raw)


def key_as_written(name: str, raw: str) -> str:
    """However its arguments are written."""
    try:
        arguments = _sorted(json.loads(raw or "{}"))
    except (ValueError, RecursionError):
        arguments = raw
    return f"{name} {arguments}"


@sysop("baml.agent.counted")
def counted(context: Context, repeats: Mapping[str, int], made: str) -> dict[str, int]:
    return {**repeats, made: repeats.get(made, 0) + 1}


@sysop("baml.agent.earlier")
def earlier(context: Context, messages: list[Any], results: Mapping[str, Any], call: Any) -> Any:
    wanted, found = key(call), None
    same: set[str] = set()
    for message in messages:
        if message.role == "assistant":
            # Of this message only: some servers count their calls anew in each answer.
            same = {part.id for part in message.parts if _is(part, "Call") and key(part) == wanted}
        for part in message.parts:
            if _is(part, "Result") and part.id in same:
                found = part.content
    now = [result.content for call_id, result in results.items() if call_id in same]
    return now[-1] if now else found


def _is(part: Any, name: str) -> bool:
    return isinstance(part, Instance) and part.__class_name__ == f"baml.agent.{name}"


@sysop("baml.agent.waits")
def waits(context: Context, run: FunctionValue) -> bool:
    return run.suspends


@sysop("baml.agent.begin_call")
def begin_call(context: Context, call: Any, step: int) -> None:
    context.host.tool_call = ToolCallHere(call.id, call.name, step)
