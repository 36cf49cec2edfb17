"""The body of an LLM function: exactly a client and a prompt."""

from __future__ import annotations

from ...diagnostics import catalogue
from ...grammar import nodes as n
from ..facts.interface import LlmInfo
from .blocks import Block, Shape
from .prompts import prompt_text
from .settings import find, setting

_LLM_FUNCTION = Shape(
    "an LLM function",
    ("client", "prompt"),
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
    if client is None or prompt is None:
        return None
    assert isinstance(prompt.value, n.ConfigText | n.Template)
    text = prompt_text(block.placed, prompt.value)
    return LlmInfo(str(setting(client.value)), text.text, len(text.holes))


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
