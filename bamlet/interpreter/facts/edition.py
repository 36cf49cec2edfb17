"""The editions of the language: one grammar for both; a few names, and `==`, mean something else in each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, TypeAlias

Edition: TypeAlias = Literal[1, 2]

# What names of the library call in the second edition. The library itself is written in the first.
LATER_FUNCTIONS: Mapping[str, str] = {
    "baml.fs.remove": "baml.fs.remove_file",
    "baml.fs.write": "baml.fs.write_counted",
    "baml.http.fetch": "baml.http.fetch_or_io",
    "baml.http.send": "baml.http.send_or_io",
    "baml.json.field": "baml.json.field_of",
    "baml.json.parse": "baml.json.parse_json",
    "baml.json.to_json": "baml.json.json_of",
}
