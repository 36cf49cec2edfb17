"""Printers of types and attributes."""

from __future__ import annotations

from .concrete import Leaf, Tree
from .layout import LINE, NOTHING, SPACE, Doc, Group, Indent
from .pieces import FORMAT, bare, bracketed, brackets, doc, dropped, first_leaf, in_order, words


def _type(tree: Tree) -> Doc:
    """Members of a union that is too long stand under each other, each behind its `|`."""
    first, *rest = tree.children
    if not rest:
        return doc(first)
    members = [(LINE, doc(pipe), SPACE, doc(member)) for pipe, member in zip(rest[::2], rest[1::2], strict=True)]
    return Group((doc(first), Indent(members)), broken=_any_starts_line(tree))


def _any_starts_line(tree: Tree) -> bool:
    rest = tree.children[1:]
    return any(first_leaf(part).starts_line for part in rest)


def _type_member(tree: Tree) -> Doc:
    attributes = [c for c in tree.children if isinstance(c, Tree) and c.rule == "attribute"]
    bound = [doc(c) for c in tree.children if c not in attributes]
    return with_attributes(bound, attributes)


def with_attributes(bound: Doc, attributes: list[Tree]) -> Doc:
    if not attributes:
        return bound
    lines = [(LINE, doc(attribute)) for attribute in attributes]
    return Group((bound, Indent(lines)), broken=attributes[0].first_leaf().starts_line)


def _parenthesised_type(tree: Tree) -> Doc:
    arrow = tree.leaf("ARROW")
    head, tail = (tree.children, ()) if arrow is None else tree.before_and_from("ARROW")
    opener, params, closer = brackets(head)
    # `(A,)` is a tuple and `(A)` is not.
    is_single = arrow is None and sum(isinstance(p, Tree) for p in params) == 1
    if is_single and isinstance(params[-1], Leaf):
        return (doc(opener), *map(doc, params), doc(closer))
    result = [(SPACE, doc(part)) for part in tail]
    return (bracketed(opener, params, closer), result)


def _parameter_type(tree: Tree) -> Doc:
    if len(tree.children) == 1:
        return doc(tree.children[0])
    name, colon, ty = tree.children
    return (doc(name), doc(colon), SPACE, doc(ty))


def bracketed_tree(tree: Tree) -> Doc:
    opener, inner, closer = brackets(tree.children)
    return bracketed(opener, inner, closer)


def _attribute_arguments(tree: Tree) -> Doc:
    opener, inner, closer = brackets(tree.children)
    comma = inner[-1] if inner and isinstance(inner[-1], Leaf) else None
    is_commented = bool(dropped(comma) or closer.comments)
    if sum(isinstance(c, Tree) for c in inner) == 1 and not is_commented:
        return (doc(opener), doc(inner[0]), bare(closer))
    # Unquoted text takes a comment on its line for more of itself; a comma ends it.
    return bracketed(opener, inner, closer, trailing="," if is_commented else NOTHING)


FORMAT |= {
    "type": _type,
    "type_member": _type_member,
    "tested_type": _type_member,
    "list_suffix": in_order,
    "type_name": in_order,
    "tested_name": in_order,
    "type_arguments": bracketed_tree,
    "tested_arguments": bracketed_tree,
    "literal_type": in_order,
    "parenthesised_type": _parenthesised_type,
    "parameter_type": _parameter_type,
    "type_binding": words,
    "ctor_types": bracketed_tree,
    "attribute": in_order,
    "block_attribute": in_order,
    "attribute_arguments": _attribute_arguments,
    "attribute_argument": in_order,
}
