"""A `client<mcp>` block to plain data: how a server of tools is started, or where it is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Literal, cast

from ...diagnostics import catalogue, did_you_mean
from ...grammar import nodes as n
from ...records import dataclass
from ..facts.interface import EnvRef, McpInfo, Setting
from .blocks import Block, Shape
from .settings import entries, setting

_SERVER = Shape(
    "an MCP server",
    ("provider", "options"),
    catalogue.UNKNOWN_CLIENT_PROPERTY,
    catalogue.MISSING_PROVIDER,
    {"provider": "provider stdio"},
    "put it into options { … }",
)


def _is_text(value: Setting) -> bool:
    return isinstance(value, str | EnvRef)


def _are_texts(value: Setting) -> bool:
    return isinstance(value, list) and all(map(_is_text, value))


def _are_named_texts(value: Setting) -> bool:
    return isinstance(value, dict) and all(map(_is_text, value.values()))


@dataclass(frozen=True, slots=True)
class _Option:
    fits: Callable[[Setting], bool]
    what: str
    example: str


# What each kind may have; the first of it is needed.
_OPTIONS: Mapping[str, Mapping[str, _Option]] = {
    "stdio": {
        "command": _Option(_is_text, "a string", 'command "npx"'),
        "args": _Option(_are_texts, "a list of strings", 'args ["-y", "server"]'),
        "env": _Option(_are_named_texts, "a block of strings", "env { ROOT env.ROOT }"),
        "cwd": _Option(_is_text, "a string", 'cwd "data"'),
    },
    "http": {
        "url": _Option(_is_text, "a string", 'url "http://127.0.0.1:8000/mcp"'),
        "headers": _Option(_are_named_texts, "a block of strings", "headers { Authorization env.TOKEN }"),
    },
}


def read_mcp_server(block: Block, node: n.ClientDecl) -> McpInfo | None:
    given = block.check(node.name, node.config.entries, _SERVER)
    provider = given.get("provider")
    if provider is None:
        return None
    kind = str(setting(provider.value))
    known = _OPTIONS.get(kind)
    if known is None:
        hint = did_you_mean(kind, _OPTIONS) or f"it is {' or '.join(_OPTIONS)}"
        block.wrong(provider.value, catalogue.UNKNOWN_PROVIDER, f"there are no MCP servers of `{kind}`", hint)
        return None
    options = _options(block, node, given.get("options"), known)
    return McpInfo(node.name.name, cast(Literal["stdio", "http"], kind), options)


def _options(
    block: Block, node: n.ClientDecl, entry: n.ConfigEntry | None, known: Mapping[str, _Option]
) -> dict[str, Setting]:
    if entry is not None and not isinstance(entry.value, n.Config):
        block.wrong(entry.value, catalogue.CLIENT_OPTION, "options are a block", "write options { … }")
        return {}
    config = entry.value if entry is not None and isinstance(entry.value, n.Config) else None
    given = block.entries(config.entries) if config is not None else {}
    for key, written in given.items():
        option = known.get(key)
        if option is None:
            hint = did_you_mean(key, known) or f"it may have {', '.join(known)}"
            block.wrong(written.key, catalogue.CLIENT_OPTION, f"an MCP server has no option `{key}` here", hint)
        elif not option.fits(setting(written.value)):
            message = f"`{key}` is {option.what}"
            block.wrong(written.value, catalogue.CLIENT_OPTION, message, f"write {option.example}, for example")
    needed = next(iter(known))
    if needed not in given:
        message = f"an MCP server needs `{needed}`, and `{node.name.name}` has none"
        hint = f"write options {{ {known[needed].example} }}, for example"
        block.wrong(node.name, catalogue.CLIENT_OPTION.for_lack(), message, hint)
    return entries(config) if config is not None else {}
