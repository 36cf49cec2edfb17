"""`baml_options`: what may be said about one call of a generated client, checked, and as a context of the call."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, TypedDict

if TYPE_CHECKING:
    from ..embed import AbortController, CallContext, ClientRegistry, Collector, FunctionLog, Report, Timeouts
    from ..embed.type_builder import DeclaredTypeBuilder


class BamlCallOptions(TypedDict, total=False):
    """Options of one call; a client made by `with_options` has them for all of its calls."""

    tb: DeclaredTypeBuilder | None
    client_registry: ClientRegistry | None
    client: str | None
    collector: Collector | Sequence[Collector] | None
    env: Mapping[str, str | None] | None
    tags: Mapping[str, str] | None
    abort_controller: AbortController | None
    on_tick: Callable[[str, FunctionLog], Any] | None
    watchers: Any
    timeouts: Timeouts | None
    deadline: float | None
    partials: Literal["latest", "every"] | None
    strict: bool | None
    on_partial: Callable[[Any], Any] | None
    on_delta: Callable[[str], Any] | None
    on_reset: Callable[[int], Any] | None
    on_report: Callable[[Report], Any] | None


Options: TypeAlias = BamlCallOptions | None


class _Unset:
    def __repr__(self) -> str:
        return "UNSET"


UNSET: Any = _Unset()
"""The default of a parameter whose default the program knows. To checkers it is of any type."""

# The name of each in `CallContext`; what has none is not for the call.
_IN_CONTEXT: Mapping[str, str | None] = {
    "tb": "type_builder",
    "client_registry": "registry",
    "client": "client",
    "collector": "collector",
    "env": "env",
    "tags": "tags",
    "abort_controller": "cancel",
    "on_tick": None,
    "watchers": None,
    "timeouts": "timeouts",
    "deadline": "deadline",
    "partials": None,
    "strict": "strict",
    "on_partial": "on_partial",
    "on_delta": "on_delta",
    "on_reset": "on_reset",
    "on_report": "on_report",
}

MAX_WARNED = 100  # keys that are warned of, each once

_warned: set[str] = set()


def merged(standing: Mapping[str, Any], given: Mapping[str, Any] | None) -> dict[str, Any]:
    """The options of a call over those that stand, key by key. None is "not given"."""
    if not given:
        return dict(standing)
    _check(given)
    return {**standing, **{key: value for key, value in given.items() if value is not None}}


def context_of(options: Mapping[str, Any], *, listened: bool = False) -> CallContext:
    """One that is `listened` to has a collector of its own, the first."""
    from ..embed.context import CallContext

    named = {name: value for key, value in options.items() if (name := _IN_CONTEXT.get(key)) is not None}
    if "on_tick" in options:
        named |= _ticking(options["on_tick"], options.get("collector"))
    elif listened:
        named |= _collecting(options.get("collector"))[1]
    return CallContext(**named)


def _ticking(listener: Callable[[str, FunctionLog], Any], given: Any) -> dict[str, Any]:
    """A collector of the call's own goes beside those that are given, which stay as they are."""
    own, named = _collecting(given)

    def tick(events: list[Any]) -> None:
        log = own.last
        assert log is not None, "a call is collected before anything of it arrives"
        for _ in events:
            listener("Unknown", log)

    return {"on_tick": tick, **named}


def _collecting(given: Any) -> tuple[Collector, dict[str, Any]]:
    from ..embed.collector import Collector

    own = Collector()
    others = () if given is None else (given,) if isinstance(given, Collector) else tuple(given)
    return own, {"collector": (own, *others)}


def _check(given: Mapping[str, Any]) -> None:
    from ..embed.errors import BamlInvalidArgumentError

    if not isinstance(given, Mapping):
        raise BamlInvalidArgumentError(f"Invalid argument: baml_options is a dict, not {given!r}")
    for key, value in given.items():
        if key not in _IN_CONTEXT:
            _warn_of(str(key))
        elif value is not None and (problem := _problem(key, value)):
            raise BamlInvalidArgumentError(f"Invalid argument: baml_options[{key!r}] {problem}, not {value!r}")


def _problem(key: str, value: Any) -> str | None:
    kind = _KINDS.get(key)
    return kind[0] if kind is not None and not kind[1](value) else None


def _is_a(module: str, name: str) -> Callable[[Any], bool]:
    """The call's context knows objects of the native package, and says what they are; so they pass here."""

    def check(value: Any) -> bool:
        kind = getattr(import_module(f"bamlet.embed.{module}"), name)
        return (
            isinstance(value, kind)
            or type(value).__module__.partition(".")[0] == "baml_py"
            or _is_native(value, name)
        )

    return check


def _is_native(value: Any, name: str) -> bool:
    return type(value).__module__ == "builtins" and type(value).__name__ == name.removeprefix("Declared")


def _are_collectors(value: Any) -> bool:
    is_collector = _is_a("collector", "Collector")
    given = value if isinstance(value, list | tuple | set | frozenset) else (value,)
    return all(map(is_collector, given))


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _are_texts(value: Any) -> bool:
    return isinstance(value, Mapping) and all(
        isinstance(key, str) and (text is None or isinstance(text, str)) for key, text in value.items()
    )


_KINDS: Mapping[str, tuple[str, Callable[[Any], bool]]] = {
    "client": ("is the name of a client", lambda value: isinstance(value, str)),
    "env": ("is a dict of variables and their texts", _are_texts),
    "tags": ("is a dict of texts", _are_texts),
    "tb": ("is a TypeBuilder", _is_a("type_builder", "DeclaredTypeBuilder")),
    "client_registry": ("is a ClientRegistry", _is_a("client_registry", "ClientRegistry")),
    "collector": ("is a Collector, or several", _are_collectors),
    "abort_controller": ("is an AbortController", _is_a("abort", "AbortController")),
    "timeouts": ("is a bamlet.Timeouts", _is_a("context", "Timeouts")),
    "deadline": ("is a number of seconds", _is_number),
    "partials": ('is "latest" or "every"', lambda value: value in ("latest", "every")),
    "strict": ("is True or False", lambda value: isinstance(value, bool)),
    **dict.fromkeys(("on_tick", "on_partial", "on_delta", "on_reset", "on_report"), ("is a function", callable)),
}


def _warn_of(key: str) -> None:
    """Once for each: an old program may carry an option that means nothing."""
    if key not in _warned and len(_warned) < MAX_WARNED:
        from ..diagnostics import did_you_mean

        _warned.add(key)
        hint = did_you_mean(key, _IN_CONTEXT) or f"there are {', '.join(_IN_CONTEXT)}"
        warnings.warn(f"baml_options has no key {key!r}; {hint}", UserWarning, stacklevel=6)
