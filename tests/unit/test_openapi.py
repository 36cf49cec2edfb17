"""The OpenAPI document of a program, which clients in other languages are generated from. No program sees it."""

from __future__ import annotations

import json
from typing import Any

import jsonschema
import pytest
from openapi_spec_validator import validate

import bamlet
from bamlet.clientgen.openapi import Version, document, text
from bamlet.clientgen.openapi_events import FORM_PARAMETERS
from bamlet.server.wanted_form import PROTOCOLS, form_for
from tests.support.golden import Goldens

SOURCE = """
enum Kind { Tea  Coffee @alias("kaffee") }

/// What was bought.
class Item {
  name string @description("as printed")
  kind Kind?
  price float @assert(paid, {{ this > 0 }})
  notes string[] @stream.not_null
  more Item?
}

class Receipt {
  items Item[]
  total float? @check(whole, {{ this > 0 }})
  state string @stream.with_state
  by "card" | "cash" | int
  tags map<string, int>
}

function Read(scan: image, hint: string?) -> Receipt {
  client "openai/gpt-4o"
  prompt #"{{ scan }} {{ hint }} {{ ctx.output_format }}"#
}

function Double(n: int) -> int { n * 2 }
"""


def made(version: Version, **options: Any) -> dict[str, Any]:
    return document(bamlet.compile_sources({"m.baml": SOURCE}).interface, version=version, **options)


def test_the_document_of_a_program(golden: Goldens) -> None:
    """Its bytes are what generators of others are run on, and what people commit."""
    golden("server/openapi.json", text(made("3.1")))


@pytest.mark.parametrize("version", ["3.1", "3.2"])
def test_s13_a_validator_of_others_accepts_it(version: Version) -> None:
    validate(made(version, has_token=True))


def test_of_a_stream_3_2_says_what_an_item_is() -> None:
    old, new = (made(version)["paths"]["/stream/Read"]["post"]["responses"]["200"] for version in ("3.1", "3.2"))
    content = "content", "text/event-stream"
    assert old[content[0]][content[1]]["schema"] == new[content[0]][content[1]]["itemSchema"]


def test_the_same_program_gives_the_same_bytes() -> None:
    assert text(made("3.2")) == text(made("3.2"))


@pytest.mark.parametrize("name", ["Receipt", "partial.Receipt"])
def test_values_of_the_program_are_values_of_the_document(name: str) -> None:
    runtime = bamlet.Runtime(bamlet.compile_sources({"m.baml": SOURCE}))
    answer = {
        "items": [{"name": "a", "kind": "kaffee", "price": 1, "notes": [], "more": None}],
        "total": 2,
        "state": "done",
        "by": "card",
        "tags": {"x": 1},
    }
    with runtime:
        if name == "Receipt":
            value = runtime.parse("Read", json.dumps(answer))
        else:
            value = runtime.parse_partial("Read", json.dumps(answer)[:70])
    schema = {"$ref": f"#/components/schemas/{name}", "components": made("3.1")["components"]}
    jsonschema.validate(bamlet.to_plain(value), schema)


def test_only_what_is_served_is_in_it() -> None:
    runs = {"/runs/{run}", "/runs/{run}/events"}
    assert set(made("3.1", functions=["Double"])["paths"]) == {"/call/Double", "/stream/Double", *runs}


def test_the_forms_of_a_stream_are_those_that_the_server_has() -> None:
    form = {param["name"]: param["schema"] for param in FORM_PARAMETERS}
    assert form["as"]["enum"] == list(PROTOCOLS)
    for patch in form["patch"]["enum"]:
        form_for("", None, patch)
