"""Prompts that need no template engine: each reads as the engine would have it, and what is more is left to that.

The language sees one meaning; that there are two ways is Python's.
"""

from __future__ import annotations

import random
import tracemalloc

import pytest

from bamlet.prompt import ClientInfo, output_format
from bamlet.prompt.plain import render_plain
from bamlet.prompt.render import render_template
from bamlet.types.schema import ClassSchema, Field, Schemas
from bamlet.types.ty import INT, STRING, ClassTy

pytestmark = pytest.mark.timeout(60)

SCHEMAS = Schemas({"Point": ClassSchema("Point", (Field("x", INT), Field("note", STRING)))})
OUTPUT = ClassTy("Point")
CLIENT = ClientInfo("C", "openai", "system")
ARGUMENTS = {
    "text": "two  \n lines {{ text }} {% raw %}",
    "n": -3,
    "f": 1e300,
    "b": True,
    "none_at_all": None,
    "_x9": "\ufdd0\ud800<b>",
    "empty": "",
    "Größe": "in a name",
}
HOLES = [f"{{{{ {name} }}}}" for name in ARGUMENTS]
ROLES = ['{{ _.role("user") }}', "{{_.chat('system')}}", '{{\n _.role( "a-b" ) }}']
PLAIN = ["a", "word ", " ", "\n", "\n\n", "\t", "}}", "}", "é", "#", "%}", "\r\n", "\r", *HOLES, *ROLES]
PLAIN += ["{{ ctx.output_format }}", "{{text}}", "{{\ttext\n}}"]
MORE = ["{", "{{", "{%", "{#", "{{- text }}", "{{ text -}}", "{# note #}", "{{ text|upper }}", "{{ nobody }}"]
MORE += ["{{ true }}", "{{ not }}", "{{ self }}", "{{ 'text' }}", "{% if b %}yes{% endif %}", "{{ n + 1 }}"]
MORE += [
    "{{ _.role(text) }}",
    '{{ _.role("u", k=1) }}',
    "{{ ctx.output_format(prefix=null) }}",
    "{{ ctx.client.name }}",
]


def by_engine(template: str, arguments: dict[str, object]) -> object:
    return render_template(
        template, arguments, output=OUTPUT, schemas=SCHEMAS, client=CLIENT, tags={}, templates={}
    )


def plainly(template: str, arguments: dict[str, object]) -> object:
    return render_plain(template, arguments, lambda: output_format(OUTPUT, SCHEMAS))


def drawn(seed: int, pieces: list[str]) -> str:
    chosen = random.Random(seed)
    return "".join(chosen.choices(pieces, k=chosen.randrange(9)))


def test_what_is_plain_reads_as_the_engine_has_it() -> None:
    templates = [*PLAIN, "", *(drawn(seed, PLAIN) for seed in range(100))]
    read = {template: plainly(template, ARGUMENTS) for template in templates}
    assert sum(prompt is not None for prompt in read.values()) > 70
    for template, prompt in read.items():
        if prompt is not None:
            assert prompt == by_engine(template, ARGUMENTS), template


def test_what_is_more_is_left_to_the_engine_or_means_the_same() -> None:
    """A piece may turn its neighbours into something else: what nobody could read, no short way may read."""
    for seed in range(100):
        template = drawn(seed, [*PLAIN, *MORE])
        prompt = plainly(template, ARGUMENTS)
        if prompt is not None:
            assert prompt == by_engine(template, ARGUMENTS), template


@pytest.mark.parametrize("piece", MORE)
def test_each_other_form_is_left_to_the_engine(piece: str) -> None:
    assert plainly(f"say {piece}", ARGUMENTS) is None


def test_a_text_that_stands_in_a_prompt_many_times_is_measured_first() -> None:
    tracemalloc.start()
    try:
        assert plainly("{{ text }}" * 300, {"text": "x" * 100_000}) is None
        assert tracemalloc.get_traced_memory()[1] < 5_000_000
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    ("template", "arguments"),
    [
        ("{{ items }}", {"items": ["a list may hold media"]}),
        ("{{ ctx.output_format }}", {"ctx": "an argument in the place of ours"}),
        ('{{ _.role("user") }}', {"_": 1}),
        ("{{ text }}", {"text": "x" * (8 * 1024 * 1024 + 1)}),
        ("{{ n }}", {"n": 10**5000}),
    ],
    ids=["list", "ctx", "role", "long", "digits"],
)
def test_so_is_what_an_argument_makes_doubtful(template: str, arguments: dict[str, object]) -> None:
    assert plainly(template, arguments) is None
