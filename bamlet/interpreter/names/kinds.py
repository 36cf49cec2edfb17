"""What generic classes and interfaces are not for: kinds without an end, and answers of models."""

from __future__ import annotations

from collections.abc import Iterator, Set

from ...diagnostics import catalogue
from ...grammar import nodes as n
from ...types.show import show
from ...types.ty import AliasTy, ClassTy, InterfaceTy, Ty
from ...types.variables import parts_of, replaced
from ..facts.report import Report
from ..facts.symbols import Names

MOST_KINDS = 50  # of one class, that its own fields hold in each other


def check_kinds(
    names: Names, view: Names, classes: dict[str, tuple[n.Placed[n.Item], n.ClassDecl]], report: Report
) -> None:
    """A class whose fields hold a larger kind of itself would have no end of kinds."""
    for key, (placed, node) in classes.items():
        symbol = names.classes.get(key)
        if symbol is None or not symbol.params:
            continue
        kinds: set[ClassTy] = {symbol.ty}
        pending = [symbol.ty]
        while pending and len(kinds) <= MOST_KINDS:
            new = {found for found in _held(view, pending.pop()) if found.args} - kinds
            kinds |= new
            pending += new
        if len(kinds) > MOST_KINDS:
            message = (
                f"`{node.name.name}` holds larger and larger kinds of itself, such as `{_shortest(kinds, key)}`"
            )
            hint = "let the field be of the same kind"
            report.at(placed, node.name, catalogue.RECURSIVE_GENERIC, message, hint=hint)


def _shortest(kinds: set[ClassTy], name: str) -> str:
    shown = sorted((show(kind) for kind in kinds if kind.name == name), key=lambda text: (len(text), text))
    return shown[1] if len(shown) > 1 else shown[0]


def _held(names: Names, owner: ClassTy) -> Iterator[ClassTy]:
    symbol = names.classes[owner.name]
    found = {param.name: arg for param, arg in zip(symbol.params, owner.args, strict=False)}
    for field in symbol.schema.fields:
        yield from _classes_in(replaced(field.ty, found))


def _classes_in(ty: Ty) -> Iterator[ClassTy]:
    if isinstance(ty, ClassTy):
        yield ty
    for part in parts_of(ty):
        yield from _classes_in(part)


def check_answers(names: Names, view: Names, report: Report) -> None:
    """A model cannot give what is only known by what it can do."""
    without: set[Ty] = set()
    for symbol in names.functions.values():
        if symbol.kind != "llm" or symbol.placed is None or symbol.node is None:
            continue
        found = _interface_in(view, symbol.result, without)
        if found is not None:
            message = f"`{symbol.name}` asks a model for a `{found}`, which is an interface"
            hint = "name the classes that it may be: `A | B`"
            report.at(
                symbol.placed,
                symbol.node.result or symbol.node.name,
                catalogue.INTERFACE_IN_SCHEMA,
                message,
                hint=hint,
            )


def _interface_in(names: Names, ty: Ty, without: set[Ty]) -> str | None:
    """`without` are types that are known to have none; those that are found out are added."""
    seen: set[Ty] = set()
    for part in reached(names, ty, without):
        if isinstance(part, InterfaceTy):
            return part.name
        seen.add(part)
    if len(seen) <= MOST_KINDS * MOST_KINDS:
        without |= seen
    return None


def reached(names: Names, ty: Ty, without: Set[Ty] = frozenset()) -> Iterator[Ty]:
    """The type and all that its values may hold, up to a number; `without` are types that nobody wants to see."""
    seen: set[Ty] = set()
    pending = [ty]
    while pending and len(seen) <= MOST_KINDS * MOST_KINDS:
        current = pending.pop()
        if current in seen or current in without:
            continue
        seen.add(current)
        yield current
        if isinstance(current, ClassTy) and current.name in names.classes:
            symbol = names.classes[current.name]
            found = {param.name: arg for param, arg in zip(symbol.params, current.args, strict=False)}
            pending += (replaced(field.ty, found) for field in symbol.schema.fields)
        elif isinstance(current, AliasTy):
            pending += filter(None, (names.recursive_aliases.get(current.name),))
        pending += parts_of(current)
