"""Our driver of the automaton beside Lark's own parser: the same trees, places included, and the same problems."""

from __future__ import annotations

import random
from collections.abc import Iterator
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import lark
import pytest

from bamlet.grammar import nodes as n
from bamlet.grammar.build import BUILD
from bamlet.grammar.explain import explain_end, explain_token
from bamlet.grammar.lark_tables import lark_parser
from bamlet.grammar.lexer import Lexer
from bamlet.grammar.problem import SyntaxProblem
from bamlet.grammar.split import split
from bamlet.grammar.tables import Tables
from bamlet.grammar.tokens import LexError, Token
from bamlet.grammar.walk import walk

ROOT = Path(__file__).parent.parent.parent
FOLDERS = ("bamlet/stdlib", "tests/corpus", "examples")
BROKEN = 1_500


@cache
def theirs() -> lark.Lark:
    return lark_parser(files("bamlet.grammar").joinpath("bamlet.lark").read_text("utf-8"), BUILD)


@cache
def ours() -> Tables[n.Item]:
    return Tables(None, BUILD)


@cache
def items() -> tuple[list[Token], ...]:
    paths = (path for folder in FOLDERS for path in sorted((ROOT / folder).rglob("*.baml")))
    texts = (path.read_text("utf-8") for path in paths)
    return tuple(tokens for text in texts for start, end in split(text) for tokens in lexed(text[start:end]))


def lexed(text: str) -> Iterator[list[Token]]:
    try:
        yield Lexer(text).run()
    except LexError:
        return


def by_lark(tokens: list[Token]) -> Any:
    try:
        return theirs().parse(tokens)
    except lark.UnexpectedToken as error:
        expected = frozenset(error.accepts or error.expected or ())
        token: Any = error.token
        if token.type == "$END":
            return explain_end(tokens, expected)
        at = next(number for number, one in enumerate(tokens) if one is token)
        return explain_token(tokens, at, expected)


def placed(tree: Any) -> Any:
    if isinstance(tree, SyntaxProblem):
        return tree
    return tree, [(type(node), node.start, node.end) for node in walk(tree)]


def test_every_item_is_the_same_tree() -> None:
    assert len(items()) > 1_500
    for tokens in items():
        assert placed(ours().parse(tokens)) == placed(by_lark(tokens)), tokens


def test_broken_items_have_the_same_problems() -> None:
    chance = random.Random(5)
    problems = 0
    for tokens in chance.sample(items(), BROKEN):
        at = chance.randrange(len(tokens))
        other = chance.choice(chance.choice(items()))
        way = chance.choice([tokens[:at], tokens[:at] + tokens[at + 1 :], [*tokens[:at], other, *tokens[at:]]])
        found = ours().parse(way)
        problems += isinstance(found, SyntaxProblem)
        assert placed(found) == placed(by_lark(way)), way
    assert problems > BROKEN / 2


def test_tables_are_kept_and_made_anew_when_they_are_broken(tmp_path: Path) -> None:
    tokens = items()[0]
    expected = ours().parse(tokens)
    for spoilt in (None, b"", b"no tables", b"\x00" * 40):
        folder = tmp_path / "cache"
        for kept in folder.glob("*"):
            if spoilt is not None:
                kept.write_bytes(spoilt)
        assert Tables(str(folder), BUILD).parse(tokens) == expected
        (kept,) = folder.glob("*")
        assert kept.stat().st_size > 50_000


def test_a_folder_that_cannot_be_written_is_no_problem(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", "utf-8")
    tokens = items()[0]
    assert Tables(str(tmp_path / "file" / "cache"), BUILD).parse(tokens) == ours().parse(tokens)


@pytest.fixture(autouse=True, scope="module")
def _forget() -> Iterator[None]:
    yield
    items.cache_clear()
