"""The results of `bamlet test` as they are asked for: each format to standard output or into a file of its own."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import Protocol, TextIO

from ..diagnostics.cells import visible
from ..diagnostics.render import COLOURED, PLAIN, Palette
from ..embed.store import variable
from ..testing import machines
from ..testing.draw import Look, failure_text, matrix, needs_matrix, slowest, summary_line, test_line
from ..testing.outcome import Ended, Event, Summary, TestEnded
from .progress import Progress
from .terminal import is_terminal, palette, size

FORMATS = ("full", "concise", "json", "jsonl", "junit", "github")


class CannotReport(Exception):
    """A result has no place to go, such as on a full disk."""


class Report(Protocol):
    """Told of each event; what it shows, it shows when it likes."""

    def hear(self, event: Event) -> None: ...

    def close(self) -> None: ...


def reports_for(arguments: argparse.Namespace, live: Progress | None) -> list[Report]:
    """What is drawn live makes room for what is printed.

    Raises `ValueError` for what cannot be, and `OSError` for a file that cannot be written.
    """
    given = arguments.output_format or ["full" if is_terminal(sys.stdout) else "concise"]
    to_stdout = [text for text in given if "=" not in text]
    if len(to_stdout) > 1:
        raise ValueError(f"only one format goes to standard output, not {', '.join(to_stdout)}; write FORMAT=FILE")
    for text in given:
        if text.partition("=")[0] not in FORMATS:
            raise ValueError(f"there is no output format `{text.partition('=')[0]}`, only {', '.join(FORMATS)}")
    made = [_report(text, arguments, live) for text in given]
    return [*([live] if live is not None else []), *made]


def _report(text: str, arguments: argparse.Namespace, live: Progress | None) -> Report:
    name, equals, path = text.partition("=")
    stream = open(path, "w", encoding="utf-8", newline="\n") if equals else sys.stdout  # noqa: SIM115 closed by `close`
    write = _Out(stream, live if stream is sys.stdout else None, owned=bool(equals))
    if name in ("full", "concise"):
        columns = size(stream)[0] if is_terminal(stream) else 100
        look = Look(columns, arguments.verbose, _palette(stream, arguments.color))
        return _ForPeople(write, look, full=name == "full", quiet=arguments.quiet, durations=arguments.durations)
    if name == "jsonl":
        return _Lines(write)
    return _Whole(write, _WHOLE[name])


def _palette(stream: TextIO, colour: str) -> Palette:
    return {"always": COLOURED, "never": PLAIN}.get(colour) or palette(stream)


class _Out:
    """Lines to a stream, around what is drawn live; never a character that the stream has no way to write."""

    def __init__(self, stream: TextIO, live: Progress | None, *, owned: bool) -> None:
        self._stream = stream
        self._live = live
        self._owned = owned

    def line(self, text: str) -> None:
        if self._live is not None:
            self._live.clear()
        encoding = self._stream.encoding or "utf-8"
        try:
            self._stream.write(text.encode(encoding, "replace").decode(encoding) + "\n")
            self._stream.flush()
        except BrokenPipeError:
            raise  # nobody reads any more, which is for the command to judge
        except OSError as failure:
            name = self._stream.name if self._owned else "standard output"
            raise CannotReport(f"cannot write the results to {name}: {failure.strerror}") from failure

    def close(self) -> None:
        if self._owned:
            # Each line was sent off: what is left is one that could not be, which was told.
            with suppress(OSError):
                self._stream.close()


class _ForPeople:
    def __init__(self, out: _Out, look: Look, *, full: bool, quiet: bool, durations: int | None) -> None:
        self._out = out
        self._look = look
        self._full = full
        self._quiet = quiet
        self._durations = durations

    def hear(self, event: Event) -> None:
        if isinstance(event, TestEnded):
            self._test(event)
        elif isinstance(event, Ended):
            self._summary(event.summary)

    def _test(self, event: TestEnded) -> None:
        result = event.result
        good = result.status == "passed"
        if good and self._quiet:
            return
        if not self._full:
            bad = next((run for run in result.runs if run.status != "passed"), None)
            reason = f"   {visible(machines.short_reason(bad))}" if bad is not None else ""
            self._out.line(f"{test_line(result, self._look.palette)}{reason}")
            return
        if good or result.status == "flaky":
            self._out.line(test_line(result, self._look.palette))
            return
        for cell in result.cells:
            for run in cell.runs:
                if run.status not in ("passed", "cancelled"):
                    self._out.line(f"{failure_text(run, len(cell.runs), self._look)}\n")

    def _summary(self, summary: Summary) -> None:
        for note in (*summary.notes, *summary.problems):
            self._out.line(visible(note))
        if needs_matrix(summary):
            for line in matrix(summary, self._look.columns):
                self._out.line(line)
        if self._durations:
            for line in slowest(summary, self._durations):
                self._out.line(line)
        self._out.line(summary_line(summary))

    def close(self) -> None:
        self._out.close()


class _Lines:
    def __init__(self, out: _Out) -> None:
        self._out = out

    def hear(self, event: Event) -> None:
        if (line := machines.event_line(event)) is not None:
            self._out.line(line)

    def close(self) -> None:
        self._out.close()


class _Whole:
    """A format that is written when everything is known."""

    def __init__(self, out: _Out, made: Callable[[Summary], str]) -> None:
        self._out = out
        self._made = made

    def hear(self, event: Event) -> None:
        if isinstance(event, Ended) and (text := self._made(event.summary)):
            self._out.line(text)

    def close(self) -> None:
        self._out.close()


def _github(summary: Summary) -> str:
    page = variable("GITHUB_STEP_SUMMARY")
    if page:
        with open(page, "a", encoding="utf-8") as file:
            file.write(machines.github_summary(summary))
    return "\n".join(machines.github(summary))


_WHOLE: dict[str, Callable[[Summary], str]] = {
    "json": lambda summary: machines.json_text(machines.summary_data(summary), indent=2),
    "junit": lambda summary: machines.junit(summary).rstrip("\n"),
    "github": _github,
}
