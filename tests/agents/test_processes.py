"""A run that waits for a person is kept, its process ends, and another one goes on: each tool has run once.

Processes are outside of what a program can see.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

FIRST = """
import os, signal, sys
from pathlib import Path
import bamlet
from bamlet.testing.script import call, calls, say, script

SOURCE = '''
client<llm> C { provider openai, options { model "m", api_key "k" } }
/// Looks.
function look(at: int) -> int throws baml.errors.HostCallable { $host }
/// Pays.
function pay(amount: int) -> string throws baml.errors.HostCallable { $host }
function careful() -> baml.agent.Tool { baml.agent.Tool { ...baml.agent.tool(pay), approval: (call) => true } }
function Assist(q: string) -> string { client C, tools [look, careful], prompt #"{{ q }}"# }
'''
folder = Path(sys.argv[1])

def ran(line):
    with (folder / "ran.txt").open("a") as out:
        print(line, file=out, flush=True)

def look(at):
    ran(f"look {at}")
    return at

def pay(amount):
    ran(f"pay {amount}")
    return f"paid {amount}"

def runtime(*answers):
    program = bamlet.compile_sources({"main.baml": SOURCE})
    return bamlet.Runtime(program, functions={"look": look, "pay": pay}, transport=script(*answers), environ={})
"""
BEGIN = """
model = calls(call("look", {"at": 1})), calls(call("look", {"at": 2}), call("pay", {"amount": 70}))
try:
    runtime(*model).call("Assist", q="?")
except bamlet.BamlPaused as pause:
    (folder / "state.json").write_text(pause.state.to_json())
    os.kill(os.getpid(), signal.SIGKILL)
"""
GO_ON = """
for answer in (True, False, "too much", {"amount": 5}):
    state = bamlet.AgentState.from_json((folder / "state.json").read_text())
    ran(answer)
    assert runtime(say("ok")).resume(state, {state.asks[0].id: answer}) == "ok"
"""


def python(text: str, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", text, str(folder)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
    )


def test_each_tool_runs_once_though_the_process_is_killed(tmp_path: Path) -> None:
    assert python(FIRST + BEGIN, tmp_path).returncode == -signal.SIGKILL
    ran = tmp_path / "ran.txt"
    assert ran.read_text() == "look 1\n"
    ran.write_text("")
    done = python(FIRST + GO_ON, tmp_path)
    assert done.returncode == 0, done.stderr
    assert [sorted(part.split("\n")[1:-1]) for part in _parts(ran.read_text())] == [
        ["look 2", "pay 70"],
        ["look 2"],
        ["look 2"],
        ["look 2", "pay 5"],
    ]


def _parts(text: str) -> list[str]:
    """What ran after each answer."""
    places = [text.index(f"{answer}\n") for answer in ("True", "False", "too much", "{'amount': 5}")]
    return [text[at:end] for at, end in zip(places, [*places[1:], len(text)], strict=True)]
