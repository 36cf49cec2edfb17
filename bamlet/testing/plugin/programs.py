"""Which program a file belongs to, each compiled once a session and worker."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from ...records import dataclass
from .options import SOURCES, project_of, prompts_for

if TYPE_CHECKING:
    from ...embed import Program
    from ..outcome import Case
    from ..prompts import Prompts

Load = Callable[[Path], "Program"]

LOAD = pytest.StashKey[Load]()
"""How a folder becomes a program; who wants it otherwise puts a function of its own here."""
PROGRAMS = pytest.StashKey[dict[Path, Any]]()


@dataclass(frozen=True, slots=True)
class Loaded:
    """A program with all of its tests; testsets have run for it."""

    program: Program
    cases: tuple[Case, ...]
    prompts: Prompts


def root_of(path: Path, config: pytest.Config) -> Path:
    """The folder of a file's program: `baml_src` above it, or one of `bamlet_roots`, or its own."""
    above = next((folder for folder in path.parents if folder.name == SOURCES), None)
    if above is not None:
        return above
    roots = [root for root in config.getini("bamlet_roots") if path.is_relative_to(root)]
    return max(roots, key=lambda root: len(root.parts)) if roots else path.parent


def loaded_at(root: Path, config: pytest.Config) -> Loaded:
    """Raises `CompileError`, and `BamlError` for what a testset throws, each time the same."""
    from ...diagnostics import CompileError
    from ...embed import BamlError

    known = config.stash[PROGRAMS]
    if root not in known:
        try:
            known[root] = _loaded(root, config)
        except (BamlError, CompileError) as failure:
            known[root] = failure
    if isinstance(known[root], Exception):
        raise known[root]
    loaded: Loaded = known[root]
    return loaded


def _loaded(root: Path, config: pytest.Config) -> Loaded:
    from ..selection import cases_of

    program = config.stash.get(LOAD, _load)(root)
    return Loaded(program, cases_of(program), prompts_for(program, project_of(root), config))


def _load(root: Path) -> Program:
    from ...embed import load

    return load(root)
