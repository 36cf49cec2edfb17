"""Markdown in, tests out: each heading that owns `baml` blocks, with its files and what it expects of them.

    ## Undeclared                      the name of the test, under the headings above it

    `shared.baml`:                     names the next block; a block without a name goes to `main.baml`

    ```baml
    totl + 1   // error: [unknown-name] "totl"
    ```

Blocks of one file are joined in order. `snapshot` and `output` blocks hold what is compared; other
languages are only read by people. An expectation stands at the end of its line, or alone on the line
before; inside a prompt it is written as `{# error: ... #}`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

MAIN = "main.baml"
RENDERED = ("snapshot", "output")

_HEADING = re.compile(r"(#+) (.+)")
_FENCE = re.compile(r"(`{3,})(\w*)\s*")
_FILE_NAME = re.compile(r"`([^`]+\.baml)`:\s*")
_EXPECTATION = re.compile(
    r"""(?://|\{\#)\s*(?:
          (?P<severity>error|warning):\s*\[(?P<slug>[\w-]+)\](?:\s*"(?P<text>(?:[^"\\]|\\.)*)")?
        | revealed:\s*(?P<type>.+?)\s*(?=//|\#\}|$)
    )""",
    re.VERBOSE,
)


class MalformedSpec(Exception):
    """The Markdown itself cannot be read as tests."""


@dataclass(frozen=True)
class Block:
    """`lines` are those of the Markdown file between the fences; `line` is the first, counted from 1."""

    kind: str
    file: str
    fence: str
    lines: slice
    text: str

    @property
    def line(self) -> int:
        return int(self.lines.start) + 1


@dataclass(frozen=True)
class Section:
    name: str
    blocks: list[Block] = field(default_factory=list)

    @property
    def sources(self) -> dict[str, str]:
        texts: dict[str, str] = {}
        for block in self.blocks:
            if block.kind == "baml":
                texts[block.file] = texts.get(block.file, "") + block.text
        return texts

    @property
    def kinds(self) -> set[str]:
        return {block.kind for block in self.blocks}

    def rendered(self, kind: str) -> Block | None:
        return next((block for block in self.blocks if block.kind == kind), None)


@dataclass(frozen=True)
class Expectation:
    """A diagnostic that must come: `revealed` is one too, and its text is the type."""

    file: str
    line: int
    severity: str
    slug: str
    text: str

    def __str__(self) -> str:
        what = (
            f"revealed: {self.text}"
            if self.slug == "revealed"
            else f"{self.severity}: [{self.slug}] {self.text!r}"
        )
        return f"{self.file}:{self.line}: {what}"


def sections(text: str) -> list[Section]:
    """The sections that own a `baml` block. Raises `MalformedSpec`."""
    found: list[Section] = []
    path: list[str] = []
    section = Section("")
    for item in _items(text):
        if isinstance(item, Block):
            section.blocks.append(item)
        else:
            found.append(section)
            depth, title = item
            path = [*path[: depth - 1], title]
            section = Section(" - ".join(path))
    tests = [section for section in [*found, section] if section.kinds & {"baml", *RENDERED}]
    _check(tests)
    return tests


def expectations(sources: dict[str, str]) -> Iterator[Expectation]:
    for file, text in sources.items():
        pending: list[re.Match[str]] = []
        for number, line in enumerate(text.split("\n"), 1):
            matches = [*_EXPECTATION.finditer(line)]
            if matches and not line[: matches[0].start()].strip():
                pending += matches
                continue
            for match in [*pending, *matches]:
                if match["type"]:
                    yield Expectation(file, number, "", "revealed", match["type"])
                else:
                    wanted = re.sub(r"\\(.)", r"\1", match["text"] or "")
                    yield Expectation(file, number, match["severity"], match["slug"], wanted)
            pending = []


def rewritten(text: str, replacements: list[tuple[Block, str]]) -> str:
    """The Markdown with the given blocks holding new text; every other character stays."""
    lines = text.split("\n")
    # From the bottom up, so that no replacement moves the lines of another.
    for block, new in sorted(replacements, key=lambda pair: pair[0].line, reverse=True):
        content = new.removesuffix("\n").split("\n")
        if block.fence in content:
            raise MalformedSpec(f"line {block.line}: the new text holds {block.fence}; lengthen the fence")
        lines[block.lines] = content
    return "\n".join(lines)


def _items(text: str) -> Iterator[tuple[int, str] | Block]:
    """Headings (depth and title) and code blocks, in order."""
    lines = text.split("\n")
    file, number = MAIN, 0
    while number < len(lines):
        line = lines[number]
        number += 1
        if fence := _FENCE.fullmatch(line):
            try:
                end = lines.index(fence[1], number)
            except ValueError:
                raise MalformedSpec(f"line {number}: this block is never closed") from None
            content = "".join(f"{line}\n" for line in lines[number:end])
            yield Block(fence[2], file, fence[1], slice(number, end), content)
            file, number = MAIN, end + 1
        elif name := _FILE_NAME.fullmatch(line):
            file = name[1]
        elif line.strip():
            file = MAIN
            if heading := _HEADING.fullmatch(line):
                yield len(heading[1]), heading[2].strip()


def _check(tests: list[Section]) -> None:
    names: set[str] = set()
    for section in tests:
        rendered = [block for block in section.blocks if block.kind in RENDERED]
        if rendered and not section.sources:
            raise MalformedSpec(f"line {rendered[0].line}: nothing in {section.name!r} could produce this")
        if len({block.kind for block in rendered}) < len(rendered):
            raise MalformedSpec(
                f"line {rendered[-1].line}: a second {rendered[-1].kind} block in {section.name!r}"
            )
        if section.name in names:
            raise MalformedSpec(f"line {section.blocks[0].line}: a second section is called {section.name!r}")
        names.add(section.name)
