"""The embedding API: names, arguments, values and errors at the border, contexts, and the parts of a call.

All of this is what Python sees of a program, so it is Python.
"""

from __future__ import annotations

import gc
from dataclasses import dataclass
from enum import Enum
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import bamlet
from bamlet import embed
from bamlet.embed.arguments import bind_arguments
from bamlet.embed.opening import check_library
from tests.support.local_program import KEY, program, scripted
from tests.support.notes_program import call, notes, python, run

# --- names


@pytest.mark.parametrize("module", [bamlet, embed])
def test_every_public_name_can_be_imported_and_no_other(module: Any) -> None:
    modules = [name for name in module.__all__ if isinstance(getattr(module, name), ModuleType)]
    assert modules == []
    for name in module.__all__:
        assert getattr(module, name) is not None
    with pytest.raises(AttributeError, match="has no attribute 'Anything'"):
        module.Anything  # noqa: B018
    beside = {"__version__", "Runtime", "Stream", "amap", "map", "map_file", "MapReport", "MappedRow"}
    assert set(bamlet.__all__) - beside <= set(embed.__all__)


def test_the_names_of_the_design_are_public() -> None:
    design = """load compile_sources Runtime AsyncRuntime CallContext AbortController HTTPRequest to_plain
    CompileError BamlError BamlInvalidArgumentError BamlClientError BamlClientHttpError BamlClientFinishReasonError
    BamlValidationError BamlTimeoutError BamlAbortError UnhandledThrow"""
    assert set(design.split()) <= set(bamlet.__all__)


HEAVY = ("asyncio", "httpx", "jinja2", "lark", "concurrent.futures", "bamlet.embed.runtime", "bamlet.providers")


def test_importing_bamlet_imports_nothing_heavy_and_starts_no_thread() -> None:
    code = f"""
import sys, threading, bamlet
print([name for name in {HEAVY} if name in sys.modules], threading.active_count())
"""
    assert python(code) == "[] 1"


def test_a_program_without_models_brings_no_model_rooms() -> None:
    code = """
import sys, threading, bamlet
program = bamlet.compile_sources({"a.baml": "function F(x: int) -> int { x + 1 }"})
runtime = bamlet.Runtime(program)
value = runtime.call("F", x=1)
rooms = ("httpx", "jinja2", "bamlet.providers", "bamlet.prompt", "bamlet.sap", "bamlet.jinja")
print(value, [name for name in rooms if name in sys.modules], threading.active_count())
"""
    assert python(code) == "2 [] 1"


def test_the_stubs_of_the_library_and_the_operations_agree() -> None:
    check_library.__wrapped__()


# --- programs


def test_load_reads_a_file_or_a_folder(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    (tmp_path / "a.baml").write_text("function A() -> int { B() }", "utf-8")
    (tmp_path / "deep" / "b.baml").write_text("function B() -> int { 2 }", "utf-8")
    with bamlet.Runtime(bamlet.load(tmp_path)) as rt:
        assert rt.call("A") == 2
    with bamlet.Runtime(bamlet.load(tmp_path / "deep" / "b.baml")) as rt:
        assert rt.call("B") == 2
    with pytest.raises(FileNotFoundError, match="no such file"):
        bamlet.load(tmp_path / "nowhere")


def test_a_program_that_does_not_compile_raises_with_all_that_is_wrong() -> None:
    with pytest.raises(bamlet.CompileError) as raised:
        bamlet.compile_sources({"a.baml": "function F() -> int { nobody }\nfunction G() -> int { nowhere }"})
    assert len(raised.value.diagnostics) == 2
    assert "a.baml:1" in str(raised.value)


def test_two_programs_with_the_same_file_names_do_not_mix() -> None:
    one = bamlet.compile_sources({"main.baml": "class C {\n  x int\n}\nfunction F() -> C { C { x: 1 } }"})
    two = bamlet.compile_sources({"main.baml": 'class C {\n  y string\n}\nfunction F() -> C { C { y: "2" } }'})
    with bamlet.Runtime(one) as first, bamlet.Runtime(two) as second:
        assert (bamlet.to_plain(first.call("F")), bamlet.to_plain(second.call("F"))) == ({"x": 1}, {"y": "2"})
        assert first.call("F") == first.call("F")


# --- arguments

NOTE = {"title": "t", "mood": "HAPPY", "tags": [{"label": "a", "weight": 1}], "extra": {"k": 1}}


class PyMood(Enum):
    HAPPY = "HAPPY"


@dataclass
class PyNote:
    title: str
    mood: PyMood
    tags: list[dict[str, Any]]
    extra: dict[str, int]


@pytest.mark.parametrize(
    "note", [NOTE, PyNote("t", PyMood.HAPPY, [{"label": "a", "weight": 1.0}], {"k": 1})], ids=["dict", "dataclass"]
)
def test_arguments_are_keywords_or_one_mapping(note: Any) -> None:
    by_name, by_mapping = call("Echo", note=note), call("Echo", {"note": note})
    assert by_name == by_mapping
    assert bamlet.to_plain(by_name) == {**NOTE, "tags": [{"label": "a", "weight": 1.0}]}
    assert call("Echo", note=by_name) == by_name


def test_any_parameter_name_works_in_the_mapping() -> None:
    assert call("Twice", {"function": 1, "context": 2}) == 3


@pytest.mark.parametrize(
    ("function", "arguments", "message"),
    [
        ("Ekho", {}, "there is no function `Ekho`; did you mean `Echo`?"),
        ("baml.http.fetch_sse", {}, "there is no function `baml.http.fetch_sse`"),
        ("Half", {}, "Half: the argument `number` of type `float` is missing"),
        ("Half", {"number": "x"}, "`number` should be `float`, not 'x' (str)"),
        ("Half", {"number": True}, "`number` should be `float`, not True (bool)"),
        ("Half", {"number": 1, "numbr": 2}, "there is no parameter `numbr`; did you mean `number`?"),
        (
            "First",
            {"items": [1, "2", None]},
            "`items[1]` should be `int`, not '2' (str); `items[2]` should be `int`, not null",
        ),
        ("Same", {"value": 1.5}, "`value` should be `int | string | null`, not 1.5 (float)"),
        ("Free", {"value": object}, "which the language has no type for"),
        (
            "Echo",
            {"note": {"titel": "t", "mood": "MAD", "tags": [{}], "extra": {"k": "v"}}},
            "Echo: `note`: class `Note` has no field `titel`; did you mean `title`?; "
            "`note`: class `Note` needs the field `title`; "
            "`note.mood` should be one of HAPPY, SAD (enum `Mood`), not 'MAD' (str); "
            "`note.tags[0]`: class `Tag` needs the field `label`; "
            "`note.extra['k']` should be `int`, not 'v' (str)",
        ),
    ],
)
def test_wrong_arguments_are_named_all_at_once(function: str, arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(bamlet.BamlInvalidArgumentError) as raised:
        call(function, arguments)
    assert message in str(raised.value)


def test_arguments_are_looked_at_before_a_stream_starts() -> None:
    with pytest.raises(bamlet.BamlInvalidArgumentError):
        bamlet.AsyncRuntime(notes()).stream("Half", number="x")


def test_an_int_may_be_given_for_a_float_and_optional_arguments_left_out() -> None:
    half = call("Half", number=3)
    assert (half, type(half)) == (1.5, float)
    assert call("Same") is None


def test_what_the_caller_gave_is_not_changed() -> None:
    given = {"a": [1]}
    found = call("Free", value=given)
    found["a"].append(2)
    assert given == {"a": [1]}


def test_binding_is_by_declaration_only() -> None:
    with pytest.raises(bamlet.BamlInvalidArgumentError, match="should be a `Note`, not 1"):
        bind_arguments(notes().interface.functions["Echo"], {"note": 1}, notes().space)


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (float("nan"), "`x` should be `json`, not nan (float)"),
        ({"a": [1, float("-inf")]}, "`x['a'][1]` should be `json`, not -inf (float)"),
        ([b"1"], "`x[0]` should be `json`, not b'1' (bytes)"),
        ({1: 2}, "`x (a key)` should be `string`, not 1 (int)"),
    ],
)
def test_what_is_no_json_is_told_where_it_stands(value: Any, message: str) -> None:
    json = _takes_json()
    with pytest.raises(bamlet.BamlInvalidArgumentError) as raised:
        bind_arguments(json.interface.functions["F"], {"x": value}, json.space)
    assert message in str(raised.value)
    fits = {"a": [1, 2.5, None, True, ("x",)]}
    assert bind_arguments(json.interface.functions["F"], {"x": fits}, json.space) == [
        {"a": [1, 2.5, None, True, ["x"]]}
    ]


@cache
def _takes_json() -> bamlet.Program:
    return bamlet.compile_sources({"json.baml": "// bamlet: edition 2\nfunction F(x: json) -> json { x }"})


# --- values


def test_values_have_attributes_and_equality_by_content() -> None:
    note = call("Echo", note=NOTE)
    assert (note.title, note.tags[0].label, note.extra["k"]) == ("t", "a", 1)
    assert note == call("Echo", note=NOTE)
    assert note != call("Echo", note={**NOTE, "title": "u"})
    assert note != NOTE
    with pytest.raises(AttributeError):
        note.nothing  # noqa: B018


def test_enum_values_compare_with_their_names() -> None:
    mood = call("Echo", note=NOTE).mood
    assert mood == "HAPPY"
    assert mood != "SAD"
    assert (str(mood), mood.value, repr(mood)) == ("HAPPY", "HAPPY", "Mood.HAPPY")
    assert {"HAPPY": 1}[mood] == 1
    assert call("Named", items=[], mood=mood) == "HAPPY"


def test_to_plain_keeps_the_declared_order_and_shows_partials_with_nulls() -> None:
    shuffled = dict(reversed(NOTE.items()))
    assert list(bamlet.to_plain(call("Echo", note=shuffled))) == ["title", "mood", "tags", "extra"]
    rt = bamlet.AsyncRuntime(program(), environ={})
    assert bamlet.to_plain(rt.parse_partial("Make", '{"name": "half')) == {"name": "half", "count": None}


# --- the parts of a call


def test_a_request_is_built_and_not_sent_and_its_text_shows_no_key() -> None:
    rt, transport = scripted({})

    async def body() -> None:
        whole = await rt.request("Say", text="hello")
        stream = await rt.stream_request("Say", {"text": "hello"})
        assert (whole.method, whole.url) == ("POST", "http://scripted/chat/completions")
        assert whole.headers["authorization"] == f"Bearer {KEY}"
        assert whole.body.json()["messages"][0]["content"] == "hello"
        assert "stream" not in whole.body.json()
        assert stream.body.json()["stream"] is True
        assert stream.body.text().encode() == stream.body.raw()
        assert KEY not in repr(whole) + str(whole) + f"{stream}"

    run(body())
    assert transport.sent == []


def test_a_key_in_the_url_is_not_shown() -> None:
    request = embed.HTTPRequest("POST", "https://u:secret1@h/x?key=secret2&a=b", {}, embed.HTTPBody(b"{}"))
    assert repr(request) == "HTTPRequest(POST https://<redacted>@h/x?key=<redacted>&a=b, HTTPBody(2 bytes))"


def test_parse_takes_what_a_model_would_say() -> None:
    rt = bamlet.AsyncRuntime(program(), environ={})
    assert bamlet.to_plain(rt.parse("Make", 'Sure: {"name": "x", "count": 2}')) == {"name": "x", "count": 2}
    assert rt.parse_partial("List", "") == []
    with pytest.raises(bamlet.BamlValidationError) as raised:
        rt.parse("Make", "nothing")
    assert raised.value.raw_output == "nothing"


@pytest.mark.parametrize("works", [True, False])
@pytest.mark.parametrize("text", ["function F() -> int { 1 }", "function F() -> int {"])
def test_compiling_leaves_the_collector_as_it_was(works: bool, text: str) -> None:
    worked = gc.isenabled()
    (gc.enable if works else gc.disable)()
    try:
        embed.compiling.check_sources({"a.baml": text})
        assert gc.isenabled() == works
    finally:
        (gc.enable if worked else gc.disable)()
