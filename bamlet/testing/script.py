"""Scripted models: answers in, a transport out that gives one to each request, in the dialect of who asks.

    from bamlet.testing.script import script, say, fail

    model = script(fail(429, retry_after=2), say('{"total": 3}'))
    runtime = bamlet.Runtime(program, transport=model)

The last answer is given to all requests that follow. `model.requests` has what was asked.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias

from ..embed.offline import OfflineTransport, Reply
from ..providers import ToolCall
from ..records import replace

Scripted: TypeAlias = "str | Reply"


def say(text: str, *, wait_ms: float = 0.0, finish: str | None = None) -> Reply:
    """The model says this, and ends for the reason."""
    return Reply(text, wait_ms=wait_ms, finish=finish)


def cut(text: str, at: float = 0.5) -> Reply:
    """The answer breaks off after a share of its text, without its end."""
    return Reply(text, cut_at=at)


def refuse(reason: str) -> Reply:
    return Reply(refuse=reason)


def fail(status: int, *, retry_after: float | None = None) -> Reply:
    """The provider answers with an error."""
    return Reply(status=status, retry_after=retry_after)


def call(name: str, arguments: Mapping[str, Any] | None = None) -> ToolCall:
    return ToolCall(f"call_{name}", name, json.dumps(dict(arguments or {}), ensure_ascii=False))


def calls(*made: ToolCall, text: str = "") -> Reply:
    """The model calls tools. Of several with one id each gets an id of its own."""
    return Reply(text, calls=_apart(made))


def _apart(made: Iterable[ToolCall]) -> tuple[ToolCall, ...]:
    found: dict[str, ToolCall] = {}
    for one in made:
        taken = sum(1 for known in found if known == one.id or known.startswith(f"{one.id}_"))
        name = f"{one.id}_{taken + 1}" if taken else one.id
        found[name] = replace(one, id=name)
    return tuple(found.values())


def script(*answers: Scripted, pace: float = 0.0, faults: Sequence[str] = (), seed: int = 0) -> OfflineTransport:
    """A model that gives these answers, one to each request in their order. The seed decides which faults befall
    them that do so now and then.
    """
    replies = [Reply(answer) if isinstance(answer, str) else answer for answer in answers]
    if not replies:
        raise ValueError("a script has at least one answer")
    left = iter(replies)
    last = replies[-1]
    return OfflineTransport(seed, faults=faults, pace=pace, script=lambda note, attempt: next(left, last))


def replies_of(entries: Iterable[Any]) -> list[Reply]:
    """Of the property `script` of a test."""
    return [_reply(entry) if isinstance(entry, Mapping) else Reply(str(entry)) for entry in entries]


def _reply(entry: Mapping[str, Any]) -> Reply:
    made = [call(str(one["name"]), one.get("arguments")) for one in entry.get("calls", ())]
    fields = {name: value for name, value in entry.items() if name != "calls"}
    return Reply(**{**fields, "calls": _apart(made)})


def script_files(path: Path) -> list[Path]:
    """`Test.txt`, or else `Test.1.txt`, `Test.2.txt` and so on, as long as there are any."""
    if path.is_file():
        return [path]
    found: list[Path] = []
    while (file := path.with_name(f"{path.stem}.{len(found) + 1}{path.suffix}")).is_file():
        found.append(file)
    return found
