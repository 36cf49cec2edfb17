"""What each program of a peer is asked to do, and how it tells what that took: one line of JSON.

Seconds are those of the processor, of all threads of the process: a busy machine changes them little.
"""

from __future__ import annotations

import json
import resource
import sys
from collections.abc import Callable, Mapping
from time import process_time
from typing import Any

CALLS = 100
SIZES = (50, 100, 200)

_ITEM = """
class Item {
  name string
  quantity int
  price float
  note string
}
class Basket {
  items Item[]
}
"""
_FUNCTION = """
client<llm> Of{name} {{
  provider "openai-generic"
  options {{
    base_url "URL/{path}"
    api_key "k"
    model "m"
  }}
}}

function {name}() -> {result} {{
  client Of{name}
  prompt #"
    {{{{ _.role("user") }}}} ? {{{{ ctx.output_format }}}}
  "#
}}
"""
_LOOP = """
function Loop(n: int) -> int {
  let sum = 0;
  for (let i = 0; i < n; i += 1) {
    sum += i;
  }
  sum
}
"""
SOURCE = (
    _ITEM
    + _FUNCTION.format(name="One", path="one", result="Item")
    + _FUNCTION.format(name="Wrong", path="wrong", result="Item")
    + "".join(_FUNCTION.format(name=f"Basket{size}", path=f"basket/{size}", result="Basket") for size in SIZES)
    + _LOOP
)


def run(main: Callable[[str], Mapping[str, Callable[..., Any]]]) -> None:
    """`PROGRAM URL`; prints what each work took."""
    works = main(sys.argv[1])
    found: dict[str, Any] = {}
    works["call"]()
    begun = process_time()
    for _ in range(CALLS):
        works["call"]()
    found["call_ms"] = (process_time() - begun) / CALLS * 1000
    if "loop" in works:
        works["loop"]()
        begun = process_time()
        works["loop"]()
        found["loop_s"] = process_time() - begun
    for size in SIZES:
        begun = process_time()
        shown = works["stream"](size)
        found[f"stream_{size}"] = [process_time() - begun, shown]
    try:
        works["wrong"]()
        found["wrong"] = "nothing: the value came without what was missing"
    except Exception as error:
        found["wrong"] = f"{type(error).__name__}: {error}"
    found["memory_mb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps(found))
