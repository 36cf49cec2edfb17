"""Lark's automaton for `bamlet.lark`. Importing this imports Lark, so only a text that must be parsed does it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from importlib.resources import files
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Generic, TypeVar, cast

import lark

from .children import Children
from .explain import explain_end, explain_token
from .problem import SyntaxProblem
from .tokens import Token


class ModeLexer(lark.lexer.Lexer):
    """Hands Lark the tokens that our lexer has made."""

    def __init__(self, conf: object) -> None: ...

    def lex(self, data: Any) -> Iterator[Any]:  # type: ignore[override]
        return iter(data)


T = TypeVar("T")


class Tables(Generic[T]):
    def __init__(self, cache: Path | None, reductions: Mapping[str, Callable[[Children], Any]]) -> None:
        """`reductions` makes something of each rule's children: of an item's, a `T`.

        `cache` is the folder where Lark keeps the finished tables: made in 170 ms, read in 20.
        """
        grammar = files("bamlet.grammar").joinpath("bamlet.lark").read_text("utf-8")
        self._parser = lark.Lark(
            grammar,
            parser="lalr",
            start="item",
            lexer=ModeLexer,
            transformer=cast(Any, SimpleNamespace(**reductions)),  # looked up by attribute
            maybe_placeholders=False,
            cache=_writable(cache),
        )

    def parse(self, tokens: Sequence[Token]) -> T | SyntaxProblem:
        try:
            return cast(T, self._parser.parse(cast(Any, tokens)))
        except lark.UnexpectedToken as error:
            token = cast(Any, error.token)
            expected = frozenset(error.accepts or error.expected or ())
            if token.type == "$END":
                return explain_end(tokens, expected)
            return explain_token(tokens, tokens.index(token), expected)


def _writable(cache: Path | None) -> str | bool:
    """Lark's `cache` argument. A folder that cannot be made costs time, not the run."""
    if cache is None:
        return False
    try:
        cache.mkdir(parents=True, exist_ok=True)
    except OSError:
        return False
    return str(cache / f"grammar-lark-{lark.__version__}.bin")
