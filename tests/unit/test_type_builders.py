"""A test's `type_builder` in what a model is asked and in what is read of its answer."""

from __future__ import annotations

import bamlet
from bamlet.embed.compiling import compile_sources, with_types

SOURCE = """
class Resume { name string @@dynamic }
enum Level { Junior @@dynamic }
client<llm> C { provider openai, options { model m, api_key k } }
function F(text: string) -> Resume { client C, prompt #"{{ text }} {{ ctx.output_format }}"# }
test T {
  functions [F]
  type_builder {
    class Extra { key string }
    dynamic class Resume { extra Extra @description("why"), level Level }
    dynamic enum Level { Senior }
  }
  args { text "a" }
}
"""


def test_the_prompt_asks_for_the_added_fields() -> None:
    program = compile_sources({"main.baml": SOURCE})
    (test,) = program.tests
    with bamlet.Runtime(program) as runtime:
        plain = runtime.request("F", {"text": "a"}).body.text()
        asked = runtime.request("F", {"text": "a"}, context=bamlet.CallContext(types=test.types)).body.text()
    assert "extra" not in plain
    assert "// why\\n  extra: {\\n    key: string" in asked
    assert "'Junior' or 'Senior'" in asked


def test_the_answer_has_them() -> None:
    program = compile_sources({"main.baml": SOURCE})
    (test,) = program.tests
    assert test.types is not None
    answer = '{"name": "a", "extra": {"key": "k"}, "level": "Senior"}'
    with bamlet.Runtime(with_types(program, test.types)) as runtime:
        value = runtime.parse("F", answer)
    assert bamlet.to_plain(value) == {"name": "a", "extra": {"key": "k"}, "level": "Senior"}
