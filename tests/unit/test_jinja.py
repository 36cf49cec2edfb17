"""Templates: minijinja's meaning, places in errors, and that nothing of Python can be reached."""

from __future__ import annotations

import random
import re
import subprocess
import sys

import pytest

from bamlet.jinja import Budget, ConstraintError, TemplateError, evaluate, holds, parse_template
from bamlet.jinja.filters import regex_match

VALUES = {
    "s": "Ab c",
    "n": 3,
    "f": 2.0,
    "t": True,
    "o": None,
    "l": ["x", "y"],
    "m": {"k1": 1, "k2": None},
    "rows": [{"a": 1, "b": "q"}, {"a": 2, "b": "q"}, {"a": 0, "b": "p"}],
}


def render(text: str) -> str:
    return parse_template(text).render(VALUES)


@pytest.mark.parametrize(
    ("expression", "shown"),
    [
        ("n", "3"),
        ("f", "2.0"),
        ("t", "true"),
        ("o", "null"),
        ("o|int", "0"),
        ("o|float", "0.0"),
        ("o|int(5)", "5"),
        ("3 * 'ab'", "ababab"),
        ("2 * l", '["x", "y", "x", "y"]'),
        ("'a b' is lower", "false"),
        ("'ab' is lower", "true"),
        ("'A1' is upper", "false"),
        ("null", ""),
        ("nope", ""),
        ("m.nope", ""),
        ("o.nope", ""),
        ("[1, 2.5, true, none, 'a\"b', 1e20]", '[1, 2.5, true, none, "a\\"b", 100000000000000000000.0]'),
        ("m", '{"k1": 1, "k2": none}'),
        ("(s, n)", '["Ab c", 3]'),
        ("s ~ true ~ f ~ o", "Ab ctrue2.0none"),
        ("n + f", "5.0"),
        ("n // 2 ~ '/' ~ n / 2 ~ '/' ~ n % 2 ~ '/' ~ 2 ** 3", "1/1.5/1/8"),
        ("o or 'd'", "d"),
        ("o|default('d')", "null"),
        ("nope|d('d')", "d"),
        ("n > 2 and not f < 1", "true"),
        ("o > 2", "false"),
        ("nope > 2", "false"),
        ("1 < 'a'", "true"),
        ("1 < 2 < 3 > 9", "false"),
        ("'x' in l", "true"),
        ("'k1' in m", "true"),
        ("'b' in s", "true"),
        ("l[-1] ~ l[0:1] ~ s[1]", 'y["x"]b'),
        ("l|map('upper')", '["X", "Y"]'),
        ("rows|map(attribute='a')|sum", "3"),
        ("rows|selectattr('a', 'gt', 1)|length", "1"),
        ("rows|rejectattr('a')|map(attribute='b')|join(',')", "p"),
        ("rows|sort(attribute='a')|map(attribute='a')", "[0, 1, 2]"),
        ("rows|groupby('b')|map('first')", '["p", "q"]'),
        ("['b', 'A', 'a']|sort ~ ['b', 'A', 'a']|unique", '["A", "a", "b"]["b", "A"]'),
        ("[3, 1]|min ~ [3, 1]|max ~ ([]|min)", "13"),
        ("[1, 2, 3]|batch(2)", "[[1, 2], [3]]"),
        ("[1, 2, 3]|slice(2, '-')", '[[1, 2], [3, "-"]]'),
        ("m|dictsort ~ m|items", '[["k1", 1], ["k2", none]][["k1", 1], ["k2", none]]'),
        ("[1]|chain([2])|zip(['a', 'b'])", '[[1, "a"], [2, "b"]]'),
        ("s|title ~ s|upper ~ s|replace('b', 1) ~ s|length", "Ab CAB CA1 c4"),
        ("'a-b it\\'s'|title", "A-B It'S"),
        ("'<b>'|e ~ '<b>'", "&lt;b&gt;<b>"),
        ("2.45|round(1) ~ 2.5|round ~ 3|round", "2.53.03"),
        ("'7'|int + '1.5'|float", "8.5"),
        ("'a\\nb'|indent(2)", "a\n  b"),
        ("'a\\r\\nb\\n'|lines", '["a", "b"]'),
        ("s.split(' ')", '["Ab", "c"]'),
        ("s.upper() ~ m.keys() ~ m.get('z')", 'AB C["k1", "k2"]none'),
        ("range(3) ~ dict(a=1)", '[0, 1, 2]{"a": 1}'),
        ("'upper' is filter and n is odd and m is mapping and s is string and t is boolean", "true"),
        ("{'a': 1, 'b': '<'}|tojson", '{"a":1,"b":"\\u003c"}'),
        ("[1]|tojson(indent=2)", "[\n  1\n]"),
        ("f|format(type='json') ~ f|tojson", "22.0"),
        ("{'a': ['x', 'true', '1'], 'b': {}}|format(type='yaml')", "a:\n- x\n- 'true'\n- '1'\nb: {}\n"),
        ("rows|format(type='toon', delimiter='pipe')", "[3|]{a|b}:\n  1|q\n  2|q\n  0|p"),
        ("{'a': {'b': [1, [2]]}}|format(type='toon')", "a:\n  b[2]:\n    - 1\n    - [1]: 2"),
        ("{'a': [1]}|pprint", '{\n    "a": [\n        1,\n    ],\n}'),
    ],
)
def test_an_expression_prints_as_minijinja_has_it(expression: str, shown: str) -> None:
    assert render("{{ " + expression + " }}") == shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("  {% for x in l %}\n- {{ x }}\n  {% endfor %}\nend", "- x\n- y\nend"),
        ("{% for x in o %}{% else %}none{% endfor %}", "none"),
        (
            "{% for k, v in m|items %}{{ loop.index }}{{ k }}{% if not loop.last %},{% endif %}{% endfor %}",
            "1k1,2k2",
        ),
        ("{% for r in rows if r.a > 1 %}{{ r.a }}{% endfor %}", "2"),
        ("{% macro g(a, b=2) %}<{{ a }}{{ b }}>{% endmacro %}{{ g(1) }}{{ g(1, b=3) }}", "<12><13>"),
        ("{% set x %}a{{ n }}{% endset %}{{ x }}", "a3"),
        ("{% set ns = namespace(i=0) %}{% for x in l %}{% set ns.i = ns.i + 1 %}{% endfor %}{{ ns.i }}", "2"),
        ("{% raw %}{{ x }}{% endraw %}{# no #}", "{{ x }}"),
        ("a  {{- n -}}  b", "a3b"),
        ("{% if false %}{{ n|nofilter }}{% endif %}fine", "fine"),
    ],
)
def test_statements(text: str, shown: str) -> None:
    assert render(text) == shown


def test_self_is_a_name_like_any_other() -> None:
    template = parse_template("{{ self.x }}")
    assert template.render({"self": {"x": 1}}) == "1"
    assert [use.name for use in template.names()] == ["self"]


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("ab\n  {{ 1 + }}", (2, 10)),
        ("a\r\n{{ ! }}", (2, 4)),
        ("x {% zzz %}", (1, 6)),
        ("{% for x in l %}\n{% include 'q' %}{% endfor %}", (2, 4)),
        ("{% block a %}{% endblock %}", (1, 4)),
        ("{{ x | }}", (1, 8)),
    ],
)
def test_a_syntax_error_knows_its_place(text: str, place: tuple[int, int]) -> None:
    with pytest.raises(TemplateError) as error:
        parse_template(text)
    assert (error.value.line, error.value.column) == place


def test_a_failure_while_rendering_knows_its_line() -> None:
    with pytest.raises(TemplateError, match="No filter named 'zzz'") as error:
        render("a\n\n{{ n|zzz }}")
    assert error.value.line == 3


def test_names_are_those_that_come_from_outside() -> None:
    text = "{% set a = p.q.r %}{{ a }}{% for x in a %}{{ x }}{{ loop.index }}{% endfor %}\n{{ x }}{{ g(y) }}"
    uses = parse_template(text).names()
    assert [(use.name, use.path, use.line, use.column) for use in uses] == [
        ("p", ("q", "r"), 1, 12),
        ("x", (), 2, 4),
        ("g", (), 2, 11),
        ("y", (), 2, 13),
    ]


def test_unknown_filters_and_tests_are_found_without_rendering() -> None:
    uses = parse_template("{{ n|zzz|upper }}\n{{ n is qqq }}").unknown_filters()
    assert [(use.name, use.line) for use in uses] == [("zzz", 1), ("qqq", 2)]


# H31: what a template, or a value in it, may try.
@pytest.mark.parametrize(
    "text",
    [
        "{{ s.__class__ }}",
        "{{ l['__class__'] }}",
        "{{ s|attr('__class__') }}",
        "{{ [s]|map(attribute='__class__')|join }}",
        "{{ range.__globals__ }}",
        "{{ n.real }}",
        "{{ l.append }}",
        "{% macro g() %}{% endmacro %}{{ g.name }}",
        "{{ cycler }}{{ lipsum }}{{ joiner }}",
    ],
)
def test_no_attribute_reaches_python(text: str) -> None:
    assert render(text) == ""


@pytest.mark.parametrize(
    "text",
    [
        "{{ s.__class__.__mro__ }}",
        "{{ '{0.__class__}'.format(s) }}",
        "{{ '%s' % s }}",
        "{{ '%s'|format(s) }}",
        "{{ l.append(1) }}",
        "{{ m.update({}) }}",
        "{{ s.encode() }}",
        "{{ n() }}",
        "{% for x in l %}{{ loop.__init__() }}{% endfor %}",
        "{% set ns = namespace() %}{{ ns }}",
        "{% include '/etc/passwd' %}",
        "{% extends 'x' %}",
    ],
)
def test_an_attempt_to_escape_is_an_error(text: str) -> None:
    with pytest.raises(TemplateError):
        render(text)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{{ range(10 ** 8) }}", "a range holds at most"),
        ("{{ 'a' * 10 ** 9 }}", "more than 8,388,608 characters"),
        ("{{ 10 ** 9 * 'a' }}", "more than 8,388,608 characters"),
        ("{{ 'a'|indent(10 ** 9) }}", "more than 8,388,608 characters"),
        ("{{ ('a' * 10 ** 6)|replace('', 'b' * 1000) }}", "more than 8,388,608 characters"),
        ("{% for i in range(99999) %}{{ 'a' * 999 }}{% endfor %}", "more than 8,388,608 characters"),
        ("{% for i in range(99999) %}{% for j in range(99999) %}{% endfor %}{% endfor %}", "steps"),
        ("{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}", "80 levels deep"),
        (
            "{% macro f(n) %}{% if n %}{{ f(n - 1) }}{{ f(n - 1) }}{% endif %}{% endmacro %}{{ f(60) }}",
            "steps",
        ),
        ("{{ 9 ** 99999 }}", "too large"),
        ("{{ [1]|tojson(indent=10 ** 9) }}", "indent"),
        ("{{ " + "(" * 5_000, "too deep"),
        ("{{ " + "[" * 150 + "]" * 150 + " }}{{ " + "(" * 300 + "1" + ")" * 300 + " }}", "too deep"),
    ],
)
def test_a_template_cannot_take_the_process_with_it(text: str, message: str) -> None:
    with pytest.raises(TemplateError, match=message):
        render(text)


def test_a_value_is_never_a_template() -> None:
    assert parse_template("{{ x }}{{ [x] }}").render({"x": "{{ 7*7 }}{% include 'x' %}"}) == (
        "{{ 7*7 }}{% include 'x' %}" + "[\"{{ 7*7 }}{% include 'x' %}\"]"
    )


def test_a_foreign_object_cannot_be_printed_or_looked_into() -> None:
    with pytest.raises(TemplateError, match="cannot be printed"):
        parse_template("{{ x }}").render({"x": object()})
    assert parse_template("{{ x.name }}").render({"x": re.compile("")}) == ""


def test_constraints() -> None:
    assert holds("this > 0", 1)
    assert not holds("this.items|length < 2", {"items": [1, 2]})
    assert holds('this|regex_match("^\\\\d+$")', "123")
    assert evaluate("this.a", {"this": {"a": [1]}}) == [1]
    assert evaluate("missing", {}) is None


@pytest.mark.parametrize("expression", ["this", "this|length", "this +", "this == 1 2", "this.a.b", "nope"])
def test_a_constraint_that_is_neither_true_nor_false_is_an_error(expression: str) -> None:
    with pytest.raises(ConstraintError):
        holds(expression, {})


@pytest.mark.parametrize(
    ("pattern", "text", "matches"),
    [
        ("^A", "Ab", True),
        ("(", "(", False),
        ("x(?=y)", "xy", False),
        (r"(\w)\1", "aa", False),
        (r"^\d{3}-\d{4}$", "555-1234\n", False),
        ("(?i)hello", "HeLLo", True),
        ("(?i:A)b", "aB", False),
        ("(?s)a.b", "a\nb", True),
        ("(?m)^b$", "a\nb\nc", True),
        (r"\bfoo\b", "a foo", True),
        (r"\bfoo\b", "afoo", False),
        ("[]a-]+", "]", True),
        ("[[:digit:]]", "7", True),
        (r"\p{Lu}", "aÉ", True),
        (r"\x41\u{42}", "AB", True),
        ("a|", "", True),
    ],
)
def test_regex_match(pattern: str, text: str, matches: bool) -> None:
    assert regex_match(text, pattern) is matches


@pytest.mark.parametrize("pattern", ["(a+)+$", "(a|a)*b", r"^(\w+\s?)+$", "(.*)*x", "(a?){50}a{50}b"])
def test_regex_match_does_not_backtrack(pattern: str) -> None:
    assert regex_match("a" * 5_000 + "!", pattern) is False


def test_regex_match_agrees_with_re_where_they_mean_the_same() -> None:
    rng = random.Random(7)
    atoms = ["a", "b", ".", "[ab]", "[^a]", "^", r"\Z", r"\b", r"\w"]

    def pattern(depth: int) -> str:
        if depth == 0 or rng.random() < 0.3:
            return rng.choice(atoms)
        left, right = pattern(depth - 1), pattern(depth - 1)
        return rng.choice(
            [left + right, f"(?:{left}|{right})", f"(?:{left}){rng.choice('*+?')}", f"(?:{left}){{1,2}}"]
        )

    for _ in range(400):
        made = pattern(4)
        text = "".join(rng.choice("abc \n") for _ in range(rng.randrange(6)))
        assert regex_match(text, made.replace(r"\Z", r"\z")) is bool(re.search(made, text)), (made, text)


def test_a_pattern_that_only_we_cannot_read_is_an_error() -> None:
    with pytest.raises(TemplateError, match="a class inside a class"):
        render(r"{{ s|regex_match('[a&&b]') }}")


def test_jinja2_is_not_imported_before_a_template_is_parsed() -> None:
    code = (
        "import sys, bamlet.jinja, bamlet.prompt, bamlet.providers; assert 'jinja2' not in sys.modules;"
        "bamlet.jinja.parse_template('x'); assert 'jinja2' in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=30)


@pytest.mark.parametrize(
    ("expression", "text"),
    [
        ("7 // 2", "3"),
        ("-7 // 2", "-4"),
        ("7 // -2", "-3"),
        ("-7 // -2", "4"),
        ("-7 % 2", "1"),
        ("7 % -2", "1"),
        ("-7 % -2", "1"),
        ("7.5 // 2", "3.0"),
        ("1 / 0", "inf"),
    ],
)
def test_whole_division_leaves_no_negative_remainder(expression: str, text: str) -> None:
    assert parse_template(f"{{{{ {expression} }}}}").render({}, Budget()) == text


@pytest.mark.parametrize(
    ("expression", "text"),
    [
        ("'a' if false", ""),
        ("('a' if false) is defined", "false"),
        ("('a' if false)|default('b')", "b"),
        ("['a' if false]|length", "1"),
        ("'x' ~ ('a' if false)", "x"),
    ],
)
def test_a_condition_without_else_is_undefined(expression: str, text: str) -> None:
    assert parse_template(f"{{{{ {expression} }}}}").render({}, Budget()) == text


@pytest.mark.parametrize(
    "expression", ["[1]|sum(attribute='k')", "'a'|upper(1, 2)", "'a'.upper(1, 2)", "range(b=1)"]
)
def test_a_wrong_call_does_not_name_our_functions(expression: str) -> None:
    with pytest.raises(TemplateError, match=r"line 1: (this call |.*upper|.*range)"):
        parse_template(f"{{{{ {expression} }}}}").render({}, Budget())
