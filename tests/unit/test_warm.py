"""What a first call loads, it loads off the event loop. Each try is a process of its own: modules are loaded once.

The language sees neither loops nor modules.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.servers.loopback import Answer, LoopbackServer

pytestmark = pytest.mark.timeout(60)

ROOT = Path(__file__).parents[2]
FINE = Answer(
    [b'{"choices":[{"index":0,"message":{"content":"fine"},"finish_reason":"stop"}]}'],
    headers=(("content-type", "application/json"),),
)
CHILD = """
import asyncio, json, os, sys, threading, time
import bamlet

loaded_here = []

def heard(event, args):
    if event == "import" and threading.current_thread() is threading.main_thread():
        loaded_here.append(args[0])

source = '''
client<llm> Local { provider openai-generic, options { model m, base_url "URL" } }
function Ask() -> string { client Local, prompt #"{{ "Hi"|upper }}"# }
'''.replace("URL", sys.argv[1])

async def gaps(found):
    # In time of this thread's processor: what others do meanwhile, here or on a busy machine, does not count.
    last = time.thread_time()
    while True:
        await asyncio.sleep(0.001)
        now = time.thread_time()
        found.append(now - last)
        last = now

async def main():
    program = bamlet.compile_sources({"main.baml": source})
    bamlet.AsyncRuntime, bamlet.CallContext  # of the package, which is no part of a call
    found = []
    watchdog = asyncio.create_task(gaps(found))
    await asyncio.sleep(0.01)
    sys.addaudithook(heard)
    WORK
    await asyncio.sleep(0.01)
    watchdog.cancel()
    json.dump({"value": value, "loaded": loaded_here, "longest": max(found)}, sys.stdout)

asyncio.run(main())
"""
WARM = """
    runtime = bamlet.AsyncRuntime(program)
    await runtime.warm()
    value = await runtime.call("Ask")
    await runtime.aclose()
"""
ENTERED = """
    async with bamlet.AsyncRuntime(program) as runtime:
        value = await runtime.call("Ask")
"""
COLD = """
    runtime = bamlet.AsyncRuntime(program)
    value = await runtime.call("Ask")
    await runtime.aclose()
"""
MOST_SECONDS = 0.2
HEAVY = ("httpx", "jinja2", "bamlet.sysops.all", "bamlet.providers", "bamlet.sap")


def first_call(work: str, server: LoopbackServer) -> dict[str, Any]:
    server.default = FINE
    done = subprocess.run(
        [sys.executable, "-c", CHILD.replace("    WORK", work), server.url],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=50,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    assert found["value"] == "fine"
    return found


@pytest.mark.parametrize("work", [WARM, ENTERED], ids=["warm", "entered"])
def test_a_first_call_does_not_hold_the_event_loop(work: str, loopback: LoopbackServer) -> None:
    found = first_call(work, loopback)
    assert not set(HEAVY) & set(found["loaded"])
    assert found["longest"] < MOST_SECONDS


def test_without_it_the_loop_loads(loopback: LoopbackServer) -> None:
    """Else the test above could not fail."""
    found = first_call(COLD, loopback)
    assert set(HEAVY) & set(found["loaded"])
    # Beside the other and not beside a number: a fast machine loads all of it in less than a fifth of a second.
    assert found["longest"] > first_call(WARM, loopback)["longest"]
