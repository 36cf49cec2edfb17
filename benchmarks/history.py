"""What was measured at each landing, one line of JSON each; and what has moved from one line to the next."""

from __future__ import annotations

import json
import os
import platform
import subprocess
from collections.abc import Iterable, Iterator
from importlib.util import cache_from_source, find_spec
from pathlib import Path
from typing import Any

import bamlet

from .measure import Row

HISTORY = Path(__file__).with_name("history.jsonl")
MOVED = 0.10  # what is less is the machine's


def surroundings() -> dict[str, str]:
    """What a figure depends on, beside the code."""
    return {
        "machine": f"{platform.machine()}, {os.cpu_count()} processors",
        "python": platform.python_version(),
        "loop": "uvloop" if find_spec("uvloop") else "asyncio",
        "byte code": "cached" if Path(cache_from_source(bamlet.__file__)).exists() else "compiled by each process",
    }


def line(rows: Iterable[Row]) -> dict[str, Any]:
    """Ratios where there is a floor: they depend on the machine least. Of the others their seconds."""
    figures = {row.work: row.ratio or row.ours.median for row in rows if row.ours is not None}
    return {
        "commit": _commit(),
        **surroundings(),
        "figures": {work: float(f"{f:.3g}") for work, f in figures.items()},
    }


def _commit() -> str:
    git = ("git", "-C", str(HISTORY.parent), "describe", "--always", "--dirty", "--abbrev=9", "--exclude=*")
    return subprocess.run(git, capture_output=True, text=True, check=True).stdout.strip()


def record(rows: Iterable[Row], path: Path) -> None:
    with path.open("a", encoding="utf-8") as history:
        history.write(json.dumps(line(rows), ensure_ascii=False) + "\n")


def compared(path: Path) -> Iterator[str]:
    """The newest line against the one before it that was measured in the same surroundings."""
    lines = [json.loads(text) for text in path.read_text("utf-8").splitlines()] if path.exists() else []
    if not lines:
        yield f"nothing is recorded in {path.name}: `make bench-record` does it"
        return
    now = lines[-1]
    alike = [old for old in lines[:-1] if all(old.get(key) == now[key] for key in surroundings())]
    if not alike:
        yield f"{now['commit']} is the first in its surroundings: there is nothing to compare it with"
        return
    before = alike[-1]
    yield f"{before['commit']} to {now['commit']}"
    yield from moved(before["figures"], now["figures"]) or ["nothing has moved"]


def moved(before: dict[str, float], now: dict[str, float]) -> list[str]:
    """The farthest first; what is new, and what is gone, at the end."""
    both = {work: now[work] / before[work] for work in now if before.get(work)}
    far = sorted((work for work, by in both.items() if abs(by - 1) > MOVED), key=lambda work: -abs(both[work] - 1))
    found = [f"{both[work] - 1:+6.0%}  {work}: {before[work]:g} to {now[work]:g}" for work in far]
    found += [f"   new  {work}: {now[work]:g}" for work in now if work not in before]
    return found + [f"  gone  {work}" for work in before if work not in now]
