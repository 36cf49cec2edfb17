"""Parquet in and out, beside the other formats: `make parquet`."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow
import pytest
from pyarrow import parquet

from tests.servers.rows import Behaviour
from tests.support.mapped import Table, source

ROWS: list[dict[str, Any]] = [
    {"text": "row:ä", "n": 2**53 + 1, "note": None},
    {"text": 'row:b\n,"', "n": -1, "note": "🦊"},
]
FUNCTION = """
class Found {
  label string
  score int
  tags string[]
  parts map<string, float>
  kind "a" | "b"
  either int | string
  inner Label?
}
function Find(text: string) -> Found { client Rows, prompt #"{{ text }}"# }
"""


def write_delimited(path: Path, delimiter: str) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(ROWS[0]), delimiter=delimiter)
        writer.writeheader()
        writer.writerows(ROWS)


def read_delimited(path: Path, delimiter: str) -> list[dict[str, Any]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file, delimiter=delimiter))


WRITE: dict[str, Callable[[Path], object]] = {
    "jsonl": lambda path: path.write_text("".join(json.dumps(row) + "\n" for row in ROWS), "utf-8"),
    "csv": lambda path: write_delimited(path, ","),
    "tsv": lambda path: write_delimited(path, "\t"),
    "parquet": lambda path: parquet.write_table(pyarrow.Table.from_pylist(ROWS), path),
}
READ: dict[str, Callable[[Path], list[dict[str, Any]]]] = {
    "jsonl": lambda path: [json.loads(line) for line in path.read_text("utf-8").splitlines()],
    "csv": lambda path: read_delimited(path, ","),
    "tsv": lambda path: read_delimited(path, "\t"),
    "parquet": lambda path: parquet.read_table(path).to_pylist(),
}


@pytest.mark.parametrize("before", WRITE)
@pytest.mark.parametrize("after", READ)
def test_values_stay_what_they_are(tmp_path: Path, before: str, after: str) -> None:
    """16."""
    table = Table(tmp_path, Behaviour(latency=1))
    given, found = tmp_path / f"in.{before}", tmp_path / f"out.{after}"
    WRITE[before](given)
    report = table.run(input=str(given), output=str(found), keep="all", flat=True)
    assert report.ok == len(ROWS), table.errors()
    texts = "csv" in (before, after) or "tsv" in (before, after)
    for row, wanted in zip(READ[after](found), ROWS, strict=True):
        assert row["text"] == wanted["text"]
        assert str(row["n"]) == str(wanted["n"]) if texts else row["n"] == wanted["n"]
        assert (row["note"] or None) == wanted["note"] if texts else row["note"] == wanted["note"]
        assert int(row["score"]) == len(row["label"])


def test_types_of_the_function_are_types_of_columns(tmp_path: Path) -> None:
    answer = {
        "label": "x",
        "score": 2**53 + 1,
        "tags": ["é"],
        "parts": {"half": 0.5},
        "kind": "a",
        "either": 7,
        "inner": None,
    }
    table = Table(tmp_path, Behaviour(latency=1, answer=json.dumps(answer)))
    table.write([{"text": "row:a"}, {"text": "row:b"}])
    out = tmp_path / "out.parquet"
    assert table.run(program=source() + FUNCTION, function="Find", output=str(out)).ok == 2
    found = parquet.read_table(out)
    (first, second) = found.to_pylist()
    assert first == second
    result = dict(first["result"])
    assert result == {**answer, "parts": [("half", 0.5)], "either": "7"}
    struct = found.schema.field("result").type
    assert struct.field("either").metadata == {b"baml": b"union"}
    assert str(struct.field("score").type) == "int64"
    assert str(struct.field("inner").type).startswith("struct<")
