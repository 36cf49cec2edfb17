"""The plugin for pytest, in processes of their own: what it collects, how it fails, and what it costs.

pytest is a host of ours; the language knows nothing of it.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

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
import pytest

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
"""


def run_pytest(folder: Path, *arguments: str) -> tuple[int, str]:
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "--color=no", "-q", *arguments],
        cwd=folder,
        env={**os.environ, "COLUMNS": "100"},
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


def test_a_project_without_a_word_of_configuration(folder: Path) -> None:
    code, out = run_pytest(folder)
    assert code == 1
    assert "1 failed, 1 passed" in out
    assert "  this          4\n   difference    -1" in out
    assert "FAILED double/double.baml::Double::Five" in out


def test_t09_files_are_collected_where_a_project_says_so(folder: Path) -> None:
    (folder / "pytest.ini").write_text("[pytest]\n", "utf-8")
    assert run_pytest(folder)[0] == pytest.ExitCode.NO_TESTS_COLLECTED
    assert "1 failed, 1 passed" in run_pytest(folder, "--bamlet")[1]
    assert "1 passed, 1 deselected" in run_pytest(folder, "--bamlet", "-k", "Four")[1]
    assert "1 passed" in run_pytest(folder, "double/double.baml::Double::Four")[1]
    (folder / "pytest.ini").write_text("[pytest]\nbamlet = true\n", "utf-8")
    assert "1 failed, 1 passed" in run_pytest(folder)[1]
    assert (
        "1 failed, 1 deselected" in run_pytest(folder, "--lf")[1]
        or "run-last-failure" in run_pytest(folder, "--lf")[1]
    )


def test_t09_workers_find_the_same_tests(folder: Path) -> None:
    ids = run_pytest(folder, "--collect-only")[1].splitlines()[:2]
    assert ids == ["double/double.baml::Double::Five", "double/double.baml::Double::Four"]
    code, out = run_pytest(folder, "-n", "2", "--junitxml", "j.xml")
    assert (code, "1 failed, 1 passed" in out) == (1, True)
    assert 'classname="double.double.baml.Double" name="Five"' in (folder / "j.xml").read_text("utf-8")


def test_a_program_that_does_not_compile_is_one_error(folder: Path) -> None:
    (folder / "double" / "double.baml").write_text("function F( -> int {", "utf-8")
    code, out = run_pytest(folder)
    assert code == pytest.ExitCode.INTERRUPTED
    assert "error[unclosed]" in out


def test_python_tests_get_programs_and_runtimes(folder: Path) -> None:
    (folder / "ask.baml").write_text(ASK, "utf-8")
    (folder / "test_ask.py").write_text(PYTHON, "utf-8")
    code, out = run_pytest(folder, "test_ask.py")
    assert code == 0, out
    assert "2 passed" in out


def test_tests_of_models_run_offline_or_from_cassettes_only(folder: Path) -> None:
    (folder / "double" / "double.baml").write_text(ASK, "utf-8")
    code, out = run_pytest(folder)
    assert code == 1
    assert "no cassette for Ask::Any" in out
    assert run_pytest(folder, "--bamlet-offline=3", "--bamlet-runs", "2")[0] == 0


def test_t10_the_plugin_brings_nothing_before_a_file_is_collected() -> None:
    code = "import sys, bamlet.testing.plugin; print(*sorted(n for n in sys.modules if n.startswith('bamlet')))"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=50, check=True)
    assert found.stdout.split() == ["bamlet", "bamlet._version", "bamlet.testing", "bamlet.testing.plugin"]
