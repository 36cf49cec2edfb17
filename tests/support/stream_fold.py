"""What a client makes of the events of a run, one after the other: the reducer of the protocol, by its rules."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any


@dataclass(frozen=True)
class Folded:
    value: Any = None
    text: str = ""
    reasoning: str = ""
    done: bool = False
    error: Mapping[str, Any] | None = None


def fold(state: Folded, kind: str, data: Mapping[str, Any]) -> Folded:
    """The state after one event. A kind or an operation that is not known changes nothing."""
    match kind:
        case "partial":
            return replace(state, value=data["value"])
        case "patch":
            return replace(state, value=patched(state.value, data["ops"]))
        case "delta":
            return replace(state, text=state.text + data["text"])
        case "reasoning":
            return replace(state, reasoning=state.reasoning + data["text"])
        case "reset":
            return Folded()
        case "final":
            return replace(state, value=data["value"], done=True)
        case "error":
            return replace(state, error=data, done=True)
        case _:
            return state


def patched(value: Any, operations: list[dict[str, Any]]) -> Any:
    root = {"": copy.deepcopy(value)}
    for operation in operations:
        *way, last = _steps(operation["path"])
        place: Any = root
        for step in way:
            place = place[int(step)] if isinstance(place, list) else place[step]
        _APPLY[operation["op"]](place, int(last) if isinstance(place, list) else last, operation.get("value"))
    return root[""]


def _steps(pointer: str) -> list[str]:
    return [step.replace("~1", "/").replace("~0", "~") for step in pointer.split("/")]


def _add(place: Any, step: Any, value: Any) -> None:
    if isinstance(place, list):
        place.insert(step, copy.deepcopy(value))
    else:
        place[step] = copy.deepcopy(value)


def _replace(place: Any, step: Any, value: Any) -> None:
    place[step] = copy.deepcopy(value)


def _append(place: Any, step: Any, value: Any) -> None:
    assert isinstance(place[step], str), "only a text is appended to"
    place[step] += value


def _remove(place: Any, step: Any, value: Any) -> None:
    del place[step]


_APPLY = {"add": _add, "replace": _replace, "append": _append, "remove": _remove}
