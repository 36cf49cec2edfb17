"""A package's source in; a table of what good code has little of, per 1,000 lines, and of its sizes, out.

    python tests/support/yardsticks.py bamlet

Lines are those that are not blank. Uses are counted in the syntax tree, so a word in a text is none, but for
`type: ignore` and `TODO`, which stand in comments.
"""

from __future__ import annotations

import ast
import io
import statistics
import sys
import tokenize
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

LOGGERS = {"log", "logger", "logging", "warnings"}
LOG_LEVELS = {"debug", "info", "warning", "error", "exception", "critical", "warn", "log"}


@dataclass
class Counted:
    """Of all files together."""

    lines: int = 0
    comments: int = 0
    docstrings: int = 0
    uses: Counter[str] = field(default_factory=Counter)
    files: list[int] = field(default_factory=list)
    functions: list[int] = field(default_factory=list)

    def add(self, text: str) -> None:
        size = sum(1 for line in text.splitlines() if line.strip())
        self.lines += size
        self.files.append(len(text.splitlines()))
        for comment, alone in _comments(text):
            self.comments += alone
            self.uses["type: ignore"] += "type: ignore" in comment
            self.uses["TODO"] += any(word in comment for word in ("TODO", "FIXME", "XXX"))
        for node in ast.walk(ast.parse(text)):
            self.uses.update(_uses(node))
            self.docstrings += _docstring_lines(node)
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                self.functions.append((node.end_lineno or node.lineno) - node.lineno + 1)


ROWS = (
    "broad except",
    "isinstance",
    "getattr/hasattr",
    "Any",
    "type: ignore",
    "log calls",
    "assert",
    "TODO",
)


def counted(package: Path) -> Counted:
    found = Counted()
    for path in sorted(package.rglob("*.py")):
        found.add(path.read_text("utf-8"))
    return found


def table(found: Counted) -> str:
    rows = [(name, f"{1000 * found.uses[name] / found.lines:.1f}") for name in ROWS]
    rows += [
        ("comment lines", f"{100 * found.comments / found.lines:.1f} %"),
        ("docstring lines", f"{100 * found.docstrings / found.lines:.1f} %"),
        ("files: median / largest", f"{statistics.median(found.files):.0f} / {max(found.files)}"),
        (
            "functions: median / nine in ten",
            f"{statistics.median(found.functions):.0f} / {_most(found.functions)}",
        ),
        ("files, lines that are not blank", f"{len(found.files)}, {found.lines:,}"),
    ]
    return "\n".join(f"| {name:<33} | {value:>12} |" for name, value in rows)


def _most(sizes: list[int]) -> int:
    """Nine in ten are no longer."""
    return sorted(sizes)[9 * len(sizes) // 10]


def _comments(text: str) -> Iterator[tuple[str, bool]]:
    """Each comment, and whether it has its line for itself."""
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.COMMENT:
            yield token.string, token.line.lstrip().startswith("#")


def _uses(node: ast.AST) -> Iterator[str]:
    match node:
        case ast.ExceptHandler(type=None | ast.Name(id="Exception" | "BaseException")):
            yield "broad except"
        case ast.Call(func=ast.Name(id="isinstance")):
            yield "isinstance"
        case ast.Call(func=ast.Name(id="getattr" | "hasattr")):
            yield "getattr/hasattr"
        case ast.Call(func=ast.Attribute(value=ast.Name(id=owner), attr=level)):
            if owner in LOGGERS and level in LOG_LEVELS:
                yield "log calls"
        case ast.Name(id="Any"):
            yield "Any"
        case ast.Assert():
            yield "assert"


def _docstring_lines(node: ast.AST) -> int:
    if not isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
        return 0
    match node.body:
        case [ast.Expr(value=ast.Constant(value=str()) as text), *_]:
            return (text.end_lineno or text.lineno) - text.lineno + 1
    return 0


if __name__ == "__main__":
    for name in sys.argv[1:] or ["bamlet"]:
        print(table(counted(Path(name))))
