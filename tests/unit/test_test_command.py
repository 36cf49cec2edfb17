"""`bamlet test`: selection, exit codes, formats, recording and replaying.

A command line is a process with files, streams and signals, none of which a program of the language has.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeAlias
from xml.etree import ElementTree

import jsonschema
import pytest

import bamlet
from bamlet.cli import exits
from bamlet.cli.main import run
from bamlet.testing.answers import Answers, Settings
from bamlet.testing.draw import Look, failure_text
from bamlet.testing.outcome import Ended, RunStarted, Summary
from bamlet.testing.runner import Plan
from bamlet.testing.runner import run as run_plan
from bamlet.testing.selection import Selection, cases_of, in_shard
from tests.servers.loopback import Answer, LoopbackServer, Pause, openai_chunks
from tests.support.golden import Goldens
from tests.support.local_program import KEY

ROOT = Path(__file__).parents[2]
FAILING = Path(__file__).parents[1] / "fixtures" / "failing"
Capture: TypeAlias = pytest.CaptureFixture[str]

DOUBLE = """
function Double(n: int) -> int { n * 2 }
test Five { functions [Double] args { n 2 } @@assert({{ this == 5 }}) }
test Four { functions [Double] args { n 2 } @@assert({{ this == 4 }}) }
"""

SAY = """
client<llm> Local {
  provider openai-generic
  options { base_url env.BASE_URL, api_key env.LOCAL_KEY, model "m" }
}
function Say(text: string) -> string {
  client Local
  prompt #"{{ text }}"#
}
test Hi { functions [Say] args { text "hi" } @@assert({{ this == "hello" }}) }
"""


@pytest.fixture(autouse=True)
def _in_a_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def bamlet_test(*arguments: object) -> int:
    return run(["test", *map(str, arguments)])


def written(text: str, name: str = "main.baml") -> Path:
    path = Path(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")
    return path


def results(program: bamlet.Program) -> Summary:
    async def body() -> Summary:
        answers = Answers(Settings(Path()))
        async for event in run_plan(program, Plan(cases=cases_of(program)), answers):
            if isinstance(event, Ended):
                return event.summary
        raise AssertionError("a run ends with its summary")

    return asyncio.run(asyncio.wait_for(body(), 20))


# --- what a person sees


def test_two_tests_of_which_one_fails(capsys: Capture) -> None:
    written(DOUBLE)
    assert bamlet_test("main.baml", "-j", "1", "--output-format", "full") == exits.FAILED
    out = re.sub(r"[\d.]+ (ms|s)\b", "T", capsys.readouterr().out)
    assert out == (
        "FAILED  Double::Five   T\n"
        "  main.baml:3:57\n"
        "  |\n"
        "3 | test Five { functions [Double] args { n 2 } @@assert({{ this == 5 }}) }\n"
        "  |                                                         ~~~~ ^^\n"
        "   this          4\n"
        "   difference    -1\n"
        "  the value  4\n"
        "\n"
        "PASSED  Double::Four   T\n"
        "1 failed, 1 passed of 2 in T\n"
    )


@pytest.mark.parametrize("columns", [60, 80, 120])
def test_every_form_of_a_failure(columns: int, golden: Goldens) -> None:
    """T02. How a failure is drawn is what people read most; its layout is part of the product."""
    text = (FAILING / "failing.baml").read_text("utf-8")
    summary = results(bamlet.compile_sources({"failing.baml": text}))
    runs = [run for test in summary.tests for run in test.runs if run.status != "passed"]
    drawn = "\n\n".join(failure_text(run, 1, Look(columns)) for run in runs)
    golden(f"cli/failures-{columns}.txt", re.sub(r" [\d.]+ (ms|s)$", " T", drawn, flags=re.MULTILINE) + "\n")


# --- exit codes


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["main.baml", "-i", "::Four"], exits.OK),
        (["main.baml::Double::Four"], exits.OK),
        (["main.baml::Four"], exits.OK),
        (["main.baml"], exits.FAILED),
        (["main.baml", "-x", "Five"], exits.OK),
        (["main.baml", "-x", "*"], exits.NOTHING),
        (["main.baml", "-x", "*", "--pass-if-no-tests"], exits.OK),
        (["main.baml", "-i", "Nobody"], exits.USAGE),
        (["main.baml::Nobody"], exits.USAGE),
        (["main.baml", "-j", "0"], exits.USAGE),
        (["main.baml", "--shard", "3/2"], exits.USAGE),
        (["main.baml", "--record", "none", "--replay", "x"], exits.USAGE),
        (["main.baml", "--output-format", "json", "--output-format", "junit"], exits.USAGE),
        (["main.baml", "--client", "Nobody"], exits.USAGE),
        (["main.baml", "--env-file", "nowhere"], exits.USAGE),
        (["nowhere"], exits.USAGE),
        (["broken.baml"], exits.BAD_SOURCE),
        (["main.baml", "--list"], exits.OK),
    ],
)
def test_exit_codes(arguments: list[str], code: int) -> None:
    """T05."""
    written(DOUBLE)
    written("function F( -> int {", "broken.baml")
    assert bamlet_test(*arguments) == code


def test_patterns_that_match_nothing_name_what_is_near(capsys: Capture) -> None:
    written(DOUBLE)
    assert bamlet_test("main.baml", "-i", "Duoble::") == exits.USAGE
    assert capsys.readouterr().err == "bamlet test: no test matches `Duoble::`; did you mean `Double`?\n"
    assert bamlet_test("main.baml", "-i", "Nobody", "-i", "Four") == exits.OK


def test_shards_are_disjoint_and_complete() -> None:
    names = [f"F{n}::T{n}" for n in range(300)]
    parts = [[name for name in names if in_shard(name, k, 4)] for k in (1, 2, 3, 4)]
    assert sorted(name for part in parts for name in part) == sorted(names)
    assert all(40 < len(part) < 110 for part in parts)


def test_one_test_of_a_file_belongs_to_the_project_around_it(
    capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So that what a missing cassette asks to be typed can be typed: a client may stand in another file."""
    client, says = SAY.replace("env.BASE_URL", '"http://127.0.0.1:9"').split("function", 1)
    Path("baml_src/shop").mkdir(parents=True)
    written(client, "baml_src/clients.baml")
    written(f"function{says}", "baml_src/shop/say.baml")
    assert bamlet_test("--record", "none") == exits.FAILED
    asked = re.search(r"record it: bamlet test (\S+) --record once", capsys.readouterr().out)
    assert asked is not None
    assert asked[1] == "baml_src/shop/say.baml::Say::Hi"
    assert bamlet_test(asked[1], "--list") == exits.OK
    assert capsys.readouterr().out == "baml_src/shop/say.baml:5 Say::Hi\n"
    monkeypatch.chdir("baml_src/shop")
    assert bamlet_test("say.baml") == exits.BAD_SOURCE


def test_what_failed_last_time_is_run_again(capsys: Capture) -> None:
    written(DOUBLE)
    assert bamlet_test("main.baml", "--lf") == exits.FAILED
    assert "running all" in capsys.readouterr().err
    assert bamlet_test("main.baml", "--lf") == exits.FAILED
    assert "of 1 in" in capsys.readouterr().out
    written(DOUBLE.replace("test Five", "test Renamed"))
    assert bamlet_test("main.baml", "--lf") == exits.FAILED
    said = capsys.readouterr()
    assert "no test that failed last time is there any more; running all" in said.err
    assert "of 2 in" in said.out


def test_the_selection_is_listed_in_order(capsys: Capture) -> None:
    written(DOUBLE)
    assert bamlet_test("main.baml", "--list") == exits.OK
    assert capsys.readouterr().out == "main.baml:3 Double::Five\nmain.baml:4 Double::Four\n"


def test_settings_of_the_project(capsys: Capture) -> None:
    written(DOUBLE)
    written("[tool.bamlet.test]\nruns = 2\npass-rate = 0.5\n", "pyproject.toml")
    assert bamlet_test("main.baml", "-i", "Four") == exits.OK
    assert "2/2" in capsys.readouterr().out
    written("[tool.bamlet.test]\nparalell = 2\n", "pyproject.toml")
    assert bamlet_test("main.baml") == exits.USAGE
    assert "did you mean `parallel`?" in capsys.readouterr().err
    written('[tool.bamlet.test]\nrecord = "sometimes"\n', "pyproject.toml")
    assert bamlet_test("main.baml") == exits.USAGE
    assert "`record` is none, once or all, not `sometimes`" in capsys.readouterr().err
    Path("pyproject.toml").write_bytes(b"\xff\xfe[")
    assert bamlet_test("main.baml") == exits.USAGE
    assert "pyproject.toml: this is not UTF-8, as TOML is\n" in capsys.readouterr().err


def test_what_cannot_be_read_is_named(capsys: Capture) -> None:
    written(DOUBLE)
    assert bamlet_test("main.baml", "--env-file", "nowhere") == exits.USAGE
    assert capsys.readouterr().err == "bamlet test: there is no file nowhere to read variables from\n"
    written('[test]\ndefualt = "quick"\n', "baml.toml")
    assert bamlet_test("main.baml") == exits.USAGE
    assert "baml.toml: [test] has no `defualt`; did you mean `default`?\n" in capsys.readouterr().err
    written('[test.profiles.quick]\nargz = ["-x", "Five"]\n', "baml.toml")
    assert bamlet_test("main.baml", "--profile", "quick") == exits.USAGE
    assert "[test.profiles.quick] has no `argz`; did you mean `args`?\n" in capsys.readouterr().err


def test_without_a_key_one_is_told_what_else_there_is(capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    written(SAY.replace("base_url env.BASE_URL, ", "").replace("openai-generic", "openai"))
    monkeypatch.delenv("LOCAL_KEY", raising=False)
    assert bamlet_test("main.baml", "--output-format", "full") == exits.FAILED
    out = capsys.readouterr().out
    assert "client `Local`: there is no api_key" in out
    assert "hint: or run with --offline, which asks nobody, or with --record none, which plays a cassette" in out
    assert "stdlib" not in out


# --- formats


def test_machines_can_read_the_results(capsys: Capture) -> None:
    """T03."""
    written(DOUBLE)
    assert bamlet_test("main.baml", "--output-format", "junit=j.xml", "--output-format", "json") == exits.FAILED
    data = json.loads(capsys.readouterr().out)
    assert (data["v"], data["summary"]["failed"], data["summary"]["passed"]) == (1, 1, 1)
    schema = json.loads((ROOT / "docs" / "test-output.schema.json").read_text("utf-8"))
    jsonschema.validate(data, schema)
    (constraint,) = data["tests"][0]["runs"][0]["constraints"]
    assert constraint["values"] == [{"source": "this", "value": 4}]
    assert constraint["differences"] == [{"path": "$", "expected": 5, "actual": 4}]
    (suite,) = ElementTree.parse("j.xml").getroot()
    assert suite.attrib["failures"] == "1"
    assert [case.attrib["name"] for case in suite] == ["Five", "Four"]


def test_lines_of_events_while_it_runs(capsys: Capture) -> None:
    written(DOUBLE)
    assert bamlet_test("main.baml", "--output-format", "jsonl") == exits.FAILED
    events = [json.loads(line)["event"] for line in capsys.readouterr().out.splitlines()]
    assert sorted(events) == ["end", "run", "run", "start", "test", "test"]


def test_annotations_for_github(capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", "page.md")
    written(DOUBLE)
    bamlet_test("main.baml", "--output-format", "github")
    expected = "::error file=main.baml,line=3,title=Double%3A%3AFive::assert: {{ this == 5 }} is false\n"
    assert capsys.readouterr().out == expected
    assert "1 failed, 1 passed of 2" in Path("page.md").read_text("utf-8")


def test_no_name_of_a_test_moves_a_cursor_or_takes_two_lines(capsys: Capture) -> None:
    written('test "red \\u{1b}[31m\\nand more" { assert.equal(1, 2) }')
    assert bamlet_test("main.baml", "--list") == exits.OK
    listed = capsys.readouterr().out
    assert bamlet_test("main.baml", "--output-format", "github") == exits.FAILED
    annotated = capsys.readouterr().out
    for told in (listed, annotated):
        assert told.count("\n") == 1
        assert "\x1b" not in told
        assert "red" in told
        assert "and more" in told


# --- recording


@pytest.fixture
def served(loopback: LoopbackServer, monkeypatch: pytest.MonkeyPatch) -> LoopbackServer:
    monkeypatch.setenv("BASE_URL", loopback.url)
    monkeypatch.setenv("LOCAL_KEY", KEY)
    return loopback


def hello(server: LoopbackServer, times: int = 1) -> None:
    for _ in range(times):
        server.answer(Answer(openai_chunks(["hel", "lo"])))


def test_a_run_is_recorded_once_and_then_played(
    served: LoopbackServer, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """T06."""
    written(SAY)
    hello(served)
    assert bamlet_test("main.baml", "--record", "once") == exits.OK
    cassette = Path("cassettes/Say/Hi.jsonl")
    before = cassette.read_bytes()
    asked = len(served.requests)
    monkeypatch.delenv("LOCAL_KEY")
    assert bamlet_test("main.baml", "--record", "once") == exits.OK
    assert bamlet_test("main.baml", "--record", "none") == exits.OK
    assert (cassette.read_bytes(), len(served.requests)) == (before, asked)


def test_a_replay_that_does_not_fit_says_why(served: LoopbackServer, capsys: Capture) -> None:
    """T07."""
    written(SAY)
    hello(served)
    assert bamlet_test("main.baml", "--record", "none") == exits.FAILED
    assert (
        "no cassette for Say::Hi; record it: bamlet test main.baml::Say::Hi --record once"
        in capsys.readouterr().out
    )
    assert bamlet_test("main.baml", "--record", "all") == exits.OK
    cassette = Path("cassettes/Say/Hi.jsonl")
    cassette.write_text(cassette.read_text("utf-8") * 2, "utf-8")
    assert bamlet_test("main.baml", "--record", "none") == exits.FAILED
    assert "1 of 2 recorded requests were not made: POST" in capsys.readouterr().out
    assert bamlet_test("main.baml", "--record", "none", "--no-stream", "--output-format", "full") == exits.FAILED
    assert "hint: it was recorded from a stream; leave out --no-stream" in capsys.readouterr().out
    written(SAY.replace('text "hi"', 'text "hi there"'))
    assert bamlet_test("main.baml", "--record", "none", "--output-format", "full") == exits.FAILED
    assert "the prompt changed; record again with --record all -i Say::Hi" in capsys.readouterr().out


@pytest.mark.parametrize("mode", ["once", "all"])
def test_t07_a_secret_in_an_answer_is_not_written_and_its_test_is_named(
    mode: str, served: LoopbackServer, capsys: Capture
) -> None:
    written(SAY.replace('this == "hello"', '"hello" in this'))
    served.answer(Answer(openai_chunks(["hello, ", KEY])))
    assert bamlet_test("main.baml", "--record", mode) == exits.FAILED
    shown = capsys.readouterr()
    assert re.search(r"FAILED +Say::Hi .*nothing was recorded: ", shown.out)
    assert KEY not in shown.out + shown.err
    assert not Path("cassettes/Say/Hi.jsonl").exists()
    assert [path for path in Path().rglob("*") if path.is_file() and KEY in path.read_text("utf-8")] == []


def test_variables_come_from_a_file_below_the_environment(
    served: LoopbackServer, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    written(SAY)
    written('export LOCAL_KEY="of a file"  # a key\nBASE_URL=http://127.0.0.1:9\n', ".env")
    monkeypatch.delenv("LOCAL_KEY")
    hello(served)
    assert bamlet_test("main.baml") == exits.OK
    assert capsys.readouterr().err == "reading .env (2 names)\n"
    hello(served)
    assert bamlet_test("main.baml", "--no-env-file") == exits.OK
    sent = [request.header("authorization") for request in served.requests]
    assert sent == ["Bearer of a file", None]


def selected(patterns: Sequence[str], program: bamlet.Program) -> list[Any]:
    return [case.name for case in Selection(include=patterns).of(cases_of(program))]


def test_patterns() -> None:
    program = bamlet.compile_sources({"a.baml": DOUBLE})
    assert selected(["Double::F*"], program) == ["Five", "Four"]
    assert selected(["*::Four"], program) == ["Four"]
    assert selected(["::Fi*"], program) == ["Five"]
    assert selected(["Double"], program) == ["Five", "Four"]


OPTION = re.compile(r"(?<![\w-])(--[a-z][\w-]+|-[a-z])(?![\w-])")


@pytest.mark.parametrize("command", ["test", "mock", "init"])
def test_t20_the_page_has_every_option(command: str, capsys: Capture) -> None:
    assert run([command, "--help"]) == exits.OK
    options = set(OPTION.findall(capsys.readouterr().out)) - {"--help", "-h"}
    told = set(OPTION.findall((ROOT / "docs" / "testing.md").read_text("utf-8")))
    assert options <= told


def test_t20_the_page_has_no_option_that_is_none(capsys: Capture) -> None:
    for command in ("test", "mock", "init", "render"):
        run([command, "--help"])
    options = set(OPTION.findall(capsys.readouterr().out))
    told = set(OPTION.findall((ROOT / "docs" / "testing.md").read_text("utf-8")))
    assert {option for option in told if not option.startswith("--bamlet")} <= options | {"-k", "-n", "--junitxml"}


# --- models that answer without being asked

SORT = """
enum Mood {
  Good
  Bad
}

retry_policy Once {
  max_retries 1
  strategy {
    type constant_delay
    delay_ms 1
  }
}

client<llm> A {
  provider openai
  retry_policy Once
  options {
    model "a"
  }
}

client<llm> B {
  provider anthropic
  options {
    model "b"
  }
}

function Sort(text: string) -> Mood {
  client A
  prompt #"{{ text }} {{ ctx.output_format }}"#
}
"""


def test_t04_a_matrix_is_the_same_each_time(capsys: Capture, golden: Goldens) -> None:
    """Rates decide, and the same seed gives the same cells; the table is what people compare models by."""
    written(
        SORT + 'test One { functions [Sort] args { text "x" } }\ntest Two { functions [Sort] args { text "y" } }'
    )
    arguments = ("main.baml", "-j", "1", "--client", "A,B", "--runs", "5", "--offline=3", "--fault", "empty:0.3")
    drawn = []
    for rate, code in (("0.2", exits.OK), ("0.2", exits.OK), ("1", exits.FAILED)):
        assert bamlet_test(*arguments, "--pass-rate", rate) == code
        out = capsys.readouterr().out
        table = [line for line in out.splitlines() if line.count("%") == 2]
        cells = [[cell.start() for cell in re.finditer(r"\d+/", line)] for line in table]
        assert cells == [cells[0]] * 3  # columns
        untimed = re.sub(r" +[\d.]+ m?s\b", " T", out)
        drawn.append(re.sub(r"(?<=\S) {2,}(?=\S)", "  ", untimed))  # columns are as wide as their times
    assert drawn[0] == drawn[1]
    golden("cli/matrix.txt", drawn[0])


SCRIPTED = """
test Plain {{ functions [Sort] args {{ text "1" }} script "Good" @@assert({{{{ this == "Good" }}}}) }}
test Prose {{ functions [Sort] args {{ text "2" }} script "I say: Good." @@assert({{{{ this == "Good" }}}}) }}
test Retried {{
  functions [Sort]
  args {{ text "3" }}
  script [ {{ status 429, retry_after 0 }}, "Bad" ]
  @@assert({{{{ this == "Bad" and _.attempts == 2 }}}})
}}
test Refused {{ functions [Sort] args {{ text "4" }} script {{ refuse "no" }} }}
test Nonsense {{ functions [Sort] args {{ text "5" }} script "neither" }}
"""


@pytest.mark.parametrize("way", [["--offline"], ["--record", "none"]])
def test_t16_scripted_answers(way: list[str], capsys: Capture) -> None:
    written(SORT + SCRIPTED.format())
    assert bamlet_test("main.baml", *way, "--output-format", "json") == exits.FAILED
    tests = {test["test"]: test for test in json.loads(capsys.readouterr().out)["tests"]}
    statuses = {name: test["status"] for name, test in tests.items()}
    assert statuses == {
        "Plain": "passed",
        "Prose": "passed",
        "Retried": "passed",
        "Refused": statuses["Refused"],
        "Nonsense": "failed",
    }
    assert statuses["Refused"] in ("failed", "errored")
    assert tests["Nonsense"]["runs"][0]["error"]["type"] == "BamlValidationError"


def test_t16_a_script_may_stand_beside_the_program(capsys: Capture) -> None:
    written(SORT + 'test One { functions [Sort] args { text "x" } @@assert({{ this == "Bad" }}) }')
    written("I think it is Bad.", "scripts/Sort/One.txt")
    assert bamlet_test("main.baml", "--offline") == exits.OK
    written(SORT + 'test One { functions [Sort] args { text "x" } script "Good" }')
    assert bamlet_test("main.baml", "--offline") == exits.FAILED
    assert "keep one" in capsys.readouterr().out


def test_faults_befall_scripted_answers_by_the_seed_of_the_run(capsys: Capture) -> None:
    """A script answers every run alike; what goes wrong on its way is each run's own, and the seed's."""
    written(SORT + 'test One { functions [Sort] args { text "x" } script "Good" }')
    drawn = []
    for seed in (1, 2, 2):
        arguments = ("main.baml", "--runs", "12", f"--offline={seed}", "--fault", "empty:0.5")
        assert bamlet_test(*arguments, "--output-format", "json") == exits.FAILED
        (test,) = json.loads(capsys.readouterr().out)["tests"]
        drawn.append([run["status"] for run in test["runs"]])
        assert 1 < drawn[-1].count("passed") < 11
    assert drawn[0] != drawn[1] == drawn[2]


def test_names_below_the_result(capsys: Capture) -> None:
    written(
        SORT
        + 'test One { functions [Sort] args { text "x" } @@assert({{ _.client == "A" and _.attempts == 1'
        + " and _.usage.output_tokens > 0 and _.latency_ms >= 0 }}) }"
    )
    assert bamlet_test("main.baml", "--offline") == exits.OK


# --- what stops


def test_t05_an_interrupt_stops_what_runs_and_tells_what_is_known(loopback: LoopbackServer) -> None:
    """Ten of two hundred streams are under way; all are closed within two seconds, and none is left."""
    source = SAY.replace("env.BASE_URL", f'"{loopback.url}"').replace("env.LOCAL_KEY", '"k"')
    tests = "\n".join(f'test T{n} {{ functions [Say] args {{ text "{n}" }} }}' for n in range(200))
    program = bamlet.compile_sources({"a.baml": source + tests})
    loopback.answer(*[Answer([openai_chunks(["he"])[0], Pause(60)]) for _ in range(200)])
    stop = bamlet.AbortController()

    async def body() -> Summary:
        async for event in run_plan(program, Plan(cases=cases_of(program)), Answers(Settings(Path())), stop):
            if isinstance(event, RunStarted) and event.key.case.name == "T8":
                asyncio.get_running_loop().call_later(0.2, stop.abort)
            if isinstance(event, Ended):
                return event.summary
        raise AssertionError("a run ends with its summary")

    summary = asyncio.run(asyncio.wait_for(body(), 20))
    assert [run.error for test in summary.tests for run in test.runs if run.error is not None] == []
    assert summary.counts["cancelled"] == len(summary.tests)
    assert summary.seconds < 10


def test_the_first_failure_may_be_the_last(capsys: Capture) -> None:
    written(DOUBLE)
    assert bamlet_test("main.baml", "-j", "1", "--fail-fast") == exits.FAILED
    assert "1 failed, 0 passed, 1 cancelled of 2" in capsys.readouterr().out


# --- tests with bodies

BODIES = """
function Add(a: int, b: int) -> int { a + b }
test "holds" { assert.equal(Add(1, 1), 2) }
test "wrong" { assert.equal(Add(1, 1), 3) }
testset "sums" {
  for (let n in [1, 2]) {
    test "plus " + string.from(n) { assert.is_true(Add(n, 1) > n) }
  }
  test "throws" { throw "no"; }
}
"""


def test_tests_with_bodies_are_run_as_others_are(capsys: Capture) -> None:
    written(BODIES)
    assert bamlet_test("main.baml", "--output-format", "json") == exits.FAILED
    tests = json.loads(capsys.readouterr().out)["tests"]
    assert [(test["set"], test["test"], test["status"]) for test in tests] == [
        ("", "holds", "passed"),
        ("", "wrong", "failed"),
        ("sums", "plus 1", "passed"),
        ("sums", "plus 2", "passed"),
        ("sums", "throws", "errored"),
    ]
    assert bamlet_test("main.baml", "-i", "sums::plus*", "--list") == exits.OK
    assert capsys.readouterr().out.splitlines() == ["main.baml:7 sums::plus 1", "main.baml:7 sums::plus 2"]


# --- profiles, and what chance decides

PROFILES = """
[test]
default = "quick"
[test.profiles.quick]
args = ["-x", "Five", "--runs", "2"]
[test.profiles.all]
args = ["-i", "Double::", "--pass-rate", "0"]
[test.profiles.odd]
args = ["--runz"]
"""


def test_a_profile_is_a_command_line_below_the_one_that_is_typed(capsys: Capture) -> None:
    written(DOUBLE)
    written(PROFILES, "baml.toml")
    assert bamlet_test("main.baml") == exits.OK
    assert re.search(r"1 passed of 1 in [\d.]+ s · 2 runs", capsys.readouterr().out)
    assert bamlet_test("main.baml", "--runs", "3") == exits.OK
    assert "3 runs" in capsys.readouterr().out
    assert bamlet_test("main.baml", "--no-profile") == exits.FAILED
    assert bamlet_test("main.baml", "--profile", "all") == exits.OK
    assert bamlet_test("main.baml", "--profile", "all", "-i", "Four") == exits.OK
    assert "of 1 in" in capsys.readouterr().out.splitlines()[-1]


def test_a_profile_that_is_none(capsys: Capture) -> None:
    written(DOUBLE)
    written(PROFILES, "baml.toml")
    assert bamlet_test("main.baml", "--profile", "quik") == exits.USAGE
    assert "there is no test profile `quik`; did you mean `quick`?" in capsys.readouterr().err
    assert bamlet_test("main.baml", "--profile", "odd") == exits.USAGE
    assert "the profile `odd`: unrecognized arguments: --runz" in capsys.readouterr().err


def test_a_seed_decides_what_chance_would(capsys: Capture) -> None:
    written(
        "function Chance() -> float { baml.sys.random() }\n"
        "test One { functions [Chance] args {} }\ntest Two { functions [Chance] args {} }"
    )

    def values(*arguments: str) -> list[float]:
        bamlet_test("main.baml", "--output-format", "json", *arguments)
        tests = json.loads(capsys.readouterr().out)["tests"]
        return [run["value"] for test in tests for run in test["runs"]]

    first = values("--seed", "7", "--runs", "2")
    assert len(set(first)) == 4
    assert values("--seed", "7", "--runs", "2", "-j", "1") == first
    assert values("--seed", "8", "--runs", "2") != first
