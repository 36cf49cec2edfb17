"""Loops, calls and lists in the language against the same Python, written as one would write it by hand."""

from __future__ import annotations

from collections.abc import Iterator

import bamlet

from .measure import Row, measure

ROUNDS = 9
STEPS = 1_000_000
DEPTH = 22
ITEMS = 200_000

SOURCE = """\
function Loop(steps: int) -> int {
  let total = 0;
  let i = 0;
  while (i < steps) {
    total += i;
    i += 1;
  }
  total
}

function Fib(n: int) -> int {
  if (n < 2) { n } else { Fib(n - 1) + Fib(n - 2) }
}

function ListWork(size: int) -> int {
  let numbers: int[] = [];
  for (let i = 0; i < size; i += 1) {
    numbers.push(i * 2);
  }
  let total = 0;
  for (let number in numbers) {
    if (number > size) {
      total += number;
    }
  }
  total + numbers.length()
}
"""


def loop(steps: int) -> int:
    total = 0
    i = 0
    while i < steps:
        total += i
        i += 1
    return total


def fib(n: int) -> int:
    return n if n < 2 else fib(n - 1) + fib(n - 2)


def list_work(size: int) -> int:
    numbers: list[int] = []
    for i in range(size):
        numbers.append(i * 2)
    total = 0
    for number in numbers:
        if number > size:
            total += number
    return total + len(numbers)


def rows() -> Iterator[Row]:
    works = [
        (f"loop, {STEPS:,} steps", "Loop", "steps", loop, STEPS, 0.120),
        (f"calls, fib({DEPTH})", "Fib", "n", fib, DEPTH, 0.006),
        (f"list, {ITEMS:,} pushes and reads", "ListWork", "size", list_work, ITEMS, None),
    ]
    with bamlet.Runtime(bamlet.compile_sources({"main.baml": SOURCE})) as runtime:
        for work, function, parameter, by_hand, size, most_seconds in works:
            arguments = {parameter: size}
            assert runtime.call(function, arguments) == by_hand(size)
            timings = measure(
                {
                    "bamlet": lambda f=function, a=arguments: runtime.call(f, a),
                    "python": lambda f=by_hand, n=size: f(n),
                },
                ROUNDS,
            )
            yield Row(
                f"{work} / Python", timings["bamlet"], timings["python"], most_seconds=most_seconds, most_ratio=1.5
            )
