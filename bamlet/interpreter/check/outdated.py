"""What the second edition reads and warns of: attributes of streaming inside of unions, tests without anything."""

from __future__ import annotations

from collections.abc import Iterable

from ...diagnostics import catalogue
from ...grammar import nodes as n
from ...grammar.walk import walk
from ..facts.report import Report


def check_outdated(items: Iterable[n.Placed[n.Item]], report: Report) -> None:
    for placed in items:
        if "@stream." in placed.span(placed.node).text:
            _streaming(placed, report)
        if isinstance(placed.node, n.TestBody | n.TestSet):
            _tests(placed, report)


def _streaming(placed: n.Placed[n.Item], report: Report) -> None:
    for attribute in _inside_of_unions(placed.node):
        message = f"`@{attribute.name}` stands on one member of a union"
        hint = "write it behind the whole type of the field, or as `@@` in the class of the member"
        report.at(placed, attribute, catalogue.STREAM_ATTRIBUTE_IN_UNION, message, hint=hint)


def _tests(placed: n.Placed[n.Item], report: Report) -> None:
    for test in (node for node in walk(placed.node) if isinstance(node, n.TestBody)):
        body = test.body.body
        if isinstance(body, n.Block) and not body.statements and body.tail is None:
            message = "this test passes whatever the program does"
            hint = "write what must hold, such as `assert.equal(…, …)`"
            report.at(placed, test.label, catalogue.NO_ASSERTION, message, hint=hint)


def _inside_of_unions(item: n.Item) -> Iterable[n.Attribute]:
    unions = (node for node in walk(item) if isinstance(node, n.UnionType))
    # A union may lie inside of another: each attribute is told of once.
    inside = {id(part): part for union in unions for part in walk(union) if isinstance(part, n.AttributedType)}
    return [a for part in inside.values() for a in part.attributes if a.name.startswith("stream.")]
