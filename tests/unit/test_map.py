"""`bamlet map`: one function over the rows of a file.

A program cannot see that it is mapped, so all of it is tested from outside: what is asked, how often, and what is
written. Numbers in the docstrings are those of the list of promises in docs/map.md.
"""

from __future__ import annotations

import csv
import json
import os
import socket
import sys
from pathlib import Path
from typing import Any

import pytest

import bamlet
from bamlet.batch import session
from bamlet.batch.engines import Refused
from bamlet.batch.feed import Binder
from bamlet.batch.options import MaxErrors
from bamlet.batch.report import Progress
from bamlet.batch.tables import Record
from tests.servers.rows import Behaviour, RowServer
from tests.support.canary import files_with_it
from tests.support.mapped import Table, nobody_meddles, source, texts


@pytest.fixture
def table(tmp_path: Path) -> Table:
    return Table(tmp_path)


def labels(rows: list[dict[str, object]]) -> list[object]:
    return [row["result"]["label"] for row in rows]  # type: ignore[index]


def test_every_row_is_written_in_the_order_of_the_input(table: Table) -> None:
    table.write(texts(range(50)))
    report = table.run(keep="n")
    assert (report.reason, report.ok, report.failed, report.called) == ("done", 50, 0, 50)
    assert [row["n"] for row in table.output()] == list(range(50))
    assert labels(table.output()) == [str(number) for number in range(50)]
    assert not (table.folder / "out.errors.jsonl").exists()


def test_a_second_run_asks_nothing_and_writes_the_same_bytes(table: Table) -> None:
    """5."""
    table.write(texts(range(30)))
    table.run()
    first = (table.folder / "out.jsonl").read_bytes()
    report = table.run()
    assert (table.calls, report.known, report.called) == (0, 30, 0)
    assert (table.folder / "out.jsonl").read_bytes() == first


def test_rows_that_are_known_are_not_bound_again(table: Table, monkeypatch: pytest.MonkeyPatch) -> None:
    """5. An input with another byte in it is, and so is one of which the ids were lost or cut short."""
    bound: list[Record] = []
    bind = Binder.arguments
    ids = table.folder / "out.jsonl.state" / "input.ids"

    def counted(binder: Binder, record: Record) -> dict[str, Any]:
        bound.append(record)
        return bind(binder, record)

    def again(**options: Any) -> int:
        bound.clear()
        assert table.run(**options).ok == len(table.output())
        return len(bound)

    monkeypatch.setattr(Binder, "arguments", counted)
    table.write(texts("abc"))
    table.run()
    assert again() == 0
    assert again(rows=2) == 2
    assert again(dup="each") == 3
    ids.write_bytes(ids.read_bytes()[:-8])
    assert again() == 3
    assert again() == 0
    table.write(texts("abd"))
    assert again() > 3
    assert labels(table.output()) == list("abd")
    (table.folder / "out.jsonl.state" / "journal.sqlite").unlink()
    assert again() > 3
    assert table.calls == 3


def test_rows_may_be_added_removed_and_put_in_another_order(table: Table) -> None:
    """6."""
    table.write(texts("abcde"))
    table.run()
    table.write(texts("eacxd"))
    table.run()
    assert table.counts.asked == {"x": 1}
    assert labels(table.output()) == list("eacxd")


def test_another_function_text_is_refused(table: Table) -> None:
    """6."""
    table.write(texts("ab"))
    table.run()
    changed = source().replace('#"{{ text }}', '#"Please: {{ text }}')
    with pytest.raises(Refused, match="the function has changed: 2 stored answers"):
        table.run(program=changed)
    assert table.calls == 0
    assert table.run(program=changed, fresh=True).called == 2


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("max_retries 1", "max_retries 3"),
        ("base_url env.BASE_URL", "base_url env.BASE_URL, http { idle_timeout_ms 9 }"),
    ],
)
def test_how_an_answer_is_got_may_change(table: Table, before: str, after: str) -> None:
    """6."""
    table.write(texts("ab"))
    table.run()
    assert before in source()
    assert table.run(program=source().replace(before, after) + "\n// a comment").called == 0


def test_duplicates_are_asked_once_each_or_refused(table: Table) -> None:
    """7."""
    table.write(texts("aabaa"))
    assert table.run().called == 2
    assert labels(table.output()) == list("aabaa")
    assert table.run(dup="each", state=str(table.folder / "each")).called == 5
    with pytest.raises(Refused, match="rows 0 and 1"):
        table.run(dup="error", state=str(table.folder / "error"))
    assert table.calls == 0


def test_a_bad_cell_is_told_with_its_place_before_the_first_call(table: Table) -> None:
    """8."""
    path = table.folder / "in.csv"
    lines = [f"{number},0.5,Happy" for number in range(1, 100)]
    lines[89] = "many,0.5,Happy"
    path.write_text("number,ratio,mood\n" + "\n".join(lines) + "\n", "utf-8")
    with pytest.raises(Refused, match=r"in\.csv:91: column `number`: should be an int, not 'many'"):
        table.run(function="Measure", input=str(path))
    assert table.calls == 0


def test_bad_rows_go_to_the_errors_where_some_may_fail(table: Table) -> None:
    rows = [*texts("ab"), {"text": 7, "n": 2}]
    table.write(rows)
    report = table.run(max_errors=MaxErrors.read("1"))
    assert (report.ok, report.failed) == (2, 1)
    assert [(error["row"], error["class"]) for error in table.errors()] == [(2, "Bind")]


def test_rows_that_fail_are_in_the_errors_and_asked_again_on_demand(table: Table) -> None:
    """9."""
    table.behaviour = Behaviour(latency=1, fail=0.1)
    table.write(texts(range(100)))
    report = table.run(id_column="n")
    errors = table.errors()
    assert report.reason == "done"
    assert 3 < report.failed == len(errors) < 30
    assert {error["class"] for error in errors} == {"HttpStatus"}
    assert all("is refused" in error["raw"] and error["id"] == error["row"] for error in errors)
    assert len(table.output()) == 100 - report.failed

    # That they all fail once more tells nothing of the function, which has answered others.
    again = table.run(retry_errors=(), id_column="n")
    assert (again.reason, again.called, again.failed) == ("done", report.failed, report.failed)
    assert table.errors()[0]["class"] == "HttpStatus"

    table.behaviour = Behaviour(latency=1)
    assert table.run(retry_errors=("Validation",)).called == 0
    again = table.run(retry_errors=("HttpStatus",))
    assert (again.called, again.failed) == (report.failed, 0)
    assert len(table.output()) == 100
    assert table.errors() == []


def test_money_stops_the_run_before_it_is_spent(table: Table) -> None:
    """11."""
    priced = source("price { input 10, output 50 }, max_tokens 20")
    table.write(texts(range(60)))
    report = table.run(program=priced, max_cost=0.01)
    assert report.reason == "max-cost"
    assert report.cost is not None
    assert 0 < report.cost <= 0.01
    assert not (table.folder / "out.jsonl").exists()
    more = table.run(program=priced, max_cost=0.02)
    assert report.called + more.called <= 10
    assert set(table.counts.asked.values()) == {1}
    assert table.run(program=priced).called == 60 - report.called - more.called


def test_money_needs_a_price(table: Table) -> None:
    table.write(texts("a"))
    with pytest.raises(Refused, match="nobody knows what `Rows` costs"):
        table.run(max_cost=1.0)


def test_a_wrong_key_costs_one_call(table: Table) -> None:
    """12."""
    table.behaviour = Behaviour(latency=1, key="right")
    table.write(texts(range(20)))
    report = table.run()
    assert (report.reason, table.calls) == ("canary", 1)
    assert "wrong key" in report.message


def test_an_estimate_asks_nothing(table: Table) -> None:
    """12."""
    table.write(texts("aab"))
    report = table.run(program=source("price { input 1, output 2 }, max_tokens 9"), estimate=True, rpm=1.0)
    assert (report.reason, table.calls) == ("looked", 0)
    (told,) = table.said
    assert "3 rows: 1 duplicates, 0 known, 2 to ask" in told
    assert "high 9" in told
    assert "(rpm decides)" in told


def test_a_dry_run_binds_and_counts(table: Table) -> None:
    table.write(texts("ab"))
    assert (table.run(dry_run=True).reason, table.calls) == ("looked", 0)
    assert table.said == ["2 rows: 0 duplicates, 0 known, 2 to ask"]


def test_errors_stop_the_run(table: Table) -> None:
    table.behaviour = Behaviour(latency=1, fail=1.0)
    table.write(texts(range(50)))
    report = table.run(max_errors=MaxErrors.read(1), canary=False, concurrency=2)
    assert (report.reason, report.called < 10) == ("max-errors", True)


def test_three_first_rows_that_fail_alike_end_the_run(table: Table) -> None:
    table.behaviour = Behaviour(latency=1, fail=1.0)
    table.write(texts(range(50)))
    assert (table.run().reason, table.calls) == ("canary", 3)


def test_the_first_rows_end_a_run_also_where_others_were_answered_if_nobody_is_there(table: Table) -> None:
    table.write(texts(range(3)))
    assert table.run().ok == 3
    table.write(texts(range(30)))
    with socket.socket() as deaf:
        deaf.bind(("127.0.0.1", 0))  # and never listens
        nobody = source().replace("env.BASE_URL", f'"http://127.0.0.1:{deaf.getsockname()[1]}"')
        report = table.run(program=nobody)
    assert (report.reason, report.called, report.known) == ("canary", 3, 3)
    assert table.run().ok == 30 - 3  # which have failed
    assert table.run(retry_errors=("Io",)).ok == 30


def test_requests_that_are_refused_are_sent_again_and_are_no_retries(table: Table) -> None:
    table.behaviour = Behaviour(latency=5, cap=4)
    table.write(texts(range(60)))
    report = table.run()
    assert (report.reason, report.ok, report.failed) == ("done", 60, 0)
    assert table.counts.answered.total() == 60


def test_a_fixed_concurrency_is_never_passed(table: Table) -> None:
    table.behaviour = Behaviour(latency=5)
    table.write(texts(range(60)))
    table.run(concurrency=3)
    assert table.counts.most_under_way == 3


def test_requests_a_minute_are_kept(table: Table) -> None:
    """10, in small: five of twenty may begin at once, and ten in each second after."""
    table.write(texts(range(20)))
    report = table.run(rpm=600.0)
    assert report.ok == 20
    assert report.seconds > 1.4


@pytest.mark.parametrize(
    ("output", "lines"),
    [
        (
            "out.jsonl",
            ['{"k":null,"result":null}', '{"k":[1,{"a":null}],"result":1.5}', '{"k":"NaN","result":null}'],
        ),
        ("out.csv", ["k,result", ",", '"[1, {""a"": null}]",1.5', "NaN,"]),
    ],
)
def test_what_is_no_number_is_null(table: Table, output: str, lines: list[str]) -> None:
    """Python's words for it are no JSON. What fails is told in JSON as well."""
    rows = [
        '"x": NaN, "k": -Infinity',
        '"x": 1.5, "k": [1, {"a": NaN}]',
        '"x": Infinity, "k": "NaN"',
        '"x": -Infinity',
    ]
    (table.folder / "in.jsonl").write_text("".join(f"{{{row}}}\n" for row in rows))
    same = 'function Same(x: float) -> float { if (x < 0.0) { throw "less" } else { x } }'
    for _ in range(2):  # the second run writes what the first has stored
        report = table.run(program=same, function="Same", keep="k", output=str(table.folder / output))
        assert (report.ok, report.failed) == (3, 1)
        assert (table.folder / output).read_text().splitlines() == lines
        (letter,) = (table.folder / "out.errors.jsonl").read_text().splitlines()
        assert '"args": {"x": null}' in letter


def test_a_csv_is_flat_and_keeps_what_it_is_told(table: Table) -> None:
    """16."""
    path = table.folder / "in.csv"
    path.write_text('\ufefftext,note\nrow:a,"one, ""two"""\nrow:b,ünï\n', "utf-8")
    table.run(input=str(path), output=str(table.folder / "out.csv"), keep="note")
    with (table.folder / "out.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert rows == [
        {"note": 'one, "two"', "label": "a", "score": "1"},
        {"note": "ünï", "label": "b", "score": "1"},
    ]


def test_a_folder_gets_parts_and_the_word_that_all_is_there(table: Table) -> None:
    """4."""
    folder = table.folder / "parts"
    table.write(texts(range(25)))
    table.run(output=f"{folder}/", part_rows=10)
    assert sorted(path.name for path in folder.iterdir()) == [
        "_SUCCESS",
        *(f"part-0000{number}.jsonl" for number in range(3)),
    ]
    told = [json.loads(line) for path in sorted(folder.glob("part*")) for line in path.read_text().splitlines()]
    assert labels(told) == [str(number) for number in range(25)]


def test_what_is_there_is_written_on_demand_and_nothing_is_asked(table: Table) -> None:
    table.write(texts("abcde"))
    table.run(rows=3)
    report = table.run(export=True, keep="n")
    assert (report.reason, report.ok, report.failed, table.calls) == ("exported", 3, 0, 0)
    assert [row["n"] for row in table.output()] == [0, 1, 2]
    parts = table.folder / "parts"
    state = str(table.folder / "out.jsonl.state")
    table.run(export=True, output=f"{parts}/", part_rows=2, state=state)
    assert [path.name for path in parts.iterdir()] == ["part-00000.jsonl"], "of parts, the whole ones"
    assert table.run().ok == 5
    table.run(export=True, output=f"{parts}/", part_rows=2, state=state)
    assert (parts / "_SUCCESS").exists()
    with pytest.raises(Refused, match="provider-batch only"):
        table.run(cancel=True, fresh=True)
    assert table.calls == 0


def test_progress_that_fails_ends_the_run_and_what_was_answered_is_there(
    table: Table, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session, "LOOK_SECONDS", 0.1)

    def draw(progress: Progress) -> None:
        if progress.ok:
            raise ZeroDivisionError("drawn wrongly")

    table.on_progress = draw
    table.behaviour = Behaviour(latency=20)
    table.write(texts(range(200)))
    with pytest.raises(ZeroDivisionError, match="drawn wrongly"):
        table.run(concurrency=4)
    assert 0 < table.counts.answered.total() < 200
    table.on_progress = None
    table.behaviour = Behaviour(latency=1)
    report = table.run()
    assert (report.ok, report.paid_twice) == (200, 0)
    assert 0 < report.known < 200


def test_parts_are_those_of_the_rows_that_are_there_now(table: Table) -> None:
    """Who reads all of the folder has each row once, also after smaller parts, or more rows."""
    folder = table.folder / "parts"
    given: dict[str, Any] = {"output": f"{folder}/", "keep": "n"}

    def told() -> list[int]:
        paths = sorted(folder.glob("part-*.jsonl"))
        return [json.loads(line)["n"] for path in paths for line in path.read_text().splitlines()]

    table.write(texts(range(25)))
    folder.mkdir()
    (folder / "part-notes.jsonl.txt").write_text("of somebody else")
    table.run(part_rows=5, **given)
    table.run(part_rows=10, **given)
    assert told() == list(range(25))
    table.write(texts(range(7)))
    for look in ("dry_run", "estimate"):
        table.run(part_rows=5, **{**given, look: True})
        assert told() == list(range(25)), "who only looks changes nothing"
        assert (folder / "_SUCCESS").exists()
    table.run(part_rows=5, **given)
    assert told() == list(range(7))
    assert (folder / "part-notes.jsonl.txt").exists()


def test_what_a_crash_left_of_a_part_is_made_again(table: Table) -> None:
    """4. In small: `make kills` crashes in the middle of parts."""
    table.write(texts(range(4)))
    folder = table.folder / "parts"
    table.run(output=f"{folder}/", part_rows=2, keep="n")
    whole = {path.name: path.read_bytes() for path in folder.iterdir()}
    (folder / "_SUCCESS").unlink()
    (folder / "part-00001.jsonl").unlink()
    (folder / "part-00001.jsonl.partial").write_bytes(whole["part-00001.jsonl"][:9])
    before = (folder / "part-00000.jsonl").stat()
    table.run(output=f"{folder}/", part_rows=2, keep="n")
    assert table.calls == 0
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == whole
    assert (folder / "part-00000.jsonl").stat().st_ino == before.st_ino, "a part is never written again"


def test_a_column_that_nobody_has_is_told_with_the_nearest(table: Table) -> None:
    table.write([{"txt": "row:a"}])
    with pytest.raises(Refused, match=r"the parameter `text` has no column.*did you mean `txt`"):
        table.run()
    assert table.run(bind=("text=txt",)).ok == 1


def test_nothing_that_is_read_is_written_over(table: Table) -> None:
    path = table.write(texts("ab"))
    before = path.read_bytes()
    linked = table.folder / "linked.jsonl"
    linked.symlink_to(path)
    for places in (
        {"output": str(path)},
        {"input": str(linked), "output": str(path)},
        {"output": str(linked)},
        {"errors": str(path)},
        {"errors": str(table.folder / "out.jsonl")},
    ):
        with pytest.raises(Refused, match="would be written over; name another file"):
            table.run(**places)
        assert table.calls == 0
    assert path.read_bytes() == before


@pytest.mark.parametrize("keep", ["none", "n"])
@pytest.mark.parametrize("how", ["replaced", "written over", "written over and longer"])
def test_an_input_that_becomes_another_meanwhile_gives_no_row_the_answer_of_another(
    table: Table, keep: str, how: str
) -> None:
    first, second = texts(range(40)), texts(reversed(range(40)))
    if how.endswith("longer"):
        second = [{**row, "more": "much more"} for row in second]
    table.write(first)

    async def replace(server: RowServer) -> None:
        await server.until("answered", 10)
        if how == "replaced":
            table.write(second, "new.jsonl").replace(table.folder / "in.jsonl")
        else:
            table.write(second)

    table.meddle = replace
    table.behaviour = Behaviour(latency=20)
    report = table.run(concurrency=2, keep=keep)
    assert report.reason == "interrupted"
    assert "the input has changed while it was read" in report.message
    table.meddle = nobody_meddles
    again = table.run(keep=keep)
    assert (again.ok, again.called) == (40, 40 - report.ok)
    assert labels(table.output()) == [str(number) for number in reversed(range(40))]


def test_what_is_added_to_one_of_several_inputs_meanwhile_is_for_the_next_run(table: Table) -> None:
    """Rows of the next file stay where they were, and a last line that was not ended is what it was."""
    (table.folder / "a.csv").write_text("text\n" + "".join(f"row:a{n}\n" for n in range(20)) + "row:a")
    (table.folder / "b.csv").write_text("text\n" + "".join(f"row:b{n}\n" for n in range(20)))
    old = [*(f"a{n}" for n in range(20)), "a", *(f"b{n}" for n in range(20))]

    async def add(server: RowServer) -> None:
        await server.until("asked", 5)
        with (table.folder / "a.csv").open("a") as file:
            file.write("20\nrow:a21\n")

    table.meddle = add
    table.behaviour = Behaviour(latency=20)
    given: dict[str, Any] = {"input": str(table.folder / "?.csv"), "keep": "text", "concurrency": 4}
    assert table.run(**given).ok == len(old)
    table.meddle = nobody_meddles
    for wanted, new in ((old, 0), ([*old[:20], "a20", "a21", *old[21:]], 2)):
        found = [(row["text"], row["result"]["label"]) for row in table.output()]
        assert found == [(f"row:{name}", name) for name in wanted]
        assert new in (0, table.calls)
        table.run(**given)


def test_a_pipe_is_read_as_standard_input_alone(table: Table) -> None:
    os.mkfifo(table.folder / "pipe.jsonl")
    with pytest.raises(Refused, match="for a pipe write -"):
        table.run(input=str(table.folder / "pipe.jsonl"))


def test_a_state_in_use_is_refused_with_its_holder(table: Table) -> None:
    from bamlet.batch.state import State

    table.write(texts("a"))
    with State(table.folder / "out.jsonl.state"), pytest.raises(Refused, match=r"in use by process \d+ on "):
        table.run()


def test_a_foreign_file_is_no_journal(table: Table) -> None:
    state = table.folder / "out.jsonl.state"
    state.mkdir()
    (state / "journal.sqlite").write_bytes(b"something else" * 100)
    table.write(texts("a"))
    with pytest.raises(Refused, match=r"journal\.sqlite cannot be used as a journal"):
        table.run()


def test_no_key_is_left_in_a_file(table: Table) -> None:
    """17."""
    table.behaviour = Behaviour(latency=1, fail=0.3)
    table.write(texts(range(30)))
    table.run()
    assert files_with_it(table.folder) == []


def test_auto_finds_what_a_server_admits(table: Table) -> None:
    """10, in small: a server that admits 20 at once is kept busy, and few requests are refused."""
    table.behaviour = Behaviour(latency=30, cap=20)
    table.write(texts(range(800)))
    report = table.run()
    assert (report.ok, report.failed) == (800, 0)
    assert table.counts.most_under_way == 20
    assert table.counts.refused < 80


def test_parquet_names_its_extra_where_that_is_missing(table: Table, monkeypatch: pytest.MonkeyPatch) -> None:
    """16."""
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    (table.folder / "in.parquet").write_bytes(b"PAR1")
    with pytest.raises(Refused, match=r"pip install 'bamlet\[table\]'"):
        table.run(input=str(table.folder / "in.parquet"))


def test_tokens_a_minute_are_kept(table: Table) -> None:
    """An answer uses 120 tokens here, whatever was reserved for it."""
    table.write(texts(range(12)))
    report = table.run(tpm=36_000.0)
    assert report.ok == 12
    assert report.seconds > 1.4  # 1,440 tokens at 600 a second, the first 300 at once


def test_a_fingerprint_follows_what_is_reached(table: Table) -> None:
    """6."""

    def found(program: str) -> str:
        return bamlet.compile_sources({"map.baml": program}).fingerprint("Classify")

    base = found(source())
    assert found(source().replace("  score int", "  score int  // how sure\n")) == base
    assert found(source().replace("  Happy\n", "  Glad\n")) == base, "Classify does not reach Mood"
    assert found(source().replace("score int", "score float")) != base
    assert found(source("temperature 1")) != base
    assert found(source("price { input 1, output 1 }")) == base


def test_parts_that_are_written_meanwhile_are_whole(table: Table) -> None:
    """4."""
    folder = table.folder / "parts"
    table.behaviour = Behaviour(latency=60, fail=0.1)
    table.write(texts(range(100)))
    report = table.run(output=f"{folder}/", part_rows=7, concurrency=4)
    told = [json.loads(line) for path in sorted(folder.glob("part*")) for line in path.read_text().splitlines()]
    errors = (folder / "_errors.jsonl").read_text().splitlines()
    assert (len(told), len(errors)) == (report.ok, report.failed)
    assert report.ok + report.failed == 100
    before = {path.name: path.stat().st_mtime_ns for path in folder.glob("part*")}
    table.run(output=f"{folder}/", part_rows=7)
    assert {path.name: path.stat().st_mtime_ns for path in folder.glob("part*")} == before
