"""Results for machines: JSON, JSON lines while it runs, JUnit's XML, and the annotations of GitHub."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any
from xml.sax.saxutils import escape, quoteattr

from ..diagnostics.cells import visible
from ..records import asdict
from .draw import Look, failure_text, matrix, needs_matrix, summary_line
from .outcome import (
    Ended,
    Event,
    JudgedConstraint,
    RunEnded,
    RunResult,
    Started,
    Summary,
    TestEnded,
    TestResult,
)

VERSION = 1
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


# --- JSON


def summary_data(summary: Summary) -> dict[str, Any]:
    return {
        "v": VERSION,
        "summary": {
            "tests": len(summary.tests),
            **summary.counts,
            "seconds": round(summary.seconds, 3),
            "problems": list(summary.problems),
        },
        "tests": [test_data(test) for test in summary.tests],
    }


def test_data(test: TestResult) -> dict[str, Any]:
    case = test.case
    return {
        "file": case.file,
        "line": case.line,
        "function": case.function,
        **({"set": case.set} if case.set is not None else {}),
        "test": case.name,
        "status": test.status,
        "pass_rate": round(test.pass_rate, 4),
        "runs": [run_data(run) for run in test.runs],
    }


def run_data(run: RunResult) -> dict[str, Any]:
    error = run.error
    return {
        "client": run.key.client,
        "run": run.key.number,
        "status": run.status,
        "ms": round(run.ms, 1),
        "first_token_ms": None if run.first_token_ms is None else round(run.first_token_ms, 1),
        "usage": asdict(run.usage) if run.usage is not None else None,
        "value": run.value,
        "report": [asdict(entry) for entry in run.report.entries] if run.report is not None else [],
        "constraints": [_constraint_data(one) for one in run.constraints],
        "problems": list(run.problems),
        "error": None
        if error is None
        else {
            "type": error.type,
            "message": error.message,
            "attempts": [asdict(attempt) for attempt in error.attempts],
        },
        "cassette": run.cassette,
    }


def _constraint_data(one: JudgedConstraint) -> dict[str, Any]:
    line, column = one.span.file.line_and_column(one.span.start)
    return {
        "kind": one.kind,
        "name": one.name,
        "expression": one.expression,
        "status": one.status,
        "line": line,
        "column": column,
        "values": [{"source": value.source, "value": value.value} for value in one.values],
        "differences": [
            {"path": found.path, "expected": found.expected, "actual": found.actual} for found in one.differences
        ],
    }


def json_text(data: Any, indent: int | None = None) -> str:
    return json.dumps(data, ensure_ascii=True, indent=indent, default=str)


def event_line(event: Event) -> str | None:
    """A line of JSON for an event; None for those that only a person wants."""
    match event:
        case Started(tests=tests, runs=runs):
            return json_text({"v": VERSION, "event": "start", "tests": tests, "runs": runs})
        case RunEnded(result=run):
            case_ = run.key.case
            named = {"file": case_.file, "function": case_.function, "test": case_.name}
            return json_text({"v": VERSION, "event": "run", **named, **run_data(run)})
        case TestEnded(result=test):
            return json_text({"v": VERSION, "event": "test", **test_data(test), "runs": len(test.runs)})
        case Ended(summary=summary):
            return json_text({"v": VERSION, "event": "end", **summary_data(summary)["summary"]})
        case _:
            return None


# --- JUnit


def junit(summary: Summary) -> str:
    """A suite for each file, a case for each run."""
    lines = ['<?xml version="1.0" encoding="UTF-8"?>', "<testsuites>"]
    files = dict.fromkeys(test.case.file for test in summary.tests)
    for file in files:
        tests = [test for test in summary.tests if test.case.file == file]
        runs = [run for test in tests for run in test.runs]
        counts = {
            "tests": len(runs),
            "failures": sum(run.status == "failed" for run in runs),
            "errors": sum(run.status == "errored" for run in runs),
            "skipped": sum(run.status == "cancelled" for run in runs),
            "time": f"{sum(run.ms for run in runs) / 1000:.3f}",
        }
        told = " ".join(f'{name}="{value}"' for name, value in counts.items())
        lines.append(f"  <testsuite name={_attribute(file)} {told}>")
        for test in tests:
            for run in test.runs:
                lines += _junit_case(test, run)
        lines.append("  </testsuite>")
    return "\n".join([*lines, "</testsuites>", ""])


_JUNIT_TAGS = {"failed": "failure", "errored": "error", "cancelled": "skipped"}


def _junit_case(test: TestResult, run: RunResult) -> Iterator[str]:
    case = test.case
    several = len(test.runs) > 1
    name = case.name + (f"[{run.key.client or ''}][{run.key.number}]" if several else "")
    yield (
        f"    <testcase classname={_attribute(case.path)} name={_attribute(name)} file={_attribute(case.file)}"
        f' line="{case.line}" time="{run.ms / 1000:.3f}">'
    )
    yield "      <properties>"
    yield f'        <property name="pass_rate" value="{test.pass_rate:.4f}"/>'
    if run.usage is not None:
        yield f'        <property name="input_tokens" value="{run.usage.input_tokens}"/>'
        yield f'        <property name="output_tokens" value="{run.usage.output_tokens}"/>'
    yield "      </properties>"
    if tag := _JUNIT_TAGS.get(run.status):
        text = failure_text(run, _runs_of_cell(test), Look())
        yield f"      <{tag} message={_attribute(short_reason(run))}>{escape(_xml(text))}</{tag}>"
    yield "    </testcase>"


def _runs_of_cell(test: TestResult) -> int:
    return len(test.cells[0].runs)


def _attribute(text: str) -> str:
    return quoteattr(_xml(text))


def _xml(text: str) -> str:
    """XML 1.0 has no way to write the other control characters."""
    return _NOT_XML.sub("", text)


def short_reason(run: RunResult) -> str:
    """Why a run did not pass, in one line."""
    if run.error is not None:
        return f"{run.error.type}: {run.error.message.partition(chr(10))[0]}"
    for one in run.constraints:
        if one.status != "passed":
            label = f"{one.kind} {one.name or ''}".rstrip()
            return f"{label}: {{{{ {' '.join(one.expression.split())} }}}} {one.problem}"
    return run.problems[0] if run.problems else run.status


# --- GitHub


def github(summary: Summary) -> Iterator[str]:
    for test in summary.tests:
        for cell in test.cells:
            if cell.status == "passed":
                continue
            bad = next(run for run in cell.runs if run.status != "passed")
            level = "warning" if cell.status == "flaky" else "error"
            place = f"file={_property(test.case.file)},line={line_of(bad)}"
            title = f"{test.case.id}" + (f" {cell.client}" if cell.client else "")
            told = _message(short_reason(bad))
            yield f"::{level} {place},title={_property(title)}::{told}"


def line_of(run: RunResult) -> int:
    bad = next((one for one in run.constraints if one.status != "passed"), None)
    return bad.span.file.line_and_column(bad.span.start)[0] if bad is not None else run.key.case.line


def _message(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    """One line: what would end it, or move a cursor, is shown as a character."""
    return _message(visible(text)).replace(":", "%3A").replace(",", "%2C")


def github_summary(summary: Summary) -> str:
    """Markdown for the page of the job."""
    lines = ["### bamlet test", "", summary_line(summary), ""]
    if needs_matrix(summary):
        lines += ["```", *matrix(summary, 120), "```", ""]
    return "\n".join(lines)
