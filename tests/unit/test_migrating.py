"""docs/migrating-from-baml.md against the code: names that it gives exist, and its program runs."""

from __future__ import annotations

import json
import re
from dataclasses import fields
from pathlib import Path

import pytest

import bamlet
from bamlet.options.clients import OPTIONS
from bamlet.options.timeouts import LIMITS
from tests.servers.loopback import Answer, LoopbackServer

DOCS = Path(__file__).parents[2] / "docs"
PAGE = (DOCS / "migrating-from-baml.md").read_text("utf-8")
SOURCE = """
retry_policy Twice { max_retries 1 }
class Resume { name string @@dynamic }
function Extract(text: string) -> Resume { client "openai/gpt-4o", prompt #"{{ text }} {{ ctx.output_format }}"# }
"""


def table(heading: str) -> list[list[str]]:
    """The cells of the rows below a heading."""
    section = PAGE.split(f"\n## {heading}\n")[1].split("\n## ")[0]
    rows = [line.strip("|").split("|") for line in section.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in row] for row in rows[2:]]


def names(cell: str) -> list[str]:
    return [word for code in re.findall(r"`([^`]+)`", cell) for word in re.findall(r"\w+", code)]


def test_options_of_a_call_are_fields_of_its_context() -> None:
    known = {field.name for field in fields(bamlet.CallContext)}
    told = [name for row in table("Options of a call") for name in names(row[1])]
    assert set(told) <= known
    assert known - {"types"} == set(told)


def test_options_of_clients_are_options_here() -> None:
    rows = table("Options of clients")
    plain = [name for row in rows[:4] for name in names(row[0])]
    assert set(plain) <= {option.name for option in OPTIONS}
    timeouts = next(row for row in rows if "connect_timeout_ms" in row[0])
    assert set(names(timeouts[0])) == {"http", *LIMITS}


def test_links_lead_somewhere() -> None:
    targets = re.findall(r"\]\(([^)#]+)\)", PAGE)
    assert targets
    assert [target for target in targets if not (DOCS / target).exists()] == []


def test_its_program_runs(
    loopback: LoopbackServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "baml_src").mkdir()
    (tmp_path / "baml_src" / "main.baml").write_text(SOURCE)
    message = {"content": '{"name": "n", "hobbies": ["go"]}'}
    body = {"choices": [{"message": message, "finish_reason": "stop"}], "usage": {"prompt_tokens": 7}}
    loopback.answer(Answer([json.dumps(body).encode()]))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("OPENAI_API_KEY", "sk-not-a-real-key")
    (program,) = re.findall(r"```python\n(.*?)```", PAGE, re.S)
    here = f'{{"model": "gpt-4o-mini", "base_url": "{loopback.url}"}}'
    exec(program.replace('{"model": "gpt-4o-mini"}', here), {"scan": "text"})
    printed = capsys.readouterr().out
    assert printed.startswith("{'name': 'n', 'hobbies': ['go']} Usage(input_tokens=7, ")
