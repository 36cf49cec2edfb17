"""What is checked after what: callees before their callers, since what these throw depends on them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from ...grammar import nodes as n
from ...grammar.node import remembered
from ...grammar.walk import walk
from ..facts.code_names import arguments_name, constant_name, is_constant_name
from ..facts.cycles import finished, groups
from ..facts.symbols import ConstantSymbol, FunctionSymbol, Names

Symbol = FunctionSymbol | ConstantSymbol


class Group(NamedTuple):
    """`is_circle` when one of them may reach itself."""

    symbols: list[Symbol]
    is_circle: bool


def callees_first(own: Names, constants: list[ConstantSymbol]) -> Iterator[Group]:
    """Groups of functions and constants that reach each other, each behind the groups that it reaches.

    What reaches what is read off names alone, before types are known, and errs towards reaching. `constants` come
    in an order in which their types can be found, and before the functions of their group.
    """
    symbols: dict[str, Symbol] = {constant_name(symbol.name): symbol for symbol in constants}
    symbols |= {name: symbol for name, symbol in own.functions.items() if symbol.kind == "code"}
    methods: dict[str, list[str]] = {}
    for cls in own.classes.values():
        for short, full in cls.methods.items():
            methods.setdefault(short, []).append(full)
    edges = {key: list(dict.fromkeys(_reached(own, symbol, symbols, methods))) for key, symbol in symbols.items()}
    in_front = [key for key in symbols if is_constant_name(key)]
    rank = {key: at for at, key in enumerate([*in_front, *finished(edges)])}
    for group in reversed(list(groups(edges))):
        in_order = sorted(group, key=rank.__getitem__)
        is_circle = len(group) > 1 or in_order[0] in edges[in_order[0]]
        yield Group([symbols[key] for key in in_order], is_circle)


def _reached(
    own: Names, symbol: Symbol, symbols: dict[str, Symbol], methods: dict[str, list[str]]
) -> Iterator[str]:
    assert symbol.node is not None  # those of the library, whose trees are gone, are not checked again
    assert symbol.placed is not None
    for name in _names(symbol.node):
        if name[0] == ".":
            yield from methods.get(name[1:], ())
        else:
            name = own.full(name, symbol.placed.file.name)
            keys = (name, constant_name(name), arguments_name(re.split("[$@]", name)[0]))
            yield from (key for key in keys if key in symbols)


@remembered
def _names(node: n.Node) -> tuple[str, ...]:
    """The names and their beginnings that stand somewhere in it; behind a dot, those that may be a method's."""
    found: dict[str, None] = {}
    for part in walk(node):
        if isinstance(part, n.FieldAccess):
            found[f".{part.name.name}"] = None
        elif isinstance(part, n.Path):
            names = [name.name for name in part.parts]
            if len(names) > 1:
                found[f".{names[-1]}"] = None
            found.update(dict.fromkeys(".".join(names[:length]) for length in range(1, len(names) + 1)))
    return tuple(found)
