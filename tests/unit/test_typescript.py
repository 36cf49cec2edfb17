"""The client in TypeScript as text. `make clients` compiles it and runs it in node."""

from __future__ import annotations

import pytest

import bamlet
from bamlet.clientgen import typescript_package
from tests.support.golden import Goldens
from tests.unit.test_openapi import SOURCE


def files(source: str) -> dict[str, str]:
    made = typescript_package(bamlet.compile_sources({"m.baml": source}).interface, "cjs", react=True).files
    return {name: text.partition("\n")[2] for name, text in made.items()}


@pytest.mark.parametrize("name", ["client.ts", "partial_types.ts", "react.ts", "types.ts"])
def test_the_client_of_a_program(name: str, golden: Goldens) -> None:
    """People commit these files, and read them."""
    golden(f"clientgen/typescript/{name}", files(SOURCE)[name])


def test_words_of_the_language_get_an_underscore_and_keep_their_names_on_the_wire() -> None:
    made = files(
        """
class object { class string }
function stream(new: int, delete: object?) -> object { object { class: "x" } }
"""
    )
    assert "export interface object_ {\n  class: string;\n}" in made["types.ts"]
    head = "stream_(new_: number, delete_?: types.object_ | null, $options?: $runtime.CallOptions)"
    assert head in made["client.ts"]
    assert '"stream", { new: new_, delete: delete_ }, $options' in made["client.ts"]


def test_the_end_of_a_comment_in_a_comment_ends_none() -> None:
    assert "/** a *\\/ b */" in files("/// a */ b\nclass A { x int }\n")["types.ts"]


def test_a_program_without_types_is_still_of_modules() -> None:
    made = files("function One() -> int { 1 }")
    assert made["types.ts"] == made["partial_types.ts"] == "export {};\n"


def test_hooks_have_a_capital_and_two_functions_no_common_one() -> None:
    made = files("function one() -> int { 1 }\nfunction One() -> int { 1 }")["react.ts"]
    assert "export function useOne<" in made
    assert "export function useOne_<" in made
    assert "client.stream.one(...given)" in made
    assert "client.stream.One(...given)" in made
