"""Programs of the language against the same programs, written in Python as one would write them by hand."""

from __future__ import annotations

import ast
import asyncio
import enum
import statistics
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from time import process_time
from typing import Any

import bamlet
from bamlet.embed.library import library_unit
from bamlet.grammar import Parser
from bamlet.interpreter.emit.definitions import definition, unit_of
from bamlet.interpreter.program.analyse import analyse
from bamlet.source import SourceFile

from .measure import Row, Timing, measure

ROUNDS = 11
MOST_RATIO, MOST_MEAN, MOST_DEFER = 1.4, 1.1, 1.2
MOST_VALUES = 1.3  # of functions that take functions
MOST_DISPATCH = 2.0  # of a method that only the value's class tells
MOST_SPAWN = 3.0  # of a task that is started and awaited

SOURCE = """\
function Loop(steps: int) -> int {
  let total = 0;
  let i = 0;
  while (i < steps) {
    if (i % 3 == 0) {
      total += i;
    } else {
      total -= 1;
    }
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
    total += number;
  }
  total
}

function Text(pieces: int) -> int {
  let text = "";
  for (let i = 0; i < pieces; i += 1) {
    text += "piece ";
    if (text.length() > 1000) {
      text = "";
    }
  }
  text.length()
}

function Count(rounds: int) -> int {
  let words = ["one", "two", "three", "two", "three", "three", "four"];
  let counts: map<string, int> = {};
  for (let i = 0; i < rounds; i += 1) {
    for (let word in words) {
      if (counts.has(word)) {
        counts[word] += 1;
      } else {
        counts[word] = 1;
      }
    }
  }
  counts["three"]
}

class Account {
  balance int
  moves int

  function move(self, amount: int) -> int {
    self.balance += amount;
    self.moves += 1;
    self.balance
  }

  function is_rich(self) -> bool {
    self.balance > 1000
  }
}

function Methods(calls: int) -> int {
  let account = Account { balance: 0, moves: 0 };
  let rich = 0;
  for (let i = 0; i < calls; i += 1) {
    account.move(i);
    if (account.is_rich()) {
      rich += 1;
    }
  }
  account.balance + rich
}

enum Color { Red Green Blue Black }

function Weight(color: Color) -> int {
  match (color) {
    Color.Red => 1,
    Color.Green => 2,
    Color.Blue => 3,
    Color.Black => 4,
  }
}

function Enums(rounds: int) -> int {
  let colors = [Color.Red, Color.Black, Color.Blue, Color.Green];
  let total = 0;
  for (let i = 0; i < rounds; i += 1) {
    for (let color in colors) {
      total += Weight(color);
    }
  }
  total
}

class Circle { radius float }
class Square { side float }
class Oblong { width float  height float }

function Area(shape: Circle | Square | Oblong | int) -> float {
  match (shape) {
    c: Circle => c.radius * c.radius * 3.0,
    s: Square => s.side * s.side,
    o: Oblong => o.width * o.height,
    n: int => n,
  }
}

function Unions(rounds: int) -> float {
  let shapes: (Circle | Square | Oblong | int)[] = [
    Circle { radius: 1.0 }, Square { side: 2.0 }, Oblong { width: 2.0, height: 3.0 }, 7
  ];
  let total = 0.0;
  for (let i = 0; i < rounds; i += 1) {
    for (let shape in shapes) {
      total += Area(shape);
    }
  }
  total
}
"""

# Apart, for it makes its program one of the second edition.
DEFERRING = """\
function Turns(rounds: int) -> int {
  let open = 0;
  let done = 0;
  for (let i = 0; i < rounds; i += 1) {
    open += 1;
    defer { open -= 1; }
    if (i < done) { continue; }
    done += open;
  }
  done + open
}
"""

SPAWNING = """\
function Pairs(rounds: int) -> int {
  let total = 0;
  for (let i = 0; i < rounds; i += 1) {
    let task = spawn { i };
    total += await task;
  }
  total
}
"""

FUNCTION_VALUES = """\
function Double(n: int) -> int { n * 2 }

function Apply(f: (int) -> int, rounds: int) -> int {
  let total = 0;
  for (let i = 0; i < rounds; i += 1) {
    total += f(i);
  }
  total
}

function Applied(rounds: int) -> int { Apply(Double, rounds) }

function Inner(f: (int) -> int, n: int) -> int { f(n) }
function Outer(f: (int) -> int, n: int) -> int { Inner(f, n) + 1 }

function Chained(rounds: int) -> int {
  let total = 0;
  for (let i = 0; i < rounds; i += 1) {
    total += Outer(Double, i);
  }
  total
}

function Each(numbers: int[], f: (int) -> int) -> int {
  let total = 0;
  for (let number in numbers.map(f)) {
    total += number;
  }
  total
}

function Mapped(rounds: int) -> int {
  let numbers: int[] = [];
  for (let i = 0; i < rounds; i += 1) {
    numbers.push(i);
  }
  Each(numbers, (n) => n * 2)
}
"""

INTERFACES = """\
interface Counter {
  function step(self) -> int
}

class One {
  n int
  implements Counter { function step(self) -> int { self.n } }
}

class Two {
  n int
  implements Counter { function step(self) -> int { self.n + 1 } }
}

function Dispatch(rounds: int) -> int {
  let one: Counter = One { n: 1 };
  let two: Counter = Two { n: 1 };
  let total = 0;
  for (let i = 0; i < rounds; i += 1) {
    total += one.step() + two.step() + one.step() + two.step();
  }
  total
}
"""


def loop(steps: int) -> int:
    total = 0
    i = 0
    while i < steps:
        if i % 3 == 0:
            total += i
        else:
            total -= 1
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
        total += number
    return total


def text(pieces: int) -> int:
    made = ""
    for _ in range(pieces):
        made += "piece "
        if len(made) > 1000:
            made = ""
    return len(made)


def count(rounds: int) -> int:
    words = ["one", "two", "three", "two", "three", "three", "four"]
    counts: dict[str, int] = {}
    for _ in range(rounds):
        for word in words:
            if word in counts:
                counts[word] += 1
            else:
                counts[word] = 1
    return counts["three"]


@dataclass
class Account:
    balance: int
    moves: int

    def move(self, amount: int) -> int:
        self.balance += amount
        self.moves += 1
        return self.balance

    def is_rich(self) -> bool:
        return self.balance > 1000


def methods(calls: int) -> int:
    account = Account(0, 0)
    rich = 0
    for i in range(calls):
        account.move(i)
        if account.is_rich():
            rich += 1
    return account.balance + rich


class Color(enum.Enum):
    Red = "Red"
    Green = "Green"
    Blue = "Blue"
    Black = "Black"


def weight(color: Color) -> int:
    match color:
        case Color.Red:
            return 1
        case Color.Green:
            return 2
        case Color.Blue:
            return 3
        case Color.Black:
            return 4


def enums(rounds: int) -> int:
    colors = [Color.Red, Color.Black, Color.Blue, Color.Green]
    total = 0
    for _ in range(rounds):
        for color in colors:
            total += weight(color)
    return total


@dataclass
class Circle:
    radius: float


@dataclass
class Square:
    side: float


@dataclass
class Oblong:
    width: float
    height: float


def area(shape: Circle | Square | Oblong | int) -> float:
    match shape:
        case Circle():
            return shape.radius * shape.radius * 3.0
        case Square():
            return shape.side * shape.side
        case Oblong():
            return shape.width * shape.height
        case int():
            return float(shape)


def unions(rounds: int) -> float:
    shapes: list[Circle | Square | Oblong | int] = [Circle(1.0), Square(2.0), Oblong(2.0, 3.0), 7]
    total = 0.0
    for _ in range(rounds):
        for shape in shapes:
            total += area(shape)
    return total


def pairs(rounds: int) -> int:
    async def one(i: int) -> int:
        return i

    async def work() -> int:
        total = 0
        for i in range(rounds):
            total += await asyncio.create_task(one(i))
        return total

    return asyncio.run(work())


def turns(rounds: int) -> int:
    open_ones = 0
    done = 0
    for i in range(rounds):
        open_ones += 1
        try:
            if i < done:
                continue
            done += open_ones
        finally:
            open_ones -= 1
    return done + open_ones


@dataclass
class One:
    n: int

    def step(self) -> int:
        return self.n


@dataclass
class Two:
    n: int

    def step(self) -> int:
        return self.n + 1


def dispatch(rounds: int) -> int:
    one, two = One(1), Two(1)
    total = 0
    for _ in range(rounds):
        total += one.step() + two.step() + one.step() + two.step()
    return total


def double(n: int) -> int:
    return n * 2


def apply(f: Callable[[int], int], rounds: int) -> int:
    total = 0
    for i in range(rounds):
        total += f(i)
    return total


def inner(f: Callable[[int], int], n: int) -> int:
    return f(n)


def outer(f: Callable[[int], int], n: int) -> int:
    return inner(f, n) + 1


def chained(rounds: int) -> int:
    total = 0
    for i in range(rounds):
        total += outer(double, i)
    return total


def each(numbers: list[int], f: Callable[[int], int]) -> int:
    total = 0
    for number in [f(number) for number in numbers]:
        total += number
    return total


def mapped(rounds: int) -> int:
    numbers: list[int] = []
    for i in range(rounds):
        numbers.append(i)
    return each(numbers, lambda n: n * 2)


@dataclass(frozen=True)
class Work:
    name: str
    function: str
    by_hand: Callable[[int], float]
    size: int


WORKS = (
    Work("loop with branches, 1,000,000 steps", "Loop", loop, 1_000_000),
    Work("calls, fib(24)", "Fib", fib, 24),
    Work("list, 300,000 pushed and summed", "ListWork", list_work, 300_000),
    Work("text, 300,000 pieces", "Text", text, 300_000),
    Work("map, 210,000 words counted", "Count", count, 30_000),
    Work("methods, 400,000 calls", "Methods", methods, 200_000),
    Work("match over an enum, 200,000", "Enums", enums, 50_000),
    Work("match over a union, 200,000", "Unions", unions, 50_000),
)

VALUES = (
    Work("a function that is handed in, 300,000 calls", "Applied", partial(apply, double), 300_000),
    Work("the same, handed on once more", "Chained", chained, 300_000),
    Work("map with a function that is handed in, 300,000", "Mapped", mapped, 300_000),
)
DISPATCH = Work("methods of an interface, 400,000 calls", "Dispatch", dispatch, 100_000)
SPAWN = Work("spawn and await, 20,000 pairs", "Pairs", pairs, 20_000)
DEFER = Work("defer, 500,000 blocks", "Turns", turns, 500_000)


def rows() -> Iterator[Row]:
    program = bamlet.compile_sources({"main.baml": SOURCE})
    found: list[Row] = []
    with bamlet.Runtime(program) as runtime:
        for work in WORKS:
            found.append(_against_python(runtime, work))
        yield from found
        yield _mean(found)
        for work in WORKS[:2]:
            yield from _stoppable(runtime, work)
    with bamlet.Runtime(bamlet.compile_sources({"main.baml": DEFERRING})) as runtime:
        yield _against_python(runtime, DEFER, MOST_DEFER)
    with bamlet.Runtime(bamlet.compile_sources({"main.baml": SPAWNING})) as runtime:
        yield _against_python(runtime, SPAWN, MOST_SPAWN)
    with bamlet.Runtime(bamlet.compile_sources({"main.baml": FUNCTION_VALUES})) as runtime:
        for work in VALUES:
            yield _against_python(runtime, work, MOST_VALUES)
    with bamlet.Runtime(bamlet.compile_sources({"main.baml": INTERFACES})) as runtime:
        yield _against_python(runtime, DISPATCH, MOST_DISPATCH)


def _against_python(runtime: bamlet.Runtime, work: Work, most_ratio: float = MOST_RATIO) -> Row:
    ours = partial(runtime.call, work.function, _arguments(runtime.program, work))
    by_hand = partial(work.by_hand, work.size)
    assert ours() == by_hand()
    timings = measure({"bamlet": ours, "python": by_hand}, ROUNDS, process_time)
    return Row(f"{work.name} / Python", timings["bamlet"], timings["python"], most_ratio=most_ratio)


def _arguments(program: bamlet.Program, work: Work) -> dict[str, int]:
    return {program.interface.functions[work.function].params[0].name: work.size}


def _mean(rows: list[Row]) -> Row:
    """The ratio of two geometric means is the geometric mean of the ratios."""
    ours = statistics.geometric_mean(row.ours.median for row in rows)
    floor = statistics.geometric_mean(row.floor.median for row in rows if row.floor)
    return Row("all of these, geometric mean", Timing((ours,)), Timing((floor,)), most_ratio=MOST_MEAN)


def _stoppable(runtime: bamlet.Runtime, work: Work) -> Iterator[Row]:
    """What it costs that a call can be stopped: the same emitted code with nothing in it that looks."""
    arguments = _arguments(runtime.program, work)
    unstoppable = _unstoppable(runtime.program, work.function)
    limits = bamlet.CallContext(deadline=3600, max_steps=10**12)
    timings = measure(
        {
            "plain": partial(runtime.call, work.function, arguments),
            "limited": partial(runtime.call, work.function, arguments, context=limits),
            "unstoppable": partial(unstoppable, None, work.size),
        },
        ROUNDS,
    )
    yield Row(f"{work.name}: stoppable / not", timings["plain"], timings["unstoppable"])
    yield Row(f"{work.name}: deadline, budget / not", timings["limited"], timings["unstoppable"])


def _unstoppable(program: bamlet.Program, function: str) -> Callable[..., Any]:
    analysis = analyse([Parser(None).parse(SourceFile("main.baml", SOURCE))], library_unit())
    unit = unit_of(analysis.view, analysis.effects)
    emitted = list(definition(analysis.names.functions[function], unit, analysis.checked))
    tree = ast.fix_missing_locations(_WithoutLooks().visit(ast.Module(emitted, [])))
    namespace = dict(program.namespace)
    exec(compile(tree, "main.baml", "exec"), namespace)
    made: Callable[..., Any] = namespace[f"fn {function}"]
    return made


class _WithoutLooks(ast.NodeTransformer):
    """Loops over `Context.rounds` become plain ones, and calls that look are made without a look."""

    def visit_For(self, node: ast.For) -> ast.stmt:
        self.generic_visit(node)
        if isinstance(node.iter, ast.Attribute):
            return ast.While(ast.Constant(True), node.body, [])
        return node

    def visit_BoolOp(self, node: ast.BoolOp) -> ast.expr:
        self.generic_visit(node)
        looks = isinstance(node.values[0], ast.BoolOp) and "$context.calls" in ast.unparse(node.values[0])
        return node.values[-1] if looks else node
