"""Which parts of an expression decided: `explain` agrees with `evaluate`, and shows each part as it is written.

What a constraint shows of its parts is nothing that a program sees.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bamlet.jinja import TemplateError, evaluate
from bamlet.jinja.explain import explain

ROOT = Path(__file__).parents[2]
THIS: dict[str, Any] = {
    "total": 141.65,
    "items": [{"price": 100.0, "n": 1}, {"price": 29.95, "n": 2}],
    "name": "Shop Counter",
    "empty": [],
    "ok": True,
    "nothing": None,
}


def steps(expression: str) -> list[tuple[str, object]]:
    return [(step.source, step.value) for step in explain(expression, {"this": THIS}).steps]


def test_each_part_that_decided_is_shown_as_it_is_written() -> None:
    assert steps('this.total == this.items|map(attribute="price")|sum') == [
        ("this.total", 141.65),
        ('this.items|map(attribute="price")|sum', 129.95),
        ("this.items", THIS["items"]),
    ]
    assert steps("not  this.items[0].price > 3") == [("this.items[0].price", 100.0)]
    assert steps("( this.total + 1 )|round > 3") == [
        ("( this.total + 1 )|round", 143.0),
        ("( this.total + 1 )", 142.65),
        ("this.total", 141.65),
    ]
    assert steps('this.name.upper() == "X"') == [
        ("this.name.upper()", "SHOP COUNTER"),
        ("this.name", "Shop Counter"),
    ]
    assert steps("this.ok") == [("this.ok", True)]


def test_what_was_not_evaluated_is_not_shown() -> None:
    assert steps("this.total < 1 and this.name == 2") == [("this.total", 141.65)]
    assert steps("this.total > 1 or this.name == 2") == [("this.total", 141.65)]


def test_an_evaluation_that_fails_tells_what_was_known_before() -> None:
    told = explain("this.total > 1 and 1 // this.empty|length", {"this": THIS})
    assert str(told.problem) == "line 1: division by zero"
    assert [step.source for step in told.steps] == ["this.total", "this.empty|length", "this.empty"]


@pytest.mark.parametrize("expression", ["this +", "this ! 3", "this[1:2, 3]", "[1:2]", "1 2"])
def test_what_does_not_parse_is_the_same_error(expression: str) -> None:
    agree(expression, THIS)
    with pytest.raises(TemplateError):
        evaluate(expression, {"this": THIS})


def corpus() -> list[str]:
    found: set[str] = set()
    for path in (*(ROOT / "tests" / "corpus").rglob("*.baml"), *(ROOT / "tests" / "spec").glob("*.md")):
        found |= set(re.findall(r"@(?:check|assert)\([^{}]*\{\{(.*?)\}\}\)", path.read_text("utf-8"), re.DOTALL))
    return sorted(expression.strip() for expression in found)


def test_t11_it_agrees_with_evaluate_on_every_constraint_of_the_corpus() -> None:
    expressions = corpus()
    assert len(expressions) > 100
    for expression in expressions:
        for this in (THIS, 3, "text", [1, 2], None, True):
            agree(expression, this)


def agree(expression: str, this: Any) -> None:
    variables = {"this": this, "_": {"result": this, "checks": {}, "latency_ms": 1}}
    try:
        expected: object = evaluate(expression, variables)
    except TemplateError as failure:
        expected = str(failure)
    try:
        told = explain(expression, variables)
    except TemplateError as failure:
        found: object = str(failure)
    else:
        found = told.value if told.problem is None else str(told.problem)
        assert all(expression[step.start : step.end] == step.source for step in told.steps)
    assert type(found) is type(expected)
    assert found == expected or found != found


LEAVES = st.sampled_from(
    [
        "this",
        "this.total",
        "this.items[0].n",
        "this.items|length",
        "this.name",
        "3",
        '"Shop"',
        "this.ok",
        "[1, 2]",
        "none",
        "self",
        "missing",
        "{'a': 1, 'b': [this.total]}",
        "(1, 'two')",
        "range(3)",
        "dict(a=1)",
        "this.name.replace('o', '0')",
        "this.items|map(attribute='price')|sum",
        "this.name|replace('o', count=1, *['0'])",
        "this.name|default('x', **{'boolean': true})",
        "this.total|nowhere",
    ]
)


def _combined(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    operators = st.sampled_from(
        ["+", "-", "*", "/", "//", "%", "**", "==", "!=", "<", ">=", "and", "or", "in", "not in", "~"]
    )
    return st.one_of(
        st.tuples(inner, operators, inner).map(lambda parts: f"{parts[0]} {parts[1]} {parts[2]}"),
        inner.map(lambda part: f"({part})"),
        inner.map(lambda part: f"not {part}"),
        inner.map(lambda part: f"({part})|string"),
        inner.map(lambda part: f"({part}) is defined"),
        inner.map(lambda part: f"({part}) is divisibleby(2)"),
        inner.map(lambda part: f"({part}) is not nowhere"),
        inner.map(lambda part: f"-({part})"),
        inner.map(lambda part: f"+({part})"),
        inner.map(lambda part: f"[{part}, {part}][1:]"),
        inner.map(lambda part: f"({part})[::-1]"),
        inner.map(lambda part: f"({part}).n"),
        inner.map(lambda part: f"({part})(1, n=2)"),
        inner.map(lambda part: f"({part}).get('n')"),
        st.tuples(inner, inner).map(lambda parts: f"({parts[0]})[{parts[1]}]"),
        st.tuples(inner, inner, inner).map(lambda parts: f"({parts[0]}) < {parts[1]} <= ({parts[2]})"),
        st.tuples(inner, inner).map(lambda parts: f"({parts[0]}) if {parts[1]}"),
        st.tuples(inner, inner, inner).map(lambda parts: f"({parts[0]}) if {parts[1]} else ({parts[2]})"),
    )


@settings(max_examples=int(os.environ.get("BAMLET_EXPLAINED", "1500")), deadline=None)
@given(st.recursive(LEAVES, _combined, max_leaves=6))
def test_t11_it_agrees_with_evaluate_on_generated_ones(expression: str) -> None:
    agree(expression, THIS)
