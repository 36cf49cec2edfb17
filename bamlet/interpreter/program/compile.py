"""Parsed files to a unit: all stages in a row. A unit that was kept goes round this, and loads none of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ...diagnostics import Diagnostic
from ...grammar import Parsed
from ..emit.definitions import emit
from ..facts.edition import Edition
from .analyse import Analysis, analyse
from .unit import Unit


def compile_unit(
    files: Sequence[Parsed],
    library: Unit | None,
    namespaces: Mapping[str, str] | None = None,
    *,
    all_async: bool = False,
    settled: Edition | None = None,
    assumed: Edition | None = None,
) -> tuple[Unit | None, tuple[Diagnostic, ...]]:
    """All stages. There is no unit when a diagnostic is an error."""
    found = analyse(files, library, namespaces, all_async=all_async, settled=settled, assumed=assumed)
    return unit_of_analysis(found), found.diagnostics


def unit_of_analysis(found: Analysis) -> Unit | None:
    if found.has_errors():
        return None
    code = emit(found.names, found.view, found.checked, found.effects, found.report)
    if found.has_errors():
        return None
    return Unit(found.names.without_nodes(), found.effects, code, found.edition.edition)
