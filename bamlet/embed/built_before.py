"""A program that was compiled, kept between processes. The same with some functions written anew goes in, and its
unit comes out, or nothing where all of it must be compiled."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from ..records import dataclass
from ..source import SourceFile
from .checked_before import Files

if TYPE_CHECKING:
    from ..grammar import Parser
    from ..interpreter.facts.effects import Calls
    from ..interpreter.program.analyse import Analysis
    from ..interpreter.program.rebuild import Layout
    from ..interpreter.program.unit import Unit


@dataclass(frozen=True, slots=True)
class BuiltBefore:
    """What a unit does not tell, which is kept as `program`."""

    program: str
    files: Files
    layouts: Mapping[str, Layout]
    graph: Mapping[str, Calls]
    endless: frozenset[str]

    @classmethod
    def of(
        cls, program: str, sources: Sequence[SourceFile], parser: Parser, analysis: Analysis
    ) -> BuiltBefore | None:
        """None if something was wrong, or if every file of the program matters to every other."""
        if analysis.diagnostics or analysis.edition.by_mark:
            return None
        layouts = {source.name: _layout(source, parser) for source in sources}
        files = Files.of(sources, parser)
        return cls(program, files, layouts, analysis.graph, analysis.checked.endless)

    def rebuilt(self, unit: Unit, sources: Sequence[SourceFile], parser: Parser, library: Unit) -> Unit | None:
        """`unit` is what was kept as `program`."""
        from ..interpreter.program.rebuild import Edited, rebuilt
        from ..interpreter.program.still_clean import Clean

        changed = self.files.changed(sources, parser)
        if changed is None:
            return None
        clean = Clean(unit.names, self.graph, self.endless, unit.effects, unit.edition)
        edited = {
            parsed.file.name: Edited(parsed.file, self.layouts[parsed.file.name], _layout(parsed.file, parser))
            for parsed in changed
        }
        return rebuilt(unit, clean, changed, edited, library)


def _layout(source: SourceFile, parser: Parser) -> Layout:
    from ..interpreter.program.rebuild import Layout

    return Layout.of(source, [start for start, _ in parser.ranges(source.text)])
