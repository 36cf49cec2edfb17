"""Circles of names in an output format: which there are, and in the order that the native renderer has told."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bamlet.prompt.circles import Circles

NAMES = "abcdefgh"
GRAPHS = st.permutations(NAMES).flatmap(
    lambda names: st.fixed_dictionaries({name: st.sets(st.sampled_from(NAMES), max_size=3) for name in names})
)


@pytest.mark.parametrize(
    ("graph", "circle"),
    [
        ({"a": "dc", "b": "da", "c": "d", "d": "abc"}, "acdb"),
        ({"b": "bd", "d": "bba", "c": "c", "a": "dab"}, "bda"),
        ({"b": "ded", "e": "c", "c": "dac", "a": "b", "d": "aaa"}, "becad"),
        ({"d": "f", "b": "d", "c": "a", "e": "b", "f": "fef", "a": "a"}, "dfeb"),
        ({"e": "dcc", "d": "ed", "g": "dd", "f": "ag", "a": "b", "b": "fda", "c": "ae"}, "edcabfg"),
    ],
)
def test_the_order_is_that_of_baml(graph: dict[str, str], circle: str) -> None:
    assert "".join(Circles(graph).of[circle[0]]) == circle


@given(GRAPHS)
def test_a_circle_is_all_that_lead_to_each_other(graph: dict[str, set[str]]) -> None:
    ahead = {name: reached(graph, name) for name in graph}
    found = Circles(graph).of
    assert found.keys() == {name for name in graph if name in ahead[name]}
    for name, circle in found.items():
        assert set(circle) == {other for other in ahead[name] if name in ahead[other]}
        assert circle[0] == min(circle, key=list(graph).index)
        assert all(found[other] == circle for other in circle)


def test_a_ring_and_a_chain_of_a_hundred_thousand_names() -> None:
    names = [str(number) for number in range(100_000)]
    ring = dict(zip(names, ([name] for name in (*names[1:], names[0])), strict=True))
    assert Circles(ring).of[names[7]] == names
    assert Circles({**ring, names[-1]: [names[-1]]}).of == {names[-1]: [names[-1]]}


def reached(graph: dict[str, set[str]], start: str) -> set[str]:
    found: set[str] = set()
    pending = [*graph[start]]
    while pending:
        if (name := pending.pop()) not in found:
            found.add(name)
            pending += graph[name]
    return found
