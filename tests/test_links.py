"""Links of Markdown pages lead somewhere, on GitHub and on the site; the navigation has each page of docs/."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from bamlet.diagnostics.catalogue import CODES
from website.lexer import BamlLexer
from website.pages import (
    LISTS,
    ROOT_PAGES,
    anchors,
    decisions_page,
    errors_page,
    examples_page,
    links,
    llms_text,
    pages,
    with_site_links,
)

ROOT = Path(__file__).parents[1]
FILES = [
    path.relative_to(ROOT).as_posix()
    for folder in (".", "docs", "docs/decisions", "docs/errors", "examples/*", "packages/*")
    for path in sorted(ROOT.glob(f"{folder}/*.md"))
]
PLACES = [path for path in FILES if path.startswith("docs/") and path.count("/") == 1]


class _Names(yaml.SafeLoader):
    """Reads the settings without calling what they name."""


_Names.add_multi_constructor("tag:yaml.org,2002:python/", lambda *_: None)


@cache
def settings() -> dict[str, Any]:
    found: dict[str, Any] = yaml.load((ROOT / "website" / "mkdocs.yml").read_text("utf-8"), _Names)
    return found


@cache
def text(path: str) -> str:
    return (ROOT / path).read_text("utf-8")


@pytest.mark.parametrize("path", FILES)
def test_each_link_of_a_page_leads_somewhere(path: str) -> None:
    broken = [link for link in links(text(path)) if not leads_somewhere(path, link)]
    assert broken == []


def leads_somewhere(path: str, link: str) -> bool:
    if ":" in link:
        return link.startswith(("https://", "mailto:"))
    target, _, anchor = link.partition("#")
    place = (ROOT / path).parent.joinpath(target).resolve() if target else ROOT / path
    if not place.is_relative_to(ROOT) or not place.exists():
        return False
    return not anchor or (place.suffix == ".md" and anchor in anchors(place.read_text("utf-8")))


def test_a_broken_link_is_seen() -> None:
    assert links("[a](b.md) `[c](d)` [e](#f)\n```md\n[g](h.md)\n```\n![i](j.svg)") == ["b.md", "#f", "j.svg"]
    assert links('<img src="k.svg" alt="">') == ["k.svg"]
    assert anchors('# A `b`: c\n## A\n## A\n```\n# no\n```\n<a id="own"></a>') == {"a-b-c", "a", "a-1", "own"}
    assert not leads_somewhere("README.md", "docs/nothing.md")
    assert not leads_somewhere("README.md", "docs/streaming.md#nothing")
    assert leads_somewhere("README.md", "docs/streaming.md#partial-values")


def test_links_between_pages_stay_in_the_site_and_others_lead_to_the_repository() -> None:
    def moved(link: str, page: str) -> str:
        return with_site_links(f"[a]({link})", page, ROOT).removeprefix("[a](").removesuffix(")")

    assert moved("docs/streaming.md#skeletons", "README.md") == "streaming.md#skeletons"
    assert moved("../streaming.md", "docs/errors/syntax.md") == "../streaming.md"
    assert moved("../README.md", "docs/streaming.md") == "index.md"
    assert moved("docs/errors", "README.md") == "errors.md"
    assert moved("../tests/spec", "docs/language.md") == "https://github.com/bamlet/bamlet/tree/main/tests/spec"
    assert moved("nothing.md", "docs/language.md") == "nothing.md"
    picture = '<img src="docs/receipt.svg" width="1">'
    assert with_site_links(picture, "README.md", ROOT) == '<img src="receipt.svg" width="1">'
    assert with_site_links("`[a](docs/x.md)`", "README.md", ROOT) == "`[a](docs/x.md)`"


def test_each_page_stands_in_the_navigation_once() -> None:
    shown = [page for _, page in pages(settings()["nav"])]
    known = [*ROOT_PAGES.values(), *LISTS.values(), *(path.removeprefix("docs/") for path in PLACES)]
    assert sorted(shown) == sorted(known)


def test_lists_have_each_error_and_each_decision() -> None:
    decisions = decisions_page(ROOT / "docs" / "decisions")
    assert decisions.count("](decisions/") == len(list((ROOT / "docs" / "decisions").glob("*.md")))
    assert "| 0001 | [Integers are exact](decisions/0001-integers-are-exact.md) |" in decisions
    errors = errors_page({slug: (code.number, code.severity, code.title) for slug, code in CODES.items()})
    assert errors.count("](errors/") == len(CODES)
    assert examples_page(ROOT / "examples").count("\n## ") >= 1


def test_the_overview_for_models_has_each_page_with_its_first_sentence() -> None:
    nav = [{"Part": ["index.md", {"Streams": "streaming.md"}]}]
    sources = {
        "index.md": "# It\n\n![x](y)\n\n[It](a.md) is one. And more.",
        "streaming.md": text("docs/streaming.md"),
    }
    assert llms_text("it", "About.", "https://it/", nav, sources.__getitem__).splitlines() == [
        "# it",
        "",
        "> About.",
        "",
        "## Part",
        "",
        "- [bamlet](https://it/): It is one.",
        "- [Streams](https://it/streaming/): A streamed call shows the value as far as it has come.",
    ]


def test_programs_are_coloured_as_they_are() -> None:
    from pygments.token import Error, Keyword

    for path in sorted((ROOT / "examples").rglob("*.baml")):
        tokens = list(BamlLexer(stripnl=False, ensurenl=False).get_tokens(path.read_text("utf-8")))
        assert "".join(part for _, part in tokens) == path.read_text("utf-8")
        assert not any(kind is Error for kind, _ in tokens), path
        assert any(kind is Keyword for kind, _ in tokens)


def test_no_page_needs_the_network() -> None:
    theme = settings()["theme"]
    assert theme["font"] is False
    assert "extra_javascript" not in json.dumps(settings())
