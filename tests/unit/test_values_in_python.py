"""Values of a program in the hands of Python's own tools: JSON, pydantic, FastAPI, notebooks, rich.

The language has no such tools, so it cannot see any of this.
"""

from __future__ import annotations

import copy
import json
import pickle
from functools import cache
from typing import Any

import fastapi
import pydantic
import pytest
import rich.console
from fastapi.testclient import TestClient

import bamlet

SOURCE = """
enum Lane { AIR SEA }
class Line { name string  count int @check(some, {{ this > 0 }}) }
class Load { lane Lane  lines Line[]  note string? }
class Clash { to_dict int  to_json string }
function Make() -> Load { Load { lane: Lane.AIR, lines: [Line { name: "<b>", count: 2 }] } }
function MakeLane() -> Lane { Lane.SEA }
function MakeClash() -> Clash { Clash { to_dict: 1, to_json: "t" } }
function Read(text: string) -> Load { client "openai/gpt-4o" prompt #"{{ text }}"# }
"""
PLAIN = {"lane": "AIR", "lines": [{"name": "<b>", "count": 2}], "note": None}


@cache
def program() -> bamlet.Program:
    return bamlet.compile_sources({"loads.baml": SOURCE})


def call(name: str) -> Any:
    return bamlet.Runtime(program()).call(name)


def test_json_dumps_takes_values_through_to_plain() -> None:
    text = json.dumps({"load": call("Make"), "lane": call("MakeLane")}, default=bamlet.to_plain)
    assert json.loads(text) == {"load": PLAIN, "lane": "SEA"}


def test_what_is_no_value_has_no_plain_form() -> None:
    with pytest.raises(TypeError, match="a object is no value of a program"):
        json.dumps(object(), default=bamlet.to_plain)


def test_a_value_tells_itself_as_a_dict_and_as_json() -> None:
    load = call("Make")
    assert load.to_dict() == dict(load) == PLAIN
    assert list(load.to_dict()) == ["lane", "lines", "note"]
    assert json.loads(load.to_json()) == PLAIN
    assert load.to_json(indent=2).startswith('{\n  "lane": "AIR"')
    assert call("MakeLane").to_json() == '"SEA"'


def test_a_field_wins_over_a_method_of_its_name() -> None:
    clash = call("MakeClash")
    assert (clash.to_dict, clash.to_json) == (1, "t")
    assert bamlet.to_plain(clash) == {"to_dict": 1, "to_json": "t"}
    assert dict(clash) == {"to_dict": 1, "to_json": "t"}


def test_checks_and_states_are_values_like_others() -> None:
    read = bamlet.Runtime(program()).parse("Read", '{"lane": "SEA", "lines": [{"name": "n", "count": 3}]}')
    count = read.lines[0].count
    assert type(count).__name__ == "Checked"
    assert count.to_dict()["checks"]["some"]["status"] == "succeeded"
    assert pydantic.TypeAdapter(Any).dump_python(count) == bamlet.to_plain(count)


def test_pydantic_writes_and_takes_values() -> None:
    load, lane = call("Make"), call("MakeLane")
    anything = pydantic.TypeAdapter(Any)
    assert anything.dump_python([load, lane]) == [PLAIN, "SEA"]
    assert json.loads(anything.dump_json(load)) == PLAIN
    typed = pydantic.TypeAdapter(type(load))
    assert typed.validate_python(load) is load
    assert typed.dump_python(load) == PLAIN
    assert typed.json_schema()["title"] == "Load"
    with pytest.raises(pydantic.ValidationError, match="should be a Load, not int"):
        typed.validate_python(3)


def test_a_model_of_pydantic_holds_values() -> None:
    load = call("Make")

    class Page(pydantic.BaseModel):
        load: Any
        photo: bamlet.Image

    page = Page.model_validate({"load": load, "photo": {"base64": "aGk=", "media_type": "image/png"}})
    assert page.load is load
    assert page.photo == bamlet.Image.from_base64("image/png", "aGk=")
    assert page.model_dump()["load"] == PLAIN
    assert json.loads(page.model_dump_json())["photo"] == {"base64": "aGk=", "media_type": "image/png"}
    assert Page.model_json_schema()["properties"]["photo"]["title"] == "Image"
    with pytest.raises(pydantic.ValidationError, match="either a url or base64"):
        Page.model_validate({"load": None, "photo": {"file": "x", "url": "y"}})


def test_fastapi_returns_values_as_they_are() -> None:
    app = fastapi.FastAPI()

    @app.get("/bare")
    def bare() -> Any:
        return call("Make")

    @app.get("/listed")
    def listed():  # type: ignore[no-untyped-def]
        return {"loads": [call("Make")]}

    client = TestClient(app)
    assert client.get("/bare").json() == PLAIN
    assert client.get("/listed").json() == {"loads": [PLAIN]}


def test_patterns_match_fields_in_their_order() -> None:
    match call("Make"):
        case object(lane=lane, lines=[first]):
            assert (lane, first.name) == ("AIR", "<b>")
        case other:
            pytest.fail(f"no match: {other}")
    assert type(call("Make")).__match_args__ == ("lane", "lines", "note")
    assert {"lane", "lines", "note", "to_dict", "to_json"} <= set(dir(call("Make")))


def test_a_notebook_gets_a_table_in_which_nothing_is_markup() -> None:
    html = call("Make")._repr_html_()
    assert html.startswith("<table><caption>Load</caption>")
    assert "&lt;b&gt;" in html
    assert "<b>" not in html


def test_rich_prints_a_value_with_its_fields() -> None:
    console = rich.console.Console(width=80, force_terminal=False)
    with console.capture() as caught:
        console.print(call("Make"))
    assert "Load(" in caught.get()
    assert "name='<b>'" in caught.get()


@pytest.mark.parametrize("again", [lambda v: pickle.loads(pickle.dumps(v)), copy.deepcopy, copy.copy])
def test_a_value_is_sent_and_copied(again: Any) -> None:
    assert again(call("Make")) == call("Make")
    assert pydantic.TypeAdapter(type(call("Make"))).validate_python(again(call("Make"))) == call("Make")


def test_the_text_of_an_object_is_short() -> None:
    assert repr(program()) == "<Program: 4 functions, 3 classes, 0 clients>"
    photo = bamlet.Image.from_base64("image/png", "aGlp" * 10_000)
    assert repr(photo) == "Image(image: 40000 characters of base64, image/png)"
    assert len(repr(bamlet.Image.from_url("data:image/png;base64," + "aGk=" * 10_000))) < 120
