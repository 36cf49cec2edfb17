"""Three ways to take a streamed answer: whole, as far as it has come, and in a shape that never jumps.

    python examples/receipt/three_ways.py

It plays the recording beside it: no key, no network.
"""

from __future__ import annotations

from pathlib import Path

import bamlet
from bamlet.embed.cassettes import ReplayEnvironment, replay_transport

HERE = Path(__file__).parent
program = bamlet.load(HERE)
(test,) = program.tests


def stream(**options: str) -> bamlet.Stream:
    transport = replay_transport(HERE / "receipt.cassette.jsonl", 0)
    runtime = bamlet.Runtime(program, transport=transport, environ=ReplayEnvironment())
    return runtime.stream(test.function, dict(test.arguments), **options)


def whole() -> None:
    """For a script: nothing is shown before all of it is there."""
    receipt = stream().final()
    print("whole:", len(receipt.items), "items,", receipt.total_cost)


def partial() -> None:
    """For a log, or for work on finished items: what is there grows."""
    for item in stream().items("items"):
        print("item:", item.name, item.price)


def skeleton() -> None:
    """For a screen: every field is there from the start, and `state` says when to enable the button."""
    states = {}
    for shown in stream(view="skeleton", partials="every"):
        states.setdefault(shown.state, shown.value)
    for state, value in states.items():
        print(f"{state}:", "no total yet" if value.total_cost is None else value.total_cost)


if __name__ == "__main__":
    whole()
    partial()
    skeleton()
