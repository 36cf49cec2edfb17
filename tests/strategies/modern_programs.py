"""The same programs in the second edition, with interfaces, type parameters, patterns, `?.` and `??`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from tests.strategies import typed_programs
from tests.strategies.typed_programs import Place, Writer, members_of

PRELUDE = (
    typed_programs.PRELUDE
    + """\
interface Shown {
  function shown(self) -> string
  function twice(self) -> string { self.shown() + self.shown() }
}
class Cat {
  name string
  implements Shown { function shown(self) -> string { self.name } }
}
class Dog {
  tags string[]
  implements Shown {
    function shown(self) -> string { self.tags[0] }
    function twice(self) -> string { "dog" }
  }
}
implements Shown for int {
  function shown(self) -> string { if (self > 2) { "big" } else { "small" } }
}
implements Shown for string {
  function shown(self) -> string { self }
}
implements<T extends Shown> Shown for T[] {
  function shown(self) -> string { if (self.length() > 0) { self[0].shown() } else { "none" } }
}
class Box<T> {
  value T
  function get(self) -> T { self.value }
  function put(self, value: T) -> T { let old = self.value; self.value = value; old }
  function map<R, E>(self, f: (T) -> R throws E) -> Box<R> throws E { Box<R> { value: f(self.value) } }
}
class Held<T> {
  item T
  function held(self) -> T { self.item }
}
function pick<T>(xs: T[], other: T) -> T { if (xs.length() > 1) { xs[xs.length() - 1] } else { other } }
function swap<T>(box: Box<T>, value: T) -> T { box.put(value) }
function apply<T, R, E>(f: (T) -> R throws E, x: T) -> R throws E { f(x) }
function same<T>(x: T, y: T) -> bool { x == y }
function louder<T extends Shown>(x: T, y: T) -> T { if (x.shown() == "big") { x } else { y } }
function both<T>(xs: T[], x: T) -> T[] { let made = [x]; for (let each in xs) { made.push(each); } made }
function only<T>(xs: unknown[], other: T) -> T {
  for (let x in xs) { if let t: T = x { return t; } }
  other
}
"""
)

_SHOWN = ("int", "string", "Cat", "Dog", "int[]")
_BOXED = ("int", "string", "Shown", "int | string", "Point?")
_TYPES = (
    *("Shown", "Shown", "Cat", "Dog", "Shown[]", "Cat[]"),
    *(f"Box<{item}>" for item in _BOXED),
    *("Held<int>", "Held<int | string>", "Held<Shown>"),
    *typed_programs._TYPES,
)
_FIELDS = {
    "Cat": {"name": "string"},
    "Dog": {"tags": "string[]"},
    **{f"Box<{item}>": {"value": item} for item in _BOXED},
    **{f"Held<{item}>": {"item": item} for item in ("int", "int | string", "Shown")},
}


def inner(kind: str) -> str:
    return kind.partition("<")[2].removesuffix(">")


@dataclass
class ModernWriter(Writer):
    def __init__(self, random: Random, reckless: bool) -> None:
        super().__init__(random, reckless, types=_TYPES, prelude=PRELUDE)
        self.fields |= _FIELDS

    def fits(self, have: str, want: str) -> bool:
        if want == "Shown":
            return all(member in (*_SHOWN, "Shown") for member in members_of(have))
        if have.startswith("Held<") and want.startswith("Held<"):
            return self.fits(inner(have), inner(want))
        return super().fits(have, want)

    def value(self, want: str) -> str:
        match want:
            case "Shown":
                return self.value(self.random.choice(_SHOWN))
            case "Cat":
                return f"Cat {{ name: {self.value('string')} }}"
            case "Dog":
                return f"Dog {{ tags: {self.value('string[]')} }}"
            case _ if want.startswith("Box<") and not want.endswith("[]"):
                return f"{want} {{ value: {self.value(inner(want))} }}"
            case _ if want.startswith("Held<") and not want.endswith("[]"):
                written = self.random.choice([want, "Held"]) if inner(want) in ("int", "string") else want
                return f"{written} {{ item: {self.value(inner(want))} }}"
            case _:
                return super().value(want)

    def typed(self, want: str, depth: int) -> str | None:
        if self.random.random() < 0.4:
            return super().typed(want, depth) if not self._is_new(want) else self.value(want)
        makers = [*self._generic(want, depth), *self._optional(want, depth), *self._looking(want, depth)]
        if want == "string":
            makers += [lambda: f"({self.expr('Shown', depth)}).{self.random.choice(['shown', 'twice'])}()"] * 3
            makers += [lambda: f"({self.expr('Cat', depth)}).as<Shown>.twice()"]
        if want == "bool":
            kind = self.random.choice(["Shown", "int", "Cat", "Named | Sized"])
            makers += (
                [lambda: f"same({self.expr(kind, depth)}, {self.expr(kind, depth)})"] if kind != "Shown" else []
            )
            makers += [lambda: f"(({self.expr('Shown', depth)}) is {self.random.choice(['Cat', 'int', 'Dog'])})"]
        return self.after_call(self.random.choice(makers)())

    def _is_new(self, want: str) -> bool:
        return want in _TYPES and want not in typed_programs._TYPES

    def _generic(self, want: str, depth: int) -> list[Callable[[], str]]:
        """Functions and classes with type parameters that are this type here."""

        def sub(kind: str) -> str:
            return self.expr(kind, depth)

        found: list[Callable[[], str]] = []
        other = self.random.choice(["int", "string", "Point", "Cat", "int | string"])
        name = self.fresh()

        def applied() -> str:
            with self.scope(Place(name, other, other)):
                kept, self.loops, self.in_lambda = (self.loops, self.in_lambda, self.result), 0, True
                self.result = want
                self.forget(everything=True)
                body = self.expr(want, depth)
                self.loops, self.in_lambda, self.result = kept
                self.forget(everything=True)
            return f"apply(({name}: {other}) -> {want} {{ {body} }}, {sub(other)})"

        if want != "unknown":
            found.append(applied)
        if f"{want}[]" in self.types or f"({want})[]" in self.types:
            listed = f"({want})[]" if " " in want else f"{want}[]"
            found += [lambda: f"pick<{want}>({sub(listed)}, {sub(want)})"] * 2
            found += [lambda: f"only<{want}>([{sub('unknown')}, {sub('unknown')}], {sub(want)})"]
        if want.endswith("[]"):
            item = typed_programs.item_of(want)
            found += [lambda: f"both<{item}>({sub(want)}, {sub(item)})"]
        if want in _BOXED:
            box = f"Box<{want}>"
            found += [
                lambda: f"({sub(box)}).get()",
                lambda: f"({sub(box)}).value",
                lambda: f"swap<{want}>({sub(box)}, {sub(want)})",
                lambda: f"({sub(box)}).put({sub(want)})",
            ]
        if f"Held<{want}>" in self.types:
            found += [lambda: f"({sub(f'Held<{want}>')}).{self.random.choice(['held()', 'item'])}"]
        if want in ("int", "string", "Cat"):
            found += [lambda: f"louder({sub(want)}, {sub(want)})"]
        if want == "Box<string>":
            found += [lambda: f"({sub('Box<int>')}).map(({name}) -> {{ {name}.shown() }})"]
        return found

    def _optional(self, want: str, depth: int) -> list[Callable[[], str]]:
        def sub(kind: str) -> str:
            return self.expr(kind, depth)

        found: list[Callable[[], str]] = []
        if f"{want}?" in typed_programs._UNIONS:
            found += [lambda: f"({sub(f'{want}?')} ?? {sub(want)})"]
        if want == "int":
            found += [
                lambda: f"(({sub('Point?')})?.{self.random.choice(['x', 'sum()'])} ?? {sub('int')})",
                lambda: f"(({sub('string?')})?.length() ?? {sub('int')})",
            ]
        if want == "string":
            found += [
                lambda: f"(({sub('Named?')})?.next?.{self.random.choice(['name', 'label()'])} ?? {sub('string')})",
                lambda: f"(({sub('Box<Point?>')}).value?.sum()?.shown() ?? {sub('string')})",
            ]
        return found

    def _looking(self, want: str, depth: int) -> list[Callable[[], str]]:
        return [
            lambda: self._over_lists(want, depth),
            lambda: self._over_fields(want, depth),
            lambda: self._if_let(want, depth),
            lambda: self._let_else(want, depth),
        ]

    def _arm(self, want: str, depth: int, *places: Place) -> str:
        with self.scope(*places):
            return f"{{ {self.expr(want, depth)} }}"

    def _over_lists(self, want: str, depth: int) -> str:
        item = self.random.choice(["int", "string"])
        a, rest = self.fresh(), self.fresh()
        head = self.expr(f"{item}[]", depth)
        one, many = Place(a, item, item), Place(rest, f"{item}[]", f"{item}[]")
        first = f"[] => {self._arm(want, depth)}, "
        if self.random.random() < 0.5:
            first += f"[let {a}] => {self._arm(want, depth, one)}, "
        if self.random.random() < 0.3:
            first += f"[.., let {a}, _] => {self._arm(want, depth, one)}, "
        arms = f"{first}[let {a}, ..let {rest}] => {self._arm(want, depth, one, many)}"
        self.forget(everything=True)
        return f"(match ({head}) {{ {arms} }})"

    def _over_fields(self, want: str, depth: int) -> str:
        a, b = self.fresh(), self.fresh()
        head = self.expr("Named | Sized", depth)
        name, tag = Place(a, "string", "string"), Place(b, "string", "string")
        nexts = Place(b, "Named", "Named")
        arms = [
            f"Named {{ name: let {a}, next: null }} => {self._arm(want, depth, name)}",
            f"Named {{ name: let {a}, next: let {b}: Named }} => {self._arm(want, depth, name, nexts)}",
            f"Sized {{ tags: [let {b}, ..] }} => {self._arm(want, depth, tag)}",
            f"Sized {{ size: 0 | 1 }} => {self._arm(want, depth)}",
            f"_ => {self._arm(want, depth)}",
        ]
        kept = sorted(self.random.sample(range(4), 2))
        self.forget(everything=True)
        return f"(match ({head}) {{ {', '.join(arms[at] for at in (*kept, 4))} }})"

    def _if_let(self, want: str, depth: int) -> str:
        name, kind = self.fresh(), self.random.choice(["Cat", "Dog", "int"])
        head = self.expr("Shown", depth)
        then = self._arm(want, depth, Place(name, kind, kind))
        otherwise = self._arm(want, depth)
        self.forget(everything=True)
        return f"(if let {name}: {kind} = {head} {then} else {otherwise})"

    def _let_else(self, want: str, depth: int) -> str:
        name, kind = self.fresh(), self.random.choice(["int", "string"])
        head = self.expr("int | string", depth)
        leave = f"throw {self.value('string')}" if self.random.random() < 0.5 else None
        leave = leave or f"return {self.expr(self.result, 0)}"
        with self.scope(Place(name, kind, kind)):
            rest = self.expr(want, depth)
        self.forget(everything=True)
        return f"({{ let {name}: {kind} = {head} else {{ {leave}; }}; {rest} }})"
