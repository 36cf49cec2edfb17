"""Parsed files to all that can be known of them without making code: names, types, effects and what is wrong."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ...diagnostics import Diagnostic, catalogue
from ...grammar import Parsed
from ...records import dataclass
from ...types.show import show
from ...types.ty import NEVER
from ..check import Checked, check
from ..check.readings import check_readings, holds_jinja
from ..emit.call_graph import call_graph
from ..emit.effects import infer_effects
from ..facts.code_names import constant_name, prompt_name
from ..facts.edition import Edition
from ..facts.effects import Calls, Effects
from ..facts.report import Report
from ..facts.symbols import Names
from ..names.resolve import resolve
from .editions import Choice, edition_of, namespaces_of
from .erased import check_erased
from .gaps import independent
from .unit import Unit


@dataclass(frozen=True, slots=True)
class Analysis:
    """`names` are the files' own; `view` has the library's below them."""

    names: Names
    view: Names
    checked: Checked
    graph: Mapping[str, Calls]
    effects: Effects
    report: Report
    edition: Choice

    def has_errors(self) -> bool:
        """Later stages may still find some."""
        return any(diagnostic.severity == "error" for diagnostic in self.report.diagnostics)

    @property
    def diagnostics(self) -> tuple[Diagnostic, ...]:
        return tuple(self.report.diagnostics)


def analyse(
    files: Sequence[Parsed],
    library: Unit | None,
    namespaces: Mapping[str, str] | None = None,
    *,
    all_async: bool = False,
    settled: Edition | None = None,
    assumed: Edition | None = None,
) -> Analysis:
    """Every stage runs whatever the ones before it found, so that all mistakes are reported at once.

    For `settled` and `assumed` see `edition_of`. The library has namespaces of its own, whatever the edition.
    """
    edition = edition_of(files, settled, assumed)
    misplaced: tuple[Diagnostic, ...] = ()
    if namespaces is None and edition.edition == 2:
        namespaces, misplaced = namespaces_of(files)
    below = library.names if library else None
    items = [placed for parsed in files for placed in parsed.items]
    broken = {name for parsed in files for name in parsed.broken}
    names, report = resolve(items, below, namespaces, broken)
    view = names.over(below)
    checked = check(names, view, report, edition.edition)
    graph = call_graph(names, checked)
    effects = infer_effects(names, view, graph, library.effects if library else None, all_async)
    check_erased(names, graph, effects, report)
    _check_constants(names, effects, report)
    _check_holes(names, effects, report)
    check_readings(items, report)
    if edition.edition == 2:
        from ..check.outdated import check_outdated

        check_outdated(items, report)
        if edition.by_mark:
            from .meanings import check_meanings

            check_meanings(files, edition, checked, view.relation(), report)
    if holds_jinja({placed.file.name: placed.file.text for placed in items}.values()):
        from ..check.prompts import check_prompts  # brings jinja2

        check_prompts(items, view, report)
    gaps = [gap for parsed in files for gap in parsed.gaps]
    unread = [d for parsed in files for d in parsed.diagnostics]
    found = independent(report.diagnostics, gaps)
    report.diagnostics[:] = [*edition.diagnostics, *misplaced, *unread, *found]
    return Analysis(names, view, checked, graph, effects, report, edition)


def _check_holes(names: Names, effects: Effects, report: Report) -> None:
    """A prompt is rendered whenever it is tried again, and for who only looks at it: at once, without fail."""
    for function in list(names.functions):
        symbol = names.functions.get(prompt_name(function))
        if symbol is None or symbol.placed is None or symbol.node is None:
            continue
        hint = "work it out before, and hand it in as an argument"
        if symbol.name in effects.suspends:
            report.at(
                symbol.placed, symbol.node, catalogue.TEMPLATE_HOLE, "a hole of a prompt cannot wait", hint=hint
            )
        elif symbol.thrown != NEVER:
            message = f"a hole of a prompt cannot throw, and this may throw `{show(symbol.thrown)}`"
            report.at(symbol.placed, symbol.node, catalogue.TEMPLATE_HOLE, message, hint=hint)


def _check_constants(names: Names, effects: Effects, report: Report) -> None:
    for constant in names.constants.values():
        if constant_name(constant.name) in effects.outside:
            assert constant.placed is not None
            assert constant.node is not None
            message = "a constant cannot loop or reach outside the program"
            hint = "make it a function"
            report.at(constant.placed, constant.node.value, catalogue.UNSUPPORTED, message, hint=hint)
