"""Programs that were written for BAML's client, as they stand, and ours in threads, forks and notebooks.

Each runs in a process of its own, as a user starts it.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from bamlet.cli.main import run
from tests.servers.loopback import LoopbackServer
from tests.support.user_project import CLIENTS, RECEIPT, held, make_project, python, streamed, whole

MISTAKEN = """
import bamlet
from baml_client import b
try:
    b.ExtractReceiptInfo("a")
except bamlet.BamlError as error:
    print(error)
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return make_project(tmp_path / "project", "main.py")


def test_the_examples_of_the_streaming_guide_run_unchanged(project: Path, loopback: LoopbackServer) -> None:
    loopback.default = streamed(RECEIPT)
    others = """
import asyncio, main
main.example2(main.receipt)
print("---")
asyncio.run(main.example3(main.receipt))
"""
    printed = [python(project, loopback, "main.py"), *python(project, loopback, "-c", others).split("---\n")]
    for lines in map(str.splitlines, printed):
        assert lines[-1].startswith("final: 3 items (object: items=[ReceiptItem(name='Guide leash'")
    assert ["partial: parsed 3 items" in text for text in printed] == [True, False, True]


def test_the_example_of_a_stream_that_is_cancelled_runs_unchanged(project: Path, loopback: LoopbackServer) -> None:
    """It also imports `baml_py`, which nobody has installed here."""
    shutil.copy(CLIENTS / "stop.py", project)
    loopback.answer(held(RECEIPT))
    lines = python(project, loopback, "stop.py").splitlines()
    assert lines[-3:] == ["Received 2 items so far", "Stopping stream - got enough items", "stopped"]
    loopback.wait_client_left(5)


def test_baml_py_is_served_in_any_order_behind_a_client(project: Path, loopback: LoopbackServer) -> None:
    code = """
import baml_client
import baml_py.type_builder, baml_py.logging, baml_py.stream
import baml_py, bamlet, bamlet.baml_py
from baml_py import BamlStream, BamlSyncStream, ClientRegistry, Collector, Image, Pdf
from baml_py.errors import BamlClientHttpError
print(Image is bamlet.Image, BamlClientHttpError is bamlet.BamlClientHttpError, baml_py is bamlet.baml_py)
print(baml_py.baml_py.get_version(), bamlet.baml_py.__spec__.name)
"""
    assert python(project, loopback, "-c", code) == "True True True\n0.226.3 bamlet.baml_py\n"


def test_many_threads_call_at_once(project: Path, loopback: LoopbackServer) -> None:
    loopback.default = whole(RECEIPT)
    code = """
from concurrent.futures import ThreadPoolExecutor
from baml_client import b
with ThreadPoolExecutor(32) as pool:
    found = list(pool.map(lambda n: b.ExtractReceiptInfo(str(n)).total_cost, range(64)))
print(set(found), len(found))
"""
    assert python(project, loopback, "-c", code) == "{141.65} 64\n"
    assert len(loopback.connections) <= 64


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
def test_f21_a_fork_calls_on_whatever_its_parent_has_done(project: Path, loopback: LoopbackServer) -> None:
    loopback.default = whole(RECEIPT)
    code = """
import os
from baml_client import b
print(b.ExtractReceiptInfo("parent").total_cost, flush=True)
child = os.fork()
if child == 0:
    print(b.ExtractReceiptInfo("child").total_cost, flush=True)
    os._exit(0)
print(os.waitpid(child, 0)[1], b.ExtractReceiptInfo("parent").total_cost)
"""
    assert python(project, loopback, "-c", code).split() == ["141.65", "141.65", "0", "141.65"]


def test_values_clients_and_errors_cross_to_a_process_that_was_spawned(
    project: Path, loopback: LoopbackServer
) -> None:
    loopback.default = whole(RECEIPT)
    (project / "spawned.py").write_text(
        """
import multiprocessing
from baml_client import b, types

def work(client, value):
    found = client.ExtractReceiptInfo(value.items[0].name)
    return found == value, found

if __name__ == "__main__":
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        value = b.ExtractReceiptInfo("here")
        same, found = pool.apply(work, (b.with_options(tags={"a": "b"}), value))
        print(same, found == value, type(found) is types.ReceiptInfo)
""",
        "utf-8",
    )
    assert python(project, loopback, "spawned.py") == "True True True\n"


def test_a_blocking_call_works_where_a_loop_runs_as_in_a_notebook(project: Path, loopback: LoopbackServer) -> None:
    loopback.default = whole(RECEIPT)
    code = """
import asyncio
from baml_client import b
from baml_client.async_client import b as async_b
async def cell():
    return b.ExtractReceiptInfo("a").total_cost, (await async_b.ExtractReceiptInfo("b")).total_cost
for _ in range(2):
    print(asyncio.run(cell()))
"""
    assert python(project, loopback, "-c", code) == "(141.65, 141.65)\n" * 2


def test_f21_importing_starts_nothing_and_brings_nothing_heavy(project: Path, loopback: LoopbackServer) -> None:
    code = """
import sys, threading
from baml_client import b, types, partial_types
import baml_client.sync_client, baml_client.async_client, baml_client.tracing, baml_client.config
heavy = {"asyncio", "httpx", "lark", "jinja2", "pydantic", "logging"} & set(sys.modules)
print(threading.active_count(), sorted(heavy))
"""
    assert python(project, loopback, "-c", code) == "1 []\n"


@pytest.mark.parametrize("parser", ["h11", "httptools"])
def test_a_process_that_ends_leaves_no_socket_open(project: Path, loopback: LoopbackServer, parser: str) -> None:
    """With `-W error`, as `python` runs it, an open one is told of on standard error."""
    loopback.default = whole(RECEIPT)
    code = f"""
import sys
if {parser == "h11"}:
    sys.modules["httptools"] = None  # as where it is not installed
from baml_client import b
print(b.ExtractReceiptInfo("a").total_cost)
"""
    assert python(project, loopback, "-c", code) == "141.65\n"


def test_a_shipped_package_needs_no_sources_and_its_tracebacks_show_their_lines(
    project: Path, loopback: LoopbackServer
) -> None:
    source = 'function Fails(n: int) -> int {\n  throw "no"\n}\n'
    (project / "baml_src" / "fails.baml").write_text(source, "utf-8")
    assert run(["generate", str(project / "baml_src")]) == 0
    shutil.rmtree(project / "baml_src")
    code = """
import bamlet
from baml_client import b
try:
    b.Fails(1)
except bamlet.UnhandledThrow as error:
    print(error.trace_text)
"""
    told = python(project, loopback, "-c", code)
    assert 'File "baml_src/fails.baml", line 2, in Fails' in told
    assert 'throw "no"' in told


def test_a_client_answers_from_the_cassette_that_the_environment_names(
    project: Path, loopback: LoopbackServer
) -> None:
    """Recorded by `bamlet run`, which needs a key and a server; the client needs neither."""
    loopback.answer(streamed(RECEIPT))
    arguments = ("-m", "bamlet", "run", "baml_src", "ExtractReceiptInfo", "--arg", "email=a receipt")
    python(project, loopback, *arguments, "--record", "receipt.jsonl")
    code = """
from baml_client import b
stream = b.stream.ExtractReceiptInfo("a receipt")
print(sum(1 for _ in stream) > 0, stream.get_final_response().total_cost)
"""
    replay = {"BAMLET_REPLAY": "receipt.jsonl", "LOCAL_KEY": None, "BASE_URL": "http://nowhere.invalid"}
    assert python(project, loopback, "-c", code, environment=replay) == "True 141.65\n"
    assert len(loopback.requests) == 1


def test_a_cassette_that_is_not_there_is_told(project: Path, loopback: LoopbackServer) -> None:
    told = python(project, loopback, "-c", MISTAKEN, environment={"BAMLET_REPLAY": "nowhere.jsonl"})
    assert told.startswith("BAMLET_REPLAY names no cassette that can be played: nowhere.jsonl: ")


def test_a_client_asks_nobody_if_the_environment_says_so(project: Path, loopback: LoopbackServer) -> None:
    code = """
from baml_client import b
stream = b.stream.ExtractReceiptInfo("a receipt")
shown = [type(partial).__module__ for partial in stream]
print(shown[-1], type(stream.get_final_response()).__module__)
"""
    offline = {"BAMLET_OFFLINE": "7", "LOCAL_KEY": None, "BASE_URL": "http://nowhere.invalid"}
    assert (
        python(project, loopback, "-c", code, environment=offline)
        == "baml_client.stream_types baml_client.types\n"
    )
    assert loopback.requests == []


@pytest.mark.parametrize(
    ("environment", "said"),
    [
        ({"BAMLET_OFFLINE": "yes"}, "BAMLET_OFFLINE is a seed, a whole number, not 'yes'\n"),
        (
            {"BAMLET_OFFLINE": "7", "BAMLET_REPLAY": "a"},
            "BAMLET_OFFLINE asks nobody, so there is nothing to replay; unset it, or BAMLET_REPLAY\n",
        ),
    ],
)
def test_a_wish_that_cannot_be_granted_is_told(
    project: Path, loopback: LoopbackServer, environment: dict[str, str | None], said: str
) -> None:
    assert python(project, loopback, "-c", MISTAKEN, environment=environment) == said
