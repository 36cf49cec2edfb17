"""Clients of a program of 500 classes under the compilers of their languages; how long each takes is printed.

Where there is no compiler this says so; in CI it fails.
"""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.interop.test_go import go
from tests.interop.test_go import project as go_project
from tests.interop.test_ruby import project as ruby_project
from tests.interop.test_ruby import ruby
from tests.interop.test_rust import cargo
from tests.interop.test_rust import project as rust_project
from tests.interop.test_typescript import compiled
from tests.interop.test_typescript import project as typescript_project

CLASSES = 500
GROUP = 25  # classes that have one another, as deep as types of a program are

CLIENT = """
client<llm> Local {
  provider openai-generic
  options {
    base_url "http://127.0.0.1:1"
    model "m"
  }
}
"""
CLASS = """
/// One of many.
class C{n} {{
  name string @description("what it is called")
  count int? @check(positive, {{{{ this == none or this > 0 }}}})
  tags string[]
  kind E{kind} | "other"
  parts C{next}[]
  more map<string, C{other}>
  either C{next} | string | null
}}
"""

FUNCTION = """
function F{n}(text: string) -> C{n} {{
  client Local
  prompt #"{{{{ text }}}}"#
}}
"""


def source() -> str:
    parts = [CLIENT]
    parts += [f"enum E{n} {{ A B C }}\n" for n in range(GROUP)]
    for n in range(CLASSES):
        first, place = n - n % GROUP, n % GROUP
        parts.append(
            CLASS.format(n=n, kind=place, next=first + (place + 1) % GROUP, other=first + (place + 7) % GROUP)
        )
        if n % 5 == 0:
            parts.append(FUNCTION.format(n=n))
    return "".join(parts)


def typescript(folder: Path, program: Path) -> None:
    assert compiled(typescript_project(folder, program), "--module", "nodenext") == ""


def in_go(folder: Path, program: Path) -> None:
    go(go_project(folder, program), "build", "./...")


def in_ruby(folder: Path, program: Path) -> None:
    code = 'require "baml_client"; puts BamlClient::Types::C499::FIELDS.size'
    told = ruby(ruby_project(folder, program), "-I.", "-e", code)
    assert told == "7\n"


def in_rust(folder: Path, program: Path) -> None:
    cargo(rust_project(folder, program), "check")


@pytest.mark.timeout(900)
@pytest.mark.parametrize(
    ("tool", "compiles"), [("node", typescript), ("go", in_go), ("ruby", in_ruby), ("cargo", in_rust)]
)
def test_s18_a_program_of_500_classes_compiles(
    tool: str, compiles: Callable[[Path, Path], None], tmp_path: Path
) -> None:
    if shutil.which(tool) is None and "CI" not in os.environ:
        pytest.skip(f"there is no {tool}")
    program = tmp_path / "program"
    program.mkdir()
    (program / "main.baml").write_text(source())
    began = time.monotonic()
    compiles(tmp_path / "p", program)
    print(f"\n{tool}: {time.monotonic() - began:.1f} s, generating included")
