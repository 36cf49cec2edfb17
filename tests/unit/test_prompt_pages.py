"""Prompts that are kept beside a program: written, compared before anything is sent, and taken away.

They are files, of which the language knows nothing.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from bamlet.cli import exits
from bamlet.cli.main import run
from tests.servers.loopback import LoopbackServer

Capture = pytest.CaptureFixture[str]
PAGE = Path("prompts/Sort/One.md")
SORT = """
client<llm> Local {
  provider openai-generic
  options { base_url env.BASE_URL, api_key env.LOCAL_KEY, model "m" }
}
function Sort(text: string, picture: image) -> string[] {
  client Local
  prompt #"
    Sort the words:
    {{ _.role("user") }}
    {{ text }} {{ picture }}
  "#
}
test One {
  functions [Sort]
  args { text "## a", picture { url "https://example.com/a.png" } }
}
test Two {
  functions [Sort]
  args { text "b", picture { base64 "aGVsbG8=", media_type "image/png" } }
}
"""
WRITTEN = """\
---
client: Local
provider: openai-generic
---

## system

Sort the words:

## user

## a![image https://example.com/a.png]
"""


@pytest.fixture(autouse=True)
def _in_a_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, loopback: LoopbackServer) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("BASE_URL", loopback.url)
    Path("main.baml").write_text(SORT, "utf-8")


def bamlet_test(*arguments: str) -> int:
    return run(["test", *arguments])


def without_digest(page: Path) -> str:
    lines = page.read_text("utf-8").splitlines(keepends=True)
    assert [line for line in lines if line.startswith("body: sha256:")] == [lines[3]]
    return "".join(lines[:3] + lines[4:])


def test_t08_a_changed_prompt_fails_before_anything_is_sent(loopback: LoopbackServer, capsys: Capture) -> None:
    assert bamlet_test("--offline", "--prompts", "update") == exits.OK
    assert without_digest(PAGE) == WRITTEN
    assert "![image/png 5 bytes sha256:2cf24dba5fb0a30e26e83b2ac5b9e29e" in PAGE.with_name("Two.md").read_text()
    assert bamlet_test("--offline") == exits.OK
    Path("main.baml").write_text(SORT.replace("Sort the", "Count the"), "utf-8")
    capsys.readouterr()
    assert bamlet_test("--prompts", "check", "--output-format", "full") == exits.FAILED
    out = capsys.readouterr().out
    assert "  --- prompts/Sort/One.md\n  +++ now\n" in out
    assert "  -Sort the words:\n  +Count the words:\n" in out
    assert "keep it with --offline --prompts update -i Sort::One" in out
    assert loopback.requests == []
    assert bamlet_test("--offline", "--prompts", "off") == exits.OK


def test_render_gives_the_same_page(capsys: Capture) -> None:
    bamlet_test("--offline", "--prompts", "update")
    capsys.readouterr()
    assert run(["render", "main.baml", "Sort", "--as", "markdown"]) == exits.OK
    assert capsys.readouterr().out.encode() == PAGE.read_bytes()


def test_pages_that_no_test_asks_for_and_tests_without_one(capsys: Capture) -> None:
    bamlet_test("--offline", "--prompts", "update")
    Path("prompts/notes.md").write_text("ours\n", "utf-8")
    Path("main.baml").write_text(SORT.replace("test Two", "test Three"), "utf-8")
    capsys.readouterr()
    assert bamlet_test("--offline", "-i", "One") == exits.FAILED
    assert (
        "prompts/Sort/Two.md: no test asks for this page; --prompts update removes it" in capsys.readouterr().out
    )
    assert bamlet_test("--offline", "-i", "Three") == exits.FAILED
    assert "there is no page prompts/Sort/Three.md" in capsys.readouterr().out
    # Whether a single file is the whole program, nobody knows: its neighbours may have pages, too.
    assert bamlet_test("main.baml", "--offline", "-i", "One") == exits.OK
    assert bamlet_test("main.baml", "--offline", "--prompts", "update") == exits.OK
    assert PAGE.with_name("Two.md").exists()
    assert bamlet_test("--offline", "--prompts", "update") == exits.OK
    assert sorted(path.name for path in Path("prompts").rglob("*.md")) == ["One.md", "Three.md", "notes.md"]


def test_a_page_does_not_keep_a_key(monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    monkeypatch.setenv("LOCAL_KEY", "words")  # shorter than any key: not looked for
    assert bamlet_test("--offline", "--prompts", "update") == exits.OK
    monkeypatch.setenv("LOCAL_KEY", "Sort the words")
    assert bamlet_test("--offline", "--prompts", "update", "--output-format", "full") == exits.FAILED
    assert "the prompt holds the value of LOCAL_KEY, so no page of it is made" in capsys.readouterr().out


def test_other_ends_of_lines_are_no_other_prompt() -> None:
    bamlet_test("--offline", "--prompts", "update")
    PAGE.write_bytes(PAGE.read_bytes().replace(b"\n", b"\r\n"))
    assert bamlet_test("--offline") == exits.OK
