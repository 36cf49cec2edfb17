"""Printers of items: declarations and their members, configuration blocks, function headers.

One blank stands between a name and its type, a key and its value. Columns are not kept: a longer name would
change the lines of all its neighbours, and a block that was aligned cannot be told from one that happens to be.
"""

from __future__ import annotations

from collections.abc import Sequence

from .concrete import Concrete, Leaf, Tree
from .layout import HARD, LINE, MEMBER, NEXT, NOTHING, SPACE, Doc, Either, Group, Indent
from .pieces import (
    FORMAT,
    TRAILING_COMMA,
    always,
    bare,
    bracketed,
    brackets,
    doc,
    dropped,
    in_order,
    join,
    leaves,
    spread_out,
    words,
)
from .types import bracketed_tree, with_attributes


def _lines(parts: Sequence[Concrete]) -> Doc:
    """Braces, and members on lines of their own."""
    opener, members, closer = brackets(parts)
    if not members and not closer.comments:
        return (doc(opener), bare(closer))
    inside = Indent((HARD, join(map(doc, members), MEMBER), closer.comments))
    return (doc(opener), inside, HARD, bare(closer))


def _declaration(tree: Tree) -> Doc:
    """`class`, `interface`, `implements`, `enum`, `type_builder`: words, then a body of members."""
    head, body = tree.before_and_from("LBRACE")
    comma = body[-1] if isinstance(body[-1], Leaf) and body[-1].type == "COMMA" else None
    members = body[:-1] if comma else body
    return (_head(head), SPACE, _lines(members), _separator(comma) if comma else NOTHING)


def _head(parts: Sequence[Concrete]) -> Doc:
    """Words with blanks between, but before type parameters and commas."""
    shown: list[Doc] = []
    for at, part in enumerate(parts):
        is_close = part.rule == "type_params" if isinstance(part, Tree) else part.type == "COMMA"
        shown += (NOTHING if at == 0 or is_close else SPACE, doc(part))
    return shown


def _separator(leaf: Leaf | None) -> Doc:
    """A comma that is not needed. Behind a doc comment it stays, or the next member would get the doc."""
    return doc(leaf) if leaf is not None and leaf.doc is not None else dropped(leaf)


def _field_decl(tree: Tree) -> Doc:
    ty = tree.tree("type")
    assert ty is not None
    colon = dropped(tree.leaf("COLON"))
    return (doc(tree.children[0]), colon, SPACE, doc(ty), _separator(tree.leaf("COMMA")))


def _enum_value_decl(tree: Tree) -> Doc:
    return (with_attributes(doc(tree.children[0]), tree.trees()), _separator(tree.leaf("COMMA")))


def _alias_decl(tree: Tree) -> Doc:
    semicolon = tree.leaf("SEMI")
    plain = tree.children[:-1] if semicolon else tree.children
    # Comments before a `;` need it: without it they might become those of the next item.
    kept = doc(semicolon) if semicolon and semicolon.comments else NOTHING
    return (join(map(doc, plain), SPACE), kept)


# --- functions


def _function_decl(tree: Tree) -> Doc:
    """What is too long breaks at its parameters. A native operation, which has no body to stand apart from,
    breaks before its `throws`."""
    keyword, name, *parts = tree.children
    is_stub = tree.tree("sysop_stub") is not None
    shown = [doc(keyword), SPACE, doc(name)]
    for part in parts:
        rule = part.rule if isinstance(part, Tree) else ""
        if rule in ("type_params", "params"):
            shown.append(doc(part))
        elif isinstance(part, Leaf):
            shown.append(_separator(part))
        else:
            breaks = is_stub and rule == "throws"
            shown.append(Group(Indent((LINE, doc(part)))) if breaks else (SPACE, doc(part)))
    return shown


def _member(tree: Tree) -> Doc:
    """Words, and a comma or semicolon that is not needed."""
    last = tree.children[-1]
    if not isinstance(last, Leaf) or last.type not in ("COMMA", "SEMI"):
        return words(tree)
    return (join(map(doc, tree.children[:-1]), SPACE), _separator(last))


def _param(tree: Tree) -> Doc:
    ty, equal = tree.tree("type"), tree.leaf("EQUAL")
    default = (SPACE, doc(equal), SPACE, doc(tree.children[-1])) if equal else NOTHING
    if ty is None:
        return (doc(tree.children[0]), default)
    return (doc(tree.children[0]), always(tree.leaf("COLON"), ":"), SPACE, doc(ty), default)


def _llm_body(tree: Tree) -> Doc:
    return _lines(tree.children)


def _sysop_stub(tree: Tree) -> Doc:
    opener, stub, closer = brackets(tree.children)
    inside = Indent((LINE, doc(stub[0]), closer.comments))
    return Group((doc(opener), inside, LINE, bare(closer)), broken=spread_out(tree.children))


# --- configuration


def _configured(tree: Tree) -> Doc:
    """`client`, `retry_policy`, `generator`, `test`. The parentheses of `test Name()` go."""
    *head, body = tree.children
    assert isinstance(body, Tree)
    needs_parentheses = tree.leaf("STRING") is not None and not _lists_functions(body)
    shown: list[Doc] = []
    for part in head:
        if isinstance(part, Leaf) and part.type in ("LPAR", "RPAR"):
            shown[-1] = (shown[-1], doc(part) if needs_parentheses else dropped(part))
        elif isinstance(part, Tree):  # client<llm>
            shown[-1] = (shown[-1], doc(part))
        else:
            shown.append(doc(part))
    return (join(shown, SPACE), SPACE, _lines(body.children))


def _lists_functions(body: Tree) -> bool:
    """Whether its first word alone tells that a test is no body of statements."""
    members = body.trees()
    first = members[0].first_leaf() if members else None
    return first is not None and (first.type in ("ATAT", "TYPE_BUILDER") or first.text in ("functions", "args"))


def _config(tree: Tree) -> Doc:
    """A nested block stays on one line if it was on one and holds nothing but entries."""
    opener, members, closer = brackets(tree.children)
    if spread_out(tree.children) or not members or not all(map(_fits_in_line, members)):
        return _lines(tree.children)
    entries = join(map(doc, members), (Either("", ","), NEXT))
    return Group((doc(opener), Indent((LINE, entries, closer.comments)), LINE, bare(closer)))


def _fits_in_line(member: Concrete) -> bool:
    is_entry = isinstance(member, Tree) and member.rule == "config_entry"
    return is_entry and not _holds_slashes(member)


def _holds_slashes(part: Concrete) -> bool:
    """`//` in a value: some readers take it for a comment, so no bracket may follow it on its line."""
    return any(leaf.type == "UNQUOTED" and "//" in leaf.text for leaf in leaves(part))


def _config_entry(tree: Tree) -> Doc:
    [value] = tree.trees()
    colon = tree.leaf("COLON")
    # `key: :x` has the value `:x`; without its colon it would be `x`.
    is_needed = colon is not None and value.first_leaf().text.startswith(":")
    shown = doc(colon) if colon is not None and is_needed else dropped(colon)
    return (doc(tree.children[0]), shown, SPACE, doc(value), dropped(tree.leaf("COMMA")))


def _config_list(tree: Tree) -> Doc:
    spread = _holds_slashes(tree)
    return bracketed(*brackets(tree.children), trailing=TRAILING_COMMA, spread=spread)


def _config_call(tree: Tree) -> Doc:
    return bracketed(*brackets(tree.children), spread=_holds_slashes(tree))


def _template_string_decl(tree: Tree) -> Doc:
    keyword, name, *rest = tree.children
    parts: list[Doc] = [doc(keyword), SPACE, doc(name)]
    for part in rest:
        if isinstance(part, Tree):
            parts += (SPACE if part.rule == "template" else NOTHING, doc(part))
        elif part.type == "EQUAL":
            parts.append(dropped(part))
        else:
            parts += (SPACE, doc(part))
    return parts


FORMAT |= {
    "class_decl": _declaration,
    "interface_decl": _declaration,
    "implements_block": _declaration,
    "implements_decl": _declaration,
    "method_signature": _function_decl,
    "type_params": bracketed_tree,
    "type_param": words,
    "associated_type": _member,
    "field_link": _member,
    "enum_decl": _declaration,
    "type_builder": _declaration,
    "field_decl": _field_decl,
    "enum_value_decl": _enum_value_decl,
    "alias_decl": _alias_decl,
    "dynamic_decl": words,
    "function_decl": _function_decl,
    "params": bracketed_tree,
    "param": _param,
    "result": words,
    "throws": words,
    "llm_body": _llm_body,
    "sysop_stub": _sysop_stub,
    "client_decl": _configured,
    "client_kind": in_order,
    "retry_policy_decl": _configured,
    "generator_decl": _configured,
    "test_decl": _configured,
    "test_body_decl": words,
    "testset_decl": words,
    "template_string_decl": _template_string_decl,
    "config": _config,
    "config_entry": _config_entry,
    "config_text": in_order,
    "config_list": _config_list,
    "config_call": _config_call,
}
