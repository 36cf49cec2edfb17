"""Tags of templates that do not fit together: which of them is the mistake."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ..diagnostics import catalogue
from ..records import dataclass
from .problem import SyntaxProblem
from .tokens import Token

_CLOSERS = {"IF": "ENDIF", "FOR": "ENDFOR"}
_WORDS = {"IF": "if", "FOR": "for", "ENDIF": "endif", "ENDFOR": "endfor", "ELSE": "else"}


@dataclass(slots=True)
class _Open:
    """A tag that waits for its end."""

    kind: str
    start: int
    end: int
    has_else: bool = False


def misplaced_tag(text: str, tokens: list[Token], problem: SyntaxProblem) -> SyntaxProblem | None:
    """The first mistake among the tags of the template that the problem stands in."""
    for opener, closer, found in _mistakes(tokens):
        if tokens[opener].start <= problem.start < tokens[closer].end:
            return found
    return None


def _mistakes(tokens: Sequence[Token]) -> Iterator[tuple[int, int, SyntaxProblem]]:
    """Each wrong template: where it begins and ends, and the first of its mistakes."""
    templates: list[tuple[int, list[_Open], list[SyntaxProblem]]] = []
    for at, token in enumerate(tokens):
        if token.type == "BT_OPEN":
            templates.append((at, [], []))
        elif token.type == "HOLE_OPEN" and templates:
            _, opened, found = templates[-1]
            if (wrong := _read_tag(tokens, at, opened)) is not None:
                found.append(wrong)
        elif token.type == "BT_CLOSE" and templates:
            begin, opened, found = templates.pop()
            if opened and not found:
                word = _WORDS[opened[-1].kind]
                message = f"this `${{{word} …}}` is never closed"
                found.append(_wrong(opened[-1].start, opened[-1].end, message, f"add `${{end{word}}}`"))
            if found:
                yield begin, at, found[0]


def _wrong(start: int, end: int, message: str, hint: str) -> SyntaxProblem:
    return SyntaxProblem(catalogue.TEMPLATE_TAG, start, end, message, hint)


def _read_tag(tokens: Sequence[Token], at: int, opened: list[_Open]) -> SyntaxProblem | None:
    kinds = [token.type for token in tokens[at + 1 : at + 3]]
    start, end = tokens[at].start, _end_of_hole(tokens, at)
    match kinds:
        case ["HOLE_CLOSE", *_]:
            return _wrong(start, end, "this hole holds nothing", "put a value into it, or write `\\${`")
        case ["IF" | "FOR" as kind, *_] if not _holds_block(tokens, at):
            opened.append(_Open(kind, start, end))
        case ["ENDIF" | "ENDFOR" as kind, *_]:
            return _close(kind, start, end, opened)
        case ["ELSE", *behind]:
            return _turn(behind == ["IF"], start, end, opened)
    return None


def _close(kind: str, start: int, end: int, opened: list[_Open]) -> SyntaxProblem | None:
    if not opened:
        return _wrong(start, end, f"this `${{{_WORDS[kind]}}}` closes nothing", "take it away")
    tag = opened.pop()
    if _CLOSERS[tag.kind] == kind:
        return None
    message = f"`${{{_WORDS[kind]}}}` cannot close a `${{{_WORDS[tag.kind]} …}}`"
    return _wrong(start, end, message, f"write `${{{_WORDS[_CLOSERS[tag.kind]]}}}`")


def _turn(is_elif: bool, start: int, end: int, opened: list[_Open]) -> SyntaxProblem | None:
    shown = "`${else if …}`" if is_elif else "`${else}`"
    if not opened or opened[-1].kind != "IF":
        return _wrong(start, end, f"this {shown} belongs to no `${{if …}}`", "take it away")
    if opened[-1].has_else:
        what = "`${else if …}` stands behind `${else}`" if is_elif else "there is an `${else}` already"
        return _wrong(start, end, what, "`${else}` comes last, and once")
    opened[-1].has_else = not is_elif
    return None


def _end_of_hole(tokens: Sequence[Token], at: int) -> int:
    depth = 0
    for token in tokens[at:]:
        depth += {"HOLE_OPEN": 1, "HOLE_CLOSE": -1}.get(token.type, 0)
        if depth == 0:
            return token.end
    return tokens[-1].end


def _holds_block(tokens: Sequence[Token], at: int) -> bool:
    """Whether the `if` behind the opening brace of a hole is an expression."""
    depth = 0
    for token in tokens[at + 1 :]:
        if depth == 0 and token.type in ("LBRACE", "HOLE_CLOSE"):
            return token.type == "LBRACE"
        depth += token.type in _OPENING
        depth -= token.type in _CLOSING
    return False


_OPENING = frozenset({"LPAR", "LSQB", "LAMBDA_OPEN", "CTOR_OPEN", "MAP_OPEN", "ARMS_OPEN", "HOLE_OPEN"})
_CLOSING = frozenset({"RPAR", "RSQB", "RBRACE", "HOLE_CLOSE"})
