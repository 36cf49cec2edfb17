"""Builtins that call a function for each element, as Python loops: `xs.map(x => e)` is a loop around `e`.

A loop in the caller's own code does not care whether what it calls waits. The body of a simple lambda stands in
the loop itself; another function is called there.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Sequence

from ...grammar import nodes as n
from ...grammar.walk import walk
from ...records import dataclass, replace
from ..check.state import ungrouped
from ..facts.typing_tables import BuiltinCall, FunctionUse, LocalUse
from .functions import call_function, call_unknown
from .lambdas import call_lambda, define_lambda
from .lengths import keeps_lengths
from .state import CONTEXT, Emitter, attribute, call, compare, load, store


@dataclass(frozen=True, slots=True)
class Callback:
    """`names` are where the arguments must be stored; `value` emits a call, which may change what is there.

    What `keeps` surely leaves every list as long as it is.
    """

    names: tuple[str, ...]
    value: Callable[[], ast.expr]
    changes: bool = False
    keeps: bool = False


def _callback(e: Emitter, node: n.Expr, arity: int) -> Callback:
    """What is called, evaluated now."""
    target = ungrouped(node)
    if isinstance(target, n.Lambda) and _is_simple(e, target):
        return _inlined(e, target)
    names = tuple(e.temporary() for _ in range(arity))
    use = e.tables.uses.get(id(target))
    if isinstance(target, n.Lambda):
        defined = define_lambda(e, target)
        return Callback(names, lambda: call_lambda(e, defined.closure.name, load(defined.python), _loads(names)))
    if isinstance(use, FunctionUse):
        return Callback(names, lambda: call_function(e, use.symbol, _loads(names)))
    value = e.stored(e.expr(node), node)
    if e.is_bare(target):
        return Callback(names, lambda: ast.Call(value, _loads(names), []))
    if isinstance(use, LocalUse) and not use.fields and use.variable.function is not None:
        known, held = use.variable.function, attribute(value, "code")
        return Callback(names, lambda: call_lambda(e, known, held, _loads(names)))
    return Callback(names, lambda: call_unknown(value, value, _loads(names)))


def _loads(names: Sequence[str]) -> list[ast.expr]:
    return [load(name) for name in names]


def _is_simple(e: Emitter, node: n.Lambda) -> bool:
    """Whether its body may stand in a loop: nothing leaves it early, and no lambda in it keeps its variables."""
    return not e.tables.lambdas[id(node)].tables.loops and not any(
        isinstance(part, n.Lambda | n.Return | n.Catch) for part in walk(node.body)
    )


def _inlined(e: Emitter, node: n.Lambda) -> Callback:
    def value() -> ast.expr:
        with e.inside(e.known_as(e.tables.lambdas[id(node)].name)):
            e.steps.append(lambda: None)
            return e.expr(node.body)

    variables = [e.tables.variables[id(param)] for param in node.params]
    changes = any(variable.is_reassigned for variable in variables)
    keeps = keeps_lengths(node.body, e.tables)
    return Callback(tuple(variable.python for variable in variables), value, changes, keeps)


Step = Callable[[ast.expr], list[ast.stmt]]


@dataclass(frozen=True, slots=True)
class Loop:
    """One call of such a builtin. Its value gathers in `result`; `element` names what the loop is at."""

    e: Emitter
    node: n.Call
    callback: Callback
    result: str
    element: tuple[str, ...]

    def start(self, value: ast.expr) -> None:
        self.e.add(ast.Assign([store(self.result)], value), self.node)

    def over(
        self, items: ast.expr | None, step: Step, numbers: str | None = None, source: ast.expr | None = None
    ) -> None:
        """Call back for each of the items; `step` makes of the value what is to be done with it.

        A `source` of rounds of its own stands in place of the items.
        """
        if source is None:
            assert items is not None
            each = "$each_kept" if self.callback.keeps else "$each"
            source = call(each, attribute(load(CONTEXT), "rounds"), items)
        target: ast.expr = _target(self.element)
        if numbers is not None:
            source = call("$enumerate", source)
            target = ast.Tuple([store(numbers), target], ast.Store())

        def round() -> None:
            for name, kept in zip(self.callback.names, self.element, strict=True):
                if name != kept:
                    self.e.add(ast.Assign([store(name)], load(kept)), self.node)
            for statement in step(self.callback.value()):
                self.e.add(statement, self.node)

        self.e.add(ast.For(target, source, self.e.body(round), []), self.node)

    def gather(self, method: str, *values: ast.expr) -> ast.stmt:
        return ast.Expr(ast.Call(attribute(load(self.result), method), list(values), []))

    def end_when(self, test: ast.expr, value: ast.expr) -> list[ast.stmt]:
        return [ast.If(test, [ast.Assign([store(self.result)], value), ast.Break()], [])]


def _target(names: Sequence[str]) -> ast.expr:
    stored: list[ast.expr] = [store(name) for name in names]
    return stored[0] if len(stored) == 1 else ast.Tuple(stored, ast.Store())


def _list() -> ast.expr:
    return ast.List([], ast.Load())


# --- of lists


def _map(loop: Loop, items: ast.expr) -> None:
    loop.start(_list())
    loop.over(items, lambda value: [loop.gather("append", value)])


def _flat_map(loop: Loop, items: ast.expr) -> None:
    loop.start(_list())
    loop.over(items, lambda value: [loop.gather("extend", value)])


def _filter(loop: Loop, items: ast.expr) -> None:
    loop.start(_list())
    loop.over(items, lambda value: [ast.If(value, [loop.gather("append", load(loop.element[0]))], [])])


def _filter_map(loop: Loop, items: ast.expr) -> None:
    loop.start(_list())

    def kept(value: ast.expr) -> list[ast.stmt]:
        first, again = loop.e.twice(value)
        present = compare(first, ast.IsNot(), ast.Constant(None))
        return [ast.If(present, [loop.gather("append", again)], [])]

    loop.over(items, kept)


def _find(loop: Loop, items: ast.expr) -> None:
    loop.start(ast.Constant(None))
    loop.over(items, lambda value: loop.end_when(value, load(loop.element[0])))


def _find_index(loop: Loop, items: ast.expr) -> None:
    loop.start(ast.Constant(-1))
    at = loop.e.temporary()
    loop.over(items, lambda value: loop.end_when(value, load(at)), numbers=at)


def _some(loop: Loop, items: ast.expr) -> None:
    loop.start(ast.Constant(False))
    loop.over(items, lambda value: loop.end_when(value, ast.Constant(True)))


def _every(loop: Loop, items: ast.expr) -> None:
    loop.start(ast.Constant(True))
    loop.over(items, lambda value: loop.end_when(ast.UnaryOp(ast.Not(), value), ast.Constant(False)))


def _for_each(loop: Loop, items: ast.expr) -> None:
    loop.start(ast.Constant(None))
    loop.over(items, lambda value: [ast.Expr(value)])


def _sorted_by(loop: Loop, items: ast.expr) -> None:
    """All keys of the elements that are there now, and then the order: what makes a key may wait."""
    kept = loop.e.stored(call("$list", items), loop.node)
    loop.start(_list())
    loop.over(kept, lambda value: [loop.gather("append", value)])
    loop.start(call("$sorted_by", kept, load(loop.result)))


def _sort_by_keys(loop: Loop, items: ast.expr) -> None:
    keys = loop.e.temporary()
    gathering = replace(loop, result=keys)
    gathering.start(_list())
    gathering.over(call("$list", items), lambda value: [gathering.gather("append", value)])
    loop.start(call("$sort_by_keys", items, load(keys)))


def _sort_by(loop: Loop, items: ast.expr) -> None:
    """One round a comparison, of which the sorter asks for the next."""
    loop.start(items)
    sorter = loop.e.stored(call("$Sorter", items), loop.node)
    compared = call("$compress", sorter, attribute(load(CONTEXT), "rounds"))
    loop.over(None, lambda value: [ast.Expr(ast.Call(attribute(sorter, "tell"), [value], []))], source=compared)


def _find_place(loop: Loop, items: ast.expr) -> None:
    loop.start(ast.Constant(None))
    at = loop.e.temporary()
    loop.over(items, lambda value: loop.end_when(value, load(at)), numbers=at)


def _find_last(loop: Loop, items: ast.expr) -> None:
    _find(loop, call("$backwards", items))


def _find_last_place(loop: Loop, items: ast.expr) -> None:
    loop.start(ast.Constant(None))
    place = loop.e.stored(call("$len", items), loop.node)
    assert isinstance(place, ast.Name)

    def step(value: ast.expr) -> list[ast.stmt]:
        return loop.end_when(value, load(place.id))

    def counted() -> ast.expr:
        loop.e.add(ast.AugAssign(store(place.id), ast.Sub(), ast.Constant(1)), loop.node)
        return loop.callback.value()

    replace(loop, callback=replace(loop.callback, value=counted)).over(call("$backwards", items), step)


def _reduce(loop: Loop, items: ast.expr, initial: ast.expr) -> None:
    loop.start(initial)
    gathered, item = loop.callback.names

    def value() -> ast.expr:
        loop.e.add(ast.Assign([store(gathered)], load(loop.result)), loop.node)
        return loop.callback.value()

    reducing = replace(loop, callback=replace(loop.callback, names=(item,), value=value), element=(item,))
    reducing.over(items, lambda value: [ast.Assign([store(loop.result)], value)])


# --- of maps


def _map_of_map(loop: Loop, entries: ast.expr) -> None:
    loop.start(_list())
    loop.over(call("$entries", entries), lambda value: [loop.gather("append", value)])


def _map_values(loop: Loop, entries: ast.expr) -> None:
    loop.start(ast.Dict([], []))
    key = loop.e.temporary()
    keyed = replace(loop, callback=_behind(loop.callback, key), element=(key, *loop.element))
    keyed.over(call("$entries", entries), lambda value: [_put(loop, key, value)])


def _behind(callback: Callback, name: str) -> Callback:
    """The callback with an argument before its own, which it does not look at."""
    return replace(callback, names=(name, *callback.names))


def _filter_of_map(loop: Loop, entries: ast.expr) -> None:
    loop.start(ast.Dict([], []))
    key, value = loop.element
    loop.over(call("$entries", entries), lambda test: [ast.If(test, [_put(loop, key, load(value))], [])])


def _put(loop: Loop, key: str, value: ast.expr) -> ast.stmt:
    return ast.Assign([ast.Subscript(load(loop.result), load(key), ast.Store())], value)


CALLBACKS: dict[str, Callable[..., None]] = {
    "list.map": _map,
    "list.flat_map": _flat_map,
    "list.filter": _filter,
    "list.filter_map": _filter_map,
    "list.find": _find,
    "list.find_index": _find_index,
    "list.some": _some,
    "list.every": _every,
    "list.for_each": _for_each,
    "list.sort_by": _sorted_by,
    "list.sort_by2": _sort_by,
    "list.sort_by_key2": _sort_by_keys,
    "list.find_index2": _find_place,
    "list.find_last": _find_last,
    "list.find_last_index": _find_last_place,
    "list.reduce": _reduce,
    "map.map": _map_of_map,
    "map.map_values": _map_values,
    "map.filter": _filter_of_map,
}
_ARITY = {"list.reduce": 2, "list.sort_by2": 2, "map.map": 2, "map.filter": 2}


def emit_callback(e: Emitter, node: n.Call, plan: BuiltinCall) -> ast.expr:
    """The loop, put into the emitter's statements, and where its value stands."""
    receiver, function, *others = plan.operands
    items = e.spill(e.expr(receiver), receiver)
    callback = _callback(e, function, _ARITY.get(plan.name, 1))
    values = [e.spill(e.expr(other), other) for other in others]
    element = tuple(e.temporary() for _ in callback.names) if callback.changes else callback.names
    loop = Loop(e, node, callback, e.temporary(), element)
    CALLBACKS[plan.name](loop, items, *values)
    return load(loop.result)
