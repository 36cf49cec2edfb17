"""What outlives a call or a process: values, errors and programs as pickles and copies, and compiled programs in
the cache folder. The language sees none of it."""

from __future__ import annotations

import copy
import multiprocessing
import os
import pickle
import subprocess
import sys
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import pytest

import bamlet
from bamlet.embed import compiling, store

SOURCE = """
enum Color { Red Green }
class Point { x int  color Color  next Point? }
class Twice { class string  None int[] }
function make() -> Point { Point { x: 1, color: Color.Red, next: Point { x: 2, color: Color.Green, next: null } } }
function odd() -> Twice { Twice { class: "c", None: [1] } }
function circle() -> Point { let p = Point { x: 1, color: Color.Red, next: null }; p.next = p; p }
function list_circle() -> unknown { let xs: unknown[] = [1]; xs.push(xs); xs }
function deep() -> unknown { let xs: unknown[] = []; for (let i = 0; i < 40000; i += 1) { xs = [xs]; } xs }
function second(p: Point) -> int { match (p.color) { Color.Red => p.x, Color.Green => -p.x } }
function free(value: unknown) -> string { match (value) { p: Point => "point", Color.Red => "red", _ => "other" } }
function fails(x: int) -> int { throw Point { x: x, color: Color.Red, next: null } }
function throws_a_function() -> int { throw second }
function throws_depth() -> int { throw deep() }
function shown_circle() -> string[] { [baml.unstable.string(circle()), baml.unstable.string(list_circle())] }
"""


@pytest.fixture(scope="module")
def program() -> bamlet.Program:
    return bamlet.compile_sources({"keeping.baml": SOURCE})


@pytest.fixture
def runtime(program: bamlet.Program) -> bamlet.Runtime:
    return bamlet.Runtime(program)


# --- values


@pytest.mark.parametrize("function", ["make", "odd"])
@pytest.mark.parametrize("protocol", range(2, pickle.HIGHEST_PROTOCOL + 1))
def test_a_pickled_value_is_equal_and_has_its_fields(
    runtime: bamlet.Runtime, function: str, protocol: int
) -> None:
    value = runtime.call(function)
    again = pickle.loads(pickle.dumps(value, protocol))
    assert again == value
    assert bamlet.to_plain(again) == bamlet.to_plain(value)
    assert repr(again) == repr(value)


def test_a_pickled_value_can_be_given_to_a_program(runtime: bamlet.Runtime) -> None:
    value = pickle.loads(pickle.dumps(runtime.call("make")))
    assert (value.x, value.color, value.next.color) == (1, "Red", "Green")
    assert [runtime.call("second", p=value), runtime.call("second", p=value.next)] == [1, -2]
    assert [runtime.call("free", value=part) for part in (value, value.color, 1)] == ["point", "red", "other"]


def test_copies_have_the_class_of_the_original(runtime: bamlet.Runtime) -> None:
    value = runtime.call("make")
    deep, shallow = copy.deepcopy(value), copy.copy(value)
    assert type(deep) is type(shallow) is type(value)
    assert deep == shallow == value
    assert deep.next is not value.next
    assert shallow.next is value.next
    assert deep.color is value.color
    deep.next.x = 9
    assert deep != value


def test_a_value_that_contains_itself_has_every_form_but_a_plain_one(runtime: bamlet.Runtime) -> None:
    for function in ("circle", "list_circle"):
        value, other = runtime.call(function), runtime.call(function)
        assert "..." in repr(value)
        with pytest.raises(ValueError, match="contains itself"):
            bamlet.to_plain(value)
        with pytest.raises(bamlet.BamlInvalidArgumentError, match="`value` contains itself"):
            runtime.call("free", value=value)
        assert "[...]" in repr(copy.deepcopy(other)) or copy.deepcopy(other) == value
    circle = pickle.loads(pickle.dumps(runtime.call("circle")))
    assert circle.next is circle
    assert circle == runtime.call("circle")
    assert all("..." in shown for shown in runtime.call("shown_circle"))


def test_a_value_nested_too_deeply_has_no_plain_form_and_a_beginning(runtime: bamlet.Runtime) -> None:
    with pytest.raises(ValueError, match="nested too deeply"):
        bamlet.to_plain(runtime.call("deep"))
    with pytest.raises(bamlet.UnhandledThrow, match=r"the program threw .*…$"):
        runtime.call("throws_depth")


# --- errors


def test_an_error_keeps_its_value_and_its_trace(runtime: bamlet.Runtime) -> None:
    with pytest.raises(bamlet.UnhandledThrow) as caught:
        runtime.call("fails", x=3)
    again = pickle.loads(pickle.dumps(caught.value))
    assert vars(again) == vars(caught.value)
    assert (again.value.x, again.trace[-1].function) == (3, "fails")


def test_an_error_whose_value_cannot_travel_has_it_as_plain_data(runtime: bamlet.Runtime) -> None:
    with pytest.raises(bamlet.UnhandledThrow) as caught:
        runtime.call("throws_a_function")
    assert "second" in pickle.loads(pickle.dumps(caught.value)).value


def test_a_compile_error_survives_pickling() -> None:
    with pytest.raises(bamlet.CompileError) as caught:
        bamlet.compile_sources({"main.baml": "function f() -> int { x }"})
    again = pickle.loads(pickle.dumps(caught.value))
    assert (str(again), again.diagnostics) == (str(caught.value), caught.value.diagnostics)


# --- programs


def _in_another_process(program: bamlet.Program, function: str, arguments: dict[str, Any]) -> Any:
    with bamlet.Runtime(program) as runtime:
        return runtime.call(function, arguments)


def test_a_program_works_in_another_process(program: bamlet.Program) -> None:
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        made = pool.submit(_in_another_process, program, "make", {}).result(60)
        failed = pool.submit(_in_another_process, program, "fails", {"x": 1}).exception(60)
    assert made == bamlet.Runtime(program).call("make")
    assert isinstance(failed, bamlet.UnhandledThrow)
    assert "throw Point { x: x" in failed.trace_text  # the source has travelled along


def test_a_program_of_another_version_is_refused(program: bamlet.Program) -> None:
    restore, (version, *rest) = compiling._reduced(program)
    with pytest.raises(ValueError, match="compiled by another version"):
        restore(version + "x", *rest)


# --- the cache folder: what is in it is executed

MARKER = "written by a pickle that nobody should have loaded"


class _Bomb:
    def __reduce__(self) -> tuple[Any, ...]:
        return os.system, (f'echo {MARKER!r} > "$BAMLET_CACHE_DIR/../exploded"',)


@pytest.fixture
def cached(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A program in a file, loaded once; its cache is `tmp_path/cache`."""
    monkeypatch.setenv("BAMLET_CACHE_DIR", str(tmp_path / "cache"))
    file = tmp_path / "main.baml"
    file.write_text("function main() -> int { let unused = 1; 41 + 1 }")
    assert _load(file) == 42
    return file


def _load(file: Path) -> Any:
    with bamlet.Runtime(bamlet.load(file)) as runtime:
        return runtime.call("main")


def _kept(file: Path) -> Path:
    (kept,) = (file.parent / "cache").glob("program-*.bin")
    return kept


def test_a_kept_program_is_not_compiled_again(cached: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = bamlet.load(cached)
    monkeypatch.setattr(compiling, "_built", lambda *arguments: pytest.fail("compiled again"))
    after = bamlet.load(cached)
    assert _load(cached) == 42
    assert after.diagnostics == before.diagnostics
    assert after.unit.code == before.unit.code


BEFORE_AN_EDIT = """\
function main() -> int {
  41
}

test Mains { functions [main] args {} }

function behind(xs: int[]) -> int {
  xs[3]
}
"""


def test_of_an_edited_program_the_edited_functions_are_compiled(
    cached: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cached.write_text(BEFORE_AN_EDIT)
    assert _load(cached) == 41
    monkeypatch.setattr(compiling, "_built", lambda *arguments: pytest.fail("all of it is compiled"))
    for number in range(2, 4):
        cached.write_text(BEFORE_AN_EDIT.replace("41", "let a = 40;\n  a + " + str(number)))
        program = bamlet.load(cached)
        with bamlet.Runtime(program) as runtime:
            assert runtime.call("main") == 40 + number
            with pytest.raises(bamlet.UnhandledThrow) as caught:
                runtime.call("behind", xs=[1])
        assert str(caught.value) == "panic: index out of bounds: 3, and the length is 1"
        assert "line 9, in behind\n    xs[3]" in caught.value.trace_text
        assert program.tests[0].span.text == "Mains"


def test_a_changed_program_is_another(cached: Path) -> None:
    cached.write_text("function main() -> int { 43 }")
    assert _load(cached) == 43


@pytest.mark.parametrize("damage", ["empty", "cut", "flipped", "longer", "foreign"])
def test_a_damaged_file_is_made_again_and_never_executed(cached: Path, damage: str) -> None:
    kept = _kept(cached)
    whole = kept.read_bytes()
    bomb = pickle.dumps(_Bomb())
    damaged = {
        "empty": b"",
        "cut": whole[:-1],
        "flipped": whole[:99] + bytes([whole[99] ^ 1]) + whole[100:],
        "longer": whole + b"x",
        "foreign": bomb,
    }
    kept.write_bytes(damaged[damage])
    assert _load(cached) == 42
    assert kept.read_bytes() == whole
    assert not (cached.parent / "exploded").exists()


@pytest.mark.parametrize("mode", [0o777, 0o770, 0o722])
def test_a_folder_that_others_may_write_to_is_not_used(cached: Path, mode: int) -> None:
    kept = _kept(cached)
    kept.write_bytes(store._sealed(pickle.dumps(_Bomb())))
    kept.parent.chmod(mode)
    try:
        assert store.cache_folder() is None
        assert _load(cached) == 42
    finally:
        kept.parent.chmod(0o700)
    assert not (cached.parent / "exploded").exists()


def test_a_file_that_others_may_write_to_and_a_link_are_not_read(cached: Path) -> None:
    kept = _kept(cached)
    bomb = store._sealed(pickle.dumps(_Bomb()))
    kept.write_bytes(bomb)
    kept.chmod(0o666)
    assert _load(cached) == 42
    (cached.parent / "elsewhere").write_bytes(bomb)
    kept.unlink()
    kept.symlink_to(cached.parent / "elsewhere")
    assert _load(cached) == 42
    assert not (cached.parent / "exploded").exists()


def test_what_is_kept_is_for_its_owner_only(cached: Path) -> None:
    folder = cached.parent / "cache"
    assert folder.stat().st_mode & 0o077 == 0
    assert all(path.stat().st_mode & 0o022 == 0 for path in folder.iterdir())
    assert not list(folder.glob("*.tmp"))


def test_only_the_newest_programs_are_kept(cached: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "KEPT_PROGRAMS", 3)
    for number in range(5):
        cached.write_text(f"function main() -> int {{ {number} }}")
        assert _load(cached) == number
    assert len(list((cached.parent / "cache").glob("program-*.bin"))) == 3


def test_an_empty_variable_turns_the_cache_off(cached: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BAMLET_CACHE_DIR", "")
    assert store.cache_folder() is None
    assert _load(cached) == 42


def test_processes_that_write_at_once_leave_a_whole_file(cached: Path) -> None:
    _kept(cached).unlink()
    code = f"import bamlet; print(bamlet.Runtime(bamlet.load({str(cached)!r})).call('main'))"
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    running = [
        subprocess.Popen([sys.executable, "-c", code], env=environment, stdout=subprocess.PIPE, text=True)
        for _ in range(3)
    ]
    assert [process.communicate(timeout=50)[0].strip() for process in running] == ["42"] * 3
    assert store.load_unit(store.cache_folder(), _kept(cached).stem) is not None
