"""The plugin for pytest: what it collects, how it fails, and what it costs.

pytest is a host of ours; the language knows nothing of it. It is run in this process, but where a process is what
is looked at: what an installed bamlet does by itself, workers, what is imported.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

import pytest

DOUBLE = """
function Double(n: int) -> int { n * 2 }
test Five { functions [Double] args { n 2 } @@assert({{ this == 5 }}) }
test Four { functions [Double] args { n 2 } @@assert({{ this == 4 }}) }
"""
ASK = """
client<llm> Local {
  provider openai
  options { model "m" }
}
function Ask(text: string) -> string[] {
  client Local
  prompt #"{{ text }} {{ ctx.output_format }}"#
}
test Any { functions [Ask] args { text "x" } @@assert({{ this|length > 0 }}) }
"""
PYTHON = """
import json
import pytest
from urllib.request import Request, urlopen

@pytest.mark.bamlet("ask.baml")
def test_offline(bamlet_offline, bamlet_prompt):
    runtime = bamlet_offline(script=['["a"]'])
    assert runtime.call("Ask", text="x") == ["a"]
    assert len(bamlet_offline(seed=1).call("Ask", text="x")) > 0
    assert bamlet_prompt("Ask", text="which?").startswith("[system]\\nwhich?")

@pytest.mark.bamlet("ask.baml")
def test_without_a_cassette(bamlet_runtime):
    with pytest.raises(Exception, match="there is no cassette"):
        bamlet_runtime.call("Ask", text="x")

@pytest.mark.bamlet("ask.baml")
def test_a_server(bamlet_mock, bamlet_prompt):
    body = {"messages": [{"role": "user", "content": bamlet_prompt("Ask", text="which?")}]}
    asked = Request(f"{bamlet_mock.url}/v1/chat/completions", json.dumps(body).encode())
    with urlopen(asked, timeout=20) as answer:
        said = json.load(answer)["choices"][0]["message"]["content"]
    assert isinstance(json.loads(said), list)
    assert [asked["body"] for asked in bamlet_mock.requests] == [body]
"""
BODIES = """
function Add(a: int, b: int) -> int { a + b }
test "alone" { assert.equal(Add(1, 1), 2) }
testset "sums" {
  test "right" { assert.equal(Add(1, 1), 2) }
  testset "inner" { test "wrong" { assert.equal(Add(1, 1), 3) } }
}
"""
CALLS = """
function Broken() -> int throws string { throw "no"; }
testset "sums" { let n = Broken(); }
"""


ALONE = "PYTEST_DISABLE_PLUGIN_AUTOLOAD"
Run: TypeAlias = Callable[..., tuple[int, str]]


def in_a_process(folder: Path, *arguments: str, **environ: str) -> tuple[int, str]:
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "--color=no", "-q", *arguments],
        cwd=folder,
        env={**os.environ, "COLUMNS": "100", **environ},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        timeout=50,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "double").mkdir()
    (tmp_path / "double" / "double.baml").write_text(DOUBLE, "utf-8")
    return tmp_path


@pytest.fixture
def run(folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """pytest in the folder, in this process, with our plugin and none of others."""
    monkeypatch.chdir(folder)
    monkeypatch.setenv(ALONE, "1")
    monkeypatch.setenv("COLUMNS", "100")

    def run_pytest(*arguments: str) -> tuple[int, str]:
        given = ["-p", "bamlet.testing.plugin", "--import-mode=importlib", "--capture=no", "--color=no", "-q"]
        code = pytest.main([*given, *arguments])
        said = capsys.readouterr()
        return int(code), said.out + said.err

    return run_pytest


def test_a_project_without_a_word_of_configuration(folder: Path) -> None:
    """As it is installed: pytest finds the plugin by itself."""
    code, out = in_a_process(folder)
    assert code == 1
    assert "1 failed, 1 passed" in out
    assert "  this          4\n   difference    -1" in out
    assert "FAILED double/double.baml::Double::Five - assert: {{ this == 5 }} is false" in out


@pytest.mark.timeout(300)  # seven processes of their own
def test_t09_files_are_collected_where_a_project_says_so(folder: Path, run: Run) -> None:
    (folder / "pytest.ini").write_text("[pytest]\n", "utf-8")
    assert run()[0] == pytest.ExitCode.NO_TESTS_COLLECTED
    assert "1 failed, 1 passed" in run("--bamlet")[1]
    assert "1 passed, 1 deselected" in run("--bamlet", "-k", "Four")[1]
    assert "1 passed, 1 deselected" in run("--bamlet", "--deselect", "double/double.baml::Double::Five")[1]
    assert "1 passed" in run("double/double.baml::Double::Four")[1]
    (folder / "pytest.ini").write_text("[pytest]\nbamlet = true\n", "utf-8")
    assert "1 failed, 1 passed" in run()[1]
    assert "1 failed, 1 deselected" in run("--lf")[1]


def test_t09_workers_find_the_same_tests(folder: Path, run: Run) -> None:
    ids = run("--collect-only")[1].splitlines()[:2]
    assert ids == ["double/double.baml::Double::Five", "double/double.baml::Double::Four"]
    plugins = ("-p", "xdist", "-p", "bamlet.testing.plugin")
    code, out = in_a_process(folder, *plugins, "-n", "2", "-vv", "--junitxml", "j.xml", **{ALONE: "1"})
    assert (code, "1 failed, 1 passed" in out) == (1, True)
    assert all(test in out for test in ids)
    assert 'classname="double.double.baml.Double" name="Five"' in (folder / "j.xml").read_text("utf-8")


def test_a_program_that_does_not_compile_is_one_error(folder: Path, run: Run) -> None:
    (folder / "double" / "double.baml").write_text("function F( -> int {", "utf-8")
    code, out = run()
    assert code == pytest.ExitCode.INTERRUPTED
    assert "error[unclosed]" in out


def test_tests_with_bodies_are_items(folder: Path, run: Run) -> None:
    (folder / "double" / "double.baml").write_text(BODIES, "utf-8")
    code, out = run("--collect-only")
    ids = [
        "double/double.baml::alone",
        "double/double.baml::sums::right",
        "double/double.baml::sums::inner::wrong",
    ]
    assert out.splitlines()[:3] == ids
    assert "2 passed" in run(*ids[:2])[1]
    assert "1 failed" in run(ids[2])[1]
    assert "1 failed, 1 passed" in run("double/double.baml::sums")[1]
    (folder / "double" / "double.baml").write_text(CALLS, "utf-8")
    code, out = run()
    assert code == pytest.ExitCode.INTERRUPTED
    assert "a testset failed while it declared its tests" in out


def test_python_tests_get_programs_and_runtimes(folder: Path, run: Run) -> None:
    (folder / "ask.baml").write_text(ASK, "utf-8")
    (folder / "test_ask.py").write_text(PYTHON, "utf-8")
    code, out = run("test_ask.py")
    assert code == 0, out
    assert "3 passed" in out


def test_tests_of_models_run_offline_or_from_cassettes_only(folder: Path, run: Run) -> None:
    (folder / "double" / "double.baml").write_text(ASK, "utf-8")
    code, out = run()
    assert code == 1
    assert "no cassette for Ask::Any" in out
    assert run("--bamlet-offline=3", "--bamlet-runs", "2")[0] == 0
    (folder / "pytest.ini").write_text("[pytest]\nbamlet = true\nbamlet_offline = 3\nbamlet_runs = 2\n", "utf-8")
    assert run()[0] == 0
    (folder / "pytest.ini").write_text("[pytest]\nbamlet_offline = many\n", "utf-8")
    code, out = run()
    assert code == pytest.ExitCode.USAGE_ERROR
    assert "bamlet_offline = many: invalid literal" in out


def test_prompts_are_compared_with_their_pages(folder: Path, run: Run) -> None:
    program = folder / "double" / "double.baml"
    program.write_text(ASK, "utf-8")
    assert run("--bamlet-offline", "--bamlet-prompts=update")[0] == 0
    page = folder / "double" / "prompts" / "Ask" / "Any.md"
    assert "## system" in page.read_text("utf-8")
    program.write_text(ASK.replace("{{ text }}", "Now {{ text }}"), "utf-8")
    code, out = run("--bamlet-offline")
    assert code == 1
    assert "+Now x" in out
    assert run("--bamlet-offline", "--bamlet-prompts=off")[0] == 0


def test_a_failure_shows_what_was_asked_and_said(folder: Path, run: Run) -> None:
    (folder / "double" / "double.baml").write_text(ASK.replace("> 0", "> 9"), "utf-8")
    out = run("--bamlet-offline", "-vvv")[1]
    assert re.search(r'-+ Captured request call -+\n\{"model":"m"', out)
    assert re.search(r"-+ Captured answer call -+\n\[", out)
    assert "Captured request" not in run("--bamlet-offline", "-vv")[1]


def test_t10_the_plugin_brings_nothing_before_a_file_is_collected() -> None:
    code = "import pytest, sys; had = {*sys.modules}; import bamlet.testing.plugin; print(*{*sys.modules} - had)"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=50, check=True)
    plugin = [f"bamlet.testing.plugin{part}" for part in ("", ".fixtures", ".items", ".options", ".programs")]
    records = [f"bamlet.records{part}" for part in ("", ".declared", ".filling")]
    assert sorted(found.stdout.split()) == ["bamlet", "bamlet._version", *records, "bamlet.testing", *plugin]
