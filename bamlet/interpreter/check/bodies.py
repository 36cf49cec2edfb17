"""One body at a time: a function's against its signature, a constant's for its type."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from ...deep import with_room
from ...diagnostics import catalogue
from ...grammar import nodes as n
from ...grammar.walk import outside_lambdas, walk
from ...records import replace
from ...types.relate import widen_literals
from ...types.show import show
from ...types.ty import NEVER, NULL, Ty
from ..facts.builtins import CHECK_ARGUMENTS
from ..facts.symbols import ConstantSymbol, FunctionSymbol
from .state import Checker, content, is_open
from .throws import check_contract, may_throw


def check_function(new: Callable[[], Checker], symbol: FunctionSymbol) -> Checker:
    """Again as long as uses of empty collections tell what they hold: all of the body shall know it."""
    filled: dict[int, Ty] = {}
    while True:
        c = _guarded(partial(_with_filled, new, filled), symbol, partial(_check_once, symbol=symbol))
        closed = {key: ty for key, ty in c.filled.items() if not _has_open_part(ty)}
        if closed.keys() == filled.keys():
            return c
        filled = closed


def _with_filled(new: Callable[[], Checker], filled: dict[int, Ty]) -> Checker:
    c = new()
    c.filled = dict(filled)
    return c


def check_constant(new: Callable[[], Checker], symbol: ConstantSymbol) -> Checker:
    return _guarded(new, symbol, partial(_check_constant, symbol=symbol))


def _guarded(
    new: Callable[[], Checker], symbol: FunctionSymbol | ConstantSymbol, check: Callable[[Checker], None]
) -> Checker:
    """The checker walks trees by recursion; a tree deeper than any stack is the program's mistake."""

    def step() -> Checker:
        c = new()
        check(c)
        return c

    try:
        return with_room(step)
    except RecursionError:
        assert symbol.node is not None
        c = new()
        c.wrong(symbol.node.name, catalogue.NESTING_LIMIT, "this is nested too deeply")
        return c


def _check_constant(c: Checker, symbol: ConstantSymbol) -> None:
    assert symbol.node is not None
    for node in walk(symbol.node.value, below=outside_lambdas):
        if isinstance(node, n.Return):
            c.wrong(node, catalogue.UNSUPPORTED, "there is no function to return from")
    if symbol.node.type is None:
        found = widen_literals(c.infer(symbol.node.value))
        c.names.constants[symbol.name] = replace(c.names.constants[symbol.name], ty=found)
    else:
        c.require(symbol.node.value, symbol.ty)


def _has_open_part(ty: Ty) -> bool:
    held = content(ty)
    return held is not None and (is_open(ty) or _has_open_part(held))


def _check_once(c: Checker, symbol: FunctionSymbol) -> None:
    node = symbol.node
    assert node is not None
    assert isinstance(node.body, n.Block)
    for at, declared in enumerate(node.params):
        ty = next(param.ty for param in symbol.params if param.name == declared.name.name)
        if declared.default is not None:
            c.require(declared.default, ty)
        c.declare(declared.name, ty, declared).place = at
    if symbol.asserted:
        checking = c.names.functions[CHECK_ARGUMENTS]
        c.tables.reaches.add(checking.name)
        may_throw(c, checking.thrown, node.name)
    _check_finaliser(c, symbol, node)
    _check_body(c, node, node.body)
    check_contract(c, symbol)


def _check_finaliser(c: Checker, symbol: FunctionSymbol, node: n.FunctionDecl) -> None:
    if c.edition == 1 or node.name.name != "cleanup" or symbol.owner not in c.names.classes:
        return
    if symbol.static or len(symbol.params) != 1 or symbol.result != NULL:
        message = "a method of this name lets go of what an instance holds: it takes nothing and gives nothing"
        hint = "write `function cleanup(self) -> void`, or call it otherwise"
        c.wrong(node.name, catalogue.FINALISER, message, hint=hint)
    c.tables.runs_once = True


def _check_body(c: Checker, node: n.FunctionDecl, body: n.Block) -> None:
    wants_value = not c.relation.is_subtype(NULL, c.result)
    if body.tail is not None:
        c.require(body, c.result)
        return
    if c.infer(body) != NEVER and wants_value:
        message = f"`{node.name.name}` ends without the `{show(c.result)}` it promises"
        last = n.Node(body.end - 1, body.end)
        hint = "end with the value, without a semicolon, or with `return`"
        c.wrong(last, catalogue.MISSING_VALUE, message, hint=hint)
