"""The client in Rust as text. `make clients` compiles and runs it."""

from __future__ import annotations

import pytest

import bamlet
from bamlet.clientgen import rust_package
from tests.support.golden import Goldens
from tests.unit.test_openapi import SOURCE


def files(source: str) -> dict[str, str]:
    made = rust_package(bamlet.compile_sources({"m.baml": source}).interface).files
    return {name: text.partition("\n")[2] for name, text in made.items()}


@pytest.mark.parametrize("name", ["stream_types.rs", "sync_client.rs", "types.rs"])
def test_the_client_of_a_program(name: str, golden: Goldens) -> None:
    """People commit these files, and read them."""
    golden(f"clientgen/rust/{name}", files(SOURCE)[name])


def test_words_of_the_language_get_an_underscore_and_keep_their_names_on_the_wire() -> None:
    made = files(
        """
class Option { type string }
function match(self: int, ref: Option?) -> Option { Option { type: "x" } }
"""
    )
    assert "pub struct Option_ {\n    pub type_: String,\n}" in made["types.rs"]
    assert 'type_: json.field("type")?' in made["types.rs"]
    head = "pub fn call(&self, self_: i64, ref_: Option<&super::types::Option_>)"
    assert head in made["sync_client.rs"]
    sent = 'self.options.call("match", vec![("self", self_.to_json()), ("ref", ref_.to_json())])'
    assert sent in made["sync_client.rs"]


def test_what_holds_itself_is_boxed_but_in_lists_and_maps() -> None:
    made = files("class A { b B? list A[] }\nclass B { a A? | int }\nfunction F() -> A { A { list: [] } }")[
        "types.rs"
    ]
    assert "pub b: Option<Box<B>>,\n    pub list: Vec<A>," in made
    assert "A(Box<A>),\n    Int(i64)," in made


def test_a_union_names_the_classes_by_which_its_members_are_told_apart() -> None:
    made = files("class A { x int }\nfunction F(u: A | int[]) -> (A | string)? { null }")
    assert (
        'if json.tag() == Some("A") {\n            return <A>::from_json(json).map(AOrListOfInt::A);'
        in (made["types.rs"])
    )
    assert "u: &super::types::AOrListOfInt" in made["sync_client.rs"]
    assert "Result<Option<super::types::AOrString>, super::runtime::BamlError>" in made["sync_client.rs"]


def test_a_control_character_is_written_as_rust_does() -> None:
    made = files('enum E { A @alias("x") }\nfunction F(t: "a\\u0007b") -> E { E.A }')
    assert "\\u00" not in "".join(made.values()).replace("\\\\u{:04x}", "")
