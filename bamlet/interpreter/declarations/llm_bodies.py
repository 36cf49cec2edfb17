"""The body of an LLM function: a client and a prompt, and the tools that its model may call."""

from __future__ import annotations

from ...diagnostics import catalogue
from ...grammar import nodes as n
from ..facts.interface import LlmInfo
from .agent_blocks import read_agent_block
from .blocks import Block, Shape
from .prompts import prompt_text
from .settings import find, setting

_LLM_FUNCTION = Shape(
    "an LLM function",
    ("client", "prompt", "tools", "loop", "agent"),
    catalogue.LLM_BODY,
    catalogue.LLM_BODY.for_lack(),
    {"client": 'client "openai/gpt-4o-mini"', "prompt": 'prompt #"…"#'},
    repeated=catalogue.LLM_BODY,
)


def read_llm_body(block: Block, node: n.FunctionDecl, body: n.LlmBody) -> LlmInfo | None:
    given = block.check(node.name, body.entries, _LLM_FUNCTION)
    if node.result is None:
        hint = "write `-> string` behind the parameters, for example"
        message = f"LLM function `{node.name.name}` has no return type"
        block.wrong(node.name, catalogue.LLM_BODY.for_lack(), message, hint)
    client, prompt = given.get("client"), given.get("prompt")
    if client is not None and not isinstance(client.value, n.ConfigText):
        hint = 'name a declared client, or write a shorthand like "openai/gpt-4o"'
        block.wrong(client.value, catalogue.LLM_BODY, "a client is given by its name", hint)
        client = None
    if prompt is not None and not _is_text(prompt.value):
        block.wrong(prompt.value, catalogue.LLM_BODY, "a prompt is a string", 'write prompt #"…"#')
        prompt = None
    if "tools" in given:
        _check_tools(block, given["tools"].value)
    loop = loop_of(node)
    if "loop" in given and loop is None:
        block.wrong(given["loop"].value, catalogue.LLM_BODY, "a loop is the name of a function", _LOOP)
    elif loop is not None and "tools" not in given:
        block.wrong(
            loop, catalogue.LLM_BODY, "a loop stands beside `tools`", "write tools [find_orders], or no loop"
        )
    agent = read_agent_block(block, node.name, given["agent"]) if "agent" in given else None
    if "agent" in given and "tools" not in given:
        message, hint = "`agent` stands beside `tools`", "write tools [find_orders], or no agent"
        block.wrong(given["agent"].key, catalogue.LLM_BODY, message, hint)
    elif loop is not None and agent is not None and (agent.choose or agent.done):
        message = "a loop of one's own chooses by itself: `choose` and `done` stand without `loop`"
        block.wrong(loop, catalogue.LLM_BODY, message, "call them in the loop")
    if client is None or prompt is None:
        return None
    assert isinstance(prompt.value, n.ConfigText | n.Template)
    text = prompt_text(block.placed, prompt.value)
    return LlmInfo(
        str(setting(client.value)),
        text.text,
        len(text.holes),
        _names(tools_of(node)),
        setting_name(loop),
        agent,
    )


def _check_tools(block: Block, value: n.ConfigValue) -> None:
    items = value.items if isinstance(value, n.ConfigList) else (value,)
    for item in items:
        if not (isinstance(value, n.ConfigList) and _is_name(item)):
            hint = "write tools [find_orders, refund]; options are for `baml.agent.tool`"
            block.wrong(item, catalogue.LLM_BODY, "tools are a list of names of functions", hint)


def _is_name(value: n.ConfigValue) -> bool:
    return isinstance(value, n.ConfigText) and value.kind == "bare"


def tools_of(node: n.FunctionDecl) -> tuple[n.ConfigValue, ...]:
    """What an LLM function names as its tools; what is no name is left out."""
    entry = find(node.body, "tools") if isinstance(node.body, n.LlmBody) else None
    if entry is None or not isinstance(entry.value, n.ConfigList):
        return ()
    return tuple(item for item in entry.value.items if _is_name(item))


_LOOP = "write loop Careful, a function (baml.agent.State, baml.agent.Tool[]) -> baml.agent.State"


def loop_of(node: n.FunctionDecl) -> n.ConfigValue | None:
    """What an LLM function names as its loop."""
    entry = find(node.body, "loop") if isinstance(node.body, n.LlmBody) else None
    return entry.value if entry is not None and _is_name(entry.value) else None


def setting_name(value: n.ConfigValue | None) -> str | None:
    return None if value is None else str(setting(value))


def _names(values: tuple[n.ConfigValue, ...]) -> tuple[str, ...]:
    return tuple(str(setting(value)) for value in values)


def _is_text(value: n.ConfigValue) -> bool:
    return isinstance(value, n.Template) or (isinstance(value, n.ConfigText) and value.kind != "bare")


def holes_of(placed: n.Placed[n.Item], body: n.LlmBody) -> tuple[n.Expr, ...]:
    """The holes of its prompt that are code."""
    prompt = find(body, "prompt")
    value = prompt.value if prompt else None
    return prompt_text(placed, value).holes if isinstance(value, n.Template) else ()


def client_of(node: n.FunctionDecl) -> n.ConfigValue:
    """What a function whose body could be read names as its client."""
    assert isinstance(node.body, n.LlmBody)
    entry = find(node.body, "client")
    assert entry is not None
    return entry.value
