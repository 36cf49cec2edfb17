"""The guide to serving: it has every flag and every problem, and its program runs. No program can read it."""

from __future__ import annotations

import argparse
import re
from pathlib import Path
from typing import Any

import pytest
import starlette.routing

import bamlet
from bamlet.cli import serve_options
from bamlet.server import app as application
from bamlet.server.forms import KINDS
from tests.servers.serving import RECEIPT, ROOT

PAGE = (ROOT / "docs" / "serving.md").read_text("utf-8")
GOLDEN = (ROOT / "snapshots" / "server" / "problems.txt").read_text("utf-8")


def flags() -> set[str]:
    parser = argparse.ArgumentParser()
    commands = parser.add_subparsers()
    serve_options.add_serve(commands)
    serve_options.add_dev(commands)
    actions = commands.choices["serve"]._actions
    return {option for action in actions for option in action.option_strings if option.startswith("--")} - {
        "--help"
    }


def test_s22_the_guide_has_every_flag_and_no_other() -> None:
    table = PAGE.partition("## Flags")[2].partition("\n## ")[0]
    assert set(re.findall(r"`(--[a-z-]+)`", table)) == flags()


def test_the_guide_has_every_problem_that_a_body_links_to() -> None:
    anchors = set(re.findall(r'<a id="(\w+)">', PAGE))
    linked = set(re.findall(r"serving\.md#(\w+)", GOLDEN))
    sources = "".join(path.read_text("utf-8") for path in (ROOT / "bamlet" / "server").glob("*.py"))
    made = set(re.findall(r'(?:Problem|refused)\(\s*\d{3}, "(\w+)"', sources))
    assert linked | made <= anchors


def test_the_guide_has_every_kind_of_event_and_every_path() -> None:
    assert set(re.findall(r"^\| `(\w+)` \| .*\| .*\|$", PAGE, re.M)) == set(KINDS)
    routes = application(bamlet.load(RECEIPT)).routes
    for route in routes:
        assert isinstance(route, starlette.routing.Route)
        assert re.sub(r"\{run\}", "{id}", route.path) in PAGE


def test_the_program_of_the_guide_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "baml_src").mkdir()
    (tmp_path / "baml_src" / "main.baml").write_text("function One() -> int { 1 }")
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {}
    for block in re.findall(r"^```python\n(.*?)^```$", PAGE, re.M | re.S):
        exec(block, names)
    paths = [getattr(route, "path", None) for route in names["outer"].routes]
    assert {"/baml", "/extract/{name}", "/stop/{name}"} <= set(paths)


def test_the_readme_streams_the_example_with_the_arguments_that_stand_beside_it() -> None:
    import json

    arguments = json.loads((RECEIPT / "arguments.json").read_text("utf-8"))
    assert arguments == dict(bamlet.load(RECEIPT).tests[0].arguments)
