"""Prompts that are kept beside a program: what a test would send is compared before it is sent.

One page for each test of an LLM function, `prompts/Function/Test.md`, rendered for the function's own client.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from difflib import unified_diff
from pathlib import Path
from typing import Literal, TypeAlias

from ..embed import BamlError, CallContext
from ..embed.constraints import TestInfo
from ..embed.runtime import Program
from ..embed.test_arguments import arguments_of_test
from .outcome import Case, RunError
from .places import PROMPTS, Places, below, safe_name

Mode: TypeAlias = Literal["check", "update", "off"]


class Prompts:
    """Without a mode, pages are compared where there is a folder of them.

    `known` are all tests of the program, if it is a whole folder: a page that none of them asks for is told at the
    end, or taken away by an update. A single file may have neighbours whose pages they are.
    """

    def __init__(
        self,
        program: Program,
        root: Path,
        mode: Mode | None = None,
        environ: Mapping[str, str] | None = None,
        known: Sequence[Case] = (),
    ) -> None:
        self._program = program
        self._places = Places(root)
        self._mode = mode
        self._environ = environ
        self._known = known
        self._found: dict[Case, RunError | None] = {}

    async def problem(self, case: Case) -> RunError | None:
        """Why a test is not to be run: its prompt is another one than that which was kept."""
        if case not in self._found:
            self._found[case] = await self._compared(case) if self._asks(case) else None
        return self._found[case]

    def _asks(self, case: Case) -> bool:
        if self._mode == "off" or case.function is None:
            return False
        if self._program.interface.functions[case.function].llm is None:
            return False
        return self._mode is not None or self._places.folder(case, PROMPTS).is_dir()

    def _path(self, case: Case) -> Path:
        return self._places.folder(case, PROMPTS) / below(case) / f"{safe_name(case.name)}.md"

    async def _compared(self, case: Case) -> RunError | None:
        from ..embed.prompt_page import SecretInPrompt, as_kept, keep_page, kept_page, prompt_page

        assert isinstance(case.info, TestInfo)
        path = self._path(case)
        try:
            context = CallContext(types=case.info.types)
            arguments = arguments_of_test(self._program, case.info)
            page = await prompt_page(self._program, case.info.function, arguments, context, self._environ)
        except SecretInPrompt as failure:
            return RunError(type(failure).__name__, str(failure))
        except BamlError:
            return None  # the call will say the same, and more of it
        try:
            if self._mode == "update":
                keep_page(path, page)
                return None
            kept = kept_page(path)
        except FileNotFoundError:
            return RunError("NoPrompt", f"there is no page {_shown(path)}", hint=_hint(case))
        except OSError as failure:
            return RunError(type(failure).__name__, f"{_shown(path)}: {failure.strerror or failure}")
        page = as_kept(page)
        if kept == page:
            return None
        diff = unified_diff(kept.splitlines(), page.splitlines(), _shown(path), "now", n=3, lineterm="")
        return RunError("PromptChanged", "\n".join(["the prompt has changed", *diff]), hint=_hint(case))

    def leftover(self) -> tuple[str, ...]:
        """Pages that no test asks for: taken away by an update, told as problems otherwise."""
        if self._mode == "off":
            return ()
        from ..embed.prompt_page import pages_below

        asked = {self._path(case) for case in self._known if case.function is not None}
        folders = {self._places.folder(case, PROMPTS) for case in self._known}
        left = sorted(page for folder in folders for page in pages_below(folder) if page not in asked)
        if self._mode == "update":
            for page in left:
                page.unlink()
            return ()
        return tuple(f"{_shown(page)}: no test asks for this page; --prompts update removes it" for page in left)


def _hint(case: Case) -> str:
    return f"if it is meant so, keep it with --offline --prompts update -i {case.id}"


def _shown(path: Path) -> str:
    relative = os.path.relpath(path)
    return str(path) if relative.startswith("..") else relative
