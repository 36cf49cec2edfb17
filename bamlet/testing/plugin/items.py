"""Each test of a `.baml` file as an item of pytest."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from .options import answers_for, is_true, option, project_of
from .programs import Loaded, loaded_at, root_of

if TYPE_CHECKING:
    from _pytest._code.code import ReprExceptionInfo

    from ..outcome import Case, Cell, RunResult

_PRUNED = ("cassettes", "scripts", "prompts")


def collected(file_path: Path, parent: pytest.Collector) -> BamlFile | None:
    if file_path.suffix != ".baml" or not _is_wanted(file_path, parent.config):
        return None
    return BamlFile.from_parent(parent, path=file_path)


def is_pruned(collection_path: Path, config: pytest.Config) -> bool:
    """Hundreds of recordings would each be offered to every plugin."""
    return collection_path.name in _PRUNED and _collects(config) and not any(collection_path.glob("*.py"))


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

    def collect(self) -> Iterator[BamlGroup | BamlItem]:
        from ...diagnostics import CompileError
        from ...embed import BamlError

        root = root_of(self.path, self.config)
        try:
            loaded = loaded_at(root, self.config)
        except CompileError as failure:
            raise self.CollectError(str(failure)) from None
        except BamlError as failure:
            told = f"a testset failed while it declared its tests: {failure.message}\n{failure.trace_text}"
            raise self.CollectError(told.rstrip()) from None
        here = [case for case in loaded.cases if Path(case.file).resolve() == self.path.resolve()]
        yield from _children(self, here, (), loaded, project_of(root))


class BamlGroup(pytest.Collector):
    """The tests of one function in one file, or of a set: pytest looks for each part between `::` by itself."""

    def __init__(
        self, *, cases: list[Case], parts: tuple[str, ...], loaded: Loaded, project: Path, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self._cases = cases
        self._parts = parts
        self._loaded = loaded
        self._project = project

    def collect(self) -> Iterator[BamlGroup | BamlItem]:
        yield from _children(self, self._cases, self._parts, self._loaded, self._project)


def _children(
    parent: pytest.Collector, cases: list[Case], parts: tuple[str, ...], loaded: Loaded, project: Path
) -> Iterator[BamlGroup | BamlItem]:
    """Of a node whose name is the last of `parts`: its tests, and the groups below it, in order of declaration."""
    groups: dict[str, list[Case]] = {}
    for case in cases:
        below = _parts(case)[len(parts) :]
        if below:
            groups.setdefault(below[0], []).append(case)
    for case in cases:
        below = _parts(case)[len(parts) :]
        if not below:
            yield from _items(parent, case, loaded, project)
        elif below[0] in groups:
            inside = groups.pop(below[0])
            yield BamlGroup.from_parent(
                parent, name=below[0], cases=inside, parts=(*parts, below[0]), loaded=loaded, project=project
            )


def _parts(case: Case) -> tuple[str, ...]:
    return tuple(case.path.split("::")) if case.path else ()


def _items(parent: pytest.Collector, case: Case, loaded: Loaded, project: Path) -> Iterator[BamlItem]:
    for client in option(parent.config, "client") or [None]:
        name = case.name if client is None else f"{case.name}[{client}]"
        yield BamlItem.from_parent(parent, name=name, loaded=loaded, case=case, client=client, project=project)


# --- running


class CellFailed(Exception):
    """Too few runs of a test have passed."""

    def __init__(self, cell: Cell) -> None:
        super().__init__(cell.status)
        self.cell = cell


class BamlItem(pytest.Item):
    """A test with one client, all of its runs."""

    def __init__(self, *, loaded: Loaded, case: Case, client: str | None, project: Path, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._loaded = loaded
        self._client = client
        self._project = project
        self.case = case

    def runtest(self) -> None:
        import asyncio  # three times as long to load as all of the plugin, which every run of pytest loads

        (cell,) = asyncio.run(self._cells())
        for run in cell.runs if self.config.get_verbosity() > 1 else ():
            for name, text in (("request", run.asked), ("answer", run.said)):
                if text is not None:
                    self.add_report_section("call", name, text)
        if cell.status not in ("passed", "flaky"):
            raise CellFailed(cell)

    async def _cells(self) -> tuple[Cell, ...]:
        from ..outcome import Ended
        from ..runner import Plan, run
        from ..running import Options

        config = self.config
        plan = Plan(
            cases=(self.case,),
            clients=(self._client,),
            runs=option(config, "runs") or 1,
            pass_rate=1.0 if (rate := option(config, "pass-rate")) is None else rate,
            options=Options(strict=is_true(option(config, "strict")), verbatim=config.get_verbosity() > 1),
        )
        answers = answers_for(self._project, config)
        async for event in run(self._loaded.program, plan, answers, prompts=self._loaded.prompts):
            if isinstance(event, Ended):
                return event.summary.tests[0].cells
        raise AssertionError("a run ends with its summary")

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        if not isinstance(excinfo.value, CellFailed):
            return super().repr_failure(excinfo, style)
        from ..draw import Look, failure_text

        cell = excinfo.value.cell
        look = Look(whole=self.config.get_verbosity() > 0)
        bad = [run for run in cell.runs if run.status != "passed"]
        return _told("\n".join(failure_text(run, len(cell.runs), look) for run in bad), bad[0])

    def reportinfo(self) -> tuple[Path, int, str]:
        return self.path, self.case.line - 1, self.case.id


def _told(text: str, run: RunResult) -> ReprExceptionInfo:
    """The text as it is, in a form of pytest's own: from its crash pytest takes the line of the short summary, and
    junit the message; and a worker of xdist can hand it on.
    """
    from _pytest._code.code import ReprEntryNative, ReprExceptionInfo, ReprFileLocation, ReprTraceback

    from ...diagnostics.cells import visible
    from ..machines import line_of, short_reason

    crash = ReprFileLocation(run.key.case.file, line_of(run), visible(short_reason(run)))
    return ReprExceptionInfo(ReprTraceback([ReprEntryNative([text, "\n"])], None, "native"), crash)
