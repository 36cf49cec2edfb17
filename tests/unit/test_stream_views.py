"""What a stream can show beside partial values: skeletons, changes, items, reasoning, and a report of losses."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import cache
from typing import Any

import pytest

import bamlet
from bamlet.embed.stream import Partial, Reset
from tests.support.scripted import LoopClock, Reply, ScriptedTransport, Wait, run_virtual, said, streamed

SOURCE = """
client<llm> A {
  provider openai-generic
  retry_policy Once
  options {
    base_url "http://test"
    model "A"
  }
}
retry_policy Once {
  max_retries 1
}
class Line {
  name string
  count int
}
class Order {
  id int
  note string?
  lines Line[]
  by map<string, int>
}
class Marked {
  id int @stream.not_null
  name string @stream.with_state
  lines Line[] @stream.done
}
class Exact {
  kept int[] @strict
  loose int[]
}
class Node2 { nested Leaf3 more Leaf3[] }
class Leaf3 { arr int[] s string? }
class Data1 { items Node2[] names string[] }
class Root0 { data Data1 tail string? }
class Person {
  name string @check(short, {{ this|length < 3 }})
  age int @assert(adult, {{ this >= 18 }})
}
function Take(text: string) -> Order {
  client A
  prompt #"Read {{ text }}"#
}
function Lines(text: string) -> Line[] {
  client A
  prompt #"{{ text }}"#
}
function Mark(text: string) -> Marked {
  client A
  prompt #"{{ text }}"#
}
function Keep(text: string) -> Exact {
  client A
  prompt #"{{ text }}"#
}
function Deep(text: string) -> Root0 {
  client A
  prompt #"{{ text }}"#
}
function Meet(text: string) -> Person {
  client A
  prompt #"{{ text }}"#
}
function Count(text: string) -> int {
  client A
  prompt #"{{ text }}"#
}
"""
ORDER = (
    '{"id": 7, "note": "so/far", "lines": [{"name": "a b", "count": 1}, {"name": "c"}, "x", '
    '{"name": "d", "count": 2}], "by": {"k": 1, "~/": 2}}'
)
VALUE = {
    "id": 7,
    "note": "so/far",
    "lines": [{"name": "a b", "count": 1}, {"name": "d", "count": 2}],
    "by": {"k": 1, "~/": 2},
}


@cache
def program() -> bamlet.Program:
    return bamlet.compile_sources({"main.baml": SOURCE})


def by_character(text: str, **reply: Any) -> Reply:
    return streamed(*text, **reply)


def with_runtime(work: Callable[[bamlet.AsyncRuntime], Awaitable[Any]], *replies: Reply) -> Any:
    async def run() -> Any:
        transport = ScriptedTransport({"A": replies})
        async with bamlet.AsyncRuntime(program(), environ={}, transport=transport, clock=LoopClock()) as runtime:
            found = await work(runtime)
            assert runtime.handles.open_count == 0
            return found

    return run_virtual(run())


def collected(function: str, text: str, **options: Any) -> tuple[list[Any], Any]:
    async def work(runtime: bamlet.AsyncRuntime) -> tuple[list[Any], Any]:
        stream = runtime.stream(function, text="it", **options)
        return [value async for value in stream], await stream.final()

    result: tuple[list[Any], Any] = with_runtime(work, by_character(text))
    return result


# --- partial values


def test_the_last_partial_is_the_final_value() -> None:
    shown, final = collected("Take", ORDER, partials="every")
    assert bamlet.to_plain(shown[-1]) == bamlet.to_plain(final) == VALUE


def test_a_value_that_the_end_changes_is_shown_once_more() -> None:
    shown, final = collected("Lines", '[{"name": "a", "count": 1}, {"name": "b", "count": 2', partials="every")
    assert bamlet.to_plain(shown[-2])[1] == {"name": "b", "count": None}
    assert bamlet.to_plain(shown[-1]) == bamlet.to_plain(final)


def test_a_scalar_is_one_event() -> None:
    assert collected("Count", "The answer is 42.", partials="every") == ([42], 42)


def test_attributes_of_a_stream() -> None:
    text = '{"id": 12, "name": "ab", "lines": [{"name": "x", "count": 1}]}'
    shown, _ = collected("Mark", text, partials="every")
    assert bamlet.to_plain(shown[0]) == {"id": 12, "name": {"value": None, "state": "Pending"}, "lines": []}
    states = [bamlet.to_plain(value)["name"] for value in shown]
    assert {"value": "a", "state": "Incomplete"} in states
    assert states[-1] == {"value": "ab", "state": "Complete"}
    assert {len(value.lines) for value in shown} == {0, 1}
    assert shown[-1].lines[0] == bamlet.AsyncRuntime(program()).parse("Lines", '{"name": "x", "count": 1}')[0]


def test_another_value_of_the_answer_takes_the_place_of_one_that_fails() -> None:
    async def work(runtime: bamlet.AsyncRuntime) -> list[Any]:
        stream = runtime.stream("Take", text="it", partials="every")
        return [event async for event in stream.events(ticks=False) if isinstance(event, Partial)]

    events = with_runtime(work, by_character('{"note": "a"} No, wait: {"note": "b", "id": 1}'))
    notes = [(event.value.note, event.replaced) for event in events]
    assert notes.index(("a", False)) < notes.index(("b", False))
    assert [replaced for _, replaced in notes].count(True) == 1
    assert notes[-1] == ("b", False)


# --- the skeleton


def test_a_skeleton_has_its_shape_from_the_start() -> None:
    shown, final = collected("Take", "Sure: " + ORDER, partials="every", view="skeleton")
    assert bamlet.to_plain(shown[0].value) == {"id": None, "note": None, "lines": None, "by": None}
    assert [value.state for value in shown] == ["pending", *["partial"] * (len(shown) - 2), "complete"]
    assert all(list(bamlet.to_plain(value.value)) == list(VALUE) for value in shown)
    assert bamlet.to_plain(shown[-1].value) == VALUE == bamlet.to_plain(final)


def test_nothing_hides_a_skeleton() -> None:
    shown, _ = collected("Mark", '{"name": "ab", "id": 1, "lines": []}', partials="every", view="skeleton")
    values = [bamlet.to_plain(value.value) for value in shown]
    assert values[0] == {"id": None, "name": None, "lines": None}
    assert {"id": None, "name": "a", "lines": None} in values


def test_deep_lists_grow_at_every_length() -> None:
    text = '{"data": {"items": [{"nested": {"arr": [1, 2, 3'
    skeleton = bamlet.AsyncRuntime(program()).skeleton("Deep")
    assert skeleton.to_dict() == {"value": {"data": None, "tail": None}, "state": "pending"}
    lengths = []
    for char in text:
        skeleton.append(char)
        if '"arr": [' in skeleton._text:
            lengths.append(len(skeleton.value.data.items[0].nested.arr))
    assert lengths == sorted(lengths)
    assert lengths[-1] == 2
    whole = text + '], "s": "a"}, "more": [{"arr": [4], "s": null}, {"arr": [5'
    skeleton.update(whole)
    items = bamlet.to_plain(skeleton.value)["data"]["items"]
    assert items == [
        {"nested": {"arr": [1, 2, 3], "s": "a"}, "more": [{"arr": [4], "s": None}, {"arr": [], "s": None}]}
    ]


def test_a_skeleton_by_hand() -> None:
    skeleton = bamlet.AsyncRuntime(program()).skeleton("Take")
    skeleton.update('{"id": 1')
    assert skeleton.state == "partial"
    skeleton.update('{"lines": [')
    assert skeleton.to_dict()["value"] == {"id": None, "note": None, "lines": [], "by": None}
    with pytest.raises(bamlet.BamlValidationError):
        skeleton.update('{"lines": [}', is_final=True)
    assert skeleton.state == "partial"
    skeleton.update(ORDER, is_final=True)
    assert skeleton.to_dict() == {"value": VALUE, "state": "complete"}


# --- changes


@pytest.mark.parametrize("partials", ["every", "latest"])
@pytest.mark.parametrize("function", ["Take", "Mark", "Lines"])
def test_changes_make_the_value_when_they_are_applied(function: str, partials: Any) -> None:
    text = {
        "Take": ORDER,
        "Mark": '{"lines": [{"name": "x", "count": 1}], "id": 12, "name": "ab"}',
        "Lines": '[{"name": "x", "count": 1}, {"name": "y"}, {"name": "z", "count": 3',
    }[function]

    async def work(runtime: bamlet.AsyncRuntime) -> tuple[list[bamlet.Change], Any]:
        stream = runtime.stream(function, text="it", partials=partials)
        changes = [change async for change in stream.changes()]
        await stream.final()
        return changes, [value async for value in runtime.stream(function, text="it")][-1]

    changes, last = with_runtime(work, by_character(text))
    document: Any = None
    for change in changes:
        document = patched(document, change.as_json_patch())
    assert document == bamlet.to_plain(last)


def test_a_growing_text_is_told_by_its_new_part() -> None:
    async def work(runtime: bamlet.AsyncRuntime) -> list[bamlet.Change]:
        return [change async for change in runtime.stream("Take", text="it", partials="every").changes()]

    changes = with_runtime(work, by_character('{"id": 1, "note": "abc"}'))
    grown = [change for change in changes if change.op == "append"]
    assert [(change.pointer, change.value, change.whole) for change in grown] == [
        ("/note", "a", "a"),
        ("/note", "b", "ab"),
        ("/note", "c", "abc"),
    ]


def patched(document: Any, operation: dict[str, Any]) -> Any:
    """RFC 6902, as far as `add`, `replace` and `remove` go."""
    steps = [part.replace("~1", "/").replace("~0", "~") for part in operation["path"].split("/")[1:]]
    if not steps:
        return operation["value"]
    at = document
    for step in steps[:-1]:
        at = at[int(step)] if isinstance(at, list) else at[step]
    last: Any = int(steps[-1]) if isinstance(at, list) else steps[-1]
    if operation["op"] == "remove":
        del at[last]
    elif operation["op"] == "add" and isinstance(at, list):
        at.insert(last, operation["value"])
    else:
        assert operation["op"] == "add" or last in at or isinstance(last, int)
        at[last] = operation["value"]
    return document


# --- items


@pytest.mark.parametrize("partials", ["every", "latest"])
def test_each_item_comes_once_and_finished(partials: Any) -> None:
    async def work(runtime: bamlet.AsyncRuntime) -> list[Any]:
        return [line async for line in runtime.stream("Take", text="it", partials=partials).items("lines")]

    items = with_runtime(work, by_character(ORDER))
    assert [bamlet.to_plain(item) for item in items] == VALUE["lines"]


def test_an_item_comes_as_soon_as_it_is_finished() -> None:
    async def first(runtime: bamlet.AsyncRuntime) -> Any:
        async with runtime.stream("Lines", text="it") as stream:
            return bamlet.to_plain(await anext(stream.items()))

    halves = streamed('[{"name": "a", "count": 1}', ', {"name": "b",').parts
    held = Reply([*halves[:-2], Wait(1_000)])
    assert with_runtime(first, held) == {"name": "a", "count": 1}


def test_a_new_attempt_begins_with_the_first_item_again() -> None:
    async def work(runtime: bamlet.AsyncRuntime) -> list[Any]:
        return [line.name async for line in runtime.stream("Lines", text="it", partials="every").items()]

    broken = by_character('[{"name": "a", "count": 1}, ', finish=None)
    whole = by_character('[{"name": "b", "count": 1}]')
    assert with_runtime(work, broken, whole) == ["a", "b"]


def test_views_of_a_client_that_does_not_stream() -> None:
    whole = SOURCE.replace('model "A"', 'model "A"\n    supports_streaming false')
    transport = ScriptedTransport({"A": said(ORDER)})
    with bamlet.Runtime(bamlet.compile_sources({"main.baml": whole}), environ={}, transport=transport) as runtime:
        assert [line.count for line in runtime.stream("Take", text="it").items("lines")] == [1, 2]
        skeletons = list(runtime.stream("Take", text="it", view="skeleton"))
        assert [skeleton.state for skeleton in skeletons] == ["pending", "complete"]
        assert bamlet.to_plain(skeletons[1].value) == VALUE
        [change] = runtime.stream("Take", text="it").changes()
        assert change.as_json_patch() == {"op": "add", "path": "", "value": VALUE}
        stream = runtime.stream("Take", text="it")
        assert len(list(stream)) == 1
        assert len(stream.report.dropped) == 2


# --- the report


def test_a_stream_reports_what_its_value_does_not_tell() -> None:
    async def work(runtime: bamlet.AsyncRuntime) -> tuple[Any, ...]:
        stream = runtime.stream("Take", text="it", partials="every")
        sizes = [len(stream.report.entries) async for _ in stream]
        await stream.final()
        return sizes, stream.report, stream.reasoning

    text = "<think>hm</think>Here it is:\n```json\n" + ORDER + "\n```"
    sizes, report, reasoning = with_runtime(work, by_character(text))
    assert sizes == sorted(sizes)
    assert [str(entry) for entry in report.entries] == [
        "dropped $.lines[1]: count: expected int, got nothing",
        'dropped $.lines[2]: expected Line, got string "x"',
    ]
    for entry in report.entries:
        assert text[entry.start : entry.end] == entry.raw
    assert report.dropped[0].raw == '{"name": "c"}'
    assert report.preamble == "Here it is:"
    assert report.reasoning == reasoning == "hm"
    assert not report.truncated


def test_a_call_reports_too() -> None:
    reports: list[bamlet.Report] = []

    async def work(runtime: bamlet.AsyncRuntime) -> Any:
        return await runtime.call("Take", text="it", context=bamlet.CallContext(on_report=reports.append))

    assert bamlet.to_plain(with_runtime(work, said(ORDER))) == VALUE
    assert [entry.kind for entry in reports[0].entries] == ["dropped", "dropped"]


def test_the_length_limit_of_a_model_marks_its_answer() -> None:
    reports: list[bamlet.Report] = []

    async def work(runtime: bamlet.AsyncRuntime) -> Any:
        return await runtime.call("Count", text="it", context=bamlet.CallContext(on_report=reports.append))

    assert with_runtime(work, said("42", finish="length")) == 42
    assert reports[0].truncated


@pytest.mark.parametrize("streams", [True, False])
def test_strict_turns_losses_into_an_error_that_tells_all(streams: bool) -> None:
    context = bamlet.CallContext(strict=True)

    async def work(runtime: bamlet.AsyncRuntime) -> Any:
        if streams:
            return await runtime.stream("Take", text="this", context=context).final()
        return await runtime.call("Take", text="this", context=context)

    with pytest.raises(bamlet.BamlValidationError) as caught:
        with_runtime(work, by_character(ORDER) if streams else said(ORDER))
    error = caught.value
    assert [issue.path for issue in error.issues] == ["$.lines[1]", "$.lines[2]"]
    assert "$.lines[1]: count: expected int, got nothing (strict)" in error.message
    assert error.raw_output == ORDER
    assert error.prompt is not None
    assert "Read this" in error.prompt
    assert "Read this" in error.detailed_message
    assert all(ORDER[issue.start : issue.end] == issue.raw for issue in error.issues)


def test_one_strict_field() -> None:
    runtime = bamlet.AsyncRuntime(program())
    loose = runtime.parse("Keep", '{"kept": [1], "loose": [1, "x"]}')
    assert bamlet.to_plain(loose) == {"kept": [1], "loose": [1]}
    with pytest.raises(bamlet.BamlValidationError) as caught:
        runtime.parse("Keep", '{"kept": [1, "x"], "loose": [1, "y"]}')
    assert [str(issue) for issue in caught.value.issues] == ['$.kept[1]: expected int, got string "x" (strict)']
    with pytest.raises(bamlet.BamlValidationError):
        runtime.parse("Keep", '{"kept": [1, 2')


def test_every_reason_of_a_failure_is_told() -> None:
    with pytest.raises(bamlet.BamlValidationError) as caught:
        bamlet.AsyncRuntime(program()).parse("Meet", '{"name": {"x": null}, "age": 3')
    assert [str(issue) for issue in caught.value.issues] == [
        "$.age: the assertion `adult` does not hold",
        "$: the answer was cut off before its end",
    ]


def test_a_checked_value_has_its_checks() -> None:
    person = bamlet.AsyncRuntime(program()).parse("Meet", '{"name": "Ada", "age": 20}')
    assert person.name.value == "Ada"
    assert person.name.checks["short"].status == "failed"
    assert person.name.checks["short"].expression == "this|length < 3"


def test_a_parse_with_its_report() -> None:
    parsed = bamlet.AsyncRuntime(program()).parse_with_report(
        "Take", '{"id": "7", "what": 1, "lines": [], "by": {'
    )
    assert bamlet.to_plain(parsed.value) == {"id": 7, "note": None, "lines": [], "by": {}}
    assert [(entry.kind, entry.path, entry.raw) for entry in parsed.report.entries] == [
        ("coerced", "$.id", '"7"'),
        ("ignored", "$.what", "1"),
        ("truncated", "$.by", "{"),
    ]
    assert parsed.report.truncated
    assert [entry.kind for entry in parsed.report.losses] == ["truncated"]


# --- the blocking face


def test_the_blocking_face_has_the_same_views() -> None:
    transport = ScriptedTransport({"A": by_character(ORDER)})
    with bamlet.Runtime(program(), environ={}, transport=transport) as runtime:
        assert [line.count for line in runtime.stream("Take", text="it").items("lines")] == [1, 2]
        document: Any = None
        for change in runtime.stream("Take", text="it").changes():
            document = patched(document, change.as_json_patch())
        assert document == VALUE
        stream = runtime.stream("Take", text="it", view="skeleton")
        states = [value.state for value in stream]
        assert (states[0], states[-1]) == ("pending", "complete")
        assert len(stream.report.dropped) == 2
        assert stream.reasoning == ""
        assert runtime.skeleton("Take").state == "pending"
        assert runtime.parse_with_report("Count", "7").value == 7


def test_resets_are_told_between_partials() -> None:
    async def work(runtime: bamlet.AsyncRuntime) -> list[Any]:
        stream = runtime.stream("Count", text="it", partials="every")
        return [event async for event in stream.events(ticks=False)]

    events = with_runtime(work, by_character('"12"', finish=None), by_character("13"))
    assert events == [Partial(12), Reset(2), Partial(13)]
