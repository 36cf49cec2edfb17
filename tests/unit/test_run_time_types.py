"""`bamlet.TypeBuilder`: types that a host makes while the program runs."""

from __future__ import annotations

from functools import cache
from typing import Any

import pytest

import bamlet

SOURCE = """
class Resume { name string @@dynamic }
class Fixed { label string }
enum Hobby { CHESS, GO @@dynamic }
enum Lane { AIR SEA }
type Word = string
client<llm> C { provider openai-generic, options { model m, base_url "http://a", api_key k } }
function Read(text: string) -> Resume { client C, prompt #"{{ text }} {{ ctx.output_format }}"# }
function Pick(text: string) -> Hobby { client C, prompt #"{{ text }} {{ ctx.output_format }}"# }
function Show(resume: Resume) -> string { client C, prompt #"{{ resume }}"# }
function Place(lane: Lane) -> Fixed { client C, prompt #"{{ lane }} {{ ctx.output_format }}"# }
"""


@cache
def program() -> bamlet.Program:
    return bamlet.compile_sources({"types.baml": SOURCE})


def prompt(builder: bamlet.TypeBuilder | None, function: str = "Read", **arguments: Any) -> str:
    given = arguments or {"text": "x"}
    with bamlet.Runtime(program()) as runtime:
        request = runtime.request(function, given, context=bamlet.CallContext(type_builder=builder))
    text: str = request.body.json()["messages"][0]["content"]
    return text


def read(builder: bamlet.TypeBuilder, answer: str, function: str = "Read") -> Any:
    runtime = bamlet.Runtime(program())
    return runtime.parse(function, answer, context=bamlet.CallContext(type_builder=builder))


def test_properties_of_every_type_come_behind_the_declared_ones() -> None:
    tb = bamlet.TypeBuilder(program())
    extra = tb.add_class("Extra")
    extra.add_property("key", tb.int())
    level = tb.add_enum("Level")
    level.add_value("HIGH").alias("high").description("a lot")
    level.add_value("LOW").skip()
    types = {
        "age": tb.int(),
        "pay": tb.float().optional(),
        "done": tb.bool(),
        "tags": tb.string().list(),
        "more": tb.map(tb.string(), tb.list(extra.type())),
        "level": level.type(),
        "kind": tb.union([tb.literal_string("a"), tb.literal_int(1), tb.literal_bool(True), tb.null()]),
    }
    for name, field_type in types.items():
        tb.Resume.add_property(name, field_type)
    shown = prompt(tb)
    assert [shown.index(f"  {name}:") for name in ("name", *types)] == sorted(
        shown.index(f"  {name}:") for name in ("name", *types)
    )
    assert "LOW" not in shown
    answer = '{"name":"n","age":3,"done":true,"tags":["t"],"more":{"k":[{"key":1}]},"level":"high","kind":"a"}'
    assert bamlet.to_plain(read(tb, answer)) == {
        "name": "n",
        "age": 3,
        "pay": None,
        "done": True,
        "tags": ["t"],
        "more": {"k": [{"key": 1}]},
        "level": "HIGH",
        "kind": "a",
    }


def test_f14_a_class_of_the_program_comes_back_as_that_class() -> None:
    tb = bamlet.TypeBuilder(program())
    tb.Resume.add_property("fixed", tb.Fixed.type())
    value = read(tb, '{"name": "n", "fixed": {"label": "l"}}')
    assert type(value.fixed).__name__ == "Fixed"
    assert value.fixed.label == "l"


def test_the_program_and_other_calls_stay_as_they_are() -> None:
    before = prompt(None)
    tb = bamlet.TypeBuilder(program())
    tb.Resume.add_property("age", tb.int())
    assert "age" in prompt(tb)
    assert prompt(None) == before
    assert not hasattr(bamlet.Runtime(program()).parse("Read", '{"name": "n"}'), "age")


def test_names_and_descriptions_of_properties_and_values() -> None:
    tb = bamlet.TypeBuilder(program())
    tb.Resume.add_property("age", tb.int()).alias("years").description("in full")
    tb.Resume.props.name.description("first and last")
    assert "years: int" in prompt(tb)
    assert {"// in full", "// first and last"} <= {line.strip() for line in prompt(tb).splitlines()}
    tb.Resume.props.age.alias(None)
    assert "  age: int" in prompt(tb)
    for name, value in tb.Hobby.list_values():
        value.alias(name.lower())
    tb.Hobby.add_value("DRAUGHTS").description("on 64 squares")
    tb.Hobby.values.GO.skip()
    assert "chess" in prompt(tb, "Pick")
    assert "go" not in prompt(tb, "Pick").split()
    assert read(tb, "DRAUGHTS", "Pick") == "DRAUGHTS"
    assert read(tb, "chess", "Pick") == "CHESS"


def test_one_builder_for_each_name_and_what_it_lists() -> None:
    tb = bamlet.TypeBuilder(program())
    added = tb.Resume.add_property("age", tb.int())
    assert tb.Resume is tb.Resume
    assert tb.Resume.props.age is added
    assert tb.Resume.list_properties() == [("age", added)]
    assert [name for name, _ in tb.Fixed.list_properties()] == ["label"]
    tb.Hobby.add_value("BRIDGE")
    assert [name for name, _ in tb.Hobby.list_values()] == ["CHESS", "GO", "BRIDGE"]
    assert {"age", "name"} == set(dir(tb.Resume.props))
    assert {"Resume", "Fixed", "Hobby", "Lane", "add_baml"} <= set(dir(tb))
    assert added.get_type() == tb.int()
    assert added.type(tb.string()).get_type() == tb.string()


def test_types_are_compared_hashed_and_shown() -> None:
    tb = bamlet.TypeBuilder(program())
    assert tb.list(tb.int()) == tb.int().list()
    assert len({tb.string(), tb.string(), tb.Resume.type()}) == 2
    assert repr(tb.map(tb.string(), tb.Resume.type().optional())) == "FieldType(map<string, Resume?>)"


@pytest.mark.parametrize(
    ("act", "told"),
    [
        (lambda tb: tb.Resume.add_property("name", tb.int()), "has a property `name` already"),
        (lambda tb: tb.Resume.add_property("new", tb.int()), "has a property `new` already"),
        (lambda tb: tb.Hobby.add_value("GO"), "has a value `GO` already"),
        (lambda tb: tb.add_class("Resume"), "a type called `Resume` already"),
        (lambda tb: tb.add_class("Word"), "a type called `Word` already"),
        (lambda tb: tb.add_enum("Fixed"), "a type called `Fixed` already"),
        (lambda tb: tb.Resume.remove_property("name"), "no property `name` was added"),
    ],
)
def test_a_name_that_is_taken_is_a_value_error(act: Any, told: str) -> None:
    tb = bamlet.TypeBuilder(program())
    tb.Resume.add_property("new", tb.int())
    with pytest.raises(ValueError, match=told):
        act(tb)


def test_what_is_not_dynamic_takes_nothing() -> None:
    tb = bamlet.TypeBuilder(program())
    for builder, name in ((tb.Fixed, "add_property"), (tb.Lane, "add_value")):
        assert not hasattr(builder, name)
    with pytest.raises(AttributeError, match="no class or enum `Resum`; did you mean `Resume`"):
        _ = tb.Resum
    with pytest.raises(AttributeError, match="no property `nam`; did you mean `name`"):
        _ = tb.Resume.props.nam


@pytest.mark.parametrize("given", [int, "string", None])
def test_what_is_no_type_is_refused(given: Any) -> None:
    tb = bamlet.TypeBuilder(program())
    with pytest.raises(bamlet.BamlInvalidArgumentError, match=r"such as `builder\.string\(\)`"):
        tb.Resume.add_property("x", given)


def test_a_type_of_another_builder_works_if_its_names_do() -> None:
    tb, other = bamlet.TypeBuilder(program()), bamlet.TypeBuilder(program())
    tb.Resume.add_property("lane", other.Lane.type())
    assert read(tb, '{"name": "n", "lane": "SEA"}').lane == "SEA"
    tb.Resume.add_property("extra", other.add_class("Extra").type())
    with pytest.raises(bamlet.BamlInvalidArgumentError, match=r"`Resume\.extra` is of type `Extra`"):
        read(tb, "{}")


def test_sources_add_types_and_extend_those_that_may_be() -> None:
    tb = bamlet.TypeBuilder(program())
    tb.add_class("Made").add_property("n", tb.int())
    tb.add_baml('class Sub { x int  made Made? }\ndynamic class Resume { sub Sub @description("inner") }')
    tb.add_baml("type Subs = Sub[]\ndynamic enum Hobby { BRIDGE }")
    tb.add_baml("dynamic class Resume { subs Subs }")
    tb.Resume.add_property("last", tb.Sub.type().optional())
    assert [name for name, _ in tb.Resume.list_properties()] == ["sub", "subs", "last"]
    assert "// inner" in prompt(tb)
    value = read(tb, '{"name": "n", "sub": {"x": 1, "made": {"n": 2}}, "subs": [{"x": 3}]}')
    assert bamlet.to_plain(value) == {
        "name": "n",
        "sub": {"x": 1, "made": {"n": 2}},
        "subs": [{"x": 3, "made": None}],
        "last": None,
    }
    assert read(tb, "BRIDGE", "Pick") == "BRIDGE"


@pytest.mark.parametrize(
    ("source", "told"),
    [
        ("class Q {\n  x Nope\n}", r"add_baml:2:5: no type is called `Nope`"),
        ("class {", r"add_baml:1:\d+: "),
        ("dynamic class Fixed { x int }", r"add_baml:1:15: `Fixed` cannot be extended"),
        ("class Fixed { x int }", r"add_baml:1:7: the program has a type called `Fixed` already"),
        ("class Q { x int } } }\nfunction F() -> int { 1 }\ntest T { type_builder {", "add_baml"),
    ],
)
def test_a_mistake_in_a_source_has_its_place_and_nothing_is_taken(source: str, told: str) -> None:
    tb = bamlet.TypeBuilder(program())
    tb.add_baml("class Before {\n  x int\n}")
    with pytest.raises(bamlet.BamlError, match=told):
        tb.add_baml(source)
    assert sorted(tb.schemas().classes) == ["Before"]


def test_resetting_and_the_tree_of_what_was_added() -> None:
    tb = bamlet.TypeBuilder(program())
    before = prompt(tb)
    tb.add_class("Extra").add_property("k", tb.int()).description("why")
    resume = tb.Resume
    resume.add_property("extra", tb.Extra.type())
    tb.add_enum("Level").add_value("HIGH")
    tb.add_baml("class Sub { x int }")
    assert str(tb).splitlines() == [
        "TypeBuilder(",
        "  class Sub { x int }",
        "  class Extra {",
        "    k int @description('why')",
        "  }",
        "  dynamic class Resume {",
        "    extra Extra",
        "  }",
        "  enum Level {",
        "    HIGH",
        "  }",
        ")",
    ]
    resume.reset()
    assert resume.list_properties() == []
    tb.reset()
    assert (str(tb), prompt(tb)) == ("TypeBuilder()", before)
    resume.add_property("later", tb.int())
    assert "later" in prompt(tb)


def test_an_argument_of_a_dynamic_class_is_shown_with_what_was_added() -> None:
    tb = bamlet.TypeBuilder(program())
    tb.Resume.add_property("age", tb.int())
    assert "age" in prompt(tb, "Show", resume={"name": "n", "age": 3})


def test_partial_answers_and_streams_know_the_types() -> None:
    tb = bamlet.TypeBuilder(program())
    tb.Resume.add_property("age", tb.int())
    context = bamlet.CallContext(type_builder=tb)
    assert bamlet.Runtime(program()).parse_partial("Read", '{"age": 3, "name": "n', context=context).age == 3


def test_the_program_may_come_later() -> None:
    asked: list[int] = []

    def given() -> bamlet.Program:
        asked.append(1)
        return program()

    tb = bamlet.TypeBuilder(given)
    tb.list(tb.string())
    assert asked == []
    tb.Resume.add_property("age", tb.int())
    assert "age" in prompt(tb)
    assert asked == [1]
