"""What MkDocs does not do by itself: pages from outside of docs/, lists of folders, links to GitHub, llms.txt."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page
from pygments.lexers import LEXERS

from bamlet.diagnostics.catalogue import CODES
from website import pages

ROOT = Path(__file__).parents[1]
SOURCES = {place: source for source, place in pages.ROOT_PAGES.items()}

LEXERS["BamlLexer"] = ("website.lexer", "BAML", ("baml",), ("*.baml",), ())


def on_files(files: Files, *, config: MkDocsConfig) -> Files:
    for source, place in pages.ROOT_PAGES.items():
        files.append(File.generated(config, place, content=(ROOT / source).read_text("utf-8")))
    codes = {slug: (code.number, code.severity, code.title) for slug, code in CODES.items()}
    files.append(File.generated(config, "errors.md", content=pages.errors_page(codes)))
    files.append(File.generated(config, "decisions.md", content=pages.decisions_page(ROOT / "docs" / "decisions")))
    files.append(File.generated(config, "examples.md", content=pages.examples_page(ROOT / "examples")))
    return files


def on_page_markdown(markdown: str, *, page: Page, **_: Any) -> str:
    place = page.file.src_uri
    if place in pages.LISTS.values():
        return markdown
    return pages.with_site_links(markdown, SOURCES.get(place, f"docs/{place}"), ROOT)


def on_post_build(*, config: MkDocsConfig) -> None:
    def read(page: str) -> str:
        kept = {
            "errors.md": "What `bamlet check` may say of a program.",
            "decisions.md": "Where an alternative lost.",
        }
        if page in kept:
            return kept[page]
        if page == "examples.md":
            return pages.examples_page(ROOT / "examples")
        return (ROOT / SOURCES.get(page, f"docs/{page}")).read_text("utf-8")

    assert config.nav is not None
    assert config.site_url is not None
    text = pages.llms_text(config.site_name, config.site_description or "", config.site_url, config.nav, read)
    (Path(config.site_dir) / "llms.txt").write_text(text, "utf-8")
