"""The rules of `tests/layers.py`, held against `bamlet/`; and the checker, held against a made-up tree."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.layers import Module, modules, violations

ROOT = Path(__file__).parent.parent / "bamlet"


@pytest.mark.parametrize("module", modules(ROOT), ids=lambda module: module.name or "bamlet")
def test_imports_point_down(module: Module) -> None:
    assert "\n".join(violations(module)) == ""


BROKEN = [
    ("grammar/build.py", "from ..embed import load", "bamlet.embed.load"),
    ("grammar/build.py", "from .. import embed", "bamlet.embed"),
    ("sap/view.py", "from ..wire.sse import EventDecoder", "bamlet.wire.sse.EventDecoder"),  # its own line
    ("interpreter/program/run.py", "import bamlet.sysops.clock", "bamlet.sysops.clock"),
    ("interpreter/emit/code.py", "from ...prompt import parts", "bamlet.prompt.parts"),
    ("interpreter/check/order.py", "from ..emit import effects", "bamlet.interpreter.emit.effects"),
    ("interpreter/emit/code.py", "from ..runtime.loops import each", "bamlet.interpreter.runtime.loops.each"),
    ("interpreter/runtime/loops.py", "from ..names import resolve", "bamlet.interpreter.names.resolve"),
    ("interpreter/abi.py", "from .facts import symbols", "bamlet.interpreter.facts.symbols"),
    ("sysops/http.py", "from ..interpreter.emit import emit", "bamlet.interpreter.emit.emit"),
    ("sysops/http.py", "from .. import interpreter", "bamlet.interpreter"),
    ("stdlib/__init__.py", "from ..source import Span", "bamlet.source.Span"),
    ("cli/main.py", "from ..interpreter.runtime.values import Handle", "bamlet.interpreter.runtime.values.Handle"),
    ("testing.py", "from . import load", "bamlet.load"),
    ("wire/http.py", "import lark", "lark"),
    ("providers/openai.py", "import httpx._client", "httpx._client"),
    (
        "prompt/parts.py",
        "from jinja2.sandbox import SandboxedEnvironment",
        "jinja2.sandbox.SandboxedEnvironment",
    ),
    ("providers/google_tokens.py", "import cryptography.hazmat", "cryptography.hazmat"),
    ("wire/http.py", "import time", "time"),
    ("wire/http.py", "from random import random", "random.random"),
    ("wire/signing.py", "import datetime as dt; dt.datetime.now(dt.UTC)", "datetime.datetime.now"),
    ("wire/http.py", "import os; os.environ.get('KEY')", "os.environ.get"),
    ("wire/http.py", "from os import environ", "os.environ"),
    ("sysops/http.py", "import os; os.getenv('KEY')", "os.getenv"),
    ("wire/http.py", "open('x')", "open"),
    ("prompt/media.py", "from pathlib import Path; Path('x').read_bytes()", ".read_bytes"),
    ("embed.py", "print('x')", "print"),
    ("embed.py", "import sys; sys.stderr.write('x')", "sys.stderr.write"),
    ("embed.py", "import sys; sys.exit(1)", "sys.exit"),
    ("embed.py", "exec('x')", "exec"),
    ("grammar/parse.py", "compile('x', 'y', 'exec')", "compile"),
    ("interpreter/program/run.py", "eval('x')", "eval"),
    ("embed.py", "import threading", "threading"),
    ("__init__.py", "print('x')", "print"),
    ("helpers.py", "", "helpers is not a room of LAYERS"),
]


@pytest.mark.parametrize(("path", "code", "use"), BROKEN, ids=[f"{path}: {use}" for path, _, use in BROKEN])
def test_broken_rule_is_reported_with_file_line_and_use(tmp_path: Path, path: str, code: str, use: str) -> None:
    [module] = made_up(tmp_path, {path: f'"""A room."""\n{code}\n'})
    [report] = violations(module)
    assert report.startswith(f"bamlet/{path}:")
    assert report.endswith(use)
    assert code == "" or ":2: " in report


def test_import_under_type_checking_counts(tmp_path: Path) -> None:
    code = "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from ..embed import Runtime\n"
    [module] = made_up(tmp_path, {"sap/view.py": code})
    assert list(violations(module)) == ["bamlet/sap/view.py:3: sap.view may not use bamlet.embed.Runtime"]


CLEAN = {
    "__init__.py": "from .embed import load\nfrom .sync import Runtime\n",
    "__main__.py": "import sys\nfrom .cli.main import main\nsys.exit(main())\n",
    "_version.py": "__version__ = '1'\n",
    "source.py": "import re\nLINE = re.compile('x')\n",
    "grammar/parse.py": "import lark\nfrom ..diagnostics import Code\n",
    "interpreter/emit/code.py": "from ..check import check\ncompile('x', 'y', 'exec')\n",
    "sysops/clock.py": "import random, time\nfrom ..interpreter.runtime import loops\n",
    "sysops/registry.py": "from ..interpreter.runtime.values import Handle\n",
    "sysops/fs.py": "def read(path):\n    return path.read_text('utf-8')\n",
    "embed.py": "import os\nfrom .sysops import fs\ndef compile(files):\n    ...\ncompile(os.environ)\n",
    "sync.py": "import threading\nfrom .embed import load\n",
    "cli/main.py": "from .._version import __version__\nfrom ..testing import run_test\nprint(__version__)\n",
}


def test_clean_tree_has_no_violation(tmp_path: Path) -> None:
    found = [report for module in made_up(tmp_path, CLEAN) for report in violations(module)]
    assert found == []


def made_up(folder: Path, files: dict[str, str]) -> list[Module]:
    root = folder / "bamlet"
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    return modules(root)
