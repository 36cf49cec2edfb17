"""What ARCHITECTURE.md and CONTRIBUTING.md name exists, and the numbers of decisions have no gap."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from bamlet.interpreter.facts.builtins import METHODS
from tests.layers import LAYERS, RANK

ROOT = Path(__file__).parent.parent
DOCUMENTS = ("ARCHITECTURE.md", "CONTRIBUTING.md")
PACKAGES = ("bamlet", "tests")

FENCE = re.compile(r"^(`{3,})[^\n]*\n(.*?)^\1$", re.MULTILINE | re.DOTALL)
QUOTED = re.compile(r"`([^`\n]+)`")
PATH = re.compile(r"[\w.*/-]*\w\.(?:py|baml|lark|md|json|yaml)\b")
NAME = re.compile(r"\w+(?:\.\w+)*")
PLACEHOLDER = re.compile(r"<\w+>|NNNN-slug")

# In quotes as well, and nothing of ours: words of Python, of the language, of Markdown and of the shell.
FOREIGN = frozenset(
    """
    assert ast catch class compile def filter json.loads map print linecache KeyError throws import bamlet
    coverage.py .baml .venv 127.0.0.1 name.baml baml output snapshot test make m litellm.yaml build/interop/
    """.split()
)


def documents() -> Iterator[tuple[str, str]]:
    """Each document with each name in it."""
    for document in DOCUMENTS:
        text = (ROOT / document).read_text("utf-8")
        blocks = [block for _, block in FENCE.findall(text)]
        named = {*QUOTED.findall(FENCE.sub("", text)), *(path for block in blocks for path in PATH.findall(block))}
        yield from ((document, name) for name in sorted(named - FOREIGN) if is_a_name(name))


def is_a_name(text: str) -> bool:
    """Whether it is a path, a name or a target of make; anything else in quotes is an example of a text."""
    is_word = re.fullmatch(r"[\w.*/-]+", PLACEHOLDER.sub("*", text)) is not None
    return text.startswith("make ") or (is_word and not text.startswith("--"))


@pytest.mark.parametrize(("document", "name"), list(documents()))
def test_what_a_document_names_exists(document: str, name: str) -> None:
    if name.startswith("make "):
        assert re.search(rf"^{name.split()[1]}:", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE)
    elif "/" in name or PATH.fullmatch(name):
        assert files(name), f"{document} names {name}, which is no file of ours"
    else:
        last = name.removesuffix("*").split(".")[-1]
        known = modules() | identifiers() | words_of_the_language()
        assert any(word == last or (name.endswith("*") and word.startswith(last)) for word in known), (
            f"{document} names {name}, which is defined nowhere"
        )


def test_the_picture_of_the_rooms_is_the_table() -> None:
    blocks = [block for _, block in FENCE.findall((ROOT / "ARCHITECTURE.md").read_text("utf-8"))]
    drawn = [[line.split() for line in block.splitlines()] for block in blocks]
    assert [line.split() for line in LAYERS if line] in drawn


def test_every_room_of_the_table_exists() -> None:
    rooms = {path.stem for path in (ROOT / "bamlet").iterdir() if path.is_dir() or path.suffix == ".py"}
    assert RANK.keys() <= rooms


def test_decisions_are_numbered_without_a_gap() -> None:
    numbers = [path.name[:4] for path in sorted((ROOT / "docs" / "decisions").glob("*.md"))]
    assert numbers == [f"{n:04}" for n in range(1, len(numbers) + 1)]


def files(name: str) -> list[Path]:
    """The files or folders of that name, from the root or anywhere in the package; `<topic>` stands for any."""
    pattern = PLACEHOLDER.sub("*", name).rstrip("/")
    return [*ROOT.glob(pattern), *(ROOT / "bamlet").glob(f"**/{pattern}")]


@cache
def modules() -> frozenset[str]:
    found = (path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))
    return frozenset(part for path in found for part in (path.stem, path.parent.name))


@cache
def identifiers() -> frozenset[str]:
    """What any file of ours defines: functions, classes, attributes and variables."""
    names: set[str] = set()
    for path in (path for package in PACKAGES for path in (ROOT / package).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            match node:
                case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                    names.add(name)
                case ast.Name(id=name, ctx=ast.Store()) | ast.Attribute(attr=name, ctx=ast.Store()):
                    names.add(name)
    return frozenset(names)


@cache
def words_of_the_language() -> frozenset[str]:
    """What the library declares, built-in methods, the rules of the grammar, and the environment that we read."""
    texts = [path.read_text("utf-8") for path in (ROOT / "bamlet").rglob("*.baml")]
    declared = {name for text in texts for name in re.findall(r"\b(?:function|class|enum)\s+(\w+)", text)}
    rules = re.findall(r"^[?!]?(\w+)", (ROOT / "bamlet/grammar/bamlet.lark").read_text("utf-8"), re.MULTILINE)
    methods = {name.rpartition(".")[2] for name in METHODS.values()}
    python = "\n".join(path.read_text("utf-8") for path in (ROOT / "bamlet").rglob("*.py"))
    return frozenset({*declared, *rules, *methods, *re.findall(r"\"(BAMLET_\w+)\"", python)})
