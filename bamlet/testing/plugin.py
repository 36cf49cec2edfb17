"""The plugin for pytest: each test of a `.baml` file is an item, and Python tests get programs and runtimes.

pytest imports this in every project that has bamlet installed, so nothing else of bamlet is imported before it is
used.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from ..embed import AsyncRuntime, Program
    from ..sync import Runtime
    from .answers import Answers
    from .outcome import Case, Cell

Load = Callable[[Path], "Program"]

LOAD = pytest.StashKey[Load]()
"""How a folder becomes a program; who wants it otherwise puts a function of its own here."""
_PROGRAMS = pytest.StashKey[dict[Path, Any]]()

SOURCES = "baml_src"
_PRUNED = ("cassettes", "scripts", "prompts")
_OPTIONS: tuple[tuple[str, dict[str, Any]], ...] = (
    (
        "record",
        {"choices": ("none", "once", "all"), "help": "where answers come from (default: none, no network)"},
    ),
    ("cassettes", {"metavar": "DIR", "help": "where cassettes are (default: cassettes, beside the program)"}),
    (
        "client",
        {"action": "append", "metavar": "NAME", "help": "run with this client; may be given more than once"},
    ),
    ("runs", {"type": int, "metavar": "N", "help": "repeat each test"}),
    ("pass-rate", {"type": float, "metavar": "R", "help": "how many of the runs must pass (default: 1)"}),
    ("offline", {"nargs": "?", "const": "0", "metavar": "SEED", "help": "invent the answers"}),
    (
        "strict",
        {"action": "store_true", "default": None, "help": "fail when a value loses something of its answer"},
    ),
)


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("bamlet", "tests of .baml programs")
    group.addoption("--bamlet", action="store_true", help="collect .baml files below the paths to test")
    parser.addini("bamlet", "collect .baml files", type="bool", default=False)
    parser.addini("bamlet_roots", "folders of which each is one program", type="paths", default=[])
    for name, options in _OPTIONS:
        group.addoption(f"--bamlet-{name}", **options)
        kind: Any = "linelist" if name == "client" else "string"
        parser.addini(f"bamlet_{name.replace('-', '_')}", f"the same as --bamlet-{name}", type=kind, default=None)


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line(
        "markers", "bamlet(path): the program of the fixtures bamlet_program and bamlet_runtime"
    )
    config.stash[_PROGRAMS] = {}


def _option(config: pytest.Config, name: str) -> Any:
    given = config.getoption(f"--bamlet-{name}")
    return config.getini(f"bamlet_{name.replace('-', '_')}") if given in (None, []) else given


# --- collecting


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> BamlFile | None:
    if file_path.suffix != ".baml" or not _is_wanted(file_path, parent.config):
        return None
    return BamlFile.from_parent(parent, path=file_path)


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Hundreds of recordings would each be offered to every plugin."""
    if collection_path.name in _PRUNED and _collects(config) and not any(collection_path.glob("*.py")):
        return True
    return None


def _is_wanted(path: Path, config: pytest.Config) -> bool:
    """A file that is named, or any where the project says so, or says nothing at all: then it is a first try."""
    return _collects(config) or any(path == named for named in _named(config))


def _collects(config: pytest.Config) -> bool:
    return bool(config.getoption("--bamlet") or config.getini("bamlet") or config.inipath is None)


def _named(config: pytest.Config) -> Iterator[Path]:
    for argument in config.args:
        yield Path(config.invocation_params.dir, argument.partition("::")[0]).resolve()


class BamlFile(pytest.File):
    """One source file; the program is that of its folder."""

    def collect(self) -> Iterator[BamlFunction]:
        from ..diagnostics import CompileError
        from .selection import cases_of

        root = root_of(self.path, self.config)
        try:
            program = program_at(root, self.config)
        except CompileError as failure:
            raise self.CollectError(str(failure)) from None
        here = [case for case in cases_of(program) if Path(case.file).resolve() == self.path.resolve()]
        for path in dict.fromkeys(case.path for case in here):
            cases = [case for case in here if case.path == path]
            yield BamlFunction.from_parent(self, name=path, program=program, cases=cases, root=root)


class BamlFunction(pytest.Collector):
    """The tests of one function in one file: pytest looks for each part between `::` by itself."""

    def __init__(self, *, program: Program, cases: list[Case], root: Path, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._program = program
        self._cases = cases
        self._root = root

    def collect(self) -> Iterator[BamlItem]:
        for case in self._cases:
            for client in _option(self.config, "client") or [None]:
                name = case.name if client is None else f"{case.name}[{client}]"
                yield BamlItem.from_parent(
                    self, name=name, program=self._program, case=case, client=client, root=self._root
                )


def root_of(path: Path, config: pytest.Config) -> Path:
    """The folder of a file's program: `baml_src` above it, or one of `bamlet_roots`, or its own."""
    above = next((folder for folder in path.parents if folder.name == SOURCES), None)
    if above is not None:
        return above
    roots = [root for root in config.getini("bamlet_roots") if path.is_relative_to(root)]
    return max(roots, key=lambda root: len(root.parts)) if roots else path.parent


def program_at(root: Path, config: pytest.Config) -> Program:
    """Compiled once a session. Raises `CompileError`, each time the same."""
    from ..diagnostics import CompileError

    known = config.stash[_PROGRAMS]
    if root not in known:
        try:
            known[root] = config.stash.get(LOAD, _load)(root)
        except CompileError as failure:
            known[root] = failure
    if isinstance(known[root], CompileError):
        raise known[root]
    program: Program = known[root]
    return program


def _load(root: Path) -> Program:
    from ..embed import load

    return load(root)


# --- running


class CellFailed(Exception):
    """Too few runs of a test have passed."""

    def __init__(self, cell: Cell) -> None:
        super().__init__(cell.status)
        self.cell = cell


class BamlItem(pytest.Item):
    """A test with one client, all of its runs."""

    def __init__(self, *, program: Program, case: Case, client: str | None, root: Path, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.program = program
        self.case = case
        self.client = client
        self.root = root

    def runtest(self) -> None:
        (cell,) = asyncio.run(self._cells())
        if cell.status not in ("passed", "flaky"):
            raise CellFailed(cell)

    async def _cells(self) -> tuple[Cell, ...]:
        from .outcome import Ended
        from .runner import Plan, run
        from .running import Options

        config = self.config
        plan = Plan(
            cases=(self.case,),
            clients=(self.client,),
            runs=int(_option(config, "runs") or 1),
            pass_rate=float(_option(config, "pass-rate") or 1),
            options=Options(strict=_is_true(_option(config, "strict"))),
        )
        async for event in run(self.program, plan, answers_for(self.root, config)):
            if isinstance(event, Ended):
                return event.summary.tests[0].cells
        raise AssertionError("a run ends with its summary")

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        if not isinstance(excinfo.value, CellFailed):
            return super().repr_failure(excinfo, style)
        from .draw import Look, failure_text

        cell = excinfo.value.cell
        look = Look(whole=self.config.get_verbosity() > 0)
        bad = (run for run in cell.runs if run.status != "passed")
        return "\n".join(failure_text(run, len(cell.runs), look) for run in bad)

    def reportinfo(self) -> tuple[Path, int, str]:
        return self.path, self.case.line - 1, self.case.id


def _is_true(value: Any) -> bool:
    return value is True or str(value).lower() in ("1", "true", "yes")


def answers_for(root: Path, config: pytest.Config) -> Answers:
    from .answers import Answers, Settings

    offline = _option(config, "offline")
    folder = _option(config, "cassettes")
    project = root.parent if root.name == SOURCES else root
    return Answers(
        Settings(
            project,
            Path(config.rootpath, folder) if folder else None,
            _option(config, "record") or "none",
            offline=int(offline) if offline not in (None, "") else None,
        )
    )


# --- for Python tests


@pytest.fixture
def bamlet_program(request: pytest.FixtureRequest) -> Program:
    """The program of `@pytest.mark.bamlet(path)`, or of `baml_src` in the root of the project."""
    marker = request.node.get_closest_marker("bamlet")
    named = Path(marker.args[0] if marker is not None else SOURCES)
    beside = request.path.parent / named
    path = beside if beside.exists() else request.config.rootpath / named
    return program_at(path.resolve(), request.config)


@pytest.fixture
def bamlet_runtime(request: pytest.FixtureRequest, bamlet_program: Program) -> Iterator[Runtime]:
    """A blocking runtime over the cassette of this test, `cassettes/MODULE/TEST.jsonl`, by `--bamlet-record`."""
    from ..sync import Runtime

    with (
        _means(request) as means,
        Runtime(bamlet_program, transport=means.transport, environ=means.environ) as made,
    ):
        yield made
        assert made.asynchronous.handles.open_count == 0, "a stream was left open"


@pytest.fixture
def bamlet_async_runtime(request: pytest.FixtureRequest, bamlet_program: Program) -> Callable[[], Any]:
    """The same for `async with bamlet_async_runtime() as runtime`, in the event loop of whoever asks."""
    from ..embed import AsyncRuntime

    @asynccontextmanager
    async def opened() -> AsyncIterator[AsyncRuntime]:
        with _means(request) as means:
            async with AsyncRuntime(bamlet_program, transport=means.transport, environ=means.environ) as made:
                yield made
                assert made.handles.open_count == 0, "a stream was left open"

    return opened


@contextmanager
def _means(request: pytest.FixtureRequest) -> Iterator[Any]:
    folder = _option(request.config, "cassettes")
    base = Path(request.config.rootpath, folder) if folder else request.path.parent / "cassettes"
    means = answers_for(base.parent, request.config).means_at(base, request.path.stem, request.node.name)
    yield means
    if problems := means.after(True):
        pytest.fail("\n".join(problems), pytrace=False)


@pytest.fixture
def bamlet_offline(bamlet_program: Program) -> Iterator[Callable[..., Runtime]]:
    """`bamlet_offline(seed=0, faults=[…], script=[…])`: a runtime that asks nobody."""
    from ..embed.offline import OfflineTransport, offline_environment
    from ..sync import Runtime
    from .script import script as scripted

    made: list[Runtime] = []

    def opened(seed: int = 0, faults: tuple[str, ...] | list[str] = (), script: Any = None) -> Runtime:
        answers = [script] if isinstance(script, str) else script
        transport = scripted(*answers, faults=faults) if answers else OfflineTransport(seed, faults=faults, pace=0)
        made.append(Runtime(bamlet_program, transport=transport, environ=offline_environment(None)))
        return made[-1]

    yield opened
    for runtime in made:
        runtime.close()


@pytest.fixture
def bamlet_prompt(bamlet_program: Program) -> Callable[..., str]:
    """`bamlet_prompt("Extract", text="…")`: what the model would be told, as text."""
    from ..embed.offline import OfflineTransport, offline_environment
    from ..sync import Runtime

    def prompt(function: str, **arguments: Any) -> str:
        with Runtime(bamlet_program, transport=OfflineTransport(), environ=offline_environment(None)) as runtime:
            return str(runtime.prompt(function, arguments))

    return prompt
