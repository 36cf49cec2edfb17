"""What `add_baml` is given: a source of types, read as the `type_builder` of a test is."""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Iterable, Mapping, Sequence

from ...diagnostics import Diagnostic
from ...grammar import Parser
from ...grammar import nodes as n
from ...interpreter.declarations.type_builders import read_type_builder
from ...interpreter.facts.report import Report
from ...interpreter.facts.symbols import ClassSymbol, Names
from ...interpreter.names.resolve import resolve
from ...interpreter.program.link import Program
from ...records import dataclass, field, replace
from ...source import SourceFile
from ...types.schema import Schemas
from ...types.ty import Ty
from ..errors import BamlError

FILE = "add_baml"
# On a line of its own, so that the lines of the source are one further down, and its columns are right.
_BEFORE = "test add_baml { functions [] args {} type_builder {\n"
_AFTER = "\n} }\n"


@dataclass(frozen=True, slots=True)
class Sourced:
    """What sources have declared so far: whole types, and what aliases stand for."""

    schemas: Schemas = field(default_factory=Schemas)
    aliases: Mapping[str, Ty] = field(default_factory=dict)


def read_source(program: Program, library: Names, source: str, before: Sourced, made: Schemas) -> Sourced:
    """One more source, above the types of a program, those of sources before it, and those `made` otherwise.

    Raises `BamlError` with the place of a mistake.
    """
    parsed = Parser(None).parse(SourceFile(FILE, _BEFORE + source + _AFTER))
    _raise_first(parsed.diagnostics)
    placed = parsed.items[0] if len(parsed.items) == 1 else None
    if placed is None or not isinstance(placed.node, n.TestDecl) or len(placed.node.config.type_builders) != 1:
        raise BamlError(f"{FILE} takes classes, enums, types, `dynamic class` and `dynamic enum`, and no more")
    names = _with_added(program.unit.names, before, made)
    view = names.over(library)
    report = Report()
    aliases: dict[str, Ty] = {}

    def resolve_types(items: Sequence[n.Placed[n.Item]]) -> tuple[Names, Report]:
        found, inner = resolve(items, view, broken=names.broken)
        aliases.update(found.aliases)
        return found, inner

    (builder,) = placed.node.config.type_builders
    added = read_type_builder(builder, placed, names, report, resolve_types)
    _raise_first(report.diagnostics)
    return Sourced(before.schemas.with_types(added), {**before.aliases, **aliases})


def _with_added(names: Names, before: Sourced, made: Schemas) -> Names:
    """The program's names with those that a builder has made so far."""
    added = made.with_types(before.schemas)
    classes = {name: ClassSymbol(schema, {}) for name, schema in added.classes.items()}
    return replace(
        names,
        classes=ChainMap(classes, names.classes),
        enums=ChainMap(dict(added.enums), names.enums),
        aliases=ChainMap(dict(before.aliases), names.aliases),
        recursive_aliases=ChainMap(dict(added.aliases), names.recursive_aliases),
        tests=[],
    )


def _raise_first(diagnostics: Iterable[Diagnostic]) -> None:
    wrong = next((found for found in diagnostics if found.severity == "error"), None)
    if wrong is None:
        return
    line, column = wrong.span.file.line_and_column(wrong.span.start)
    hint = f"; {wrong.hint}" if wrong.hint else ""
    raise BamlError(f"{FILE}:{max(1, line - 1)}:{column}: {wrong.message}{hint}")
