"""`Checked` in a generated client: whoever made the value, an answer or the program, it is what its type says."""

from __future__ import annotations

import pickle
from collections.abc import Iterator
from importlib import import_module
from types import ModuleType
from typing import Any

import pytest

import bamlet
from tests.support.generated import CLIENT, generated

CLASSES = """
class Found {
  count int @check(many, {{ this > 2 }})
  note string? @check(long, {{ this|length > 9 }})
  ways int[] @check(some, {{ this }})
  by map<string, int> @check(known, {{ this }})
  mixed ((int @check(even, {{ this % 2 == 0 }})) | string | Whole)?
}
class Whole {
  size int
  @@check(big, {{ this.size > 5 }})
}
"""
SOURCE = (
    CLIENT
    + CLASSES
    + """
function Ask() -> Found { client Local, prompt #"{{ ctx.output_format }}"# }
function Make(count: int) -> Found { Found { count: count, note: null, ways: [], by: { a: 1 }, mixed: count } }
function Whole5() -> Whole { Whole { size: 5 } }
function Same(found: Found) -> Found { found }
function Size(whole: Whole) -> int { whole.size }
function Mixed() -> (int | Whole | "lit" | (string @check(short, {{ this|length < 9 }})))[] {
  client Local
  prompt #"{{ ctx.output_format }}"#
}
function Lists() -> 5[] | Whole[] | Whole[][] | map<string, int> | map<string, Whole> {
  client Local
  prompt #"{{ ctx.output_format }}"#
}
function Number() -> int @check(small, {{ this < 9 }}) { 3 }
type JSON = string | int | null | JSON[] | map<string, JSON>
type Rows = int | Rows[]
class Checked { value string, checks int[] }
function Named() -> (Checked | (string @check(short, {{ this|length < 9 }})))[] {
  client Local
  prompt #"{{ ctx.output_format }}"#
}
function Nested() -> ((int @check(even, {{ this % 2 == 0 }}))[] @check(some, {{ this }})) {
  client Local
  prompt #"{{ ctx.output_format }}"#
}
function Missing() -> map<string, "a" | JSON | Rows> { client Local, prompt #"{{ ctx.output_format }}"# }
function Kinds() -> (Rows | (bool[] @check(yes, {{ this }})))[] {
  client Local
  prompt #"{{ ctx.output_format }}"#
}
class Plain { size int }
function Loose(given: Plain | JSON) -> string { client Local, prompt #"{{ given }}"# }
"""
)


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ModuleType]:
    with generated(tmp_path_factory.mktemp("client"), SOURCE) as package:
        yield package


@pytest.fixture
def b(client: ModuleType) -> Any:
    return import_module(f"{client.__name__}.sync_client").b


def statuses(checked: Any) -> dict[str, str]:
    return {name: check.status for name, check in checked.checks.items()}


def fits(client: ModuleType, value: Any) -> bool:
    """Whether pydantic takes it for what its annotations say."""
    return bool(client.types.Found.model_validate(value.model_dump()) == value)


@pytest.mark.parametrize("text", ['{"count": 3}', '{"count": 3, "note": null, "ways": null, "by": null}'])
def test_what_an_answer_leaves_out_has_its_checks(client: ModuleType, b: Any, text: str) -> None:
    found = b.parse.Ask(text)
    assert (statuses(found.count), statuses(found.note)) == ({"many": "succeeded"}, {})
    assert (statuses(found.ways), statuses(found.by)) == ({"some": "failed"}, {"known": "failed"})
    assert (found.note.value, found.ways.value, found.by.value, found.mixed) == (None, [], {}, None)
    assert fits(client, found)


def test_what_the_program_has_made_is_checked(client: ModuleType, b: Any) -> None:
    made = b.Make(2)
    assert (statuses(made.count), statuses(made.mixed)) == ({"many": "failed"}, {"even": "succeeded"})
    assert fits(client, made)
    assert statuses(b.Whole5()) == {"big": "failed"}
    assert (b.Number().value, statuses(b.Number())) == (3, {"small": "succeeded"})


def test_what_is_not_yet_checked_is_not_shown_in_a_union(client: ModuleType, b: Any) -> None:
    """A class with checks of its own is shown with them, so not before it is whole."""
    shown = [b.parse_stream.Mixed(f'[1, {{"size": 6{rest}') for rest in ("", "}")]
    assert shown[0] == [1]
    assert [type(one).__name__.partition("[")[0] for one in shown[1]] == ["int", "Checked"]
    assert b.parse.Mixed('["lit", "other"]')[0] == "lit"


def test_a_list_is_told_from_another_kind_of_list(client: ModuleType, b: Any) -> None:
    answers = ("[5]", '[{"size": 6}]', '[[{"size": 7}]]', '{"a": {"size": 8}}', '{"a": 5}', "[]")
    found = [b.parse.Lists(text) for text in answers]
    kinds = [type(next(iter(one.values() if isinstance(one, dict) else one), None)).__name__ for one in found]
    assert kinds[0] == kinds[4] == "int"
    assert [kind.partition("[")[0] for kind in (kinds[1], type(found[2][0][0]).__name__, kinds[3])] == [
        "Checked"
    ] * 3
    assert b.parse_stream.Lists('[{"size": 6}]')[0].value == client.stream_types.Whole(size=6)


def test_a_class_of_the_program_may_be_called_checked(client: ModuleType, b: Any) -> None:
    own, checked = b.parse.Named('[{"value": "v", "checks": [1]}, "text"]')
    assert own == client.types.Checked(value="v", checks=[1])
    assert (checked.value, statuses(checked)) == ("text", {"short": "succeeded"})


def test_what_was_checked_can_be_pickled(b: Any) -> None:
    for value in (b.Whole5(), b.parse.Nested("[1, 2]"), b.parse.Ask('{"count": 3, "mixed": 4}')):
        again = pickle.loads(pickle.dumps(value))
        assert (again, type(again)) == (value, type(value))


def test_a_recursive_alias_in_a_union_is_looked_into(b: Any) -> None:
    assert b.parse.Missing('{"x": null, "y": [1], "z": "a"}') == {"x": None, "y": [1], "z": "a"}
    rows, flags = b.parse.Kinds("[[1, [2]], [true, false]]")
    assert (rows, flags.value) == ([1, [2]], [True, False])
    told = b.request.Loose({"other": 1}, {"env": {"BASE_URL": "http://127.0.0.1:1", "LOCAL_KEY": "k"}})
    assert "other" in str(told.body.json())


def test_what_was_checked_is_taken_back_as_an_argument(b: Any) -> None:
    found = b.parse.Ask('{"count": 3, "ways": [1]}')
    assert b.Same(found) == found
    assert b.Same({"count": 1, "ways": [], "by": {}}).count.checks["many"].status == "failed"
    assert b.Size(b.Whole5()) == 5


def test_a_plain_runtime_takes_it_too() -> None:
    program = bamlet.compile_sources({"main.baml": SOURCE})
    with bamlet.Runtime(program) as runtime:
        found = runtime.parse("Ask", '{"count": 3, "ways": [1]}')
        assert runtime.call("Same", found=found).count == 3
