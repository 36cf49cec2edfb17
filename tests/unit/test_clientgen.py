"""Generated packages as texts: what stands in them, that tools like them, and what cannot be generated.

What Python and its checkers make of them is outside of the language.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from pydantic import BaseModel

import bamlet
from bamlet.cli.main import run
from bamlet.clientgen.refusals import PYDANTIC
from tests.support.generated import generated
from tests.support.golden import Goldens

CLIENTS = Path(__file__).parent.parent / "clients"
FORMS = (CLIENTS / "forms.baml").read_text("utf-8")

INNER = {"a": "x", "b": 1}
WRAPPED: dict[str, Any] = {
    "d": "dd",
    "dl": [INNER],
    "dn": INNER,
    "nn": "n",
    "ws": "w",
    "wsl": [INNER],
    "wso": None,
    "dws": INNER,
    "nws": 3,
    "all3": INNER,
    "c": 5,
    "c2": 20,
    "cl": [1],
    "co": None,
    "cnn": 4,
    "cws": 3,
    "ci": [1, 2],
    "di": [INNER],
    "si": [INNER],
    "dc": {"a": "x", "list": [1]},
    "dcl": [{"a": "x", "list": [1]}],
    "nc": {"a": "q"},
    "sc": {"a": "q"},
    "scl": [{"a": "q"}, {"a": "z"}],
    "cc": {"a": "x"},
    "cco": {"a": "y"},
    "ccl": [{"a": "x"}, {"a": "y"}],
}
PLAIN: dict[str, Any] = {
    "s": "t",
    "i": 1,
    "f": 2,
    "b": True,
    "n": None,
    "img": None,
    "lit": "a",
    "t": True,
    "lane": "AIR",
    "mood": "Happy",
    "inner": INNER,
    "list": ["a"],
    "lanes": ["AIR", "ship"],
    "m": {"k": INNER},
    "em": {"AIR": 1},
    "u": INNER,
    "nested": [1, ["a"]],
    "o": None,
    "str": "s",
    "ms": None,
    "num": 1.5,
    "lol": ["AIR"],
    "j": {"a": [1, None, "x"]},
    "rm": {"a": {}},
    "dyn": {"k": "v"},
    "tree": {"value": 1, "children": [{"value": 2, "children": []}], "next": None},
    "copy": "c",
    "json": None,
    "schema": 1,
    "dict": False,
    "type": "t",
    "id": 1,
    "print": "p",
    "hash": "h",
}


@pytest.fixture(scope="module")
def forms(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ModuleType]:
    with generated(tmp_path_factory.mktemp("forms"), FORMS) as package:
        yield package


@pytest.fixture(scope="module")
def b(forms: ModuleType) -> Any:
    from importlib import import_module

    return import_module(f"{forms.__name__}.sync_client").b


def folder_of(package: ModuleType) -> Path:
    return Path(str(package.__file__)).parent


# --- texts


@pytest.mark.parametrize("name", ["_types_1", "_stream_types_1", "_stream_types_aliases", "sync_client"])
def test_the_package_of_every_form(forms: ModuleType, golden: Goldens, name: str) -> None:
    """Each combination of type and attributes as an annotation: the contract with programs for BAML."""
    golden(f"client/{name.strip('_')}.py", (folder_of(forms) / f"{name}.py").read_text("utf-8"))


ODD = {
    "no types": "function F(n: int) -> int { n }",
    "no functions": "class A { n int }",
    "nothing": "",
    "names that look like numbers": "class I { l int }\nclass O { n int }\nenum l { I O }",
    "functions like numbers": "function I() -> int { 1 }\nfunction l() -> int { 1 }\nfunction O() -> int { 1 }",
    "quotes at the end": '/// Says """\nclass A {\n  n int /// "so"\n}\n/// a \\\nfunction F(a: A) -> A { a }',
}


@pytest.mark.parametrize("source", ODD.values(), ids=list(ODD))
def test_linters_have_nothing_to_say_of_odd_programs_either(tmp_path: Path, source: str) -> None:
    with generated(tmp_path, source) as package:
        lint(folder_of(package))


def test_linters_and_formatters_have_nothing_to_say(forms: ModuleType) -> None:
    lint(folder_of(forms))


def lint(folder: Path) -> None:
    ruff = [str(Path(sys.executable).with_name("ruff"))]
    options = ["--isolated", "--no-cache", "--line-length", "120", str(folder)]
    for command in (["check", "--select", "E,F,W,I,UP,B,C4,RUF"], ["format", "--diff"]):
        # Not here, where `bamlet` is the code that is linted.
        done = subprocess.run([*ruff, *command, *options], cwd=folder, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout


def test_the_same_sources_give_the_same_bytes_everywhere(tmp_path: Path) -> None:
    made = []
    for number, seed in enumerate(("1", "2")):
        sources = tmp_path / f"folder {number}" / f"sources_{number}"
        sources.mkdir(parents=True)
        (sources / "forms.baml").write_text(FORMS, "utf-8")
        command = [sys.executable, "-m", "bamlet", "generate", str(sources)]
        subprocess.run(command, env={**os.environ, "PYTHONHASHSEED": seed}, check=True, capture_output=True)
        package = sources.parent / "baml_client"
        made.append({path.name: path.read_bytes() for path in package.iterdir()})
    assert made[0] == made[1]


# --- values


def test_every_value_is_what_its_annotations_say(forms: ModuleType, b: Any) -> None:
    for read, value, cls in ((b.parse.Wraps, WRAPPED, "Wrapped"), (b.parse.Forms, PLAIN, "Plain")):
        found = read(json.dumps(value))
        assert found == getattr(forms.types, cls).model_validate(found.model_dump())


@pytest.mark.parametrize("function", ["Wraps", "Forms"])
def test_f3_every_partial_value_is_what_its_annotations_say(forms: ModuleType, b: Any, function: str) -> None:
    value, cls = {"Wraps": (WRAPPED, "Wrapped"), "Forms": (PLAIN, "Plain")}[function]
    text = json.dumps(value)
    shown = 0
    for end in range(len(text) + 1):
        try:
            found = getattr(b.parse_stream, function)(text[:end])
        except bamlet.BamlValidationError:
            assert shown == 0, "what was shown once stays"
            continue
        shown += 1
        assert found == getattr(forms.stream_types, cls).model_validate(found.model_dump())
    assert shown > 20


def test_f2_a_recursive_alias_is_a_type_of_pydantic(forms: ModuleType, b: Any) -> None:
    assert b.parse.Json('{"a": [1, {"b": null}]}') == {"a": [1, {"b": None}]}

    class Holder(BaseModel):
        json_value: forms.types.JSON  # type: ignore[name-defined]

    assert Holder.model_validate({"json_value": [{"a": None}]}).model_dump() == {"json_value": [{"a": None}]}


def test_f10_checks_have_their_names_once(forms: ModuleType, b: Any) -> None:
    found = b.parse.CheckedResult('{"a": "x"}')
    assert list(found.checks) == ["blk"]
    assert forms.types.all_succeeded(found.checks)
    assert [check.status for check in forms.types.get_checks(b.parse.CheckedResult('{"a": "y"}').checks)] == [
        "failed"
    ]


def test_f5_names_of_helpers_are_free(forms: ModuleType) -> None:
    literal = forms.types.Literal(z=forms.types.Check(y=forms.types.BaseModel(x="a")))
    assert forms.types.Literal.model_validate(literal.model_dump()) == literal
    assert list(forms.types.Any) == ["One", "title", "count"]
    assert forms.types.Checked[int, str](value=1, checks={}).value == 1


def test_a_model_of_the_user_may_hold_one_of_the_package(forms: ModuleType) -> None:
    class Mine(BaseModel):
        tree: forms.types.Tree  # type: ignore[name-defined]

    class More(forms.types.Inner):  # type: ignore[name-defined]
        c: int

    assert Mine.model_validate({"tree": {"value": 1, "children": []}}).tree.value == 1
    assert More(a="a", b=1, c=2).model_dump() == {"a": "a", "b": 1, "c": 2}


def test_a_dynamic_class_takes_more(forms: ModuleType) -> None:
    assert forms.types.Dyn(k="v", added=1).added == 1
    with pytest.raises(AttributeError):
        forms.types.Inner(a="a", b=1, added=1).added  # noqa: B018


def test_all_names_are_listed_and_made_when_asked_for(forms: ModuleType) -> None:
    assert {"Plain", "Lane", "JSON", "Str", "Checked", "get_checks"} <= set(dir(forms.types))
    assert forms.types.Str is str
    assert forms.stream_types.MaybeStr == str | None
    assert forms.types.Plain.__module__ == forms.types.__name__
    assert forms.partial_types is forms.stream_types
    with pytest.raises(AttributeError, match="no attribute 'Nope'"):
        forms.types.Nope  # noqa: B018


# --- what cannot be generated

REFUSED = """
class None {
  from string
  model_dump int
  _x int
}

enum E {
  True
}

function lambda(class: int) -> int { 1 }

function stream(baml_options: int) -> int { 1 }
"""


def test_f5_names_that_python_cannot_have_are_refused_with_a_fix(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "a.baml").write_text(REFUSED, "utf-8")
    assert run(["generate", str(tmp_path), "--output-dir", str(tmp_path / "out")]) == 65
    said = capsys.readouterr().err
    for text in (
        "no class `None`: that is a word of the language",
        'write `from_` with @alias("from")',
        "no field `model_dump`: pydantic has it in every class",
        "no field `_x`: names that begin with `_` are private there",
        "no value `True`",
        "no function `lambda`",
        "`lambda` can have no parameter `class`",
        "no function `stream`: the client itself has that name",
        "no parameter `baml_options`",
        "found 9 errors",
    ):
        assert text in said
    assert not (tmp_path / "out").exists()


def test_what_pydantic_keeps_for_itself_is_known() -> None:
    assert {name for name in dir(BaseModel) if name.startswith("model_")} <= PYDANTIC


def test_a_function_that_python_cannot_call_is_left_out(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "a.baml").write_text("function Takes(f: (int) -> int) -> int { f(1) }\n", "utf-8")
    assert run(["generate", str(tmp_path), "--output-dir", str(tmp_path / "out")]) == 0
    assert "`Takes` is not in the client" in capsys.readouterr().err
