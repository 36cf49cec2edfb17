"""What operations know of functions that are tools: their names for a model, and the order of their arguments."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..facts.interface import AgentInfo, FunctionInfo, gives_tools, in_call_order, tool_name
from .calling import OMITTED

__all__ = ["AgentInfo", "FunctionInfo", "gives_tools", "in_order", "tool_name"]


def in_order(info: FunctionInfo, arguments: Mapping[str, Any]) -> list[Any]:
    """As compiled code takes them. Null stands for what is left out, too."""
    ordered = [info.params[at] for at in in_call_order(info.params)]
    return [
        OMITTED if param.has_default and arguments.get(param.name) is None else arguments.get(param.name)
        for param in ordered
    ]
