"""All that is wrong with a program, as one exception."""

from __future__ import annotations

from .diagnostic import Diagnostic
from .render import render_all


class CompileError(Exception):
    """The program is wrong. `diagnostics` says where and why; `str()` draws the errors."""

    def __init__(self, diagnostics: tuple[Diagnostic, ...]) -> None:
        super().__init__(diagnostics)
        self.diagnostics = diagnostics

    def __str__(self) -> str:
        return render_all(self.diagnostics)
