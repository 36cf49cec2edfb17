"""Values that hold the same list twice, forty deep: small to keep, without end to whoever goes through them."""

from __future__ import annotations

import json
import pickle
from typing import Any

import pytest

import bamlet
from bamlet import jinja
from bamlet.interpreter.runtime import values, walking

SOURCE = """
type Deep = int | Deep[]
function shared(n: int) -> unknown[] {
  let xs: unknown[] = [1];
  for (let i = 0; i < n; i += 1) { xs = [xs, xs]; }
  xs
}
function boxes(n: int) -> unknown {
  let box = Box { left: null, right: null };
  for (let i = 0; i < n; i += 1) { box = Box { left: box, right: box }; }
  box
}
class Box { left Box?  right Box? }
function text(n: int) -> int { baml.unstable.string(shared(n)).length() }
function text_of_boxes(n: int) -> int { baml.unstable.string(boxes(n)).length() }
function printed(n: int) -> int { print(shared(n)); 0 }
function compact(n: int) -> int { baml.json.stringify(shared(n)).length() }
function pretty(n: int) -> int { baml.json.pretty(boxes(n)).length() }
function matched(n: int) -> int { let x: unknown = shared(n); match (x) { deep: Deep => 1, _ => 2 } }
function asked(n: int) -> bool { let x: unknown = shared(n); x instanceof Deep }
function prompted(n: int) -> int {
  let client = baml.llm.resolve_client("openai/gpt-4o");
  client.render_prompt("Sorted", { "x": shared(n), "y": shared(n) }).text().length()
}
client<llm> Model { provider "openai", options { model "m" } }
function Sorted(x: Deep, y: Deep) -> string { client Model, prompt #"{{ [x, y]|sort|length }}"# }
function equal(n: int) -> bool { baml.deep_equals(shared(n), shared(n)) }
function copied(n: int) -> int { baml.deep_copy(shared(n)).length() }
function shown(n: int) -> int { string.from(shared(n)).length() }
function shown_boxes(n: int) -> int { string.from([boxes(n)]).length() }
function thrown(n: int) -> int { throw shared(n) }
function thrown_boxes(n: int) -> int { throw [boxes(n)] }
function shifted(x: int) -> int { x << 8000000000 }
function shifted_in_place(x: int) -> int { let y = x; y <<= 8000000000; y }
let CONSTANT = baml.unstable.string([1, 2]);
function constant() -> string { CONSTANT }
"""
WALKS = (
    "text",
    "text_of_boxes",
    "shown",
    "shown_boxes",
    "printed",
    "compact",
    "pretty",
    "matched",
    "asked",
    "prompted",
)
DEPTH = 40


@pytest.fixture(scope="module")
def runtime() -> bamlet.Runtime:
    return bamlet.Runtime(bamlet.compile_sources({"shared.baml": SOURCE}), on_print=lambda line: None)


@pytest.mark.parametrize("function", WALKS)
def test_a_walk_over_a_shared_value_ends_at_the_deadline(runtime: bamlet.Runtime, function: str) -> None:
    with pytest.raises(bamlet.BamlTimeoutError, match="deadline of 100 ms"):
        runtime.call(function, n=DEPTH, context=bamlet.CallContext(deadline=0.1))


@pytest.mark.parametrize("function", WALKS)
def test_a_walk_over_a_shared_value_counts_steps(runtime: bamlet.Runtime, function: str) -> None:
    with pytest.raises(bamlet.BamlAbortError, match="20,000 steps"):
        runtime.call(function, n=DEPTH, context=bamlet.CallContext(max_steps=20_000))


@pytest.mark.parametrize(
    "function", ["text", "text_of_boxes", "shown", "shown_boxes", "printed", "compact", "pretty"]
)
def test_what_is_written_of_a_shared_value_is_bounded(
    runtime: bamlet.Runtime, function: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(walking, "MAX_WRITTEN", 20_000)
    assert runtime.call(function, n=4) >= 0
    with pytest.raises(bamlet.UnhandledThrow, match="panic: a value of more than 20,000 characters as text"):
        runtime.call(function, n=DEPTH)


def test_shared_values_are_compared_and_copied_once(runtime: bamlet.Runtime) -> None:
    assert runtime.call("equal", n=DEPTH) is True
    assert runtime.call("copied", n=DEPTH) == 2


SECOND_EDITION = """
function main() -> null { null }
function shared(n: int) -> unknown[] {
  let xs: unknown[] = [1];
  for (let i = 0; i < n; i += 1) { xs = [xs, xs]; }
  xs
}
function hole(n: int) -> int { let xs = shared(n); `of ${xs}`.length() }
function joined(n: int) -> int { shared(n).join(", ").length() }
function many(n: int) -> unknown[] {
  let xs: unknown[] = [];
  for (let i = 0; i < n; i += 1) { xs.push([i]); }
  xs
}
function equal(n: int) -> bool { let xs = many(n); let ys = many(n); xs == ys }
function deeply_equal(n: int) -> bool { let xs = many(n); let ys = many(n); baml.deep_equals(xs, ys) }
function placed(n: int) -> int { many(n).index_of([n]) ?? -1 }
function included(n: int) -> bool { many(n).includes([n]) }
function copied(n: int) -> int { baml.deep_copy(many(n)).length() }
"""


@pytest.mark.parametrize(
    ("function", "size", "of_four"),
    [
        ("hole", DEPTH, 111),
        ("joined", DEPTH, 106),
        ("equal", 10_000, True),
        ("deeply_equal", 10_000, True),
        ("placed", 10_000, -1),
        ("included", 10_000, False),
        ("copied", 10_000, 4),
    ],
)
def test_what_walks_in_the_second_edition_counts_steps(function: str, size: int, of_four: object) -> None:
    runtime = bamlet.Runtime(bamlet.compile_sources({"shared.baml": SECOND_EDITION}, edition=2))
    assert runtime.call(function, n=4, context=bamlet.CallContext(max_steps=20_000)) == of_four
    with pytest.raises(bamlet.BamlAbortError, match="20,000 steps"):
        runtime.call(function, n=size, context=bamlet.CallContext(max_steps=20_000))


def test_a_shared_value_that_is_thrown_shows_its_beginning(runtime: bamlet.Runtime) -> None:
    with pytest.raises(bamlet.UnhandledThrow) as caught:
        runtime.call("thrown", n=DEPTH)
    assert str(caught.value).startswith("the program threw [[[")
    assert len(str(caught.value)) < 2_100
    assert len(pickle.dumps(caught.value)) < 10_000
    with pytest.raises(bamlet.UnhandledThrow, match=r"threw \[Box\(left=Box\(left=Box"):
        runtime.call("thrown_boxes", n=DEPTH)


def test_what_is_shown_of_a_small_value_is_its_repr(runtime: bamlet.Runtime) -> None:
    some: list[Any] = [runtime.call("shared", n=3), runtime.call("boxes", n=2), [], {}, {"a": [1.5, None]}, "x"]
    for value in some:
        assert values.beginning(value, 2_000) == repr(value)


def test_a_shared_value_has_no_plain_form(runtime: bamlet.Runtime, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(values, "MAX_PARTS", 10_000)
    assert len(json.dumps(bamlet.to_plain(runtime.call("shared", n=10)))) > 1_000
    for function in ("shared", "boxes"):
        with pytest.raises(ValueError, match="more than 10,000 parts"):
            bamlet.to_plain(runtime.call(function, n=DEPTH))


BUILT = (
    "{% set ns = namespace(x=[1], y=[1]) %}{% for i in range(40) %}"
    "{% set ns.x = [ns.x, ns.x] %}{% set ns.y = [ns.y, ns.y] %}{% endfor %}"
)


@pytest.mark.parametrize(
    "template",
    [
        "{{ [ns.x, ns.y]|sort|length }}",
        "{{ ns.x < ns.y }}",
        "{{ [ns.x, ns.y]|max|length }}",
        "{{ [[ns.x], [ns.y]]|groupby('0')|length }}",
        "{{ ns.x|tojson }}",
        "{{ ns.x|format(type='yaml') }}",
        "{{ ns.x|pprint }}",
        "{{ ns.x }}",
        "{{ ns.x ~ '' }}",
        "{{ [ns.x]|join }}",
        "{{ debug(ns.x) }}",
    ],
)
def test_a_template_pays_for_each_part_of_a_shared_value(template: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bamlet.jinja.limits.MAX_STEPS", 20_000)
    monkeypatch.setattr("bamlet.jinja.limits.MAX_TEXT", 100_000)
    with pytest.raises(jinja.TemplateError, match="more than"):
        jinja.parse_template(BUILT + template).render({})


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ("{{ ns.x == ns.y }}", "true"),
        ("{{ ns.x != ns.y }}", "false"),
        ("{{ ns.x is eq ns.y }}", "true"),
        ("{{ {'a': ns.x} == {'a': ns.y} }}", "true"),
        ("{{ ns.x in [1, ns.y] }}", "true"),
        ("{{ [ns.x, ns.y, [ns.y]]|unique|length }}", "2"),
        ("{{ [1, ns.x].index(ns.y) }}", "1"),
        ("{{ [ns.x, ns.x].count(ns.y) }}", "2"),
        ("{% for item in [ns.x, ns.y, 1] %}{{ loop.changed(item) }} {% endfor %}", "true false true "),
    ],
)
def test_a_template_compares_shared_values_once(template: str, text: str) -> None:
    assert jinja.parse_template(BUILT + template).render({}) == text


def test_documents_of_a_template_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bamlet.jinja.limits.MAX_COPIED", 10_000)
    template = jinja.parse_template("{% for x in xs %}{{ xs|tojson|length }}{% endfor %}")
    with pytest.raises(jinja.TemplateError, match="more than 10,000 characters"):
        template.render({"xs": ["a" * 100] * 50})


@pytest.mark.parametrize("function", ["shifted", "shifted_in_place"])
def test_a_literal_does_not_pass_the_limit_of_bits(runtime: bamlet.Runtime, function: str) -> None:
    with pytest.raises(bamlet.UnhandledThrow, match="an integer of more than 1,000,000 bits"):
        runtime.call(function, x=1)


def test_a_constant_may_hold_a_value_as_text(runtime: bamlet.Runtime) -> None:
    assert runtime.call("constant") == "[1, 2]"
