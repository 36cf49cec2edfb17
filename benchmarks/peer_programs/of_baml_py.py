"""The works of `benchmarks.comparison` as a user of BAML writes them, over a generated client."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from benchmarks.peer_programs.works import SOURCE, run

GENERATOR = """
generator python {
  output_type "python/pydantic"
  output_dir ".."
  version "0.226.3"
  default_client_mode sync
}
"""


def main(url: str):
    Path("baml_src").mkdir(exist_ok=True)
    Path("baml_src/main.baml").write_text(SOURCE.replace("URL", url) + GENERATOR, "utf-8")
    cli = Path(sys.executable).with_name("baml-cli")
    subprocess.run([str(cli), "generate"], check=True, capture_output=True)
    sys.path.insert(0, ".")
    from baml_client.sync_client import b

    def stream(size: int) -> int:
        answer = getattr(b.stream, f"Basket{size}")()
        shown = 0
        for partial in answer:
            shown += 1
            len(partial.items)
        answer.get_final_response()
        return shown

    return {
        "call": lambda: b.One().name,
        "stream": stream,
        "wrong": b.Wrong,
        "loop": lambda: b.Loop(1_000_000),
    }


run(main)
