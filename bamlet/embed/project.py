"""The files at some paths as one program that is checked again and again; only what changed is done again."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from ..diagnostics import Diagnostic
from ..diagnostics.diagnostic import in_order
from ..interpreter.facts.edition import Edition as Edition
from ..records import dataclass
from ..uncollected import uncollected
from .files import Read, find_names, read
from .store import (
    cache_folder,
    content_key,
    forget_old_programs,
    is_known_clean,
    load_kept,
    remember_clean,
    save_kept,
)

if TYPE_CHECKING:
    from ..grammar import Parsed, Parser
    from ..interpreter.facts.interface import SymbolTable
    from ..interpreter.program.analyse import Analysis
    from ..interpreter.program.editions import Choice
    from .checked_before import CheckedBefore

_Stamp = tuple[int, int]

# Looks at edited functions alone; then all is looked at, and the parser forgets the texts that it saw meanwhile.
MOST_IN_A_ROW = 100


@dataclass(frozen=True, slots=True)
class _File:
    """What a file held when it looked so from outside."""

    stamp: _Stamp
    read: Read


class Project:
    """Files and folders, with texts that come from elsewhere beside them.

    A file is read when its size or time of change is new, and an item is parsed when its text is new. A program
    that was found clean before, also by another process, is not looked into again.
    """

    def __init__(
        self, *paths: str | os.PathLike[str], beside: Sequence[Read] = (), edition: Edition | None = None
    ) -> None:
        self._paths = paths
        self._edition = edition
        self._beside = beside
        self._files: dict[str, _File] = {}
        self._found: tuple[Diagnostic, ...] | None = None
        self._parser: Parser | None = None
        self._before: CheckedBefore | None = None
        self._asked = ""  # in which edition that was
        self._in_a_row = 0

    @property
    def file_count(self) -> int:
        return len(self._files) + len(self._beside)

    def check(self) -> tuple[Diagnostic, ...]:
        """What is wrong with the program as it is now. Raises `FileNotFoundError` if a path holds no program."""
        stamps = dict(self._stamps())
        if self._found is None or stamps != {path: file.stamp for path, file in self._files.items()}:
            self._found = None  # stays so if a file goes away while it is read
            self._files = {path: self._file(path, stamp) for path, stamp in stamps.items()}
            with uncollected():
                self._found = self._check([*(file.read for file in self._files.values()), *self._beside])
        return self._found

    def edition(self) -> Choice:
        """Which edition the program is, as it is now, and why."""
        self.check()
        _, analysis = self._stages([*(file.read for file in self._files.values()), *self._beside])
        return analysis.edition

    def symbols(self) -> SymbolTable:
        """Definitions and references of the program as it is now, as far as it can be understood."""
        from ..interpreter.names.references import symbol_table

        self.check()
        parsed, analysis = self._stages([*(file.read for file in self._files.values()), *self._beside])
        return symbol_table(
            (placed for one in parsed for placed in one.items), analysis.names, analysis.checked.tables
        )

    def _stamps(self) -> Iterator[tuple[str, _Stamp]]:
        for path in (file for root in self._paths for file in find_names(root)):
            status = os.stat(path)
            yield path, (status.st_mtime_ns, status.st_size)

    def _file(self, path: str, stamp: _Stamp) -> _File:
        """The stamp is older than the text, so that a change in between is seen the next time."""
        known = self._files.get(path)
        return known if known and known.stamp == stamp else _File(stamp, read(path))

    def _check(self, texts: Sequence[Read]) -> tuple[Diagnostic, ...]:
        problems = tuple(one.problem for one in texts if one.problem)
        asked = f"{self._edition} {self._assumed()}"
        if asked != self._asked:
            self._before, self._asked = None, asked
        if self._parser is not None or problems:
            return () if not problems and self._is_clean_still(texts) else self._analyse(texts, problems)
        folder = cache_folder()
        content = (text for one in texts for text in (one.source.name, one.source.text))
        key = content_key((asked, *content))
        if is_known_clean(folder, key):
            return ()
        place = "checked-" + content_key((asked, *(one.source.name for one in texts)))
        self._before = load_kept(folder, place)
        if self._is_clean_still(texts):
            found: tuple[Diagnostic, ...] = ()
        elif not (found := self._analyse(texts, problems)) and self._before is not None:
            save_kept(folder, place, self._before)
            forget_old_programs(folder)
        if not found:
            remember_clean(folder, key)
        return found

    def _is_clean_still(self, texts: Sequence[Read]) -> bool:
        from .library import library_unit

        self._in_a_row += 1
        if self._before is None or self._in_a_row > MOST_IN_A_ROW:
            return False
        sources = [one.source for one in texts]
        return self._before.is_clean_still(sources, self._parsing(), library_unit())

    def _analyse(self, texts: Sequence[Read], problems: tuple[Diagnostic, ...]) -> tuple[Diagnostic, ...]:
        """All of it; if that is clean, what is needed to tell next time whether it still is."""
        from .checked_before import CheckedBefore

        _, analysis = self._stages(texts)
        found = in_order((*problems, *analysis.diagnostics))
        if not found:
            self._before = CheckedBefore.of([one.source for one in texts], self._parsing(), analysis)
        return found

    def _stages(self, texts: Sequence[Read]) -> tuple[list[Parsed], Analysis]:
        from ..interpreter.program.analyse import analyse
        from .library import library_unit

        self._in_a_row = 0
        parser = self._parsing()
        parser.next_round()
        parsed = [parser.parse(one.source) for one in texts if one.problem is None]
        return parsed, analyse(parsed, library_unit(), settled=self._edition, assumed=self._assumed())

    def _parsing(self) -> Parser:
        from .library import new_parser

        if self._parser is None:
            self._parser = new_parser()
        return self._parser

    def _assumed(self) -> Edition | None:
        """What settings say; of several paths the first that has any."""
        from .settings import settings_of

        found = (settings_of(path).edition for path in self._paths)
        return None if self._edition is not None else next((one for one in found if one is not None), None)
