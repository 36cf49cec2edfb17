"""Results as text for people: one line a test, everything about a failure, and what all of it comes to."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from difflib import unified_diff
from typing import Any

from ..diagnostics.cells import cells, first_cells, visible
from ..diagnostics.render import PLAIN, Palette
from ..embed import FailedAttempt
from ..records import dataclass
from .differences import Difference, shown
from .outcome import JudgedConstraint, RunError, RunResult, Status, Summary, TestResult

MAX_ANSWER = 2_000
MAX_DIFFERENCES = 20
_AHEAD = 12  # cells that are kept before what is marked in a line that does not fit


@dataclass(frozen=True, slots=True)
class Look:
    """`columns` are those of the terminal. `whole` cuts no value and no list of differences."""

    columns: int = 100
    whole: bool = False
    palette: Palette = PLAIN


def test_line(result: TestResult, palette: Palette) -> str:
    """One test: its status, name and time, and how many of its runs passed if there were several."""
    runs = result.runs
    passed = sum(run.status == "passed" for run in runs)
    told = [
        result.case.id,
        *([f"{passed}/{len(runs)}"] if len(runs) > 1 else []),
        _seconds(sum(r.ms for r in runs)),
    ]
    return f"{_word(result.status, palette)}  {visible('   '.join(told))}"


def failure_text(run: RunResult, runs: int, look: Look) -> str:
    """Everything that is known of a run that did not pass."""
    lines = [_head(run, runs, look.palette)]
    for constraint in run.constraints:
        if constraint.status != "passed":
            lines += _constraint(constraint, look)
    lines += [f"  {visible(problem)}" for problem in run.problems]
    if run.error is not None:
        lines += _error(run.error, look)
    if run.has_value and run.status == "failed":
        lines += _wrapped("the value", shown(run.value, whole=look.whole))
        lines += _report(run, look)
    if run.cassette is not None and run.status in ("failed", "errored"):
        lines += _wrapped("replay", replay_command(run))
    return "\n".join(lines)


def _head(run: RunResult, runs: int, palette: Palette) -> str:
    key = run.key
    who = ", ".join(
        [*([f"client {key.client}"] if key.client else []), *([f"run {key.number} of {runs}"] if runs > 1 else [])]
    )
    told = [key.case.id, *([who] if who else []), _seconds(run.ms), *tokens(run)]
    return f"{_word(run.status, palette)}  {visible('   '.join(told))}"


def tokens(run: RunResult) -> list[str]:
    usage = run.usage
    return [f"{usage.input_tokens:,} in / {usage.output_tokens:,} out tokens"] if usage is not None else []


def replay_command(run: RunResult) -> str:
    case, client = run.key.case, run.key.client
    told = f" --client {client}" if client else ""
    return f"bamlet test {case.file}::{case.id}{told} --replay {_short(run.cassette or '')}"


def _short(path: str) -> str:
    relative = os.path.relpath(path)
    return path if relative.startswith("..") else relative


_WORDS: dict[Status, str] = {
    "passed": "PASSED",
    "flaky": "FLAKY",
    "failed": "FAILED",
    "errored": "ERRORED",
    "cancelled": "CANCELLED",
}


def _word(status: Status, palette: Palette) -> str:
    paint = palette.bold if status == "passed" else palette.warning if status == "flaky" else palette.error
    return f"{paint}{_WORDS[status]}{palette.reset if paint else ''}"


def _seconds(ms: float) -> str:
    return f"{ms:.0f} ms" if ms < 1000 else f"{ms / 1000:.2f} s"


# --- one constraint


def _constraint(constraint: JudgedConstraint, look: Look) -> Iterator[str]:
    yield f"  {constraint.span}"
    yield from _frame(constraint, look)
    if constraint.status == "error":
        yield f"   {visible(constraint.problem)}"
    rows: list[tuple[str, str]] = []
    seen: set[str] = set()
    for value in constraint.values:
        source = " ".join(value.source.split())
        if source not in seen:
            seen.add(source)
            rows.append((source, shown(value.value, whole=look.whole)))
    rows += [
        ("difference", one.note.removeprefix("difference ")) for one in constraint.differences if _is_distance(one)
    ]
    yield from _table(rows)
    yield from _differences([one for one in constraint.differences if not _is_distance(one)], look)


def _is_distance(difference: Difference) -> bool:
    return difference.path == "$" and difference.note.startswith("difference")


def _table(rows: Sequence[tuple[str, str]]) -> Iterator[str]:
    width = min(40, max((cells(visible(name)) for name, _ in rows), default=0))
    for name, value in rows:
        told = visible(name)
        yield f"   {told}{' ' * max(0, width - cells(told))}    {visible(value)}"


def _differences(found: Sequence[Difference], look: Look) -> Iterator[str]:
    kept = found if look.whole else found[:MAX_DIFFERENCES]
    for difference in kept:
        yield from _difference(difference, look)
    if len(found) > len(kept):
        yield f"   … and {len(found) - len(kept)} more (-v shows all)"


def _difference(difference: Difference, look: Look) -> Iterator[str]:
    expected, actual = difference.expected, difference.actual
    if isinstance(expected, str) and isinstance(actual, str) and "\n" in expected + actual:
        yield f"   {visible(difference.path)}"
        for line in unified_diff(
            expected.splitlines(), actual.splitlines(), "expected", "actual", n=3, lineterm=""
        ):
            yield f"   {visible(line)}"
        return
    path = f"   {visible(difference.path)}   "
    pad = " " * cells(path)
    if difference.note.startswith("nearest"):
        yield f"{path}looked for {visible(shown(expected))}"
        yield f"{pad}{visible(difference.note)}"
        return
    if not difference.extra:
        yield f"{path}- {visible(shown(expected, whole=look.whole))}"
    if not difference.lacks:
        lead = pad if not difference.extra else path
        yield f"{lead}+ {visible(shown(actual, whole=look.whole))}"
        if difference.note and not difference.note.startswith("difference"):
            # Behind the quote; what JSON escapes moves the marks, so they are left out then.
            if shown(actual) == f'"{actual}"':
                yield f"{pad}   {difference.note}"
        elif difference.note:
            yield f"{pad}  {difference.note}"


def _frame(constraint: JudgedConstraint, look: Look) -> Iterator[str]:
    """The lines of the expression, with what was looked at underlined and the operators that failed marked."""
    span = constraint.span
    file = span.file
    first, last = (file.line_and_column(place)[0] for place in (span.start, max(span.start, span.end - 1)))
    width = len(str(last))
    yield f"{' ' * width} |"
    marks = _marks(constraint)
    for line in range(first, last + 1):
        begin, text = file.line_starts[line - 1], file.line_text(line)
        below = "".join(marks.get(begin + at, " ") for at in range(len(text)))
        shown_text, shown_marks = _fitting(text, below, look.columns - width - 3)
        yield f"{line:>{width}} | {shown_text}".rstrip()
        if shown_marks.strip():
            yield f"{' ' * width} | {shown_marks}".rstrip()


def _marks(constraint: JudgedConstraint) -> dict[int, str]:
    """By place in the file; the operators win, since the parts of a comparison stand beside them."""
    start = constraint.span.start
    found: dict[int, str] = {}
    for value in constraint.values:
        found |= {start + at: "~" for at in range(value.start, value.end)}
    for begin, end in constraint.marks:
        found |= {start + at: "^" for at in range(begin, end)}
    if not found:
        found = {start + at: "^" for at in range(len(constraint.expression))}
    text = constraint.span.file.text
    return {at: mark for at, mark in found.items() if at < len(text) and not text[at].isspace()}


def _fitting(text: str, marks: str, room: int) -> tuple[str, str]:
    """A line with the marks below it, cut to what is marked if it is too long."""
    room = max(20, room)
    pairs = [(visible(char), mark) for char, mark in zip(text, marks, strict=True)]
    lead = ""
    if cells("".join(char for char, _ in pairs)) > room:
        skip = max(0, len(marks) - len(marks.lstrip()) - _AHEAD)
        pairs, lead = pairs[skip:], "…" if skip else ""
    line = lead + "".join(char for char, _ in pairs)
    below = " " * len(lead) + "".join(mark * cells(char) for char, mark in pairs)
    return first_cells(line, room), below[:room]


# --- errors, values, reports


def _error(error: RunError, look: Look) -> Iterator[str]:
    head, *rest = visible_lines(error.message) or [""]
    yield f"  {error.type}: {head}"
    yield from (f"  {line}" for line in rest)
    if error.attempts:
        yield f"  {attempts_text(error.attempts)}"
    for line in visible_lines(error.trace.rstrip()):
        yield f"  {line}"
    if error.answer is not None:
        answer = error.answer if look.whole else error.answer[:MAX_ANSWER]
        more = "" if len(answer) == len(error.answer) else "…"
        yield "  the answer"
        yield from (f"    {line}" for line in visible_lines(answer + more))
    if error.hint is not None:
        yield f"  hint: {visible(error.hint)}"


def visible_lines(text: str) -> list[str]:
    return [visible(line) for line in text.split("\n")] if text else []


def attempts_text(attempts: Sequence[FailedAttempt]) -> str:
    """Each attempt, and how long was waited before the next."""
    told: list[str] = []
    for number, attempt in enumerate(attempts, 1):
        what = str(attempt.status_code) if attempt.status_code is not None else attempt.cause.replace("_", " ")
        told.append(f"{number} {attempt.client_name} {what} after {_seconds(attempt.elapsed_ms)}")
        if number < len(attempts):
            waited = attempts[number].started_ms - attempt.started_ms - attempt.elapsed_ms
            why = " (Retry-After)" if attempt.retry_after_ms and waited >= attempt.retry_after_ms else ""
            if waited > 0:
                told.append(f"waited {_seconds(waited)}{why}")
    return visible("; ".join(told))


def _report(run: RunResult, look: Look) -> Iterator[str]:
    if run.report is not None and run.report.losses:
        lead = "  the report"
        for entry in run.report.losses[: None if look.whole else MAX_DIFFERENCES]:
            raw = f", from {shown(entry.raw)}" if entry.raw else ""
            yield f"{lead} {visible(f'{entry}{raw}')}"
            lead = " " * len(lead)


def _wrapped(name: str, text: str) -> Iterator[str]:
    yield f"  {name:<10} {visible(text)}"


# --- all together


def needs_matrix(summary: Summary) -> bool:
    return any(len(test.cells) > 1 or len(cell.runs) > 1 for test in summary.tests for cell in test.cells)


def matrix(summary: Summary, columns: int) -> Iterator[str]:
    """Tests against clients. Columns that do not fit go into a block of their own below."""
    if not summary.tests:
        return
    names = [visible(test.case.id) for test in summary.tests]
    width = min(max(map(cells, names)), max(16, columns // 2))
    clients = [visible(cell.client or "") for cell in summary.tests[0].cells]
    body = [[_cell(cell.passed, cell.runs) for cell in test.cells] for test in summary.tests]
    totals = [_total([test.cells[at] for test in summary.tests]) for at in range(len(clients))]
    widths = [
        max(map(cells, (client, totals[at], *(row[at] for row in body)))) for at, client in enumerate(clients)
    ]
    for block in _blocks(widths, columns - width):
        yield _row("", width, [(clients[at], widths[at]) for at in block])
        for name, row in zip(names, body, strict=True):
            yield _row(first_cells(name, width), width, [(row[at], widths[at]) for at in block])
        yield _row("", width, [(totals[at], widths[at]) for at in block])


def _blocks(widths: Sequence[int], room: int) -> Iterator[list[int]]:
    block: list[int] = []
    used = 0
    for at, width in enumerate(widths):
        if block and used + width + 2 > room:
            yield block
            block, used = [], 0
        block.append(at)
        used += width + 2
    yield block


def _row(name: str, width: int, parts: Sequence[tuple[str, int]]) -> str:
    line = name + " " * (width - cells(name))
    for text, room in parts:
        line += f"  {text}{' ' * (room - cells(text))}"
    return line.rstrip()


def _cell(passed: int, runs: Sequence[RunResult]) -> str:
    mean = sum(run.ms for run in runs) / max(1, len(runs))
    return f"{passed}/{len(runs)} {_percent(passed, len(runs))}  {_seconds(mean)}"


def _total(cells_of_client: Sequence[Any]) -> str:
    passed, count = sum(cell.passed for cell in cells_of_client), sum(len(cell.runs) for cell in cells_of_client)
    return f"{passed}/{count} {_percent(passed, count)}"


def _percent(part: int, whole: int) -> str:
    return f"{100 * part // max(1, whole):>3}%"


def slowest(summary: Summary, count: int) -> Iterator[str]:
    runs = sorted((run for test in summary.tests for run in test.runs), key=lambda run: -run.ms)[:count]
    for run in runs:
        client = f" {run.key.client}" if run.key.client else ""
        yield f"{_seconds(run.ms):>9}  {visible(f'{run.key.case.id}{client}')}"


def summary_line(summary: Summary) -> str:
    """One line, always."""
    counts = summary.counts
    told = [f"{counts['failed']} failed"] if counts["failed"] else []
    told += [f"{counts['errored']} errored"] if counts["errored"] else []
    told += [f"{counts['passed']} passed"]
    told += [f"{counts['flaky']} flaky"] if counts["flaky"] else []
    told += [f"{counts['cancelled']} cancelled"] if counts["cancelled"] else []
    runs = [run for test in summary.tests for run in test.runs if run.status != "cancelled"]
    line = f"{', '.join(told)} of {len(summary.tests)} in {summary.seconds:.1f} s"
    usages = [run.usage for run in runs if run.usage is not None]
    if len(runs) != len(summary.tests) or usages:
        line += f" · {len(runs)} run{'s' if len(runs) != 1 else ''}"
    if usages:
        given, made = sum(u.input_tokens for u in usages), sum(u.output_tokens for u in usages)
        line += f" · {given:,} in / {made:,} out tokens"
    return line
