"""The Markdown runner on a toy language: `totl` is unknown, `old` is deprecated, `reveal x` shows a type."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from bamlet.diagnostics import Code, Diagnostic
from bamlet.source import SourceFile, Span
from tests.support.inner_pytest import run_pytest
from tests.support.spec_items import Language, SpecFailure, judge
from tests.support.spec_sections import MalformedSpec, expectations, rewritten, sections

CODES = {
    "totl": Code("unknown-name", "T1", "error", "a name that nothing declares"),
    "old": Code("deprecated", "T2", "warning", "a name on its way out"),
    "reveal": Code("revealed", "T3", "warning", "a type that somebody asked for"),
}


def check(sources: dict[str, str]) -> list[Diagnostic]:
    found = []
    for name, text in sources.items():
        code_only = re.sub(r"//.*", lambda comment: " " * len(comment[0]), text)
        for word in re.finditer(r"\b(totl|old|reveal)\b", code_only):
            span = Span(SourceFile(name, text), word.start(), word.end())
            message = "`int | null`" if word[0] == "reveal" else f"about `{word[0]}`"
            found.append(CODES[word[0]].at(span, message))
    return found


def run(sources: dict[str, str]) -> str:
    return "".join(f"{name}: {len(text.splitlines())}\n" for name, text in sources.items())


TOY = Language(check, run)

DOCUMENT = """\
# Names

Prose, and a block that nobody runs:

```python
# Not a heading
```

## Undeclared

```baml
let x = 1
```

More prose.

```baml
totl + 1   // error: [unknown-name] "totl"
```

```snapshot
error[unknown-name]: about `totl`
 --> main.baml:2:1
  |
2 | totl + 1   // error: [unknown-name] "totl"
  | ^^^^
```

## Two files

`shared.baml`:

```baml
old  // warning: [deprecated] "`old`"
```

```baml
// revealed: int | null
reveal x
```

````output
shared.baml: 1
main.baml: 2
````

The end, without a line end"""


def test_a_section_is_named_by_the_headings_above_it() -> None:
    assert [section.name for section in sections(DOCUMENT)] == ["Names - Undeclared", "Names - Two files"]


def test_blocks_of_one_file_are_joined_and_named_blocks_stand_apart() -> None:
    undeclared, two_files = sections(DOCUMENT)
    assert list(undeclared.sources) == ["main.baml"]
    assert undeclared.sources["main.baml"].startswith("let x = 1\ntotl + 1")
    assert list(two_files.sources) == ["shared.baml", "main.baml"]


def test_a_right_document_has_nothing_stale() -> None:
    assert [judge(section, TOY) for section in sections(DOCUMENT)] == [[], []]


def test_expectations_read_severity_text_and_type() -> None:
    text = (
        'a // error: [one] "say \\"b\\"" // warning: [two]\n'
        "// revealed: map<string, int>\n"
        "b\n"
        '{{ y }} {# error: [three] "y" #}\n'
    )
    assert [str(one) for one in expectations({"m.baml": text})] == [
        "m.baml:1: error: [one] 'say \"b\"'",
        "m.baml:1: warning: [two] ''",
        "m.baml:3: revealed: map<string, int>",
        "m.baml:4: error: [three] 'y'",
    ]


@pytest.mark.parametrize(
    ("code", "report"),
    [
        ("totl", "unexpected:\nerror[unknown-name]: about `totl`"),
        ("x // error: [unknown-name]", "missing: main.baml:1: error: [unknown-name] ''"),
        ("totl // warning: [unknown-name]", "missing: main.baml:1: warning"),
        ('totl // error: [unknown-name] "other"', "missing: main.baml:1: error: [unknown-name] 'other'"),
        ("totl totl // error: [unknown-name]", "unexpected:"),
        ("reveal x // revealed: int", "missing: main.baml:1: revealed: int"),
    ],
)
def test_a_diagnostic_and_its_expectation_must_meet(code: str, report: str) -> None:
    [section] = sections(f"# One\n```baml\n{code}\n```\n")
    with pytest.raises(SpecFailure, match=re.escape(report)):
        judge(section, TOY)


@pytest.mark.parametrize(
    ("text", "report"),
    [
        ("# One\n```baml\n", "line 2: this block is never closed"),
        ("# One\n```output\nx\n```\n", "line 3: nothing in 'One' could produce this"),
        ("# One\n```baml\n```\n# One\n```baml\n```\n", "line 6: a second section is called 'One'"),
        ("# One\n```baml\n```\n```output\n```\n```output\n```\n", "line 7: a second output block in 'One'"),
    ],
)
def test_a_document_that_cannot_be_read_as_tests_is_an_error(text: str, report: str) -> None:
    with pytest.raises(MalformedSpec, match=re.escape(report)):
        sections(text)


def test_a_rewrite_that_would_close_its_own_fence_is_refused() -> None:
    [section] = sections("# One\n```baml\n```\n```output\n```\n")
    with pytest.raises(MalformedSpec, match="lengthen the fence"):
        rewritten("# One\n```baml\n```\n```output\n```\n", [(section.blocks[1], "a\n```\n")])


CONFTEST = """
from tests.support.spec_items import SpecFile, rewrite_files
from tests.test_spec_items import TOY

def pytest_addoption(parser):
    parser.addoption("--update-snapshots", action="store_true")

def pytest_collect_file(file_path, parent):
    if file_path.suffix == ".md":
        return SpecFile.from_parent(parent, path=file_path, language=TOY)

def pytest_sessionfinish(session):
    rewrite_files(session.config)
"""


def test_a_damaged_file_fails_with_both_texts_and_an_update_restores_it_exactly(tmp_path: Path) -> None:
    (tmp_path / "conftest.py").write_text(CONFTEST, "utf-8")
    path = tmp_path / "names.md"
    damaged = DOCUMENT.replace("  | ^^^^\n", "").replace("main.baml: 2\n", "main.baml: 7\nand more\n\n")
    path.write_bytes(damaged.encode())

    code, output = run_pytest(tmp_path)
    assert code == 1
    assert "2 failed" in output
    assert "main.baml: 7\nand more\n\n--- actual\nshared.baml: 1\nmain.baml: 2\n" in output
    assert path.read_bytes() == damaged.encode()

    code, output = run_pytest(tmp_path, "--update-snapshots")
    assert code == 0, output
    assert path.read_bytes() == DOCUMENT.encode()
