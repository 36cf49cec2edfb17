"""The programs in docs/orchestration.md: each checks without a word, and gives the output that stands below it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.programs import check, run
from tests.support.spec_items import Language, judge
from tests.support.spec_sections import Section, sections

PAGE = Path(__file__).parents[2] / "docs" / "orchestration.md"


@pytest.mark.parametrize("section", sections(PAGE.read_text("utf-8")), ids=lambda section: section.name)
def test_a_program_in_the_docs_holds(section: Section) -> None:
    assert judge(section, Language(check=check, run=run)) == []
