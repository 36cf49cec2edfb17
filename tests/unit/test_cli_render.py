"""`bamlet render` as a process, and that what it prints for curl and Python sends the very same request."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.servers.loopback import Answer, LoopbackServer

KEY = "sk-canary-0123456789"
SOURCE = """
client<llm> Local {
  provider openai
  options {
    model "m"
    base_url "URL/v1?tenant=a%20b"
    api_key env.LOCAL_API_KEY
    headers { x-note "it's $HOME `here` \\\\ \\"q\\"" }
  }
}
class Item { name string }
function Extract(text: string) -> Item {
  client Local
  prompt #"
    Read this.
    {{ _.role("user") }}
    {{ text }}
    {{ ctx.output_format }}
  "#
}
function Look(picture: image) -> string {
  client "openai/gpt-4o"
  prompt #"{{ _.role("user") }} {{ picture }}"#
}
function add(a: int) -> int { a + 1 }
"""
HOSTILE = "it's \"quoted\" $HOME `id` \\ é ✓\n@file '; echo no"


def render(folder: Path, *arguments: str, key: str | None = KEY) -> subprocess.CompletedProcess[str]:
    environ = {name: value for name, value in os.environ.items() if not name.endswith("_API_KEY")}
    if key is not None:
        environ["LOCAL_API_KEY"] = key
    command = [sys.executable, "-m", "bamlet", "render", str(folder), *arguments]
    return subprocess.run(command, capture_output=True, text=True, env=environ, timeout=60, check=False)


@pytest.fixture
def folder(tmp_path: Path, loopback: LoopbackServer) -> Path:
    (tmp_path / "main.baml").write_text(SOURCE.replace("URL", loopback.url))
    return tmp_path


def test_text_is_the_prompt_by_roles(folder: Path) -> None:
    shown = render(folder, "Extract", "--arg", "text=hi", key=None)
    assert (shown.returncode, shown.stderr) == (0, "")
    schema = "Answer in JSON using this schema:\n{\n  name: string,\n}"
    assert shown.stdout == f"[system]\nRead this.\n\n[user]\nhi\n{schema}\n"


def test_json_has_no_key_unless_it_is_asked_for(folder: Path) -> None:
    masked = render(folder, "Extract", "--arg", "text=hi", "--as", "json")
    assert KEY not in masked.stdout
    request = json.loads(masked.stdout)
    assert (request["method"], request["body"]["model"]) == ("POST", "m")
    assert request["headers"]["authorization"] == "Bearer <redacted>"
    told = render(folder, "Extract", "--arg", "text=hi", "--as", "json", "--show-secrets")
    assert json.loads(told.stdout)["headers"]["authorization"] == f"Bearer {KEY}"


@pytest.mark.parametrize("form", ["curl", "python"])
@pytest.mark.parametrize("how", [[], ["--stream"], ["--show-secrets"]])
def test_what_is_printed_sends_the_same_request(
    folder: Path, loopback: LoopbackServer, form: str, how: list[str]
) -> None:
    printed = render(folder, "Extract", "--arg", f"text={HOSTILE}", "--as", form, *how)
    assert printed.returncode == 0, printed.stderr
    assert (KEY in printed.stdout) == ("--show-secrets" in how)
    wanted = json.loads(render(folder, "Extract", "--arg", f"text={HOSTILE}", "--as", "json", *how).stdout)
    loopback.answer(Answer([b"done"], headers=(), framing="length"))
    command = ["sh", "-c", printed.stdout] if form == "curl" else [sys.executable, "-c", printed.stdout]
    environ = {**os.environ, "LOCAL_API_KEY": KEY}
    run = subprocess.run(command, capture_output=True, text=True, env=environ, timeout=60, check=False)
    assert (run.returncode, run.stdout) == (0, "done"), run.stderr
    sent = loopback.wait_requests(1, 10)[0]
    assert json.loads(sent.body) == wanted["body"]
    assert sent.path == "/v1/chat/completions?tenant=a%20b"
    headers = {name.lower(): value for name, value in sent.headers}
    assert headers["authorization"] == f"Bearer {KEY}"
    assert headers["x-note"] == wanted["headers"]["x-note"]


def test_media_and_another_client(folder: Path) -> None:
    (folder / "a.png").write_bytes(b"\x89PNG\r\n\x1a\nABC")
    shown = render(
        folder, "Look", "--arg", f"picture=@{folder / 'a.png'}", "--client", "anthropic/claude-x", "--as", "json"
    )
    assert shown.returncode == 0, shown.stderr
    body = json.loads(shown.stdout)["body"]
    assert body["model"] == "claude-x"
    assert body["messages"][0]["content"][0]["source"]["media_type"] == "image/png"


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["add", "--arg", "a=1"], "no LLM function `add`"),
        (["Extract"], "the argument `text` of type `string` is missing"),
        (["Extract", "--arg", "text=x", "--client", "Nobody"], "Could not find client `Nobody`"),
        (["Look", "--arg", "picture=@nowhere.png"], "No such file"),
        (["Look", "--arg", "picture=file:///etc/passwd"], "a file is no URL"),
    ],
)
def test_what_cannot_be_rendered(folder: Path, arguments: list[str], problem: str) -> None:
    shown = render(folder, *arguments)
    assert (shown.returncode, shown.stdout) == (2, "")
    assert problem in shown.stderr
