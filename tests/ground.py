"""What attacks, foreign suites and a first trial found, by number, and the tests that hold each mended.

A is safety and truth, B what BAML does, C what a new user stumbles over. A test is named as pytest names it,
`tests/unit/test_x.py::test_y`, a section of the spec `tests/spec/x.md::Its heading`, a test of the corpus
`tests/corpus/ns_x/y.baml::its name`.
"""

from __future__ import annotations

GROUND: dict[str, list[str]] = {
    "A1": [
        "tests/unit/test_lending.py::test_a_program_without_files_gets_nothing_of_what_they_hold",
        "tests/unit/test_lending.py::test_a_token_or_a_signature_goes_to_no_stranger",
        "tests/unit/test_lending.py::test_a_program_holds_no_token_that_it_could_send_on",
    ],
}
