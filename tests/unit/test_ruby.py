"""The client in Ruby as text. `make clients` runs it."""

from __future__ import annotations

import re

import pytest

import bamlet
from bamlet.clientgen import ruby_package
from tests.support.golden import Goldens
from tests.unit.test_openapi import SOURCE


def files(source: str) -> dict[str, str]:
    made = ruby_package(bamlet.compile_sources({"m.baml": source}).interface).files
    return {name: text.partition("\n\n")[2] for name, text in made.items()}


@pytest.mark.parametrize("name", ["client.rb", "stream_types.rb", "types.rb"])
def test_the_client_of_a_program(name: str, golden: Goldens) -> None:
    """People commit these files, and read them."""
    golden(f"clientgen/ruby/{name}", files(SOURCE)[name])


def test_the_first_line_tells_the_interface() -> None:
    def first(source: str) -> str:
        made = ruby_package(bamlet.compile_sources({"m.baml": source}).interface).files
        assert len({text.partition("\n")[0] for text in made.values()}) == 1
        return made["client.rb"].partition("\n")[0]

    one = first("function One() -> int { 1 }")
    assert re.fullmatch(r"# Made by bamlet \S+ \(protocol 1, interface [0-9a-f]{12}\) from \.baml files: .*", one)
    assert one == first("function One() -> int { 2 }\ntest T { functions [One] args {} }")
    assert one != first("function One() -> float { 1 }")


def test_words_of_the_language_get_an_underscore_and_keep_their_names_on_the_wire() -> None:
    made = files(
        """
class object { class string }
class Object { Big int big int }
function stream(new: int) -> object { object { class: "x" } }
"""
    )
    assert 'class Object < ::Baml::Value\n      FIELDS = {\n        "class" => [:class_]' in made["types.rb"]
    assert "class Object_ <" in made["types.rb"]
    assert '"Big" => [:big],\n        "big" => [:big_]' in made["types.rb"]
    assert "def stream_(*positional, baml_options: {}, **named)" in made["client.rb"]
    assert '"stream" => Function.new("stream", [["new", true]]' in made["client.rb"]


def test_a_text_of_the_program_is_no_code() -> None:
    made = files('class A { t "#{exit}" | "a\\\\" }\nfunction F(a: A) -> A { a }')
    assert '# @return ["\\#{exit}", "a\\\\"]' in made["types.rb"]


def test_a_recursive_alias_names_the_classes_in_it() -> None:
    made = files("class A { x int }\ntype Deep = A | Deep[] | int\nfunction F() -> Deep { 1 }")
    assert '"F" => Function.new("F", [], [:either, { "A" => "Types::A" }], [:either' in made["client.rb"]


def test_a_program_without_types_is_still_of_modules() -> None:
    made = files("function One() -> int { 1 }")
    assert made["types.rb"] == "module Baml\n  module Types\n  end\nend\n"
