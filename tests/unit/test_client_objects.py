"""What a generated client makes by itself: objects without validation, and loops whose end closes connections."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace

import pytest
from pydantic import ConfigDict

import bamlet
from bamlet.client.loops import Loops
from bamlet.client.models import Model
from bamlet.client.objects import HELD, copier


class Item(Model):
    name: str
    quantity: int | None = None
    tags: list[str]


class Open(Model):
    model_config = ConfigDict(extra="allow")
    name: str


class Nothing(Model):
    pass


def test_an_object_is_as_pydantic_would_have_made_it() -> None:
    make = copier(Item, ("name", "quantity", "tags"), ("tags",), None)(list)
    value = SimpleNamespace(name="oat milk", quantity=2, tags=("cold", "white"))
    made = make(value)
    told = Item(name="oat milk", quantity=2, tags=["cold", "white"])
    assert made == told == Item.model_validate(made.model_dump())
    assert made.model_dump_json() == told.model_dump_json()
    assert (made.model_fields_set, made.model_extra) == (told.model_fields_set, told.model_extra)
    made.name = "rye bread"
    assert (make(value).name, made.model_copy().name) == ("oat milk", "rye bread")


def test_a_field_that_a_value_lacks_is_null_and_what_a_maker_raises_is_its_own() -> None:
    make = copier(Item, ("name", "quantity", "tags"), (), None)()
    assert make(SimpleNamespace(tags=[])).model_dump() == {"name": None, "quantity": None, "tags": []}
    failing = copier(Item, ("name",), ("name",), None)(lambda value: value.nowhere)
    with pytest.raises(AttributeError, match="nowhere"):
        failing(SimpleNamespace(name="oat milk"))


def test_no_value_is_no_object_and_what_a_field_holds_back_holds_back_its_object() -> None:
    make = copier(Item, ("name", "tags"), ("name", "tags"), None)(str, lambda value: value or HELD)
    assert make(None) is HELD
    assert make(SimpleNamespace(name="oat milk", tags=[])) is HELD
    assert make(SimpleNamespace(name="oat milk", tags=["cold"])).tags == ["cold"]


def test_an_open_class_has_what_there_is_more_and_a_class_may_have_nothing() -> None:
    make = copier(Open, ("name",), (), lambda value: {"price": value.price})()
    made = make(SimpleNamespace(name="oat milk", price=2))
    assert made == Open.model_validate({"name": "oat milk", "price": 2})
    assert made.model_fields_set == {"name", "price"}
    assert copier(Nothing, (), (), None)()(SimpleNamespace()) == Nothing()


class Counting(bamlet.AsyncRuntime):
    closed = 0

    async def aclose(self) -> None:
        self.closed += 1
        await super().aclose()


def test_each_loop_closes_connections_once_whichever_loop_was_used_last() -> None:
    runtime = Counting(bamlet.compile_sources({"main.baml": "function One() -> int { 1 }"}))
    loops = Loops(runtime)

    async def is_known() -> bool:
        known = loops.know_running()
        await loops.close_with_running()
        return known and loops.know_running()

    with asyncio.Runner() as first, asyncio.Runner() as second:
        known = [runner.run(is_known()) for runner in (first, first, second, second, first)]
        assert (known, runtime.closed) == ([False, True, False, True, False], 0)
    assert runtime.closed == 2
