"""The grammar's text in, the tables of its automaton out, as plain data. Importing this imports Lark.

Lark reads `bamlet.lark`, finds its conflicts and makes the tables; what drives them is `tables`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from types import SimpleNamespace
from typing import Any, TypeAlias, cast

import lark
from lark.parsers.lalr_analysis import Shift

# A rule is the name of what it makes, how many parts it takes, the name of its reduction, the parts that count,
# each with whether it is spliced in, and whether one alone stands for all. Each state has a row: the next state by
# what is read, or -1 - N for a reduction by rule N. Last come the states in which an item begins and is whole.
Rule: TypeAlias = tuple[str, int, str, tuple[tuple[int, bool], ...], bool]
Data: TypeAlias = tuple[list[dict[str, int]], list[Rule], int, int]

START = "item"


class ModeLexer(lark.lexer.Lexer):
    """Hands Lark the tokens that our lexer has made."""

    def __init__(self, conf: object) -> None: ...

    def lex(self, data: Any) -> Iterator[Any]:  # type: ignore[override]
        return iter(data)


def lark_parser(grammar: str, reductions: Mapping[str, Callable[[list[Any]], Any]]) -> lark.Lark:
    """Lark's own parser for the grammar."""
    return lark.Lark(
        grammar,
        parser="lalr",
        start=START,
        lexer=ModeLexer,
        transformer=cast(Any, SimpleNamespace(**reductions)),  # looked up by attribute
        maybe_placeholders=False,
    )


def made_tables(grammar: str) -> Data:
    parser = lark_parser(grammar, {})
    table = cast(Any, parser.parser).parser._parse_table
    numbers = {rule: number for number, rule in enumerate(parser.rules)}
    states: list[dict[str, int]] = [{} for _ in range(max(table.states) + 1)]
    for state, row in table.states.items():
        for name, (action, to) in row.items():
            states[state][str(name)] = to if action is Shift else -1 - numbers[to]
    return states, [_rule(rule) for rule in parser.rules], table.start_states[START], table.end_states[START]


def _rule(rule: Any) -> Rule:
    options = rule.options
    parts = tuple(
        (at, not symbol.is_term and symbol.name.startswith("_"))
        for at, symbol in enumerate(rule.expansion)
        if options.keep_all_tokens or not (symbol.is_term and symbol.filter_out)
    )
    reduction = rule.alias or options.template_source or rule.origin.name
    stands_for_all = bool(options.expand1 and not rule.alias)
    return str(rule.origin.name), len(rule.expansion), str(reduction), parts, stands_for_all
