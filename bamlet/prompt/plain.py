"""A prompt of text, arguments, roles and the output format alone: template and values in, messages out.

Most prompts are such, and to put them together takes no template engine. Whatever else stands between braces is
left to the engine whole, and so is what goes wrong: it knows the lines.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any, Final

from ..jinja.limits import MAX_TEXT
from ..jinja.plain import plain_parts
from ..jinja.values import show
from ..records import dataclass
from .errors import PromptError
from .parts import Message, Prompt, Text

_OWN: Final = ("_", "ctx")
_OUTPUT: Final = ("ctx", "output_format")
_ROLES: Final = (("_", "role"), ("_", "chat"))


@dataclass(frozen=True, slots=True)
class _Value:
    """The place of a value in a text."""

    name: str


_FORMAT: Final = _Value(".".join(_OUTPUT))  # no argument is called so


@dataclass(frozen=True, slots=True)
class _Plain:
    """What is said in each role, in order; the names of all values in it, with how often each stands there; and
    the size of the rest."""

    said: tuple[tuple[str | None, tuple[str | _Value, ...]], ...]
    names: Mapping[str, int]
    size: int


def render_plain(template: str, arguments: Mapping[str, Any], output: Callable[[], str]) -> Prompt | None:
    """`output` writes the output format. Nothing, if the engine is to render it."""
    plain = _read(template)
    if plain is None or any(name in arguments for name in _OWN):
        return None
    try:
        shown = {name: output() if name == _FORMAT.name else _shown(arguments[name]) for name in plain.names}
    except (PromptError, KeyError, ValueError):
        return None
    # Asked before they are joined: a value may stand in a prompt many times.
    if plain.size + sum([count * len(shown[name]) for name, count in plain.names.items()]) > MAX_TEXT:
        return None
    texts = [
        (role, "".join([part if isinstance(part, str) else shown[part.name] for part in parts]))
        for role, parts in plain.said
    ]
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
    said: list[tuple[str | None, list[str | _Value]]] = [(None, [])]
    names: Counter[str] = Counter()
    size = 0
    for part in plain_parts(template) or (None,):
        if isinstance(part, str):
            said[-1][1].append(part)
            size += len(part)
        elif part is None:
            return None
        elif part.argument is not None and part.path in _ROLES:
            said.append((part.argument, []))
        elif part.argument is None and (part.path == _OUTPUT or len(part.path) == 1):
            value = _FORMAT if part.path == _OUTPUT else _Value(part.path[0])
            names[value.name] += 1
            said[-1][1].append(value)
        else:
            return None
    return _Plain(tuple((role, tuple(parts)) for role, parts in said), names, size)
