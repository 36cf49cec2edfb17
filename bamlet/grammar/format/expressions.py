"""Printers of expressions and patterns."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import zip_longest

from .concrete import Concrete, Leaf, Tree
from .layout import LINE, NEXT, NOTHING, SOFT, SPACE, Doc, Either, Flat, Group, Indent
from .pieces import (
    FORMAT,
    TRAILING_COMMA,
    bare,
    bracketed,
    brackets,
    doc,
    dropped,
    in_order,
    join,
    spread_out,
    words,
)
from .statements import CONTINUES, block_contents, holds_lines, let, parenthesised
from .types import bracketed_tree


def _expr(tree: Tree) -> Doc:
    """Operands in a row: one that is too long breaks before each operator."""
    first, *rest = tree.children
    if not rest:
        return doc(first)
    lines: list[Doc] = []
    at = 0
    while at < len(rest):
        part = rest[at]
        if isinstance(part, Tree):
            # Newer compilers take an `is` that begins a line for a name.
            lines += (SPACE if part.rule == "is_test" else LINE, doc(part))
            at += 1
            continue
        operator = [doc(part)]
        while isinstance(rest[at + 1], Leaf):  # `>` `>`, `?` `?`
            at += 1
            operator.append(doc(rest[at]))
        lines += (LINE, operator, SPACE, doc(rest[at + 1]))
        at += 2
    return Group((doc(first), Indent(lines)))


def _prefixed(tree: Tree) -> Doc:
    operator, operand = tree.children
    assert isinstance(operator, Leaf)
    if operator.type == "AWAIT":
        return (doc(operator), SPACE, doc(operand))
    after = operand.first_leaf() if isinstance(operand, Tree) else operand
    # `- -x` without the blank would be a decrement.
    is_apart = operator.text == "-" and after.text.startswith("-")
    return (doc(operator), SPACE if is_apart else NOTHING, doc(operand))


# --- calls and chains


def _postfixed(tree: Tree) -> Doc:
    """A value and what is done to it. Two method calls or more are a chain, which breaks before each dot."""
    shown: list[Doc] = []
    chain: list[Concrete] = []
    for part in tree.children:
        if isinstance(part, Tree) and part.rule == "catch":
            shown.append((_chain(chain), SPACE) if chain else SPACE)
            shown.append(doc(part))
            chain = []
        else:
            chain.append(part)
    return (*shown, _chain(chain) if chain else NOTHING)


def _chain(parts: list[Concrete]) -> Doc:
    dots = [p for p in parts if isinstance(p, Tree) and p.rule in ("field_access", "optional_access")]
    if len(dots) < 2:
        return [doc(part) for part in parts]
    at = parts.index(dots[0])
    links = [(SOFT if part in dots else NOTHING, doc(part)) for part in parts[at:]]
    head = [doc(part) for part in parts[:at]]
    return Group((head, Indent(links)), broken=any(dot.first_leaf().starts_line for dot in dots))


def _arguments(tree: Tree) -> Doc:
    opener, inner, closer = brackets(tree.children)
    is_single = sum(isinstance(part, Tree) for part in inner) == 1
    is_commented = any(leaf.comments for leaf in (*inner[1:], closer) if isinstance(leaf, Leaf))
    if is_single and _holds_its_own_lines(inner[0]) and not is_commented:
        return (doc(opener), doc(inner[0]), bare(closer))
    return bracketed(opener, inner, closer)


def _holds_its_own_lines(part: Concrete) -> bool:
    """A lone argument in brackets of its own needs no second indentation."""
    while isinstance(part, Tree) and len(part.children) == 1 and part.rule in ("expr", "postfixed"):
        part = part.children[0]
    if not isinstance(part, Tree) or part.first_leaf().comments:
        return False
    is_text = part.rule == "literal" and "\n" in part.first_leaf().text
    return is_text or part.rule in ("template", "constructor", "map_literal", "list_literal", "lambda", "spawn")


def _group(tree: Tree) -> Doc:
    opener, inner, closer = tree.children
    assert isinstance(closer, Leaf)
    return parenthesised(doc(opener), doc(inner), closer)


# --- literals with parts


def _constructor(tree: Tree) -> Doc:
    """Also a pattern of the same form."""
    name, body = tree.before_and_from("CTOR_OPEN")
    return ([doc(part) for part in name], SPACE, _braced(body))


def _map_literal(tree: Tree) -> Doc:
    return _braced(tree.children)


def _braced(parts: Sequence[Concrete]) -> Doc:
    return bracketed(*brackets(parts), edge=LINE, trailing=TRAILING_COMMA)


def _list_literal(tree: Tree) -> Doc:
    return bracketed(*brackets(tree.children), trailing=TRAILING_COMMA)


def _keyed(tree: Tree) -> Doc:
    key, colon, value = tree.children
    return (doc(key), doc(colon), SPACE, doc(value))


def _lambda(tree: Tree) -> Doc:
    params, rest = tree.before_and_from("ARROW" if tree.leaf("ARROW") else "FAT_ARROW")
    shown = doc(params[0]) if len(params) == 1 else bracketed(*brackets(params))
    return join([shown, *map(doc, rest)], SPACE)


def _tag(tree: Tree) -> Doc:
    return _on_its_line(tree, _tag_contents(tree))


def _hole(tree: Tree) -> Doc:
    return _on_its_line(tree, in_order(tree))


def _on_its_line(tree: Tree, shown: Doc) -> Doc:
    """What was written on one line stays there: the text around it has its own lines."""
    return shown if spread_out(tree.children) else Flat(shown)


def _tag_contents(tree: Tree) -> Doc:
    opener, *inside, closer = tree.children
    if tree.leaf("LPAR") is not None:
        keyword, left, *head, right = inside
        return (
            *(doc(opener), doc(keyword), SPACE, doc(left)),
            *(join(map(doc, head), SPACE), doc(right), doc(closer)),
        )
    return (doc(opener), join(map(doc, inside), SPACE), doc(closer))


def _spawn(tree: Tree) -> Doc:
    *head, body = tree.children
    shown: list[Doc] = []
    for part in head:
        is_comma = isinstance(part, Leaf) and part.type == "COMMA"
        shown += [doc(part)] if is_comma or not shown else [SPACE, doc(part)]
    return (shown, SPACE, doc(body))


# --- if, match, catch


def _block_like(tree: Tree) -> Doc:
    first, *rest = tree.children
    shown: list[Doc] = [doc(first)]
    for part in rest:
        is_catch = isinstance(part, Tree) and part.rule == "catch"
        shown += (SPACE, doc(part)) if is_catch else (doc(part),)
    return shown


def _if(tree: Tree) -> Doc:
    """All branches share one line or none does."""
    shown: list[Doc] = []
    branch: Concrete | None = tree
    while isinstance(branch, Tree) and branch.rule == "if":
        keyword, condition, body, *otherwise = branch.children
        assert isinstance(body, Tree)
        shown += (doc(keyword), SPACE, doc(condition), SPACE, block_contents(body))
        branch = None
        if otherwise:
            shown += (SPACE, doc(otherwise[0]), SPACE)
            branch = otherwise[1]
    if isinstance(branch, Tree):
        shown.append(block_contents(branch))
    return Group(shown, broken=_branches_spread_out(tree))


def _branches_spread_out(tree: Tree) -> bool:
    """A condition over several lines does not count."""
    branches = [c for c in tree.trees() if c.rule in ("block", "if")]
    return any(holds_lines(b) if b.rule == "block" else _branches_spread_out(b) for b in branches)


def _match(tree: Tree) -> Doc:
    (keyword, *head), arms = tree.before_and_from("ARMS_OPEN")
    if len(head) == 1:
        return (doc(keyword), SPACE, doc(head[0]), SPACE, _arms(arms))
    opener, value, colon, ty, closer = head
    assert isinstance(closer, Leaf)
    scrutinee = parenthesised(doc(opener), (doc(value), doc(colon), SPACE, doc(ty)), closer)
    return (doc(keyword), SPACE, scrutinee, SPACE, _arms(arms))


def _catch(tree: Tree) -> Doc:
    (keyword, *binder), arms = tree.before_and_from("ARMS_OPEN")
    shown = (SPACE, _binders(binder)) if binder else NOTHING
    return (doc(keyword), shown, SPACE, _arms(arms))


def _binders(parts: Sequence[Concrete]) -> Doc:
    return [(doc(part), SPACE) if _rule(part) == "COMMA" else doc(part) for part in parts]


def _arms(parts: Sequence[Concrete]) -> Doc:
    opener, arms, closer = brackets(parts)
    if not arms and not closer.comments:
        return (doc(opener), bare(closer))
    shown = [_arm(arm, following) for arm, following in zip_longest(arms, arms[1:])]
    inside = Indent((LINE, join(shown, NEXT), closer.comments))
    return Group((doc(opener), inside, LINE, bare(closer)), broken=spread_out(parts))


def _arm(arm: Concrete | None, following: Concrete | None) -> Doc:
    """A comma ends it, unless its line break or brace does."""
    assert isinstance(arm, Tree)
    comma = arm.leaf("COMMA")
    parts = [c for c in arm.children if c is not comma]
    body = parts[-1]
    is_block = isinstance(body, Tree) and [_rule(c) for c in body.children] == ["block"]
    end: Doc = Either("" if is_block else ",", "")
    if following is not None:
        continues = isinstance(following, Tree) and following.first_leaf().type in CONTINUES
        end = Either("" if is_block and not continues else ",", ",")
    return (join(map(doc, parts), SPACE), dropped(comma), end)


def _rule(part: Concrete) -> str:
    return part.rule if isinstance(part, Tree) else part.type


# --- patterns


def _pattern(tree: Tree) -> Doc:
    first, *rest = tree.children
    lines = [(LINE, doc(pipe), SPACE, doc(atom)) for pipe, atom in zip(rest[::2], rest[1::2], strict=True)]
    return Group((doc(first), Indent(lines))) if rest else doc(first)


def _keyed_or_name(tree: Tree) -> Doc:
    return doc(tree.children[0]) if len(tree.children) == 1 else _keyed(tree)


FORMAT |= {
    "expr": _expr,
    "expr_start": _expr,
    "instance_of": words,
    "is_test": words,
    "prefixed": _prefixed,
    "postfixed": _postfixed,
    "field_access": in_order,
    "as_interface": in_order,
    "index": _group,
    "call": in_order,
    "generic_arguments": bracketed_tree,
    "optional_access": in_order,
    "arguments": _arguments,
    "named_argument": words,
    "catch": _catch,
    "literal": in_order,
    "template": in_order,
    "template_if": in_order,
    "template_for": in_order,
    "tag_if": _tag,
    "tag_elif": _tag,
    "tag_else": _tag,
    "tag_end": _tag,
    "tag_for": _tag,
    "tag_endfor": _tag,
    "hole": _hole,
    "path": in_order,
    "constructor": _constructor,
    "field_init": _keyed_or_name,
    "spread": in_order,
    "map_literal": _map_literal,
    "map_entry": _keyed,
    "list_literal": _list_literal,
    "group": _group,
    "throw": words,
    "return": words,
    "break": in_order,
    "continue": in_order,
    "spawned": _block_like,
    "spawn": _spawn,
    "lambda": _lambda,
    "block_like": _block_like,
    "if": _if,
    "match": _match,
    "guard": words,
    "pattern": _pattern,
    "literal_pattern": in_order,
    "type_pattern": in_order,
    "destructure": _constructor,
    "let_destructure": _constructor,
    "field_pattern": _keyed_or_name,
    "array_pattern": _list_literal,
    "rest_pattern": in_order,
    "path_pattern": in_order,
    "binding_pattern": let,
    "let_pattern": let,
    "let_condition": words,
    "group_pattern": _group,
}
