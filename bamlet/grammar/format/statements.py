"""Printers of blocks and statements: where a `;` stands, and what shares a line.

Every statement ends in `;` except those that end in a block: older compilers want it, newer ones do not mind.
The last expression of a block has one only if it was written, for it decides whether the block has a value.
"""

from __future__ import annotations

from collections.abc import Sequence

from .concrete import Concrete, Leaf, Tree
from .layout import LINE, NEXT, NOTHING, SOFT, SPACE, Doc, Group, Indent
from .pieces import FORMAT, always, bare, brackets, doc, dropped, join, spread_out, words

# After a block these would go on with it in the eyes of other compilers, and of people.
CONTINUES = ("LPAR", "LAMBDA_OPEN", "LSQB", "MINUS")
_ENDING_IN_BLOCKS = ("while", "for", "for_in", "defer", "test_body_decl", "testset_decl")


def block(tree: Tree) -> Doc:
    return Group(block_contents(tree), broken=holds_lines(tree))


def holds_lines(tree: Tree) -> bool:
    """Whether there is something in the block, and on lines of its own."""
    _, inner, closer = brackets(tree.children)
    return bool(inner or closer.comments) and spread_out(tree.children)


def block_contents(tree: Tree) -> Doc:
    """A block without a group of its own: it breaks together with what is around it."""
    opener, inner, closer = brackets(tree.children)
    if not inner and not closer.comments:
        return (doc(opener), bare(closer))
    inside = Indent((LINE, join(_statements(inner), NEXT), closer.comments))
    return (doc(opener), inside, LINE, bare(closer))


def _statements(parts: Sequence[Concrete]) -> list[Doc]:
    trees = [part for part in parts if isinstance(part, Tree)]
    following = iter([*trees[1:], None])
    shown: list[Doc] = []
    for part in parts:
        if isinstance(part, Tree):
            shown.append(_statement(part, next(following)))
        elif not shown:
            # A `;` that opens a block stays: without it the block might be read as a map or as a prompt.
            shown.append(doc(part))
        else:
            shown[-1] = (shown[-1], dropped(part))
    return shown


def _statement(tree: Tree, following: Tree | None) -> Doc:
    if tree.rule in _ENDING_IN_BLOCKS:
        return doc(tree)
    semicolon = tree.leaf("SEMI")
    written = always(semicolon, ";")
    if tree.rule != "expr_statement":
        return (doc(tree), written)
    if following is None:
        return (doc(tree), doc(semicolon) if semicolon else NOTHING)
    next_type = following.first_leaf().type
    value = tree.children[0]
    if isinstance(value, Tree) and value.rule == "block_like":
        return (doc(tree), written if next_type in CONTINUES else dropped(semicolon))
    if next_type == "LBRACE" and semicolon is None:
        # `f() {}` is a call and an empty block; behind a `;` the braces would be a map.
        return doc(tree)
    return (doc(tree), written)


def _without_semicolon(tree: Tree) -> Doc:
    """Statements do not print their `;`: only the block knows whether it is needed."""
    return join([doc(c) for c in tree.children if not (isinstance(c, Leaf) and c.type == "SEMI")], SPACE)


def let(tree: Tree) -> Doc:
    parts: list[Doc] = []
    for part in tree.children:
        if isinstance(part, Leaf) and part.type == "SEMI":
            continue
        is_colon = isinstance(part, Leaf) and part.type == "COLON"
        if is_colon:
            parts[-1] = (parts[-1], doc(part))
        else:
            parts.append(doc(part))
    return join(parts, SPACE)


def _let_decl(tree: Tree) -> Doc:
    return (let(tree), always(tree.leaf("SEMI"), ";"))


def parenthesised(opener: Doc, inner: Doc, closer: Leaf) -> Doc:
    return Group((opener, Indent((SOFT, inner, closer.comments)), SOFT, bare(closer)))


def _while(tree: Tree) -> Doc:
    return words(tree)


def _for_in(tree: Tree) -> Doc:
    if tree.leaf("LPAR") is None:
        return words(tree)
    keyword, opener, *head, closer, body = tree.children
    assert isinstance(closer, Leaf)
    inner = join(map(doc, head), SPACE)
    return (doc(keyword), SPACE, parenthesised(doc(opener), inner, closer), SPACE, doc(body))


def _for(tree: Tree) -> Doc:
    keyword, opener, *head, closer, body = tree.children
    assert isinstance(closer, Leaf)
    inner: list[Doc] = []
    for at, part in enumerate(head):
        has_next = isinstance(part, Leaf) and at + 1 < len(head) and isinstance(head[at + 1], Tree)
        inner += (doc(part), LINE if has_next else NOTHING)
    return (doc(keyword), SPACE, parenthesised(doc(opener), inner, closer), SPACE, doc(body))


FORMAT |= {
    "block": block,
    "let": let,
    "let_decl": _let_decl,
    "client_value_decl": _let_decl,
    "assign": _without_semicolon,
    "expr_statement": _without_semicolon,
    "while": _while,
    "for_in": _for_in,
    "for": _for,
    "defer": words,
    "for_init": let,
    "for_condition": _without_semicolon,
    "for_step": _without_semicolon,
    "assert": _without_semicolon,
}
