"""Diagnostics as text, in each of the formats that `bamlet check` can print."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from .._version import __version__
from ..source import Span
from .catalogue import CODES
from .cells import visible
from .diagnostic import Code, Diagnostic
from .render import PLAIN, Palette, render_all, summary

_RULE_INDEX = {slug: index for index, slug in enumerate(CODES)}
_SARIF_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"


def concise(diagnostics: Sequence[Diagnostic], palette: Palette = PLAIN) -> str:
    """`path:line:column: error[slug] message`, one a line, and a line that counts them."""
    lines = [
        f"{palette.bold}{diagnostic.span}:{palette.reset} {palette.severity(diagnostic)}"
        f"{diagnostic.severity}[{diagnostic.code.slug}]{palette.reset} {visible(diagnostic.message)}"
        for diagnostic in diagnostics
    ]
    return "\n".join([*lines, summary(diagnostics)])


def as_json(diagnostics: Sequence[Diagnostic]) -> str:
    """An array of objects; lines and columns count from 1, and `end` is behind the last character."""
    return _json([_object(diagnostic) for diagnostic in diagnostics])


def sarif(diagnostics: Sequence[Diagnostic]) -> str:
    """One run of SARIF 2.1.0, whose rules are the whole catalogue."""
    driver = {"name": "bamlet", "version": __version__, "rules": [_rule(code) for code in CODES.values()]}
    run = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "results": [_result(diagnostic) for diagnostic in diagnostics],
    }
    return _json({"$schema": _SARIF_SCHEMA, "version": "2.1.0", "runs": [run]})


def github(diagnostics: Sequence[Diagnostic]) -> str:
    """Workflow commands, which GitHub shows beside the changed lines."""
    return "\n".join(map(_command, diagnostics))


FORMATS: dict[str, Callable[[Sequence[Diagnostic], Palette], str]] = {
    "full": render_all,
    "concise": concise,
    "json": lambda diagnostics, _: as_json(diagnostics),
    "sarif": lambda diagnostics, _: sarif(diagnostics),
    "github": lambda diagnostics, _: github(diagnostics),
}
FOR_PEOPLE = frozenset({"full", "concise"})


def _with_hint(diagnostic: Diagnostic) -> str:
    return f"{diagnostic.message}\nhint: {diagnostic.hint}" if diagnostic.hint else diagnostic.message


def _json(value: object) -> str:
    import json  # for machines, and most checks are for people

    return json.dumps(value, ensure_ascii=False, indent=2)


# --- json


def _object(diagnostic: Diagnostic) -> dict[str, Any]:
    code = diagnostic.code
    return {
        "code": code.number,
        "slug": code.slug,
        "severity": code.severity,
        "message": diagnostic.message,
        **_place(diagnostic.span),
        "notes": [{"message": note.text, **_place(note.span)} for note in diagnostic.notes],
        "hint": diagnostic.hint,
    }


def _place(span: Span) -> dict[str, Any]:
    return {"file": span.file.name, "start": _position(span, span.start), "end": _position(span, span.end)}


def _position(span: Span, offset: int) -> dict[str, int]:
    line, column = span.file.line_and_column(offset)
    return {"line": line, "column": column}


# --- sarif


def _rule(code: Code) -> dict[str, Any]:
    return {
        "id": code.slug,
        "shortDescription": {"text": code.title},
        "help": {"text": f"`bamlet explain {code.slug}` shows a wrong and a right program."},
        "defaultConfiguration": {"level": code.severity},
        "properties": {"number": code.number},
    }


def _result(diagnostic: Diagnostic) -> dict[str, Any]:
    result: dict[str, Any] = {
        "ruleId": diagnostic.code.slug,
        "ruleIndex": _RULE_INDEX[diagnostic.code.slug],
        "level": diagnostic.severity,
        "message": {"text": _with_hint(diagnostic)},
        "locations": [{"physicalLocation": _location(diagnostic.span)}],
    }
    if diagnostic.notes:
        result["relatedLocations"] = [
            {"id": number, "physicalLocation": _location(note.span), "message": {"text": note.text}}
            for number, note in enumerate(diagnostic.notes)
        ]
    return result


def _location(span: Span) -> dict[str, Any]:
    start, end = _position(span, span.start), _position(span, span.end)
    region = {
        "startLine": start["line"],
        "startColumn": start["column"],
        "endLine": end["line"],
        "endColumn": end["column"],
    }
    return {"artifactLocation": {"uri": _uri(span.file.name)}, "region": region}


def _uri(name: str) -> str:
    from pathlib import PurePath
    from urllib.parse import quote

    path = PurePath(name)
    return path.as_uri() if path.is_absolute() else quote(path.as_posix())


# --- github


def _command(diagnostic: Diagnostic) -> str:
    code, span = diagnostic.code, diagnostic.span
    line, column = span.file.line_and_column(span.start)
    end_line, end_column = span.file.line_and_column(span.end)
    where: dict[str, object] = {"file": span.file.name, "line": line}
    if line == end_line:
        where |= {"col": column, "endLine": line, "endColumn": end_column}
    else:
        where |= {"endLine": end_line}  # GitHub drops columns that are of different lines
    where["title"] = f"bamlet {code.slug}"
    properties = ",".join(f"{key}={_property(str(value))}" for key, value in where.items())
    return f"::{code.severity} {properties}::{_data(_with_hint(diagnostic))}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
