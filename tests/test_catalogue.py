"""Every kind of diagnostic has its page, whose two programs hold, and a section of the spec that shows it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import pytest

from bamlet.diagnostics import Diagnostic, render
from bamlet.diagnostics.catalogue import CODES
from bamlet.embed.project import Project

ROOT = Path(__file__).parent.parent
PAGES = ROOT / "docs" / "errors"
SPEC = Path(__file__).parent / "spec"

_PAGE = re.compile(
    r"""\#\ (?P<title>[^\n]+)\n\n
        (?P<why>(?:[^\#\n][^\n]*\n)+)\n
        \#\#\ Wrong\n\n (?:[^\#`\n][^\n]*\n\n)? ```baml\n (?P<wrong>.+?) ```\n\n
        \#\#\ Right\n\n (?:[^\#`\n][^\n]*\n\n)? ```baml\n (?P<right>.+?) ```\n""",
    re.VERBOSE | re.DOTALL,
)

# A wrong program that is text cannot show what is wrong with bytes.
_ENCODINGS = {"unread-file": "latin-1"}


# What some need beside their program: where it stands, the wrong one and the right one, and another file.
_PLACES = {"reserved-namespace": ("ns_log/main.baml", "ns_logging/main.baml")}
_OTHERS = {
    "edition-conflict": ("another.baml", "// bamlet: edition 2\n"),
    "edition-meaning": ("another.baml", "function Greeting() -> string { `hello` }\n"),
    "namespace-shadow": ("ns_shapes/circle.baml", "function area() -> int { 1 }\n"),
}


@dataclass(frozen=True)
class Page:
    title: str
    wrong: str
    right: str


def _page(slug: str) -> Page:
    match = _PAGE.fullmatch((PAGES / f"{slug}.md").read_text("utf-8"))
    assert match, f"docs/errors/{slug}.md is not a title, a paragraph, `## Wrong` and `## Right` with a block each"
    return Page(match["title"], match["wrong"], match["right"])


def _check(folder: Path, slug: str, program: str, *, is_right: bool) -> tuple[Diagnostic, ...]:
    """The program in a file of that folder, and what it needs beside itself."""
    place = folder / _PLACES.get(slug, ("main.baml", "main.baml"))[is_right]
    place.parent.mkdir(exist_ok=True)
    place.write_text(program, "utf-8" if is_right else _ENCODINGS.get(slug, "utf-8"))
    if slug in _OTHERS:
        name, text = _OTHERS[slug]
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text, "utf-8")
    return Project(folder).check()


def _drawn(found: tuple[Diagnostic, ...]) -> str:
    return "\n\n".join(map(render, found))


def test_every_code_has_a_page_and_every_page_a_code() -> None:
    assert {path.stem for path in PAGES.iterdir()} == set(CODES)


def test_slugs_and_numbers_are_unique_and_well_formed() -> None:
    numbers = [code.number for code in CODES.values()]
    assert len(set(numbers)) == len(numbers)
    for slug, code in CODES.items():
        assert re.fullmatch(r"[a-z]+(-[a-z]+)*", slug)
        assert re.fullmatch(r"E\d{4}", code.number)
        assert code.title == code.title.strip(" .")
        assert code.title[0].islower()


@pytest.mark.parametrize("slug", CODES)
def test_title_names_the_code(slug: str) -> None:
    assert _page(slug).title == f"{CODES[slug].number}: {slug}"


@pytest.mark.parametrize("slug", CODES)
def test_wrong_program_yields_this_code_alone(slug: str, tmp_path: Path) -> None:
    found = _check(tmp_path, slug, _page(slug).wrong, is_right=False)
    assert {diagnostic.code.slug for diagnostic in found} == {slug}, _drawn(found)


@pytest.mark.parametrize("slug", CODES)
def test_right_program_yields_nothing(slug: str, tmp_path: Path) -> None:
    found = _check(tmp_path, slug, _page(slug).right, is_right=True)
    assert not found, _drawn(found)


def test_every_code_is_shown_in_the_spec() -> None:
    text = "\n".join(path.read_text("utf-8") for path in SPEC.glob("*.md"))
    shown = set(re.findall(r"(?:error|warning):?\s*\[([\w-]+)\]", text))
    if "// revealed:" in text:
        shown.add("revealed")
    missing = sorted(CODES.keys() - shown - _ENCODINGS.keys())
    assert not missing, f"no section of tests/spec shows {', '.join(missing)}"
