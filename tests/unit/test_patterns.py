"""Regular expressions that are compiled at their first use: from then on they are what `re.compile` gives."""

from __future__ import annotations

import re

from bamlet.patterns import pattern

_WORD = pattern("[a-z]+", re.IGNORECASE)
_HELD = {"word": _WORD}


def test_a_constant_becomes_the_compiled_pattern_at_its_first_use() -> None:
    assert _WORD.fullmatch("Word") is not None
    assert type(globals()["_WORD"]) is re.Pattern
    assert _WORD.fullmatch("1") is None
    # Whoever held it before goes on with it.
    assert _HELD["word"].fullmatch("Word") is not None
    assert _HELD["word"].search("1") is None
