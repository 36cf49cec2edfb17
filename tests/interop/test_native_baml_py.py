"""bamlet in one process with the native baml-py of PyPI. `make interop` installs it and says where."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[2]
PYTHON = os.environ["BAMLET_NATIVE_PYTHON"]  # an environment with baml-py and what bamlet needs

PROGRAM = """
client<llm> C {
  provider openai-generic
  options { model m, base_url "http://a", api_key k }
}
function Look(photo: image) -> string { client C, prompt #"{{ photo }}"# }
"""


def python(code: str, *paths: Path, check: bool = True) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, (*paths, ROOT)))}
    return subprocess.run(
        [PYTHON, "-c", code], env=environment, capture_output=True, text=True, timeout=60, check=check
    )


def test_native_media_are_taken_as_arguments() -> None:
    code = f"""
import baml_py, bamlet
program = bamlet.compile_sources({{"main.baml": {PROGRAM!r}}})
for photo in (baml_py.Image.from_url("https://x.y/z.png"), baml_py.Image.from_base64("image/png", "aGk=")):
    request = bamlet.Runtime(program).request("Look", photo=photo)
    print(request.body.json()["messages"][0]["content"][0]["image_url"]["url"])
"""
    assert python(code).stdout.splitlines() == ["https://x.y/z.png", "data:image/png;base64,aGk="]


def test_other_native_objects_are_refused_by_name() -> None:
    code = """
import baml_py, bamlet
given = {
    "collector": baml_py.Collector(),
    "registry": baml_py.ClientRegistry(),
    "cancel": baml_py.AbortController(),
    "type_builder": baml_py.baml_py.TypeBuilder(),
}
for name, native in given.items():
    try:
        bamlet.CallContext(**{name: native})
    except bamlet.BamlInvalidArgumentError as error:
        print(name, "this object is baml-py's; import it from bamlet" in str(error))
"""
    lines = ["collector True", "registry True", "cancel True", "type_builder True"]
    assert python(code).stdout.splitlines() == lines


def test_the_stand_in_beside_it_says_that_there_are_two() -> None:
    done = python("import baml_py", ROOT / "packages" / "baml-py", check=False)
    assert "baml-py 0.226.3 and bamlet-baml-py are both installed" in done.stderr
