"""`bamlet generate`: which packages are made and where, what is up to date, and what is left alone."""

from __future__ import annotations

import asyncio
import re
import signal
import sys
from pathlib import Path

import pytest
import yaml

import bamlet
from bamlet.cli.main import run
from bamlet.clientgen.openapi import document

SOURCE = """
class Item {
  name string
}

function Add(a: int, b: int) -> int { a + b }
"""


@pytest.fixture
def sources(tmp_path: Path) -> Path:
    folder = tmp_path / "app" / "baml_src"
    folder.mkdir(parents=True)
    (folder / "main.baml").write_text(SOURCE, "utf-8")
    return folder


def generator(name: str = "G", **options: str) -> str:
    given = {"output_type": "python/pydantic", **options}
    return f"generator {name} {{\n" + "".join(f'  {key} "{value}"\n' for key, value in given.items()) + "}\n"


def add(sources: Path, *generators: str) -> None:
    (sources / "generators.baml").write_text("\n".join(generators), "utf-8")


def package(sources: Path) -> Path:
    return sources.parent / "baml_client"


def contents(folder: Path) -> dict[str, tuple[int, bytes]]:
    return {path.name: (path.stat().st_mtime_ns, path.read_bytes()) for path in sorted(folder.iterdir())}


def test_without_a_generator_a_client_stands_beside_the_sources_and_a_block_is_shown(
    sources: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["generate", str(sources)]) == 0
    said = capsys.readouterr()
    assert said.out.startswith("baml_client: ")
    assert "default_client_mode async" in said.err
    assert "async_client" in (package(sources) / "__init__.py").read_text("utf-8")
    assert (package(sources) / "py.typed").read_bytes() == b""


def test_a_generator_says_where_and_which_client(sources: Path) -> None:
    add(sources, generator(output_dir="../made/here", default_client_mode="sync", version="0.70.0"))
    assert run(["generate", "--from", str(sources)]) == 0
    made = sources.parent / "made" / "here" / "baml_client"
    assert '"b": ".sync_client"' in (made / "__init__.py").read_text("utf-8")
    assert not package(sources).exists()


def test_the_sources_are_found_from_a_folder_below(sources: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    below = sources.parent / "deep" / "down"
    below.mkdir(parents=True)
    monkeypatch.chdir(below)
    assert run(["generate"]) == 0
    assert package(sources).is_dir()


def test_no_sources_is_a_wrong_use(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run(["generate"]) == 2
    assert "there is no folder baml_src here or above" in capsys.readouterr().err
    assert run(["generate", "nowhere"]) == 2


def test_several_generators_are_all_run(sources: Path) -> None:
    add(sources, generator("A", output_dir="../a"), generator("B", output_dir="../b", default_client_mode="sync"))
    assert run(["generate", str(sources)]) == 0
    assert (sources.parent / "a" / "baml_client").is_dir()
    assert (sources.parent / "b" / "baml_client").is_dir()


def test_two_generators_into_one_folder_are_refused(sources: Path, capsys: pytest.CaptureFixture[str]) -> None:
    add(sources, generator("A", output_dir="../a"), generator("B", output_dir="../b/../a"))
    assert run(["generate", str(sources)]) == 1
    assert "the generators A and B both write" in capsys.readouterr().err
    assert not (sources.parent / "a").exists()


@pytest.mark.parametrize(
    ("kind", "more"),
    [
        ("boundary-cloud", {"project": "team/project"}),
    ],
)
def test_what_is_not_made_yet_is_named_and_the_others_are_run(
    sources: Path, capsys: pytest.CaptureFixture[str], kind: str, more: dict[str, str]
) -> None:
    other = generator("Other", output_type=kind, **more)
    add(sources, other)
    assert run(["generate", str(sources)]) == 1
    assert f"generator Other: {kind}" in capsys.readouterr().err
    add(sources, other, generator("Py"))
    assert run(["generate", str(sources)]) == 0
    assert "warning: generator Other" in capsys.readouterr().err
    assert package(sources).is_dir()


def test_an_openapi_generator_writes_the_document_of_the_server(
    sources: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """As BAML calls it, so that commands that were written for its file find ours. JSON is YAML."""
    odd = "".join(map(chr, (0x7F, 0x85, 0x2028, 0xFEFF)))
    (sources / "main.baml").write_text(f'{SOURCE}\nclass Odd {{\n  x int @description("{odd}")\n}}\n', "utf-8")
    add(sources, generator(output_type="rest/openapi", on_generate="cat openapi.yaml > Client.java"))
    assert run(["generate", str(sources)]) == 0
    assert capsys.readouterr().out == "baml_client: 1 file, 1 changed\n"
    written = (package(sources) / "openapi.yaml").read_text("utf-8")
    assert yaml.safe_load(written) == document(bamlet.load(sources).interface)
    assert (package(sources) / "Client.java").read_text("utf-8") == written
    assert run(["generate", str(sources), "--check"]) == 0
    # What is made from it beside it is no file too many.
    run(["generate", str(sources)])
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(
    ("kind", "module_format", "ending", "more"),
    [
        ("typescript", "cjs", "", set()),
        ("typescript", "esm", ".js", set()),
        ("typescript/react", "esm", ".js", {"hook.ts", "react.ts"}),
    ],
)
def test_a_typescript_generator_writes_modules_that_name_one_another(
    sources: Path, kind: str, module_format: str, ending: str, more: set[str]
) -> None:
    add(sources, generator(output_type=kind, module_format=module_format))
    assert run(["generate", str(sources)]) == 0
    names = {"client.ts", "errors.ts", "index.ts", "partial_types.ts", "runtime.ts", "types.ts"} | more
    assert {path.name for path in package(sources).iterdir()} == names
    for path in package(sources).iterdir():
        text = path.read_text("utf-8")
        assert text.startswith("// Made by bamlet ")
        assert set(re.findall(r'from "\./\w+(.*?)"', text)) <= {ending}
    (package(sources) / "old.ts").write_text("// Made by bamlet 0.0.1\n")
    assert run(["generate", str(sources), "--check"]) == 1
    assert run(["generate", str(sources)]) == 0
    assert not (package(sources) / "old.ts").exists()


def test_a_go_generator_writes_packages_in_folders_below(
    sources: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (sources / "make.baml").write_text('function Make() -> Item { Item { name: "x" } }', "utf-8")
    add(sources, generator(output_type="go", client_package_name="example.com/app"))
    assert run(["generate", str(sources)]) == 0
    assert '"example.com/app/baml_client/types"' in (package(sources) / "client.go").read_text("utf-8")
    old = package(sources) / "types" / "old.go"
    old.write_text("// Made by bamlet 0.0.1\n")
    (package(sources) / "types" / "mine.go").write_text("package types\n")
    capsys.readouterr()
    assert run(["generate", str(sources), "--check"]) == 1
    assert "types/old.go: not made any more" in capsys.readouterr().out
    assert run(["generate", str(sources)]) == 0
    assert "mine.go is not made by bamlet" in capsys.readouterr().err
    assert not old.exists()
    assert run(["generate", str(sources), "--check"]) == 0


def test_a_ruby_generator_writes_a_file_beside_the_folder(sources: Path) -> None:
    add(sources, generator(output_type="ruby/sorbet"))
    assert run(["generate", str(sources)]) == 0
    beside = sources.parent / "baml_client.rb"
    assert beside.read_text("utf-8").endswith('require_relative "baml_client/client"\n')
    assert sorted(path.name for path in sources.parent.iterdir()) == ["baml_client", "baml_client.rb", "baml_src"]
    assert run(["generate", str(sources), "--check"]) == 0
    beside.write_text("# mine\n")
    assert run(["generate", str(sources)]) == 1
    assert beside.read_text("utf-8") == "# mine\n"


def test_pydantic_1_is_refused_with_what_to_write(sources: Path, capsys: pytest.CaptureFixture[str]) -> None:
    add(sources, generator(output_type="python/pydantic/v1"))
    assert run(["generate", str(sources)]) == 1
    assert "pydantic 1 is not supported; use python/pydantic" in capsys.readouterr().err


def test_an_unknown_kind_is_an_error_of_the_program(sources: Path, capsys: pytest.CaptureFixture[str]) -> None:
    add(sources, generator(output_type="python/pydantik"))
    assert run(["generate", str(sources)]) == 65
    assert "did you mean `python/pydantic`" in capsys.readouterr().err
    assert not package(sources).exists()


def test_a_program_that_does_not_compile_touches_nothing(
    sources: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["generate", str(sources)]) == 0
    before = contents(package(sources))
    (sources / "main.baml").write_text("class Item { name strin }", "utf-8")
    assert run(["generate", str(sources)]) == 65
    assert "strin" in capsys.readouterr().err
    assert contents(package(sources)) == before


def test_what_is_up_to_date_is_not_written_again(sources: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run(["generate", str(sources)])
    before = contents(package(sources))
    capsys.readouterr()
    assert run(["generate", str(sources)]) == 0
    assert capsys.readouterr().out.endswith(" files, 0 changed\n")
    assert contents(package(sources)) == before


def test_check_names_what_is_missing_stale_or_left_and_writes_nothing(
    sources: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["generate", str(sources), "--check"]) == 1
    assert "types.py: missing" in capsys.readouterr().out
    assert not package(sources).exists()
    run(["generate", str(sources)])
    assert run(["generate", str(sources), "--check"]) == 0
    types = package(sources) / "_types_1.py"
    types.write_text(types.read_text("utf-8") + "# edited\n", "utf-8")
    (package(sources) / "_types_2.py").write_bytes(types.read_bytes())
    before = contents(package(sources))
    capsys.readouterr()
    assert run(["generate", str(sources), "--check"]) == 1
    said = capsys.readouterr().out
    assert f"{types}: stale" in said
    assert "_types_2.py: not made any more" in said
    assert "__init__" not in said
    assert contents(package(sources)) == before


def test_an_old_client_of_baml_cli_goes_and_files_of_others_stay(
    sources: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    package(sources).mkdir()
    header = "# This file was generated by BAML: please do not edit it.\n"
    for name in ("types.py", "sync_client.py", "_baml_old.py"):
        (package(sources) / name).write_text(header, "utf-8")
    mine = package(sources) / "mine.py"
    mine.write_text("x = 1\n", "utf-8")
    begun = package(sources) / "begun.py"
    begun.touch()
    assert run(["generate", str(sources)]) == 0
    assert not (package(sources) / "_baml_old.py").exists()
    assert (package(sources) / "types.py").read_text("utf-8").startswith("# Made by bamlet")
    assert (mine.read_text("utf-8"), begun.exists()) == ("x = 1\n", True)
    assert f"{mine} is not made by bamlet" in capsys.readouterr().err


def test_a_file_that_nobody_generated_is_never_written_over(
    sources: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    package(sources).mkdir()
    (package(sources) / "types.py").write_text("mine = 1\n", "utf-8")
    assert run(["generate", str(sources)]) == 1
    assert "is in the way" in capsys.readouterr().err
    assert [path.name for path in package(sources).iterdir()] == ["types.py"]


def test_a_folder_that_cannot_be_written_is_told_and_nothing_is_half_written(
    sources: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    package(sources).write_text("a file, no folder", "utf-8")
    assert run(["generate", str(sources)]) == 1
    assert "cannot be written" in capsys.readouterr().err
    assert sorted(path.name for path in sources.parent.iterdir()) == ["baml_client", "baml_src"]


def test_the_hook_runs_in_the_package_and_its_failure_is_shown(
    sources: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    add(sources, generator(on_generate="ls types.py > listed.txt"))
    assert run(["generate", str(sources)]) == 0
    assert (package(sources) / "listed.txt").read_text("utf-8") == "types.py\n"
    (package(sources) / "listed.txt").unlink()
    add(sources, generator(on_generate="echo the formatter is missing; exit 3"))
    assert run(["generate", str(sources)]) == 1
    said = capsys.readouterr().err
    assert "on_generate ended with 3" in said
    assert "the formatter is missing" in said


def test_all_packages_go_where_the_command_line_says(sources: Path, tmp_path: Path) -> None:
    add(sources, generator(output_dir="../elsewhere"))
    assert run(["generate", str(sources), "--output-dir", str(tmp_path / "out")]) == 0
    assert (tmp_path / "out" / "baml_client").is_dir()


def test_tests_can_be_left_out_of_the_package(sources: Path) -> None:
    test = "test Sums {\n  functions [Add]\n  args {\n    a 1\n    b 2\n  }\n}\n"
    (sources / "main.baml").write_text(f"{SOURCE}\n{test}\n// the end\n", "utf-8")
    run(["generate", str(sources)])
    inlined = package(sources) / "inlinedbaml.py"
    assert "Sums" in inlined.read_text("utf-8")
    run(["generate", str(sources), "--no-tests"])
    text = inlined.read_text("utf-8")
    assert "Sums" not in text
    assert "function Add" in text
    assert "// the end" in text


@pytest.mark.timeout(60)
def test_watch_writes_again_after_a_change_and_goes_on_after_a_mistake(sources: Path) -> None:
    async def next_line(stream: asyncio.StreamReader, wanted: str) -> None:
        while wanted not in (line := (await stream.readline()).decode()):
            assert line, f"no line with {wanted!r} came"

    async def watch() -> int:
        command = [sys.executable, "-m", "bamlet", "generate", str(sources), "--watch"]
        process = await asyncio.create_subprocess_exec(
            *command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
        )
        assert process.stdout is not None
        assert process.stderr is not None
        try:
            await next_line(process.stdout, "changed")
            (sources / "main.baml").write_text("class Item { name strin }\n", "utf-8")
            await next_line(process.stderr, "found 1 error")
            (sources / "main.baml").write_text(SOURCE.replace("Item", "Thing"), "utf-8")
            await next_line(process.stdout, "changed")
        finally:
            process.send_signal(signal.SIGINT)
        return await process.wait()

    assert asyncio.run(asyncio.wait_for(watch(), 50)) == 0
    assert "Thing" in (package(sources) / "types.py").read_text("utf-8")


def test_another_protocol_is_an_import_error_that_says_what_to_run() -> None:
    from bamlet.client import require
    from bamlet.client.protocol import OLDEST, PROTOCOL

    require(PROTOCOL, made_by="0.1.0")
    with pytest.raises(ImportError, match=r"generated by bamlet 9.9.9 .*pip install --upgrade bamlet"):
        require(PROTOCOL + 1, made_by="9.9.9")
    with pytest.raises(ImportError, match="bamlet generate"):
        require(OLDEST - 1, made_by="0.0.1")
