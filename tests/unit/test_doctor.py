"""`bamlet doctor`: a report that says what is missing, and never what a variable holds."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from bamlet.cli.main import run
from tests.servers.loopback import Answer, LoopbackServer

FAST = """
client<llm> Fast {
  provider openai
  options { model "m" }
}
"""
BOTH = """
client<llm> Both {
  provider fallback
  options { strategy [Fast, Own] }
}
function Ask(q: string) -> string {
  client Both
  prompt #"{{ q }}"#
}
function Short(q: string) -> string {
  client "anthropic/claude-x"
  prompt #"{{ q }}"#
}
"""


def own(name: str, address: str) -> str:
    return f"""
client<llm> {name} {{
  provider openai-generic
  options {{
    model "m"
    base_url "http://{address}/v1"
    api_key env.OWN_KEY
  }}
}}
"""


KEYS = ("OPENAI_API_KEY", "ANTHROPIC_API_KEY", "OWN_KEY")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name in KEYS:
        monkeypatch.delenv(name, raising=False)
    return tmp_path


def doctor(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, list[str]]:
    code = run(["doctor", *arguments])
    return code, capsys.readouterr().out.splitlines()


def test_what_clients_read_and_lack(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "a.baml").write_text(FAST + own("Own", "u:pw@127.0.0.1:1") + BOTH)
    code, told = doctor(capsys)
    assert code == 1
    assert told[told.index("clients") + 1 :] == [
        "  ! Fast (openai at https://api.openai.com/v1): OPENAI_API_KEY not set; --offline runs without",
        "  ! Own (openai-generic at http://<redacted>@127.0.0.1:1/v1): OWN_KEY not set; --offline runs without",
        "  Both (fallback): has what it reads",
        "  ! anthropic/claude-x (anthropic at https://api.anthropic.com): ANTHROPIC_API_KEY not set;"
        " --offline runs without",
    ]
    for name in KEYS:
        monkeypatch.setenv(name, "a-value-to-be-kept")
    code, told = doctor(capsys)
    assert code == 0
    assert not [line for line in told if "!" in line or "kept" in line.replace("kept,", "")]
    assert any(line.startswith("  set: ") and "OWN_KEY" in line for line in told)


def test_a_file_of_variables_counts(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "a.baml").write_text(own("C", "127.0.0.1:1"))
    (folder / ".env").write_text("OWN_KEY=something\n")
    code, told = doctor(capsys)
    assert code == 0
    assert "  .env in this folder is read by `run`, `test` and `serve`" in told


def test_a_folder_without_a_program_is_nothing_wrong(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, told = doctor(capsys)
    assert code == 0
    assert told[told.index("program") + 1].startswith("  none here: ")
    assert doctor(capsys, "no-such-folder")[0] == 1


def test_a_program_with_mistakes_is(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "a.baml").write_text("function F() -> int { nothing }\nfunction F() -> int { 1 }\n")
    code, told = doctor(capsys)
    assert code == 1
    assert "  ! 2 errors; `bamlet check .` shows them" in told


@pytest.mark.parametrize("switched_off", [True, False])
def test_the_cache(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, switched_off: bool
) -> None:
    (folder / "a.baml").write_text("function F() -> int { 1 }\n")
    monkeypatch.setenv("BAMLET_CACHE_DIR", "" if switched_off else str(folder / "cache"))
    _, told = doctor(capsys)
    line = told[told.index("cache") + 1]
    if switched_off:
        assert line == "  not used (switched off): every start compiles anew"
    else:
        assert line.startswith(f"  {folder / 'cache'}: ")
        shutil.rmtree(folder / "cache")
        (folder / "cache").mkdir()
        (folder / "cache").chmod(0o777)
        _, told = doctor(capsys)
        assert told[told.index("cache") + 1].startswith("  not used (others may write into its folder)")


def test_reaching_is_asked_for(
    folder: Path, loopback: LoopbackServer, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OWN_KEY", "a-value-to-be-kept")
    (folder / "a.baml").write_text(own("A", f"127.0.0.1:{loopback.port}") + own("B", "127.0.0.1:1"))
    loopback.answer(Answer([b"{}"], status=401))
    assert "reach" not in doctor(capsys)[1]
    assert loopback.requests == []
    code, told = doctor(capsys, "--reach")
    assert code == 1
    lines = told[told.index("reach") + 1 :]
    assert lines[0].startswith("  ! http://127.0.0.1:1/v1: ")
    assert lines[1].startswith(f"  http://127.0.0.1:{loopback.port}/v1: answers (401) after ")
    (request,) = loopback.requests
    assert not any("kept" in value for _, value in request.headers)
