"""Files or texts to a compiled program."""

from __future__ import annotations

import copyreg
import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ..diagnostics import CompileError, Diagnostic
from ..diagnostics.diagnostic import in_order
from ..interpreter.facts.code_names import is_hidden
from ..interpreter.facts.edition import Edition
from ..records import dataclass
from ..source import SourceFile
from ..uncollected import uncollected
from .errors import BamlInvalidArgumentError
from .files import find_names, read
from .library import library, library_unit, new_parser
from .store import (
    cache_folder,
    compiler_version,
    content_key,
    forget_old_programs,
    load_kept,
    load_unit,
    packed,
    save_kept,
    save_unit,
    unpacked,
)

if TYPE_CHECKING:
    # Making and linking code takes modules that a mere check does without, and what was kept is not parsed.
    from ..interpreter.program.link import Program
    from ..interpreter.program.unit import Unit
    from ..types.schema import Schemas
    from .built_before import BuiltBefore


@dataclass(frozen=True, slots=True)
class _Asked:
    """How a program is to be compiled. With `kept`, one without errors is looked for in the cache, and put there.

    `edition` is what the caller demands, `assumed` what the project's settings say.
    """

    all_async: bool = False
    kept: bool = False
    edition: Edition | None = None
    assumed: Edition | None = None


def load(path: str | os.PathLike[str], *, edition: Edition | None = None) -> Program:
    """Compile a `.baml` file, or every one below a folder. Without an `edition` the project tells which it is.

    Raises `CompileError` with all that is wrong, and `FileNotFoundError` when there is nothing to compile.
    """
    _check_path(path)
    sources, unreadable = read_sources(path)
    return _program(sources, unreadable, _on_disk(path, edition))


def _check_path(given: object) -> None:
    if not isinstance(given, str | os.PathLike):
        is_texts, kind = isinstance(given, Mapping), type(given).__name__
        instead = "texts by their names go to compile_sources" if is_texts else 'write load("folder")'
        raise BamlInvalidArgumentError(f"load takes the path of a file or a folder, not {kind}: {instead}")


def compile_sources(
    files: Mapping[str, str], *, edition: Edition | None = None, emit_all_async: bool = False
) -> Program:
    """Compile texts by their names. Never reads the disk. Raises `CompileError`.

    With `emit_all_async` every function can suspend, which must change nothing but the speed.
    """
    if not isinstance(files, Mapping) or not all(isinstance(text, str) for text in files.values()):
        raise BamlInvalidArgumentError('compile_sources takes texts by their names: {"main.baml": text}')
    sources = [SourceFile(name, text) for name, text in files.items()]
    return _program(sources, (), _Asked(emit_all_async, edition=edition))


def load_sources(files: Mapping[str, str], edition: Edition | None = None) -> Program:
    """The same, kept in the cache between processes: for programs that a package carries."""
    sources = [SourceFile(name, text) for name, text in files.items()]
    return _program(sources, (), _Asked(kept=True, edition=edition))


def check_sources(
    files: Mapping[str, str], *, edition: Edition | None = None
) -> tuple[Program | None, tuple[Diagnostic, ...]]:
    """Like `compile_sources`, but returns what is wrong instead of raising it."""
    sources = [SourceFile(name, text) for name, text in files.items()]
    return _compile(sources, (), _Asked(edition=edition))


def check_path(
    *paths: str | os.PathLike[str], edition: Edition | None = None
) -> tuple[Program | None, tuple[Diagnostic, ...]]:
    """Like `load`, but returns what is wrong instead of raising it. All paths together are one program."""
    sources, unreadable = read_sources(*paths)
    return _compile(sources, unreadable, _on_disk(paths[0], edition))


def _on_disk(path: str | os.PathLike[str], edition: Edition | None) -> _Asked:
    from .settings import settings_of

    return _Asked(kept=True, edition=edition, assumed=settings_of(path).edition if edition is None else None)


def callable_functions(program: Program) -> list[str]:
    """The names of what a host calls: functions and methods of the program, and not those of the library."""
    ours = library().interface.functions
    return [name for name in program.interface.functions if name not in ours and not is_hidden(name)]


def with_types(program: Program, types: Schemas) -> Program:
    """The program with more types, or other ones for those that may be extended."""
    from ..interpreter.program.link import link

    return link(program.unit, library(), program.diagnostics, types, program.sources)


def read_sources(*paths: str | os.PathLike[str]) -> tuple[list[SourceFile], tuple[Diagnostic, ...]]:
    """The sources at some paths, each file once, and a diagnostic for each file that is not text."""
    found = [read(file) for file in dict.fromkeys(file for path in paths for file in find_names(path))]
    sources = [one.source for one in found if one.problem is None]
    return sources, tuple(one.problem for one in found if one.problem)


def _program(sources: list[SourceFile], unreadable: tuple[Diagnostic, ...], asked: _Asked) -> Program:
    program, diagnostics = _compile(sources, unreadable, asked)
    if program is None:
        raise CompileError(diagnostics)
    return program


def _compile(
    sources: list[SourceFile], unreadable: tuple[Diagnostic, ...], asked: _Asked
) -> tuple[Program | None, tuple[Diagnostic, ...]]:
    from ..interpreter.program.link import Program, link
    from ..interpreter.program.sources import Sources

    copyreg.pickle(Program, _reduced)
    with uncollected():
        if asked.kept and not unreadable:
            unit, diagnostics = _kept_unit(sources, asked)
        else:
            unit, diagnostics = _unit(sources, unreadable, asked)
        if unit is None or unreadable:
            return None, diagnostics
        texts = {source.name: source.text for source in sources}
        return link(unit, library(), diagnostics, sources=Sources(texts, new_parser)), diagnostics


def _kept_unit(sources: list[SourceFile], asked: _Asked) -> tuple[Unit | None, tuple[Diagnostic, ...]]:
    folder = cache_folder()
    texts = (text for source in sources for text in (source.name, source.text))
    name = "program-" + content_key((f"{asked.edition} {asked.assumed}", *texts))
    found = load_unit(folder, name)
    if found is not None:
        return found
    place = "built-" + content_key((f"{asked.edition} {asked.assumed}", *(source.name for source in sources)))
    rebuilt = _rebuilt(sources, place)
    unit, diagnostics = (rebuilt, ()) if rebuilt is not None else _built(sources, asked, name, place)
    if unit is not None:
        save_unit(folder, name, unit, diagnostics)
        forget_old_programs(folder)
    return unit, diagnostics


def _rebuilt(sources: list[SourceFile], place: str) -> Unit | None:
    """Of the program as it was when all of it was compiled, and the functions that are others since."""
    folder = cache_folder()
    before: BuiltBefore | None = load_kept(folder, place)
    found = None if before is None else load_unit(folder, before.program)
    return (
        None
        if before is None or found is None
        else before.rebuilt(found[0], sources, new_parser(), library_unit())
    )


def _built(
    sources: list[SourceFile], asked: _Asked, name: str, place: str
) -> tuple[Unit | None, tuple[Diagnostic, ...]]:
    """All of it, and what is needed to do less when some functions have changed."""
    from ..interpreter.program.analyse import analyse
    from ..interpreter.program.compile import unit_of_analysis
    from .built_before import BuiltBefore

    parser = new_parser()
    parsed = [parser.parse(source) for source in sources]
    analysis = analyse(parsed, library_unit(), settled=asked.edition, assumed=asked.assumed)
    unit = unit_of_analysis(analysis)
    before = None if unit is None else BuiltBefore.of(name, sources, parser, analysis)
    if before is not None:
        save_kept(cache_folder(), place, before)
    return unit, in_order(analysis.diagnostics)


def _unit(
    sources: list[SourceFile], unreadable: tuple[Diagnostic, ...], asked: _Asked
) -> tuple[Unit | None, tuple[Diagnostic, ...]]:
    from ..interpreter.program.compile import compile_unit

    parser = new_parser()
    parsed = [parser.parse(source) for source in sources]
    unit, found = compile_unit(
        parsed, library_unit(), all_async=asked.all_async, settled=asked.edition, assumed=asked.assumed
    )
    return unit, in_order((*unreadable, *found))


def _reduced(program: Program) -> tuple[Any, ...]:
    """A program can go to another process of the same version of Python and of ours."""
    return _restored, (compiler_version(), packed(program.unit, program.diagnostics), program.sources.texts)


def _restored(version: str, data: bytes, texts: Mapping[str, str]) -> Program:
    if version != compiler_version():
        raise ValueError(f"this program was compiled by another version ({version}); compile it again")
    from ..interpreter.program.link import link
    from ..interpreter.program.sources import Sources

    unit, diagnostics = unpacked(data)
    return link(unit, library(), diagnostics, sources=Sources(texts, new_parser))
