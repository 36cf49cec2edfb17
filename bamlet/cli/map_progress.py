"""How a run over rows goes, on standard error: a bar where rich is installed, lines otherwise, or JSON."""

from __future__ import annotations

import contextlib
import json
from types import TracebackType
from typing import Any, Protocol, Self, TextIO

from ..batch.report import Progress, dollars, duration, short
from ..records import asdict
from .terminal import is_terminal

LOOKS_A_LINE = 2  # a plain line every second look


class Shown(Protocol):
    def show(self, progress: Progress) -> None: ...

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


def progress_for(how: str, stream: TextIO) -> Shown:
    if how == "off":
        return Quiet()
    if how == "json":
        return JsonLines(stream)
    if how == "auto" and is_terminal(stream):
        try:
            from rich.progress import Progress as Bar
        except ImportError:
            return Lines(stream)
        return Drawn(Bar, stream)
    return Lines(stream)


def tell(text: str, stream: TextIO) -> None:
    """Nobody may read it, or the disk be full that it goes to: the rows are worth more."""
    with contextlib.suppress(OSError):
        print(text, file=stream, flush=True)


class Quiet:
    def show(self, progress: Progress) -> None:
        """Nothing is shown."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Nothing was drawn."""


class Lines(Quiet):
    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._looks = 0

    def show(self, progress: Progress) -> None:
        self._looks += 1
        if self._looks % LOOKS_A_LINE == 0:
            tell(told(progress), self._stream)


class JsonLines(Lines):
    def show(self, progress: Progress) -> None:
        tell(json.dumps(asdict(progress)), self._stream)


class Drawn(Quiet):
    def __init__(self, bar: Any, stream: TextIO) -> None:
        from rich.console import Console

        self._bar = bar(console=Console(file=stream), transient=True)
        self._task = self._bar.add_task("rows", total=None)

    def show(self, progress: Progress) -> None:
        ended = progress.known + progress.ok + progress.failed
        self._bar.update(self._task, total=progress.rows, completed=ended, description=told(progress))

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bar.stop()


def told(progress: Progress) -> str:
    parts = [
        f"{progress.known + progress.ok + progress.failed:,}/{progress.rows:,} rows",
        f"{progress.failed:,} failed" if progress.failed else "",
        f"{progress.in_flight} of {progress.limit} in flight",
        f"{progress.rows_per_s:.1f} rows/s",
        f"{short(progress.tokens_per_min)} tokens/min" if progress.tokens_per_min else "",
        dollars(progress.cost) if progress.cost is not None else "",
        f"{duration(progress.eta_s)} left" if progress.eta_s is not None else "",
    ]
    return "  ".join(filter(None, parts))
