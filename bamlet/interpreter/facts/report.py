"""Where a stage puts what it finds wrong: diagnostics, with places worked out from the item at hand."""

from __future__ import annotations

from ...diagnostics import Code, Diagnostic, Note
from ...grammar import nodes as n
from ...records import dataclass, field


@dataclass(slots=True)
class Report:
    diagnostics: list[Diagnostic] = field(default_factory=list)

    def at(
        self,
        placed: n.Placed[n.Item],
        node: n.Node,
        code: Code,
        message: str,
        *notes: Note,
        hint: str | None = None,
    ) -> None:
        self.diagnostics.append(code.at(placed.span(node), message, *notes, hint=hint))
