"""The `script` of a test, a text, a block or a list of them: what the model answers when nobody is asked."""

from __future__ import annotations

from ...diagnostics import catalogue, did_you_mean
from ...grammar import nodes as n
from ..facts.interface import Setting
from .blocks import Block
from .settings import setting

_KINDS: dict[str, tuple[str, type | tuple[type, ...]]] = {
    "text": ("a text", str),
    "status": ("a number", int),
    "retry_after": ("a number", (int, float)),
    "cut_at": ("a number from 0 to 1", (int, float)),
    "finish": ("`stop`, `length` or `content_filter`", str),
    "wait_ms": ("a number", (int, float)),
    "refuse": ("a text", str),
    "calls": ("a list of { name, arguments }", list),
}
_FINISHES = ("stop", "length", "content_filter")


def read_script(block: Block, entry: n.ConfigEntry | None) -> tuple[Setting, ...] | None:
    """None without one; what is wrong with it is reported."""
    if entry is None:
        return None
    answers = entry.value.items if isinstance(entry.value, n.ConfigList) else (entry.value,)
    if not answers:
        block.wrong(entry.value, catalogue.TEST_PROPERTY, "this script has no answer", "write a text in it")
    for answer in answers:
        _check(block, answer)
    return tuple(map(setting, answers))


def _check(block: Block, answer: n.ConfigValue) -> None:
    if isinstance(answer, n.ConfigList):
        hint = "write a text, or a block such as { status 429 }"
        block.wrong(answer, catalogue.TEST_PROPERTY, "an answer of a script is no list", hint)
    elif isinstance(answer, n.Config):
        for entry in answer.entries:
            _check_entry(block, entry)


def _check_entry(block: Block, entry: n.ConfigEntry) -> None:
    name = entry.key.name
    if name not in _KINDS:
        hint = did_you_mean(name, _KINDS) or f"it may have {', '.join(_KINDS)}"
        block.wrong(entry.key, catalogue.UNKNOWN_TEST_PROPERTY, f"an answer has no `{name}`", hint)
        return
    what, kind = _KINDS[name]
    value = setting(entry.value)
    fits = isinstance(value, kind) and (not isinstance(value, bool)) and (name != "finish" or value in _FINISHES)
    if isinstance(value, int | float) and name == "cut_at":
        fits = fits and 0 <= value <= 1
    if not fits:
        block.wrong(entry.value, catalogue.TEST_PROPERTY, f"`{name}` is {what}", f"write {_EXAMPLES[name]}")


_EXAMPLES = {
    "text": 'text "…"',
    "status": "status 429",
    "retry_after": "retry_after 2",
    "cut_at": "cut_at 0.6",
    "finish": 'finish "length"',
    "wait_ms": "wait_ms 300",
    "refuse": 'refuse "…"',
    "calls": "calls [ { name find, arguments { id 7 } } ]",
}
