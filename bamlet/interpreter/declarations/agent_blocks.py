"""The block `agent` of an LLM function with tools: how far it may go, and who steers it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ...diagnostics import catalogue
from ...grammar import nodes as n
from ..facts.interface import AgentInfo
from .blocks import Block, Shape
from .settings import find, setting

# With the least that makes sense.
_NUMBERS: Mapping[str, int] = {"max_steps": 1, "parallel": 1, "answer_retries": 0}
_FUNCTIONS = ("choose", "done")
_AGENT = Shape("the block `agent`", (*_NUMBERS, *_FUNCTIONS), catalogue.LLM_BODY, catalogue.LLM_BODY.for_lack())


def read_agent_block(block: Block, owner: n.Identifier, entry: n.ConfigEntry) -> AgentInfo | None:
    if not isinstance(entry.value, n.Config):
        hint = "write agent { max_steps 5 }"
        block.wrong(entry.value, catalogue.LLM_BODY, "`agent` is a block of keys and values", hint)
        return None
    given = block.check(owner, entry.value.entries, _AGENT)
    fields: dict[str, Any] = {name: _number(block, name, given[name]) for name in _NUMBERS if name in given}
    fields |= {name: _function(block, name, given[name]) for name in _FUNCTIONS if name in given}
    return AgentInfo(**{name: value for name, value in fields.items() if value is not None})


def _number(block: Block, name: str, entry: n.ConfigEntry) -> int | None:
    value = setting(entry.value)
    if isinstance(value, int) and not isinstance(value, bool) and value >= _NUMBERS[name]:
        return value
    message = f"`{name}` is a number, {_NUMBERS[name]} at least"
    block.wrong(entry.value, catalogue.LLM_BODY, message, f"write {name} 5, for example")
    return None


def _function(block: Block, name: str, entry: n.ConfigEntry) -> str | None:
    if isinstance(entry.value, n.ConfigText) and entry.value.kind == "bare":
        return str(setting(entry.value))
    block.wrong(entry.value, catalogue.LLM_BODY, f"`{name}` is the name of a function", f"write {name} my_{name}")
    return None


def steering_of(node: n.FunctionDecl) -> Iterator[tuple[str, n.ConfigValue]]:
    """What an LLM function names as its `choose` and `done`."""
    entry = find(node.body, "agent") if isinstance(node.body, n.LlmBody) else None
    if entry is None or not isinstance(entry.value, n.Config):
        return
    for name in _FUNCTIONS:
        found = find(entry.value, name)
        if found is not None:
            yield name, found.value
