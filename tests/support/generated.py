"""Clients that are generated for a test and imported under a name of their own."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib import import_module
from itertools import count
from pathlib import Path
from types import ModuleType

from bamlet.cli.main import run
from bamlet.client.package import GLOBALS

_NUMBERS = count(1)

CLIENT = """
client<llm> Local {
  provider openai-generic
  options {
    base_url env.BASE_URL
    api_key env.LOCAL_KEY
    model "m"
  }
}
"""


@contextmanager
def generated(folder: Path, source: str | Mapping[str, str], settings: str | None = None) -> Iterator[ModuleType]:
    """The package of a program of one file or several, forgotten at the end. `folder` is empty, and afterwards
    holds the sources, too. `settings` are those of a `baml.toml`, which is gone when the package is used.
    """
    name = f"project_{next(_NUMBERS)}"
    project = folder / name
    for file, text in ({"main.baml": source} if isinstance(source, str) else source).items():
        path = project / "baml_src" / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    if settings is not None:
        (project / "baml.toml").write_text(settings, "utf-8")
    assert run(["generate", str(project / "baml_src")]) == 0
    (project / "baml.toml").unlink(missing_ok=True)
    sys.path.insert(0, str(folder))
    try:
        yield import_module(f"{name}.baml_client")
    finally:
        close(name)
        sys.path.remove(str(folder))
        for module in [module for module in sys.modules if module.partition(".")[0] == name]:
            del sys.modules[module]


def close(project: str) -> None:
    """The connections of the blocking client; those of a loop end with it."""
    shared = sys.modules.get(f"{project}.baml_client.globals")
    package = getattr(shared, GLOBALS) if shared else None
    if package is not None and package.has_begun:
        package.runtime.close()
