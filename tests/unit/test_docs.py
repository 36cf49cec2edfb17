"""What README and docs tell a reader to do: every command runs, every Python block too, the programs hold.

Some pages have tests of their own, which also read what comes out.
"""

from __future__ import annotations

import base64
import json
import os
import re
import shlex
import subprocess
import sys
from itertools import groupby
from pathlib import Path
from typing import Any, NamedTuple

import pytest

import bamlet
from bamlet.testing.script import call, calls, say, script
from tests.servers.loopback import Answer, LoopbackServer, openai_chunks
from tests.support.programs import check, run
from tests.support.scripted import ScriptedTransport, said
from tests.support.spec_items import Language, judge
from tests.support.spec_sections import Section, sections

ROOT = Path(__file__).parents[2]
ORCHESTRATION = ROOT / "docs" / "orchestration.md"
LANGUAGE = ROOT / "docs" / "language.md"
ELSEWHERE = {
    "docs/api.md": "tests/unit/test_api_page.py",
    "docs/caches.md": "tests/unit/test_guides.py",
    "docs/hosts.md": "tests/unit/test_guides.py",
    "docs/results.md": "tests/unit/test_guides.py",
    "docs/troubleshooting.md": "tests/unit/test_guides.py",
    "docs/tutorial.md": "tests/unit/test_tutorial.py",
    "docs/client.md": "tests/unit/test_client_guide.py",
    "docs/debugging.md": "tests/unit/test_debugging.py",
    "docs/serving.md": "tests/unit/test_serving_guide.py",
    "docs/migrating-from-baml.md": "tests/unit/test_migrating.py",
    "docs/streaming.md": "tests/unit/test_streaming_guide.py",
}
PAGES = [
    path.relative_to(ROOT).as_posix()
    for path in (ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md")))
]
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.M | re.S)

# What is not run here, and why.
NOT_HERE = {
    "pip install bamlet": "it is installed where tests run",
    "build/interop/aimock-1.43.0/node_modules/.bin/llmock": "`make interop` starts it",
    "AIMOCK_V1=http://127.0.0.1:4010/v1": "`make interop` starts it",
}
RECEIPT = '{"vendor": "Corner", "items": [{"name": "nut", "quantity": 2, "price": 0.5}], "total": 1.0}'
APP = """
client<llm> Local {
  provider openai
  options { model m, api_key "k", media_url_handler { image send_url } }
}
class Found { name string }
function Extract(text: string) -> Found { client Local, prompt #"{{ text }} {{ ctx.output_format }}"# }
function Describe(photo: image) -> string { client Local, prompt #"{{ _.role("user") }} {{ photo }}"# }
"""
PIXEL = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)


class Block(NamedTuple):
    page: str
    line: int
    text: str

    def __str__(self) -> str:
        return f"{self.page}:{self.line}"


def blocks(language: str, pages: list[str]) -> list[Block]:
    found: list[Block] = []
    for page in pages:
        text = (ROOT / page).read_text("utf-8")
        for block in BLOCK.finditer(text):
            if block[1] == language:
                found.append(Block(page, text.count("\n", 0, block.start()) + 1, block[2]))
    return found


HERE = [page for page in PAGES if page not in ELSEWHERE]


def commands(text: str) -> list[list[str]]:
    """The words of each command, with lines that go on joined."""
    split = (shlex.split(line, comments=True) for line in text.replace("\\\n", " ").splitlines())
    return [list(words) for line in split for is_and, words in groupby(line, "&&".__eq__) if not is_and]


@pytest.fixture
def reader(tmp_path: Path, loopback: LoopbackServer) -> Path:
    """A folder in which a reader has saved what the pages show. Its model is a server of the test."""
    loopback.default = Answer(openai_chunks([RECEIPT]))
    local = f'client<llm> Local {{ provider openai, options {{ model m, base_url "{loopback.url}" }} }}\n'
    receipt = blocks("baml", ["README.md"])[0].text
    assert 'client "openai/gpt-4o-mini"' in receipt
    (tmp_path / "receipt.baml").write_text(local + receipt.replace('client "openai/gpt-4o-mini"', "client Local"))
    (tmp_path / "receipt.txt").write_text("2 nuts at 0.50")
    (tmp_path / "app.baml").write_text(APP)
    (tmp_path / "scan.txt").write_text("a name")
    (tmp_path / "cat.png").write_bytes(PIXEL)
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    return tmp_path


@pytest.mark.parametrize("block", blocks("sh", HERE), ids=str)
def test_a_command_in_the_docs_works(block: Block, reader: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    environment.pop("OPENAI_API_KEY", None)
    for words in commands(block.text):
        if any(" ".join(words).startswith(known) for known in NOT_HERE):
            continue
        match words:
            case ["export", assignment]:
                name, _, value = assignment.partition("=")
                environment[name] = value
            case ["make", target]:
                # Not what it does, which may be this suite, but that there is such a target.
                make = ["make", "--dry-run", target, f"PYTHON={sys.executable}"]
                _succeeds(make, ROOT, environment)
            case ["cd", folder]:
                reader /= folder
            case ["eval", script]:
                ours = f'bamlet() {{ "{sys.executable}" -m bamlet "$@"; }}'
                _succeeds(["bash", "-c", f'{ours}; eval "{script}" && complete -p bamlet'], reader, environment)
            case ["uv", "run", "--no-dev", "bamlet", *arguments] | ["bamlet", *arguments]:
                _succeeds([sys.executable, "-m", "bamlet", *arguments], reader, environment)
            case _:
                pytest.fail(f"{block}: no test knows how to run `{shlex.join(words)}`")


def _succeeds(command: list[str], folder: Path, environment: dict[str, str]) -> None:
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, f"{shlex.join(command)}\n{done.stdout}{done.stderr}"
    assert done.stdout or done.stderr


def _scope(page: str, folder: Path, saying: Any) -> dict[str, Any]:
    """What the Python blocks of a page take for granted."""
    scope: dict[str, Any] = {"bamlet": bamlet, "scan": "it", "show": saying, "print": saying}
    if page == "docs/testing.md":
        scope |= {"pytest": pytest, "program": bamlet.load(folder / "receipt.baml")}
    if page == "docs/prompts.md":
        program = bamlet.load(folder / "app.baml")
        transport = ScriptedTransport({"m": [said("a cat")] * 8})
        scope |= {
            "program": program,
            "runtime": bamlet.Runtime(program, transport=transport),
            "data": base64.b64encode(PIXEL).decode(),
            "answer": '{"name": "n"}',
        }
    if page == "docs/orchestration.md":
        told = 'client<llm> C { provider openai, options { model m, api_key "k" } }\n'
        told += 'function Tell(question: string) -> string { client C, prompt #"{{ question }}"# }\n'
        program = bamlet.compile_sources({"tell.baml": told})
        runtime = bamlet.Runtime(program, transport=script(say("word " * 9_000)))
        scope |= {"runtime": runtime, "question": "?"}
    if page == "docs/agents.md":
        agent, options, *_ = (block.text for block in blocks("baml", [page]))
        source = agent.replace("tools [find_orders]", "tools [find_orders, careful]") + options
        scope |= {"program": bamlet.compile_sources({"agents.baml": source}), "question": "?"}
        scope["find_orders"] = lambda customer: [{"id": customer, "item": "a kettle"}]
        wanted = calls(call("find_orders", {"customer": 7}), call("refund", {"order": 1, "amount": 2}))
        scope["runtime"] = bamlet.Runtime(
            scope["program"],
            functions={"find_orders": scope["find_orders"]},
            transport=script(wanted, say("Done.")),
        )
    return scope


@pytest.mark.parametrize("block", blocks("python", HERE), ids=str)
def test_a_python_block_in_the_docs_works(
    block: Block, reader: Path, monkeypatch: pytest.MonkeyPatch, loopback: LoopbackServer
) -> None:
    monkeypatch.chdir(reader)
    monkeypatch.setenv("OPENAI_API_KEY", "k")
    shown: list[tuple[Any, ...]] = []
    if block.page == "README.md":
        whole = {"choices": [{"message": {"content": RECEIPT}, "finish_reason": "stop"}]}
        body = json.dumps(whole).encode()
        plain = Answer([body], headers=[("content-type", "application/json")])
        loopback.answer(plain, Answer(openai_chunks([RECEIPT])))
    exec(block.text, _scope(block.page, reader, lambda *values: shown.append(values)))
    if block.page == "README.md":
        assert shown[0] == ("Corner", json.loads(RECEIPT))
        assert shown[-1][0].vendor == "Corner"


def test_the_program_of_the_readme_tells_of_a_missing_key(reader: Path) -> None:
    (reader / "topics.baml").write_text(blocks("baml", ["README.md"])[1].text)
    environment = {name: value for name, value in os.environ.items() if name != "OPENAI_API_KEY"}
    done = subprocess.run(
        [sys.executable, "-m", "bamlet", "run", "topics.baml", "CountTopics", "--args", '{"messages": ["hello"]}'],
        cwd=reader,
        env={**environment, "PYTHONPATH": str(ROOT), "HTTPS_PROXY": "http://127.0.0.1:1"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert "OPENAI_API_KEY" in done.stderr


def test_each_exception_is_in_the_docs_and_each_page_is_read() -> None:
    lines = [" ".join(words) for block in blocks("sh", HERE) for words in commands(block.text)]
    for known in NOT_HERE:
        assert any(line.startswith(known) for line in lines), f"no page says `{known}` any more"
    for page, test in ELSEWHERE.items():
        assert Path(page).name in (ROOT / test).read_text("utf-8")


@pytest.mark.parametrize(
    "section",
    [section for page in (ORCHESTRATION, LANGUAGE) for section in sections(page.read_text("utf-8"))],
    ids=lambda section: section.name,
)
def test_a_program_in_the_docs_holds(section: Section) -> None:
    assert judge(section, Language(check=check, run=run)) == []
