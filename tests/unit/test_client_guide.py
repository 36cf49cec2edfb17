"""`docs/client.md` is followed by a reader: the package is generated, and the Python blocks run in their order.

In a process of its own, since what is imported there is called `baml_client`.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

from tests.servers.loopback import Answer, LoopbackServer, openai_chunks

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "client.md").read_text("utf-8")
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.M | re.S)
RECEIPT = '{"vendor": "Corner", "items": [{"name": "nut"}]}'
SOURCE = """
class Item { name string }
class Receipt {
  vendor string
  items Item[]
}
client<llm> Usual { provider openai-generic, options { model m, base_url "URL" } }
client<llm> Cheap { provider openai-generic, options { model small, base_url "URL" } }
function Extract(text: string) -> Receipt { client Usual, prompt #"{{ text }} {{ ctx.output_format }}"# }
"""


def test_each_block_of_the_page_does_what_it_says(tmp_path: Path, loopback: LoopbackServer) -> None:
    whole = json.dumps({"choices": [{"message": {"content": RECEIPT}, "finish_reason": "stop"}]}).encode()
    plain = Answer([whole], headers=[("content-type", "application/json")])
    loopback.answer(plain, Answer(openai_chunks([RECEIPT])), plain, plain)
    (tmp_path / "baml_src").mkdir()
    (tmp_path / "baml_src" / "main.baml").write_text(SOURCE.replace("URL", loopback.url), "utf-8")
    blocks = [(language, text) for language, text in BLOCK.findall(PAGE) if language in ("sh", "python")]
    assert [language for language, _ in blocks] == ["sh", "python", "python", "python"]
    commands = [line.partition("#")[0].split() for line in blocks[0][1].splitlines()]
    assert commands[0][:2] == ["pip", "install"]
    stubs = re.findall(r"`(bamlet generate --stubs \w+)`", PAGE)
    for words in (*commands[1:], *map(str.split, stubs)):
        _succeeds([sys.executable, "-m", *words], tmp_path)
    # The second block calls as in the first, blocking; `text` and `key` are the reader's.
    program = "\n".join(
        [
            "import bamlet",
            blocks[0 + 1][1],
            "text, key, b = 'it', 'k', blocking",
            blocks[2][1],
            blocks[3][1],
            "assert type(receipt).__name__ == 'Receipt' and receipt.vendor == 'Corner'",
        ]
    )
    (tmp_path / "reader.py").write_text(program, "utf-8")
    assert _succeeds([sys.executable, "reader.py"], tmp_path).split()[-1] == "1"
    assert json.loads(loopback.requests[2].body)["model"] == "small"


def _succeeds(command: list[str], folder: Path) -> str:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join((str(ROOT), str(folder)))}
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=50, check=False
    )
    assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
    return done.stdout
