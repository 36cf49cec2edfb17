"""Functions that a program declares with `$host`: what a host gives for them, and as tools.

Callables of Python cannot be written in the language.
"""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path
from typing import Any

import pytest

import bamlet
from bamlet.cli.main import run
from bamlet.testing.script import call, calls, say, script

SOURCE = """
client<llm> C { provider openai, options { model "m", api_key "k" } }
class Order { id int, note string? }
/// Looks up orders.
/// customer: the number on the card
function find_orders(customer: int, open_only: bool?) -> Order[] throws baml.errors.HostCallable { $host }
function now() -> string { $host }
function Assist(q: string) -> string { client C, tools [find_orders], prompt #"{{ q }}"# }
function Ids(customer: int) -> int[] throws baml.errors.HostCallable {
  find_orders(customer, true).map((order) => order.id)
}
function Caught() -> string { now() catch (e) { host: baml.errors.HostCallable => host.message } }
"""
PROGRAM = bamlet.compile_sources({"main.baml": SOURCE})


def noon() -> str:
    return "noon"


def runtime(find_orders: Any, now: Any = noon, **options: Any) -> bamlet.Runtime:
    return bamlet.Runtime(PROGRAM, functions={"find_orders": find_orders, "now": now}, environ={}, **options)


def test_arguments_are_keywords_and_results_are_checked() -> None:
    seen: list[Any] = []

    def find_orders(open_only: bool, customer: int) -> list[dict[str, int]]:
        seen.append((customer, open_only, threading.current_thread() is threading.main_thread()))
        return [{"id": customer * 10}]

    assert runtime(find_orders).call("Ids", customer=7) == [70]
    assert seen == [(7, True, False)]


def test_a_coroutine_function_runs_in_the_loop_and_takes_what_it_likes() -> None:
    async def find_orders(customer: int) -> list[dict[str, int]]:
        await asyncio.sleep(0)
        return [{"id": customer}]

    async def run() -> Any:
        async with runtime(find_orders).asynchronous as face:
            return await face.call("Ids", customer=7)

    assert asyncio.run(run()) == [7]


def test_a_function_of_the_host_is_a_tool() -> None:
    def find_orders(customer: int) -> list[dict[str, int]]:
        if customer == 0:
            raise LookupError("no such customer")
        return [{"id": customer}]

    model = script(calls(call("find_orders", {"customer": 0}), call("find_orders", {"customer": 3})), say("ok"))
    assert runtime(find_orders, transport=model).call("Assist", q="?") == "ok"
    results = [one["content"] for one in model.requests[1].body["messages"] if one["role"] == "tool"]
    assert results == [
        "Error: `find_orders` of the host: LookupError: no such customer",
        '[{"id":3,"note":null}]',
    ]


def test_what_does_not_fit_is_thrown() -> None:
    broken = runtime(lambda **given: [], now=lambda: 12)
    assert broken.call("Caught").startswith("`now` of the host: BamlInvalidArgumentError: no string")


def test_a_host_may_deny_itself() -> None:
    with pytest.raises(bamlet.UnhandledThrow, match="may not reach `host`"):
        runtime(lambda **given: [], deny={"host"}).call("Caught")


def test_a_host_that_gives_none_at_all_is_missed_when_one_is_called() -> None:
    with pytest.raises(bamlet.UnhandledThrow, match="wants `now` of its host, which gives no functions"):
        bamlet.Runtime(PROGRAM).call("Caught")


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({}, "the program wants `find_orders`, `now` of its host"),
        ({"find_orders": noon}, "wants `now` of its host"),
        (
            {"find_orders": noon, "now": noon, "find_order": noon},
            "does not want `find_order`; did you mean `find_orders`",
        ),
        (
            {"find_orders": lambda custmer: [], "now": noon},
            "no such parameter `custmer` in `find_orders`; did you mean `customer`",
        ),
    ],
)
def test_all_that_is_wrong_is_said_before_anything_runs(given: Any, message: str) -> None:
    with pytest.raises(bamlet.BamlInvalidArgumentError, match=message):
        bamlet.AsyncRuntime(PROGRAM, functions=given)


def test_tests_of_a_program_have_the_functions_of_a_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "main.baml").write_text(
        "function rate(day: int) -> float throws baml.errors.HostCallable { $host }\n"
        "test Rates { functions [rate], args { day 2 } @@assert(high, {{ this > 2 }}) }\n"
    )
    functions = tmp_path / "host.py"
    functions.write_text("def rate(day):\n    return day + 0.5\n")
    monkeypatch.chdir(tmp_path)
    assert run(["test", "main.baml", "--functions", "host.py"]) == 0
    functions.write_text("def rates(day):\n    return 1.5\n")
    assert run(["test", "main.baml", "--functions", "host.py"]) == 2
    assert "--functions: the program wants `rate` of its host" in capsys.readouterr().err
