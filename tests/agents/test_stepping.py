"""A debugger of Python stops in the loop of agents, which is a file of the library."""

from __future__ import annotations

import bdb
from pathlib import Path
from types import FrameType
from typing import Any

import bamlet
from bamlet.testing.script import call, calls, say, script
from tests.agents.test_loop import program
from tests.support.scripted import LoopClock, run_virtual

CALLS = Path(bamlet.__file__).parent / "stdlib" / "agent" / "calls.baml"


class Stopping(bdb.Bdb):
    def __init__(self) -> None:
        super().__init__()
        self.seen: list[tuple[str, Any]] = []

    def user_line(self, frame: FrameType) -> None:
        if self.break_here(frame):
            self.seen.append((frame.f_code.co_name, frame.f_locals["call"].name))
        self.set_continue()


def test_a_debugger_stops_where_a_call_is_performed() -> None:
    lines = CALLS.read_text().splitlines()
    first = next(at for at, line in enumerate(lines, 1) if "call.error != null) { return failed" in line)
    debugger = Stopping()
    assert debugger.set_break(str(CALLS), first) is None

    async def run() -> Any:
        model = script(calls(call("wait", {"ms": 1}), call("find_orders", {"customer": 1})), say("ok"))
        async with bamlet.AsyncRuntime(program(), transport=model, clock=LoopClock(), environ={}) as runtime:
            return await runtime.call("Assist", q="?")

    try:
        assert debugger.runcall(run_virtual, run()) == "ok"
    finally:
        debugger.clear_all_breaks()
    assert [name for _, name in debugger.seen] == ["wait", "find_orders"]
    assert all("perform" in function for function, _ in debugger.seen)
