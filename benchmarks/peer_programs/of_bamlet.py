"""The works of `benchmarks.comparison` as a user of bamlet writes them."""

from __future__ import annotations

import bamlet
from benchmarks.peer_programs.works import SOURCE, run


def main(url: str):
    program = bamlet.compile_sources({"main.baml": SOURCE.replace("URL", url)})
    runtime = bamlet.Runtime(program)

    def stream(size: int) -> int:
        shown = 0
        for partial in runtime.stream(f"Basket{size}", partials="every"):
            shown += 1
            len(partial.items)
        return shown

    return {
        "call": lambda: runtime.call("One").name,
        "stream": stream,
        "wrong": lambda: runtime.call("Wrong"),
        "loop": lambda: runtime.call("Loop", n=1_000_000),
    }


run(main)
