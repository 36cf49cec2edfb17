"""The standard library, compiled once and kept."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from .store import cache_folder, content_key, load_unit, save_unit

if TYPE_CHECKING:
    from ..grammar import Parser
    from ..interpreter.program.link import Program
    from ..interpreter.program.unit import Unit


def new_parser() -> Parser:
    """With the tables that are kept."""
    from ..grammar import Parser

    return Parser(cache_folder())


@cache
def library() -> Program:
    """The standard library, ready to be called."""
    from ..interpreter.program.link import link

    return link(library_unit(), None)


@cache
def library_unit() -> Unit:
    """The standard library, compiled once in a process and kept between processes."""
    folder = cache_folder()
    name = "library-" + content_key(())  # which counts the library's own files, too
    found = load_unit(folder, name)
    if found is not None:
        return found[0]
    unit = _compile_library()
    save_unit(folder, name, unit, ())
    return unit


def _compile_library() -> Unit:
    from ..diagnostics import CompileError
    from ..interpreter.program.compile import compile_unit
    from ..source import SourceFile
    from ..stdlib import library as library_files

    parser = new_parser()
    files = tuple(library_files())
    parsed = [parser.parse(SourceFile(file.name, file.text)) for file in files]
    namespaces = {file.name: file.namespace for file in files}
    unit, diagnostics = compile_unit(parsed, None, namespaces, settled=1)
    if unit is None or diagnostics:
        raise CompileError(diagnostics)
    return unit
