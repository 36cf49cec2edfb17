"""Annotations that are longer than a line, broken as a formatter would break them."""

from __future__ import annotations

from .layout import WIDTH


def annotated(before: str, annotation: str, after: str, indent: int, *, in_parentheses: bool = True) -> list[str]:
    """The lines of `before annotation after`. An item of a list of others needs no parentheses around a union."""
    margin = " " * indent
    flat = f"{margin}{before}{annotation}{after}"
    if len(flat) <= WIDTH:
        return [flat]
    members = split(annotation, "|")
    if len(members) == 1:
        return _subscript(before, annotation, after, indent)
    if not in_parentheses:
        return _members(before, members, after, indent)
    inner = f"{margin}    {annotation}"
    lines = [inner] if len(inner) <= WIDTH else _members("", members, "", indent + 4)
    return [f"{margin}{before}(", *lines, f"{margin}){after}"]


def _members(before: str, members: list[str], after: str, indent: int) -> list[str]:
    heads = [before, *("| " for _ in members[1:])]
    ends = [*("" for _ in members[1:]), after]
    return [
        line
        for head, member, end in zip(heads, members, ends, strict=True)
        for line in annotated(head, member, end, indent)
    ]


def _subscript(before: str, annotation: str, after: str, indent: int) -> list[str]:
    """Its arguments in a line of their own, or in one line each. What has none cannot be broken."""
    margin = " " * indent
    if not annotation.endswith("]"):
        return [f"{margin}{before}{annotation}{after}"]
    head, _, inside = annotation.removesuffix("]").partition("[")
    joined = f"{margin}    {inside}"
    lines = [joined]
    if len(joined) > WIDTH:
        arguments = split(inside, ",")
        lines = [
            line
            for argument in arguments
            for line in annotated(
                "", argument, "," if len(arguments) > 1 else "", indent + 4, in_parentheses=False
            )
        ]
    return [f"{margin}{before}{head}[", *lines, f"{margin}]{after}"]


def split(joined: str, separator: str) -> list[str]:
    """At the separators that no bracket or string holds."""
    parts, depth, quote, start, escaped = [], 0, "", 0, False
    for at, character in enumerate(joined):
        if quote:
            if not escaped and character == quote:
                quote = ""
            escaped = character == "\\" and not escaped
        elif character in "'\"":
            quote = character
        elif character in "[(":
            depth += 1
        elif character in "])":
            depth -= 1
        elif character == separator and not depth:
            parts.append(joined[start:at].strip())
            start = at + 1
    return [*parts, joined[start:].strip()]
