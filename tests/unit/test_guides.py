"""The guides to results, hosts, troubles and caches: their blocks run in order, their messages are real ones.

They are pages for people, of which the language knows nothing.
"""

from __future__ import annotations

import asyncio
import logging
import os
import re
import sys
import types
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import bamlet
from bamlet.cli.main import run

ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.timeout(600)  # they compile programs, one with an empty cache
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.M | re.S)
OFFLINE = "client<llm> Fast {\n  provider offline\n  options { seed 7 }\n}\n"


def page(name: str) -> str:
    return (ROOT / "docs" / name).read_text("utf-8")


def blocks(name: str, *languages: str) -> list[str]:
    return [text for language, text in BLOCK.findall(page(name)) if language in languages]


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What `bamlet init` makes, with a client that asks nobody."""
    monkeypatch.chdir(tmp_path)
    assert run(["init", "--force"]) == 0
    (tmp_path / "baml_src" / "clients.baml").write_text(OFFLINE, "utf-8")
    return tmp_path


def test_the_page_of_results_holds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (program,) = blocks("results.md", "baml")
    Path("items.baml").write_text(program, "utf-8")
    scope: dict[str, Any] = {}
    for block in blocks("results.md", "python"):
        exec(block, scope)
    scope["runtime"].close()


def test_the_page_of_results_has_every_error() -> None:
    errors = {
        name
        for name in bamlet.__all__
        if isinstance(kind := getattr(bamlet, name), type) and issubclass(kind, Exception)
    }
    told = set(re.findall(r"^\| `(\w+)` \|", page("results.md").partition("## Errors")[2], re.M))
    assert told == errors - {"BamlError", "BamlClientError"}


class _Celery(types.ModuleType):
    """As much of Celery as the page uses: a task is its function."""

    class Celery:
        def __init__(self, name: str, broker: str) -> None:
            pass

        def task(self, **options: Any) -> Callable[[Any], Any]:
            return lambda function: function


def test_the_page_of_hosts_holds(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "celery", _Celery("celery"))
    monkeypatch.setattr(logging.getLogger("bamlet"), "level", logging.NOTSET)  # given back
    scope: dict[str, Any] = {}
    started: list[str] = []
    for block in blocks("hosts.md", "python"):
        exec(compile(block, "hosts.md", "exec", dont_inherit=True), scope)
        if "lifespan=lifespan" in block:
            assert asyncio.run(_asked(scope["app"])) == [200, 200]
        elif "def wsgi" in block:
            said = scope["wsgi"]({"QUERY_STRING": "one newspaper"}, lambda status, _: started.append(status))
            assert started == ["200 OK"]
            assert b'"vendor"' in said[0]
            scope["blocking"].close()
        elif "def read" in block:
            assert set(scope["read"]("one newspaper")) == {"vendor", "items", "total"}
            scope["runtime"].close()
    assert len(scope["receipts"]) == 2
    assert logging.getLogger("bamlet").level == logging.INFO


async def _asked(app: Any) -> list[int]:
    import httpx

    transport = httpx.ASGITransport(app=app)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://test") as client,
    ):
        plain = await client.post("/receipt", params={"text": "a newspaper"})
        assert set(plain.json()) == {"vendor", "items", "total"}
        stream = await client.post("/receipt/stream", params={"text": "a newspaper"})
        assert "event: final" in stream.text
        return [plain.status_code, stream.status_code]


# --- troubles

PROGRAM = """
class R { total float }
client<llm> Nowhere { provider openai, options { model m, base_url "http://127.0.0.1:1", api_key "k" } }
client<llm> Silent { provider openai, options { model m, http { idle_timeout_ms 50 } } }
function F(text: string) -> R { client "openai/gpt-4o-mini", prompt #"{{ text }} {{ ctx.output_format }}"# }
function G(text: string) -> R { client Nowhere, prompt #"{{ text }}"# }
function H(text: string) -> R { client Silent, prompt #"{{ text }}"# }
"""


def troubles(folder: Path) -> Iterator[list[str]]:
    (folder / "a.baml").write_text(PROGRAM, "utf-8")
    (folder / "b.baml").write_text("client<llm> C { provider openai options { model m } }\n", "utf-8")
    ask = ["run", "a.baml", "F", "--arg", "text=x"]
    yield ask
    yield ["run", "a.baml"]
    yield ["run", "a.baml", "F"]
    yield ["run", "a.baml", "G", "--arg", "text=x"]
    yield ["run", "a.baml", "H", "--arg", "text=x", "--offline", "--fault", "stall@40%"]
    yield ["check", "b.baml"]
    yield ["test", "a.baml"]
    yield ["generate"]
    yield ["serve", "a.baml", "--host", "0.0.0.0"]
    for fault in ("401", "status=429", "cut@50%", "wrong-type=total", "finish=length"):
        yield [*ask, "--offline", "--fault", fault]
    answer = '{"v":1,"request":{"method":"GET","url":"http://x/","headers":{},"body_sha256":""},"response":'
    answer += '{"status":200,"http_version":"HTTP/1.1","headers":[],"head_ms":0,"frames":[]}}\n'
    (folder / "other.jsonl").write_text(answer, "utf-8")
    yield [*ask, "--replay", "other.jsonl"]


def test_each_message_of_the_page_of_troubles_is_real(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    monkeypatch.delenv("BAMLET_TOKEN", raising=False)
    for arguments in troubles(tmp_path):
        run(arguments)
    found = "".join(capsys.readouterr())
    sources = "".join(path.read_text("utf-8") for path in (ROOT / "bamlet").rglob("*.py"))
    rows = re.findall(r"^\| (`[^|]+) \|", page("troubleshooting.md"), re.M)
    told = [message for row in rows for message in re.findall(r"`([^`]+)`", row)]
    assert len(told) > 15
    elsewhere = [message for message in told if message not in found]
    assert [message for message in elsewhere if message not in sources] == []
    # Those that take two processes, or a callback, to come about.
    assert len(elsewhere) <= 6, elsewhere


# --- caches


def test_the_page_of_caches_has_every_variable_of_ours() -> None:
    texts = "".join(
        path.read_text("utf-8") for path in (ROOT / "bamlet").rglob("*") if path.suffix in (".py", ".ts")
    )
    ours = set(re.findall(r"[\"'](BAML(?:ET)?_[A-Z_]+)[\"']|process\.env\.(BAMLET_\w+)", texts))
    read = {first or second for first, second in ours}
    table = page("caches.md").partition("## Variables")[2]
    assert read == set(re.findall(r"`(BAML\w+)`", table))


def test_the_page_of_caches_has_every_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BAMLET_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    assert run(["init", "--force"]) == 0
    assert run(["check"]) == 0
    assert run(["test", "--offline"]) == 0
    known = re.findall(r"`([\w.*-]+)`", page("caches.md").partition("| file | holds")[2].partition("\n\n")[0])
    kept = list((tmp_path / "cache").iterdir())
    assert [path.name for path in kept if not any(path.match(name) for name in known)] == []
    assert len(kept) >= 4
    assert os.access(tmp_path / "cache", os.R_OK)
