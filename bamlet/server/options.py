"""`__baml_options__` of a request: what a caller may say about its call, as far as the server allows it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any

from ..diagnostics import did_you_mean
from ..embed import CallContext, Program, Timeouts
from ..records import fields, replace
from .errors import refused

KNOWN = ("client", "tags", "timeouts", "strict", "env", "request")
"""All that `--allow-options` takes. `request` is an endpoint."""


def context_for(given: Any, program: Program, allowed: Collection[str], context: CallContext) -> CallContext:
    """Raises `Refused`."""
    if not isinstance(given, Mapping):
        raise refused(400, "bad_request", "`__baml_options__` is a JSON object")
    for name, value in given.items():
        if name not in allowed or name not in _READ:
            raise refused(400, "option_not_allowed", _refusal(name, allowed), details={"option": name})
        context = _READ[name](value, program, context)
    return context


def _refusal(name: str, allowed: Collection[str]) -> str:
    if name in _READ:
        return f"this server does not take the option `{name}`; --allow-options would let it"
    hint = did_you_mean(name, _READ)
    return f"there is no option `{name}`" + (f"; {hint}" if hint else f", only {', '.join(sorted(allowed))}")


def _client(value: Any, program: Program, context: CallContext) -> CallContext:
    """Only a client that the program declares: a shorthand could name any model."""
    if value not in program.interface.clients:
        hint = did_you_mean(str(value), list(program.interface.clients))
        told = f"the program declares no client `{value}`" + (f"; {hint}" if hint else "")
        raise refused(400, "invalid_argument", told)
    return replace(context, client=value)


def _tags(value: Any, program: Program, context: CallContext) -> CallContext:
    return replace(context, tags={**context.tags, **_texts("tags", value)})


def _strict(value: Any, program: Program, context: CallContext) -> CallContext:
    if not isinstance(value, bool):
        raise refused(400, "bad_request", "the option `strict` is true or false")
    return replace(context, strict=value)


def _timeouts(value: Any, program: Program, context: CallContext) -> CallContext:
    """In seconds. The limits of the server and of the clients still count."""
    names = [each.name for each in fields(Timeouts)]
    numbers = isinstance(value, Mapping) and all(
        name in names and isinstance(limit, int | float) and not isinstance(limit, bool) and limit > 0
        for name, limit in value.items()
    )
    if not numbers:
        told = f"the option `timeouts` has seconds above 0 by name: {', '.join(names)}"
        raise refused(400, "bad_request", told)
    return replace(context, timeouts=Timeouts(**value))


def _env(value: Any, program: Program, context: CallContext) -> CallContext:
    return replace(context, env={**context.env, **_texts("env", value)})


def _texts(name: str, value: Any) -> dict[str, str]:
    if not isinstance(value, Mapping) or not all(isinstance(item, str) for item in value.values()):
        raise refused(400, "bad_request", f"the option `{name}` is an object of strings")
    return dict(value)


_READ: Mapping[str, Callable[[Any, Program, CallContext], CallContext]] = {
    "client": _client,
    "tags": _tags,
    "timeouts": _timeouts,
    "strict": _strict,
    "env": _env,
}
