"""The MCP servers that a host lets in: its own, and by their names those that the program declares."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ..diagnostics import did_you_mean
from ..interpreter.program.link import Program
from .errors import BamlInvalidArgumentError

Servers = Mapping[str, Any] | Iterable[str]


def let_in(program: Program, given: Servers) -> dict[str, Any]:
    """By name; None is what the program declares. Raises `BamlInvalidArgumentError` where it does not."""
    if isinstance(given, str):
        raise BamlInvalidArgumentError(f'servers come together: write mcp={{"{given}"}}')
    found = dict(given) if isinstance(given, Mapping) else dict.fromkeys(given)
    declared = program.interface.mcp_servers
    for name, server in found.items():
        if server is None and name not in declared:
            hint = did_you_mean(name, declared) or f"it declares {', '.join(declared) or 'none'}"
            raise BamlInvalidArgumentError(f"the program declares no client<mcp> `{name}`; {hint}")
    return found
