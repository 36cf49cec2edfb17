"""`docs/api.md` has every public name with its signature and docstring; --update-snapshots writes it."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from pathlib import Path
from types import FunctionType

import pytest

import bamlet
from tests.support.public_api import described

PAGE = Path(__file__).parents[2] / "docs" / "api.md"
HEAD = """\
# Python API

Every public name of `bamlet`, as it is declared. Types are written as in the source.

<!-- This page is written by its test. -->
"""
GROUPS = {
    "Programs": "load compile_sources Program CompileError",
    "Calling": "Runtime AsyncRuntime CallContext AbortController Timeouts HttpOptions MediaLimits",
    "Streams": "Stream AsyncStream Skeleton Change Reset StreamChunk StreamChunkType AgentEvent",
    "Values": "to_plain Parsed Report Entry Issue Image Audio Pdf Video",
    "Many rows": "map amap map_file MappedRow MapReport",
    "Clients and types at run time": "ClientRegistry TypeBuilder FieldType",
    "What a call did": (
        "Collector FunctionLog LLMCall LLMStreamCall LLMResponse HTTPRequest HTTPResponse HTTPBody SSEResponse "
        "Timing StreamTiming Usage FailedAttempt"
    ),
    "Agents": "AgentState BamlPaused ToolContext Refuse",
    "Money": "Budget Spent",
    "Errors": (
        "BamlError BamlInvalidArgumentError BamlClientError BamlClientHttpError BamlClientConnectionError "
        "BamlTimeoutError BamlClientFinishReasonError BamlValidationError BamlAbortError "
        "BamlBudgetError UnhandledThrow"
    ),
    "Without a network": "OfflineTransport",
}


def reference() -> str:
    names = sorted(bamlet.__all__)
    signatures = dict(zip(names, re.split(r"\n\n", described(bamlet)), strict=False))
    return HEAD + "".join(
        f"\n## {group}\n{''.join(section(name, signatures[name]) for name in members.split())}"
        for group, members in GROUPS.items()
    )


def section(name: str, signature: str) -> str:
    value = getattr(bamlet, name)
    told = f"{docstring(value)}\n\n" if docstring(value) else ""
    members = "".join(f"- `{member}`: {text}\n" for member, text in methods(value))
    return f"\n### {name}\n\n{told}```python\n{signature.rstrip()}\n```\n" + (f"\n{members}" if members else "")


def docstring(value: object) -> str:
    """Its own: what a base says stands there, and what dataclasses write says nothing."""
    if not isinstance(value, (type, FunctionType)):
        return ""
    own = value.__doc__ if isinstance(value, FunctionType) else vars(value).get("__doc__")
    text = inspect.cleandoc(own or "")
    return "" if text.startswith(f"{value.__name__}(") else text


def methods(value: object) -> Iterator[tuple[str, str]]:
    """What a class says of its public methods and properties."""
    for name, member in sorted(vars(value).items()) if isinstance(value, type) else ():
        function = member.fget if isinstance(member, property) else getattr(member, "__func__", member)
        if not name.startswith("_") and isinstance(function, FunctionType) and function.__doc__:
            yield name, " ".join(inspect.cleandoc(function.__doc__).split())


def test_the_page_has_every_name_once() -> None:
    told = [name for members in GROUPS.values() for name in members.split()]
    assert sorted(told) == sorted(set(bamlet.__all__) - {"__version__"})


def test_the_page_is_what_the_names_say(request: pytest.FixtureRequest) -> None:
    if request.config.getoption("--update-snapshots"):
        PAGE.write_text(reference(), "utf-8")
    assert PAGE.read_text("utf-8") == reference()
