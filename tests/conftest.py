"""What every test can ask for, and what no test may see: the developer's caches, keys and proxies."""

from __future__ import annotations

import logging
import os
import re
import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from tests.servers.fixtures import loopback as loopback  # fixtures, for every test to ask for
from tests.servers.fixtures import wiremock as wiremock
from tests.support.canary import files_with_it, refuse_shown
from tests.support.golden import Goldens
from tests.support.handle_watch import no_handle_is_left_open as no_handle_is_left_open

TESTS = Path(__file__).parent
CORPUS = TESTS / "corpus"
GOLDENS = pytest.StashKey[Goldens]()
PARTIAL = pytest.StashKey[bool]()
ORPHANS = pytest.StashKey[list[str]]()

PRIVATE = re.compile(
    r"(.*_)?(API_KEY|API_TOKEN|PROXY)|(AWS|AZURE|GOOGLE|GEMINI|VERTEX|OPENAI|ANTHROPIC|BAMLET)_.*",
    re.IGNORECASE,
)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-snapshots", action="store_true", help="rewrite goldens and rendered spec blocks")
    parser.addoption("--all-async", action="store_true", help="emit every function of the corpus as `async def`")


def pytest_configure(config: pytest.Config) -> None:
    config.stash[GOLDENS] = Goldens(config.getoption("--update-snapshots"))
    config.stash[PARTIAL] = config.getoption("--all-async")
    config.stash[ORPHANS] = []
    # Of both it looks at a clock: on a busy machine they would fail whichever test is drawn from just then.
    settings.register_profile(
        "unhurried", settings.default, deadline=None, suppress_health_check=[HealthCheck.too_slow]
    )
    settings.load_profile("unhurried")
    if sys.version_info < (3, 12):
        logging.getLogger("asyncio").addFilter(_without_traceback)


def _without_traceback(record: logging.LogRecord) -> bool:
    """asyncio tells of a failure that nobody looked at when it is collected, maybe in the middle of a parse.
    To show its lines is to parse, too, and 3.11 counts the depth of both in one place (gh-106905): the parse
    around it fails, which is that of some other test or of pytest. Seen with futures of aiohttp.
    """
    if record.exc_info:
        record.msg, record.args = "%s: %r", (record.getMessage(), record.exc_info[1])
        record.exc_info = None
    return True


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Goldens:
    return request.config.stash[GOLDENS]


@pytest.fixture(scope="session", autouse=True)
def _own_surroundings(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        for name in filter(PRIVATE.fullmatch, list(os.environ)):
            patch.delenv(name)
        patch.setenv("BAMLET_CACHE_DIR", str(tmp_path_factory.mktemp("cache")))
        with _interrupts_reach_children(), _children_keep_bytecode(patch):
            yield
    assert files_with_it(tmp_path_factory.getbasetemp()) == []


@contextmanager
def _interrupts_reach_children() -> Iterator[None]:
    """A shell starts a background job with interrupts ignored. Children inherit that; a handler they do not."""
    if signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:
        yield
        return
    signal.signal(signal.SIGINT, lambda *_: None)
    yield
    signal.signal(signal.SIGINT, signal.SIG_IGN)


@contextmanager
def _children_keep_bytecode(patch: pytest.MonkeyPatch) -> Iterator[None]:
    """Where Python is told to write none, each child compiles all of bamlet, half of what such a test costs.
    They get a folder of their own, outside of those that are searched for keys.
    """
    if not os.environ.get("PYTHONDONTWRITEBYTECODE"):
        yield
        return
    with TemporaryDirectory() as folder:
        patch.delenv("PYTHONDONTWRITEBYTECODE")
        patch.setenv("PYTHONPYCACHEPREFIX", folder)
        yield


def pytest_ignore_collect(collection_path: Path) -> bool | None:
    """Programs that stand elsewhere are what tests are about, and not tests of ours."""
    if collection_path.suffix == ".baml" and CORPUS not in collection_path.parents:
        return True
    return None


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport() -> Iterator[None]:
    made = yield
    refuse_shown(made.get_result())  # type: ignore[attr-defined]


def pytest_deselected(items: Sequence[pytest.Item]) -> None:
    if items:
        items[0].config.stash[PARTIAL] = True


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any, error: object) -> None:
    """What one of several processes has seen, told to the one that looks for orphans."""
    told = getattr(node, "workeroutput", {})
    node.config.stash[GOLDENS].used.update(map(Path, told.get("goldens", ())))
    node.config.stash[PARTIAL] |= told.get("partial", True)


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Only a full run that passed knows which goldens nobody asks for."""
    config = session.config
    if (told := getattr(config, "workeroutput", None)) is not None:
        told["goldens"] = [str(path) for path in config.stash[GOLDENS].used]
        told["partial"] = config.stash[PARTIAL]
        return
    if session.exitstatus != pytest.ExitCode.OK or config.stash[PARTIAL] or not _asked_for_everything(config):
        return
    config.stash[ORPHANS] = config.stash[GOLDENS].orphans()
    if config.stash[ORPHANS]:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    for name in config.stash[ORPHANS]:
        terminalreporter.write_line(f"ORPHAN snapshots/{name}: no test asked for it; delete it", red=True)


def _asked_for_everything(config: pytest.Config) -> bool:
    if config.option.collectonly or config.option.ignore or config.option.ignore_glob or config.option.deselect:
        return False
    return any(Path(config.invocation_params.dir, arg).resolve() in (TESTS, TESTS.parent) for arg in config.args)
