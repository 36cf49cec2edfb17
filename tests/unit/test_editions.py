"""What a host sees of the editions: settings, the command line, prompts, tests with bodies, `log`.

Python, since a program of the language sees neither its settings nor its prompt.
"""

from __future__ import annotations

import asyncio
import logging
from importlib.resources import files
from io import StringIO
from pathlib import Path
from typing import Any

import lark
import pytest

import bamlet
from bamlet.cli.main import run as command
from bamlet.embed.settings import SettingsError, settings_of
from bamlet.grammar.lark_tables import ModeLexer
from bamlet.interpreter.facts.edition import Edition
from bamlet.testing import run_test

PLACE = 'function main() -> unknown { ["a"].index_of("b") }\n'


def place(folder: Path, edition: Edition | None = None) -> object:
    with bamlet.Runtime(bamlet.load(folder, edition=edition)) as runtime:
        return runtime.call("main")


# --- which edition


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("baml.toml", "", None),
        ("baml.toml", "[bamlet]\nedition = 1\n", -1),
        ("pyproject.toml", "[tool.bamlet]\nedition = 2\n", None),
        ("pyproject.toml", "[project]\nname = 'bamlet-user'\n", -1),
        ("README.md", "", -1),
    ],
)
def test_settings_beside_the_sources(tmp_path: Path, name: str, text: str, expected: int | None) -> None:
    (tmp_path / ".git").mkdir()
    (tmp_path / name).write_text(text)
    (tmp_path / "baml_src").mkdir()
    (tmp_path / "baml_src" / "main.baml").write_text(PLACE)
    assert place(tmp_path / "baml_src") == expected
    assert place(tmp_path / "baml_src", edition=1) == -1
    assert place(tmp_path / "baml_src", edition=2) is None


def test_settings_that_cannot_be(tmp_path: Path) -> None:
    (tmp_path / "baml.toml").write_text("[bamlet]\nedition = 3\n")
    with pytest.raises(SettingsError, match="no edition 3"):
        settings_of(tmp_path)
    (tmp_path / "baml.toml").write_text("[bamlet\n")
    with pytest.raises(SettingsError, match=r"baml\.toml"):
        settings_of(tmp_path)


def test_a_comment_is_stronger_than_settings(tmp_path: Path) -> None:
    (tmp_path / "baml.toml").write_text("")
    (tmp_path / "main.baml").write_text("// bamlet: edition 1\n" + PLACE)
    assert place(tmp_path) == -1


def test_the_command_line_says_why(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "main.baml").write_text("function f() -> string {\n  `x`\n}\n")
    assert command(["check", "-v", str(tmp_path)]) == 0
    said = capsys.readouterr().err
    assert "edition 2: a back-tick at" in said
    assert "main.baml:2" in said
    assert command(["check", "-v", "--edition", "1", str(tmp_path)]) == 0
    assert "edition 1: it was asked for" in capsys.readouterr().err


def test_a_program_knows_its_edition() -> None:
    assert bamlet.compile_sources({"a.baml": PLACE}).edition == 1
    assert bamlet.compile_sources({"a.baml": PLACE}, edition=2).edition == 2


# --- the grammar


def test_the_grammar_has_no_conflict_that_is_not_meant() -> None:
    """Lark refuses two reductions that compete, and says of each other pair that the token goes on."""
    text = files("bamlet.grammar").joinpath("bamlet.lark").read_text("utf-8")
    said = StringIO()
    handler, level = logging.StreamHandler(said), lark.logger.level
    lark.logger.addHandler(handler)
    lark.logger.setLevel(logging.DEBUG)
    try:
        lark.Lark(text, parser="lalr", start="item", lexer=ModeLexer, debug=True)
    finally:
        lark.logger.removeHandler(handler)
        lark.logger.setLevel(level)
    assert said.getvalue().count("Shift/Reduce") == 227


# --- prompts

READ = """
client<llm> C { provider: openai, options: { model: "m", api_key: "k" } }
class R { n: int }
template_string Greeting(name: string) `Hello ${name}!`
function Read(text: string, xs: int[]) -> R {
  client: C
  prompt: `
    ${role("system")}
    {{ no jinja }} {% none %} {
    ${_.role("user")} ${text.to_upper_case()} ${xs.length() + 1} ${Greeting_of(text)}
    ${ctx.output_format}
  `
}
function Greeting_of(name: string) -> string { `<${name}>` }
"""


def test_a_prompt_between_back_ticks() -> None:
    with bamlet.Runtime(bamlet.compile_sources({"main.baml": READ})) as runtime:
        prompt = runtime.prompt("Read", text="a {{ b }}", xs=[1, 2])
    system, user = prompt.messages
    assert (system.role, user.role) == ("system", "user")
    assert str(prompt).count("{{ no jinja }} {% none %} {") == 1
    assert "A {{ B }} 3 <a {{ b }}>" in str(prompt)
    assert "n: int" in str(prompt)


CHAT = """
client<llm> C { provider: openai, options: { model: "m", api_key: "k" } }
class Message { role: string, text: string, tags: string[] }
function Chat(messages: Message[], verbose: bool, name: string?) -> string {
  client: C
  prompt: `
    ${role("system")}
    Be brief.
    ${if verbose}
    Say {{ all }} of it.
    ${else if messages.length() > 3}
    Many.
    ${else}
    {% none %}
    ${endif}
    ${for (let message in messages)}
    ${role(message.role)}
    ${message.text}${for let tag in message.tags} #${tag}${if tag == "x"}!${message.role}${endif}${endfor}
    ${endfor}
    ${if let n: string = name}Name: ${n}.${endif}
  `
}
"""


@pytest.mark.parametrize(
    ("verbose", "name", "expected"),
    [
        (True, "N", ["Be brief.\nSay {{ all }} of it.", "a {{ b }} #x!user #y", "yes\nName: N."]),
        (False, None, ["Be brief.\n{% none %}", "a {{ b }} #x!user #y", "yes"]),
    ],
)
def test_a_prompt_with_tags(verbose: bool, name: str | None, expected: list[str]) -> None:
    messages = [
        {"role": "user", "text": "a {{ b }}", "tags": ["x", "y"]},
        {"role": "assistant", "text": "yes", "tags": []},
    ]
    with bamlet.Runtime(bamlet.compile_sources({"main.baml": CHAT})) as runtime:
        prompt = runtime.prompt("Chat", messages=messages, verbose=verbose, name=name)
    assert [message.role for message in prompt.messages] == ["system", "user", "assistant"]
    assert [getattr(message.parts[0], "text", None) for message in prompt.messages] == expected


def test_what_a_hole_of_a_prompt_cannot_do() -> None:
    source = READ.replace("`<${name}>`", 'throw "no"')
    with pytest.raises(bamlet.CompileError, match="a hole of a prompt cannot throw"):
        bamlet.compile_sources({"main.baml": source})
    source = READ.replace("`<${name}>`", 'baml.sys.sleep(1); "x"')
    with pytest.raises(bamlet.CompileError, match="a hole of a prompt cannot wait"):
        bamlet.compile_sources({"main.baml": source})


def test_what_would_be_sent() -> None:
    source = """
    function main(text: string) -> unknown[] {
      let prompt = Read$render_prompt(text, xs = [1]);
      let request = Read$build_request(xs = [], text = `${text}!`);
      let asks = request.body.includes("A TEXT! 1 <a text!>");
      [prompt.to_string().includes("A TEXT 2 <a text>"), request.method, asks]
    }
    """
    with bamlet.Runtime(bamlet.compile_sources({"main.baml": READ + source})) as runtime:
        assert runtime.call("main", text="a text") == [True, "POST", True]
    with pytest.raises(bamlet.CompileError, match="expected `string`, found `1`"):
        bamlet.compile_sources({"main.baml": READ + "function f() -> unknown { Read$render_prompt(1, [2]) }"})


def test_text_that_a_model_might_have_said() -> None:
    source = READ + "function main(text: string) -> int { Read$parse(text).n }\n"
    with bamlet.Runtime(bamlet.compile_sources({"main.baml": source})) as runtime:
        assert runtime.call("main", text="it is {n: 4}") == 4
        with pytest.raises(bamlet.BamlValidationError):
            runtime.call("main", text="it is not")


# --- tests with bodies

SUITE = """
function add(a: int, b: int) -> int { a + b }
test "right" { assert.equal(add(1, 2), 3); }
test "wrong" { assert.equal(add(1, 2), 4); }
test "broken" { throw "no"; }
testset "set" {
  testset "inner" { for (let n in [1, 2]) { test `of ${n}` { assert.is_true(n == 1); } } }
}
"""


def test_discovery_and_outcomes() -> None:
    with bamlet.Runtime(bamlet.compile_sources({"main.baml": SUITE})) as runtime:
        found = runtime.discover()
        outcomes = {test.name: run_test(runtime, test) for test in found}
    assert [name for name, outcome in outcomes.items() if outcome.passed] == ["::right", "set::inner::of 1"]
    assert "expected 4, found 3" in outcomes["::wrong"].message
    assert "main.baml" in outcomes["::broken"].message
    lines = [test.span.file.line_and_column(test.span.start)[0] for test in found]
    assert lines == [3, 4, 5, 7, 7]


RUNNERS = """
testset "one by one" {
  let seen: int[] = [];
  test "third time" with testing.Retry(3) { seen.push(1); assert.equal(seen.length(), 3); }
  test "too late" with testing.Retry(2) { seen.push(1); assert.equal(seen.length(), 9); }
  test "two of three" with testing.Quorum(2, 3) { seen.push(1); assert.is_true(seen.length() % 2 == 0); }
  test "thrown" with testing.Retry(2) { throw "no" }
}
testset "half" with testing.PassRate(0.5) {
  test "good" { assert.is_true(true); }
  testset "in" { for (let n in [1, 2]) { test `n${n}` { assert.equal(n, 1); } } }
}
testset "strict" with testing.PassRate(0.9) {
  test "good" { assert.is_true(true); }
  test "bad" { assert.equal(1, 2); }
}
testset "fast" with testing.FailFast() { test "a" { assert.equal(1, 3); } test "b" { baml.sys.panic("never"); } }
testset "broken" with testing.Sequential() { test "x" { throw "oops" } }
"""


def test_runners() -> None:
    with bamlet.Runtime(bamlet.compile_sources({"main.baml": RUNNERS})) as runtime:
        outcomes = {test.name: run_test(runtime, test) for test in runtime.discover()}
    failed = {name: outcome.message for name, outcome in outcomes.items() if not outcome.passed}
    assert list(outcomes) == [
        *("one by one::third time", "one by one::too late", "one by one::two of three", "one by one::thrown"),
        *("::half", "::strict", "::fast", "::broken"),
    ]
    wrong = {
        "one by one::too late": "expected 9, found 5",
        "one by one::thrown": "no",
        "::strict": "1 of 2 did not pass: bad; the first",
        "::fast": "1 of 2 did not pass: a; the first",
        "::broken": "1 of 1 did not pass: x; the first: oops",
    }
    assert failed.keys() == wrong.keys()
    assert all(said in failed[name] for name, said in wrong.items())


def test_two_tests_of_one_name() -> None:
    source = 'testset "s" { test "t" { assert.is_true(true); } test "t" { assert.is_true(true); } }'
    with (
        bamlet.Runtime(bamlet.compile_sources({"main.baml": source})) as runtime,
        pytest.raises(bamlet.BamlInvalidArgumentError, match="two tests are called `s::t`"),
    ):
        runtime.discover()


# --- what a host hands in, and gets


def test_default_values_and_lines_of_the_log() -> None:
    source = (
        'function main(a: int, b: int = a + 1, c: int) -> int[] { log.info({"a": a}); log.warn("w"); [a, b, c] }'
    )
    said: list[tuple[str, str]] = []
    program = bamlet.compile_sources({"main.baml": source})
    with bamlet.Runtime(program, on_log=lambda level, text: said.append((level, text))) as runtime:
        assert runtime.call("main", a=1, c=3) == [1, 2, 3]
        assert runtime.call("main", a=1, b=5, c=3) == [1, 5, 3]
        with pytest.raises(bamlet.BamlInvalidArgumentError, match="`c`"):
            runtime.call("main", a=1)
    assert said[:2] == [("info", '{"a": 1}'), ("warn", "w")]


def test_both_faces_agree_where_everything_waits() -> None:
    source = """
    class N { v: int, next: N? }
    function main(n: N?) -> unknown[] {
      let hits = 0;
      let count = () -> { hits += 1; hits };
      n?.v += count();
      let found = match (n) { N { v, next: null } => v, N { next: N { v } } => -v, null => 0 };
      [n?.next?.v ?? count(), n?.v, found, hits]
    }
    """
    last = {"v": 5, "next": None}
    calls: list[dict[str, Any]] = [{"n": None}, {"n": last}, {"n": {"v": 1, "next": last}}]
    for arguments in calls:
        plain = bamlet.compile_sources({"main.baml": source})
        waiting = bamlet.compile_sources({"main.baml": source}, emit_all_async=True)

        async def later(program: bamlet.Program = waiting, given: dict[str, Any] = arguments) -> object:
            async with bamlet.AsyncRuntime(program) as runtime, asyncio.timeout(10):
                return await runtime.call("main", given)

        with bamlet.Runtime(plain) as runtime:
            assert runtime.call("main", arguments) == asyncio.run(later())
