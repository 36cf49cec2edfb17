"""The package `baml_py` as programs for BAML import it: from `packages/baml-py`, in processes of their own."""

from __future__ import annotations

import importlib
import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import bamlet
from bamlet import baml_py

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "packages" / "baml-py"

# What BAML's documentation and generated clients import, in any order.
IMPORTS = """
from baml_py.errors import BamlAbortError, BamlClientError, BamlClientFinishReasonError, BamlClientHttpError
from baml_py.errors import BamlError, BamlInvalidArgumentError, BamlTimeoutError, BamlValidationError
from baml_py import AbortController, Audio, ClientRegistry, Collector, FunctionLog, HTTPRequest, Image, LLMCall
from baml_py import Pdf, Timing, Usage, Video, BamlRuntime, FunctionResult, FunctionResultStream
from baml_py import invoke_runtime_cli
from baml_py import errors, logging, type_builder
import baml_py; baml_py.Image; baml_py.errors.BamlError; baml_py.baml_py.Collector
import baml_py.type_builder; baml_py.type_builder.FieldType; baml_py.logging.set_log_level
from baml_py.baml_py import HTTPBody, HTTPResponse, TraceStats, BamlImagePy, SSEResponse, get_version
from baml_py.safe_import import EnsureBamlPyImport
""".strip().splitlines()


def python(code: str, *paths: Path, check: bool = True) -> subprocess.CompletedProcess[str]:
    path = os.pathsep.join(map(str, (*paths, PACKAGE, ROOT)))
    return subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        timeout=60,
        check=check,
    )


@pytest.mark.parametrize("line", IMPORTS)
def test_every_import_of_a_program_works_first(line: str) -> None:
    assert python(line).stderr == ""


def test_the_classes_are_bamlets_own() -> None:
    code = "\n".join(
        (
            "import bamlet, baml_py, baml_py.errors, baml_py.baml_py",
            "assert baml_py.Image is bamlet.Image is baml_py.baml_py.BamlImagePy",
            "assert baml_py.errors.BamlError is bamlet.BamlError is baml_py.BamlError",
            "assert baml_py.Collector is bamlet.Collector",
            "print(baml_py.baml_py.get_version(), sorted(set(dir(baml_py)) & {'Image', 'errors', 'Collector'}))",
        )
    )
    assert python(code).stdout == "0.226.3 ['Collector', 'Image', 'errors']\n"


def test_the_stand_in_says_every_name_of_the_room() -> None:
    named = {}
    for module in baml_py.MODULES:
        served = importlib.import_module(f"bamlet.baml_py.{module}")
        names = [name for name in vars(served) if not name.startswith(("_", "@")) and name != "annotations"]
        named[f"baml_py.{module}"] = names
    code = f"""
from importlib import import_module
print([(m, name) for m, names in {named!r}.items() for name in names if not hasattr(import_module(m), name)])
"""
    assert python(code).stdout == "[]\n"


def test_f21_importing_starts_nothing() -> None:
    code = (
        "import baml_py, baml_py.errors, threading, sys; print(threading.active_count(), 'httpx' in sys.modules)"
    )
    assert python(code).stdout == "1 False\n"


def test_beside_the_native_package_it_says_which_one_to_have(tmp_path: Path) -> None:
    """Only what pip leaves of the native package is looked at, so that is all there is of it here."""
    info = tmp_path / "baml_py-0.226.3.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: baml-py\nVersion: 0.226.3\n")
    done = python("import baml_py", tmp_path, check=False)
    assert done.returncode == 1
    assert "baml-py 0.226.3 and bamlet-baml-py are both installed" in done.stderr
    assert "pip uninstall baml-py bamlet-baml-py" in done.stderr


def test_it_is_of_the_version_of_bamlet() -> None:
    project = tomllib.loads((PACKAGE / "pyproject.toml").read_text())["project"]
    assert project["version"] == bamlet.__version__
    assert project["dependencies"] == [f"bamlet=={bamlet.__version__}"]


def test_the_low_level_names_are_there_and_name_what_to_use() -> None:
    source = {"main.baml": "function One() -> int { 1 }"}
    runtime = baml_py.BamlRuntime.from_files("baml_src", source, {})
    assert bamlet.Runtime(runtime.program).call("One") == 1
    with pytest.raises(NotImplementedError, match=r"bamlet\.Runtime"):
        runtime.call_function_sync("One", {})
    for name in ("FunctionResult", "FunctionResultStream"):
        with pytest.raises(NotImplementedError, match=r"bamlet\.Runtime"):
            getattr(baml_py, name)()


def test_the_command_is_bamlets() -> None:
    code = "import sys; sys.argv = ['baml-cli', '--version']; import baml_py; baml_py.invoke_runtime_cli()"
    assert bamlet.__version__ in python(code).stdout
