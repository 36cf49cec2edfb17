"""The programs in docs/: each checks without a word, and gives the output that stands below it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.programs import check, run
from tests.spec_items import Language, judge
from tests.spec_sections import Section, sections

DOCS = Path(__file__).parents[2] / "docs"
FOUND = [
    (path.stem, section) for path in sorted(DOCS.glob("*.md")) for section in sections(path.read_text("utf-8"))
]


@pytest.mark.parametrize(
    "section", [section for _, section in FOUND], ids=[f"{page}: {s.name}" for page, s in FOUND]
)
def test_a_program_in_the_docs_holds(section: Section) -> None:
    assert judge(section, Language(check=check, run=run)) == []
