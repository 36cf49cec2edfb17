"""The client in Go as text. `make clients` compiles and runs it."""

from __future__ import annotations

import pytest

import bamlet
from bamlet.clientgen import go_package
from tests.support.golden import Goldens
from tests.unit.test_openapi import SOURCE


def files(source: str) -> dict[str, str]:
    made = go_package(bamlet.compile_sources({"m.baml": source}).interface, "example.com/app").files
    return {name: text.partition("\n")[2] for name, text in made.items()}


@pytest.mark.parametrize("name", ["client.go", "stream_types/types.go", "types/types.go"])
def test_the_client_of_a_program(name: str, golden: Goldens) -> None:
    """People commit these files, and read them."""
    golden(f"clientgen/go/{name.replace('/', '-')}", files(SOURCE)[name])


def test_names_begin_with_a_capital_and_keep_their_own_on_the_wire() -> None:
    made = files(
        """
class object { type string }
class Object { Big int big int }
function stream(ctx: int, type: object?) -> object { object { type: "x" } }
"""
    )
    assert 'type Object struct {\n\tType string `json:"type"`\n}' in made["types/types.go"]
    assert (
        'type Object_ struct {\n\tBig int64 `json:"Big"`\n\tBig_ int64 `json:"big"`\n}' in made["types/types.go"]
    )
    head = (
        "func Stream_(ctx context.Context, ctx_ int64, type_ *types.Object, opts ...Option) (types.Object, error)"
    )
    assert head in made["client.go"]
    assert '"stream", []argument{{"ctx", ctx_}, {"type", orNone(type_)}}, opts' in made["client.go"]


def test_a_union_is_a_type_with_its_members_and_names_the_classes_by_which_they_are_told_apart() -> None:
    made = files("class A { x int }\nclass B { x int }\nfunction F(u: A | B | int[]) -> (A | string)? { null }")
    text = made["types/types.go"]
    assert "type AOrBOrListOfInt struct {\n\tA *A\n\tB *B\n\tListOfInt *[]int64\n}" in text
    assert 'Try(data, "A", &u.A) ||\n\t\tTry(data, "B", &u.B) ||\n\t\tTry(data, "", &u.ListOfInt) {' in text
    assert (
        "func F(ctx context.Context, u types.AOrBOrListOfInt, opts ...Option) (*types.AOrString, error)"
        in (made["client.go"])
    )


def test_a_program_without_types_imports_none() -> None:
    made = files("function One() -> int { 1 }")
    assert "example.com" not in made["client.go"]
    assert made["types/types.go"].endswith("package types\n\n")


def test_a_union_is_not_called_as_a_class_is() -> None:
    made = files("class A { x int }\nclass AOrInt { y int }\nfunction F(u: A | int) -> AOrInt { AOrInt { y: 1 } }")
    text = made["types/types.go"]
    assert "type AOrInt struct {\n\tY int64" in text
    assert "type AOrInt_ struct {\n\tA *A\n\tInt *int64\n}" in text
    assert (
        "func F(ctx context.Context, u types.AOrInt_, opts ...Option) (types.AOrInt, error)" in made["client.go"]
    )
