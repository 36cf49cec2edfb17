"""Nodes in, all that lies below them out, on a stack of our own: trees may be deeper than Python's."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from . import nodes as n


def walk(*roots: n.Node | None, below: Callable[[n.Node], Iterable[n.Node]] = n.Node.children) -> Iterator[n.Node]:
    """The roots and everything below them; `below` tells where to go on. Of siblings the last comes first."""
    stack = [root for root in roots if root is not None]
    while stack:
        node = stack.pop()
        yield node
        stack += below(node)


def functions_of(item: n.Item) -> Iterable[n.FunctionDecl]:
    """The item itself if it is a function, or its methods."""
    if isinstance(item, n.FunctionDecl):
        return (item,)
    match item:
        case n.ClassDecl(methods=methods, implements=blocks):
            return (*methods, *(method for block in blocks for method in block.methods))
        case n.EnumDecl(methods=methods) | n.ImplementsDecl(block=n.Implements(methods=methods)):
            return methods
        case n.InterfaceDecl(methods=methods):
            return [method for method in methods if method.body is not None]
        case _:
            return ()


def outside_lambdas(node: n.Node) -> Iterable[n.Node]:
    """For `below`: what a lambda holds runs when it is called, not where it stands."""
    return () if isinstance(node, n.Lambda) else node.children()
