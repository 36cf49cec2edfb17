"""`client C = openai.ChatClient.new(…)` to the block that says the same: nothing of it runs, so that it holds
settings only.
"""

from __future__ import annotations

from ...diagnostics import catalogue, did_you_mean
from ...grammar import nodes as n
from .blocks import Block

# What other compilers call the providers of `options.providers`.
CLASSES = {
    "openai.ResponsesClient": "openai-responses",
    "openai.ChatClient": "openai",
    "openai.GenericClient": "openai-generic",
    "openai.AzureClient": "azure-openai",
    "anthropic.Client": "anthropic",
    "google.Client": "google-ai",
    "google.VertexClient": "vertex-ai",
    "aws.Client": "aws-bedrock",
    "aws.BedrockClient": "aws-bedrock",
}
_LITERALS = (n.IntLiteral, n.FloatLiteral, n.BoolLiteral, n.NullLiteral)


def as_block(block: Block, node: n.ClientValueDecl) -> n.ClientDecl | None:
    """None if it cannot be said with settings, which has been reported."""
    value = node.value
    provider = _provider(block, value)
    if provider is None:
        return None
    assert isinstance(value, n.Call)
    if value.arguments:
        message = "the settings of a client are given by name"
        block.wrong(value.arguments[0], catalogue.CLIENT_EXPRESSION, message, 'write `model = "…"`')
        return None
    own = [_entry("provider", value, n.ConfigText(value.start, value.end, "string", provider))]
    options: list[n.ConfigEntry] = []
    for argument in value.named:
        found = _setting(block, argument.value)
        if found is None:
            return None
        name = argument.name.name
        if name == "retry_policy":
            own.append(n.ConfigEntry(argument.start, argument.end, argument.name, found))
        elif name == "options" and isinstance(found, n.Config):
            options += found.entries
        else:
            options.append(n.ConfigEntry(argument.start, argument.end, argument.name, found))
    own.append(_entry("options", value, n.Config(value.start, value.end, tuple(options), (), ())))
    config = n.Config(value.start, value.end, tuple(own), (), ())
    return n.ClientDecl(node.start, node.end, node.name, "llm", config, node.doc)


def _entry(name: str, place: n.Node, value: n.ConfigValue) -> n.ConfigEntry:
    key = n.Identifier(place.start, place.end, name)
    return n.ConfigEntry(place.start, place.end, key, value)


def _provider(block: Block, value: n.Expr) -> str | None:
    called = value.callee if isinstance(value, n.Call) else None
    name = called.name if isinstance(called, n.Path) else ""
    kind, _, method = name.rpartition(".")
    if method == "new" and kind in CLASSES:
        return CLASSES[kind]
    message = "a client is made by a class of clients, and by nothing else"
    hint = "write `openai.ChatClient.new(…)`, for example"
    if method == "new":
        message = f"there are no clients of a class `{kind}`"
        hint = did_you_mean(kind, CLASSES) or f"the classes are {', '.join(CLASSES)}"
    block.wrong(value, catalogue.CLIENT_EXPRESSION, message, hint)
    return None


def _setting(block: Block, value: n.Expr) -> n.ConfigValue | None:
    match value:
        case n.StringLiteral(value=text):
            return n.ConfigText(value.start, value.end, "string", text)
        case n.Template() if value.text is not None:
            return n.ConfigText(value.start, value.end, "string", value.text)
        case n.Path(parts=(n.Identifier(name="env"), _)):
            return n.ConfigText(value.start, value.end, "bare", value.name)
        case n.Path(parts=(n.Identifier(name=name),)):
            return n.ConfigText(value.start, value.end, "bare", name)
        case n.ListLiteral(items=items):
            found = [_setting(block, item) for item in items]
            made = tuple(item for item in found if item is not None)
            return n.ConfigList(value.start, value.end, made) if len(made) == len(items) else None
        case n.MapLiteral(entries=entries):
            rows = [(entry, _setting(block, entry.value)) for entry in entries]
            written = tuple(
                n.ConfigEntry(
                    entry.start, entry.end, n.Identifier(entry.key.start, entry.key.end, entry.key.value), row
                )
                for entry, row in rows
                if row is not None
            )
            return n.Config(value.start, value.end, written, (), ()) if len(written) == len(rows) else None
        case _ if isinstance(value, _LITERALS):
            return n.ConfigText(value.start, value.end, "bare", block.placed.span(value).text)
        case _:
            message = "a setting of a client is a text, a number, `env.NAME`, a list or a map"
            block.wrong(value, catalogue.CLIENT_EXPRESSION, message, "write the value out")
            return None
