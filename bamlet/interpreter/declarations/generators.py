"""Generator blocks: checked, and handed on to who generates code."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from ...diagnostics import Note, catalogue, did_you_mean
from ...grammar import nodes as n
from ..facts.interface import GeneratorInfo
from ..facts.report import Report
from .blocks import Block, Shape
from .settings import setting

_OUTPUT_TYPES = (
    "python/pydantic",
    "python/pydantic/v1",
    "typescript",
    "typescript/react",
    "ruby/sorbet",
    "rest/openapi",
    "boundary-cloud",
    "go",
    "rust",
)
_CHOICES: Mapping[str, tuple[str, ...]] = {
    "output_type": _OUTPUT_TYPES,
    "default_client_mode": ("sync", "async"),
    "module_format": ("cjs", "esm"),
}
_GENERATOR = Shape(
    "a generator",
    (
        "output_type",
        "output_dir",
        "version",
        "default_client_mode",
        "on_generate",
        "client_package_name",
        "module_format",
        "project",
    ),
    catalogue.UNKNOWN_GENERATOR_PROPERTY,
    catalogue.MISSING_GENERATOR_PROPERTY,
    {"output_type": 'output_type "python/pydantic"'},
)


def read_generators(
    items: Iterable[tuple[n.Placed[n.Item], n.GeneratorDecl]], report: Report
) -> tuple[GeneratorInfo, ...]:
    """Check each, and that no two have the same name."""
    found: list[GeneratorInfo] = []
    first: dict[str, tuple[n.Placed[n.Item], n.Identifier]] = {}
    for placed, node in items:
        if node.name.name in first:
            other, name = first[node.name.name]
            note = Note(other.span(name), "declared here first")
            message = f"two generators are called `{node.name.name}`"
            report.at(placed, node.name, catalogue.DUPLICATE_NAME, message, note, hint="rename one of them")
        first.setdefault(node.name.name, (placed, node.name))
        options = _check(Block(placed, report), node)
        found.append(GeneratorInfo(node.name.name, options, placed.span(node.name)))
    return tuple(found)


def _check(block: Block, node: n.GeneratorDecl) -> dict[str, str]:
    given = block.check(node.name, node.config.entries, _GENERATOR)
    for key, entry in given.items():
        value = setting(entry.value)
        if not isinstance(entry.value, n.ConfigText):
            block.wrong(entry.value, catalogue.GENERATOR_PROPERTY, f"`{key}` is a string", f'write {key} "…"')
        elif key in _CHOICES and value not in _CHOICES[key]:
            message = f"`{value}` is no {key} of a generator"
            hint = did_you_mean(str(value), _CHOICES[key]) or f"it is one of {', '.join(_CHOICES[key])}"
            block.wrong(entry.value, catalogue.GENERATOR_PROPERTY, message, hint)
    output = given.get("output_type")
    if output and setting(output.value) == "go" and "client_package_name" not in given:
        message = f"a generator for go needs `client_package_name`, and `{node.name.name}` has none"
        hint = 'write `client_package_name "example.com/client"`, for example'
        block.wrong(node.name, catalogue.MISSING_GENERATOR_PROPERTY, message, hint)
    return {key: str(setting(entry.value)) for key, entry in given.items()}
