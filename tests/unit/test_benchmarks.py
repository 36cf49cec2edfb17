"""Every section of the benchmarks gives its rows: run once with next to nothing to do, and no time is judged."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from benchmarks import (
    answers,
    big_project,
    calls,
    checking,
    clients,
    language,
    many,
    mapping,
    mapping_commands,
    measure,
    parsing,
    prompts,
    startup,
    streams,
)
from benchmarks.__main__ import SECTIONS

SMALL: dict[Any, dict[str, Any]] = {
    answers: {
        "WHOLE_ROUNDS": 1,
        "SIZES": (2, 4),
        "FEW": 2,
        "MANY": 2,
        "LARGE": 4,
        "WORDS": 8,
        "CALLS": 4,
        "DEPTH": 2,
        "ODD_LENGTH": 400,
        "BRACKETS": 1_000,
    },
    big_project: {"CLASSES": 4, "ENUMS": 2, "FUNCTIONS": 2},
    calls: {"CALLS": 2},
    checking: {"LINES": 200},
    clients: {"CALLS": 2},
    language: {
        "WORKS": tuple(replace(work, size=8) for work in language.WORKS),
        "VALUES": tuple(replace(work, size=8) for work in language.VALUES),
        "DEFER": replace(language.DEFER, size=8),
        "DISPATCH": replace(language.DISPATCH, size=8),
    },
    mapping: {"FEW": 2, "MANY": 4, "LATENCY_MS": 1, "LOOPS": ("asyncio",), "PARSERS": ("h11",)},
    mapping_commands: {"ROWS": 4, "LATENCY_MS": 1},
    many: {"STREAMS": 2, "CHUNKS": 2, "PACE_MS": 1, "IDLE_STREAMS": 2},
    parsing: {"LINES": 100},
    prompts: {"PROMPTS": 2},
    startup: {"LINES": 200},
    streams: {"SIZES": (2, 4), "JUDGED": 4},
}


@pytest.mark.timeout(300)  # processes are started, and the machine may be busy
@pytest.mark.parametrize("section", SECTIONS)
def test_a_section_gives_its_rows(section: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for module, sizes in SMALL.items():
        for name, size in {**sizes, "ROUNDS": 1}.items():
            monkeypatch.setattr(module, name, size, raising=name != "ROUNDS")
    rows = list(SECTIONS[section]())
    assert rows
    lines = measure.table(rows).splitlines()
    assert all(line.startswith(row.work) for line, row in zip(lines[1:], rows, strict=True))


def test_every_section_is_made_small() -> None:
    parts = {"big_project", "mapping_commands"}  # of other sections
    assert {module.__name__.split(".")[-1] for module in SMALL} - parts == set(SECTIONS)
