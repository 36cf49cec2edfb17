"""What Python prints of an error that nobody catches, in a process of its own."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCE = """
client<llm> Nowhere { provider openai-generic, options { base_url "http://127.0.0.1:1", model m } }
class Found { name string, count int }
function Extract(text: string) -> Found {
  client Nowhere
  prompt #"{{ text }} {{ ctx.output_format }}"#
}
function Fail(depth: int) -> int throws string {
  if (depth == 0) { throw "no" }
  Fail(depth - 1)
}
function Spin() -> int {
  let n = 0;
  while (true) { n += 1; }
  n
}
function Index() -> int { [1, 2][5] }
"""
WAYS = {
    "rt.call('Extract', text='the prompt')": "cannot connect",
    "rt.stream('Extract', text='the prompt').final()": "cannot connect",
    "list(rt.stream('Extract', text='the prompt'))": "cannot connect",
    "list(rt.stream('Extract', text='the prompt').events())": "cannot connect",
    "rt.parse('Extract', 'the answer {\"name\": 1')": "$.count: expected int, got nothing",
    "rt.call('Fail', depth=20)": "the program threw no",
    "rt.stream('Fail', depth=20).final()": "the program threw no",
    "rt.call('Index')": "index out of bounds",
    "rt.call('Spin', context=bamlet.CallContext(max_steps=100))": "budget of 100 steps",
    "asyncio.run(bamlet.AsyncRuntime(program).call('Fail', depth=20))": "the program threw no",
}


@pytest.mark.parametrize("way", WAYS)
def test_an_error_that_nobody_catches_is_short_and_shows_none_of_our_frames(way: str, tmp_path: Path) -> None:
    (tmp_path / "app.baml").write_text(SOURCE)
    script = tmp_path / "script.py"
    script.write_text(
        f"import asyncio, bamlet\nprogram = bamlet.load('app.baml')\nrt = bamlet.Runtime(program)\n{way}\n"
    )
    environment = {"PATH": "", "PYTHONPATH": str(ROOT), "BAMLET_CACHE_DIR": ""}
    done = subprocess.run(
        [sys.executable, script.name],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 1
    lines = done.stderr.splitlines()
    assert WAYS[way] in done.stderr
    assert len(lines) <= 20 + 6 * ("asyncio" in way)  # `asyncio.run` has frames of its own
    assert str(ROOT / "bamlet") not in done.stderr
    if "Fail" in way:
        assert 'app.baml", line 9, in Fail' in done.stderr
