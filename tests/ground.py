"""What attacks, foreign suites and a first trial found, by number, and the tests that hold each mended.

A is safety and truth, B what BAML does, C what a new user stumbles over. A test is named as pytest names it,
`tests/unit/test_x.py::test_y`, a section of the spec `tests/spec/x.md::Its heading`, a test of the corpus
`tests/corpus/ns_x/y.baml::its name`.
"""

from __future__ import annotations

GROUND: dict[str, list[str]] = {
    "A12": [
        "tests/unit/test_regex.py::test_what_is_kept_of_regular_expressions_is_bounded_by_their_states",
    ],
}
