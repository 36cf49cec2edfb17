"""A program from a stranger: what it may cost to compile, and what it may reach of its host when it runs.

What must be rejected by name stands in `tests/spec/escapes.md`; here is what needs files, an environment or time.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import bamlet
from bamlet import embed

DEEP = 100_000

# H32 of the list of hostile inputs: each is a diagnostic in seconds, never a crash.
DEEP_SOURCES = {
    "parentheses": "function f() -> int { " + "(" * DEEP + "1" + ")" * DEEP + " }",
    "lists": "function f() -> unknown { " + "[" * DEEP + "]" * DEEP + " }",
    "blocks": "function f() -> int { " + "{" * DEEP + "1" + "}" * DEEP + " }",
    "operators": "function f() -> bool { " + "!" * DEEP + "true }",
    "types": "type T = " + "(" * DEEP + "int" + ")" * DEEP,
    "unclosed": "function f() -> int { " + "(" * DEEP,
    "calls": "function f(x: int[]) -> int { x" + ".concat(x)" * 20_000 + ".length() }",
    "branches": "function f(x: int) -> int { " + "if (x == 1) { 1 } else " * 30_000 + "{ 0 } }",
}


@pytest.mark.parametrize("form", DEEP_SOURCES)
def test_h32_text_nested_without_end_is_a_diagnostic(form: str) -> None:
    program, found = embed.check_sources({"main.baml": DEEP_SOURCES[form]})
    assert program is None
    assert {diagnostic.code.slug for diagnostic in found} <= {"nesting-limit", "unclosed"}


def test_h32_a_huge_file_is_not_read(tmp_path: Path) -> None:
    with (tmp_path / "huge.baml").open("wb") as file:
        file.truncate(50 * 2**20)
    with pytest.raises(bamlet.CompileError, match="more than 16 MiB"):
        bamlet.load(tmp_path)


def test_h32_a_link_out_of_the_folder_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "secret.baml").write_text("let SECRET = 1")
    inside = tmp_path / "program"
    inside.mkdir()
    (inside / "main.baml").write_text("function main() -> int { 1 }")
    (inside / "linked.baml").symlink_to(tmp_path / "secret.baml")
    (inside / "folder").symlink_to(tmp_path)
    (inside / "again.baml").symlink_to(inside / "main.baml")  # within: read, and so declared twice
    with pytest.raises(bamlet.CompileError) as caught:
        bamlet.load(inside)
    assert {diagnostic.code.slug for diagnostic in caught.value.diagnostics} == {"duplicate-name"}
    (inside / "again.baml").unlink()
    assert bamlet.load(inside).callee("main") is not None


def test_h32_a_program_sees_only_the_variables_that_it_is_given(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET_OF_THE_HOST", "s3cret")
    source = """
function listed() -> string { env.LISTED }
function unlisted() -> string? { env.get("SECRET_OF_THE_HOST") }
function demanded() -> string { env.SECRET_OF_THE_HOST }
"""
    program = bamlet.compile_sources({"main.baml": source})
    with bamlet.Runtime(program, environ={"LISTED": "yes"}) as runtime:
        assert (runtime.call("listed"), runtime.call("unlisted")) == ("yes", None)
        with pytest.raises(bamlet.UnhandledThrow, match="is not set"):
            runtime.call("demanded")


def test_h32_circles_of_names_are_diagnostics() -> None:
    source = "type A = B\ntype B = A\nclass C { c C }\nlet X = Y\nlet Y = X\n"
    program, found = embed.check_sources({"main.baml": source})
    assert program is None
    assert len(found) >= 3


# --- what can be said in the language of templates, through a prompt and through a constraint of a test

TEMPLATES = [
    "''.__class__.__mro__",
    "ctx.__init__.__globals__",
    "ctx.output_format.__globals__",
    "_.role.__globals__['os']",
    "x.__class__.__subclasses__()",
    "x.__fields__.__class__",
    "x.append.__self__",
    "'{0.__class__}'.format(x)",
    "'%s'|format(x)",
    "cycler.__init__.__globals__",
    "self._TemplateReference__context",
    "namespace.__init__",
    "lipsum.__globals__",
]


def _rendered(template: str) -> Any:
    source = (
        'class P { name string }\nfunction F(x: P) -> string { client "openai/x" prompt #"{{ '
        + template
        + ' }}"# }'
    )
    program = bamlet.compile_sources({"main.baml": source})
    with bamlet.Runtime(program, environ={"OPENAI_API_KEY": "none"}) as runtime:
        return runtime.request("F", x={"name": "n"}).body.json()["messages"]


@pytest.mark.parametrize("template", TEMPLATES)
def test_h32_a_prompt_reaches_nothing_of_python(template: str) -> None:
    try:
        messages = _rendered(template)
    except (bamlet.CompileError, bamlet.BamlInvalidArgumentError):
        return
    shown = str(messages)
    assert not any(word in shown for word in ("class", "module", "<function", "object at", "os")), shown
