"""What changed from one partial value to the next, as a list of small changes.

A value that is finished is the same object in both, and of a list or a map only the last item can be open. So
looking costs what is open, not what is there.
"""

from __future__ import annotations

from itertools import islice
from typing import Any, Literal, TypeAlias

from ..interpreter.runtime.values import Instance, to_plain
from ..records import dataclass

Op: TypeAlias = Literal["add", "replace", "append", "remove"]
Path: TypeAlias = "tuple[str | int, ...]"


@dataclass(frozen=True, slots=True)
class Change:
    """`append` adds `value` to the end of a text, which is then `whole`. The others are those of JSON Patch."""

    op: Op
    path: Path
    value: Any = None
    whole: str | None = None

    @property
    def pointer(self) -> str:
        """The path as a JSON Pointer."""
        return "".join(f"/{str(step).replace('~', '~0').replace('/', '~1')}" for step in self.path)

    def as_json_patch(self) -> dict[str, Any]:
        """The change as an operation of JSON Patch (RFC 6902), which knows no appending."""
        if self.op == "remove":
            return {"op": "remove", "path": self.pointer}
        op = "replace" if self.op == "append" else self.op
        value = self.whole if self.op == "append" else to_plain(self.value)
        return {"op": op, "path": self.pointer, "value": value}


def changes_between(before: Any, after: Any) -> list[Change]:
    """In the order in which they are to be applied."""
    changes: list[Change] = []
    work: list[tuple[Path, Any, Any]] = [((), before, after)]
    while work:
        path, old, new = work.pop()
        if old is new:
            continue
        if type(old) is not type(new):
            changes.append(Change("replace", path, new))
        elif isinstance(new, str):
            if new.startswith(old):
                if len(new) > len(old):
                    changes.append(Change("append", path, new[len(old) :], new))
            else:
                changes.append(Change("replace", path, new))
        elif isinstance(new, Instance):
            work += [((*path, name), getattr(old, name), getattr(new, name)) for name in reversed(new.__fields__)]
        elif isinstance(new, dict):
            changes += _of_keys(path, old, new)
            last = next(reversed(old), None) if len(new) >= len(old) else None
            if last in new and last in old:
                work.append(((*path, str(last)), old[last], new[last]))
        elif isinstance(new, list):
            changes += _of_length(path, old, new)
            if old and len(new) >= len(old):
                last = len(old) - 1
                work.append(((*path, last), old[last], new[last]))
        elif old != new:
            changes.append(Change("replace", path, new))
    return changes


def _of_keys(path: Path, old: dict[Any, Any], new: dict[Any, Any]) -> list[Change]:
    if len(new) < len(old):
        return [Change("remove", (*path, str(key))) for key in old if key not in new]
    added = list(islice(reversed(new), len(new) - len(old)))
    return [Change("add", (*path, str(key)), new[key]) for key in reversed(added)]


def _of_length(path: Path, old: list[Any], new: list[Any]) -> list[Change]:
    if len(new) < len(old):
        return [Change("remove", (*path, index)) for index in range(len(old) - 1, len(new) - 1, -1)]
    return [Change("add", (*path, index), new[index]) for index in range(len(old), len(new))]
