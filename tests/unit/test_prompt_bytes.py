"""The promise that a prompt's bytes depend on the program and its arguments alone. It takes processes."""

from __future__ import annotations

import json
import os
import subprocess
import sys

SOURCE = """
client<llm> C {
  provider openai-generic
  options {
    model "m"
    base_url "http://localhost:1/v1"
    zeta 1
    alpha { b 1 a 2 }
    headers { x-b "1" x-a "2" }
  }
}
enum Mood { Up Down @description("low") Side }
class Thing { v string moods Mood[] more map<string, Thing> }
class Other { t Thing? m Mood | Thing | Other[] }
function F(things: map<string, Thing>) -> Other {
  client C
  prompt #"{{ things }} {{ things|tojson }} {{ things|items }} {{ ctx.tags }} {{ ctx.client.options }}
    {% for k, v in things|items %}{{ k }}{{ v.moods }}{% endfor %}
    {{ ctx.output_format(always_hoist_enums=true) }}"#
}
"""
CODE = """
import sys, bamlet
names = "zebra apple mango kiwi fig plum".split()
things = {name: {"v": name, "moods": ["Up", "Side"], "more": {}} for name in names}
with bamlet.Runtime(bamlet.compile_sources({"main.baml": sys.stdin.read()}), environ={}) as runtime:
    request = runtime.request("F", things=things, context=bamlet.CallContext(tags=dict.fromkeys(names, "t")))
    print(request.url, request.headers, request.body.text())
"""


def sent(hash_seed: str) -> str:
    environ = {**os.environ, "PYTHONHASHSEED": hash_seed}
    command = [sys.executable, "-c", CODE]
    run = subprocess.run(
        command, input=SOURCE, env=environ, capture_output=True, text=True, timeout=60, check=True
    )
    return run.stdout


def test_another_hash_seed_changes_nothing() -> None:
    said = sent("1")
    assert sent("2") == said
    content = json.loads(said[said.index('{"model"') :])["messages"][0]["content"]
    places = [content.index(name) for name in "zebra apple mango kiwi fig plum".split()]
    assert places == sorted(places)
