"""Which type parameters may vary: those of which nothing is put into a value, by its methods or by anybody."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ...grammar import nodes as n
from ...grammar.node import remembered
from ...grammar.walk import walk
from ...records import replace
from ...types.ty import Ty
from ..facts.symbols import ClassSymbol, FunctionSymbol, Names
from ..facts.variance import GIVEN, TAKEN, is_only_given


def settle_variance(names: Names, view: Names, items: Iterable[n.Item]) -> None:
    """All are taken to vary at first; what is found not to may keep others from it, until nothing changes."""
    classes = {name: symbol for name, symbol in names.classes.items() if symbol.params}
    interfaces = {name: symbol for name, symbol in names.interfaces.items() if symbol.associated}
    if not classes and not interfaces:
        return
    assigned = {field for item in items for field in _assigned(item)}
    for name, symbol in classes.items():
        names.classes[name] = replace(symbol, varies=(True,) * len(symbol.params))
    for name, interface in interfaces.items():
        names.interfaces[name] = replace(interface, varies=frozenset(interface.associated))
    changed = True
    while changed:
        changed = False
        views = view.relation().views
        for name in classes:
            symbol = names.classes[name]
            met = list(_of_class(names, symbol, assigned))
            varies = tuple(is_only_given(met, param.name, views) for param in symbol.params)
            changed = changed or varies != symbol.varies
            names.classes[name] = replace(symbol, varies=varies)
        for name in interfaces:
            interface = names.interfaces[name]
            met = [(field.ty, 0) for field in interface.fields]
            met += [way for full in interface.methods.values() for way in _of_method(names.method(full))]
            kept = frozenset(one for one in interface.varies if is_only_given(met, f"Self.{one}", views))
            changed = changed or kept != interface.varies
            names.interfaces[name] = replace(interface, varies=kept)


def _of_class(names: Names, symbol: ClassSymbol, assigned: set[str]) -> Iterator[tuple[Ty, int]]:
    for field in symbol.schema.fields:
        yield field.ty, 0 if field.name in assigned else GIVEN
    for full in symbol.methods.values():
        function = names.functions.get(full)
        if function is not None and not function.static:
            yield from _of_method(function)


def _of_method(function: FunctionSymbol) -> Iterator[tuple[Ty, int]]:
    yield from ((param.ty, TAKEN) for param in function.params[1:])
    yield function.result, GIVEN
    yield function.thrown, GIVEN


@remembered
def _assigned(item: n.Node) -> frozenset[str]:
    """The names of fields that are assigned somewhere in an item."""
    found: set[str] = set()
    for node in walk(item):
        if isinstance(node, n.Assign):
            target = node.target.rest if isinstance(node.target, n.OptionalChain) else node.target
            if isinstance(target, n.FieldAccess):
                found.add(target.name.name)
            elif isinstance(target, n.Path) and len(target.parts) > 1:
                found.add(target.parts[-1].name)
    return frozenset(found)
