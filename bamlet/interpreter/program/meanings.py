"""Names that mean something else since a mark in another file made the project one of the second edition."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from ...diagnostics import catalogue
from ...grammar import Parsed
from ...grammar import nodes as n
from ...grammar.marks import mark_of
from ...grammar.walk import walk
from ...types.relate import Relation, widen_literals
from ...types.ty import ListTy
from ..check import Checked
from ..facts.edition import LATER_FUNCTIONS
from ..facts.report import Report
from ..facts.typing_tables import BuiltinCall, FunctionCall, Tables
from .editions import Choice

# Whoever used what these gave before is not told by a type in every case.
_CHANGED: Mapping[str, str] = {
    "list.at2": "gives null for what is not there, and counts from the end below zero",
    "list.remove_at2": "gives null for what is not there, and counts from the end below zero",
    "list.index_of2": "gives null for what is not there",
    "list.find_index2": "gives null for what is not there",
    "string.index_of2": "gives null for what is not there",
    "list.sort2": "puts the list itself in order",
    "list.sort_by_key2": "puts the list itself in order",
    "map.delete2": "gives the value that was there",
}
_BY_CONTENT = "compares objects by what they hold"


def check_meanings(
    files: Sequence[Parsed], edition: Choice, checked: Checked, relation: Relation, report: Report
) -> None:
    """Each name once a file, in files that show nothing of the second edition themselves."""
    for parsed in files:
        if any(mark_of(placed.node) for placed in parsed.items):
            continue
        told: set[str] = set()
        for placed in parsed.items:
            for node, name, meaning in _changed(placed.node, checked, relation):
                if name not in told:
                    told.add(name)
                    message = f"`{name}` {meaning}, for the project is of the second edition by {edition.why}"
                    hint = "write `// bamlet: edition 1` at the top of a file to keep the first, or `edition 2`"
                    report.at(placed, node, catalogue.EDITION_MEANING, message, hint=hint)


def _changed(item: n.Item, checked: Checked, relation: Relation) -> Iterator[tuple[n.Node, str, str]]:
    for node in walk(item):
        if isinstance(node, n.Call | n.Binary):
            for tables in checked.tables.values():
                if found := _meaning(node, tables, relation):
                    yield node, *found
                    break


def _meaning(node: n.Call | n.Binary, tables: Tables, relation: Relation) -> tuple[str, str] | None:
    if isinstance(node, n.Binary):
        return (node.op, _BY_CONTENT) if id(node) in tables.by_content else None
    plan = tables.calls.get(id(node))
    if isinstance(plan, FunctionCall) and plan.symbol.name == LATER_FUNCTIONS["baml.fs.remove"]:
        return "baml.fs.remove", "refuses a folder"
    if not isinstance(plan, BuiltinCall):
        return None
    name = plan.name.rpartition(".")[2].removesuffix("2")
    if plan.name == "list.includes2":
        whole = relation.expand(widen_literals(tables.types[id(plan.operands[0])]))
        by_content = isinstance(whole, ListTy) and relation.may_hold_values(whole.item)
        return (name, _BY_CONTENT) if by_content else None
    meaning = _CHANGED.get(plan.name)
    return None if meaning is None else (name, meaning)
