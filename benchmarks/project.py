"""A made-up project of a given number of lines, with some of everything that a checker has to look at."""

from __future__ import annotations

_FILE = """\
enum Mood{n} {{
  Happy @alias("good")
  Sad
  Flat
}}

class Line{n} {{
  name string @description("as printed")
  quantity int
  price float
  function cost(self) -> float {{
    self.price * self.quantity
  }}
}}

class Order{n} {{
  customer string
  mood Mood{n}
  lines Line{n}[]
  notes map<string, string>
  previous Order{previous}?
}}

function Extract{n}(text: string) -> Order{n} {{
  client "openai/gpt-4o-mini"
  prompt #"
    {{{{ _.role("user") }}}}
    Extract the order below. {{{{ text }}}}
    {{{{ ctx.output_format }}}}
  "#
}}

function Total{n}(order: Order{n}) -> float {{
  let total = 0.0;
  for (let line in order.lines) {{
    if (line.quantity > 0) {{
      total += line.cost();
    }}
  }}
  match (order.mood) {{
    Mood{n}.Happy => total * 0.9,
    Mood{n}.Sad => total,
    _ => total + 1.0,
  }}
}}
"""


def project(lines: int, first: int = 0) -> dict[str, str]:
    """File name to text, together at least `lines` long; the names in it are numbered from `first`."""
    numbers = range(first, first - (-lines // _FILE.count("\n")))
    return {f"part_{n:05}.baml": _FILE.format(n=n, previous=max(n - 1, first)) for n in numbers}
