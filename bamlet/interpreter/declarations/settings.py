"""Configuration values as plain data: unquoted text is typed here, `env.X` becomes a reference."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ...grammar import nodes as n
from ...patterns import pattern
from ..facts.interface import EnvRef, Setting, TemplateCall

_INT = pattern(r"[-+]?[0-9]+")
_FLOAT = pattern(r"[-+]?[0-9]+\.[0-9]+")
ENV = pattern(r"env\.([A-Za-z_][A-Za-z0-9_]*)")
_WORDS: dict[str, Setting] = {"true": True, "false": False, "null": None}


def setting(node: n.ConfigValue) -> Setting:
    return _SETTING[type(node)](node)


def comma_after(value: Setting) -> str | None:
    """What to do, if text without quotes has gone on behind the number that was meant."""
    number, _, rest = value.partition(" ") if isinstance(value, str) else ("", "", "")
    if not (rest and (_INT.fullmatch(number) or _FLOAT.fullmatch(number))):
        return None
    return f"text without quotes goes on to the end of its line: put a comma behind `{number}`"


def entries(config: n.Config) -> dict[str, Setting]:
    """Later entries win, as they do for a reader who changes the last line."""
    return {entry.key.name: setting(entry.value) for entry in config.entries}


def find(config: n.Config | n.LlmBody, key: str) -> n.ConfigEntry | None:
    return next((entry for entry in config.entries if entry.key.name == key), None)


def _text(node: n.ConfigText) -> Setting:
    if node.kind != "bare":
        return node.text
    text = node.text.strip()
    if text in _WORDS:
        return _WORDS[text]
    if _INT.fullmatch(text):
        return int(text)
    if _FLOAT.fullmatch(text):
        return float(text)
    if env := ENV.fullmatch(text):
        return EnvRef(env[1])
    return text


_SETTING: dict[type, Callable[[Any], Setting]] = {
    n.ConfigText: _text,
    n.Template: lambda node: node.text or "",  # with holes in it, the checker refuses it
    n.ConfigList: lambda node: [setting(item) for item in node.items],
    n.ConfigCall: lambda node: TemplateCall(node.name, tuple(setting(item) for item in node.arguments)),
    n.Config: entries,
}
