"""What comes with bamlet runs without a network and without a key: the examples, and what `bamlet init` writes.

It is files on a disk, of which the language knows nothing.
"""

from __future__ import annotations

import asyncio
import json
import re
import runpy
import shlex
import shutil
import socket
from pathlib import Path

import pytest

import bamlet
from bamlet.cli import exits
from bamlet.cli.main import run
from bamlet.embed.offline import OfflineTransport
from tests.support.scripted import run_virtual

ROOT = Path(__file__).parents[2]
# Where no cache is kept, all of them are compiled, and the library with them.
pytestmark = pytest.mark.timeout(600)
EXAMPLES = sorted(path for path in (ROOT / "examples").iterdir() if path.is_dir())


@pytest.fixture(autouse=True)
def _no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("nobody opens a socket here")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.chdir(ROOT)


@pytest.mark.parametrize("way", [["--record", "none"], ["--offline"], ["--offline=7"]])
def test_t01_every_example_passes_its_tests(way: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """From its cassettes, and offline; no key is in the environment."""
    assert run(["test", "examples", *way]) == exits.OK
    assert re.search(r"^(\d\d) passed of \1 in", capsys.readouterr().out, re.M)


def test_t01_no_example_is_without_a_test(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["test", "examples", "--list"]) == exits.OK
    tested = {Path(line).parts[1] for line in capsys.readouterr().out.splitlines()}
    assert tested == {folder.name for folder in EXAMPLES}


def test_there_are_ten_and_each_says_in_ten_lines_what_it_is() -> None:
    assert len(EXAMPLES) >= 10
    for folder in EXAMPLES:
        text = (folder / "README.md").read_text("utf-8")
        plain = re.sub(r"^```.*?^```$", "", text, flags=re.M | re.S)
        assert len(list(filter(None, plain.splitlines()))) <= 10, folder.name
        assert re.search(r"^```sh$", text, re.M), folder.name
        assert list(folder.rglob("*.jsonl")), f"{folder.name} has no recording"


@pytest.mark.timeout(300)
@pytest.mark.parametrize("folder", EXAMPLES, ids=lambda folder: folder.name)
def test_the_commands_of_an_example_work(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "examples").mkdir()
    shutil.copytree(folder, tmp_path / "examples" / folder.name)
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    text = (folder / "README.md").read_text("utf-8")
    for block in re.findall(r"^```sh\n(.*?)^```$", text, re.M | re.S):
        for line in block.replace("\\\n", " ").splitlines():
            match shlex.split(line):
                case ["bamlet", *arguments]:
                    assert run(arguments) == exits.OK, capsys.readouterr().err
                case ["python", program]:
                    runpy.run_path(program, run_name="__main__")
                case words:
                    pytest.fail(f"no test knows how to run {words}")
    assert "".join(capsys.readouterr())


def test_the_three_ways_to_take_a_stream(capsys: pytest.CaptureFixture[str]) -> None:
    runpy.run_path("examples/receipt/three_ways.py", run_name="__main__")
    assert capsys.readouterr().out.splitlines() == [
        "whole: 3 items, 141.65",
        "item: Guide leash (1 Pair) uni UNI 34.95",
        "item: The Index Town Walls 35.0",
        "item: Boot Punch 60.0",
        "pending: no total yet",
        "partial: no total yet",
        "complete: 141.65",
    ]


def test_the_chat_serves_its_page_and_streams_without_a_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    app = runpy.run_path("examples/web_chat/server.py")["app"]

    async def body() -> tuple[str, str]:
        import httpx

        transport = httpx.ASGITransport(app=app)
        async with (
            app.router.lifespan_context(app),
            httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client,
        ):
            page = await client.get("/")
            asked = {"history": [], "question": "Which bird is the fastest?"}
            stream = await client.post("/baml/stream/Chat?events=patches", json=asked)
            return page.text, stream.text

    page, stream = asyncio.run(asyncio.wait_for(body(), 100))
    assert '<script type="module" src="chat.js">' in page
    assert "event: final" in stream
    assert '"next"' in stream


@pytest.mark.parametrize("folder", EXAMPLES, ids=lambda folder: folder.name)
def test_every_example_is_a_program_by_itself(folder: Path) -> None:
    assert bamlet.load(folder).diagnostics == ()


LETTER = '{"lines": ["Dear Sir,", "I am glade to hear that."], "goal": "Correct the spelling."}'
RUNS = [
    ("desk", "Desk", "request=I am customer 7. The kettle is broken, I want my money back.", "Your 40 euros"),
    ("weather", "Umbrella", "question=Do I need an umbrella in Oslo?", "it is raining in Oslo"),
    ("reducer", "Correct", LETTER, "I am glad to hear that."),
    ("reviewed", "Library", "request=Call all books of Ann back.", "Emma is not overdue"),
]


@pytest.mark.parametrize(("name", "function", "given", "told"), RUNS, ids=[name for name, *_ in RUNS])
def test_an_agent_runs_from_its_cassette(
    name: str, function: str, given: str, told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    argument = ["--args" if given.startswith("{") else "--arg", given]
    cassette = f"examples/{name}/{name}.cassette.jsonl"
    way = ["--replay", cassette, "--speed", "0", "--stream", "events"]
    assert run(["run", f"examples/{name}", function, *argument, *way]) == exits.OK
    *events, last = map(json.loads, capsys.readouterr().out.splitlines())
    assert last["event"] == "final"
    assert told in json.dumps(last["value"])
    has_tools = name != "reducer"
    assert ("ToolEnded" in [event["event"] for event in events]) is has_tools


def test_the_second_client_of_an_example_answers_when_the_first_one_fails() -> None:
    async def body() -> list[str]:
        transport = OfflineTransport(1, faults=["status=500x2"], pace=0)
        program = bamlet.load(ROOT / "examples" / "classifier")
        async with bamlet.AsyncRuntime(program, transport=transport, environ=KEYS) as runtime:
            await runtime.call("Sort", message="hello")
        return [request.client for request in transport.requests]

    assert run_virtual(body()) == ["Cheap", "Cheap", "Better"]


KEYS = {"OPENAI_API_KEY": "none", "ANTHROPIC_API_KEY": "none"}


# --- bamlet init


@pytest.mark.parametrize("edition", [1, 2])
def test_a_new_project_of_either_edition_passes_at_once(
    edition: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run(["init", "--edition", str(edition)]) == exits.OK
    assert run(["check", "-v"]) == exits.OK
    assert f"edition {edition}: the project's settings" in capsys.readouterr().err
    assert run(["fmt", "--check"]) == exits.OK
    assert run(["test", "--offline"]) == exits.OK


def test_a_new_project_runs_and_passes_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run(["init", "demo"]) == exits.OK
    monkeypatch.chdir(tmp_path / "demo")
    assert run(["run", "--offline"]) == exits.OK
    assert run(["test", "--offline"]) == exits.OK
    assert run(["check", "--strict"]) == exits.OK
    assert run(["fmt", "--check"]) == exits.OK
    assert "2 passed of 2" in capsys.readouterr().out
    assert sorted(path.name for path in tmp_path.iterdir()) == ["demo"]


def test_a_project_is_named_as_it_was_asked_for(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Whole in what a shell is told, and never by the name that it has while it is made."""
    assert run(["init", str(tmp_path / "my project")]) == exits.OK
    assert f"try: cd '{tmp_path / 'my project'}' && bamlet run" in capsys.readouterr().err
    (tmp_path / "file").write_text("", "utf-8")
    assert run(["init", str(tmp_path / "file" / "in it")]) == exits.USAGE
    assert capsys.readouterr().err.startswith(f"bamlet init: {tmp_path / 'file' / 'in it'}: ")


def test_a_project_overwrites_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "mine.txt").write_text("mine", "utf-8")
    assert run(["init", str(tmp_path)]) == exits.USAGE
    assert "this folder is not empty; --force writes beside what is there" in capsys.readouterr().err
    assert run(["init", str(tmp_path), "--force", "--empty"]) == exits.OK
    assert run(["init", str(tmp_path), "--force"]) == exits.USAGE
    assert "no file is overwritten" in capsys.readouterr().err
    names = sorted(path.name for path in tmp_path.rglob("*") if path.is_file())
    assert names == [".gitignore", "main.baml", "mine.txt"]
