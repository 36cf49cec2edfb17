"""A prompt of text, arguments, roles and the output format alone: template and values in, messages out.

Most prompts are such, and to put them together takes no template engine, which is slow to load and to run.
Whatever else stands between braces is left to the engine whole, and so is what goes wrong: it knows the lines.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any, Final

from ..jinja.limits import MAX_TEXT
from ..jinja.values import show
from ..patterns import pattern
from ..records import dataclass
from .errors import PromptError
from .parts import Message, Prompt, Text

_HOLE = pattern(
    r"""(?xa) \{\{ \s* (?:
        (?P<name> [a-z_]\w* )
        | (?P<output> ctx\.output_format )
        | _\.(?:role|chat)\( \s* (?P<quote>["']) (?P<role> [\w-]+ ) (?P=quote) \s* \)
    ) \s* \}\}"""
)
# What the engine knows as something else than a value that it is given.
_WORDS: Final = frozenset(("true", "false", "none", "not", "and", "or", "in", "is", "if", "else", "self"))
_OWN: Final = ("_", "ctx")
_OUTPUT: Final = "ctx.output_format"


@dataclass(frozen=True, slots=True)
class _Part:
    """Text as it stands there, or the name of a value."""

    text: str
    name: str | None = None


@dataclass(frozen=True, slots=True)
class _Plain:
    """What is said in each role, in order, and the names of all values in it."""

    said: tuple[tuple[str | None, tuple[_Part, ...]], ...]
    names: frozenset[str]


def render_plain(template: str, arguments: Mapping[str, Any], output: Callable[[], str]) -> Prompt | None:
    """`output` writes the output format. Nothing, if the engine is to render it."""
    plain = _read(template)
    if plain is None or any(name in arguments for name in _OWN):
        return None
    try:
        shown = {name: output() if name == _OUTPUT else _shown(arguments[name]) for name in plain.names}
    except (PromptError, KeyError, ValueError):
        return None
    texts = [
        (role, "".join([part.text if part.name is None else shown[part.name] for part in parts]))
        for role, parts in plain.said
    ]
    if sum([len(text) for _, text in texts]) > MAX_TEXT:
        return None
    if len(texts) == 1:
        return Prompt((Message(None, (Text(texts[0][1]),)),))
    said = ((role, stripped) for role, text in texts if (stripped := text.strip()))
    return Prompt(tuple([Message(role, (Text(text),)) for role, text in said]) or (Message(None, (Text(""),)),))


def is_plain(template: str) -> bool:
    """Whether it takes no engine, unless an argument does."""
    return _read(template) is not None


def _shown(value: object) -> str:
    """Raises `KeyError` for what may hold media, or parts without end."""
    kind = type(value)
    if kind is str:
        return value  # type: ignore[return-value]  # no class below it has got here
    return _SCALARS[kind](value)


_SCALARS: Mapping[type, Callable[[Any], str]] = {
    bool: show,
    float: show,
    int: show,
    type(None): lambda _: "null",
}


@lru_cache(maxsize=1_024)
def _read(template: str) -> _Plain | None:
    """Nothing if there is more in it than these few forms, in whatever spelling."""
    # As the engine reads it: one kind of line break, and none at the end.
    text = template.replace("\r\n", "\n").replace("\r", "\n").removesuffix("\n")
    said: list[tuple[str | None, list[_Part]]] = [(None, [])]
    names: set[str] = set()
    end = 0
    for hole in _HOLE.finditer(text):
        said[-1][1].append(_Part(text[end : hole.start()]))
        end = hole.end()
        if (role := hole["role"]) is not None:
            said.append((role, []))
        else:
            name = hole["name"] or _OUTPUT
            names.add(name)
            said[-1][1].append(_Part("", name))
    said[-1][1].append(_Part(text[end:]))
    between = [part.text for _, parts in said for part in parts if part.name is None]
    if not names.isdisjoint(_WORDS) or any(_opens(part) for part in between):
        return None
    return _Plain(tuple((role, tuple(parts)) for role, parts in said), frozenset(names))


def _opens(text: str) -> bool:
    """Whether something else begins in it, or with its last brace."""
    return text.endswith("{") or any(mark in text for mark in ("{{", "{%", "{#"))
