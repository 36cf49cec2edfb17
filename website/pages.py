"""Markdown files of the repository in; where their links lead, what the site makes of them, and `llms.txt` out.

Pure: a link on GitHub is relative to its file, and on the site to its page. Both must lead somewhere.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path

REPOSITORY = "https://github.com/bamlet/bamlet"

# What stands outside of docs/, and lists of a folder, by the name of their page.
ROOT_PAGES = {
    "README.md": "index.md",
    "CHANGELOG.md": "changelog.md",
    "SECURITY.md": "reporting.md",
    "ARCHITECTURE.md": "architecture.md",
    "CONTRIBUTING.md": "contributing.md",
}
LISTS = {"docs/errors": "errors.md", "docs/decisions": "decisions.md", "examples": "examples.md"}

_CODE = re.compile(r"^( *)(`{3,})[^\n]*\n.*?^\1\2`*$|(`+)(?!`).+?(?<!`)\3(?!`)", re.M | re.S)
_LINK = re.compile(r"(?<=\]\()([^()\s]+)(?=\))|(?<=<img src=\")([^\"]+)")
_HEADING = re.compile(r"^#{1,6} +(.+?) *#*$", re.M)
_TARGET = re.compile(r'<a id="([^"]+)">')


def links(text: str) -> list[str]:
    return [found[0] for found in _LINK.finditer(_CODE.sub("", text))]


def anchors(text: str) -> set[str]:
    """What `#...` may name, as GitHub makes it of a heading: a second one of the same words gets a number."""
    plain = re.sub(r"^( *)(`{3,})[^\n]*\n.*?^\1\2`*$", "", text, flags=re.M | re.S)
    found: dict[str, int] = {}
    for heading in _HEADING.findall(plain):
        words = re.sub(r"\]\([^)]*\)|[^\w\- ]", "", heading.lower()).replace(" ", "-")
        found[words] = found.get(words, -1) + 1
    numbered = {f"{words}-{number}" for words, last in found.items() for number in range(1, last + 1)}
    return {*found, *numbered, *_TARGET.findall(plain)}


def with_site_links(text: str, page: str, root: Path) -> str:
    """The text of a file of the repository with links to pages of the site, and to GitHub for what is none.

    A link that leads nowhere stays as it is, for the site's own check to name it.
    """

    def moved(match: re.Match[str]) -> str:
        target, mark, anchor = match[0].partition("#")
        if not target or ":" in target:
            return match[0]
        path = posixpath.normpath(posixpath.join(posixpath.dirname(page), target))
        if not (root / path).exists():
            return match[0]
        return f"{_address(path, page, root)}{mark}{anchor}"

    pieces: list[str] = []
    at = 0
    for code in _CODE.finditer(text):
        pieces += _LINK.sub(moved, text[at : code.start()]), code[0]
        at = code.end()
    return "".join((*pieces, _LINK.sub(moved, text[at:])))


def _address(path: str, page: str, root: Path) -> str:
    place = site_place(path)
    if place is None:
        return f"{REPOSITORY}/{'tree' if (root / path).is_dir() else 'blob'}/main/{path}"
    here = site_place(page)
    assert here is not None, page
    return posixpath.relpath(place, posixpath.dirname(here) or ".")


def site_place(path: str) -> str | None:
    """Where a file or folder of the repository is on the site, if it is there."""
    if re.fullmatch(r"examples/\w+/README\.md", path):
        return LISTS["examples"]
    known = ROOT_PAGES.get(path) or LISTS.get(path)
    if known is None and path.startswith("docs/") and path.endswith((".md", ".svg")):
        return path.removeprefix("docs/")
    return known


def listed(title: str, about: str, rows: Iterable[Sequence[str]]) -> str:
    """A page that is a table."""
    lines = [f"| {' | '.join(row)} |" for row in rows]
    columns = lines[0].count(" | ") + 1
    return "\n".join([f"# {title}", "", about, "", "|" + " |" * columns, "|" + "---|" * columns, *lines, ""])


def errors_page(codes: Mapping[str, tuple[str, str, str]]) -> str:
    """Of slugs with number, severity and title, by number."""
    rows = [
        (f"`{number}`", f"[{slug}](errors/{slug}.md)", title, severity)
        for slug, (number, severity, title) in sorted(codes.items(), key=lambda item: item[1][0])
    ]
    about = (
        "What `bamlet check` may say of a program. Each page has a program that is wrong in this way and one "
        "that is right; `bamlet explain NAME` prints it on a terminal."
    )
    return listed("Errors of programs", about, rows)


def decisions_page(folder: Path) -> str:
    rows = [
        (path.name[:4], f"[{path.read_text('utf-8').splitlines()[0].removeprefix('# ')}](decisions/{path.name})")
        for path in sorted(folder.glob("*.md"))
    ]
    return listed("Decisions", "Where a real alternative lost: why, what was chosen, and what that costs.", rows)


def examples_page(folder: Path) -> str:
    """The README of each example, its heading linked to the folder."""
    parts = ["# Examples\n\nEach runs without a key, and its tests pass: `bamlet test examples --record none`.\n"]
    for path in sorted(folder.glob("*/README.md")):
        title, _, rest = path.read_text("utf-8").partition("\n")
        text = with_site_links(rest, f"examples/{path.parent.name}/README.md", folder.parent)
        address = f"{REPOSITORY}/tree/main/examples/{path.parent.name}"
        parts.append(f"## {title.removeprefix('# ')}\n{text}\n[`examples/{path.parent.name}`]({address})\n")
    return "\n".join(parts)


def llms_text(name: str, about: str, site: str, nav: Sequence[object], read: Callable[[str], str]) -> str:
    """The pages of the site for a language model: https://llmstxt.org. Each with its first sentence."""
    lines = [f"# {name}", "", f"> {about}"]
    for section in nav:
        assert isinstance(section, Mapping)
        for part, entries in section.items():
            lines += ["", f"## {part}", ""]
            lines += [
                f"- [{name}]({_url(site, page)}): {_first_sentence(read(page))}" for name, page in pages(entries)
            ]
    return "\n".join((*lines, ""))


def pages(nav: Sequence[object]) -> Iterator[tuple[str, str]]:
    """The entries of a navigation as titles and pages."""
    for entry in nav:
        if isinstance(entry, str):
            yield "bamlet", entry
        else:
            assert isinstance(entry, Mapping)
            for title, inner in entry.items():
                yield from [(title, inner)] if isinstance(inner, str) else pages(inner)


def _url(site: str, page: str) -> str:
    return f"{site}{page.removesuffix('index.md').removesuffix('.md')}{'' if page == 'index.md' else '/'}"


def _first_sentence(text: str) -> str:
    paragraphs = [part.strip() for part in _CODE.sub(lambda code: "" if code[2] else code[0], text).split("\n\n")]
    first = next(part for part in paragraphs if part and not part.startswith(("#", "|", "!", "<", "-")))
    plain = re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", " ".join(first.split()))
    sentence = re.match(r".+?[.:](?= |$)", plain)
    return sentence[0] if sentence else plain
