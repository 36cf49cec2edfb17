"""What Python sees of compiled code: places, tables, forms of functions, and names."""

from __future__ import annotations

import ast
import dis
import inspect
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from types import CodeType
from typing import Any, get_args

import pytest

import bamlet
from bamlet.embed.library import library_unit
from bamlet.grammar import Parser
from bamlet.grammar import nodes as n
from bamlet.interpreter import check, emit
from bamlet.interpreter.emit.constructs import CONSTRUCTS as EMITTED
from bamlet.interpreter.emit.definitions import definition, showing_definition, twin_definition, unit_of
from bamlet.interpreter.emit.state import ALWAYS_STATEMENTS
from bamlet.interpreter.program.analyse import analyse
from bamlet.interpreter.runtime import vocabulary
from bamlet.source import SourceFile
from tests.support.golden import Goldens

# --- places: the language cannot see where its own errors are shown


def test_traceback_shows_the_baml_line_with_a_caret() -> None:
    source = "function main(n: int) -> int {\n  inner(n)\n}\n\nfunction inner(n: int) -> int {\n  1 + 10 / n\n}\n"
    with (
        bamlet.Runtime(bamlet.compile_sources({"div.baml": source})) as runtime,
        pytest.raises(bamlet.UnhandledThrow) as caught,
    ):
        runtime.call("main", n=0)
    assert caught.value.trace_text.splitlines()[-3:] == [
        '  File "div.baml", line 6, in inner',
        "    1 + 10 / n",
        "        ~~~^~~",
    ]


def test_carets_stand_right_behind_wide_characters() -> None:
    source = 'function main(n: int) -> string {\n  "größe €" + baml.unstable.string(1 / n)\n}\n'
    with (
        bamlet.Runtime(bamlet.compile_sources({"wide.baml": source})) as runtime,
        pytest.raises(bamlet.UnhandledThrow) as caught,
    ):
        runtime.call("main", n=0)
    shown, carets = caught.value.trace_text.splitlines()[-2:]
    assert shown[carets.index("~") : len(carets)] == "1 / n"


def test_pdb_stops_on_a_baml_line(tmp_path: Path) -> None:
    program = "function main() -> int {\n  let a = 1;\n  let b = a + 41;\n  baml.sys.sleep(0);\n  b\n}\n"
    (tmp_path / "f.baml").write_text(program)
    # Not by its `break`: that of Python 3.13 takes files of Python only.
    host = """
import pdb
from bamlet.cli.main import run
debugger = pdb.Pdb()
debugger.set_break("f.baml", 3)
debugger.runcall(run, ["run", "f.baml", "main"])
"""
    finished = subprocess.run(
        [sys.executable, "-c", host],
        input="c\np a\nn\np b\nq\n",
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        timeout=50,
        check=False,
    )
    said = finished.stdout
    assert "f.baml(3)main()\n-> let b = a + 41;\n(Pdb) 1\n" in said, said + finished.stderr
    assert "f.baml(4)main()\n-> baml.sys.sleep(0);\n(Pdb) 42\n" in said


def test_line_events_are_those_of_the_baml_file() -> None:
    # What coverage tools count.
    source = """function main(n: int) -> int {
  let sum = 0;
  for (let i = 0; i < n; i += 1) {
    if (i > 100) {
      sum += 1000;
    }
    sum += i;
  }
  match (sum) {
    0 => -1,
    _ => {
      sum
    }
  }
}
"""
    seen: set[int] = set()

    def trace(frame: Any, event: str, arg: object) -> Any:
        if not frame.f_code.co_filename.endswith("lines.baml"):
            return None
        if event == "line":
            seen.add(frame.f_lineno)
        return trace

    with bamlet.Runtime(bamlet.compile_sources({"lines.baml": source})) as runtime:
        before = sys.gettrace()
        sys.settrace(trace)
        try:
            assert runtime.call("main", n=3) == 3
        finally:
            sys.settrace(before)
    assert {2, 3, 4, 7, 9, 12} <= seen
    assert 5 not in seen


# --- determinism

_COMPILE_TWICE = """
import hashlib, marshal, sys
import bamlet
source = {"main.baml": open(sys.argv[1]).read()}
first, second = (bamlet.compile_sources(source).unit for _ in range(2))
assert first.code == second.code
print(hashlib.sha256(b"".join(map(marshal.dumps, first.code.in_order))).hexdigest())
"""


def test_equal_programs_give_equal_code(tmp_path: Path) -> None:
    file = tmp_path / "main.baml"
    file.write_text(
        "enum E { A B C }\nclass P { x int  y string  z E? }\ntype T = int | T[]\n"
        "let LIMIT = 3\n"
        "function f(v: unknown) -> int { match (v) { t: T => 1, m: map<string, int[]> => 2, _ => 3 } }\n"
        "function g(p: P?, q: P | E) -> int { if (p != null && p.z == E.A) { LIMIT } else { 0 } }\n"
        "function main() -> int { let fs = [f]; for (h in fs) { h(1) catch (e) { string => 0, E.B => 1 }; } 1 }\n"
    )
    digests = {
        subprocess.run(
            [sys.executable, "-c", _COMPILE_TWICE, str(file)],
            env=os.environ | {"PYTHONHASHSEED": seed, "PYTHONPATH": os.pathsep.join(sys.path)},
            capture_output=True,
            text=True,
            timeout=50,
            check=True,
        ).stdout
        for seed in ("1", "2", "3")
    }
    assert len(digests) == 1


# --- tables: a node that one of them forgets would be a KeyError in somebody's program


def test_tables_cover_every_expression() -> None:
    every = set(get_args(n.Expr))
    assert set(check.CONSTRUCTS.infer) == every
    assert set(EMITTED.emit) | set(EMITTED.into) == every
    assert every - set(EMITTED.emit) == set(ALWAYS_STATEMENTS)


def test_every_word_that_is_emitted_is_in_the_vocabulary() -> None:
    """Names that begin with a dollar are words of the runtime, or variables that emitted code makes for itself."""
    spelled: set[str] = set()
    for path in Path(emit.__file__).parent.glob("*.py"):
        tree = ast.parse(path.read_text("utf-8"))
        texts = [node.value for node in ast.walk(tree) if isinstance(node, ast.Constant)]
        spelled |= {text for text in texts if isinstance(text, str) and re.fullmatch(r"\$[A-Za-z]\w*", text)}
    own = {
        *("$caught", "$conforms", "$context", "$error_context", "$round", "$rounds", "$self", "$subscripts"),
        *("$type_of", "$value"),
    }
    assert spelled - own == set(vocabulary.WORDS)


def test_tables_cover_every_statement() -> None:
    """But that a `defer` is emitted with the rest of its block."""
    every = set(get_args(n.Statement))
    assert set(check.CONSTRUCTS.check_statement) == set(EMITTED.statement) | {n.Defer} == every


# --- forms of functions

FORMS = """
class P { x int  function get(self) -> int { self.x } }
function pure(a: int, b: int) -> int { P { x: a }.get() + b }
function loops(a: int) -> int { while (a < 10) { a += 1; } a }
function calls_loop(a: int) -> int { loops(a) }
function waits(a: int) -> int { baml.sys.sleep(a); a }
function calls_waiting(a: int) -> int { if (a > 0) { waits(a) } else { pure(a, a) } }
function even(a: int) -> bool { if (a == 0) { true } else { odd(a - 1) } }
function odd(a: int) -> bool { if (a == 0) { waits(0) == 0 } else { even(a - 1) } }
function through_value(f: (int) -> int) -> int { f(1) }
function hands_on(f: (int) -> int) -> int { through_value(f) }
function hands_plain() -> int { hands_on((n) => n + 1) }
function hands_waiting() -> int { hands_on(waits) }
function hands_what_hands() -> int { hands_on((n) => hands_on((m) => n + m)) }
function chain(n: int) -> int { if (n == 0) { 0 } else { chain(n - 1) } }
function branches(n: int) -> int { if (n < 2) { n } else { branches(n - 1) + branches(n - 2) } }
let SHARED = 1 + pure(1, 2)
let OWN = [1]
function shares() -> int { SHARED }
function owns() -> int[] { OWN }
"""


@pytest.mark.parametrize(
    ("function", "parameters", "suspends"),
    [
        ("pure", ["a", "b"], False),
        ("P.get", ["self"], False),
        ("loops", ["$context", "a"], False),
        ("calls_loop", ["$context", "a"], False),
        ("waits", ["$context", "a"], True),
        ("calls_waiting", ["$context", "a"], True),
        ("even", ["$context", "a"], True),
        ("odd", ["$context", "a"], True),
        ("through_value", ["$context", "f"], True),
        ("hands_on", ["$context", "f"], True),
        ("hands_plain", [], False),
        ("hands_waiting", ["$context"], True),
        ("hands_what_hands", ["$context"], True),
        ("chain", ["n"], False),
        ("branches", ["$context", "n"], False),
        ("shares", [], False),
        ("owns", ["$context"], False),
    ],
)
def test_a_function_has_the_cheapest_form(function: str, parameters: list[str], suspends: bool) -> None:
    code = bamlet.compile_sources({"forms.baml": FORMS}).namespace[f"fn {function}"]
    assert list(code.__code__.co_varnames[: code.__code__.co_argcount]) == parameters
    assert inspect.iscoroutinefunction(code) is suspends


def test_a_function_that_hands_functions_over_is_handed_over_as_one_of_which_nobody_knows_where_it_ends() -> None:
    """Else calls could multiply from one to the next, and nobody would look whether they are to stop."""
    effects = bamlet.compile_sources({"forms.baml": FORMS}).unit.effects
    assert effects.is_plain("pure")
    assert not effects.is_plain("hands_plain")


# --- names

NAMES = """
class P { x int  class int }
enum E { A }
let print = [1]
type T = int | T[]
function len(len: int) -> int { let str = len; str }
function main(self: unknown) -> unknown {
  let None = print[0];
  let range = [P { x: len(1), class: 2 }, { "k": E.A }];
  for (iter in range) { range.push(iter); }
  let f = len;
  match (self) { t: T => f(1), P => 1 % 2, text: string => text.length(), _ => throw range } catch (e) {
    _ => baml.unstable.string(range)
  }
}
"""


def test_no_global_of_emitted_code_can_be_named_by_a_program() -> None:
    program = bamlet.compile_sources({"names.baml": NAMES})
    for code in program.unit.code.in_order:
        for name in _globals_read(code):
            # Names with a blank or a dollar are ours; at the top a definition reads what it just made.
            assert " " in name or "$" in name, name


def _globals_read(code: CodeType) -> Iterator[str]:
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            loads = (i for i in dis.get_instructions(constant) if i.opname in ("LOAD_GLOBAL", "LOAD_NAME"))
            yield from (str(one.argval) for one in loads if one.argval not in _OF_CLASS_BODIES)
            yield from _globals_read(constant)


_OF_CLASS_BODIES = {"__name__"}


# --- the shape of emitted code

SHAPES = """
class Counter {
  count int
  function add(self, n: int) -> int { self.count += n; self.count }
}
function odd_sum(n: int) -> int {
  let sum = 0;
  for (let i = 0; i < n; i += 1) {
    if (i % 2 == 0) { continue; }
    sum += i / 2;
  }
  for (let rest = n; rest > 100; rest /= 2) {
    if (rest == 200) { continue; }
    sum -= rest;
  }
  sum
}
function size(x: int | string | null, limit: int) -> string {
  match (x) {
    null => "none",
    n: int if n > limit => "big",
    "" | "-" => "empty",
    text: string => text,
    _ => "small",
  }
}
function must_be_small(n: int) -> int { if (n > 9) { throw "too large" } if (n > 7) { throw n } n }
function attempt(n: int) -> int | string {
  must_be_small(odd_sum(10 / n)) catch (e) {
    baml.panics.DivisionByZero => -1,
    text: string => text,
  } catch (e2) { _ => 0 }
}
function spilled(n: int) -> int[] {
  [n, n + 1, { n += 5; n }, n, match (n) { 6 => return [], m => m }]
}
function waiting(n: int) -> int {
  baml.sys.sleep(n);
  let total: float = n;
  baml.math.trunc(total) + [1, 2][n]
}
function ask(text: string) -> string { client "openai/gpt-4o", prompt #"{{ text }}"# }
function mapped(f: (int) -> int, xs: int[]) -> int[] { xs.map(x => f(x) + 1).filter(x => x > 2) }
function maps(xs: int[]) -> int[] { mapped((x) => x * 2, xs) }
function asking(text: string) -> string {
  if (text == "") { return "nothing"; }
  ask(text) catch (e) { _ => asking(ask(text)) }
}
"""


def _emitted(name: str, define: Callable[..., Iterable[ast.stmt]] = definition) -> str:
    analysis = analyse([Parser(None).parse(SourceFile("shapes.baml", SHAPES))], library_unit())
    assert not analysis.diagnostics
    unit = unit_of(analysis.view, analysis.effects)
    function, *_ = define(analysis.names.functions[name], unit, analysis.checked)
    return ast.unparse(function) + "\n"


def test_shape_of_a_loop(golden: Goldens) -> None:
    """What counts to a fixed end is a range. Elsewhere `continue` must run the step, and a `while` with a test of
    its own would cost a third more a round."""
    golden("emit/loop.py", _emitted("odd_sum"))


def test_shape_of_a_match(golden: Goldens) -> None:
    """Arms are one flat chain in order, a guard reads the binding, and only what is needed is tested."""
    golden("emit/match.py", _emitted("size"))


def test_shape_of_a_catch(golden: Goldens) -> None:
    """Both clauses share one handler, and what neither takes is raised as it was."""
    golden("emit/catch.py", _emitted("attempt"))


def test_shape_of_spilled_operands(golden: Goldens) -> None:
    """What stands before an operand with statements is kept aside, so that they do not overtake it."""
    golden("emit/operands.py", _emitted("spilled"))


def test_shape_of_a_method(golden: Goldens) -> None:
    """A method is a plain function of its instance: no wrapper, no context it does not need."""
    golden("emit/method.py", _emitted("Counter.add"))


def test_shape_of_a_function_that_waits(golden: Goldens) -> None:
    """The one way out of compiled code is `invoke`, and an index that may be negative is looked at."""
    golden("emit/waiting.py", _emitted("waiting"))


def test_shape_of_a_function_that_is_handed_functions(golden: Goldens) -> None:
    """Where they are known never to wait they are Python functions. A loop in which no list can grow runs over the
    list itself."""
    golden("emit/handed.py", _emitted("mapped") + "\n\n" + _emitted("mapped", twin_definition))


def test_shape_of_a_function_that_shows_what_it_gives(golden: Goldens) -> None:
    """Calls that give its value show it themselves, what else it may give is shown whole, and what it asks on the
    way is a plain call."""
    golden("emit/showing.py", _emitted("asking", showing_definition))
