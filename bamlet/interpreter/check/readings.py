"""Texts that are read otherwise than they look: a field called `or`, quotes that are none, single braces.

Warnings only: each of these is allowed, and somebody may mean it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise

from ...diagnostics import catalogue
from ...grammar import nodes as n
from ...grammar.cursor import OTHER_QUOTES
from ...grammar.walk import functions_of, walk
from ...patterns import pattern
from ...records import dataclass
from ..declarations.settings import ENV
from ..facts.report import Report

_QUOTED_ENV = pattern(r'"env\.')
_JINJA = pattern(r"\{\{.*?\}\}|\{%.*?%\}|\{#.*?#\}", re.DOTALL)
_IN_BRACES = pattern(r"(?<!\{)\{[ \t]*([A-Za-z_]\w*)((?:\.\w+)*)[ \t]*\}(?!\})")
_NO_HOLE = pattern(r"(?<![\\${])\{\{?[ \t]*([A-Za-z_]\w*)((?:\.\w+)*)[ \t]*\}?\}")


def check_readings(items: Iterable[n.Placed[n.Item]], report: Report) -> None:
    for placed in items:
        _Readings(placed, report).item(placed.node)


@dataclass(frozen=True, slots=True)
class _Readings:
    placed: n.Placed[n.Item]
    report: Report

    def item(self, node: n.Item) -> None:
        text = self._text(node)
        for function in functions_of(node):
            self._parameters(function.params)
            if isinstance(function.body, n.LlmBody):
                for entry in function.body.entries:
                    if entry.key.name == "prompt":
                        self._prompt(entry.value, function.params)
        if isinstance(node, n.TemplateStringDecl):
            self._parameters(node.params)
            self._prompt(node.body, node.params)
        if isinstance(node, n.ClassDecl):
            self._fields(node.fields)
        if any(quote in text for quote in OTHER_QUOTES):
            self._quotes(node)
        if isinstance(node, n.ClientDecl) and _QUOTED_ENV.search(text):
            self._quoted_variables(node.config)

    def _parameters(self, params: Sequence[n.Param]) -> None:
        for param in params:
            if param.type is None:
                continue
            between = n.Node(param.name.end, param.type.start)
            if ":" not in self._text(between):
                hint = f"write `{param.name.name}: {self._text(param.type)}`"
                self._warn(param.name, "between a parameter and its type stands a colon", hint)

    def _fields(self, fields: Sequence[n.FieldDecl]) -> None:
        """`x int or string`: two fields."""
        for before, field in pairwise(fields):
            if field.name.name.lower() != "or" or self._text(n.Node(before.end, field.start)).strip(" \t"):
                continue
            hint = f"a union is written `{self._text(before.type)} | {self._text(field.type)}`"
            self._warn(field.name, f"`{field.name.name}` is a field of its own here", hint)

    def _quotes(self, node: n.Item) -> None:
        for part in walk(node, below=lambda part: () if isinstance(part, n.Block) else part.children()):
            if isinstance(part, n.ConfigText | n.AttributeArgument) and part.kind == "bare":
                quote = next((char for char in (part.text[:1], part.text[-1:]) if char in OTHER_QUOTES), "")
                if quote:
                    self._warn(part, f"`{quote}` is no quote here but a part of the text", 'write `"`')

    def _quoted_variables(self, config: n.Config) -> None:
        for part in walk(config):
            if isinstance(part, n.ConfigText) and part.kind in ("string", "raw") and ENV.fullmatch(part.text):
                message = f'`"{part.text}"` in quotes is a text, no variable of the environment'
                self._warn(part, message, f"write `{part.text}` without quotes")

    def _prompt(self, body: n.Node, params: Sequence[n.Param]) -> None:
        names = {param.name.name for param in params}
        literal = self._text(body)
        is_jinja = isinstance(body, n.ConfigText) and body.kind != "template"
        for found in _outside_jinja(literal) if is_jinja else _NO_HOLE.finditer(literal):
            if found[1] in names:
                whole = found[1] + found[2]
                hint = f"write `{{{{ {whole} }}}}`" if is_jinja else f"write `${{{whole}}}`"
                place = n.Node(body.start + found.start(), body.start + found.end())
                self._warn(place, f"`{found[0]}` stays as it is in this prompt: the model sees the braces", hint)

    def _text(self, node: n.Node) -> str:
        return self.placed.span(node).text

    def _warn(self, node: n.Node, message: str, hint: str) -> None:
        self.report.at(self.placed, node, catalogue.SURPRISING_READING, message, hint=hint)


def _outside_jinja(literal: str) -> Iterator[re.Match[str]]:
    return _IN_BRACES.finditer(_JINJA.sub(lambda found: " " * len(found[0]), literal))


def holds_jinja(texts: Iterable[str]) -> bool:
    """Whether any of them has Jinja's brackets in it."""
    return any(mark in text for text in texts for mark in ("{{", "{%", "{#"))
