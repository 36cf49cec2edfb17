"""What the plugin may be told, on pytest's command line or in its settings, and what follows for answers."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from ...embed import Program
    from ..answers import Answers
    from ..prompts import Prompts

SOURCES = "baml_src"
_OPTIONS: tuple[tuple[str, dict[str, Any]], ...] = (
    (
        "record",
        {"choices": ("none", "once", "all"), "help": "where answers come from (default: none, no network)"},
    ),
    ("cassettes", {"metavar": "DIR", "help": "where cassettes are (default: cassettes, beside the program)"}),
    (
        "client",
        {"action": "append", "metavar": "NAME", "help": "run with this client; may be given more than once"},
    ),
    ("runs", {"type": int, "metavar": "N", "help": "repeat each test"}),
    ("pass-rate", {"type": float, "metavar": "R", "help": "how many of the runs must pass (default: 1)"}),
    (
        "prompts",
        {
            "choices": ("check", "update", "off"),
            "help": "compare prompts with the pages kept of them (default: check, where there are some)",
        },
    ),
    ("offline", {"nargs": "?", "const": 0, "type": int, "metavar": "SEED", "help": "invent the answers"}),
    (
        "strict",
        {"action": "store_true", "default": None, "help": "fail when a value loses something of its answer"},
    ),
)


def add_options(parser: pytest.Parser) -> None:
    group = parser.getgroup("bamlet", "tests of .baml programs")
    group.addoption("--bamlet", action="store_true", help="collect .baml files below the paths to test")
    parser.addini("bamlet", "collect .baml files", type="bool", default=False)
    parser.addini("bamlet_roots", "folders of which each is one program", type="paths", default=[])
    for name, options in _OPTIONS:
        group.addoption(f"--bamlet-{name}", **options)
        kind: Any = "linelist" if name == "client" else "string"
        parser.addini(f"bamlet_{name.replace('-', '_')}", f"the same as --bamlet-{name}", type=kind, default=None)


def option(config: pytest.Config, name: str) -> Any:
    """As the command line has it, or else the settings, whose texts mean the same. Raises `pytest.UsageError`."""
    given = config.getoption(f"--bamlet-{name}")
    if given not in (None, []):
        return given
    key = f"bamlet_{name.replace('-', '_')}"
    written = config.getini(key)
    told = dict(_OPTIONS)[name]
    try:
        if written in (None, "", []) or name == "client":
            return written or None
        if written not in told.get("choices", (written,)):
            raise ValueError(f"is one of {', '.join(told['choices'])}")
        return told.get("type", str)(written)
    except ValueError as failure:
        raise pytest.UsageError(f"{key} = {written}: {failure}") from None


def check_options(config: pytest.Config) -> None:
    """What cannot be is said before anything is collected. Raises `pytest.UsageError`."""
    for name, _ in _OPTIONS:
        option(config, name)


def is_true(value: Any) -> bool:
    return value is True or str(value).lower() in ("1", "true", "yes")


def answers_for(project: Path, config: pytest.Config) -> Answers:
    from ..answers import Answers, Settings

    folder = option(config, "cassettes")
    return Answers(
        Settings(
            project,
            Path(config.rootpath, folder) if folder else None,
            option(config, "record") or "none",
            offline=option(config, "offline"),
        )
    )


def project_of(root: Path) -> Path:
    """The folder beside whose sources cassettes, scripts and prompts are."""
    return root.parent if root.name == SOURCES else root


def prompts_for(program: Program, project: Path, config: pytest.Config) -> Prompts:
    from ..prompts import Prompts

    return Prompts(program, project, option(config, "prompts"))
