"""The formats that other programs read. The language cannot see them; each has rules of its own."""

from __future__ import annotations

import json
from typing import Any

import pytest

from bamlet.diagnostics import Diagnostic, Note
from bamlet.diagnostics.catalogue import CODES, DUPLICATE_NAME, PROMPT_NAME, UNKNOWN_NAME
from bamlet.diagnostics.formats import as_json, concise, github, sarif
from bamlet.diagnostics.render import COLOURED
from bamlet.source import SourceFile, Span

MAIN = SourceFile("src/main.baml", "function F(total: int) -> int {\n  totl +\n    1\n}\n")
OTHER = SourceFile("src/a, b:c%.baml", "class A {}\n")
TYPO = UNKNOWN_NAME.at(Span(MAIN, 34, 38), "nothing here is called `totl`", hint="did you mean `total`?")
TWICE = DUPLICATE_NAME.at(Span(OTHER, 6, 7), "50% of\nit", Note(Span(MAIN, 9, 10), "declared here first"))
OVER_LINES = PROMPT_NAME.at(Span(MAIN, 34, 46), "over two lines")
ALL = [TYPO, TWICE, OVER_LINES]


# --- concise


def test_concise_is_one_line_each_and_a_summary() -> None:
    assert concise(ALL).split("\n") == [
        "src/main.baml:2:3: error[unknown-name] nothing here is called `totl`",
        "src/a, b:c%.baml:1:7: error[duplicate-name] 50% of·it",
        "src/main.baml:2:3: warning[prompt-name] over two lines",
        "found 2 errors and 1 warning",
    ]


def test_concise_can_have_colours() -> None:
    assert f"{COLOURED.error}error[unknown-name]{COLOURED.reset} nothing" in concise([TYPO], COLOURED)
    assert f"{COLOURED.warning}warning[prompt-name]{COLOURED.reset} over" in concise([OVER_LINES], COLOURED)


# --- json


def test_json_has_everything() -> None:
    assert json.loads(as_json([TYPO])) == [
        {
            "code": "E0003",
            "slug": "unknown-name",
            "severity": "error",
            "message": "nothing here is called `totl`",
            "file": "src/main.baml",
            "start": {"line": 2, "column": 3},
            "end": {"line": 2, "column": 7},
            "notes": [],
            "hint": "did you mean `total`?",
        }
    ]


def test_json_has_notes_with_their_places() -> None:
    [found] = json.loads(as_json([TWICE]))
    assert found["hint"] is None
    assert found["notes"] == [
        {
            "message": "declared here first",
            "file": "src/main.baml",
            "start": {"line": 1, "column": 10},
            "end": {"line": 1, "column": 11},
        }
    ]


def test_json_of_nothing_is_an_empty_array() -> None:
    assert json.loads(as_json([])) == []


# --- sarif

# What the schema of SARIF 2.1.0 requires of each object that we write.
_REQUIRED = {
    (): {"version", "runs"},
    ("runs",): {"tool"},
    ("runs", "tool"): {"driver"},
    ("runs", "tool", "driver"): {"name"},
    ("runs", "tool", "driver", "rules"): {"id"},
    ("runs", "tool", "driver", "rules", "shortDescription"): {"text"},
    ("runs", "tool", "driver", "rules", "help"): {"text"},
    ("runs", "results"): {"message"},
    ("runs", "results", "message"): {"text"},
    ("runs", "results", "relatedLocations", "message"): {"text"},
}


def _objects(value: Any, path: tuple[str, ...] = ()) -> list[tuple[tuple[str, ...], dict[str, Any]]]:
    if isinstance(value, list):
        return [found for item in value for found in _objects(item, path)]
    if isinstance(value, dict):
        inner = [found for key, item in value.items() for found in _objects(item, (*path, key))]
        return [(path, value), *inner]
    return []


def test_sarif_has_what_its_schema_requires() -> None:
    log = json.loads(sarif(ALL))
    found = _objects(log)
    assert {path for path, _ in found} >= _REQUIRED.keys()
    for path, value in found:
        assert value.keys() >= _REQUIRED.get(path, set()), path
    assert log["version"] == "2.1.0"
    assert log["$schema"].endswith("sarif-2.1.0.json")


def test_sarif_rules_are_the_catalogue_and_results_point_at_them() -> None:
    [run] = json.loads(sarif(ALL))["runs"]
    rules = run["tool"]["driver"]["rules"]
    assert [rule["id"] for rule in rules] == list(CODES)
    assert "helpUri" not in rules[0]  # the schema wants a whole address, and the page is a file of the repository
    for result in run["results"]:
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
        assert rules[result["ruleIndex"]]["defaultConfiguration"]["level"] == result["level"]


def test_sarif_places_are_one_based_and_end_behind_the_last_character() -> None:
    [run] = json.loads(sarif([OVER_LINES]))["runs"]
    assert run["columnKind"] == "unicodeCodePoints"
    assert run["results"][0]["locations"] == [
        {
            "physicalLocation": {
                "artifactLocation": {"uri": "src/main.baml"},
                "region": {"startLine": 2, "startColumn": 3, "endLine": 3, "endColumn": 6},
            }
        }
    ]


@pytest.mark.parametrize(
    ("name", "uri"),
    [
        ("a b.baml", "a%20b.baml"),
        ("<stdin>", "%3Cstdin%3E"),
        ("é.baml", "%C3%A9.baml"),
        ("/src/a b.baml", "file:///src/a%20b.baml"),
    ],
)
def test_sarif_files_are_uris(name: str, uri: str) -> None:
    [run] = json.loads(sarif([_at(name)]))["runs"]
    assert run["results"][0]["locations"][0]["physicalLocation"]["artifactLocation"] == {"uri": uri}


def test_sarif_of_nothing_is_a_run_without_results() -> None:
    [run] = json.loads(sarif([]))["runs"]
    assert run["results"] == []


# --- github


def test_github_is_a_workflow_command_a_line() -> None:
    assert github([TYPO]) == (
        "::error file=src/main.baml,line=2,col=3,endLine=2,endColumn=7,title=bamlet unknown-name"
        "::nothing here is called `totl`%0Ahint: did you mean `total`?"
    )


def test_github_escapes_more_in_properties_than_in_the_message() -> None:
    assert github([TWICE]) == (
        "::error file=src/a%2C b%3Ac%25.baml,line=1,col=7,endLine=1,endColumn=8,title=bamlet duplicate-name"
        "::50%25 of%0Ait"
    )


def test_github_has_no_columns_over_several_lines() -> None:
    assert github([OVER_LINES]) == (
        "::warning file=src/main.baml,line=2,endLine=3,title=bamlet prompt-name::over two lines"
    )


def test_github_of_nothing_is_nothing() -> None:
    assert github([]) == ""


def _at(name: str) -> Diagnostic:
    return UNKNOWN_NAME.at(Span(SourceFile(name, "x"), 0, 1), "told")
