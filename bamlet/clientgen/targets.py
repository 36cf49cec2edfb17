"""The generator blocks of a program to what is to be made, and where."""

from __future__ import annotations

from pathlib import Path
from typing import Literal, get_args

from ..interpreter.facts.interface import GeneratorInfo, Interface
from ..records import dataclass

PACKAGE = "baml_client"

Kind = Literal["python/pydantic", "rest/openapi", "typescript", "typescript/react", "ruby/sorbet", "go", "rust"]
_KINDS: dict[str, Kind] = {kind: kind for kind in get_args(Kind)}

# What has no generator of ours yet, and what to do instead.
_ELSEWHERE = {
    "boundary-cloud": "Boundary's cloud",
}


class Nothing(Exception):
    """There is nothing to make, and why."""


@dataclass(frozen=True, slots=True)
class Target:
    """A folder of files to be made. `mode` is which client of a Python package `b` is, and
    `modules` how those of TypeScript name one another. `module` is what Go calls the folder above."""

    folder: Path
    kind: Kind = "python/pydantic"
    mode: Literal["sync", "async"] = "async"
    modules: Literal["cjs", "esm"] = "cjs"
    module: str = ""
    hook: str | None = None


@dataclass(frozen=True, slots=True)
class Wanted:
    targets: tuple[Target, ...]
    warnings: tuple[str, ...] = ()
    is_default: bool = False


def targets(interface: Interface, sources: Path, output_dir: str | None) -> Wanted:
    """Raises `Nothing`."""
    if not interface.generators:
        folder = Path(output_dir) if output_dir else sources.parent if sources.name else sources / ".."
        return Wanted((Target(folder / PACKAGE),), is_default=True)
    found: dict[Path, GeneratorInfo] = {}
    made: list[Target] = []
    warnings: list[str] = []
    for generator in interface.generators:
        output_type = generator.options["output_type"]
        if output_type == "python/pydantic/v1":
            raise Nothing(f"generator {generator.name}: pydantic 1 is not supported; use python/pydantic")
        kind = _KINDS.get(output_type)
        if kind is None:
            warnings.append(_not_made(generator))
            continue
        folder = _folder(generator, sources, output_dir)
        if other := found.get(folder.resolve()):
            raise Nothing(
                f"the generators {other.name} and {generator.name} both write {folder}; "
                f"give one of them another output_dir"
            )
        found[folder.resolve()] = generator
        options = generator.options
        mode: Literal["sync", "async"] = "sync" if options.get("default_client_mode") == "sync" else "async"
        modules: Literal["cjs", "esm"] = "esm" if options.get("module_format") == "esm" else "cjs"
        made.append(
            Target(folder, kind, mode, modules, options.get("client_package_name", ""), options.get("on_generate"))
        )
    if not made:
        raise Nothing("; ".join([*warnings, "no generator is left to run"]))
    return Wanted(tuple(made), tuple(warnings))


def _folder(generator: GeneratorInfo, sources: Path, output_dir: str | None) -> Path:
    folder = Path(output_dir) if output_dir else sources / generator.options.get("output_dir", "../")
    return folder / PACKAGE


def _not_made(generator: GeneratorInfo) -> str:
    kind = generator.options["output_type"]
    return (
        f"generator {generator.name}: {kind} ({_ELSEWHERE[kind]}) is not made by bamlet yet; "
        f"run `baml-cli generate` for that one"
    )
