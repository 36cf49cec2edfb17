"""`@assert` on what a function takes: seen before anything is sent, whoever calls."""

from __future__ import annotations

from typing import Any

import pytest

import bamlet
from bamlet.wire.message import Request, Response

SOURCE = """
client<llm> Model { provider "openai", options { model "m", api_key "k" } }
class Order {
  amount int @assert(positive, {{ this > 0 }})
  lines Line[]
  @@assert(enough, {{ this.amount >= this.lines|length }})
}
class Line { text string @assert({{ this|length < 5 }}), next Line? }
type Lines = Line | Lines[]
function Pay(order: Order, times: int @assert(few, {{ this < 3 }})) -> string {
  client Model
  prompt #"{{ order }}"#
}
function Note(lines: Lines | int | null) -> string { client Model, prompt #"{{ lines }}"# }
function count(order: Order) -> int { order.lines.length() }
function pays(times: int) -> string { Pay(Order { amount: 1, lines: [] }, times) }
function pays_badly() -> string {
  Pay(Order { amount: -1, lines: [] }, 1) catch (error) { wrong: baml.errors.InvalidArgument => wrong.message }
}
class Wallet {
  sum int @assert(solvent, {{ this >= 0 }})
  function spend(self, by: int @assert(some, {{ this > 0 }})) -> int { self.sum - by }
}
function halved(order: Order, by: int @assert(nonzero, {{ this != 0 }})) -> int { order.amount / by }
function spends(by: int) -> int { let wallet = Wallet { sum: -5 }; wallet.spend(by) }
function halves(amount: int, by: int) -> string {
  let take = halved;
  let half = take(Order { amount: amount, lines: [] }, by) catch (error) {
    wrong: baml.errors.InvalidArgument => { return wrong.message; }
  };
  baml.unstable.string(half)
}
"""


class Closed:
    """A transport that nothing may reach."""

    async def open(self, request: Request, *, connect_timeout: float | None) -> Response:
        raise AssertionError(f"sent to {request.url}")

    async def aclose(self) -> None:
        pass


@pytest.fixture(scope="module")
def runtime() -> bamlet.Runtime:
    return bamlet.Runtime(bamlet.compile_sources({"orders.baml": SOURCE}), transport=Closed())


LINE = {"text": "abc", "next": None}
LONG = {"text": "abcdef", "next": None}
ORDER = {"amount": 1, "lines": [LINE]}


@pytest.mark.parametrize(
    ("function", "arguments", "message"),
    [
        ("Pay", {"order": ORDER, "times": 3}, "Pay: `times`: the assertion `few` does not hold"),
        ("Pay", {"order": {**ORDER, "amount": 0}, "times": 1}, "`order`: the assertion `enough` does not hold"),
        ("Pay", {"order": {"amount": -1, "lines": []}, "times": 1}, "`order`: the assertion `enough`"),
        (
            "Pay",
            {"order": {"amount": 2, "lines": [LINE, LONG]}, "times": 1},
            "`order.lines[1].text`: the assertion",
        ),
        (
            "Note",
            {"lines": [[LINE], {"text": "a", "next": LONG}]},
            "`lines[1].next.text`: the assertion `this|length",
        ),
        ("count", {"order": {"amount": 0, "lines": []}}, "count: `order.amount`: the assertion `positive`"),
        ("pays", {"times": 5}, "Pay: `times`: the assertion `few` does not hold"),
    ],
)
def test_an_assertion_on_an_argument_is_checked_before_anything_is_sent(
    runtime: bamlet.Runtime, function: str, arguments: dict[str, Any], message: str
) -> None:
    with pytest.raises(bamlet.BamlInvalidArgumentError) as caught:
        runtime.call(function, arguments)
    assert message in str(caught.value)


def test_a_program_sees_a_broken_assertion_of_a_function_that_it_calls(runtime: bamlet.Runtime) -> None:
    assert runtime.call("pays_badly") == "Pay: `order`: the assertion `enough` does not hold"


@pytest.mark.parametrize(
    ("function", "arguments", "value"),
    [
        ("halves", {"amount": 6, "by": 2}, "3"),
        ("halves", {"amount": 6, "by": 0}, "halved: `by`: the assertion `nonzero` does not hold"),
        ("halves", {"amount": -6, "by": 2}, "halved: `order`: the assertion `enough` does not hold"),
        ("spends", {"by": 2}, -7),
    ],
)
def test_a_call_of_the_program_checks_what_a_function_asserts_of_its_parameters(
    runtime: bamlet.Runtime, function: str, arguments: dict[str, Any], value: object
) -> None:
    assert runtime.call(function, arguments) == value


def test_a_broken_assertion_that_a_program_does_not_catch_reaches_the_host(runtime: bamlet.Runtime) -> None:
    with pytest.raises(
        bamlet.BamlInvalidArgumentError, match=r"Wallet.spend: `by`: the assertion `some` does not"
    ):
        runtime.call("spends", by=0)


def test_arguments_that_fulfil_what_is_asserted_of_them_are_taken(runtime: bamlet.Runtime) -> None:
    assert runtime.call("count", {"order": ORDER}) == 1
    assert runtime.request("Pay", {"order": ORDER, "times": 2}).body.json()
    for lines in ([[LINE], [[LINE]]], 7, None):
        assert runtime.request("Note", {"lines": lines}).body.json()
