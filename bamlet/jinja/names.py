"""The names a template takes from outside: a walk over jinja2's tree with the scopes of minijinja."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from jinja2 import nodes

from ..records import replace
from .syntax import LOOP_FILTER, SELF, SELF_INSIDE, place
from .uses import Arguments, NameUse

# What the template binds, each loop variable with the name that its loop goes over, if it is one.
_Scope = dict[str, NameUse | None]


def free_names(tree: nodes.Template) -> tuple[NameUse, ...]:
    """Each use of a name that the template itself does not bind, in the order of the text; and of
    those that are an element of one."""
    uses: list[NameUse] = []
    _walk(tree, {}, uses)
    return tuple(sorted(uses, key=lambda use: (use.line, use.column)))


def _walk(node: nodes.Node, scope: _Scope, uses: list[NameUse]) -> None:
    visit = _VISIT.get(type(node))
    if visit is not None:
        visit(node, scope, uses)
    else:
        _walk_all(node.iter_child_nodes(), scope, uses)


def _walk_all(children: Iterable[nodes.Node | None], scope: _Scope, uses: list[NameUse]) -> None:
    for child in children:
        if child is not None:
            _walk(child, scope, uses)


def _bound(target: nodes.Node) -> _Scope:
    names = [name.name for name in target.find_all(nodes.Name)]
    return dict.fromkeys([*names, target.name] if isinstance(target, nodes.Name) else names)


def _name(
    node: nodes.Name,
    scope: _Scope,
    uses: list[NameUse],
    path: tuple[str, ...] = (),
    call: Arguments | None = None,
) -> None:
    over = scope.get(node.name)
    if node.ctx == "load" and (over is not None or node.name not in scope):
        name = SELF if node.name == SELF_INSIDE else node.name
        uses.append(NameUse(name, path, *place(node.lineno), call, element_of=over))


def _call(node: nodes.Call, scope: _Scope, uses: list[NameUse]) -> None:
    if isinstance(node.node, nodes.Name) and node.dyn_args is None and node.dyn_kwargs is None:
        _name(node.node, scope, uses, (), Arguments(len(node.args), tuple(word.key for word in node.kwargs)))
        _walk_all([*node.args, *node.kwargs], scope, uses)
    else:
        _walk_all(node.iter_child_nodes(), scope, uses)


def _getattr(node: nodes.Getattr, scope: _Scope, uses: list[NameUse]) -> None:
    path: list[str] = []
    inner: nodes.Node = node
    while isinstance(inner, nodes.Getattr):
        path.insert(0, inner.attr)
        inner = inner.node
    if isinstance(inner, nodes.Name):
        _name(inner, scope, uses, tuple(path))
    else:
        _walk(inner, scope, uses)


def _assign(node: nodes.Assign, scope: _Scope, uses: list[NameUse]) -> None:
    _walk(node.node, scope, uses)
    scope |= _bound(node.target)


def _assign_block(node: nodes.AssignBlock, scope: _Scope, uses: list[NameUse]) -> None:
    _walk_all([node.filter, *node.body], dict(scope), uses)
    scope |= _bound(node.target)


def _for(node: nodes.For, scope: _Scope, uses: list[NameUse]) -> None:
    before = len(uses)
    _walk(node.iter, scope, uses)
    over = node.iter.node if isinstance(node.iter, nodes.Filter) and node.iter.name == LOOP_FILTER else node.iter
    if isinstance(over, nodes.Name | nodes.Getattr) and len(uses) == before + 1:
        uses[-1] = replace(uses[-1], looped=True)
    inner = {**scope, **_bound(node.target), "loop": None}
    if isinstance(node.target, nodes.Name) and len(uses) > before and uses[-1].looped:
        inner[node.target.name] = uses[-1]
    _walk_all([node.test, *node.body], inner, uses)
    _walk_all(node.else_, dict(scope), uses)


def _macro(node: nodes.Macro | nodes.CallBlock, scope: _Scope, uses: list[NameUse]) -> None:
    _walk_all(node.defaults, scope, uses)
    if isinstance(node, nodes.Macro):
        scope[node.name] = None
    else:
        _walk(node.call, scope, uses)
    inner = scope | dict.fromkeys([*(arg.name for arg in node.args), "caller", "varargs", "kwargs"])
    _walk_all(node.body, inner, uses)


def _with(node: nodes.With, scope: _Scope, uses: list[NameUse]) -> None:
    _walk_all(node.values, scope, uses)
    inner = scope | {name: None for target in node.targets for name in _bound(target)}
    _walk_all(node.body, inner, uses)


_VISIT: dict[type[nodes.Node], Callable[[Any, _Scope, list[NameUse]], None]] = {
    nodes.Assign: _assign,
    nodes.AssignBlock: _assign_block,
    nodes.Call: _call,
    nodes.CallBlock: _macro,
    nodes.For: _for,
    nodes.Getattr: _getattr,
    nodes.Macro: _macro,
    nodes.Name: _name,
    nodes.With: _with,
}
