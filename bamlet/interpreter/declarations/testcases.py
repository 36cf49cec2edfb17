"""Test blocks to plain data: one case for each function that a block names."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ...diagnostics import Note, catalogue, did_you_mean, nearest
from ...grammar import nodes as n
from ...records import dataclass, field
from ...source import Span
from ...types.relate import Relation
from ...types.schema import Schemas
from ...types.ty import UNKNOWN, is_optional
from ..facts.interface import TestConstraint, TestInfo
from ..facts.report import Report
from ..facts.symbols import FunctionSymbol, Names
from .arguments import TestArguments
from .attributes import describe
from .blocks import Block, Shape
from .scripts import read_script
from .settings import setting
from .type_builders import ResolveTypes, read_type_builder

_TEST = Shape(
    "a test",
    ("functions", "args", "script"),
    catalogue.UNKNOWN_TEST_PROPERTY,
    catalogue.MISSING_TEST_PROPERTY,
    {"functions": "functions [Name]"},
)


@dataclass(slots=True)
class TestReader:
    """Reads every test of a program. `resolve_types` checks items that see all of the program's types."""

    names: Names
    report: Report
    resolve_types: ResolveTypes
    _relation: Relation | None = None
    _cases: dict[tuple[str, str], Note] = field(default_factory=dict)

    def read(self, placed: n.Placed[n.Item], node: n.TestDecl) -> Iterator[TestInfo]:
        block = Block(placed, self.report)
        given = block.check(node.name, node.config.entries, _TEST)
        described = describe(node.config.attributes, "test", placed, self.report)
        constraints = tuple(
            TestConstraint(c.kind, c.name, c.expression, _place(placed.span(node), c.expression))
            for c, node in zip(described.stream.constraints, described.expressions, strict=True)
        )
        types: Schemas | None = None
        for builder in node.config.type_builders:
            added = read_type_builder(builder, placed, self.names, self.report, self.resolve_types)
            types = types.with_types(added) if types else added
        functions = list(self._functions(block, node, given.get("functions")))
        script = read_script(block, given.get("script"))
        args = given.get("args")
        if args is not None and not isinstance(args.value, n.Config):
            hint = "write args { name value }"
            block.wrong(args.value, catalogue.TEST_PROPERTY, "`args` is a block of arguments", hint)
            return
        self._check_arguments(block, node, functions, args)
        entries = args.value.entries if args is not None and isinstance(args.value, n.Config) else ()
        reader = TestArguments.of(self.names, self._known(), types or Schemas(), placed.file.name)
        self._check_types(block, functions, entries, reader)
        for function in functions:
            wanted = {param.name: param.ty for param in function.params}
            arguments = {e.key.name: reader.value(e.value, wanted.get(e.key.name, UNKNOWN)) for e in entries}
            places = placed.span(node.name), placed.span(node)
            yield TestInfo(node.name.name, function.name, arguments, constraints, *places, types, script)

    def _known(self) -> Relation:
        if self._relation is None:
            self._relation = self.names.relation()
        return self._relation

    def _check_types(
        self,
        block: Block,
        functions: Sequence[FunctionSymbol],
        entries: Sequence[n.ConfigEntry],
        reader: TestArguments,
    ) -> None:
        """Of several functions with the same parameter, each mistake is told once."""
        misfits = {
            (id(misfit.node), misfit.message): misfit
            for entry in entries
            for function in functions
            for param in function.params
            if param.name == entry.key.name
            for misfit in reader.misfits(entry.value, param.ty)
        }
        for entry in entries:
            for unknown in reader.unknown_calls(entry.value):
                block.wrong(unknown.node, catalogue.UNKNOWN_NAME, unknown.message, unknown.hint)
        for misfit in misfits.values():
            code = catalogue.TEST_ARGUMENT.for_lack() if misfit.is_lack else catalogue.TEST_ARGUMENT
            block.wrong(misfit.node, code, misfit.message, misfit.hint)

    def _functions(self, block: Block, node: n.TestDecl, entry: n.ConfigEntry | None) -> Iterator[FunctionSymbol]:
        if entry is None:
            return
        if not isinstance(entry.value, n.ConfigList):
            hint = f"write functions [{setting(entry.value)}]" if isinstance(entry.value, n.ConfigText) else None
            block.wrong(entry.value, catalogue.TEST_PROPERTY, "`functions` is a list of names", hint)
            return
        if not entry.value.items:
            message = f"test `{node.name.name}` calls nothing"
            block.wrong(entry.value, catalogue.TEST_PROPERTY, message, "name a function in the list")
        for value in entry.value.items:
            if not isinstance(value, n.ConfigText):
                hint = "write its name alone"
                block.wrong(value, catalogue.TEST_PROPERTY, "this is no name of a function", hint)
                continue
            name = self.names.full(str(setting(value)), block.placed.file.name)
            symbol = self.names.functions.get(name)
            if name in self.names.broken:
                continue
            if symbol is None:
                hint = did_you_mean(name, self.names.functions) or "name a function of the program"
                block.wrong(value, catalogue.UNKNOWN_TEST_FUNCTION, f"no function is called `{name}`", hint)
            elif self._is_new(block, node, value, name):
                yield symbol

    def _is_new(self, block: Block, node: n.TestDecl, value: n.ConfigValue, function: str) -> bool:
        """A test is called by its name and its function, so the two together are given once."""
        case = (node.name.name, function)
        if case in self._cases:
            message = f"`{function}` has two tests called `{node.name.name}`"
            first, hint = self._cases[case], "rename one of them"
            block.report.at(block.placed, value, catalogue.DUPLICATE_NAME, message, first, hint=hint)
            return False
        self._cases[case] = Note(block.placed.span(value), "the first one")
        return True

    def _check_arguments(
        self, block: Block, node: n.TestDecl, functions: Sequence[FunctionSymbol], args: n.ConfigEntry | None
    ) -> None:
        """Each argument is a parameter of some function of the test, and each function gets what it needs."""
        given = block.entries(args.value.entries) if args and isinstance(args.value, n.Config) else {}
        known = list(dict.fromkeys(param.name for function in functions for param in function.params))
        meant: set[str] = set()
        for key, entry in given.items():
            if key not in known and functions:
                callees = " or ".join(f"`{function.name}`" for function in functions)
                hint = did_you_mean(key, known) or (
                    f"it takes {', '.join(known)}" if known else "it takes nothing"
                )
                block.wrong(entry.key, catalogue.TEST_ARGUMENT, f"{callees} has no parameter `{key}`", hint)
                meant.update(nearest(key, known))
        for function in functions:
            missing = [p.name for p in function.params if p.name not in {*given, *meant} and not is_optional(p.ty)]
            if missing and args is None:
                message = f"test `{node.name.name}` has no `args`, and `{function.name}` needs some"
                block.wrong(
                    node.name, catalogue.MISSING_TEST_PROPERTY, message, f"write args {{ {missing[0]} … }}"
                )
            elif missing and args is not None:
                names = ", ".join(f"`{name}`" for name in missing)
                block.wrong(args.key, catalogue.TEST_ARGUMENT.for_lack(), f"`{function.name}` also needs {names}")


def _place(braced: Span, expression: str) -> Span:
    start = braced.start + max(0, braced.text.find(expression))
    return Span(braced.file, start, start + len(expression))
