"""A prompt between back-ticks to the Jinja template that renders it, and the holes that are code of the language.

What only a prompt knows, `ctx` and roles, Jinja works out; every other hole is a value that it is given.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from ...grammar import nodes as n
from ..facts.code_names import HOLE

_OPENS_TAG = re.compile(r"\{(?=[{%#]|\Z)")
_OF_PROMPTS = frozenset({"ctx", "_"})


@dataclass(frozen=True, slots=True)
class PromptText:
    """`text` is Jinja, in which the value of each of the `holes` has the name `_hole_1`, `_hole_2` and so on."""

    text: str
    holes: tuple[n.Expr, ...] = ()


def prompt_text(placed: n.Placed[n.Item], value: n.ConfigText | n.Template) -> PromptText:
    if isinstance(value, n.ConfigText):
        return PromptText(_literal(value.text) if value.kind == "template" else value.text)
    parts: list[str] = []
    holes: list[n.Expr] = []
    for part in value.parts:
        if isinstance(part, n.TemplateText):
            parts.append(_literal(part.value))
        elif (own := _of_prompt(placed, part.value)) is not None:
            parts.append(f"{{{{ {own} }}}}")
        else:
            holes.append(part.value)
            parts.append(f"{{{{ {HOLE}{len(holes)} }}}}")
    return PromptText("".join(parts), tuple(holes))


def _literal(text: str) -> str:
    return _OPENS_TAG.sub('{{ "{" }}', text)


def _of_prompt(placed: n.Placed[n.Item], hole: n.Expr) -> str | None:
    """The hole as Jinja, in which it is written alike, if it speaks of the prompt itself."""
    named = hole.callee if isinstance(hole, n.Call) else hole
    if not isinstance(named, n.Path):
        return None
    written = placed.span(hole).text
    if named.parts[0].name in _OF_PROMPTS:
        return written
    return f"_.{written}" if named.name == "role" and isinstance(hole, n.Call) else None


def simple_text(placed: n.Placed[n.Item], value: n.ConfigText | n.Template) -> tuple[str, list[n.Expr]]:
    """The Jinja of a template string, and the holes of it that are too much for one: all but names and calls."""
    found = prompt_text(placed, value)
    text, wrong = found.text, []
    for number, hole in enumerate(found.holes, 1):
        named = hole.callee if isinstance(hole, n.Call) else hole
        if not isinstance(named, n.Path):
            wrong.append(hole)
        text = text.replace(f"{{{{ {HOLE}{number} }}}}", f"{{{{ {placed.span(hole).text} }}}}", 1)
    return text, wrong
