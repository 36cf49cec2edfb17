"""`bamlet generate`: client code for the generators of a program, once or whenever its sources change."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from collections.abc import Callable, Iterable
from functools import cache
from pathlib import Path

from ..clientgen import (
    Made,
    Nothing,
    Target,
    go_package,
    openapi_files,
    python_package,
    ruby_package,
    rust_package,
    stub_package,
    targets,
    typescript_package,
)
from ..diagnostics import CompileError
from ..diagnostics.formats import FORMATS
from ..embed import Program, check_path
from ..embed.files import find
from ..embed.project import Project
from ..embed.trimming import without_tests
from ..source import Span
from . import exits
from .package_files import Difference, differences, foreign, write
from .terminal import palette

_SECONDS_BETWEEN_LOOKS = 0.3
_EXAMPLE = """\
there is no generator block, so a Python client is made beside the sources. To say so yourself:

    generator Client {
      output_type "python/pydantic"
      output_dir "../"
      default_client_mode async
    }
"""


def main(arguments: argparse.Namespace) -> int:
    sources = _sources(arguments.path or arguments.source)
    if isinstance(sources, str):
        _say(sources)
        return exits.USAGE
    if arguments.watch:
        if arguments.check:
            _say("--check looks once, --watch goes on: choose one")
            return exits.USAGE
        return _watch(sources, arguments)
    return _generate(sources, arguments)


def _sources(given: str | None) -> Path | str:
    """The folder of sources, or why there is none."""
    if given is not None:
        path = Path(given)
        return path if path.exists() else f"{path}: there is no such folder"
    here = Path.cwd()
    for folder in (here, *here.parents):
        if (folder / "baml_src").is_dir():
            found = folder / "baml_src"
            return found.relative_to(here) if found.is_relative_to(here) else found
    return "there is no folder baml_src here or above; name the folder of your .baml files: bamlet generate DIR"


def _generate(sources: Path, arguments: argparse.Namespace) -> int:
    try:
        program, found = check_path(sources)
    except OSError as failure:
        _say(str(failure))
        return exits.USAGE
    if found:
        print(FORMATS["full"](found, palette(sys.stderr)), file=sys.stderr)
    if program is None:
        return exits.BAD_SOURCE
    folder = sources if sources.is_dir() else sources.parent
    if arguments.stubs is not None:
        return _put(Path(arguments.stubs), stub_package(program.interface), arguments)
    try:
        wanted = targets(program.interface, folder, arguments.output_dir)
    except Nothing as nothing:
        _say(str(nothing))
        return exits.FAILED
    for warning in wanted.warnings:
        _say(f"warning: {warning}")
    if wanted.is_default:
        print(_EXAMPLE, file=sys.stderr)
    codes = [_package(program, sources, target, arguments) for target in wanted.targets]
    return max(codes, default=exits.FAILED)


def _package(program: Program, sources: Path, target: Target, arguments: argparse.Namespace) -> int:
    try:
        made = _made(program, sources, target, arguments)
    except CompileError as refused:
        print(FORMATS["full"](refused.diagnostics, palette(sys.stderr)), file=sys.stderr)
        return exits.BAD_SOURCE
    code = _put(target.folder, made, arguments)
    return _hook(target) if code == exits.OK and not arguments.check else code


def _made(program: Program, sources: Path, target: Target, arguments: argparse.Namespace) -> Made:
    if target.kind == "rest/openapi":
        return openapi_files(program.interface)
    if target.kind in ("typescript", "typescript/react"):
        return typescript_package(program.interface, target.modules, react=target.kind == "typescript/react")
    if target.kind == "rust":
        return rust_package(program.interface)
    if target.kind == "go":
        return go_package(program.interface, target.module)
    if target.kind == "ruby/sorbet":
        return ruby_package(program.interface)
    texts = _texts(sources, arguments.no_tests)
    return python_package(program.interface, program.edition, texts, target.mode, _places(sources))


def _put(folder: Path, made: Made, arguments: argparse.Namespace) -> int:
    """Write what differs, or with `--check` only name it."""
    for warning in made.warnings:
        _say(f"warning: {warning}")
    try:
        changed = differences(folder, made.files)
        if arguments.check:
            return _report(folder, changed)
        write(folder, made.files, changed)
    except OSError as failure:
        _say(f"{folder}: cannot be written: {failure.strerror or failure}")
        return exits.FAILED
    for other in foreign(folder, made.files):
        _say(f"warning: {os.path.normpath(other)} is not made by bamlet; it is left as it is")
    count = len(made.files)
    print(f"{folder.name}: {count} file{'s' if count != 1 else ''}, {len(changed)} changed", flush=True)
    return exits.OK


def _places(sources: Path) -> Callable[[str], Span]:
    """Where names are declared, looked up only if something is wrong with one."""
    symbols = cache(Project(sources).symbols)
    return lambda name: symbols().definitions[name].span


def _report(folder: Path, changed: Iterable[Difference]) -> int:
    for difference in changed:
        print(f"{os.path.normpath(folder / difference.name)}: {difference.kind}")
    if changed:
        _say("run `bamlet generate` to bring the client up to date")
        return exits.FAILED
    return exits.OK


def _hook(target: Target) -> int:
    if target.hook is None:
        return exits.OK
    done = subprocess.run(
        target.hook, shell=True, cwd=target.folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False
    )
    if done.returncode == 0:
        return exits.OK
    _say(f"on_generate ended with {done.returncode}: {target.hook}")
    print(done.stdout.decode(errors="replace"), end="", file=sys.stderr)
    return exits.FAILED


def _texts(sources: Path, no_tests: bool) -> dict[str, str]:
    """Names are relative to the folder of sources, with `/`, so that they are the same on every machine."""
    folder = sources if sources.is_dir() else sources.parent
    texts = {path.relative_to(folder).as_posix(): path.read_bytes().decode("utf-8-sig") for path in find(sources)}
    return {name: without_tests(name, text) for name, text in texts.items()} if no_tests else texts


def _watch(sources: Path, arguments: argparse.Namespace) -> int:
    """Ctrl-C is how every watch ends, so it is no failure."""
    import asyncio

    async def watch() -> None:
        before: object = None
        while True:
            now = _stamps(sources)
            if now != before:
                _generate(sources, arguments)
                before = now
            await asyncio.sleep(_SECONDS_BETWEEN_LOOKS)

    try:
        asyncio.run(watch())
    except KeyboardInterrupt:
        return exits.OK
    raise AssertionError("a watch ends by an exception only")


def _stamps(sources: Path) -> object:
    """Files come and go while an editor writes them: what cannot be read now is looked at again."""
    try:
        found = [(path, path.stat()) for path in find(sources)]
    except OSError as failure:
        return str(failure)
    return [(path, status.st_mtime_ns, status.st_size) for path, status in found]


def _say(text: str) -> None:
    print(f"bamlet generate: {text}", file=sys.stderr, flush=True)
